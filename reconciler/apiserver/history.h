// The newest changes of each kind: what a watch that goes on, a page that follows and a read at an exact version are
// answered from. Bounded; what is older is told as 410.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "reconciler/embedded/store.h"

namespace sluice::apiserver {

class History {
 public:
  struct Limits {
    std::size_t changes = 10'000;          // of one kind
    std::size_t bytes = 32 * 1024 * 1024;  // of all, as the objects are long
  };

  // `version`: the store's, before the first change that is added.
  explicit History(std::uint64_t version) : History(version, Limits{}) {}
  History(std::uint64_t version, Limits limits) : start_(version), limits_(limits) {}

  // In the order of the versions.
  void Add(const embedded::Change& change);

  // Whether every change of `kind` after `version` is remembered.
  bool Covers(const cluster::Kind& kind, std::uint64_t version) const;
  // The first change of `kind` after `version`, nullptr if there is none. Lives until the next Add.
  const embedded::Change* After(const cluster::Kind& kind, std::uint64_t version) const;
  // The objects of `kind` in `namespace_` ("": in all) as they were at `version`, by namespace and name. It must be
  // covered, and not newer than the store.
  std::vector<embedded::Object> ListAt(const embedded::Store& store, const cluster::Kind& kind,
                                       const std::string& namespace_, std::uint64_t version) const;

 private:
  struct Log {
    std::uint64_t floor = 0;  // changes up to this one are forgotten
    std::deque<embedded::Change> changes;
    std::size_t bytes = 0;
  };
  void DropOldest(Log& log);

  std::uint64_t start_;
  Limits limits_;
  std::size_t bytes_ = 0;
  std::map<cluster::Kind, Log> logs_;
};

}  // namespace sluice::apiserver
