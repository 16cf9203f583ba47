#include "reconciler/execute/acts.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "compiler/graph/names.h"
#include "compiler/graph/split.h"
#include "reconciler/cluster/value_json.h"
#include "reconciler/decide/jobs.h"
#include "reconciler/execute/events.h"
#include "reconciler/loop/retry.h"
#include "reconciler/measure/notify.h"
#include "reconciler/measure/sample.h"
#include "reconciler/telemetry/log.h"

namespace sluice::execute {
namespace {

using cluster::Json;
using decide::Sample;
using telemetry::Log;
using telemetry::LogKey;
using telemetry::LogLevel;

constexpr std::size_t kSamplesKept = 64;
constexpr int kDiscards = 50;  // four hours

const char* KindOf(const Sample& sample) {
  switch (sample.kind) {
    case graph::Evaluation::Kind::kValue:
      return "value";
    case graph::Evaluation::Kind::kNoData:
      return "no-data";
    case graph::Evaluation::Kind::kError:
      return "error";
  }
  return "error";
}

bool HasJobFinalizer(const Json& object) {
  const auto& finalizers = cluster::List(object, {"metadata", "finalizers"});
  return std::find(finalizers.begin(), finalizers.end(), Json(decide::kJobFinalizer)) != finalizers.end();
}

// Labels and annotations that only executors write.
constexpr std::array kOwnMarks = {
    graph::kServiceLabel,    graph::kRevisionLabel,     graph::kRolloutLabel,    graph::kOwnerAnnotation,
    graph::kEpochAnnotation, graph::kAdoptedAnnotation, graph::kBelowAnnotation, graph::kAdoptedTemplateAnnotation};

// `live` with what `wanted` says: each field of the spec that it names is as it says, of metadata what is ours.
Json WholeOf(const Json& live, const Json& wanted) {
  Json object = live;
  object.erase("status");
  // What is let go of is owned by nobody, or the next apply of somebody's would meet a conflict.
  const bool leaves = cluster::Find(wanted, {"metadata", "annotations", graph::kOwnerAnnotation}) == nullptr;
  Json others = Json::array();
  for (const Json& entry : cluster::List(live, {"metadata", "managedFields"})) {
    if (!cluster::Says(entry, {"manager"}, graph::kExecutorManager)) others.push_back(entry);
  }
  if (others.empty()) others.push_back(Json::object());  // an empty list would change nothing
  object["metadata"].erase("managedFields");
  if (leaves) object["metadata"]["managedFields"] = std::move(others);
  for (const char* field : {"labels", "annotations"}) {
    Json names = cluster::Find(live, {"metadata", field}) == nullptr ? Json::object() : live["metadata"][field];
    for (const char* mark : kOwnMarks) names.erase(mark);
    if (const Json* said = cluster::Find(wanted, {"metadata", field})) cluster::Update(names, *said);
    object["metadata"][field] = std::move(names);
  }
  // A strategy's fields that nobody names are as they were.
  Json strategy = live["spec"].value("updateStrategy", Json::object());
  cluster::Update(object["spec"], wanted["spec"]);
  if (const Json* said = cluster::Find(wanted, {"spec", "updateStrategy"})) {
    strategy.merge_patch(*said);
    object["spec"]["updateStrategy"] = std::move(strategy);
  }
  return object;
}

}  // namespace

void Runner::Acts::Perform(std::vector<decide::Action> actions, Done done) {
  auto batch = std::make_shared<Batch>(Batch{std::move(actions), 0, false, std::move(done)});
  Next(batch);
}

void Runner::Acts::Next(const BatchPtr& batch) {
  if (batch->next == batch->actions.size()) {
    if (!batch->refused) runner_.failures_.clear();
    return batch->done(batch->wrote, batch->refused);
  }
  const decide::Action& action = batch->actions[batch->next++];
  std::visit([&](const auto& one) { Start(batch, one); }, action);
}

void Runner::Acts::Start(const BatchPtr& batch, const decide::ApplyObject& action) {
  Json object = cluster::ToJson(action.object);
  if (action.whole && action.version) return ReplaceWhole(batch, std::move(object), action);
  if (action.version) {
    object["metadata"]["uid"] = action.version->uid;
    object["metadata"]["resourceVersion"] = action.version->resource_version;
    return Write(batch, std::move(object), action.why);
  }
  object["metadata"]["resourceVersion"] = cluster::kOnlyCreate;
  Write(batch, std::move(object), action.why);
}

// What was to be made is there: by a write whose answer was lost, by another executor, or it isn't ours at all.
void Runner::Acts::FindOwner(const BatchPtr& batch, const cluster::ObjectKey& key) {
  runner_.shared_.cluster.Send(cluster::Get{key}, runner_.Safe([this, batch, key](Result<cluster::SharedJson> got) {
    if (!got) return Failed(batch, key, got.error());
    const std::string owner = cluster::Text(**got, {"metadata", "annotations", graph::kOwnerAnnotation});
    runner_.shared_.world.Learn(*got);
    if (owner == runner_.uid_) {
      return Failed(batch, key, Error{ErrorCode::kConflict, "it exists already"});
    }
    Failed(batch, key, Error{ErrorCode::kForbidden, "it exists and is not this rollout's"});
  }));
}

void Runner::Acts::Write(const BatchPtr& batch, Json object, const std::string& why) {
  const cluster::ObjectKey key = cluster::KeyOf(object);
  const bool creates = cluster::Says(object, {"metadata", "resourceVersion"}, cluster::kOnlyCreate);
  const bool releases = key.kind.kind == graph::kJobKind && !HasJobFinalizer(object);
  Log(LogLevel::kInfo, fmt::format("write {}", why),
      {{LogKey::kRollout, runner_.name_.second},
       {LogKey::kObject, cluster::ToString(key)},
       {LogKey::kCommit, runner_.view_.commit}});
  runner_.shared_.cluster.Send(cluster::Apply{std::move(object), graph::kExecutorManager, true},
                               runner_.Safe([this, batch, key, creates, releases](Result<cluster::SharedJson> answer) {
                                 const bool there = creates && !answer && answer.error().code == ErrorCode::kConflict;
                                 if (there) return FindOwner(batch, key);
                                 if (!answer) return Failed(batch, key, answer.error());
                                 runner_.shared_.world.Learn(*answer);
                                 if (releases && HasJobFinalizer(**answer)) {
                                   return Failed(batch, key, Error{ErrorCode::kInvalid, "another owns its finalizer"});
                                 }
                                 runner_.failures_.erase(cluster::ToString(key));
                                 batch->wrote = true;
                                 Next(batch);
                               }));
}

// Server-side apply leaves what other managers own. So the object is read, and written with what is said of it.
void Runner::Acts::ReplaceWhole(const BatchPtr& batch, Json object, const decide::ApplyObject& action) {
  const cluster::ObjectKey key = cluster::KeyOf(object);
  const auto written = [this, batch, key](Result<cluster::SharedJson> answer) {
    if (!answer) return Failed(batch, key, answer.error());
    runner_.shared_.world.Learn(*answer);
    runner_.failures_.erase(cluster::ToString(key));
    batch->wrote = true;
    Next(batch);
  };
  Log(LogLevel::kInfo, fmt::format("write {}", action.why),
      {{LogKey::kRollout, runner_.name_.second},
       {LogKey::kObject, cluster::ToString(key)},
       {LogKey::kCommit, runner_.view_.commit}});
  runner_.shared_.cluster.Send(
      cluster::Get{key}, runner_.Safe([this, batch, key, object = std::move(object), version = *action.version,
                                       written](Result<cluster::SharedJson> live) {
        if (!live) return Failed(batch, key, live.error());
        const Identity id = IdentityOf(**live);
        if (id.uid != version.uid || id.resource_version != version.resource_version) {
          return Failed(batch, key, Error{ErrorCode::kConflict, "it was changed meanwhile"});
        }
        runner_.shared_.cluster.Send(cluster::Replace{WholeOf(**live, object), graph::kExecutorManager},
                                     runner_.Safe(written));
      }));
}

void Runner::Acts::Start(const BatchPtr& batch, const decide::DeleteObject& action) {
  const cluster::ObjectKey key{{action.api_version, action.kind}, action.namespace_, action.name};
  if (runner_.shared_.world.IsDeleting(key, action.version.uid)) return Next(batch);
  Log(LogLevel::kInfo, fmt::format("delete: {}", action.why),
      {{LogKey::kRollout, runner_.name_.second}, {LogKey::kObject, cluster::ToString(key)}});
  runner_.shared_.cluster.Send(
      cluster::Delete{key, action.version.uid, action.version.resource_version, action.foreground},
      runner_.Safe([this, batch, key, uid = action.version.uid](const Result<cluster::SharedJson>& answer) {
        if (!answer && answer.error().code != ErrorCode::kNotFound) return Failed(batch, key, answer.error());
        runner_.shared_.world.MarkDeleting(key, uid);
        runner_.failures_.erase(cluster::ToString(key));
        batch->wrote = true;
        Next(batch);
      }));
}

void Runner::Acts::Discard(const cluster::ObjectKey& key, const std::string& uid, int failures) {
  runner_.shared_.world.MarkDeleting(key, uid);
  runner_.shared_.cluster.Send(
      cluster::Delete{key, uid, ""},
      runner_.Safe([this, key, uid, failures](const Result<cluster::SharedJson>& answer) {
        if (answer.ok() || answer.error().code == ErrorCode::kNotFound || failures == kDiscards) return;
        runner_.shared_.loop.After(loop::RetryAfter(failures + 1),
                                   runner_.Safe([this, key, uid, failures] { Discard(key, uid, failures + 1); }));
      }));
}

// After a failure the object is read back: what it is now decides, not what was meant.
void Runner::Acts::Failed(const BatchPtr& batch, const cluster::ObjectKey& key, const Error& error) {
  const std::string what = cluster::ToString(key);
  const bool conflict =
      error.code == ErrorCode::kConflict || error.code == ErrorCode::kExists || error.code == ErrorCode::kNotFound;
  const bool refused =
      error.code == ErrorCode::kForbidden || error.code == ErrorCode::kInvalid || error.code == ErrorCode::kTooLarge;
  runner_.shared_.metrics.Count(telemetry::kActionFailures, {{"reason", std::string(ErrorCodeName(error.code))}});
  if (!conflict) {
    Log(LogLevel::kWarning, "a write failed",
        {{LogKey::kRollout, runner_.name_.second}, {LogKey::kObject, what}, {LogKey::kError, error.message}});
    decide::Failure& failure = runner_.failures_[what];
    if (failure.what.empty()) failure.since = runner_.shared_.loop.Now();
    failure.what = what;
    failure.message = error.message;
    failure.refused = refused;
  }
  if (refused && key.kind.kind == graph::kJobKind) {
    batch->refused = error;
    return Next(batch);
  }
  if (refused) return batch->done(batch->wrote, error);
  runner_.shared_.cluster.Send(
      cluster::Get{key}, runner_.Safe([this, batch, key, error, conflict](Result<cluster::SharedJson> got) {
        if (got.ok()) runner_.shared_.world.Learn(*got);
        if (!got && got.error().code == ErrorCode::kNotFound) {
          runner_.shared_.world.MarkMissing(key);
        }
        batch->done(batch->wrote, conflict ? Error{ErrorCode::kConflict, error.message} : error);
      }));
}

graph::Roots Runner::Acts::Roots(const std::string& step) const {
  const decide::Status& status = runner_.stored_.status;
  graph::Roots roots;
  const auto role = [&](const char* name, const decide::Revision& revision) {
    const auto workload = runner_.workloads_.find(revision);
    if (workload == runner_.workloads_.end()) return;
    roots.emplace(name, graph::RoleValue(*runner_.InForce(), *workload->second));
  };
  role("stable", status.stable);
  role("candidate", !status.candidate.empty() ? status.candidate
                    : status.history.empty()  ? decide::Revision()
                                              : status.history.back()->revision);
  roots.emplace("step", graph::Value(step));
  roots.emplace("now", graph::Value(runner_.shared_.loop.Now()));
  if (status.applied.written_at) roots.emplace("since", graph::Value(*status.applied.written_at));
  return roots;
}

void Runner::Acts::Start(const BatchPtr& batch, const decide::MeasureGate& action) {
  const auto& gates = runner_.InForce()->gates;
  decide::ObservedGate& gate = runner_.gates_[action.key];
  if (gate.asked_at || action.gate >= gates.size()) return Next(batch);
  gate.asked_at = runner_.shared_.loop.Now();
  gate.next_sequence = action.sequence + 1;
  std::string step;
  for (const graph::Node& node : runner_.InForce()->nodes) {
    if (node.path == action.key.node) step = node.step;
  }
  measure::SampleRequest request;
  request.graph = runner_.InForce();
  request.gate = action.gate;
  request.roots = Roots(step);
  request.namespace_ = runner_.name_.first;
  request.sequence = action.sequence;
  request.alive = runner_.alive_;
  if (!gate.samples.empty()) request.kept = gate.samples.back().values;
  for (auto sample = gate.samples.rbegin(); sample != gate.samples.rend(); ++sample) {
    // A gap in the data doesn't begin the gate's states anew.
    if (sample->kind != graph::Evaluation::Kind::kValue) continue;
    request.kept = sample->values;
    break;
  }
  measure::TakeSample(runner_.shared_.cluster, runner_.shared_.http, runner_.shared_.loop, std::move(request),
                      runner_.Safe([this, key = action.key](Sample sample) { Sampled(key, std::move(sample)); }));
  Next(batch);
}

void Runner::Acts::Sampled(const decide::GateKey& key, Sample sample) {
  const auto found = runner_.gates_.find(key);
  if (found == runner_.gates_.end()) return;  // the rollout came to rest meanwhile
  decide::ObservedGate& gate = found->second;
  gate.asked_at.reset();
  runner_.shared_.metrics.Count(telemetry::kSamples, {{"result", KindOf(sample)}});
  if (sample.kind != graph::Evaluation::Kind::kValue) {
    Log(LogLevel::kWarning, fmt::format("a gate has {}: {}", KindOf(sample), sample.message),
        {{LogKey::kRollout, runner_.name_.second}, {LogKey::kNode, key.node}});
  }
  // Where a streak of one kind began may be forgotten with its first sample: it is kept aside.
  if (sample.kind == graph::Evaluation::Kind::kValue) {
    gate.streak_since.reset();
  } else if (gate.samples.empty() || gate.samples.back().kind != sample.kind || !gate.streak_since) {
    gate.streak_since = sample.answered_at;
  }
  gate.samples.push_back(std::move(sample));
  if (gate.samples.size() > kSamplesKept) gate.samples.erase(gate.samples.begin());
  runner_.Wake();
}

const graph::NotifyNode* Runner::Acts::FindNotify(const std::string& path, std::string& step) const {
  const graph::Graph& graph = *runner_.InForce();
  for (const auto* nodes : {&graph.nodes, &graph.on_failure, &graph.on_success}) {
    for (const graph::Node& node : *nodes) {
      if (node.path != path) continue;
      step = node.step;
      return std::get_if<graph::NotifyNode>(&node.does);
    }
  }
  return nullptr;
}

void Runner::Acts::Start(const BatchPtr& batch, const decide::SendNotification& action) {
  std::string step;
  const graph::NotifyNode* node = FindNotify(action.node, step);
  if (node == nullptr) {
    // The plan was edited and no longer says where to: nobody waits for it.
    runner_.delivered_[action.key] = true;
    runner_.Wake();
    return Next(batch);
  }
  const decide::Status& status = runner_.stored_.status;
  graph::Map event;
  event.Set("rollout", graph::Value(runner_.name_.second));
  event.Set("namespace", graph::Value(runner_.name_.first));
  event.Set("revision", graph::Value(status.candidate.empty() ? status.stable : status.candidate));
  event.Set("node", graph::Value(action.node));
  event.Set("step", graph::Value(step));
  event.Set("phase", graph::Value(std::string(PhaseName(status.phase))));
  event.Set("commit", graph::Value(runner_.view_.commit));
  graph::Roots roots = Roots(step);
  roots.insert_or_assign("message", graph::Value(action.message));
  roots.insert_or_assign("event", graph::Value(std::move(event)));
  measure::Notify(
      runner_.shared_.cluster, runner_.shared_.http,
      {runner_.InForce(), node, std::move(roots), runner_.name_.first, action.key, runner_.alive_},
      runner_.Safe([this, action](const Result<void>& sent) {
        runner_.shared_.metrics.Count(telemetry::kNotifications, {{"result", sent.ok() ? "delivered" : "failed"}});
        if (!sent) {
          Log(LogLevel::kWarning, "a notification was not taken",
              {{LogKey::kRollout, runner_.name_.second},
               {LogKey::kNode, action.node},
               {LogKey::kError, sent.error().message}});
        }
        runner_.delivered_[action.key] = sent.ok();
        runner_.Wake();
      }));
  Next(batch);
}

void Runner::Acts::Start(const BatchPtr& batch, const decide::ConsumeCommand& action) {
  const World& world = runner_.shared_.world;
  for (const auto* command : world.commands().InGroup(runner_.name_.first, runner_.name_.second)) {
    if (command->id.uid != action.uid) continue;
    Log(LogLevel::kInfo,
        fmt::format("`{}` by {} {}", command->view.command.verb, command->view.command.who,
                    action.refused.empty() ? "accepted" : "refused: " + action.refused),
        {{LogKey::kRollout, runner_.name_.second}, {LogKey::kNode, command->view.command.node}});
    // That it was consumed is persisted: a delete that is lost changes nothing.
    Discard({world.commands().kind(), command->id.name.first, command->id.name.second}, action.uid);
    break;
  }
  Next(batch);
}

void Runner::Acts::Start(const BatchPtr& batch, const decide::EmitEvent& action) {
  Log(action.warning ? LogLevel::kWarning : LogLevel::kInfo, action.reason + ": " + action.note,
      {{LogKey::kRollout, runner_.name_.second},
       {LogKey::kRevision, runner_.stored_.status.candidate},
       {LogKey::kCommit, runner_.view_.commit}});
  const EventSubject subject{{{graph::kApiVersion, graph::kRolloutKind}, runner_.name_.first, runner_.name_.second},
                             runner_.uid_,
                             runner_.shared_.identity};
  Json event = MakeEvent(subject, action.warning, action.reason, action.note, runner_.shared_.loop.Now());
  runner_.shared_.cluster.Send(cluster::Create{std::move(event), graph::kExecutorManager},
                               [](const Result<cluster::SharedJson>&) {});
  Next(batch);
}

}  // namespace sluice::execute
