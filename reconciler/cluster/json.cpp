#include "reconciler/cluster/json.h"

#include <algorithm>

namespace sluice::cluster {
namespace {

constexpr int kMaxDepth = 1'000;

// Told before anything is built: an array within another is found by its bracket, unless that stands in a text.
bool TooDeep(std::string_view text) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    switch (text[at]) {
      case '"':
        quoted = !quoted;
        break;
      case '\\':
        at += quoted ? 1 : 0;
        break;
      case '[':
      case '{':
        if (!quoted && ++depth > kMaxDepth) return true;
        break;
      case ']':
      case '}':
        depth -= quoted ? 0 : 1;
        break;
      default:
        break;
    }
  }
  return false;
}

// The member of that name, or nullptr. The names in an object mostly differ in their first letter: that is told without
// a call.
const Json* MemberOf(const Json::object_t& members, std::string_view name) {
  const auto is_before = [](const auto& member, std::string_view wanted) {
    const std::string_view own = member.first;
    if (own.empty() || wanted.empty() || own.front() == wanted.front()) return own < wanted;
    return static_cast<unsigned char>(own.front()) < static_cast<unsigned char>(wanted.front());
  };
  const auto found = std::lower_bound(members.begin(), members.end(), name, is_before);
  return found != members.end() && found->first == name ? &found->second : nullptr;
}

}  // namespace

Json ParseJson(std::string_view text) {
  return TooDeep(text) ? Json(Json::value_t::discarded) : Json::parse(text, nullptr, false);
}

const Json* Find(const Json& json, Path path) {
  const Json* at = &json;
  for (std::string_view name : path) {
    const auto* members = at->get_ptr<const Json::object_t*>();
    at = members == nullptr ? nullptr : MemberOf(*members, name);
    if (at == nullptr) return nullptr;
  }
  return at;
}

std::string Text(const Json& json, Path path, std::string_view otherwise) {
  const Json* found = Find(json, path);
  return found != nullptr && found->is_string() ? found->get<std::string>() : std::string(otherwise);
}

bool Says(const Json& json, Path path, std::string_view text) {
  const Json* found = Find(json, path);
  const auto* said = found == nullptr ? nullptr : found->get_ptr<const std::string*>();
  return said != nullptr && *said == text;
}

std::int64_t Integer(const Json& json, Path path, std::int64_t otherwise) {
  const Json* found = Find(json, path);
  return found != nullptr && found->is_number() ? found->get<std::int64_t>() : otherwise;
}

bool Flag(const Json& json, Path path, bool otherwise) {
  const Json* found = Find(json, path);
  return found != nullptr && found->is_boolean() ? found->get<bool>() : otherwise;
}

const Json& List(const Json& json, Path path) {
  static const Json kEmpty = Json::array();
  const Json* found = Find(json, path);
  return found != nullptr && found->is_array() ? *found : kEmpty;
}

}  // namespace sluice::cluster
