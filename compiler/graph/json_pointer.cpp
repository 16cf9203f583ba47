#include "compiler/graph/json_pointer.h"

#include <algorithm>
#include <charconv>

namespace sluice::graph {
namespace {

// RFC 6901 §4.
std::string Unescaped(std::string_view part) {
  std::string out;
  for (std::size_t i = 0; i < part.size(); ++i) {
    const bool escape = part[i] == '~' && i + 1 < part.size();
    out += escape ? (part[++i] == '1' ? '/' : '~') : part[i];
  }
  return out;
}

const Value* Element(const List& list, std::string_view part) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), index);
  const bool whole = error == std::errc() && end == part.data() + part.size();
  return whole && index < list.size() ? &list[index] : nullptr;
}

}  // namespace

std::string PointerTo(std::string_view pointer, std::string_view key) {
  std::string out = std::string(pointer) + "/";
  for (const char c : key) {
    out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);  // RFC 6901 §3
  }
  return out;
}

bool HasField(const Value& value, std::string_view pointer) {
  const Value* at = &value;
  std::string unescaped;
  for (std::size_t begin = 1; begin <= pointer.size() && at != nullptr;) {
    const std::size_t end = std::min(pointer.find('/', begin), pointer.size());
    std::string_view part = pointer.substr(begin, end - begin);
    if (part.find('~') != std::string_view::npos) {
      part = unescaped = Unescaped(part);
    }
    const Map* map = at->as_map();
    const List* list = at->as_list();
    at = map != nullptr ? map->Find(part) : list != nullptr ? Element(*list, part) : nullptr;
    begin = end + 1;
  }
  return at != nullptr;
}

}  // namespace sluice::graph
