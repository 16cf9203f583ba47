#include "reconciler/embedded/autoscaler_metrics.h"

#include <optional>
#include <utility>

#include <fmt/format.h>

#include "reconciler/embedded/quantities.h"

namespace sluice::embedded {
namespace {

ScalingRules RulesOf(const Json& rules, Duration window) {
  ScalingRules read;
  read.window = std::chrono::seconds(
      Integer(rules, {"stabilizationWindowSeconds"}, std::chrono::duration_cast<std::chrono::seconds>(window).count()));
  const std::string select = Text(rules, {"selectPolicy"}, "Max");
  if (select == "Min") read.select = ScalingRules::Select::kLeast;
  if (select == "Disabled") read.select = ScalingRules::Select::kDisabled;
  for (const Json& policy : List(rules, {"policies"})) {
    read.policies.push_back({Says(policy, {"type"}, "Percent"), Integer(policy, {"value"}),
                             std::chrono::seconds(Integer(policy, {"periodSeconds"}))});
  }
  return read;
}

double ToleranceOf(const Json& autoscaler, const char* way) {
  constexpr double kUsual = 0.1;  // --horizontal-pod-autoscaler-tolerance
  const Json* tolerance = Find(autoscaler, {"spec", "behavior", way, "tolerance"});
  const auto quantity = tolerance == nullptr ? std::nullopt : Quantity::Of(*tolerance);
  if (!quantity) return kUsual;
  return static_cast<double>(quantity->value().numerator()) / static_cast<double>(quantity->value().denominator());
}

const Json& SourceOf(const Json& metric, const char* member) {
  static const Json kNone;
  const Json* source = Find(metric, {member});
  return source == nullptr ? kNone : *source;
}

std::optional<std::int64_t> RequestOf(const Json& of, const std::string& resource) {
  const Json* request = Find(of, {"resources", "requests", resource});
  const auto quantity = request == nullptr ? std::nullopt : Quantity::Of(*request);
  return quantity ? std::make_optional(quantity->thousandths()) : std::nullopt;
}

// Sets what the pod requests: of the one container, of the pod as a whole, or of all its containers.
void ReadRequest(const Json& pod, const ResourceMetric& metric, MeasuredPod& measured) {
  const std::string& resource = metric.target.resource;
  const Json& spec = SourceOf(pod, "spec");
  if (const auto whole = metric.container.empty() ? RequestOf(spec, resource) : std::nullopt) {
    measured.requested = *whole;
    return;
  }
  bool found = metric.container.empty();
  const auto add = [&](const Json& container) {
    const std::string name = Text(container, {"name"});
    if (!metric.container.empty() && name != metric.container) return;
    found = true;
    const auto request = RequestOf(container, resource);
    measured.requested += request.value_or(0);
    if (!request && measured.unknown_request.empty()) {
      measured.unknown_request =
          fmt::format("missing request for {} in container {} of Pod {}", resource, name, measured.name);
    }
  };
  for (const Json& container : List(spec, {"containers"})) add(container);
  for (const Json& container : List(spec, {"initContainers"})) {
    if (Says(container, {"restartPolicy"}, "Always")) add(container);
  }
  if (!found) {
    measured.unknown_request = fmt::format("container {} not found in Pod {}", metric.container, measured.name);
  }
}

}  // namespace

ScalingLimits LimitsOf(const Json& autoscaler) {
  ScalingLimits limits;
  limits.least = Integer(autoscaler, {"spec", "minReplicas"}, 1);
  limits.most = Integer(autoscaler, {"spec", "maxReplicas"});
  if (const Json* behavior = Find(autoscaler, {"spec", "behavior"}); behavior != nullptr) {
    limits.behavior.emplace();
    limits.behavior->up = RulesOf(SourceOf(*behavior, "scaleUp"), Duration(0));
    limits.behavior->down = RulesOf(SourceOf(*behavior, "scaleDown"), kDownscaleStabilization);
  }
  return limits;
}

std::string ResourceMetric::name() const {
  if (!utilization) return target.resource + " resource";
  return fmt::format("{} {}resource utilization (percentage of request)", target.resource,
                     container.empty() ? "" : "container ");
}

Json ResourceMetric::Told(const ReplicaProposal& found) const {
  const auto form = target.resource == "memory" ? Quantity::Form::kBinary : Quantity::Form::kDecimal;
  Json current = {{"averageValue", Quantity::OfThousandths(found.average, form).ToString()}};
  if (utilization) current["averageUtilization"] = found.utilization;
  Json source = {{"name", target.resource}, {"current", std::move(current)}};
  if (container.empty()) return {{"type", "Resource"}, {"resource", std::move(source)}};
  source["container"] = container;
  return {{"type", "ContainerResource"}, {"containerResource", std::move(source)}};
}

ResourceMetric ResourceMetricOf(const Json& autoscaler, const Json& metric) {
  const Json& source = SourceOf(metric, Says(metric, {"type"}, "Resource") ? "resource" : "containerResource");
  ResourceMetric read;
  read.container = Text(source, {"container"});
  read.target.resource = Text(source, {"name"});
  read.target.tolerances = {ToleranceOf(autoscaler, "scaleDown"), ToleranceOf(autoscaler, "scaleUp")};
  const Json* value = Find(source, {"target", "averageValue"});
  const auto quantity = value == nullptr ? std::nullopt : Quantity::Of(*value);
  read.utilization = !quantity;
  read.target.value = quantity ? quantity->thousandths() : Integer(source, {"target", "averageUtilization"});
  return read;
}

std::string UnservedMetric(const Json& autoscaler, const Json& metric) {
  constexpr const char* kNoAdapter =
      "unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered";
  const std::string namespace_ = Text(autoscaler, {"metadata", "namespace"});
  if (Says(metric, {"type"}, "Pods")) {
    return fmt::format("unable to get metric {}: {}", Text(metric, {"pods", "metric", "name"}), kNoAdapter);
  }
  if (Says(metric, {"type"}, "Object")) {
    const Json& source = SourceOf(metric, "object");
    const std::string name = Text(source, {"metric", "name"});
    return fmt::format(
        "{}unable to get metric {}: {} on {} {}/{}",
        Says(source, {"target", "type"}, "AverageValue") ? fmt::format("failed to get {} object metric: ", name) : "",
        name, Text(source, {"describedObject", "kind"}), namespace_, Text(source, {"describedObject", "name"}),
        kNoAdapter);
  }
  const std::string name = Text(metric, {"external", "metric", "name"});
  return fmt::format(
      "unable to get external metric {}/{}/nil: unable to fetch metrics from external metrics API: the server could "
      "not "
      "find the requested resource (get {}.external.metrics.k8s.io)",
      namespace_, name, name);
}

MeasuredPod MeasuredPodOf(const Object& pod, const ResourceMetric& metric, const Usage& usage) {
  MeasuredPod measured;
  measured.name = pod.key().name;
  measured.gone = pod.terminating() || pod.phase() == "Failed";
  measured.pending = pod.phase() == "Pending";
  if (const Json* ready = Condition(*pod, "Ready")) {
    measured.ready = !Says(*ready, {"status"}, "False");
    measured.ready_since = TimeAt(*ready, {"lastTransitionTime"});
  }
  if (const TimePoint started = TimeAt(*pod, {"status", "startTime"}); started != TimePoint{}) {
    measured.started = started;
  }
  for (const auto& [container, used] : usage.OfContainers(pod.uid(), metric.target.resource)) {
    if (!metric.container.empty() && container != metric.container) continue;
    const std::int64_t before = measured.usage ? measured.usage->used : 0;
    measured.usage = used;
    measured.usage->used += before;
  }
  if (metric.utilization) ReadRequest(*pod, metric, measured);
  return measured;
}

}  // namespace sluice::embedded
