#include "reconciler/sync/health.h"

#include <algorithm>

#include "compiler/graph/names.h"

namespace sluice::sync {
namespace {

using cluster::Json;
using cluster::Says;

std::int64_t Count(const Json& json, const char* key, std::int64_t otherwise) {
  return cluster::Integer(json, {key}, otherwise);
}

bool ConditionIs(const Json& status, const char* type, const char* value, const char* reason = nullptr) {
  const Json& conditions = cluster::List(status, {"conditions"});
  return std::any_of(conditions.begin(), conditions.end(), [&](const Json& condition) {
    return Says(condition, {"type"}, type) && Says(condition, {"status"}, value) &&
           (reason == nullptr || Says(condition, {"reason"}, reason));
  });
}

Health DeploymentHealth(const Json& spec, const Json& status) {
  if (ConditionIs(status, "Progressing", "False", "ProgressDeadlineExceeded")) return Health::kFailed;
  const std::int64_t wanted = Count(spec, "replicas", 1);
  const bool there = Count(status, "updatedReplicas", 0) >= wanted && Count(status, "availableReplicas", 0) >= wanted &&
                     Count(status, "replicas", 0) <= Count(status, "updatedReplicas", 0);
  return there ? Health::kCurrent : Health::kInProgress;
}

}  // namespace

Health HealthOf(const Json& object) {
  static const Json kNone = Json::object();
  const auto part = [&](const char* key) -> const Json& {
    const auto found = object.find(key);
    return found != object.end() && found->is_object() ? *found : kNone;
  };
  const Json& metadata = part("metadata");
  const Json& spec = part("spec");
  const Json& status = part("status");
  if (metadata.contains("deletionTimestamp")) return Health::kInProgress;
  if (Says(object, {"apiVersion"}, graph::kApiVersion)) return Health::kCurrent;
  const std::string kind = cluster::Text(object, {"kind"});
  if (kind == "Deployment" || kind == "StatefulSet" || kind == "DaemonSet") {
    if (Count(status, "observedGeneration", 0) < Count(metadata, "generation", 0)) return Health::kInProgress;
  } else if (status.contains("observedGeneration") &&
             Count(status, "observedGeneration", 0) < Count(metadata, "generation", 0)) {
    return Health::kInProgress;
  }
  if (kind == "Deployment") return DeploymentHealth(spec, status);
  if (kind == "StatefulSet") {
    return Count(status, "readyReplicas", 0) >= Count(spec, "replicas", 1) ? Health::kCurrent : Health::kInProgress;
  }
  if (kind == "DaemonSet") {
    return Count(status, "numberAvailable", 0) >= Count(status, "desiredNumberScheduled", 0) ? Health::kCurrent
                                                                                             : Health::kInProgress;
  }
  if (kind == "Job") {
    if (ConditionIs(status, "Failed", "True")) return Health::kFailed;
    return ConditionIs(status, "Complete", "True") ? Health::kCurrent : Health::kInProgress;
  }
  if (ConditionIs(status, "Stalled", "True")) return Health::kFailed;
  return ConditionIs(status, "Reconciling", "True") ? Health::kInProgress : Health::kCurrent;
}

}  // namespace sluice::sync
