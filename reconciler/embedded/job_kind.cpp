#include "reconciler/embedded/job_kind.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace sluice::embedded {
namespace {

bool Manual(const Json& job) { return Flag(job, {"spec", "manualSelector"}); }

Error Refused(const Json& job, std::string_view what) {
  return Error{ErrorCode::kInvalid, fmt::format("{}: {}", ToString(cluster::KeyOf(job)), what)};
}

struct Label {
  const char* name;
  std::string value;
};

// What FillJobSelector labels the pods with.
std::vector<Label> GeneratedLabels(const Json& job) {
  const std::string uid = UidOf(job);
  const std::string name = Text(job, {"metadata", "name"});
  return {
      {kLegacyJobNameLabel, name}, {kJobNameLabel, name}, {kLegacyControllerUidLabel, uid}, {kControllerUidLabel, uid}};
}

// A label that somebody else wrote is left as it is by FillJobSelector, and wrong.
Result<void> ValidateGenerated(const Json& job) {
  const bool created = !UidOf(job).empty();
  const Json* selector = Find(job, {"spec", "selector", "matchLabels"});
  for (const Label& label : GeneratedLabels(job)) {
    const Json* is = Find(job, {"spec", "template", "metadata", "labels", label.name});
    if (is == nullptr ? created : (!created && label.value.empty()) || *is != label.value) {
      return Refused(
          job, fmt::format("spec.template.metadata.labels[{}]: Invalid value: must be '{}'", label.name, label.value));
    }
  }
  if (selector == nullptr)
    return created ? Result<void>(Refused(job, "spec.selector: Required value")) : Result<void>();
  for (const auto& [name, value] : selector->items()) {
    const std::vector<Label> labels = GeneratedLabels(job);
    const bool own = std::any_of(labels.begin(), labels.end(), [&, &name = name, &value = value](const Label& label) {
      return name == label.name && value == label.value;
    });
    if (!own) return Refused(job, "spec.selector: Invalid value: `selector` not auto-generated");
  }
  return {};
}

Result<void> ValidateSelector(const Json& job) {
  if (!Manual(job)) return ValidateGenerated(job);
  const Json* selector = Find(job, {"spec", "selector", "matchLabels"});
  if (selector == nullptr) return Refused(job, "spec.selector: Required value");
  if (!Selects(*selector, *Find(job, {"spec", "template"}))) {
    return Refused(job, "spec.template.metadata.labels: Invalid value: `selector` does not match template `labels`");
  }
  return {};
}

Result<void> ValidateNumbers(const Json& job) {
  for (const char* name :
       {"parallelism", "completions", "backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished"}) {
    const std::int64_t number = Integer(job, {"spec", name});
    if (number >= 0) continue;
    return Refused(job, fmt::format("spec.{}: Invalid value: {}: must be greater than or equal to 0", name, number));
  }
  return {};
}

// What would be silently ignored is refused instead.
Result<void> ValidateServed(const Json& job) {
  const std::string mode = Text(job, {"spec", "completionMode"}, "NonIndexed");
  if (mode != "NonIndexed") {
    return Refused(
        job, fmt::format("spec.completionMode: Unsupported value: \"{}\": supported values: \"NonIndexed\"", mode));
  }
  for (const char* name : {"podFailurePolicy", "successPolicy", "backoffLimitPerIndex", "maxFailedIndexes"}) {
    if (Find(job, {"spec", name}) != nullptr) {
      return Refused(job, fmt::format("spec.{}: Forbidden: not served by this cluster", name));
    }
  }
  const std::string replacement = Text(job, {"spec", "podReplacementPolicy"}, "TerminatingOrFailed");
  if (replacement != "TerminatingOrFailed" && replacement != "Failed") {
    return Refused(job, fmt::format("spec.podReplacementPolicy: Unsupported value: \"{}\": supported values: "
                                    "\"Failed\", \"TerminatingOrFailed\"",
                                    replacement));
  }
  return {};
}

Result<void> ValidatePod(const Json& job) {
  const Json* pod = Find(job, {"spec", "template"});
  if (pod == nullptr || List(*pod, {"spec", "containers"}).empty()) {
    return Refused(job, "spec.template.spec.containers: Required value");
  }
  const std::string policy = Text(*pod, {"spec", "restartPolicy"}, "Always");
  if (policy == "Never" || policy == "OnFailure") return {};
  if (policy == "Always") {
    return Refused(job, "spec.template.spec.restartPolicy: Required value: valid values: \"OnFailure\", \"Never\"");
  }
  return Refused(job, fmt::format("spec.template.spec.restartPolicy: Unsupported value: \"{}\": supported values: "
                                  "\"OnFailure\", \"Never\"",
                                  policy));
}

// The template but for what says where pods run.
Json WithoutScheduling(Json pod_template) {
  for (const char* name : {"nodeSelector", "tolerations", "schedulingGates"}) pod_template["spec"].erase(name);
  for (const char* name : {"labels", "annotations"}) pod_template["metadata"].erase(name);
  if (Find(pod_template, {"spec", "affinity"}) != nullptr) {
    Json& affinity = pod_template["spec"]["affinity"];
    affinity.erase("nodeAffinity");
    if (affinity.empty()) pod_template["spec"].erase("affinity");
  }
  return pod_template;
}

// A Job that never ran may still be told where.
bool SameBeforeStart(const Json& before, const Json& after) {
  const Json& was = *Find(before, {"spec", "template"});
  const Json& is = *Find(after, {"spec", "template"});
  const bool movable = Flag(before, {"spec", "suspend"}) && Find(before, {"status", "startTime"}) == nullptr;
  return was == is || (movable && WithoutScheduling(was) == WithoutScheduling(is));
}

}  // namespace

bool TakesLabels(const Json& job) {
  const Json* of_pods = Find(job, {"spec", "template", "metadata", "labels"});
  const Json* own = Find(job, {"metadata", "labels"});
  return of_pods != nullptr && !of_pods->empty() && (own == nullptr || own->empty());
}

void TakeLabels(Json& job) { job["metadata"]["labels"] = Json(*Find(job, {"spec", "template", "metadata", "labels"})); }

void FillJob(Json& job) {
  Json& spec = job["spec"];
  if (!spec.contains("parallelism")) Default(spec, "completions", 1);
  Default(spec, "parallelism", 1);
  Default(spec, "backoffLimit", 6);
  Default(spec, "completionMode", "NonIndexed");
  Default(spec, "suspend", false);
  Default(spec, "podReplacementPolicy", "TerminatingOrFailed");
  Default(spec, "manualSelector", false);
  if (!UidOf(job).empty() && TakesLabels(job)) TakeLabels(job);
}

void FillJobSelector(Json& job) {
  const bool takes = TakesLabels(job);
  if (!Manual(job)) {
    Json& labels = job["spec"]["template"]["metadata"]["labels"];
    for (const Label& label : GeneratedLabels(job)) Default(labels, label.name, label.value);
    Default(job["spec"]["selector"]["matchLabels"], kControllerUidLabel, UidOf(job));
  }
  if (takes) TakeLabels(job);
}

Result<void> ValidateJob(const Json& job) {
  for (const auto& check : {ValidatePod, ValidateNumbers, ValidateServed, ValidateSelector}) {
    if (auto valid = check(job); !valid.ok()) return valid;
  }
  return {};
}

Result<void> ValidateJobChange(const Json& before, const Json& after) {
  for (const char* name : {"completions", "selector", "completionMode", "managedBy"}) {
    const Json* was = Find(before, {"spec", name});
    const Json* is = Find(after, {"spec", name});
    if (was == nullptr || is == nullptr ? was == is : *was == *is) continue;
    return Refused(after, fmt::format("spec.{}: Invalid value: field is immutable", name));
  }
  if (!SameBeforeStart(before, after)) return Refused(after, "spec.template: Invalid value: field is immutable");
  return {};
}

}  // namespace sluice::embedded
