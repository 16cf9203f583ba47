#include "reconciler/embedded/images.h"

#include <algorithm>

namespace sluice::embedded {
namespace {

// The kubelet's back-off between restarts: 10 s, doubled each time, at most 5 minutes.
constexpr Duration kFirstBackoff{10'000};
constexpr Duration kMostBackoff{300'000};
constexpr Duration kForgiven{600'000};

constexpr Duration kRunsFor{1'000};  // of a pod that is run to an end
constexpr int kKilled = 137;         // the exit code of what SIGKILL ended
// Of a container whose image crashes as soon as it started.
constexpr Duration kShortestLife{500};

PodState Waiting(std::string reason, TimePoint since) {
  PodState state;
  state.reason = std::move(reason);
  state.since = since;
  return state;
}

void ChangesBy(TimePoint at, PodState& state) { state.changes_at = std::min(state.changes_at.value_or(at), at); }

// Ready after its delay, with the last part of each period lost to flapping, and not where the image says so.
void Readiness(const ImageBehaviour& behaviour, TimePoint running_since, TimePoint now, PodState& state) {
  if (!behaviour.ready) return;
  TimePoint ready_from = running_since + behaviour.ready_after;
  if (now < ready_from) {
    state.changes_at = ready_from;
    return;
  }
  state.ready = true;
  if (behaviour.flap_every > Duration(0) && behaviour.flap_for > Duration(0)) {
    Duration into = (now - ready_from) % behaviour.flap_every;
    Duration good = std::max(behaviour.flap_every - behaviour.flap_for, Duration(0));
    state.ready = into < good;
    state.changes_at = now - into + (state.ready ? good : behaviour.flap_every);
  }
  for (const Interval& each : behaviour.unready) {
    if (now < each.from) ChangesBy(each.from, state);
    if (!each.Holds(now)) continue;
    state.ready = false;
    if (each.to) ChangesBy(*each.to, state);
  }
}

// How each run of the container ends.
struct Ending {
  Duration life{};
  int code = 0;
  std::string reason;
};

// Of a container that begins at `from`, where its image crashes at times: how long until the first of them.
std::optional<Duration> UntilCrash(const ImageBehaviour& behaviour, TimePoint from) {
  std::optional<Duration> life;
  for (const Interval& each : behaviour.crashes) {
    if (each.to && *each.to <= from) continue;
    const Duration until = std::max(each.from - from, kShortestLife);
    life = std::min(life.value_or(until), until);
  }
  return life;
}

// Of a container that begins at `from`. nullopt if it runs for good.
std::optional<Ending> EndingOf(const ImageBehaviour& behaviour, RestartPolicy policy, TimePoint from) {
  if (const std::optional<Duration> crash = UntilCrash(behaviour, from);
      crash && (!behaviour.crash_after || *crash < *behaviour.crash_after) && policy == RestartPolicy::kAlways) {
    return Ending{*crash, 1, "Error"};
  }
  const bool to_an_end = policy != RestartPolicy::kAlways;
  const bool done_before = to_an_end && behaviour.runs_for && *behaviour.runs_for <= behaviour.crash_after;
  const bool crashes = behaviour.crash_after && !done_before;
  if (!crashes && !to_an_end) return std::nullopt;
  Ending ending;
  ending.life = crashes ? *behaviour.crash_after : behaviour.runs_for.value_or(kRunsFor);
  ending.code = behaviour.out_of_memory ? kKilled : behaviour.exit_code.value_or(crashes ? 1 : 0);
  ending.reason = behaviour.out_of_memory ? "OOMKilled" : ending.code == 0 ? "Completed" : "Error";
  return ending;
}

PodState Running(const ImageBehaviour& behaviour, const std::optional<Ending>& ending, TimePoint from, TimePoint now) {
  PodState state;
  state.container = PodState::Container::kRunning;
  state.since = from;
  Readiness(behaviour, from, now, state);
  if (ending) state.changes_at = std::min(state.changes_at.value_or(from + ending->life), from + ending->life);
  return state;
}

PodState Terminated(const Ending& ending, TimePoint from) {
  PodState state;
  state.container = PodState::Container::kTerminated;
  state.since = from + ending.life;
  state.ran_from = from;
  state.last_exit = ending.reason;
  state.last_exit_code = ending.code;
  return state;
}

PodState Restarting(const ImageBehaviour& behaviour, RestartPolicy policy, TimePoint started, TimePoint now) {
  TimePoint at = started;
  Duration backoff = kFirstBackoff;
  Ending before;  // of the container before
  for (std::int32_t restarts = 0;; ++restarts) {
    const std::optional<Ending> ending = EndingOf(behaviour, policy, at);
    if (!ending || now < at + ending->life) {
      PodState state = Running(behaviour, ending, at, now);
      state.restarts = restarts;
      state.last_exit = before.reason;
      state.last_exit_code = before.code;
      return state;
    }
    before = *ending;
    at += ending->life;
    // What ran for ten minutes begins anew with the shortest wait.
    if (ending->life >= kForgiven) backoff = kFirstBackoff;
    if (now < at + backoff) {
      PodState state = Waiting("CrashLoopBackOff", at);
      state.restarts = restarts;
      state.last_exit = ending->reason;
      state.last_exit_code = ending->code;
      state.changes_at = at + backoff;
      return state;
    }
    at += backoff;
    backoff = std::min(backoff * 2, kMostBackoff);
  }
}

}  // namespace

bool Fits(const std::string& pattern, const std::string& image) {
  std::size_t p = 0;
  std::size_t i = 0;
  std::size_t star = std::string::npos;
  std::size_t resume = 0;
  while (i < image.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = i;
    } else if (p < pattern.size() && pattern[p] == image[i]) {
      ++p;
      ++i;
    } else if (star != std::string::npos) {
      p = star + 1;
      i = ++resume;
    } else {
      return false;
    }
  }
  return std::all_of(pattern.begin() + static_cast<std::ptrdiff_t>(p), pattern.end(), [](char c) { return c == '*'; });
}

const ImageBehaviour& BehaviourOf(const World& world, const std::string& image) {
  static const ImageBehaviour kOrdinary;
  for (const ImageBehaviour& behaviour : world.images) {
    if (Fits(behaviour.pattern, image)) return behaviour;
  }
  return kOrdinary;
}

PodState StateAt(const ImageBehaviour& behaviour, TimePoint created, TimePoint started, TimePoint now,
                 RestartPolicy policy) {
  if (behaviour.spares_before && created < *behaviour.spares_before) {
    static const ImageBehaviour kUsual;
    ImageBehaviour spared = behaviour;
    spared.spares_before.reset();
    spared.pull_fails = kUsual.pull_fails;
    spared.ready_after = kUsual.ready_after;
    return StateAt(spared, created, started, now, policy);
  }
  if (behaviour.pull_fails && now >= started) return Waiting("ImagePullBackOff", started);
  if (!behaviour.starts && now >= started) return Waiting("CreateContainerConfigError", started);
  if (now < started) {
    PodState state = Waiting("ContainerCreating", created);
    state.changes_at = started;
    return state;
  }
  const std::optional<Ending> ending = EndingOf(behaviour, policy, started);
  if (!ending) return Running(behaviour, ending, started, now);
  const bool once = policy == RestartPolicy::kNever || (policy == RestartPolicy::kOnFailure && ending->code == 0);
  if (!once) return Restarting(behaviour, policy, started, now);
  return now < started + ending->life ? Running(behaviour, ending, started, now) : Terminated(*ending, started);
}

std::int32_t ErrorsAt(const ImageBehaviour& behaviour, TimePoint ready, TimePoint now) {
  const Duration into = now - behaviour.counts_from.value_or(ready);
  std::int32_t rate = 0;
  for (const ErrorRate& each : behaviour.errors) {
    if (each.from <= into) rate = each.per_million;
  }
  return rate;
}

bool IsSteadyFrom(const ImageBehaviour& behaviour, TimePoint ready, TimePoint now) {
  const Duration into = now - behaviour.counts_from.value_or(ready);
  const auto past = [&](const auto& each) { return each.from <= into; };
  return std::all_of(behaviour.errors.begin(), behaviour.errors.end(), past) &&
         std::all_of(behaviour.latencies.begin(), behaviour.latencies.end(), past);
}

LatencyShape LatencyAt(const ImageBehaviour& behaviour, TimePoint ready, TimePoint now) {
  const Duration into = now - behaviour.counts_from.value_or(ready);
  LatencyShape shape{behaviour.latency_median, behaviour.latency_p99};
  for (const LatencyChange& each : behaviour.latencies) {
    if (each.from <= into) shape = {each.median, each.p99};
  }
  return shape;
}

}  // namespace sluice::embedded
