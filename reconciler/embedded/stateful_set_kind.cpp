#include "reconciler/embedded/stateful_set_kind.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace sluice::embedded {
namespace {

constexpr std::size_t kMaxLabel = 63;

Error WrongSet(const Json& set, std::string_view what) {
  return Error{ErrorCode::kInvalid, fmt::format("{}: {}", ToString(cluster::KeyOf(set)), what)};
}

// RFC 1123, as pods are named by it.
bool IsDnsLabel(std::string_view name) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !name.empty() && name.size() <= kMaxLabel && plain(name.front()) && plain(name.back()) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return plain(c) || c == '-'; });
}

// A field that is one of a few words, the first unless said.
Result<void> ValidateChoice(const Json& set, cluster::Path path, const std::vector<std::string>& choices) {
  const std::string value = Text(set, path, choices.front());
  if (std::find(choices.begin(), choices.end(), value) != choices.end()) return {};
  return WrongSet(set, fmt::format("{}: Invalid value: \"{}\": must be '{}' or '{}'", fmt::join(path, "."), value,
                                   choices.front(), choices.back()));
}

Result<void> ValidateChoices(const Json& set) {
  const std::vector<std::string> claims = {"Retain", "Delete"};
  for (const Result<void>& valid :
       {ValidateChoice(set, {"spec", "podManagementPolicy"}, {"OrderedReady", "Parallel"}),
        ValidateChoice(set, {"spec", "updateStrategy", "type"}, {"RollingUpdate", "OnDelete"}),
        ValidateChoice(set, {"spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted"}, claims),
        ValidateChoice(set, {"spec", "persistentVolumeClaimRetentionPolicy", "whenScaled"}, claims)}) {
    if (!valid.ok()) return valid;
  }
  if (Says(set, {"spec", "updateStrategy", "type"}, "OnDelete") &&
      Find(set, {"spec", "updateStrategy", "rollingUpdate"}) != nullptr) {
    return WrongSet(
        set, "spec.updateStrategy.rollingUpdate: Invalid value: only allowed for updateStrategy 'RollingUpdate'");
  }
  return {};
}

Result<void> ValidateCounts(const Json& set) {
  const std::pair<const char*, std::int64_t> counts[] = {
      {"minReadySeconds", Integer(set, {"spec", "minReadySeconds"})},
      {"ordinals.start", Integer(set, {"spec", "ordinals", "start"})},
      {"updateStrategy.rollingUpdate.partition",
       Integer(set, {"spec", "updateStrategy", "rollingUpdate", "partition"})}};
  for (const auto& [name, count] : counts) {
    if (count >= 0) continue;
    return WrongSet(set, fmt::format("spec.{}: Invalid value: {}: must be greater than or equal to 0", name, count));
  }
  return {};
}

Result<void> ValidateNames(const Json& set) {
  const std::string name = Text(set, {"metadata", "name"});
  if (!IsDnsLabel(name)) {
    return WrongSet(set, fmt::format("metadata.name: Invalid value: \"{}\": not a DNS label", name));
  }
  const std::string service = Text(set, {"spec", "serviceName"});
  if (!service.empty() && !IsDnsLabel(service)) {
    return WrongSet(set, fmt::format("spec.serviceName: Invalid value: \"{}\": not a DNS label", service));
  }
  return {};
}

Result<void> ValidateSetsPod(const Json& set) {
  const std::string policy = Text(set, {"spec", "template", "spec", "restartPolicy"}, "Always");
  if (policy != "Always") {
    return WrongSet(set, fmt::format("spec.template.spec.restartPolicy: Unsupported value: \"{}\": supported values: "
                                     "\"Always\"",
                                     policy));
  }
  if (Find(set, {"spec", "template", "spec", "activeDeadlineSeconds"}) != nullptr) {
    return WrongSet(set,
                    "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in StatefulSet is not "
                    "Supported");
  }
  return {};
}

// What is left of a spec without what may change.
Json FixedPart(const Json& set) {
  Json spec = *Find(set, {"spec"});
  for (const char* name : {"replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit",
                           "persistentVolumeClaimRetentionPolicy", "minReadySeconds"}) {
    spec.erase(name);
  }
  return spec;
}

}  // namespace

void FillStatefulSet(Json& spec) {
  Default(spec, "podManagementPolicy", "OrderedReady");
  Default(spec, "updateStrategy", Json::object());
  Json& strategy = spec["updateStrategy"];
  if (!strategy.contains("type")) {
    strategy["type"] = "RollingUpdate";
    Default(strategy, "rollingUpdate", Json::object());
  }
  if (Json* rolling = MemberOf(strategy, "rollingUpdate"); rolling != nullptr) {
    if (strategy["type"] == "RollingUpdate") Default(*rolling, "partition", 0);
    // The feature gate MaxUnavailableStatefulSet is off.
    rolling->erase("maxUnavailable");
  }
  Default(spec, "persistentVolumeClaimRetentionPolicy", Json::object());
  Default(spec["persistentVolumeClaimRetentionPolicy"], "whenDeleted", "Retain");
  Default(spec["persistentVolumeClaimRetentionPolicy"], "whenScaled", "Retain");
  Default(spec, "serviceName", "");
  Default(spec, "replicas", 1);
  Default(spec, "revisionHistoryLimit", 10);
}

Result<void> ValidateStatefulSet(const Json& set) {
  for (const auto& check : {ValidateNames, ValidateChoices, ValidateCounts, ValidateSetsPod}) {
    if (auto valid = check(set); !valid.ok()) return valid;
  }
  return {};
}

Result<void> ValidateStatefulSetChange(const Json& before, const Json& after) {
  if (FixedPart(before) == FixedPart(after)) return {};
  return WrongSet(after,
                  "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', "
                  "'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and "
                  "'minReadySeconds' are forbidden");
}

}  // namespace sluice::embedded
