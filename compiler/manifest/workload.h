// A service of a plan as Kubernetes objects: one revision's Deployment and Service, and the stable Service.
//
// Nothing in a pod template names a role, a commit or a plan: what would change without the pods having to
// change stays out of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/base/time.h"
#include "compiler/check/checked_plan.h"
#include "compiler/graph/capacity.h"
#include "compiler/graph/graph.h"
#include "compiler/graph/value.h"

namespace sluice::manifest {

// What a service's objects take from the rollout that deploys it.
struct WorkloadOptions {
  std::string rollout;          // label on the objects; "" for a service without a rollout
  bool shares_by_pods = false;  // no Service of its own for a revision; pods drain themselves
  Duration drain{30'000};       // how long a pod goes on serving after it was told to end (shares by pods)
};

// How far the pods of a service may go beyond and below its replicas: by 25% and by none, unless said.
graph::Amount SurgeOf(const check::Service& service);
graph::Amount UnavailableOf(const check::Service& service);
// The same in pods, of those that the plan says (of the least, under an autoscaler).
graph::Allowance AllowanceOf(const check::Service& service);

// The Deployment (or StatefulSet, see graph::Adoption), revision Service, companions and revision digest of a service
// that a rollout deploys.
graph::Workload MakeWorkload(const check::Service& service, const WorkloadOptions& options);

// Service NAME; its selector has only the service label, or that of its files. None for a service without ports.
graph::Value MakeStableService(const check::Service& service, const std::string& rollout);

// What a rollout takes over; none for a service that has no files.
std::optional<graph::Adoption> MakeAdoption(const check::Service& service);

// Of a service without a rollout and without files: Deployment NAME, its ConfigMaps, PodDisruptionBudget and
// HorizontalPodAutoscaler NAME, as far as the plan names them. The names of the ConfigMaps change with their content,
// so that pods are made anew.
struct PlainWorkload {
  graph::Value deployment;
  std::vector<graph::Value> config_maps;
  graph::Value disruption_budget;  // or none
  graph::Value autoscaler;         // or none
};
PlainWorkload MakePlainWorkload(const check::Service& service);

}  // namespace sluice::manifest
