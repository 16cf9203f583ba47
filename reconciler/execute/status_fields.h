// The fields of a status, named once for writing and for reading. Private to this folder.
//
// A visitor takes `(name, field)`; `Always` for fields whose initial value is not the empty one of its type.
#pragma once

#include "reconciler/execute/status_codec.h"

namespace sluice::execute {

template <typename V, typename S>
void VisitCondition(V& v, S& s) {
  v("what", s.what);
  v("name", s.name);
  v("test", s.test);
  v("values", s.values);
}

template <typename V, typename S>
void VisitObjectName(V& v, S& s) {
  v("apiVersion", s.api_version);
  v("kind", s.kind);
  v("namespace", s.namespace_);
  v("name", s.name);
}

template <typename V, typename S>
void VisitApplied(V& v, S& s) {
  v("shares", s.shares);
  v("previous", s.previous);
  v("matches", s.matches);
  v("mirror", s.mirror);
  v("pods", s.pods);
  v("sequence", s.sequence);
  v("objects", s.objects);
  v("objectsWritten", s.objects_written);
  v("writtenAt", s.written_at);
  v("settledAt", s.settled_at);
  v("podsAt", s.pods_at);
}

template <typename V, typename S>
void VisitNode(V& v, S& s) {
  v.Always("state", s.state);
  if (s.state == decide::NodeState::kDone) v.Always("outcome", s.outcome);
  v("effect", s.effect);
  v("intent", s.intent);
  v.Always("entry", s.entry);
  v.Time("enteredAt", s.entered_at);
  v("settledAt", s.settled_at);
  v("leftAt", s.left_at);
  v("deadline", s.deadline);
  v("evidence", s.evidence);
  v("exception", s.exception);
  v("recheck", s.recheck);
  v("failedAttempts", s.failed_attempts);
  v("jobUid", s.job_uid);
}

template <typename V, typename S>
void VisitApproval(V& v, S& s) {
  v("node", s.node);
  v.Always("run", s.run);
  v.Always("entry", s.entry);
  v("revision", s.revision);
  v("who", s.who);
  v("why", s.why);
  v.Always("approved", s.approved);
  v.Time("at", s.at);
}

template <typename V, typename S>
void VisitTaken(V& v, S& s) {
  v("uid", s.uid);
  v("refused", s.refused);
}

template <typename V, typename S>
void VisitOutgoing(V& v, S& s) {
  v("key", s.key);
  v("node", s.node);
  v("message", s.message);
  v("tries", s.tries);
  v.Time("notBefore", s.not_before);
}

template <typename V, typename S>
void VisitHeld(V& v, S& s) {
  v("revision", s.revision);
  v("cause", s.cause);
  v.Time("at", s.at);
  v("lifted", s.lifted);
}

template <typename V, typename S>
void VisitResult(V& v, S& s) {
  v("path", s.path);
  v.Always("outcome", s.outcome);
  v("skipped", s.skipped);
  v("evidence", s.evidence);
  v.Time("at", s.at);
}

template <typename V, typename S>
void VisitRun(V& v, S& s) {
  v.Always("run", s.run);
  v("revision", s.revision);
  v("from", s.from);
  v("image", s.image);
  v("outcome", s.outcome);
  v("reason", s.reason);
  v("who", s.who);
  v.Time("startedAt", s.started_at);
  v("endedAt", s.ended_at);
  v("nodes", s.nodes);
}

template <typename V, typename S>
void VisitBundle(V& v, S& s) {
  v("revision", s.revision);
  v("name", s.name);
  v("digest", s.digest);
}

template <typename V, typename S>
void VisitStatus(V& v, S& s) {
  v.Always("schema", s.schema);
  v.Always("phase", s.phase);
  v("hold", s.hold);
  v("holdReason", s.hold_reason);
  v("holdSince", s.hold_since);
  v("acceptedDigest", s.accepted_digest);
  v("candidate", s.candidate);
  v("stable", s.stable);
  v("leaving", s.leaving);
  v("promoted", s.promoted);
  v("pinned", s.pinned);
  v("pinnedOver", s.pinned_over);
  v("run", s.run);
  v("runStartedAt", s.run_started_at);
  v("excludedMs", s.excluded);
  v("nodes", s.nodes);
  v("jobEntries", s.job_entries);
  v("demand", s.demand);
  v("applied", s.applied);
  v("backReason", s.back_reason);
  v("backNode", s.back_node);
  v("backSince", s.back_since);
  v("backOutcome", s.back_outcome);
  v("backHolds", s.back_holds);
  v("drainedSince", s.drained_since);
  v("promotedAt", s.promoted_at);
  v("paused", s.paused);
  v("pausedBy", s.paused_by);
  v("pausedAt", s.paused_at);
  v("pausedUntil", s.paused_until);
  v("stalled", s.stalled);
  v("stalledReason", s.stalled_reason);
  v("stalledNode", s.stalled_node);
  v("cause", s.cause);
  v("firstInstall", s.first_install);
  v("fastTrack", s.fast_track);
  v("exposedAt", s.exposed_at);
  v("unreadySince", s.unready_since);
  v("skipToEnd", s.skip_to_end);
  v("skipBy", s.skip_by);
  v("approvals", s.approvals);
  v("outbox", s.outbox);
  v("consumed", s.consumed);
  v("held", s.held);
  v("history", s.history);
  v("executor", s.executor);
  v("epoch", s.epoch);
}

// Which of the above a type has.
template <typename V, typename S>
void Visit(V& v, S& s) {
  using T = std::remove_const_t<S>;
  if constexpr (std::is_same_v<T, decide::Status>) VisitStatus(v, s);
  if constexpr (std::is_same_v<T, decide::Applied>) VisitApplied(v, s);
  if constexpr (std::is_same_v<T, decide::ObjectName>) VisitObjectName(v, s);
  if constexpr (std::is_same_v<T, decide::NodeRecord>) VisitNode(v, s);
  if constexpr (std::is_same_v<T, decide::Approval>) VisitApproval(v, s);
  if constexpr (std::is_same_v<T, decide::TakenCommand>) VisitTaken(v, s);
  if constexpr (std::is_same_v<T, decide::Outgoing>) VisitOutgoing(v, s);
  if constexpr (std::is_same_v<T, decide::HeldRevision>) VisitHeld(v, s);
  if constexpr (std::is_same_v<T, decide::RunRecord>) VisitRun(v, s);
  if constexpr (std::is_same_v<T, decide::RunRecord::NodeResult>) VisitResult(v, s);
  if constexpr (std::is_same_v<T, graph::MatchCondition>) VisitCondition(v, s);
  if constexpr (std::is_same_v<T, graph::Match>) v("conditions", s.conditions);
  if constexpr (std::is_same_v<T, BundleRef>) VisitBundle(v, s);
}

}  // namespace sluice::execute
