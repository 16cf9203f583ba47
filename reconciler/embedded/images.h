// What a pod does by its image, as a function of time alone: asked again after a restart, the answer is the
// same, so a cluster that was down catches up by the clock.
#pragma once

#include <optional>
#include <string>

#include "compiler/base/result.h"
#include "reconciler/embedded/fields.h"
#include "reconciler/embedded/options.h"

namespace sluice::embedded {

// Reads a world file (YAML); the format stands in README.md. kInvalid names the line.
Result<World> ReadWorld(const std::string& text);

// The first entry that fits, or what an ordinary image does.
const ImageBehaviour& BehaviourOf(const World& world, const std::string& image);
// `*` stands for any text; a pattern without one fits the image itself.
bool Fits(const std::string& pattern, const std::string& image);

// A pod's main container at one moment.
struct PodState {
  enum class Container { kWaiting, kRunning, kTerminated };
  Container container = Container::kWaiting;
  std::string reason;  // of waiting: ContainerCreating, ImagePullBackOff, CrashLoopBackOff …
  bool ready = false;
  std::int32_t restarts = 0;
  TimePoint since{};      // of the container's state
  std::string last_exit;  // why this container ended if it is terminated, or else the one before: "Error", "" …
  int last_exit_code = 0;
  TimePoint ran_from{};                 // of a terminated one: when it had started
  std::optional<TimePoint> changes_at;  // when the answer next differs

  friend bool operator==(const PodState&, const PodState&) = default;
};

// spec.restartPolicy of a pod.
enum class RestartPolicy { kAlways, kOnFailure, kNever };

// `started`: when its first container runs, should it ever.
PodState StateAt(const ImageBehaviour& behaviour, TimePoint created, TimePoint started, TimePoint now,
                 RestartPolicy policy = RestartPolicy::kAlways);

// Failing requests per million, now, of a pod that has been ready since `ready`.
std::int32_t ErrorsAt(const ImageBehaviour& behaviour, TimePoint ready, TimePoint now);

// Whether neither of both changes after `now`, of a pod that has been ready since `ready`.
bool IsSteadyFrom(const ImageBehaviour& behaviour, TimePoint ready, TimePoint now);

struct LatencyShape {
  Duration median{};
  Duration p99{};
};
// How long requests take now, by a pod that has been ready since `ready`.
LatencyShape LatencyAt(const ImageBehaviour& behaviour, TimePoint ready, TimePoint now);

}  // namespace sluice::embedded
