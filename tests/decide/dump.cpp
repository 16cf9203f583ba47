#include <fmt/format.h>

#include "tests/decide/world.h"

namespace sluice::decide::test {
namespace {

std::string At(const std::optional<TimePoint>& time) { return time ? FormatTime(*time) : "-"; }

}  // namespace

std::string Dump(const Status& s) {
  std::string text = fmt::format(
      "{} {} {} {} | {} {} {} pin {} {} | run {} {} {} | back {} {} {} {} {} | {} {} {} {} {} | stalled {} {} {} | {} "
      "{} {} "
      "{} {} {} | {} {}\n",
      static_cast<int>(s.phase), static_cast<int>(s.hold), s.hold_reason, At(s.hold_since), s.accepted_digest,
      s.candidate, s.stable, s.pinned, s.pinned_over, s.run, At(s.run_started_at), s.excluded.count(), s.back_reason,
      s.back_node, At(s.back_since), s.back_outcome, s.back_holds, At(s.promoted_at), s.paused, s.paused_by,
      At(s.paused_at), At(s.paused_until), s.stalled, s.stalled_reason, s.stalled_node, s.first_install, s.fast_track,
      At(s.exposed_at), At(s.unready_since), s.skip_to_end, s.skip_by, s.executor, s.epoch);
  const Applied& a = s.applied;
  text +=
      fmt::format("applied {} {} {} {} {} {} mirror {} matches {}\n", a.sequence, a.objects_written, At(a.written_at),
                  At(a.settled_at), At(a.pods_at), a.shares.size(), a.mirror.ToString(), a.matches.size());
  for (const ObjectName& one : a.objects)
    text += fmt::format("object {} {} {} {}\n", one.api_version, one.kind, one.namespace_, one.name);
  for (const auto& [revision, share] : a.shares) text += fmt::format("share {} {}\n", revision, share.ToString());
  for (const auto& [revision, share] : a.previous) text += fmt::format("before {} {}\n", revision, share.ToString());
  for (const auto& [revision, pods] : a.pods) text += fmt::format("pods {} {}\n", revision, pods);
  for (const Revision& revision : s.leaving) text += "leaving " + revision + "\n";
  for (const Revision& revision : s.promoted) text += "promoted " + revision + "\n";
  for (const auto& [path, n] : s.nodes) {
    text += fmt::format("node {} {} {} {} {} {} {} {} {} {} {} {} {} {} {}\n", path, static_cast<int>(n.state),
                        static_cast<int>(n.outcome), n.effect, n.intent, n.entry, FormatTime(n.entered_at),
                        At(n.settled_at), At(n.left_at), At(n.deadline), n.evidence, n.exception, n.recheck,
                        n.failed_attempts, n.job_uid);
  }
  if (s.cause) text += fmt::format("cause {}\n", static_cast<int>(*s.cause));
  if (s.demand != 0) text += fmt::format("demand {}\n", s.demand);
  for (const auto& [path, entries] : s.job_entries) text += fmt::format("jobs of {}: {}\n", path, entries);
  for (const auto& [revision, since] : s.drained_since)
    text += fmt::format("drained {} {}\n", revision, FormatTime(since));
  for (const Approval& p : s.approvals)
    text += fmt::format("approval {} {} {} {} {}\n", p.node, p.run, p.entry, p.who, p.approved);
  for (const Outgoing& o : s.outbox)
    text += fmt::format("out {} {} {} {}\n", o.key, o.message, o.tries, FormatTime(o.not_before));
  for (const TakenCommand& taken : s.consumed) text += "consumed " + taken.uid + "\n";
  for (const HeldRevision& h : s.held) text += fmt::format("held {} {} {}\n", h.revision, h.cause, h.lifted);
  for (const RunRecord& r : s.history) {
    text += fmt::format("run {} {} {} {} {} {} {} {}\n", r.run, r.revision, r.from, r.outcome, r.reason, r.who,
                        At(r.ended_at), r.nodes.size());
  }
  return text;
}

}  // namespace sluice::decide::test
