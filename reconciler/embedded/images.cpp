#include "reconciler/embedded/images.h"

#include <algorithm>

namespace sluice::embedded {
namespace {

// The kubelet's back-off between restarts: 10 s, doubled each time, at most 5 minutes.
constexpr Duration kFirstBackoff{10'000};
constexpr Duration kMostBackoff{300'000};

constexpr Duration kRunsFor{1'000};  // of a pod that is run to an end
constexpr int kKilled = 137;         // the exit code of what SIGKILL ended

PodState Waiting(std::string reason, TimePoint since) {
  PodState state;
  state.reason = std::move(reason);
  state.since = since;
  return state;
}

// Ready after its delay, with the last part of each period lost to flapping.
void Readiness(const ImageBehaviour& behaviour, TimePoint running_since, TimePoint now, PodState& state) {
  if (!behaviour.ready) return;
  TimePoint ready_from = running_since + behaviour.ready_after;
  if (now < ready_from) {
    state.changes_at = ready_from;
    return;
  }
  state.ready = true;
  if (behaviour.flap_every <= Duration(0) || behaviour.flap_for <= Duration(0)) return;
  Duration into = (now - ready_from) % behaviour.flap_every;
  Duration good = std::max(behaviour.flap_every - behaviour.flap_for, Duration(0));
  state.ready = into < good;
  state.changes_at = now - into + (state.ready ? good : behaviour.flap_every);
}

// How each run of the container ends.
struct Ending {
  Duration life{};
  int code = 0;
  std::string reason;
};

// nullopt for a container that runs for good.
std::optional<Ending> EndingOf(const ImageBehaviour& behaviour, RestartPolicy policy) {
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

PodState Restarting(const ImageBehaviour& behaviour, const Ending& ending, TimePoint started, TimePoint now) {
  TimePoint at = started;
  Duration backoff = kFirstBackoff;
  for (std::int32_t restarts = 0;; ++restarts) {
    if (now < at + ending.life) {
      PodState state = Running(behaviour, ending, at, now);
      state.restarts = restarts;
      state.last_exit = restarts == 0 ? "" : ending.reason;
      state.last_exit_code = restarts == 0 ? 0 : ending.code;
      return state;
    }
    at += ending.life;
    if (now < at + backoff) {
      PodState state = Waiting("CrashLoopBackOff", at);
      state.restarts = restarts;
      state.last_exit = ending.reason;
      state.last_exit_code = ending.code;
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
  if (behaviour.pull_fails && now >= started) return Waiting("ImagePullBackOff", started);
  if (!behaviour.starts && now >= started) return Waiting("CreateContainerConfigError", started);
  if (now < started) {
    PodState state = Waiting("ContainerCreating", created);
    state.changes_at = started;
    return state;
  }
  const std::optional<Ending> ending = EndingOf(behaviour, policy);
  if (!ending) return Running(behaviour, ending, started, now);
  const bool once = policy == RestartPolicy::kNever || (policy == RestartPolicy::kOnFailure && ending->code == 0);
  if (!once) return Restarting(behaviour, *ending, started, now);
  return now < started + ending->life ? Running(behaviour, ending, started, now) : Terminated(*ending, started);
}

std::int32_t ErrorsAt(const ImageBehaviour& behaviour, Duration since_ready) {
  std::int32_t rate = 0;
  for (const ErrorRate& each : behaviour.errors) {
    if (each.from <= since_ready) rate = each.per_million;
  }
  return rate;
}

}  // namespace sluice::embedded
