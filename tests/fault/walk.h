// A walk: the whole system, what people, git and the world do to it, and what goes wrong meanwhile. First safety, while
// all of that happens: no decision breaks a promise of the core, nothing is deleted that must stay, no Job is made
// twice. Then liveness: everything is well again, a last version is committed, and within the plan's bounds the cluster
// is as if that version had been installed alone, and nothing is written any more.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/fault/oracles.h"
#include "tests/fault/process.h"
#include "tests/fault/script.h"

namespace sluice::execute {

struct WalkEnd {
  std::string broken;                  // the first thing that must not be; "" if nothing
  std::uint64_t trace = 0;             // of all committed writes
  std::map<std::string, int> reached;  // situations, and how often each kind of happening made a difference
};

class Walk {
 public:
  explicit Walk(const Script& script);
  ~Walk();
  Walk(const Walk&) = delete;
  Walk& operator=(const Walk&) = delete;

  WalkEnd Run();

  // For kinds of happenings.
  void Commit(const Shape& shape, std::string tag);
  void Reach(const std::string& what) { ++end_.reached[what]; }
  // A tag of that sort that no version had.
  std::string FreshTag(const std::string& sort);
  // An object changed or deleted by somebody; nothing if there is none.
  void Edit(const cluster::Json& object);
  void Erase(const cluster::Json& object);
  Process* process(std::uint64_t draw);  // one that runs; nullptr: none does
  // It begins again so much later.
  void Kill(std::size_t number, Duration dead_for);
  decide::Status status() const { return scene.StatusOf("checkout"); }
  const std::vector<std::string>& tags() const { return tags_; }  // all that were committed
  const Shape& shape() const { return shape_; }
  Dice& dice() { return dice_; }

 private:
  Witness witness_;

 public:
  Scene scene;
  Lens lens;
  std::map<std::uint64_t, std::function<void()>> ends;  // of what lasts, by its number

 private:
  struct Place {
    std::unique_ptr<Process> process;
    std::optional<TimePoint> begins;  // where none runs
  };

  void See(const embedded::Change& change);
  void SeeStatus(const cluster::Json& rollout);
  void Begin(std::size_t place);
  // Through time, with a new process for one that died.
  bool Live(Duration at_most, const std::function<bool()>& done = {});
  void Heal();
  bool IsDone() const;
  void Break(const std::string& what);
  void CheckEnd();
  // All writes but those of leases and Events.
  std::size_t Writes() const;

  const Script script_;
  Shape shape_;
  std::vector<std::string> tags_;
  std::vector<Place> places_;
  std::vector<std::unique_ptr<Process>> dead_;
  Dice dice_;
  WalkEnd end_;
  std::set<std::string> bystanders_;
  bool rollout_erased_ = false;
  int processes_begun_ = 0;
};

// What stands in the cluster in the end, without history, revisions' bundles and Jobs.
std::string EndOf(const Scene& scene);
// The same of a cluster in which that version was installed alone.
std::string EndAlone(const Shape& shape, const std::string& tag);

}  // namespace sluice::execute
