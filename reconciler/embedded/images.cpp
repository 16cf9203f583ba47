#include "reconciler/embedded/images.h"

#include <algorithm>

namespace sluice::embedded {
namespace {

// The kubelet's back-off between restarts: 10 s, doubled each time, at most 5 minutes.
constexpr Duration kFirstBackoff{10'000};
constexpr Duration kMostBackoff{300'000};

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

PodState Crashing(const ImageBehaviour& behaviour, TimePoint started, TimePoint now) {
  Duration life = *behaviour.crash_after;
  std::string reason = behaviour.out_of_memory ? "OOMKilled" : "Error";
  int code = behaviour.out_of_memory ? 137 : behaviour.exit_code;
  TimePoint at = started;
  Duration backoff = kFirstBackoff;
  for (std::int32_t restarts = 0;; ++restarts) {
    PodState state;
    state.restarts = restarts;
    state.last_exit = restarts == 0 ? "" : reason;
    state.last_exit_code = restarts == 0 ? 0 : code;
    if (now < at + life) {
      state.container = PodState::Container::kRunning;
      state.since = at;
      Readiness(behaviour, at, now, state);
      state.changes_at = std::min(state.changes_at.value_or(at + life), at + life);
      return state;
    }
    at += life;
    if (now < at + backoff) {
      state.reason = "CrashLoopBackOff";
      state.last_exit = reason;
      state.last_exit_code = code;
      state.since = at;
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

PodState StateAt(const ImageBehaviour& behaviour, TimePoint created, TimePoint started, TimePoint now) {
  if (behaviour.pull_fails && now >= started) return Waiting("ImagePullBackOff", started);
  if (!behaviour.starts && now >= started) return Waiting("CreateContainerConfigError", started);
  if (now < started) {
    PodState state = Waiting("ContainerCreating", created);
    state.changes_at = started;
    return state;
  }
  if (behaviour.crash_after) return Crashing(behaviour, started, now);
  PodState state;
  state.container = PodState::Container::kRunning;
  state.since = started;
  Readiness(behaviour, started, now, state);
  return state;
}

std::int32_t ErrorsAt(const ImageBehaviour& behaviour, Duration since_ready) {
  std::int32_t rate = 0;
  for (const ErrorRate& each : behaviour.errors) {
    if (each.from <= since_ready) rate = each.per_million;
  }
  return rate;
}

}  // namespace sluice::embedded
