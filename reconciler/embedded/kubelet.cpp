#include "reconciler/embedded/kubelet.h"

#include <algorithm>

#include <fmt/format.h>

#include "reconciler/embedded/kinds.h"

namespace sluice::embedded {
namespace {

constexpr std::chrono::seconds kMountAgain{1};

// lifecycle.preStop.sleep of the first container; a pod serves through it.
Duration PreStop(const Json& pod) {
  for (const Json& container : List(pod, {"spec", "containers"})) {
    return std::chrono::seconds(Integer(container, {"lifecycle", "preStop", "sleep", "seconds"}));
  }
  return Duration(0);
}

Json ConditionOf(const char* type, bool value, const char* otherwise) {
  Json condition = JsonOf("status", value ? "True" : "False", "type", type);
  if (!value) condition["reason"] = otherwise;
  return condition;
}

RestartPolicy PolicyOf(const Json& pod) {
  const std::string policy = Text(pod, {"spec", "restartPolicy"}, "Always");
  return policy == "Never"       ? RestartPolicy::kNever
         : policy == "OnFailure" ? RestartPolicy::kOnFailure
                                 : RestartPolicy::kAlways;
}

// What an ended container has to say for itself: with terminationMessagePolicy FallbackToLogsOnError, the end of its
// log, at most 80 lines and 2048 bytes.
std::string TerminationMessage(const Json& container, int exit_code, const std::string& log) {
  constexpr std::size_t kMostBytes = 2048;
  constexpr int kMostLines = 80;
  if (exit_code == 0 || !Says(container, {"terminationMessagePolicy"}, "FallbackToLogsOnError")) return "";
  std::size_t from = log.size();
  for (int lines = 0; from > 0 && log.size() - from < kMostBytes; --from) {
    if (log[from - 1] == '\n' && from < log.size() && ++lines == kMostLines) break;
  }
  // No character is cut in two.
  while (from < log.size() && (static_cast<unsigned char>(log[from]) & 0xc0) == 0x80) ++from;
  return log.substr(from);
}

Json TerminatedState(const Json& container, const PodState& state, const std::string& log) {
  Json terminated = JsonOf("exitCode", state.last_exit_code, "reason", state.last_exit);
  const std::string message = TerminationMessage(container, state.last_exit_code, log);
  if (!message.empty()) terminated["message"] = message;
  if (state.container == PodState::Container::kTerminated) {
    terminated["startedAt"] = Seconds(state.ran_from);
    terminated["finishedAt"] = Seconds(state.since);
  }
  return terminated;
}

// After `state`, by the signal that told it to end or by the one that left it no choice.
PodState Stopped(const PodState& state, TimePoint end, bool killed) {
  PodState stopped;
  stopped.container = PodState::Container::kTerminated;
  stopped.restarts = state.restarts;
  stopped.since = end;
  stopped.ran_from = state.container == PodState::Container::kRunning ? state.since : end;
  stopped.last_exit = "Error";
  stopped.last_exit_code = killed ? 137 : 143;
  return stopped;
}

// A crash-looping pod that ran once stays Running.
const char* PhaseOf(const PodState& state) {
  if (state.container == PodState::Container::kTerminated) return state.last_exit_code == 0 ? "Succeeded" : "Failed";
  const bool ran = state.container == PodState::Container::kRunning || state.restarts > 0 || !state.last_exit.empty();
  return ran ? "Running" : "Pending";
}

}  // namespace

std::string ImageOf(const Json& pod) {
  for (const Json& container : List(pod, {"spec", "containers"})) return Text(container, {"image"});
  return "";
}

Kubelet::Kubelet(loop::Loop& loop, Store& store, Watches& watches, const World& world, const Lags& lags,
                 std::uint64_t seed)
    : loop_(loop),
      store_(store),
      world_(world),
      lags_(lags),
      seed_(seed),
      view_(watches, {kPod}, View::FindBy::kKey,
            [this](const ObjectKey& key, const Object& before, const Object& now) {
              if (now == nullptr) {
                created_.erase(before.uid());
              } else {
                queue_.Add(key);
              }
            }),
      queue_(loop, lags.controller, seed, "kubelet", [this](const ObjectKey& key) { Reconcile(key); }) {}

bool Kubelet::Place(const Object& pod) {
  std::vector<std::string> nodes;
  for (int i = 1; i <= kNodes; ++i) {
    std::string node = fmt::format("node-{}", i);
    if (!lost_.contains(node)) nodes.push_back(node);
  }
  if (nodes.empty()) return false;
  std::uint64_t number = Mix(seed_, pod.uid());
  Json changed = *pod;
  changed["spec"]["nodeName"] = nodes[number % nodes.size()];
  auto written = store_.Update(std::move(changed), loop_.Now());
  if (!written.ok()) return false;
  Json status = (*written)->value("status", Json::object());
  status["phase"] = "Pending";
  status["startTime"] = Seconds(loop_.Now());
  status["hostIP"] = "10.0.0.1";
  // An address of the pod network, one a pod as long as fewer than 16 million live.
  status["podIP"] = fmt::format("10.{}.{}.{}", 1 + number % 254, (number >> 8) % 256, 1 + (number >> 16) % 254);
  auto placed = store_.SetStatus(**written, std::move(status));
  if (!placed.ok()) return false;
  view_.Assume(*placed);
  queue_.Add(placed->key());
  return true;
}

// SIGTERM comes after preStop; the process serves on for as long as its image does, at most the grace period.
void Kubelet::Terminate(const Object& pod) {
  auto grace = std::chrono::seconds(Integer(*pod, {"metadata", "deletionGracePeriodSeconds"}, 30));
  TimePoint told = TimeAt(*pod, {"metadata", "deletionTimestamp"}, loop_.Now()) - grace;
  const Duration stops = PreStop(*pod) + BehaviourOf(world_, ImageOf(*pod)).stop_after;
  TimePoint end = told + std::min<Duration>(stops, grace);
  if (loop_.Now() < end) {
    queue_.AddAt(pod.key(), end);
    return;
  }
  // Whoever holds on to a pod learns how it ended.
  if (!pod.ended() && PolicyOf(*pod) != RestartPolicy::kAlways && !Text(*pod, {"spec", "nodeName"}).empty()) {
    PodState state = StateOf(pod);
    if (state.container != PodState::Container::kTerminated) state = Stopped(state, end, stops > grace);
    (void)store_.SetStatus(*pod, StatusOf(*pod, state));
  }
  store_.Finish(pod.key(), pod.uid(), loop_.Now());
  view_.AssumeLeft(pod, store_.Find(pod.key()));
}

// What a pod's containers find in their directories must be there before they start; a kubelet tries again and again.
bool Kubelet::HasVolumes(const Json& pod) const {
  const Json& volumes = List(pod, {"spec", "volumes"});
  return std::all_of(volumes.begin(), volumes.end(), [&](const Json& volume) {
    const std::string name = Text(volume, {"configMap", "name"});
    return name.empty() || Flag(volume, {"configMap", "optional"}) ||
           store_.Find({kConfigMap, Text(pod, {"metadata", "namespace"}), name}) != nullptr;
  });
}

Json Kubelet::StatusOf(const Json& pod, const PodState& state) const {
  Json status = pod.value("status", Json::object());
  bool running = state.container == PodState::Container::kRunning;
  bool terminated = state.container == PodState::Container::kTerminated;
  const char* unready = terminated && state.last_exit_code == 0 ? "PodCompleted"
                        : terminated                            ? "PodFailed"
                                                                : "ContainersNotReady";
  const std::string& log = BehaviourOf(world_, ImageOf(pod)).says;
  status["phase"] = PhaseOf(state);
  Json conditions = List(pod, {"status", "conditions"});
  SetCondition(conditions, ConditionOf("PodScheduled", true, ""), loop_.Now());
  SetCondition(conditions, ConditionOf("Initialized", true, ""), loop_.Now());
  SetCondition(conditions, ConditionOf("ContainersReady", state.ready, unready), loop_.Now());
  SetCondition(conditions, ConditionOf("Ready", state.ready, unready), loop_.Now());
  status["conditions"] = std::move(conditions);
  Json containers = Json::array();
  bool first = true;
  for (const Json& container : List(pod, {"spec", "containers"})) {
    Json entry = JsonOf("image", Text(container, {"image"}), "name", Text(container, {"name"}), "ready",
                        first ? state.ready : running, "restartCount", first ? state.restarts : 0, "started", running);
    if (running) {
      entry["state"] = JsonOf("running", JsonOf("startedAt", Seconds(state.since)));
    } else if (terminated) {
      entry["state"] = JsonOf("terminated", TerminatedState(container, state, first ? log : ""));
    } else {
      entry["state"] = JsonOf("waiting", JsonOf("reason", state.reason));
    }
    if (first && !terminated && !state.last_exit.empty()) {
      entry["lastState"] = JsonOf("terminated", TerminatedState(container, state, log));
    }
    containers.push_back(std::move(entry));
    first = false;
  }
  status["containerStatuses"] = std::move(containers);
  return status;
}

// Where the pod's containers are by its image and the clock.
PodState Kubelet::StateOf(const Object& pod) const {
  const std::string& uid = pod.uid();
  TimePoint created = TimeAt(*pod, {"metadata", "creationTimestamp"}, loop_.Now());
  if (auto seen = created_.find(uid); seen != created_.end()) created = seen->second;
  Random own(seed_, "start " + uid);
  TimePoint started = created + own.Within(lags_.start);
  return StateAt(BehaviourOf(world_, ImageOf(*pod)), created, started, loop_.Now(), PolicyOf(*pod));
}

void Kubelet::Reconcile(const ObjectKey& key) {
  Object pod = view_.Find(key);
  if (pod == nullptr) return;
  if (pod.terminating()) return Terminate(pod);
  if (pod.ended()) return;
  if (Text(*pod, {"spec", "nodeName"}).empty()) {
    created_[pod.uid()] = loop_.Now();
    if (List(*pod, {"spec", "schedulingGates"}).empty()) Place(pod);
    return;
  }
  PodState state = StateOf(pod);
  if (pod.phase() != "Running" && !HasVolumes(*pod)) {
    state = PodState{};
    state.reason = "ContainerCreating";
    state.changes_at = loop_.Now() + kMountAgain;
    // What is run to an end has all of its time before it.
    if (PolicyOf(*pod) != RestartPolicy::kAlways) created_[pod.uid()] = loop_.Now();
  }
  if (state.changes_at) queue_.AddAt(key, *state.changes_at);
  auto written = store_.SetStatus(*pod, StatusOf(*pod, state));
  if (written.ok()) view_.Assume(*written);
}

void Kubelet::LoseNode(const std::string& node) {
  lost_.insert(node);
  for (const Object& pod : view_.OfKind(kPod)) {
    if (Text(*pod, {"spec", "nodeName"}) != node) continue;
    store_.Finish(pod.key(), pod.uid(), loop_.Now());
    view_.AssumeLeft(pod, store_.Find(pod.key()));
  }
}

void Kubelet::RestoreNode(const std::string& node) {
  lost_.erase(node);
  for (const Object& pod : view_.OfKind(kPod)) {
    if (Text(*pod, {"spec", "nodeName"}).empty()) queue_.Add(pod.key());
  }
}

void Kubelet::LookAgain() {
  for (const Object& pod : view_.OfKind(kPod)) queue_.Add(pod.key());
}

}  // namespace sluice::embedded
