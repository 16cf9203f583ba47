#include "reconciler/execute/runner.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "compiler/graph/names.h"
#include "reconciler/execute/acts.h"
#include "reconciler/execute/bundle.h"
#include "reconciler/execute/conditions.h"
#include "reconciler/execute/names.h"
#include "reconciler/loop/retry.h"
#include "reconciler/telemetry/log.h"

namespace sluice::execute {
namespace {

using cluster::Json;
using cluster::SharedJson;
using decide::Phase;
using telemetry::Log;
using telemetry::LogKey;
using telemetry::LogLevel;

// A rollout that writes in every round without end has met someone who writes back.
constexpr int kMostWritingRounds = 200;
constexpr Duration kFightPause{10'000};
constexpr Duration kLinger{5'000};
// After so many reads of a bundle that failed, a quarter of a minute, nobody should wait for it; it is read on.
constexpr int kRereads = 5;
// How long events are gathered: longer than watches are apart, and longer where more of the same will follow.
constexpr Duration kGather{10};
constexpr Duration kGatherParts{100};
// At rest each round reads the bundles anew.
constexpr Duration kGatherAtRest{2'000};

const Json& ConditionsIn(const Json& status) {
  static const Json kNone = Json::array();
  const auto found = status.find("conditions");
  return found != status.end() && found->is_array() ? *found : kNone;
}

// Equal but for messages and times.
bool SameStates(const Json& a, const Json& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Json& one, const Json& other) {
    const auto same = [&](const char* name) { return cluster::Text(one, {name}) == cluster::Text(other, {name}); };
    return same("type") && same("status") && same("reason");
  });
}

std::string TroubleIn(const std::vector<decide::Reason>& reasons) {
  for (const decide::Reason& reason : reasons) {
    if (!reason.trouble.empty()) return reason.trouble;
  }
  return "";
}

bool HasFinalizer(const Json& rollout) {
  const Json& finalizers = cluster::List(rollout, {"metadata", "finalizers"});
  return std::find(finalizers.begin(), finalizers.end(), Json(kFinalizer)) != finalizers.end();
}

bool SameMessages(const Json& a, const Json& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Json& one, const Json& other) {
    return cluster::Text(one, {"message"}) == cluster::Text(other, {"message"});
  });
}

}  // namespace

Runner::Runner(Shared& shared, Name name)
    : shared_(shared),
      name_(std::move(name)),
      bundles_(shared.cluster, name_.first, name_.second),
      acts_(std::make_unique<Acts>(*this)) {}

Runner::~Runner() {
  *alive_ = false;
  for (const loop::TimerId timer : {timer_, rest_timer_, soon_}) shared_.loop.Cancel(timer);
}

bool Runner::at_rest() const {
  if (busy_ || again_ || soon_ != loop::TimerId::kNone) return false;
  const decide::Status& status = stored_.status;
  // Objects of a revision that has ended go once its pods are gone.
  if (status.phase == Phase::kSettled) return !HasPodsOnTheirWayOut() && !IsTakingOver();
  return status.phase == Phase::kWaiting || status.hold != decide::Hold::kNone ||
         (!rejected_.empty() && (unread_in_row_ == 0 || unread_in_row_ > kRereads));
}

bool Runner::HasPodsOnTheirWayOut() const {
  const auto deployments = shared_.world.deployments().InGroup(name_.first, service_);
  return std::any_of(deployments.begin(), deployments.end(),
                     [](const auto* entry) { return entry->view.spec_replicas == 0 && entry->view.pods > 0; });
}

void Runner::Wake() {
  if (again_) return;
  again_ = true;
  if (!busy_) {
    shared_.loop.Post(Safe([this] {
      if (!busy_ && again_) Round();
    }));
  }
}

void Runner::WakeSoon(const Stir& stir) {
  const bool can_wait = stir.of_pods && !holds_graph() && !busy_ && stored_.status.phase == Phase::kSettled;
  const Duration gathering = can_wait ? kGatherAtRest : stir.partial ? kGatherParts : kGather;
  const TimePoint due = shared_.loop.Now() + gathering;
  if (again_ || (soon_ != loop::TimerId::kNone && soon_due_ <= due)) return;
  shared_.loop.Cancel(soon_);
  soon_due_ = due;
  soon_ = shared_.loop.After(gathering, Safe([this] {
                               soon_ = loop::TimerId::kNone;
                               Wake();
                             }));
}

void Runner::Round() {
  busy_ = true;
  again_ = false;
  shared_.loop.Cancel(soon_);
  soon_ = loop::TimerId::kNone;
  shared_.loop.Cancel(timer_);
  timer_ = loop::TimerId::kNone;
  shared_.loop.Cancel(rest_timer_);
  rest_timer_ = loop::TimerId::kNone;
  const auto* entry = shared_.world.rollouts().Find(name_);
  if (entry == nullptr || !shared_.world.synced()) return Finish(std::nullopt);
  uid_ = entry->id.uid;
  deleting_ = entry->id.deleting;
  if (resource_version_ != entry->id.resource_version) status_read_ = false;
  resource_version_ = entry->id.resource_version;
  view_ = entry->view;
  // A deletion that nobody holds back has nothing of ours to put in order.
  if (deleting_ && !view_.has_finalizer) return Finish(std::nullopt);
  WithFinalizer();
}

void Runner::WithFinalizer() {
  if (view_.has_finalizer) return WithStatus();
  // Before anything is made that a deletion would have to undo.
  shared_.cluster.Send(cluster::Apply{OwnPart(true), graph::kExecutorManager, false},
                       Safe([this](Result<SharedJson> answer) {
                         if (!answer) return Backoff(answer.error());
                         shared_.world.Learn(*answer);
                         again_ = true;
                         Finish(std::nullopt);
                       }));
}

void Runner::WithStatus() {
  if (!status_read_) {
    auto stored = DecodeStatus(view_.status.Get());
    if (!stored) {
      // Someone else's, or a newer version's: hands off.
      rejected_ = stored.error().message;
      Log(LogLevel::kError, "the rollout's status can't be read",
          {{LogKey::kRollout, name_.second}, {LogKey::kError, rejected_}});
      return Finish(std::nullopt);
    }
    stored_ = std::move(stored).value();
    status_read_ = true;
  }
  WithBundles();
}

// Of what decides whether a revision may carry traffic, and whether it does.
std::string Runner::Unseen() const {
  const auto is_routed = [](const std::vector<decide::ObjectName>& objects, const cluster::Kind& kind) {
    return std::any_of(objects.begin(), objects.end(), [&](const decide::ObjectName& object) {
      return object.kind == kind.kind && graph::GroupOf(object.api_version) == graph::GroupOf(kind.api_version);
    });
  };
  for (const auto& [kind, why] : shared_.cluster.Unwatched()) {
    if ((ByPartition() && kind == shared_.world.pods().kind()) || kind == shared_.world.deployments().kind() ||
        kind == shared_.world.stateful_sets().kind() || kind == shared_.world.slices().kind() ||
        kind == shared_.world.services().kind() || is_routed(routed_, kind) ||
        is_routed(stored_.status.applied.objects, kind)) {
      return fmt::format("{} objects can't be watched, what is known of them may be old: {}", kind.kind, why);
    }
  }
  return "";
}

decide::Observed Runner::ObserveAll() {
  std::vector<decide::ObjectName> routed = routed_;
  const auto& applied = stored_.status.applied.objects;
  routed.insert(routed.end(), applied.begin(), applied.end());
  std::optional<decide::ObservedAdoption> adoption = Adoption();
  if (adoption) workloads_[adoption->revision] = adoption->workload;
  decide::Observed observed =
      Observe(shared_.world, *graph_, routed, name_, uid_, workloads_, std::move(adoption), drifts_);
  ShowAdoptee(observed);
  for (auto& [revision, seen] : observed.revisions) {
    if (seen.ready_endpoints == 0) {
      endpoints_since_.erase(revision);
    } else {
      seen.endpoints_since = endpoints_since_.try_emplace(revision, shared_.loop.Now()).first->second;
    }
  }
  std::erase_if(endpoints_since_, [&](const auto& entry) { return !observed.revisions.contains(entry.first); });
  observed.removed = deleting_;
  observed.unseen = Unseen();
  observed.digest = graph_digest_;
  observed.accepted = accepted_;
  observed.workloads = workloads_;
  observed.gates = gates_;
  observed.delivered = delivered_;
  for (const auto& [what, failure] : failures_) observed.failures.push_back(failure);
  return observed;
}

void Runner::Decide() {
  const decide::Observed observed = ObserveAll();
  if (!observed.complete) return Finish(std::nullopt);
  const TimePoint now = shared_.loop.Now();
  // Whoever acts does so under an epoch of its own; it is stored with the first thing that is decided.
  const bool mine = stored_.status.executor == shared_.identity;
  std::optional<decide::Status> taken;
  if (!mine) {
    taken = stored_.status;
    taken->executor = shared_.identity;
    taken->epoch += 1;
  }
  const decide::Status& status = mine ? stored_.status : *taken;
  decision_ = decide::Decide(*graph_, status, observed, now);
  if (shared_.on_decision) shared_.on_decision({name_, *graph_, status, observed, now, decision_});
  delivered_.clear();
  next_.bundles = NeededBundles(decision_.status, Refs(), view_.digest);
  next_.status = std::move(decision_.status);
  const bool changed = mine ? next_ != stored_ : DiffersButForUs();
  shared_.metrics.Count(telemetry::kDecisions, {{"changed", changed || !decision_.actions.empty() ? "true" : "false"}});
  Note();
  Persist(changed || (!mine && !decision_.actions.empty()));
}

// Whether something was decided beside who decides.
bool Runner::DiffersButForUs() const {
  StoredStatus same = next_;
  same.status.executor = stored_.status.executor;
  same.status.epoch = stored_.status.epoch;
  return same != stored_;
}

void Runner::Note() {
  reasons_ = std::move(decision_.reasons);
  summary_ = Summary(next_.status, reasons_);
}

// Of what is stored by now, and no sooner: a status that is refused is decided again and again.
void Runner::TellNodesLeft() const {
  for (const auto& [path, record] : next_.status.nodes) {
    if (record.state != decide::NodeState::kDone) continue;
    const auto before = stored_.status.nodes.find(path);
    const bool news = stored_.status.run != next_.status.run || before == stored_.status.nodes.end() ||
                      before->second.state != decide::NodeState::kDone || before->second.entry != record.entry;
    if (!news) continue;
    const std::string& why = record.exception.empty() ? record.evidence : record.exception;
    shared_.metrics.Count(telemetry::kNodesLeft, {{"outcome", std::string(LeftAs(record))}});
    Log(LogLevel::kInfo, fmt::format("node left: {}{}{}", LeftAs(record), why.empty() ? "" : ", ", why),
        {{LogKey::kRollout, name_.second},
         {LogKey::kRevision, next_.status.candidate},
         {LogKey::kNode, path},
         {LogKey::kCommit, view_.commit}});
  }
}

void Runner::Persist(bool changed) {
  // Equal statuses have equal conditions: what was compared once need not be again.
  std::pair<std::string, std::string> needed{TroubleIn(reasons_), rejected_};
  const auto compared = std::pair(resource_version_, needed);
  if (!changed && compared == conditions_compared_) return Act();
  const Json& stored_conditions = ConditionsIn(view_.status.Get());
  Json conditions = Conditions(next_.status, summary_, rejected_, stored_conditions, shared_.loop.Now());
  // A rejection has to be seen even if the core has nothing to say about it, and so has why pods don't become ready:
  // someone can do something about it now. Nobody should search for what is over, either. What another process told
  // isn't known but by its words.
  const bool news = told_ ? *told_ != needed : !SameMessages(stored_conditions, conditions);
  if (!changed && !news && SameStates(stored_conditions, conditions)) {
    told_ = std::move(needed);
    conditions_compared_ = compared;
    return Act();
  }
  Json status = EncodeStatus(next_);
  status["conditions"] = std::move(conditions);
  status["observedGeneration"] = view_.generation;
  // For columns of lists, which can't look into nodes and splits.
  if (std::string step = StepUnderWay(next_.status); !step.empty()) status["step"] = std::move(step);
  if (std::string share = CandidateShare(next_.status); !share.empty()) status["share"] = std::move(share);
  Json object = {
      {"apiVersion", graph::kApiVersion},
      {"kind", graph::kRolloutKind},
      {"metadata",
       {{"name", name_.second}, {"namespace", name_.first}, {"uid", uid_}, {"resourceVersion", resource_version_}}},
      {"status", std::move(status)}};
  shared_.cluster.Send(cluster::ReplaceStatus{std::move(object)},
                       Safe([this, needed = std::move(needed)](Result<SharedJson> answer) {
                         if (answer.ok()) told_ = needed;
                         Persisted(std::move(answer));
                       }));
}

void Runner::Persisted(Result<SharedJson> answer) {
  if (answer.ok()) {
    shared_.world.Learn(*answer);
    TellNodesLeft();
    stored_ = next_;
    resource_version_ = (*answer)->at("metadata").value("resourceVersion", "");
    return Act();
  }
  // Nothing was acted on: what is stored decides. After a lost answer, too.
  status_read_ = false;
  if (answer.error().code == ErrorCode::kInvalid || answer.error().code == ErrorCode::kForbidden) {
    Log(LogLevel::kError, "the rollout's status was refused: nothing moves",
        {{LogKey::kRollout, name_.second}, {LogKey::kError, answer.error().message}});
  }
  const cluster::ObjectKey key{{graph::kApiVersion, graph::kRolloutKind}, name_.first, name_.second};
  shared_.cluster.Send(cluster::Get{key}, Safe([this, error = answer.error()](Result<SharedJson> got) {
                         // That it is gone is the watch's to tell: what goes with it is not removed on one answer's
                         // word.
                         if (got.ok()) shared_.world.Learn(*got);
                         Backoff(error);
                       }));
}

void Runner::Act() {
  acts_->Perform(decision_.actions, Safe([this](bool wrote, std::optional<Error> failed) {
                   if (failed) return Backoff(*failed);
                   failures_in_row_ = 0;
                   Acted(wrote);
                 }));
}

void Runner::Acted(bool wrote) {
  const decide::Status& status = stored_.status;
  const bool quiet = decision_.actions.empty() && !wrote;
  // The core says so once nothing is left, objects that only go included.
  if (deleting_ && quiet && status.phase == Phase::kIdle) return RemoveFinalizer();
  if (wrote) {
    wrote_since_rest_ = true;
    const TimePoint now = shared_.loop.Now();
    if (now - writing_since_ > kFightPause) {
      writing_since_ = now;
      writing_rounds_ = 0;
    }
    if (++writing_rounds_ > kMostWritingRounds) {
      Log(LogLevel::kError, "writes without end: someone writes back", {{LogKey::kRollout, name_.second}});
      return Finish(kFightPause);
    }
    again_ = true;  // what was written is seen already
    return Finish(std::nullopt);
  }
  if (status.phase == Phase::kSettled && quiet) CollectBundles();
  const bool at_rest =
      quiet && !decision_.wake_at &&
      (status.phase == Phase::kSettled || status.phase == Phase::kWaiting || status.phase == Phase::kIdle);
  if (at_rest) RestSoon();
  std::optional<Duration> wake;
  if (decision_.wake_at) wake = std::max(Duration(1), *decision_.wake_at - shared_.loop.Now());
  Finish(wake);
}

// What was just written comes back as events of Deployments, pods and slices for a while: reading and decoding
// the bundles for each of them costs more than the rest of the round. A rollout that had nothing to do lets go at
// once, so that a start with many idle ones holds few graphs.
void Runner::RestSoon() {
  if (!wrote_since_rest_) return Rest();
  rest_timer_ = shared_.loop.After(kLinger, Safe([this] {
                                     rest_timer_ = loop::TimerId::kNone;
                                     if (!busy_ && !again_) Rest();
                                   }));
}

// An idle rollout costs no bundle and no samples.
void Runner::Rest() {
  wrote_since_rest_ = false;
  bundles_.Release();
  graph_ = accepted_ = nullptr;
  workloads_.clear();
  adoptee_.reset();
  adoption_.reset();
  adoption_for_.clear();
  drifts_.Forget();
  gates_.clear();
  failures_.clear();
  routed_for_.clear();
  decision_ = {};
  next_ = {};
  // The next round reads it anew; until then all that is asked is how the last run ended.
  status_read_ = false;
  stored_.bundles.clear();
  stored_.status.nodes.clear();
  auto& history = stored_.status.history;
  if (history.size() > 1) history.erase(history.begin(), history.end() - 1);
  view_.status.Pack();
  for (const auto* entry : shared_.world.deployments().InGroup(name_.first, service_)) entry->view.object.Pack();
  for (const auto* entry : shared_.world.stateful_sets().InGroup(name_.first, service_)) entry->view.object.Pack();
}

// The Rollout goes last: once it is gone, nobody knows of its bundles.
void Runner::RemoveFinalizer() {
  for (const auto* bundle : shared_.world.bundles().InGroup(name_.first, name_.second)) {
    if (bundle->id.deleting) continue;
    const cluster::ObjectKey key{shared_.world.bundles().kind(), name_.first, bundle->id.name.second};
    shared_.cluster.Send(cluster::Delete{key, bundle->id.uid, ""},
                         Safe([this, key, uid = bundle->id.uid](const Result<SharedJson>& answer) {
                           if (!answer && answer.error().code != ErrorCode::kNotFound) return Backoff(answer.error());
                           shared_.world.MarkDeleting(key, uid);
                           RemoveFinalizer();
                         }));
    return;
  }
  // An API server takes the writing of a status, whose object has no finalizers, for their removal by its writer as far
  // as ownership goes: what nobody owns, no apply takes away. So it is made ours first.
  shared_.cluster.Send(cluster::Apply{OwnPart(true), graph::kExecutorManager, false},
                       Safe([this](const Result<SharedJson>& answer) {
                         if (!answer && answer.error().code != ErrorCode::kNotFound) return Backoff(answer.error());
                         TakeFinalizer();
                       }));
}

// Applying without the finalizer that we alone own takes it away.
void Runner::TakeFinalizer() {
  shared_.cluster.Send(cluster::Apply{OwnPart(false), graph::kExecutorManager, false},
                       Safe([this](const Result<SharedJson>& answer) {
                         if (!answer && answer.error().code != ErrorCode::kNotFound) return Backoff(answer.error());
                         if (answer && HasFinalizer(**answer)) {
                           Log(LogLevel::kError, "the rollout's finalizer can't be taken away: another owns it, too",
                               {{LogKey::kRollout, name_.second}});
                           return Backoff(Error{ErrorCode::kInvalid, "the finalizer stays"});
                         }
                         Log(LogLevel::kInfo, "the rollout is removed", {{LogKey::kRollout, name_.second}});
                         Finish(std::nullopt);
                       }));
}

// What the executor applies of a Rollout.
Json Runner::OwnPart(bool with_finalizer) const {
  Json metadata = {{"name", name_.second}, {"namespace", name_.first}, {"uid", uid_}};
  if (with_finalizer) metadata["finalizers"] = Json::array({kFinalizer});
  return {{"apiVersion", graph::kApiVersion}, {"kind", graph::kRolloutKind}, {"metadata", std::move(metadata)}};
}

void Runner::Backoff(const Error& error) {
  ++failures_in_row_;
  // The object moved on under us: look again at once, but not for ever.
  const bool at_once = error.code == ErrorCode::kConflict && failures_in_row_ <= 5;
  if (at_once) again_ = true;
  Finish(at_once ? std::nullopt : std::optional(loop::RetryAfter(failures_in_row_)));
  if (!at_once) held_up_ = error.message;
}

void Runner::Finish(std::optional<Duration> retry_after) {
  busy_ = false;
  held_up_.clear();
  if (on_round) on_round(*this);
  if (again_) {
    again_ = false;
    return Wake();
  }
  if (unread_in_row_ > 0) {
    const Duration again = loop::RetryAfter(unread_in_row_);
    retry_after = retry_after ? std::min(*retry_after, again) : again;
  }
  if (retry_after) timer_ = shared_.loop.After(*retry_after, Safe([this] { Wake(); }));
}

}  // namespace sluice::execute
