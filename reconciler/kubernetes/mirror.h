// What a watch has told so far: enough to say, after a new list, what came, changed and vanished meanwhile. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "reconciler/cluster/cluster.h"

namespace sluice::kubernetes {

class Mirror {
 public:
  Mirror(cluster::Kind kind, cluster::EventHandler tell) : kind_(std::move(kind)), tell_(std::move(tell)) {}

  // What is not seen until EndList has vanished.
  void BeginList();
  // There is this object at this version: kAdded, kModified, or nothing if that was told. One that has another uid
  // than before is another object: the former is kDeleted first.
  void Saw(const cluster::SharedJson& object);
  void Gone(const cluster::SharedJson& object);
  // kDeleted for what vanished, of which only identity is left; then kSynced.
  void EndList();

 private:
  using Name = std::pair<std::string, std::string>;  // namespace, name
  struct Known {
    std::string uid, version;
    std::uint64_t list = 0;
  };

  void TellGone(const Name& name, const std::string& uid);

  const cluster::Kind kind_;
  const cluster::EventHandler tell_;
  std::map<Name, Known> known_;
  std::uint64_t list_ = 0;  // the number of the list that was begun last
};

}  // namespace sluice::kubernetes
