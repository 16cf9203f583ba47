#include "reconciler/embedded/canonical.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "reconciler/embedded/kinds.h"

namespace sluice::embedded {
namespace {

// Members of these names are map[string]string in all built-in kinds; `selector` in a Service.
constexpr std::array<std::string_view, 5> kMapsOfTexts = {"labels", "annotations", "matchLabels", "nodeSelector",
                                                          "data"};
// `omitempty` and no pointers.
constexpr std::array<std::string_view, 6> kLeftOutWhenEmpty = {"binaryData", "stringData", "requests",
                                                               "limits",     "paused",     "publishNotReadyAddresses"};
constexpr std::array<std::string_view, 5> kZeroIsNothing = {"minReadySeconds", "hostNetwork", "hostPID", "hostIPC",
                                                            "tty"};
// Lists that are there even if they are empty.
constexpr std::array<std::string_view, 3> kAlways = {"containers", "items", "policies"};

template <std::size_t N>
bool IsOneOf(std::string_view name, const std::array<std::string_view, N>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool MapOfTexts(const Kind& kind, std::string_view name) {
  return IsOneOf(name, kMapsOfTexts) || (name == "selector" && kind == kService);
}

// The members of an object by name, or the items of a list by index, each given to `changed`, which answers what it is
// to be where it isn't that already; an empty optional within for one that goes. `json` as it comes of that, nothing
// if it stays as it is: most of what is written is as it should be, and shared with what was there.
using Wanted = std::optional<std::optional<Json>>;
template <typename OfMember, typename OfItem>
std::optional<Json> Changed(const Json& json, const OfMember& of_member, const OfItem& of_item) {
  std::optional<Json> after;
  const auto begin = [&]() -> Json& { return after ? *after : after.emplace(json); };
  if (json.is_array()) {
    for (std::size_t i = 0; i < json.size(); ++i) {
      if (auto item = of_item(json[i])) begin()[i] = std::move(*item);
    }
  } else if (const auto* members = json.get_ptr<const Json::object_t*>()) {
    for (const auto& [name, member] : *members) {
      Wanted change = of_member(name, member);
      if (!change) continue;
      if (*change) {
        begin()[name] = std::move(**change);
      } else {
        begin().erase(name);
      }
    }
  }
  return after;
}

Wanted Put(std::optional<Json> value) { return value ? Wanted(std::move(value)) : std::nullopt; }

std::optional<Json> WithTexts(const Kind& kind, const Json& json) {
  const auto empty_text = [](const std::string& /*name*/, const Json& value) {
    return value.is_null() ? Put(Json("")) : std::nullopt;
  };
  const auto of_item = [&](const Json& item) { return WithTexts(kind, item); };
  const auto of_member = [&](const std::string& name, const Json& member) -> Wanted {
    if (member.is_object() && MapOfTexts(kind, name)) return Put(Changed(member, empty_text, of_item));
    return member.is_structured() && name != "managedFields" ? Put(WithTexts(kind, member)) : std::nullopt;
  };
  return Changed(json, of_member, of_item);
}

void FillTextsIn(const Kind& kind, Json& json) {
  if (auto filled = WithTexts(kind, json)) json = std::move(*filled);
}

// Whether the Go type says nothing of it.
bool SaysNothing(const Kind& kind, std::string_view name, const Json& member) {
  if (member.is_array()) return member.empty() && !IsOneOf(name, kAlways);
  if (member.is_object()) return member.empty() && (MapOfTexts(kind, name) || IsOneOf(name, kLeftOutWhenEmpty));
  if (member.is_boolean())
    return !member.get<bool>() && (IsOneOf(name, kLeftOutWhenEmpty) || IsOneOf(name, kZeroIsNothing));
  return member.is_number_integer() && member == 0 && IsOneOf(name, kZeroIsNothing);
}

// What `member` is to be: gone if it is null; or, with `empties`, if it says nothing.
Wanted Cleaned(const Kind& kind, const std::string& name, const Json& member, bool empties);

std::optional<Json> CleanedIn(const Kind& kind, const Json& json, bool empties) {
  return Changed(
      json, [&](const std::string& name, const Json& member) { return Cleaned(kind, name, member, empties); },
      [&](const Json& item) { return CleanedIn(kind, item, empties); });
}

Wanted Cleaned(const Kind& kind, const std::string& name, const Json& member, bool empties) {
  std::optional<Json> after;
  if (member.is_structured() && name != "managedFields") after = CleanedIn(kind, member, empties);
  const Json& is = after ? *after : member;
  if (is.is_null() || (empties && SaysNothing(kind, name, is))) return Wanted(std::in_place, std::nullopt);
  return Put(std::move(after));
}

}  // namespace

void FillTexts(const Kind& kind, Json& object) {
  if (BuiltIn(kind)) return FillTextsIn(kind, object);
  if (object.contains("metadata")) FillTextsIn(kind, object["metadata"]);
}

void Canonicalize(const Kind& kind, Json& object) {
  if (!object.is_object()) return;
  FillTexts(kind, object);
  // A ControllerRevision's data is somebody else's object.
  const bool typed = BuiltIn(kind) && kind != kControllerRevision;
  const auto of_member = [&](const std::string& name, const Json& member) -> Wanted {
    std::optional<Json> after = CleanedIn(kind, member, name == "metadata" || (typed && name != "status"));
    const Json& is = after ? *after : member;
    if (is.is_null() || (typed && SaysNothing(kind, name, is))) return Wanted(std::in_place, std::nullopt);
    return Put(std::move(after));
  };
  const auto never = [](const Json& /*item*/) { return std::optional<Json>(); };
  if (auto cleaned = Changed(object, of_member, never)) object = std::move(*cleaned);
}

void DropZeroCounts(const Kind& kind, Json& object) {
  // Pointers, whose 0 is something.
  constexpr std::array<std::string_view, 3> kPointers = {"collisionCount", "terminating", "ready"};
  const Json* status = Find(object, {"status"});
  if (!BuiltIn(kind) || status == nullptr || !status->is_object()) return;
  const auto of_member = [&](const std::string& name, const Json& member) -> Wanted {
    const bool zero = member.is_number_integer() && member == 0;
    return zero && !IsOneOf(name, kPointers) ? Wanted(std::in_place, std::nullopt) : std::nullopt;
  };
  const auto never = [](const Json& /*item*/) { return std::optional<Json>(); };
  if (auto kept = Changed(*status, of_member, never)) object["status"] = std::move(*kept);
}

}  // namespace sluice::embedded
