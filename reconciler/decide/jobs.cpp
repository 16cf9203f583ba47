#include "reconciler/decide/jobs.h"

#include <algorithm>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "compiler/base/hash.h"
#include "compiler/graph/names.h"
#include "reconciler/decide/forward.h"
#include "reconciler/decide/gates.h"
#include "reconciler/decide/objects.h"
#include "reconciler/decide/promotion.h"
#include "reconciler/decide/revision.h"

namespace sluice::decide {
namespace {

using State = ObservedJob::State;

// A name of at most 63 characters: pods carry it as a label.
constexpr std::size_t kNamePart = 48;
constexpr std::size_t kHashPart = 10;
// How long the last words of a failed pod may come after its Job's end: they are watched apart.
constexpr Duration kLastWords{2'000};
constexpr std::int64_t kSlackSeconds = 5;  // between our clock and the API server's
constexpr std::string_view kOurPrefix = "sluice.dev/";
// A Job may run on for so long where nobody ends it: its node's bound is up, and no executor is there.
constexpr Duration kUnattended{60'000};

std::string TextOf(const graph::Value& value) { return value.as_string() == nullptr ? "" : *value.as_string(); }

bool HasFinalizer(const ObservedJob& job) {
  const graph::Value finalizers = job.object.object.Path({"metadata", "finalizers"});
  const graph::List* list = finalizers.as_list();
  return list != nullptr && std::find(list->begin(), list->end(), graph::Value(kJobFinalizer)) != list->end();
}

bool IsOver(const ObservedJob& job) { return job.state != State::kRunning; }

bool OfThisRun(const Context& context, const ObservedJob& job) {
  return TextOf(job.object.object.Path({"metadata", "annotations", kRunAnnotation})) ==
         std::to_string(context.status.run);
}

// The record of the active node that waits for its outcome, or null. One that the Job made stall waits no more.
const NodeRecord* AwaitedBy(const Context& context, const std::string& name) {
  const Status& status = context.status;
  if (status.phase != Phase::kProgressing) {
    return nullptr;
  }
  for (const graph::Node& node : context.graph.nodes) {
    const auto record = status.nodes.find(node.path);
    const bool stalls = status.stalled && status.stalled_node == node.path;
    if (std::holds_alternative<graph::RunNode>(node.does) && record != status.nodes.end() && !stalls &&
        record->second.state == NodeState::kActive && JobName(context, node.path, record->second) == name) {
      return &record->second;
    }
  }
  return nullptr;
}

// A Job of ours that runs on although nothing waits for it. Two that don't know of one another must not run at once: a
// migration, say, that a newer revision's plan brings again.
const std::string* Straggler(const Context& context) {
  for (const auto& [name, job] : context.seen.jobs) {
    if (IsOurs(context, job.object.object) && !IsOver(job) && AwaitedBy(context, name) == nullptr) {
      return &name;
    }
  }
  return nullptr;
}

bool Scales(const Context& context, const graph::Node& run) {
  for (const graph::Node& node : context.graph.nodes) {
    if (node.path == run.path) {
      break;
    }
    const auto record = context.status.nodes.find(node.path);
    if (std::holds_alternative<graph::ScaleNode>(node.does) && record != context.status.nodes.end() &&
        record->second.state == NodeState::kDone) {
      return true;
    }
  }
  return false;
}

// Where scale nodes are passed by, the pods that a Job behind them may talk to come as they come.
bool PodsAreMissing(Context& context, const graph::Node& node) {
  if (SkipReason(context.status).empty() || !Scales(context, node)) {
    return false;
  }
  AimAtPromotion(context);
  const std::int32_t all = context.replicas();
  const std::int32_t need = std::max(all - context.graph.policies.unavailable, std::min(1, all));
  return Ready(context, context.status.candidate) < need;
}

// `left`: until the node's bound.
std::int64_t DeadlineSeconds(const graph::RunNode& run, Duration left) {
  const Duration limit = run.timeout ? std::min(*run.timeout, left + kUnattended) : left + kUnattended;
  return std::max<std::int64_t>(1, (limit.count() + 999) / 1000);
}

graph::Value WithFinalizer(const graph::Value& job) {
  return With(job, {"metadata", "finalizers"}, graph::Value(graph::List{graph::Value(kJobFinalizer)}));
}

NodeEnd Broken(std::string evidence) { return {graph::Outcome::kError, std::move(evidence)}; }

std::optional<NodeEnd> Make(Context& context, const graph::Node& node, const graph::RunNode& run,
                            const std::string& name, TimePoint due) {
  graph::Evaluation made = graph::Evaluate(*run.job, context.graph.functions, RootsOf(context, node.step, ""));
  if (made.kind != graph::Evaluation::Kind::kValue || made.value.as_map() == nullptr) {
    return Broken(fmt::format("its Job can't be made: {}", made.message));
  }
  graph::Value job = With(Marked(context, made.value), {"metadata", "name"}, graph::Value(name));
  job = With(job, {"metadata", "labels", graph::kRevisionLabel}, graph::Value(context.status.candidate));
  job = With(job, {"metadata", "annotations", kRunAnnotation}, graph::Value(std::to_string(context.status.run)));
  job = With(job, {"metadata", "annotations", kNodeAnnotation}, graph::Value(node.path));
  job = WithFinalizer(job);
  job = With(job, {"spec", "activeDeadlineSeconds"}, graph::Value(DeadlineSeconds(run, due - context.now)));
  context.jobs.push_back(ApplyObject{std::move(job), std::nullopt, fmt::format("the Job of {}", node.path)});
  context.Say(fmt::format("starts Job {}", name), node.path, due);
  return std::nullopt;
}

// Nothing of this attempt was ever seen.
std::optional<NodeEnd> Start(Context& context, const graph::Node& node, const graph::RunNode& run,
                             const NodeRecord& record, TimePoint due) {
  const std::string name = JobName(context, node.path, record);
  if (ForwardBlocked(context)) {
    return std::nullopt;
  }
  const std::string* other = Straggler(context);
  if (context.now >= due) {
    std::string why = other == nullptr ? "" : fmt::format("Job {} has not ended", *other);
    for (const Failure& failure : context.seen.failures) {
      if (failure.what.ends_with("/" + name)) {
        why = failure.message;
      }
    }
    return NodeEnd{graph::Outcome::kTimeout,
                   fmt::format("Job {} could not be started in time{}{}", name, why.empty() ? "" : ": ", why)};
  }
  if (other != nullptr) {
    context.Say(fmt::format("waits until Job {} has ended", *other), node.path, due);
    return std::nullopt;
  }
  if (PodsAreMissing(context, node)) {
    context.Say("its Job waits for the candidate's pods", node.path, due, TroubleOf(context, context.status.candidate));
    return std::nullopt;
  }
  return Make(context, node, run, name, due);
}

// That it used up its only pod says nothing beside what that one said.
std::string WhyFailed(const ObservedJob& job) {
  if (job.words.empty() || job.reason.empty()) {
    return job.words + job.reason;
  }
  return job.reason.starts_with("BackoffLimitExceeded") ? job.words : job.reason + "; " + job.words;
}

// What we apply of a Job that is there, without the finalizer. Its spec is said again as it is: who applies less gives
// up what he leaves out.
graph::Value Released(const Context& context, const ObservedJob& job) {
  const graph::Value& found = job.object.object;
  graph::Value released;
  for (const char* field : {"apiVersion", "kind", "spec"}) {
    released = With(released, {field}, found.Field(field));
  }
  for (const char* field : {"name", "namespace"}) {
    released = With(released, {"metadata", field}, found.Path({"metadata", field}));
  }
  for (const char* field : {"labels", "annotations"}) {
    const graph::Value said = found.Path({"metadata", field});
    const graph::Map all = said.as_map() == nullptr ? graph::Map() : *said.as_map();
    for (const auto& [key, value] : all.entries()) {
      if (key.starts_with(kOurPrefix)) {
        released = With(released, {"metadata", field, key}, value);
      }
    }
  }
  return With(released, {"metadata", "annotations", graph::kEpochAnnotation},
              graph::Value(std::to_string(context.status.epoch)));
}

// A bound that was moved out: Kubernetes would still end the Job at the old one.
void Prolong(Context& context, const std::string& name, const ObservedJob& job, const NodeRecord& record) {
  const graph::Value created = job.object.object.Path({"metadata", "creationTimestamp"});
  const graph::Value said = job.object.object.Path({"spec", "activeDeadlineSeconds"});
  const graph::RunNode* run = nullptr;
  for (const graph::Node& node : context.graph.nodes) {
    const auto found = context.status.nodes.find(node.path);
    run = found != context.status.nodes.end() && &found->second == &record ? std::get_if<graph::RunNode>(&node.does)
                                                                           : run;
  }
  TimePoint since{};
  if (run == nullptr || !record.deadline || IsOver(job) || created.as_string() == nullptr ||
      said.as_quantity() == nullptr || !ParseTime(*created.as_string(), since)) {
    return;
  }
  const std::int64_t wanted = DeadlineSeconds(*run, *record.deadline - since);
  if (Number(wanted) > said.as_quantity()->number + Number(kSlackSeconds)) {
    const graph::Value kept = WithFinalizer(Released(context, job));
    context.decision.actions.emplace_back(
        ApplyObject{With(kept, {"spec", "activeDeadlineSeconds"}, graph::Value(wanted)), job.object.version,
                    "the deadline of Job " + name});
  }
}

void End(Context& context, const std::string& name, const ObservedJob& job, const std::string& why) {
  if (HasFinalizer(job)) {
    context.decision.actions.emplace_back(
        ApplyObject{Released(context, job), job.object.version, "a Job whose outcome is stored"});
  } else if (!job.deleting) {
    context.decision.actions.emplace_back(DeleteObject{
        graph::kJobApiVersion, graph::kJobKind, context.graph.rollout_namespace, name, job.object.version, why, true});
  }
}

}  // namespace

std::string JobName(const Context& context, const std::string& path, const NodeRecord& record) {
  const Status& status = context.status;
  const std::string key = fmt::format("{}/{}/{}/{}/{}/{}", context.seen.uid, status.candidate, status.run, path,
                                      record.entry, record.failed_attempts + 1);
  std::string name = context.graph.rollout.substr(0, kNamePart);
  name.erase(name.find_last_not_of("-.") + 1);
  return fmt::format("{}-job-{}", name, Sha256(key).substr(0, kHashPart));
}

std::optional<NodeEnd> JudgeRun(Context& context, const graph::Node& node, const graph::RunNode& run,
                                NodeRecord& record) {
  const TimePoint due = record.deadline.value_or(record.entered_at + kReadyBound);
  const std::string name = JobName(context, node.path, record);
  const auto found = context.seen.jobs.find(name);
  if (found == context.seen.jobs.end()) {
    return record.job_uid.empty() ? Start(context, node, run, record, due)
                                  : Broken(fmt::format("Job {} is gone, nobody knows how it ended", name));
  }
  const ObservedJob& job = found->second;
  if (!IsOurs(context, job.object.object)) {
    return Broken(fmt::format("Job {} is another's", name));
  }
  if (record.job_uid.empty()) {
    record.job_uid = job.object.version.uid;
  }
  if (record.job_uid != job.object.version.uid) {
    return Broken(fmt::format("Job {} was replaced, nobody knows how ours ended", name));
  }
  if (job.state == State::kComplete) {
    return NodeEnd{graph::Outcome::kPass, fmt::format("Job {} completed", name)};
  }
  if (job.state == State::kFailed) {
    const TimePoint words = job.object.seen_at + kLastWords;
    if (job.words.empty() && context.now < words) {
      context.Say(fmt::format("Job {} failed; waits for its last words", name), node.path, words);
      return std::nullopt;
    }
    const std::string why = fmt::format("Job {} failed: {}", name, WhyFailed(job));
    if (record.failed_attempts >= run.retries) {
      return NodeEnd{graph::Outcome::kFail, why};
    }
    if (ForwardBlocked(context)) {
      context.Say(fmt::format("{}; another attempt comes when it may", why), node.path);
      return std::nullopt;
    }
    if (context.now >= due) {
      return NodeEnd{graph::Outcome::kFail, why};
    }
    context.Event(
        true, "JobFailed",
        fmt::format("{}: {}; attempt {} of {} follows", node.path, why, record.failed_attempts + 2, run.retries + 1));
    record.failed_attempts += 1;
    record.job_uid.clear();
    return Start(context, node, run, record, due);
  }
  if (job.deleting) {
    return Broken(fmt::format("Job {} was deleted before it ended", name));
  }
  const std::string words = job.words.empty() ? "" : ": " + job.words;
  if (context.now >= due) {
    return NodeEnd{graph::Outcome::kTimeout, fmt::format("Job {} did not end in time{}", name, words)};
  }
  context.Say(fmt::format("waits for Job {} to end{}", name, words), node.path, due, job.words);
  return std::nullopt;
}

void TendJobs(Context& context) {
  for (const auto& [name, job] : context.seen.jobs) {
    if (!IsOurs(context, job.object.object)) {
      continue;
    }
    if (const NodeRecord* record = AwaitedBy(context, name)) {
      Prolong(context, name, job, *record);
      continue;
    }
    const bool stays = IsOver(job) && OfThisRun(context, job);
    if (!stays || HasFinalizer(job)) {
      End(context, name, job, IsOver(job) ? "another run began" : "nothing waits for it any more");
    }
  }
}

void MakeJobs(Context& context) {
  for (ApplyObject& job : context.jobs) {
    context.decision.actions.emplace_back(std::move(job));
  }
  context.jobs.clear();
}

bool LeaveJobs(Context& context) {
  bool done = true;
  for (const auto& [name, job] : context.seen.jobs) {
    if (IsOurs(context, job.object.object) && (HasFinalizer(job) || (!IsOver(job) && !job.deleting))) {
      End(context, name, job, "the rollout was removed");
      done = false;
    }
  }
  return done;
}

bool DeleteJobs(Context& context) {
  bool gone = true;
  for (const auto& [name, job] : context.seen.jobs) {
    if (IsOurs(context, job.object.object)) {
      End(context, name, job, "the rollout was removed");
      gone = false;
    }
  }
  return gone;
}

}  // namespace sluice::decide
