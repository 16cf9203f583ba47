// Plans as plain data, drawn and changed by chance.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "reconciler/embedded/options.h"
#include "reconciler/git/memory_repository.h"
#include "tests/fault/seeds.h"

namespace sluice::execute {

inline constexpr const char* kGoodJob = "shop/smoke:1";

// A plan set of one rollout and some objects beside it.
struct Shape {
  struct Step {
    std::string name;
    int weight = 0;  // percent
    int hold = 0;    // seconds
    bool guarded = false;
    bool matches = false;  // some requests by header, beside the weight
    std::string job;       // an image; "": none
    bool pause = false;    // until somebody approves, and nothing else
  };
  std::string router;
  int replicas = 4;
  int drain = 2;                               // seconds
  std::vector<Step> steps;                     // those before the last, which is all of the traffic
  std::map<std::string, std::string> objects;  // ConfigMaps beside it: a value by name
};

// Images whose names tell what becomes of them: a tag `bad-…` answers with errors, `crash-…` ends soon after its start,
// `never-…` is never ready, `shop/smoke:bad` fails.
embedded::World WorldOfShapes();

Shape AnyShape(Dice& dice);
// Another one by one change of a step, of what is beside the rollout, or of a bound.
Shape Mutated(Shape shape, Dice& dice);
git::MemoryRepository::Files FilesOf(const Shape& shape, const std::string& tag);

// At most how long a version takes by the plan, from its commit until all is quiet, whatever comes of it.
Duration BoundOf(const Shape& shape);

}  // namespace sluice::execute
