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
  Json condition = {{"type", type}, {"status", value ? "True" : "False"}};
  if (!value) condition["reason"] = otherwise;
  return condition;
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
void Kubelet::Terminate(const Json& pod) {
  ObjectKey key = cluster::KeyOf(pod);
  auto grace = std::chrono::seconds(Integer(pod, {"metadata", "deletionGracePeriodSeconds"}, 30));
  TimePoint told = TimeAt(pod, {"metadata", "deletionTimestamp"}, loop_.Now()) - grace;
  const ImageBehaviour& behaviour = BehaviourOf(world_, ImageOf(pod));
  TimePoint end = told + std::min<Duration>(PreStop(pod) + behaviour.stop_after, grace);
  if (loop_.Now() < end) {
    queue_.AddAt(key, end);
    return;
  }
  store_.Finish(key, UidOf(pod));
  view_.AssumeDeleted(key, UidOf(pod));
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
  // A crash-looping pod that ran once stays Running.
  status["phase"] = running || state.restarts > 0 || !state.last_exit.empty() ? "Running" : "Pending";
  Json conditions = List(pod, {"status", "conditions"});
  SetCondition(conditions, ConditionOf("PodScheduled", true, ""), loop_.Now());
  SetCondition(conditions, ConditionOf("Initialized", true, ""), loop_.Now());
  SetCondition(conditions, ConditionOf("ContainersReady", state.ready, "ContainersNotReady"), loop_.Now());
  SetCondition(conditions, ConditionOf("Ready", state.ready, "ContainersNotReady"), loop_.Now());
  status["conditions"] = std::move(conditions);
  Json containers = Json::array();
  bool first = true;
  for (const Json& container : List(pod, {"spec", "containers"})) {
    Json entry = {{"name", Text(container, {"name"})},
                  {"image", Text(container, {"image"})},
                  {"ready", first ? state.ready : running},
                  {"started", running},
                  {"restartCount", first ? state.restarts : 0}};
    if (running) {
      entry["state"] = {{"running", {{"startedAt", Seconds(state.since)}}}};
    } else {
      entry["state"] = {{"waiting", {{"reason", state.reason}}}};
    }
    if (first && !state.last_exit.empty()) {
      entry["lastState"] = {{"terminated", {{"exitCode", state.last_exit_code}, {"reason", state.last_exit}}}};
    }
    containers.push_back(std::move(entry));
    first = false;
  }
  status["containerStatuses"] = std::move(containers);
  return status;
}

void Kubelet::Reconcile(const ObjectKey& key) {
  Object pod = view_.Find(key);
  if (pod == nullptr) return;
  if (pod.terminating()) {
    Terminate(*pod);
    return;
  }
  if (Text(*pod, {"spec", "nodeName"}).empty()) {
    created_[pod.uid()] = loop_.Now();
    Place(pod);
    return;
  }
  const std::string& uid = pod.uid();
  TimePoint created = TimeAt(*pod, {"metadata", "creationTimestamp"}, loop_.Now());
  if (auto seen = created_.find(uid); seen != created_.end()) created = seen->second;
  Random own(seed_, "start " + uid);
  TimePoint started = created + own.Within(lags_.start);
  PodState state = StateAt(BehaviourOf(world_, ImageOf(*pod)), created, started, loop_.Now());
  if (Text(*pod, {"status", "phase"}) != "Running" && !HasVolumes(*pod)) {
    state = PodState{};
    state.reason = "ContainerCreating";
    state.changes_at = loop_.Now() + kMountAgain;
  }
  if (state.changes_at) queue_.AddAt(key, *state.changes_at);
  auto written = store_.SetStatus(*pod, StatusOf(*pod, state));
  if (written.ok()) view_.Assume(*written);
}

void Kubelet::LoseNode(const std::string& node) {
  lost_.insert(node);
  for (const Object& pod : view_.OfKind(kPod)) {
    if (Text(*pod, {"spec", "nodeName"}) != node) continue;
    store_.Finish(pod.key(), pod.uid());
    view_.AssumeDeleted(pod.key(), pod.uid());
  }
}

void Kubelet::RestoreNode(const std::string& node) {
  lost_.erase(node);
  for (const Object& pod : view_.OfKind(kPod)) {
    if (Text(*pod, {"spec", "nodeName"}).empty()) queue_.Add(pod.key());
  }
}

}  // namespace sluice::embedded
