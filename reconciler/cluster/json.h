// JSON as the reconciler holds it: objects of the cluster, their versions, parts of them. Members of an object
// are sorted and stand in one piece of memory: a cluster is mostly copies of such objects, and a tree of nodes
// costs twice the time to copy and to free. An insertion moves an object's other members: hold no reference to
// one across it.
#pragma once

#include <memory>
#include <utility>

#include <boost/container/flat_map.hpp>
#include <nlohmann/json.hpp>

namespace sluice::cluster {

// As nlohmann/json wants its map; the allocator it names is for pairs with a constant key, which can't move.
template <typename Key, typename Value, typename Less, typename /*Allocator*/>
using SortedMembers = boost::container::flat_map<Key, Value, Less, std::allocator<std::pair<Key, Value>>>;

using Json = nlohmann::basic_json<SortedMembers>;

// An object at one version: whoever shows, caches or answers with it holds the same one, which never changes.
using SharedJson = std::shared_ptr<const Json>;

inline SharedJson Share(Json json) { return std::make_shared<const Json>(std::move(json)); }

}  // namespace sluice::cluster
