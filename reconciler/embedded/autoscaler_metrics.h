// What a HorizontalPodAutoscaler asks for, read from its spec, and how its status tells what was found
// (k8s.io/kubernetes/pkg/controller/podautoscaler/horizontal.go).
#pragma once

#include <string>
#include <vector>

#include "reconciler/embedded/autoscaling.h"
#include "reconciler/embedded/fields.h"
#include "reconciler/embedded/scaling_rules.h"
#include "reconciler/embedded/usage.h"

namespace sluice::embedded {

// spec.minReplicas, maxReplicas and behavior.
ScalingLimits LimitsOf(const Json& autoscaler);

// An item of spec.metrics about a resource.
struct ResourceMetric {
  std::string container;  // "" for the whole pod
  UsageTarget target;
  bool utilization = false;  // the target is a share of the requests, not a value

  // "cpu resource utilization (percentage of request)": as messages name it.
  std::string name() const;
  // An item of status.currentMetrics.
  Json Told(const ReplicaProposal& found) const;
};
// Of type Resource or ContainerResource.
ResourceMetric ResourceMetricOf(const Json& autoscaler, const Json& metric);

// Why nothing is known of a metric that no server here has, in the words of a cluster without an adapter.
std::string UnservedMetric(const Json& autoscaler, const Json& metric);

// A pod with what it uses and requests of a metric's resource.
MeasuredPod MeasuredPodOf(const Object& pod, const ResourceMetric& metric, const Usage& usage);

}  // namespace sluice::embedded
