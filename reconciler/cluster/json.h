// JSON as the reconciler holds it: objects of the cluster, their versions, parts of them. Members of an object
// are sorted and stand in one piece of memory: a cluster is mostly copies of such objects, and a tree of nodes
// costs twice the time to copy and to free. An insertion moves an object's other members: hold no reference to
// one across it.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

// Names of members, from the outermost inwards.
using Names = std::vector<std::string>;

// The value that `text` is, discarded (`is_discarded`) if it is none or nests deeper than 1,000: it comes from
// outside, and whoever walks through it calls itself at each level. The members at `left_out` are read over: it costs
// less to read past them than to build and drop them. Of members of one name the last counts.
Json ParseJson(std::string_view text, const std::vector<Names>& left_out = {});

// Reading what someone else wrote: nothing here fails on a missing or oddly typed member.
using Path = std::initializer_list<std::string_view>;

// The member at `path`, or nullptr.
const Json* Find(const Json& json, Path path);
// The text at `path`, or `otherwise` if there is none.
std::string Text(const Json& json, Path path, std::string_view otherwise = "");
// Whether the text at `path` is this one.
bool Says(const Json& json, Path path, std::string_view text);
std::int64_t Integer(const Json& json, Path path, std::int64_t otherwise = 0);
bool Flag(const Json& json, Path path, bool otherwise = false);
// The list at `path`, or an empty one.
const Json& List(const Json& json, Path path);

}  // namespace sluice::cluster
