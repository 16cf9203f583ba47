// Operations on a cluster as plain data: what a random sequence is made of, what is printed of it, and what is left
// out of it to find the few that matter.
#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "reconciler/cluster/cluster.h"

namespace sluice::cluster {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(static_cast<std::mt19937::result_type>(seed * 2'654'435'761U + 1)) {}
  int Below(int n) { return static_cast<int>(engine_() % static_cast<unsigned>(n)); }
  bool OneIn(int n) { return Below(n) == 0; }
  template <typename List>
  auto Of(const List& list) {
    return *(std::begin(list) + Below(static_cast<int>(std::size(list))));
  }

 private:
  std::mt19937 engine_;
};

enum class Verb {
  kCreate,
  kApply,
  kForce,
  kReplace,
  kReplaceBlindly,
  kStatus,
  kDelete,
  kDeleteForeground,
  kGet,
  kList
};

// Which uid or version a request names.
enum class Which {
  kNone,
  kLast,   // as the last answer about an object of that name had it; one that no object has, if there was none
  kFirst,  // as the first such answer had it
  kNever,  // one that no object has
};

struct Operation {
  Verb verb = Verb::kGet;
  Kind kind;
  std::string name;
  std::string manager;
  Which uid = Which::kNone, version = Which::kNone;
  // What the object says beside apiVersion, kind and name. A text "uid of KIND NAME" stands for the last known uid.
  Json content = Json::object();
  LabelSelector labels;  // of a list
};

// "apply ConfigMap a by left, uid last: {"data":{"k":"1"}}"
std::string ToString(const Operation& operation);

using Operations = std::vector<Operation>;

// A sequence of operations about few names, so that they meet.
Operations AnyOperations(std::uint64_t seed);

// The kinds that AnyOperations knows.
std::vector<Kind> KindsOfOperations();

// Fewer of `operations`, of which none can be left out without `fails` becoming false (delta debugging, Zeller and
// Hildebrandt 2002). `fails` holds for all of them.
Operations Fewest(Operations operations, const std::function<bool(const Operations&)>& fails);

}  // namespace sluice::cluster
