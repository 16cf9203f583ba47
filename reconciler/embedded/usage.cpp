#include "reconciler/embedded/usage.h"

#include <algorithm>
#include <utility>

#include "reconciler/embedded/images.h"
#include "reconciler/embedded/kinds.h"
#include "reconciler/embedded/kubelet.h"
#include "reconciler/embedded/quantities.h"

namespace sluice::embedded {
namespace {

// metrics-server's freshContainerMinMetricsResolution: a younger container is measured the next time.
constexpr std::chrono::seconds kYoungest{10};

// When the last of its containers began to run; nothing unless all do.
std::optional<TimePoint> RunningSince(const Object& pod) {
  if (pod.phase() != "Running") return std::nullopt;
  std::optional<TimePoint> since;
  for (const Json& container : List(*pod, {"status", "containerStatuses"})) {
    const TimePoint at = TimeAt(container, {"state", "running", "startedAt"});
    if (at == TimePoint{}) return std::nullopt;
    since = std::max(since.value_or(at), at);
  }
  return since;
}

// A container is held back at its limit.
std::int64_t Limited(std::int64_t cpu, const Json& container) {
  const Json* limit = Find(container, {"resources", "limits", "cpu"});
  const auto quantity = limit == nullptr ? std::nullopt : Quantity::Of(*limit);
  return quantity ? std::min(cpu, quantity->thousandths()) : cpu;
}

}  // namespace

Usage::Usage(loop::Loop& loop, const Store& store, const Options& options)
    : loop_(loop), store_(store), options_(options) {}

Usage::~Usage() { loop_.Cancel(timer_); }

void Usage::Start() {
  if (timer_ == loop::TimerId::kNone) Measure();
}

void Usage::Serve(const std::string& uid, std::int64_t work) {
  if (timer_ != loop::TimerId::kNone) served_[uid] += work;
}

std::map<std::string, PodUsage> Usage::OfContainers(const std::string& uid, const std::string& resource) const {
  std::map<std::string, PodUsage> usage;
  const auto found = measured_.find(uid);
  if (found == measured_.end() || found->second.window == Duration(0)) return usage;
  const Measured& measured = found->second;
  for (const auto& [name, amount] : measured.containers) {
    // The API tells times in whole seconds.
    const TimePoint at = std::chrono::floor<std::chrono::seconds>(measured.last.at);
    if (resource == "cpu") usage[name] = {at, measured.window, amount.cpu};
    if (resource == "memory") usage[name] = {at, measured.window, amount.memory * 1000};
  }
  return usage;
}

void Usage::Measure() {
  timer_ = loop_.After(options_.usage_resolution, [this] { Measure(); });
  std::map<std::string, Measured> measured;
  for (const Object& pod : store_.List(kPod, "", {})) Measure(pod, measured);
  measured_ = std::move(measured);
  std::erase_if(served_, [&](const auto& entry) { return !measured_.contains(entry.first); });
}

void Usage::Measure(const Object& pod, std::map<std::string, Measured>& measured) {
  const auto since = RunningSince(pod);
  if (!since) return;
  const TimePoint now = loop_.Now();
  Measured& present = measured[pod.uid()];
  present.last = {now, served_[pod.uid()]};
  present.started = *since;
  const auto before = measured_.find(pod.uid());
  const bool known = before != measured_.end() && before->second.started == *since;
  const bool young = now - *since >= kYoungest && now - *since < options_.usage_resolution;
  if (!known && !young) return;
  const std::int64_t served_before = before == measured_.end() ? 0 : before->second.last.served;
  const Point from{known ? before->second.last.at : *since, served_before};
  present.window = now - from.at;
  const std::int64_t served = present.last.served - from.served;
  bool first = true;
  for (const Json& container : List(*pod, {"spec", "containers"})) {
    const ImageBehaviour& behaviour = BehaviourOf(options_.world, Text(container, {"image"}));
    // Millionths of a second in so many thousandths of one are thousandths of a processor.
    const std::int64_t working = first ? served / present.window.count() : 0;
    present.containers[Text(container, {"name"})] = {Limited(behaviour.cpu_at_rest + working, container),
                                                     behaviour.memory};
    first = false;
  }
}

}  // namespace sluice::embedded
