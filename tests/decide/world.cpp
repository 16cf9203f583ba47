#include "tests/decide/world.h"

#include <algorithm>

#include <fmt/format.h>

#include "compiler/graph/codec.h"
#include "compiler/graph/names.h"
#include "reconciler/decide/jobs.h"
#include "reconciler/decide/objects.h"

namespace sluice::decide::test {
namespace {

constexpr Duration kControllerLag{500};
constexpr Duration kRouteLag{1'000};
constexpr Duration kAnswerTime{200};

std::string Text(const graph::Value& object, std::initializer_list<std::string_view> path) {
  const graph::Value value = object.Path(path);
  return value.as_string() == nullptr ? std::string() : *value.as_string();
}

std::int32_t Replicas(const graph::Value& object) {
  const graph::Value value = object.Path({"spec", "replicas"});
  const graph::Quantity* number = value.as_quantity();
  return number == nullptr ? 0 : static_cast<std::int32_t>(number->number.Floor());
}

bool IsService(const std::string& api_version, const std::string& kind) {
  return kind == "Service" && graph::GroupOf(api_version).empty();
}

Revision RevisionOf(const graph::Value& object) { return Text(object, {"metadata", "labels", graph::kRevisionLabel}); }

}  // namespace

World::World(graph::Graph plan) { Commit(std::move(plan)); }

void World::Commit(graph::Graph plan) {
  plan_ = std::make_shared<const graph::Graph>(std::move(plan));
  digest_ = "digest-" + std::to_string(++commits_);
  graphs_[digest_] = plan_;
}

void World::Forget(const Revision& revision) {
  std::erase_if(graphs_, [&](const auto& entry) { return entry.second->workload.revision == revision; });
}

std::int32_t World::ReadyOf(const Revision& revision, const Deployment& deployment) const {
  const auto found = behaviour.find(revision);
  if (found != behaviour.end() && !found->second.ready) {
    return 0;
  }
  const auto ready = static_cast<std::int32_t>(
      std::count_if(deployment.pods.begin(), deployment.pods.end(), [&](TimePoint at) { return at <= now_; }));
  return found != behaviour.end() && found->second.at_most ? std::min(ready, *found->second.at_most) : ready;
}

Observed World::Observe() const {
  Observed seen;
  seen.complete = true;
  seen.removed = removed;
  seen.unseen = unseen;
  seen.wanted = plan_->workload.revision;
  seen.digest = digest_;
  seen.uid = uid;
  if (accepted_digest != digest_ && graphs_.contains(accepted_digest)) {
    seen.accepted = graphs_.at(accepted_digest);
  }
  for (const auto& [digest, graph] : graphs_) {
    seen.workloads[graph->workload.revision] = std::shared_ptr<const graph::Workload>(graph, &graph->workload);
  }
  for (const auto& [revision, deployment] : deployments_) {
    ObservedDeployment shown;
    shown.version = {deployment.uid, std::to_string(deployment.version)};
    shown.generation = deployment.generation;
    shown.observed_generation = deployment.seen_generation;
    shown.spec_replicas = deployment.spec;
    shown.pods = static_cast<std::int32_t>(deployment.pods.size());
    shown.ready = ReadyOf(revision, deployment);
    shown.epoch = deployment.epoch;
    shown.owner = deployment.owner;
    shown.drifted = deployment.owner != uid;
    if (shown.pods < shown.spec_replicas && quota && deployment.seen_generation == deployment.generation) {
      shown.blocked = "exceeded quota";
    }
    const auto acts = behaviour.find(revision);
    if (acts != behaviour.end() && !acts->second.ready) {
      shown.evidence = "CrashLoopBackOff: exit 1";
    }
    seen.revisions[revision].deployment = shown;
    seen.revisions[revision].ready_endpoints = shown.ready;
  }
  for (const auto& [revision, service] : services_) {
    seen.revisions[revision].service = service.first;
    seen.revisions[revision].service_owner = service.second;
  }
  const auto show = [](const Route& route) {
    return ObservedObject{{route.uid, std::to_string(route.version)}, route.generation, route.object, route.seen_at};
  };
  for (const auto& [revision, companions] : companions_) {
    for (const auto& [name, companion] : companions) seen.revisions[revision].companions[name] = show(companion);
  }
  if (stable_service_) {
    seen.stable_service = show(*stable_service_);
    seen.stable_service_revision = Text(stable_service_->object, {"spec", "selector", graph::kRevisionLabel});
    for (const auto& [revision, deployment] : deployments_) {
      if (seen.stable_service_revision.empty() || seen.stable_service_revision == revision) {
        seen.stable_service_ready[revision] = ReadyOf(revision, deployment);
      }
    }
  }
  for (const auto& [name, route] : routes_) {
    seen.router_objects[name] = show(route);
  }
  for (const auto& [name, job] : jobs_) {
    ObservedJob shown;
    shown.object = {job.version, 1, job.object, job.seen_at};
    shown.state = job.state;
    shown.deleting = job.deleting;
    if (job.state == ObservedJob::State::kFailed) shown.words = "exit code 1: no such table";
    seen.jobs[name] = shown;
  }
  seen.gates = gates_;
  seen.commands = commands_;
  seen.delivered = delivered_;
  seen.failures = failures;
  return seen;
}

void World::Perform(const std::vector<Action>& actions) {
  delivered_.clear();
  for (const Action& action : actions) {
    std::visit([&](const auto& one) { Do(one); }, action);
  }
}

void World::Do(const ApplyObject& action) {
  const std::string kind = Text(action.object, {"kind"});
  const bool service = IsService(Text(action.object, {"apiVersion"}), kind);
  busy_until_ = now_ + kControllerLag;
  if (kind == graph::kJobKind) {
    return DoJob(action);
  }
  if (kind == "Deployment") {
    CheckConfig(RevisionOf(action.object));
    Deployment& deployment = deployments_[RevisionOf(action.object)];
    if (deployment.uid.empty()) {
      deployment.uid = NextUid();
    } else if (!action.version || action.version->resource_version != std::to_string(deployment.version)) {
      return;
    }
    deployment.version += 1;
    deployment.epoch = EpochOf(action.object);
    deployment.owner = Text(action.object, {"metadata", "annotations", graph::kOwnerAnnotation});
    if (deployment.spec != Replicas(action.object)) {
      deployment.spec = Replicas(action.object);
      deployment.generation += 1;
    }
    return;
  }
  if (service && !RevisionOf(action.object).empty()) {
    const std::string owner = Text(action.object, {"metadata", "annotations", graph::kOwnerAnnotation});
    services_.insert_or_assign(RevisionOf(action.object), std::pair(Version{NextUid(), "1"}, owner));
    return;
  }
  Route* route = nullptr;
  const bool companion = kind == graph::kBudgetKind || kind == graph::kConfigMapKind || kind == graph::kAutoscalerKind;
  const ObjectName name{Text(action.object, {"apiVersion"}), kind, Text(action.object, {"metadata", "namespace"}),
                        Text(action.object, {"metadata", "name"})};
  if (companion) {
    route = &companions_[RevisionOf(action.object)][name];
  } else if (service) {
    stable_service_ = stable_service_ ? stable_service_ : Route{};
    route = &*stable_service_;
  } else {
    route = &routes_[name];
  }
  if (route->uid.empty()) {
    route->uid = NextUid();
  } else if (!action.version || action.version->resource_version != std::to_string(route->version)) {
    return;
  }
  const graph::Value status = route->object.Field("status");
  if (!(route->object.Field("spec") == action.object.Field("spec"))) {
    route->generation += 1;
  }
  route->version += 1;
  if (!service && !companion && plan_->router.address != graph::Router::Address::kRouter)
    NoteBackends(*route, action.object);
  route->object = With(action.object, {"metadata", "generation"}, graph::Value(route->generation));
  route->object = With(route->object, {"status"}, status);
  route->seen_at = now_;
  busy_until_ = now_ + kRouteLag;
}

namespace {

// Revisions that the route names, and whether it sends them anything.
std::map<Revision, bool> BackendsOf(const graph::Value& object) {
  const auto items = [&](const char* field) {
    const graph::Value list = object.Path({"spec", field});
    return list.as_list() == nullptr ? graph::List() : *list.as_list();
  };
  const bool aside = !items("matches").empty() || !items("mirrors").empty();
  std::map<Revision, bool> sends;
  for (const graph::Value& backend : items("backends")) {
    const graph::Value weight = backend.Field("weight");
    sends[backend.Field("revision").ToText()] =
        (weight.as_quantity() != nullptr && weight.as_quantity()->number > Number(0)) ||
        (aside && backend.Field("role").ToText() == "candidate");
  }
  return sends;
}

}  // namespace

void World::NoteBackends(Route& route, const graph::Value& object) {
  const std::map<Revision, bool> before = BackendsOf(route.object);
  const std::map<Revision, bool> after = BackendsOf(object);
  const Duration lag = plan_->router.lag;
  const bool answered = std::any_of(before.begin(), before.end(), [&](const auto& entry) {
    const auto deployment = deployments_.find(entry.first);
    return entry.second && deployment != deployments_.end() && ReadyOf(entry.first, deployment->second) > 0;
  });
  for (const auto& [revision, sends] : after) {
    const TimePoint named = before.contains(revision) ? route.named[revision] : now_;
    route.named[revision] = named;
    if (sends && answered && named + lag > now_ && !(before.contains(revision) && before.at(revision)))
      hasty.push_back(revision + " gets requests before it is known");
  }
  for (const auto& [revision, was_used] : before) {
    const auto found = after.find(revision);
    if (was_used && (found == after.end() || !found->second)) route.used[revision] = now_;
    if (found == after.end() && services_.contains(revision) && route.used[revision] + lag > now_) {
      hasty.push_back(revision + " is left out while requests may be on the way to it");
    }
  }
}

void World::CheckConfig(const Revision& revision) {
  const auto found = std::find_if(graphs_.begin(), graphs_.end(),
                                  [&](const auto& entry) { return entry.second->workload.revision == revision; });
  if (found == graphs_.end()) return;
  const auto& there = companions_[revision];
  for (const graph::Value& companion : found->second->workload.companions) {
    const std::string name = Text(companion, {"metadata", "name"});
    const bool missing =
        std::none_of(there.begin(), there.end(), [&](const auto& entry) { return entry.first.name == name; });
    if (Text(companion, {"kind"}) == graph::kConfigMapKind && missing) {
      hasty.push_back("pods of " + revision + " have no ConfigMap " + name);
    }
  }
}

void World::DeleteCompanions(const Revision& revision) { companions_.erase(revision); }

void World::DoJob(const ApplyObject& action) {
  const std::string name = Text(action.object, {"metadata", "name"});
  const auto found = jobs_.find(name);
  job_deadlines[Text(action.object, {"metadata", "annotations", kNodeAnnotation})] =
      static_cast<int>(action.object.Path({"spec", "activeDeadlineSeconds"}).as_quantity()->number.Floor());
  if (found != jobs_.end()) {
    if (action.version && action.version->resource_version == found->second.version.resource_version) {
      found->second.object = With(action.object, {"metadata", "creationTimestamp"},
                                  found->second.object.Path({"metadata", "creationTimestamp"}));
      found->second.version.resource_version += "+";
      found->second.seen_at = now_;
    }
    return;
  }
  if (action.version) {
    return;
  }
  const std::string run = Text(action.object, {"metadata", "annotations", kRunAnnotation});
  for (const auto& [other, job] : jobs_) {
    if (job.state == ObservedJob::State::kRunning &&
        Text(job.object, {"metadata", "annotations", kRunAnnotation}) != run) {
      hasty.push_back("Job " + name + " begins while one of another run still runs");
    }
  }
  if (!jobs_made.insert(name).second) {
    hasty.push_back("Job " + name + " is made a second time");
  }
  Job job;
  job.version = {NextUid(), "1"};
  job.object = With(action.object, {"metadata", "creationTimestamp"}, graph::Value(FormatTime(now_)));
  job.node = Text(action.object, {"metadata", "annotations", kNodeAnnotation});
  JobBehaviour& acts = job_acts[job.node];
  job.fails = acts.fails-- > 0;
  job.hangs = acts.hangs;
  job.ends_at = now_ + acts.takes;
  job.seen_at = now_;
  jobs_.emplace(name, std::move(job));
}

// What is to go ends at once; it is gone when no finalizer keeps it.
void World::RunJobs() {
  for (auto& [name, job] : jobs_) {
    if (job.state == ObservedJob::State::kRunning && !job.hangs && !job.deleting && now_ >= job.ends_at) {
      job.state = job.fails ? ObservedJob::State::kFailed : ObservedJob::State::kComplete;
      job.version.resource_version += "+";
      job.seen_at = now_;
    }
  }
  std::erase_if(jobs_, [](const auto& entry) {
    return entry.second.deleting && entry.second.object.Path({"metadata", "finalizers"}).is_none();
  });
}

std::vector<std::string> World::Jobs() const {
  constexpr const char* kStates[] = {"running", "complete", "failed"};
  std::vector<std::string> jobs;
  for (const auto& [name, job] : jobs_) {
    const bool released = job.object.Path({"metadata", "finalizers"}).is_none();
    jobs.push_back(job.node + " " + kStates[static_cast<int>(job.state)] + (released ? ", released" : ""));
  }
  std::sort(jobs.begin(), jobs.end());
  return jobs;
}

void World::Do(const DeleteObject& action) {
  if (action.kind == graph::kJobKind) {
    busy_until_ = now_ + kControllerLag;
    for (auto& [name, job] : jobs_) {
      job.deleting = job.deleting || job.version.uid == action.version.uid;
    }
    return;
  }
  if (action.kind == "Deployment") {
    std::erase_if(deployments_, [&](const auto& entry) { return entry.second.uid == action.version.uid; });
  } else if (action.kind == graph::kBudgetKind || action.kind == graph::kConfigMapKind ||
             action.kind == graph::kAutoscalerKind) {
    for (auto& [revision, companions] : companions_) {
      std::erase_if(companions, [&](const auto& entry) { return entry.second.uid == action.version.uid; });
      if (deployments_.contains(revision)) CheckConfig(revision);
    }
  } else if (IsService(action.api_version, action.kind)) {
    std::erase_if(services_, [&](const auto& entry) { return entry.second.first.uid == action.version.uid; });
    if (stable_service_ && stable_service_->uid == action.version.uid) {
      stable_service_.reset();
    }
  } else if (keeps_routes) {
    for (auto& [name, route] : routes_) {
      if (route.uid == action.version.uid) {
        route.object = With(route.object, {"metadata", "deletionTimestamp"}, graph::Value("now"));
      }
    }
  } else {
    std::erase_if(routes_, [&](const auto& entry) { return entry.second.uid == action.version.uid; });
  }
}

void World::Do(const MeasureGate& action) {
  ObservedGate& gate = gates_[action.key];
  gate.asked_at = now_;
  gate.next_sequence = action.sequence + 1;
  asked_.push_back({action.key, action.sequence, now_ + kAnswerTime});
}

void World::Do(const SendNotification& action) {
  delivered_[action.key] = !notify_down;
  if (!notify_down) {
    sent.push_back(action.message);
  }
}

void World::Do(const ConsumeCommand& action) {
  std::erase_if(commands_, [&](const Command& command) { return command.uid == action.uid; });
  if (!action.refused.empty()) {
    refused.push_back(action.refused);
  }
}

void World::Say(Command command) {
  if (command.uid.empty()) {
    command.uid = NextUid();
  }
  command.at = now_;
  commands_.push_back(std::move(command));
}

std::optional<TimePoint> World::NextEvent() const {
  const std::optional<TimePoint> next = NextChange();
  const TimePoint count = std::max(now_ + Duration{1}, counted_at_ + kCountsEvery);
  return Counts() && (!next || count < *next) ? std::optional(count) : next;
}

std::optional<TimePoint> World::NextChange() const {
  std::optional<TimePoint> next;
  const auto take = [&](TimePoint at) {
    if (at > now_ && (!next || at < *next)) {
      next = at;
    }
  };
  if (busy_until_) {
    take(*busy_until_);
  }
  if (!gates_silent) {
    for (const Asked& asked : asked_) {
      take(asked.at);
    }
  }
  for (const auto& [name, job] : jobs_) {
    if (!job.hangs && job.state == ObservedJob::State::kRunning) {
      take(job.ends_at);
    }
  }
  for (const auto& [name, route] : routes_) {
    if (!route_stuck && !(route.object.Path({"status", "seen"}) == graph::Value(route.generation))) {
      take(std::max(now_ + Duration{1}, route.seen_at + kRouteLag));
    }
  }
  for (const auto& [revision, deployment] : deployments_) {
    for (const TimePoint ready : deployment.pods) {
      take(ready);
    }
  }
  return next;
}

void World::RunDeployments() {
  std::int32_t total = 0;
  for (auto& [revision, deployment] : deployments_) {
    if (deployment.seen_generation != deployment.generation) {
      deployment.seen_generation = deployment.generation;
      deployment.version += 1;
    }
    std::sort(deployment.pods.begin(), deployment.pods.end());
    if (std::cmp_greater(deployment.pods.size(), std::max(0, deployment.spec))) {
      deployment.pods.resize(static_cast<std::size_t>(std::max(0, deployment.spec)));
    }
    total += static_cast<std::int32_t>(deployment.pods.size());
  }
  for (auto& [revision, deployment] : deployments_) {
    while (std::cmp_less(deployment.pods.size(), deployment.spec) && (!quota || total < *quota)) {
      const auto acts = behaviour.find(revision);
      deployment.pods.push_back(now_ + (acts == behaviour.end() ? Duration{3'000} : acts->second.start));
      ++total;
    }
  }
}

void World::MoveTo(TimePoint time) {
  now_ = std::max(now_, time);
  if (busy_until_ && *busy_until_ <= now_) {
    busy_until_.reset();
  }
  RunAutoscalers();
  RunDeployments();
  RunJobs();
  for (auto& [name, route] : routes_) {
    const graph::Value follows(route.generation);
    if (!route_stuck && now_ >= route.seen_at + kRouteLag && !(route.object.Path({"status", "seen"}) == follows)) {
      route.object = With(route.object, {"status", "seen"}, follows);
      route.version += 1;
      route.seen_at = now_;
    }
  }
  if (gates_silent) {
    return;
  }
  for (const Asked& asked : asked_) {
    if (asked.at > now_) {
      continue;
    }
    ObservedGate& gate = gates_[asked.key];
    gate.asked_at.reset();
    Sample sample;
    sample.sequence = asked.sequence;
    sample.at = now_;
    sample.answered_at = now_;
    const auto own = answer_of.find(asked.key.gate);
    sample.kind = own == answer_of.end() ? answers : own->second.first;
    if (sample.kind == graph::Evaluation::Kind::kValue) {
      sample.values["value"] = graph::Value::Percent(own == answer_of.end() ? error_rate : own->second.second);
    } else {
      sample.message = "no answer";
    }
    gate.samples.push_back(std::move(sample));
    if (gate.samples.size() > 64) {
      gate.samples.erase(gate.samples.begin());
    }
  }
  std::erase_if(asked_, [&](const Asked& asked) { return asked.at <= now_; });
}

void World::Restart() {
  gates_.clear();
  asked_.clear();
  delivered_.clear();
}

std::map<Revision, Number> World::Routed() const {
  std::map<Revision, Number> shares;
  for (const auto& [name, route] : routes_) {
    const graph::Value list = route.object.Path({"spec", "backends"});
    if (list.as_list() == nullptr) {
      continue;
    }
    for (const graph::Value& backend : *list.as_list()) {
      const graph::Value weight = backend.Field("weight");
      if (weight.as_quantity() != nullptr && weight.as_quantity()->number > Number(0)) {
        shares[backend.Field("revision").ToText()] = weight.as_quantity()->number;
      }
    }
  }
  return shares;
}

std::vector<std::string> World::RouteNames() const {
  std::vector<std::string> names;
  for (const auto& [name, route] : routes_) {
    names.push_back(name.name);
  }
  return names;
}

std::vector<std::string> World::DeadEnds() {
  std::vector<std::string> found;
  for (const auto& [name, route] : routes_) {
    for (const auto& [revision, sends] : BackendsOf(route.object)) {
      const auto deployment = deployments_.find(revision);
      const bool alive = deployment != deployments_.end() && ReadyOf(revision, deployment->second) > 0;
      if (!alive && sends) {
        found.push_back(name.name + " leads to " + revision + ", which has no ready pod");
      }
      if (!services_.contains(revision)) {
        found.push_back(name.name + " leads to " + revision + ", which has no Service");
      }
    }
  }
  had_route_ = (had_route_ || !routes_.empty()) && !plan_->router.shares_by_pods;
  if (routes_.empty() && had_route_) {
    found.emplace_back("there is no route any more");
  }
  return found;
}

void World::ReleaseRoutes() {
  keeps_routes = false;
  std::erase_if(routes_, [](const auto& entry) {
    return !entry.second.object.Path({"metadata", "deletionTimestamp"}).is_none();
  });
}

void World::TakeRoute(const std::string& name, const std::string& owner) {
  for (auto& [object, route] : routes_) {
    if (object.name == name) {
      route.object = With(route.object, {"metadata", "annotations", graph::kOwnerAnnotation}, graph::Value(owner));
      route.version += 1;
    }
  }
}

std::int32_t World::Pods(const Revision& revision) const {
  const auto found = deployments_.find(revision);
  return found == deployments_.end() ? 0 : found->second.spec;
}

std::int32_t World::ReadyPods(const Revision& revision) const {
  const auto found = deployments_.find(revision);
  return found == deployments_.end() ? 0 : ReadyOf(revision, found->second);
}

void World::EditRoute() {
  for (auto& [name, route] : routes_) {
    route.object = With(route.object, {"spec", "matches"}, graph::Value("edited"));
    route.generation += 1;
    route.version += 1;
    route.object = With(route.object, {"metadata", "generation"}, graph::Value(route.generation));
  }
}

void World::DeleteDeployment(const Revision& revision) { deployments_.erase(revision); }

}  // namespace sluice::decide::test
