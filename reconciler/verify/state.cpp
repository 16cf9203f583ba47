#include "reconciler/verify/state.h"

#include <algorithm>
#include <string_view>

#include "reconciler/decide/context.h"

namespace sluice::verify {
namespace {

using decide::kReadyBound;
using decide::kRescue;
using decide::kSettleBound;
using decide::kSwapPace;
using decide::Status;

TimePoint StreakSince(const decide::ObservedGate& gate) {
  if (gate.streak_since) return *gate.streak_since;
  auto first = gate.samples.end() - 1;
  while (first != gate.samples.begin() && (first - 1)->kind == first->kind) --first;
  return first->answered_at;
}

// What a status waits for that is no bound of the world: `visit` gets each time.
template <typename Visit>
void VisitBounds(const State& state, Visit visit) {
  const Status& s = state.status;
  for (const graph::Node& node : state.world.plan().nodes) {
    const auto found = s.nodes.find(node.path);
    if (found == s.nodes.end() || found->second.state != decide::NodeState::kActive) continue;
    const decide::NodeRecord& record = found->second;
    if (const auto* hold = std::get_if<graph::HoldNode>(&node.does)) visit(record.entered_at + hold->duration);
    visit(record.deadline.value_or(record.entered_at + kReadyBound));
  }
  if (s.paused_until) visit(*s.paused_until);
  for (const auto& [key, gate] : state.world.gates) {
    if (gate.samples.empty() || gate.samples.back().kind == graph::Evaluation::Kind::kValue) continue;
    const graph::Gate* asked = state.world.GateOf(key);
    const bool missing = gate.samples.back().kind == graph::Evaluation::Kind::kNoData;
    if (asked != nullptr) visit(StreakSince(gate) + (missing ? asked->no_data_for : asked->error_for));
  }
}

// Two independent lanes of 64 bits (the finalizer of SplitMix64).
class Hash {
 public:
  void Add(std::uint64_t word) {
    a_ = Mix(a_ ^ word);
    b_ = Mix(b_ + word * 0x9E3779B97F4A7C15ULL);
  }
  void Add(std::string_view text) {
    Add(text.size());
    while (!text.empty()) {
      std::uint64_t word = 0;
      const std::size_t count = std::min<std::size_t>(8, text.size());
      for (std::size_t i = 0; i < count; ++i) word = word << 8 | static_cast<unsigned char>(text[i]);
      Add(word);
      text.remove_prefix(count);
    }
  }
  Key key() const { return {a_, b_}; }

 private:
  static std::uint64_t Mix(std::uint64_t x) {
    x += 0x9E3779B97F4A7C15ULL;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
    return x ^ (x >> 31);
  }
  std::uint64_t a_ = 1, b_ = 2;
};

}  // namespace

class KeyWriter {
 public:
  KeyWriter(const State& state, bool times)
      : state_(state),
        world_(state.world),
        times_(times),
        window_(world_.subject_->window),
        waits_(world_.subject_->waits),
        lag_(world_.subject_->lag) {}

  Key Write() {
    Put(state_.late);
    Put(state_.crashed);
    const TimePoint far = world_.now + FarOf(state_);
    VisitBounds(state_, [&](TimePoint at) { PutAt(std::min(at, far), Duration{}); });
    WriteStatus(state_.status);
    WriteWorld();
    return hash_.key();
  }

 private:
  template <typename T>
  requires std::is_integral_v<T> || std::is_enum_v<T>
  void Put(T value) { hash_.Add(static_cast<std::uint64_t>(value)); }
  void Put(std::string_view text) { hash_.Add(text); }
  void Put(const std::string& text) { hash_.Add(std::string_view(text)); }
  void Put(const Number& number) {
    Put(number.numerator());
    Put(number.denominator());
  }
  // A time ahead, or one that is over for no longer than `clip`.
  void PutAt(TimePoint at, Duration clip = Duration::max()) {
    if (times_) Put(std::max((at - world_.now).count(), -clip.count()));
  }
  void PutAt(const std::optional<TimePoint>& at, Duration clip = Duration::max()) {
    Put(at.has_value());
    if (at) PutAt(*at, clip);
  }
  void Put(const std::map<Revision, Number>& shares) {
    Put(shares.size());
    for (const auto& [revision, share] : shares) {
      Put(revision);
      Put(share);
    }
  }

  void WriteStatus(const Status& s) {
    Put(s.phase);
    Put(s.hold);
    Put(s.accepted_digest);
    Put(s.candidate);
    Put(s.stable);
    Put(s.leaving.size());
    for (const Revision& revision : s.leaving) Put(revision);
    Put(s.promoted.size());
    for (const Revision& revision : s.promoted) Put(revision);
    Put(s.pinned);
    Put(s.pinned_over);
    Put(s.demand);
    for (const auto& [path, record] : s.nodes) {
      Put(path);
      Put(record.state);
      Put(record.outcome);
      Put(record.effect);
      Put(record.intent);
      Put(!record.exception.empty());
      Put(record.recheck);
      if (record.state == decide::NodeState::kDone && !record.recheck) continue;
      Put(record.entry);
      PutAt(record.entered_at, window_);
      Put(record.failed_attempts);
      Put(!record.job_uid.empty());
    }
    WriteApplied(s.applied);
    Put(s.back_since.has_value());
    Put(s.back_outcome);
    Put(s.back_holds);
    PutAt(s.back_since, kRescue);
    Put(s.drained_since.size());
    for (const auto& [revision, since] : s.drained_since) {
      Put(revision);
      PutAt(since, waits_);
    }
    PutAt(s.promoted_at, waits_);
    Put(s.paused);
    Put(s.stalled);
    Put(s.first_install);
    Put(s.fast_track);
    PutAt(s.exposed_at, window_);
    PutAt(s.unready_since);
    Put(s.skip_to_end);
    for (const decide::Approval& approval : s.approvals) {
      if (approval.run != s.run) continue;
      Put(approval.node);
      Put(approval.entry);
      Put(approval.who);
      Put(approval.approved);
    }
    Put(s.outbox.size());
    for (const decide::Outgoing& outgoing : s.outbox) {
      Put(outgoing.node);
      Put(outgoing.tries);
      PutAt(outgoing.not_before);
    }
    for (const decide::HeldRevision& held : s.held) {
      Put(held.revision);
      Put(held.lifted);
    }
    if (!s.history.empty()) {
      Put(s.history.back()->revision);
      Put(s.history.back()->outcome);
    }
  }

  void WriteApplied(const decide::Applied& applied) {
    Put(applied.shares);
    Put(applied.previous);
    Put(applied.matches.size());
    Put(applied.mirror);
    Put(applied.pods.size());
    for (const auto& [revision, pods] : applied.pods) {
      Put(revision);
      Put(pods);
    }
    Put(applied.objects.size());
    Put(applied.objects_written);
    PutAt(applied.written_at, applied.settled_at ? lag_ : std::max(lag_, kSettleBound));
    PutAt(applied.settled_at, window_);
    PutAt(applied.pods_at, PodsMatterFor());
  }

  Duration PodsMatterFor() const {
    const graph::Graph& plan = world_.plan();
    if (plan.autoscaler) return kReadyBound;
    return plan.router.shares_by_pods || plan.policies.capacity_shared ? kRescue : kSwapPace;
  }

  void WriteWorld() {
    const World& w = world_;
    Put(w.git);
    for (const auto& [revision, of] : w.pods) {
      Put(revision);
      Put(of.exists);
      Put(of.epoch < state_.status.epoch);
      Put(of.spec);
      Put(of.ready);
      Put(of.starting);
      Put(of.generation != of.seen_generation);
      PutAt(of.acts_at);
      PutAt(of.ready_at);
      PutAt(of.endpoints_since, lag_);
      Put(of.sick);
    }
    for (const auto& [name, object] : w.objects) {
      Put(name.kind);
      Put(name.name);
      Put(decide::EpochOf(object.object) < state_.status.epoch);
      if (!object.routes) continue;
      Put(object.generation - object.followed);
      Put(state_.status.applied.sequence - object.split);
      Put(object.edited);
      PutAt(object.seen_at, lag_);
    }
    for (const auto& [name, job] : w.jobs) {
      Put(job.node);
      Put(job.state);
      Put(job.fails);
      Put(job.deleting);
      Put(job.object.Path({"metadata", "finalizers"}).is_none());
      PutAt(job.ends_at);
    }
    Put(w.followed.size());
    for (const FollowedSplit& split : w.followed) {
      Put(split.shares);
      Put(split.aside);
    }
    for (const decide::Command& command : w.commands) {
      Put(command.verb);
      Put(command.who);
    }
    for (const Answer answer : w.answers) Put(answer);
    Put(w.no_room);
    Put(w.routers_stand);
    Put(w.nobody_approves);
    Put(w.jobs_fail);
    Put(w.jobs_hang);
    if (times_) WriteGates();
  }

  void WriteGates() {
    for (const auto& [key, gate] : world_.gates) {
      Put(key.node);
      Put(key.gate);
      PutAt(gate.asked_at);
      Put(gate.samples.size());
      for (const decide::Sample& sample : gate.samples) {
        Put(sample.kind);
        PutAt(sample.at, window_);
        if (sample.kind != graph::Evaluation::Kind::kValue) continue;
        for (const auto& [name, value] : sample.values) {
          const graph::Quantity* number = value.as_quantity();
          if (number != nullptr) Put(number->number);
        }
      }
    }
  }

  const State& state_;
  const World& world_;
  const bool times_;
  const Duration window_, waits_, lag_;
  Hash hash_;
};

Duration FarOf(const State& state) { return std::max(Duration{120'000}, 2 * state.world.subject().window); }

std::optional<TimePoint> NextFar(const State& state) {
  const TimePoint far = state.world.now + FarOf(state);
  std::optional<TimePoint> next;
  VisitBounds(state, [&](TimePoint at) {
    if (at > far && (!next || at < *next)) next = at;
  });
  return next;
}

Key KeyOf(const State& state) { return KeyWriter(state, true).Write(); }
Key SituationOf(const State& state) { return KeyWriter(state, false).Write(); }

}  // namespace sluice::verify
