// Names what is another in each cluster: uids by their order, versions by their order among those of an object, times.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "reconciler/cluster/json.h"

namespace sluice::cluster {

class Naming {
 public:
  // `space`: the namespace, which is named too.
  explicit Naming(std::string space) : space_(std::move(space)) {}

  // All that is to be named is noted first, in its order.
  void Note(Json& said);
  // Rewrites it as player.h says of `Seen`.
  void Apply(Json& said) const;

 private:
  void Plain(Json& object) const;

  std::string space_;
  std::vector<std::string> uids_;
  std::map<std::string, std::set<std::uint64_t>> versions_;
};

}  // namespace sluice::cluster
