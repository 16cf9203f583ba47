#include "reconciler/embedded/jobs.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "reconciler/embedded/kinds.h"

namespace sluice::embedded {
namespace {

bool ManagedElsewhere(const Json& job) {
  return Text(job, {"spec", "managedBy"}, "kubernetes.io/job-controller") != "kubernetes.io/job-controller";
}

bool PastDeadline(const Json& job, const Json& status, TimePoint now) {
  if (Find(job, {"spec", "activeDeadlineSeconds"}) == nullptr || !status.contains("startTime")) return false;
  return now >= TimeAt(status, {"startTime"}) + std::chrono::seconds(Integer(job, {"spec", "activeDeadlineSeconds"}));
}

// Of restartPolicy OnFailure: the containers' restarts count as failures.
bool RestartedTooOften(const Json& job, const std::vector<Object>& pods) {
  if (!Says(job, {"spec", "template", "spec", "restartPolicy"}, "OnFailure")) return false;
  std::int64_t restarts = 0;
  for (const Object& pod : pods) {
    if (pod.ended()) continue;
    for (const Json& container : List(*pod, {"status", "containerStatuses"})) {
      restarts += Integer(container, {"restartCount"});
    }
  }
  return restarts > 0 && restarts >= Integer(job, {"spec", "backoffLimit"}, 6);
}

// How many pods should run.
std::int64_t Wanted(const Json& job, std::int64_t succeeded, std::int64_t active) {
  const std::int64_t parallelism = Integer(job, {"spec", "parallelism"}, 1);
  if (Find(job, {"spec", "completions"}) == nullptr) return succeeded > 0 ? active : parallelism;
  return std::clamp<std::int64_t>(Integer(job, {"spec", "completions"}) - succeeded, 0, parallelism);
}

bool EnoughSucceeded(const Json& job, std::int64_t succeeded) {
  return succeeded >= Integer(job, {"spec", "completions"}, 1);
}

// `condition` under another type: how a Job ends is first announced, and then so when its pods are gone.
Json As(const char* type, const Json& condition, TimePoint now) {
  return JobCondition(type, Text(condition, {"reason"}), Text(condition, {"message"}), now);
}

}  // namespace

// One look at a Job and what comes of it.
struct Jobs::Round {
  Object job;
  Json status;
  Uncounted uncounted;
  std::vector<Object> pods = {};    // as they were at the beginning
  std::vector<Object> active = {};  // those that run or will
  Failures failures = {};
  std::int64_t running = 0;  // active ones that are still so
  std::int64_t ready = 0;
  std::int64_t terminating = 0;
  std::int64_t succeeded = 0;
  std::int64_t failed = 0;
  // SuccessCriteriaMet or FailureTarget, and Complete or Failed once that is announced. null: it goes on.
  Json end = {};
  // Some pods couldn't be told to end: they may run on.
  bool unstopped = false;
};

Jobs::Jobs(loop::Loop& loop, Store& store, Watches& watches, const Lag& lag, std::uint64_t seed)
    : loop_(loop),
      store_(store),
      seed_(seed),
      view_(watches, {kJob, kPod}, View::FindBy::kOwner,
            [this](const ObjectKey& key, const Object& before, const Object& now) { OnChange(key, before, now); }),
      queue_(loop, lag, seed, "jobs", [this](const ObjectKey& key) { Reconcile(key); }) {}

void Jobs::OnChange(const ObjectKey& key, const Object& before, const Object& now) {
  if (key.kind == kJob) {
    if (now != nullptr) return queue_.Add(key);
    failures_.erase(before.uid());
    for (const Object& pod : view_.OwnedBy(before.uid())) queue_.Add(pod.key());
    return;
  }
  const Json* owner = ControllerOf(now == nullptr ? *before : *now);
  const bool of_job = owner != nullptr && Says(*owner, {"kind"}, "Job");
  const ObjectKey job{kJob, key.namespace_, of_job ? Text(*owner, {"name"}) : ""};
  if (of_job) queue_.Add(job);
  if (now != nullptr && Tracked(now) && view_.Find(job) == nullptr) queue_.Add(key);
  // One that was let go of.
  const Json* former = before == nullptr ? nullptr : ControllerOf(*before);
  if (!of_job && former != nullptr && Says(*former, {"kind"}, "Job")) {
    queue_.Add({kJob, key.namespace_, Text(*former, {"name"})});
  }
}

void Jobs::Reconcile(const ObjectKey& key) {
  if (key.kind == kPod) return ReleaseOrphan(key);
  const Object job = view_.Find(key);
  if (job == nullptr || ManagedElsewhere(*job)) return;
  if (FinalCondition(*job) != nullptr) return Expire(job);
  Round round = Look(job);
  Decide(round);
  if (!round.end.is_null()) {
    Stop(round, false);
  } else {
    if (!job.terminating()) Manage(round);
    if (EnoughSucceeded(*job, round.succeeded) && round.running == 0) {
      round.end = JobCondition("SuccessCriteriaMet", "CompletionsReached", "Reached expected number of succeeded pods",
                               loop_.Now());
    } else if (!job.terminating()) {
      Suspend(round);
    }
  }
  Track(round);
}

void Jobs::Expire(const Object& job) {
  failures_.erase(job.uid());
  for (const Object& pod : view_.OwnedBy(job.uid())) {
    if (Tracked(pod)) Release(pod);
  }
  const Json* ttl = Find(*job, {"spec", "ttlSecondsAfterFinished"});
  if (ttl == nullptr || job.terminating()) return;
  const TimePoint over = TimeAt(*FinalCondition(*job), {"lastTransitionTime"}, loop_.Now()) +
                         std::chrono::seconds(Integer(*job, {"spec", "ttlSecondsAfterFinished"}));
  if (loop_.Now() < over) return queue_.AddAt(job.key(), over);
  const DeleteOptions options{job.uid(), Text(*job, {"metadata", "resourceVersion"}), Propagation::kForeground};
  if (store_.Delete(job.key(), options, loop_.Now()).ok()) view_.AssumeLeft(job, store_.Find(job.key()));
}

// Asked of the API server itself: a view may not know of its Job yet.
void Jobs::ReleaseOrphan(const ObjectKey& key) {
  const Object pod = view_.Find(key);
  if (pod == nullptr || !Tracked(pod)) return;
  const Json* owner = ControllerOf(*pod);
  if (owner != nullptr && !Says(*owner, {"kind"}, "Job")) return;
  const Object job = owner == nullptr ? Object() : store_.Find({kJob, key.namespace_, Text(*owner, {"name"})});
  if (job == nullptr || job.uid() != Text(*owner, {"uid"})) Release(pod);
}

// Whether it is no longer tracked.
bool Jobs::Release(const Object& pod) {
  const Object present = view_.Find(pod.key());
  if (present == nullptr || present.uid() != pod.uid()) return true;
  if (!Tracked(present)) return true;
  Json freed = *present;
  Json& finalizers = freed["metadata"]["finalizers"];
  std::erase(finalizers.get_ref<Json::array_t&>(), kTrackingFinalizer);
  if (finalizers.empty()) freed["metadata"].erase("finalizers");
  if (!store_.Update(std::move(freed), loop_.Now()).ok()) return false;
  view_.AssumeLeft(present, store_.Find(pod.key()));
  return true;
}

bool Jobs::Delete(const Object& pod) {
  const auto deleted = store_.Delete(pod.key(), pod.uid(), "", loop_.Now());
  if (!deleted.ok() && deleted.error().code != ErrorCode::kNotFound) return false;
  view_.AssumeLeft(pod, store_.Find(pod.key()));
  return true;
}

Jobs::Round Jobs::Look(const Object& job) const {
  Json status = job->value("status", Json::object());
  Uncounted uncounted(status);
  Round round{.job = job, .status = std::move(status), .uncounted = std::move(uncounted)};
  std::vector<Object> succeeded;
  std::vector<Object> failed;
  for (const Object& pod : view_.OwnedBy(job.uid())) {
    if (pod.key().kind != kPod) continue;
    round.pods.push_back(pod);
    if (!pod.ended() && !pod.terminating()) round.active.push_back(pod);
    if (!pod.ended() && pod.terminating()) ++round.terminating;
    if (!Tracked(pod)) continue;
    if (pod.phase() == "Succeeded" && !round.uncounted.succeeded(pod)) succeeded.push_back(pod);
    if (CountsAsFailed(pod, *job) && !round.uncounted.failed(pod)) failed.push_back(pod);
  }
  round.running = static_cast<std::int64_t>(round.active.size());
  round.ready = std::count_if(round.active.begin(), round.active.end(), [](const Object& pod) { return pod.ready(); });
  const auto total = [&](const char* name, const std::vector<Object>& fresh, std::int64_t noted) {
    return Integer(round.status, {name}) + static_cast<std::int64_t>(fresh.size()) + noted;
  };
  round.succeeded = total("succeeded", succeeded, round.uncounted.succeeded());
  round.failed = total("failed", failed, round.uncounted.failed());
  round.failures = FailuresOf(job);
  round.failures.Add(succeeded, failed);
  if (!round.status.contains("startTime") && !Suspended(*job)) round.status["startTime"] = Seconds(loop_.Now());
  return round;
}

// A controller that has just begun knows of earlier failures what the objects tell.
Failures Jobs::FailuresOf(const Object& job) const {
  if (const auto known = failures_.find(job.uid()); known != failures_.end()) return known->second;
  Failures failures;
  const Uncounted noted(job->value("status", Json::object()));
  std::vector<Object> succeeded;
  std::vector<Object> failed;
  for (const Object& pod : view_.OwnedBy(job.uid())) {
    if (Tracked(pod) && !noted.succeeded(pod) && !noted.failed(pod)) continue;
    if (pod.phase() == "Succeeded") succeeded.push_back(pod);
    if (CountsAsFailed(pod, *job)) failed.push_back(pod);
  }
  failures.Add(succeeded, failed);
  return failures;
}

// Whether and how the Job comes to its end.
void Jobs::Decide(Round& round) {
  const Json& job = *round.job;
  const TimePoint now = loop_.Now();
  const Json* met = Condition(job, "SuccessCriteriaMet");
  const Json* target = Condition(job, "FailureTarget");
  if (met != nullptr && HasCondition(round.status, "SuccessCriteriaMet")) {
    round.end = As("Complete", *met, now);
  } else if (target != nullptr && HasCondition(round.status, "FailureTarget")) {
    round.end = As("Failed", *target, now);
  } else if (round.failed > Integer(job, {"spec", "backoffLimit"}, 6) || RestartedTooOften(job, round.pods)) {
    round.end =
        JobCondition("FailureTarget", "BackoffLimitExceeded", "Job has reached the specified backoff limit", now);
  } else if (!Suspended(job) && PastDeadline(job, round.status, now)) {
    round.end = JobCondition("FailureTarget", "DeadlineExceeded", "Job was active longer than specified deadline", now);
  } else if (!Suspended(job) && Find(job, {"spec", "activeDeadlineSeconds"}) != nullptr) {
    queue_.AddAt(round.job.key(), TimeAt(round.status, {"startTime"}, now) +
                                      std::chrono::seconds(Integer(job, {"spec", "activeDeadlineSeconds"})));
  }
}

// Tells all active pods to end. Those `released` before aren't counted.
void Jobs::Stop(Round& round, bool released) {
  for (const Object& pod : round.active) {
    if ((released && !Release(pod)) || !Delete(pod)) {
      round.unstopped = true;
      queue_.Add(round.job.key());
      continue;
    }
    --round.running;
    round.ready -= pod.ready() ? 1 : 0;
    ++round.terminating;
  }
}

// As many pods as there should be.
void Jobs::Manage(Round& round) {
  const Json& job = *round.job;
  if (Suspended(job)) return Stop(round, true);
  const std::int64_t wanted = Wanted(job, round.succeeded, round.running);
  if (round.running > wanted) {
    std::stable_partition(round.active.begin(), round.active.end(), [](const Object& pod) { return !pod.ready(); });
    round.active.resize(static_cast<std::size_t>(round.running - wanted));
    return Stop(round, true);
  }
  const bool waits_for_ends = Says(job, {"spec", "podReplacementPolicy"}, "Failed");
  const std::int64_t missing = wanted - round.running - (waits_for_ends ? round.terminating : 0);
  if (missing <= 0) return;
  if (loop_.Now() < round.failures.over()) return queue_.AddAt(round.job.key(), round.failures.over());
  Grow(round, missing);
}

void Jobs::Grow(Round& round, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    Json pod = PodOf(*round.job, Mix(seed_, fmt::format("{} {}", round.job.uid(), store_.version())));
    Json finalizers = List(pod, {"metadata", "finalizers"});
    finalizers.push_back(kTrackingFinalizer);
    pod["metadata"]["finalizers"] = std::move(finalizers);
    const auto made = store_.Create(std::move(pod), "", loop_.Now());
    if (!made.ok()) return queue_.AddAt(round.job.key(), loop_.Now() + kTryPodAgain);
    view_.Assume(*made);
    ++round.running;
  }
}

// The condition Suspended. A Job that goes on has all of its deadline before it.
void Jobs::Suspend(Round& round) {
  const bool was = HasCondition(round.status, "Suspended");
  const bool is = Suspended(*round.job);
  if (was == is) return;
  Json condition =
      JobCondition("Suspended", is ? "JobSuspended" : "JobResumed", is ? "Job suspended" : "Job resumed", loop_.Now());
  if (!is) {
    condition["status"] = "False";
    round.status["startTime"] = Seconds(loop_.Now());
  }
  PutCondition(round.status, std::move(condition));
}

// Notes the pods that ended, so that they may be let go of. When the Job has failed, so has what still ran.
void Jobs::NoteEnded(Round& round) {
  const std::string end = Text(round.end, {"type"});
  const bool failed = end == "FailureTarget" || end == "Failed";
  for (const Object& pod : round.pods) {
    if (!Tracked(pod)) continue;
    if (pod.phase() == "Succeeded") {
      if (!round.uncounted.failed(pod) && !round.uncounted.succeeded(pod)) round.uncounted.AddSucceeded(pod);
    } else if ((CountsAsFailed(pod, *round.job) || failed) && !round.uncounted.failed(pod)) {
      round.uncounted.AddFailed(pod);
    }
  }
}

bool Jobs::Write(Round& round) {
  auto written = store_.SetStatus(*round.job, round.status);
  if (!written.ok()) return false;  // it moved: its event brings us back
  round.job = *written;
  view_.Assume(round.job);
  return true;
}

void Jobs::Track(Round& round) {
  // Whoever couldn't be stopped isn't failed yet.
  if (round.unstopped) round.end = {};
  SetCount(round.status, "active", round.running);
  round.status["ready"] = round.ready;
  round.status["terminating"] = round.terminating;
  NoteEnded(round);
  if (Says(round.end, {"type"}, "FailureTarget") || Says(round.end, {"type"}, "SuccessCriteriaMet")) {
    PutCondition(round.status, round.end);
    const bool complete = Says(round.end, {"type"}, "SuccessCriteriaMet");
    round.end = As(complete ? "Complete" : "Failed", round.end, loop_.Now());
  }
  round.uncounted.Write(round.status);
  const std::string uid = round.job.uid();
  if (!Write(round)) return;
  failures_[uid] = round.failures;

  std::vector<std::string> tracked;
  for (const Object& pod : round.pods) {
    if (!Tracked(pod)) continue;
    const bool over = round.job.terminating() || !round.end.is_null() || pod.phase() == "Succeeded" ||
                      CountsAsFailed(pod, *round.job);
    if (!over || !Release(pod)) tracked.push_back(pod.uid());
  }
  round.uncounted.Count(tracked, round.status);
  round.uncounted.Write(round.status);
  Finish(round);
  (void)Write(round);
}

// The Job is over once nothing of it is left to count or to end.
void Jobs::Finish(Round& round) {
  if (round.end.is_null() || !round.uncounted.empty() || round.terminating > 0) return;
  PutCondition(round.status, round.end);
  if (Says(round.end, {"type"}, "Complete")) round.status["completionTime"] = round.end["lastTransitionTime"];
  queue_.Add(round.job.key());  // its time begins
}

}  // namespace sluice::embedded
