#include "reconciler/cluster/json.h"

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

}  // namespace

Json ParseJson(std::string_view text) {
  return TooDeep(text) ? Json(Json::value_t::discarded) : Json::parse(text, nullptr, false);
}

const Json* Find(const Json& json, Path path) {
  const Json* at = &json;
  for (std::string_view name : path) {
    if (!at->is_object()) return nullptr;
    auto found = at->find(name);
    if (found == at->end()) return nullptr;
    at = &*found;
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
