#include "reconciler/verify/world.h"

#include <algorithm>

#include <fmt/format.h>

#include "compiler/graph/names.h"
#include "reconciler/decide/jobs.h"
#include "reconciler/decide/objects.h"

namespace sluice::verify {
namespace {

using decide::ObservedGate;
using decide::ObservedJob;
using decide::Status;

// Samples of a gate that are kept besides those that it may judge together.
constexpr std::size_t kSamplesKept = 4;

std::string Text(const graph::Value& object, std::initializer_list<std::string_view> path) {
  const graph::Value value = object.Path(path);
  return value.as_string() == nullptr ? std::string() : *value.as_string();
}

Revision RevisionOf(const graph::Value& object) { return Text(object, {"metadata", "labels", graph::kRevisionLabel}); }

bool IsCompanion(const std::string& kind) {
  return kind == graph::kBudgetKind || kind == graph::kConfigMapKind || kind == graph::kAutoscalerKind;
}

bool IsCoreService(const decide::ObjectName& name) {
  return name.kind == "Service" && graph::GroupOf(name.api_version).empty();
}

decide::Version VersionOf(std::int32_t uid, std::int32_t version) {
  return {"uid-" + std::to_string(uid), std::to_string(version)};
}

bool Matches(const std::optional<decide::Version>& decided, std::int32_t uid, std::int32_t version) {
  return decided && decided->uid == VersionOf(uid, version).uid &&
         decided->resource_version == VersionOf(uid, version).resource_version;
}

void Earlier(std::optional<TimePoint>& next, const std::optional<TimePoint>& at, TimePoint now) {
  if (at && (!next || *at < *next)) next = std::max(*at, now + Duration{1});
}

}  // namespace

World::World(const Subject& subject, std::size_t committed) : git(committed), subject_(&subject) {
  answers.assign(subject.answers.size(), Answer::kPass);
}

bool World::Routes() const { return !plan().router.shares_by_pods && !plan().router.objects.empty(); }

std::int32_t World::ReadyOf(const Revision& revision) const {
  const auto found = pods.find(revision);
  return found == pods.end() ? 0 : found->second.ready;
}

const graph::Gate* World::GateOf(const decide::GateKey& key) const {
  const std::vector<graph::Gate>& gates_of_plan = plan().gates;
  const auto found = std::find_if(gates_of_plan.begin(), gates_of_plan.end(),
                                  [&](const graph::Gate& gate) { return gate.key == key.gate; });
  return found == gates_of_plan.end() ? nullptr : &*found;
}

bool World::MayGetRequests(const Revision& revision) const {
  return std::any_of(followed.begin(), followed.end(), [&](const FollowedSplit& split) {
    const auto share = split.shares.find(revision);
    return (share != split.shares.end() && share->second > Number(0)) || (split.aside && split.candidate == revision);
  });
}

decide::Observed World::Observe(const Status& status) const {
  decide::Observed seen;
  seen.complete = true;
  seen.wanted = plan().workload.revision;
  seen.digest = std::to_string(git);
  seen.uid = "rollout";
  if (!status.accepted_digest.empty() && status.accepted_digest != seen.digest) {
    seen.accepted = subject_->graphs[static_cast<std::size_t>(std::stoul(status.accepted_digest))];
  }
  for (const auto& graph : subject_->graphs) {
    seen.workloads.try_emplace(graph->workload.revision, graph, &graph->workload);
  }
  for (const auto& [revision, of] : pods) {
    if (!of.exists) continue;
    decide::ObservedDeployment shown;
    shown.version = VersionOf(of.uid, of.version);
    shown.generation = of.generation;
    shown.observed_generation = of.seen_generation;
    shown.spec_replicas = of.spec;
    shown.pods = of.ready + of.starting;
    shown.ready = of.ready;
    shown.epoch = of.epoch;
    shown.owner = of.owner;
    shown.drifted = of.owner != seen.uid;
    if (no_room && shown.pods < of.spec && of.seen_generation == of.generation) shown.blocked = "exceeded quota";
    if (of.sick && of.starting > 0) shown.evidence = "CrashLoopBackOff: exit code 1";
    decide::ObservedRevision& one = seen.revisions[revision];
    one.ready_endpoints = of.ready;
    one.endpoints_since = of.endpoints_since;
    one.deployment = std::move(shown);
  }
  for (const auto& [name, object] : objects) {
    decide::ObservedObject shown{VersionOf(object.uid, object.version), object.generation, object.object,
                                 object.seen_at};
    const Revision revision = RevisionOf(object.object);
    if (!object.routes && IsCoreService(name) && !revision.empty()) {
      seen.revisions[revision].service = shown.version;
      seen.revisions[revision].service_owner = seen.uid;
    } else if (!object.routes && IsCompanion(name.kind) && !revision.empty()) {
      seen.revisions[revision].companions[name] = std::move(shown);
    } else {
      if (IsCoreService(name) && name.name == plan().service) {
        seen.stable_service_revision = Text(object.object, {"spec", "selector", graph::kRevisionLabel});
        for (const auto& [other, of] : pods) {
          const bool selected = seen.stable_service_revision.empty() || seen.stable_service_revision == other;
          if (selected && of.exists) seen.stable_service_ready[other] = of.ready;
        }
        seen.stable_service = shown;
      }
      if (object.routes) seen.router_objects[name] = std::move(shown);
    }
  }
  for (const auto& [name, job] : jobs) {
    ObservedJob shown;
    shown.object = {VersionOf(job.uid, job.version), 1, job.object, job.seen_at};
    shown.state = job.state;
    shown.deleting = job.deleting;
    if (job.state == ObservedJob::State::kFailed) shown.words = "exit code 1";
    seen.jobs[name] = std::move(shown);
  }
  seen.gates = gates;
  seen.commands = commands;
  seen.delivered = delivered;
  return seen;
}

void World::Perform(const Status& status, const std::vector<decide::Action>& actions, std::size_t count) {
  delivered.clear();
  for (std::size_t i = 0; i < std::min(count, actions.size()); ++i) {
    std::visit([&](const auto& action) { Do(status, action); }, actions[i]);
  }
}

void World::ApplyPods(const Revision& revision, const decide::ApplyObject& action) {
  RevisionPods& of = pods[revision];
  if (!of.exists) {
    if (action.version) return;
    const bool sick = of.sick;
    of = RevisionPods{};
    of.sick = sick;
    of.exists = true;
    of.uid = ++uids_;
  } else if (!Matches(action.version, of.uid, of.version)) {
    return;
  }
  of.version += 1;
  of.epoch = decide::EpochOf(action.object);
  of.owner = Text(action.object, {"metadata", "annotations", graph::kOwnerAnnotation});
  const graph::Value replicas = action.object.Path({"spec", "replicas"});
  const auto spec =
      replicas.as_quantity() == nullptr ? 0 : static_cast<std::int32_t>(replicas.as_quantity()->number.Floor());
  if (of.generation == 0 || of.spec != spec) {
    of.spec = spec;
    of.generation += 1;
    of.acts_at = now + kControllerLag;
  }
}

void World::ApplyJob(const std::string& name, const decide::ApplyObject& action) {
  const auto found = jobs.find(name);
  if (found != jobs.end()) {
    WorldJob& job = found->second;
    if (!Matches(action.version, job.uid, job.version)) return;
    job.object = decide::With(action.object, {"metadata", "creationTimestamp"},
                              job.object.Path({"metadata", "creationTimestamp"}));
    job.version += 1;
    job.seen_at = now;
    return;
  }
  if (action.version) return;
  WorldJob job;
  job.uid = ++uids_;
  job.version = 1;
  job.object = decide::With(action.object, {"metadata", "creationTimestamp"}, graph::Value(FormatTime(now)));
  job.node = Text(action.object, {"metadata", "annotations", decide::kNodeAnnotation});
  job.fails = jobs_fail;
  job.seen_at = now;
  if (!jobs_hang) job.ends_at = now + kJobTime;
  jobs.emplace(name, std::move(job));
}

void World::Do(const Status& status, const decide::ApplyObject& action) {
  decide::ObjectName name{Text(action.object, {"apiVersion"}), Text(action.object, {"kind"}),
                          Text(action.object, {"metadata", "namespace"}), Text(action.object, {"metadata", "name"})};
  if (name.kind == "Deployment") return ApplyPods(RevisionOf(action.object), action);
  if (name.kind == graph::kJobKind) return ApplyJob(name.name, action);
  WorldObject& object = objects[name];
  const bool made = object.uid == 0;
  if (made) {
    if (action.version) {
      objects.erase(name);
      return;
    }
    object.uid = ++uids_;
  } else if (!Matches(action.version, object.uid, object.version)) {
    return;
  }
  const graph::Value split = action.object.Path({"metadata", "annotations", decide::kSplitAnnotation});
  object.routes = split.as_string() != nullptr;
  const bool changes = made || !(object.object.Field("spec") == action.object.Field("spec"));
  if (!made && changes) object.generation += 1;
  const graph::Value told = object.object.Field("status");
  object.version += 1;
  object.object = decide::With(action.object, {"metadata", "generation"}, graph::Value(object.generation));
  if (!told.is_none()) object.object = decide::With(object.object, {"status"}, told);
  object.edited = false;
  if (changes) object.seen_at = now;
  if (!object.routes) return;
  object.split = status.applied.sequence;
  if (followed.empty() || followed.back().sequence != status.applied.sequence) {
    followed.push_back({status.applied.sequence, status.applied.shares,
                        !status.applied.matches.empty() || status.applied.mirror > Number(0), status.candidate});
  }
}

void World::Do(const Status&, const decide::DeleteObject& action) {
  if (action.kind == "Deployment") {
    for (auto& [revision, of] : pods) {
      if (!of.exists || VersionOf(of.uid, 0).uid != action.version.uid) continue;
      const bool sick = of.sick;
      of = RevisionPods{};
      of.sick = sick;
    }
  } else if (action.kind == graph::kJobKind) {
    for (auto& [name, job] : jobs) job.deleting = job.deleting || VersionOf(job.uid, 0).uid == action.version.uid;
  } else {
    std::erase_if(objects, [&](const auto& entry) { return VersionOf(entry.second.uid, 0).uid == action.version.uid; });
  }
}

void World::Do(const Status&, const decide::MeasureGate& action) {
  ObservedGate& gate = gates[action.key];
  gate.asked_at = now;
  gate.next_sequence = action.sequence + 1;
  asked_.push_back({action.key, action.sequence, action.gate, now + kAnswerTime});
}

void World::Do(const Status&, const decide::SendNotification& action) { delivered[action.key] = true; }

void World::Do(const Status&, const decide::ConsumeCommand& action) {
  std::erase_if(commands, [&](const decide::Command& command) { return command.uid == action.uid; });
}

void World::Say(decide::Command command) {
  command.uid = "command-" + std::to_string(++uids_);
  command.at = now;
  commands.push_back(std::move(command));
}

std::optional<TimePoint> World::NextEvent() const {
  std::optional<TimePoint> next;
  for (const auto& [revision, of] : pods) {
    if (!of.exists) continue;
    Earlier(next, of.acts_at, now);
    Earlier(next, of.ready_at, now);
  }
  for (const auto& [name, job] : jobs) {
    if (job.state == ObservedJob::State::kRunning && !job.deleting) Earlier(next, job.ends_at, now);
    const bool goes = job.deleting && job.object.Path({"metadata", "finalizers"}).is_none();
    if (goes) Earlier(next, now + kControllerLag, now);
  }
  if (!routers_stand) {
    for (const auto& [name, object] : objects) {
      if (object.routes && object.followed != object.generation) Earlier(next, object.seen_at + kControllerLag, now);
    }
  }
  for (const Asked& asked : asked_) Earlier(next, asked.at, now);
  return next;
}

void World::RunPods() {
  for (auto& [revision, of] : pods) {
    if (!of.exists) continue;
    if (of.acts_at && *of.acts_at <= now) {
      of.acts_at.reset();
      of.seen_generation = of.generation;
      of.version += 1;
    }
    if (of.acts_at) continue;
    const std::int32_t more = of.spec - of.ready - of.starting;
    if (more > 0 && !no_room) {
      of.starting += more;
      of.ready_at.reset();
    } else if (more < 0) {
      const std::int32_t waiting = std::min(of.starting, -more);
      of.starting -= waiting;
      of.ready = std::max(0, of.ready - (-more - waiting));
    }
    if (of.starting == 0 || of.sick) {
      of.ready_at.reset();
    } else if (!of.ready_at) {
      of.ready_at = now + kPodStart;
    }
    if (of.ready_at && *of.ready_at <= now) {
      of.ready += of.starting;
      of.starting = 0;
      of.ready_at.reset();
    }
    if (of.ready == 0) {
      of.endpoints_since.reset();
    } else if (!of.endpoints_since) {
      of.endpoints_since = now;
    }
  }
}

void World::RunJobs() {
  for (auto& [name, job] : jobs) {
    if (job.state == ObservedJob::State::kRunning && !job.deleting && job.ends_at && *job.ends_at <= now) {
      job.state = job.fails ? ObservedJob::State::kFailed : ObservedJob::State::kComplete;
      job.version += 1;
      job.seen_at = now;
    }
  }
  std::erase_if(jobs, [](const auto& entry) {
    return entry.second.deleting && entry.second.object.Path({"metadata", "finalizers"}).is_none();
  });
}

void World::RunRouters() {
  if (routers_stand) return;
  bool all = true;
  for (auto& [name, object] : objects) {
    if (!object.routes || object.followed == object.generation) continue;
    if (now < object.seen_at + kControllerLag) {
      all = false;
      continue;
    }
    object.followed = object.generation;
    object.version += 1;
    object.seen_at = now;
    object.object = decide::With(object.object, {"status"}, FollowedStatus(plan(), object.object, object.generation));
  }
  // Proxies have the lag that the router speaks of to follow; it begins for the executor with what it sees.
  if (all && followed.size() > 1) followed.erase(followed.begin(), followed.end() - 1);
}

void World::RunGates() {
  for (const Asked& asked : asked_) {
    if (asked.at > now) continue;
    ObservedGate& gate = gates[asked.key];
    gate.asked_at.reset();
    decide::Sample sample;
    sample.sequence = asked.sequence;
    sample.at = now;
    sample.answered_at = now;
    const GateAnswers& can = subject_->answers[asked.gate];
    const Answer says = answers[asked.gate];
    const std::optional<Measured>& values = says == Answer::kFail ? can.fail : can.pass;
    if (says == Answer::kNoData || says == Answer::kError || !values) {
      sample.kind = says == Answer::kNoData ? graph::Evaluation::Kind::kNoData : graph::Evaluation::Kind::kError;
      sample.message = "no answer";
    } else {
      for (const auto& [name, value] : *values) sample.values[name] = value;
    }
    const bool same = !gate.samples.empty() && gate.samples.back().kind == sample.kind;
    if (!same) gate.streak_since.reset();
    gate.samples.push_back(std::move(sample));
    const auto fail_of = static_cast<std::size_t>(std::max(1, plan().gates[asked.gate].fail_of));
    if (gate.samples.size() > kSamplesKept + fail_of) {
      const decide::Sample& oldest = gate.samples.front();
      if (oldest.kind == gate.samples.back().kind && !gate.streak_since) gate.streak_since = oldest.answered_at;
      gate.samples.erase(gate.samples.begin());
    }
  }
  std::erase_if(asked_, [&](const Asked& asked) { return asked.at <= now; });
}

void World::MoveTo(TimePoint time) {
  now = std::max(now, time);
  RunPods();
  RunJobs();
  RunRouters();
  RunGates();
}

void World::Restart() {
  gates.clear();
  asked_.clear();
  delivered.clear();
}

void World::Forget(const Status& status) {
  const auto over = [&](const decide::GateKey& key) {
    if (key.run != status.run) return true;
    const auto record = status.nodes.find(key.node);
    return record != status.nodes.end() &&
           (record->second.entry != key.entry ||
            (record->second.state == decide::NodeState::kDone && !record->second.recheck));
  };
  std::erase_if(gates, [&](const auto& entry) { return over(entry.first); });
  std::erase_if(asked_, [&](const Asked& asked) { return !gates.contains(asked.key); });
}

}  // namespace sluice::verify
