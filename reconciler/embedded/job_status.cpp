#include "reconciler/embedded/job_status.h"

#include <algorithm>
#include <utility>

namespace sluice::embedded {
namespace {

// DefaultJobPodFailureBackOff, MaxJobPodFailureBackOff.
constexpr std::chrono::seconds kLeastFailureBackoff{10};
constexpr std::chrono::seconds kMostFailureBackoff{600};

// When the last of the pod's containers ended, if all have.
std::optional<TimePoint> EndOfContainers(const Json& pod) {
  std::optional<TimePoint> end;
  for (const Json& container : List(pod, {"status", "containerStatuses"})) {
    const TimePoint at = TimeAt(container, {"state", "terminated", "finishedAt"});
    if (at == TimePoint{}) return std::nullopt;
    end = std::max(end.value_or(at), at);
  }
  return end;
}

std::vector<std::string> TextsIn(const Json& list) {
  std::vector<std::string> texts;
  for (const Json& each : list) {
    if (each.is_string()) texts.push_back(each.get<std::string>());
  }
  return texts;
}

}  // namespace

bool Tracked(const Object& pod) {
  const Json& finalizers = List(*pod, {"metadata", "finalizers"});
  return std::find(finalizers.begin(), finalizers.end(), kTrackingFinalizer) != finalizers.end();
}

bool CountsAsFailed(const Object& pod, const Json& job) {
  if (pod.phase() == "Failed") return true;
  if (Says(job, {"spec", "podReplacementPolicy"}, "Failed")) return false;
  return pod.terminating() && pod.phase() != "Succeeded";
}

TimePoint EndOf(const Object& pod) {
  if (auto end = EndOfContainers(*pod)) return *end;
  const Json* ready = Condition(*pod, "Ready");
  if (ready != nullptr && Says(*ready, {"status"}, "False")) {
    const TimePoint at = TimeAt(*ready, {"lastTransitionTime"});
    if (at != TimePoint{}) return at;
  }
  const TimePoint created = TimeAt(*pod, {"metadata", "creationTimestamp"});
  if (!pod.terminating()) return created;
  const auto grace = std::chrono::seconds(Integer(*pod, {"metadata", "deletionGracePeriodSeconds"}));
  return TimeAt(*pod, {"metadata", "deletionTimestamp"}, created) - grace;
}

TimePoint Failures::over() const {
  if (count == 0) return TimePoint{};
  std::chrono::seconds backoff = kLeastFailureBackoff;
  for (std::int64_t i = 1; i < count && backoff < kMostFailureBackoff; ++i) backoff *= 2;
  return last + std::min(backoff, kMostFailureBackoff);
}

void Failures::Add(const std::vector<Object>& succeeded, const std::vector<Object>& failed) {
  std::optional<TimePoint> success;
  for (const Object& pod : succeeded) success = std::max(success.value_or(TimePoint{}), EndOf(pod));
  if (success) *this = {};
  for (const Object& pod : failed) {
    const TimePoint end = EndOf(pod);
    if (success && end <= *success) continue;
    ++count;
    last = std::max(last, end);
  }
}

bool Suspended(const Json& job) { return Flag(job, {"spec", "suspend"}); }

bool HasCondition(const Json& status, std::string_view type) {
  const Json& conditions = List(status, {"conditions"});
  return std::any_of(conditions.begin(), conditions.end(), [&](const Json& condition) {
    return Says(condition, {"type"}, type) && Says(condition, {"status"}, "True");
  });
}

const Json* FinalCondition(const Json& job) {
  for (const char* type : {"Complete", "Failed"}) {
    const Json* condition = Condition(job, type);
    if (condition != nullptr && Says(*condition, {"status"}, "True")) return condition;
  }
  return nullptr;
}

Json JobCondition(std::string_view type, std::string_view reason, std::string_view message, TimePoint now) {
  return {{"type", type},
          {"status", "True"},
          {"reason", reason},
          {"message", message},
          {"lastProbeTime", Seconds(now)},
          {"lastTransitionTime", Seconds(now)}};
}

void PutCondition(Json& status, Json condition) {
  Json& conditions = status["conditions"];
  if (conditions.is_null()) conditions = Json::array();
  for (Json& present : Items(conditions)) {
    if (present["type"] != condition["type"]) continue;
    const bool same = present["status"] == condition["status"] && present["reason"] == condition["reason"] &&
                      present["message"] == condition["message"];
    if (!same) present = std::move(condition);
    return;
  }
  if (condition["status"] != "False") conditions.push_back(std::move(condition));
  if (conditions.empty()) status.erase("conditions");
}

Uncounted::Uncounted(const Json& status)
    : succeeded_(TextsIn(List(status, {"uncountedTerminatedPods", "succeeded"}))),
      failed_(TextsIn(List(status, {"uncountedTerminatedPods", "failed"}))) {}

bool Uncounted::Holds(const std::vector<std::string>& uids, const Object& pod) {
  return std::find(uids.begin(), uids.end(), pod.uid()) != uids.end();
}

void Uncounted::Count(const std::vector<std::string>& tracked, Json& status) {
  const auto settle = [&](std::vector<std::string>& uids, const char* name) {
    const auto settled = std::erase_if(
        uids, [&](const std::string& uid) { return std::find(tracked.begin(), tracked.end(), uid) == tracked.end(); });
    SetCount(status, name, Integer(status, {name}) + static_cast<std::int64_t>(settled));
  };
  settle(succeeded_, "succeeded");
  settle(failed_, "failed");
}

void Uncounted::Write(Json& status) const {
  Json& written = status["uncountedTerminatedPods"] = Json::object();
  if (!succeeded_.empty()) written["succeeded"] = succeeded_;
  if (!failed_.empty()) written["failed"] = failed_;
}

}  // namespace sluice::embedded
