// What a Job's pods and its status say, as values (pkg/controller/job).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reconciler/embedded/fields.h"

namespace sluice::embedded {

// By which a pod that ended stays until its Job has counted it.
inline constexpr const char* kTrackingFinalizer = "batch.kubernetes.io/job-tracking";

bool Tracked(const Object& pod);

// Whether the pod counts as failed: also one that is told to end, unless only failed ones are to be replaced.
bool CountsAsFailed(const Object& pod, const Json& job);

// When the pod's last container ended, or as near to that as the pod tells.
TimePoint EndOf(const Object& pod);

// Failures since the last success, which new pods wait for.
struct Failures {
  std::int64_t count = 0;
  TimePoint last{};

  // When the next pod may be made: 10 s after the first failure, twice that after each further one, at most 10 minutes.
  TimePoint over() const;
  // Pods that have newly ended.
  void Add(const std::vector<Object>& succeeded, const std::vector<Object>& failed);
};

bool Suspended(const Json& job);
// Whether the condition of that type is True.
bool HasCondition(const Json& status, std::string_view type);
// The condition Complete or Failed that a Job ended with, or nullptr.
const Json* FinalCondition(const Json& job);

// A condition that is True from now on.
Json JobCondition(std::string_view type, std::string_view reason, std::string_view message, TimePoint now);
// Puts it in the place of its type's; one that isn't True comes only where there is one.
void PutCondition(Json& status, Json condition);

// status.uncountedTerminatedPods: pods whose end is noted, but that are tracked yet.
class Uncounted {
 public:
  explicit Uncounted(const Json& status);

  bool succeeded(const Object& pod) const { return Holds(succeeded_, pod); }
  bool failed(const Object& pod) const { return Holds(failed_, pod); }
  std::int64_t succeeded() const { return static_cast<std::int64_t>(succeeded_.size()); }
  std::int64_t failed() const { return static_cast<std::int64_t>(failed_.size()); }
  bool empty() const { return succeeded_.empty() && failed_.empty(); }

  void AddSucceeded(const Object& pod) { succeeded_.push_back(pod.uid()); }
  void AddFailed(const Object& pod) { failed_.push_back(pod.uid()); }
  // Counts all but those of these uids.
  void Count(const std::vector<std::string>& tracked, Json& status);
  void Write(Json& status) const;

 private:
  static bool Holds(const std::vector<std::string>& uids, const Object& pod);

  std::vector<std::string> succeeded_, failed_;
};

}  // namespace sluice::embedded
