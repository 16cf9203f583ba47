#include "reconciler/embedded/canonical.h"

#include <algorithm>
#include <array>
#include <string_view>

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

void FillTextsIn(const Kind& kind, Json& json) {
  if (json.is_array()) {
    for (Json& item : json) FillTextsIn(kind, item);
  }
  auto* members = json.get_ptr<Json::object_t*>();
  if (members == nullptr) return;
  for (auto& [name, member] : *members) {
    if (member.is_object() && MapOfTexts(kind, name)) {
      for (Json& value : member) {
        if (value.is_null()) value = "";
      }
    } else if (member.is_structured() && name != "managedFields") {
      FillTextsIn(kind, member);
    }
  }
}

// Whether the Go type says nothing of it.
bool SaysNothing(const Kind& kind, std::string_view name, const Json& member) {
  if (member.is_array()) return member.empty() && !IsOneOf(name, kAlways);
  if (member.is_object()) return member.empty() && (MapOfTexts(kind, name) || IsOneOf(name, kLeftOutWhenEmpty));
  if (member.is_boolean())
    return !member.get<bool>() && (IsOneOf(name, kLeftOutWhenEmpty) || IsOneOf(name, kZeroIsNothing));
  return member.is_number_integer() && member == 0 && IsOneOf(name, kZeroIsNothing);
}

// `empties`: what says nothing goes, too.
void Clean(const Kind& kind, Json& json, bool empties) {
  if (json.is_array()) {
    for (Json& item : json) Clean(kind, item, empties);
  }
  auto* members = json.get_ptr<Json::object_t*>();
  if (members == nullptr) return;
  for (auto member = members->begin(); member != members->end();) {
    Json& value = member->second;
    if (value.is_structured() && member->first != "managedFields") Clean(kind, value, empties);
    if (value.is_null() || (empties && SaysNothing(kind, member->first, value))) {
      member = members->erase(member);
    } else {
      ++member;
    }
  }
}

}  // namespace

void FillTexts(const Kind& kind, Json& object) {
  if (BuiltIn(kind)) return FillTextsIn(kind, object);
  const auto metadata = object.find("metadata");
  if (metadata != object.end()) FillTextsIn(kind, *metadata);
}

void Canonicalize(const Kind& kind, Json& object) {
  if (!object.is_object()) return;
  FillTexts(kind, object);
  // A ControllerRevision's data is somebody else's object.
  const bool typed = BuiltIn(kind) && kind != kControllerRevision;
  for (auto& [name, member] : object.get_ref<Json::object_t&>()) {
    Clean(kind, member, name == "metadata" || (typed && name != "status"));
  }
  auto& members = object.get_ref<Json::object_t&>();
  for (auto member = members.begin(); member != members.end();) {
    const bool nothing = member->second.is_null() || (typed && SaysNothing(kind, member->first, member->second));
    member = nothing ? members.erase(member) : member + 1;
  }
}

void DropZeroCounts(const Kind& kind, Json& object) {
  // Pointers, whose 0 is something.
  constexpr std::array<std::string_view, 3> kPointers = {"collisionCount", "terminating", "ready"};
  const auto status = object.find("status");
  if (!BuiltIn(kind) || status == object.end() || !status->is_object()) return;
  auto& members = status->get_ref<Json::object_t&>();
  for (auto member = members.begin(); member != members.end();) {
    const bool zero = member->second.is_number_integer() && member->second == 0;
    member = zero && !IsOneOf(member->first, kPointers) ? members.erase(member) : member + 1;
  }
}

}  // namespace sluice::embedded
