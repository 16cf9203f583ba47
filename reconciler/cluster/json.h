// JSON as the reconciler holds it: objects of the cluster, their versions, parts of them. Copies share what is the
// same in them (`SharedMembers`): what may be written by a reference, and how long, stands there.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "reconciler/cluster/shared_members.h"

namespace sluice::cluster {

using Json = nlohmann::basic_json<SharedMembers>;

}  // namespace sluice::cluster

// The library's own moves what nests to a list first, lest it call itself too deep. Members that are shared can't be
// moved, and nothing here nests deeper than `ParseJson` lets it.
template <>
inline void sluice::cluster::Json::json_value::destroy(nlohmann::detail::value_t type) {
  switch (type) {
    case nlohmann::detail::value_t::object:
      delete object;
      break;
    case nlohmann::detail::value_t::array:
      delete array;
      break;
    case nlohmann::detail::value_t::string:
      delete string;
      break;
    case nlohmann::detail::value_t::binary:
      delete binary;
      break;
    default:
      break;
  }
}

namespace sluice::cluster {

// An object at one version: whoever shows, caches or answers with it holds the same one, which never changes.
using SharedJson = std::shared_ptr<const Json>;

inline SharedJson Share(Json json) { return std::make_shared<const Json>(std::move(json)); }

// Names of members, from the outermost inwards.
using Names = std::vector<std::string>;

// The value that `text` is, discarded (`is_discarded`) if it is none or nests deeper than 1,000: it comes from
// outside, and whoever walks through it calls itself at each level. The members at `left_out` are read over: it costs
// less to read past them than to build and drop them. Of members of one name the last counts.
Json ParseJson(std::string_view text, const std::vector<Names>& left_out = {});

// The items of a list, which `json` is, to be changed.
inline Json::array_t& Items(Json& json) { return json.get_ref<Json::array_t&>(); }

// The member of that name, to be changed; nullptr if there is none.
Json* MemberOf(Json& json, std::string_view name);

// Gives `json`, an object or null, the members of `others`.
void Update(Json& json, const Json& others);

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
