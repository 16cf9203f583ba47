#include "reconciler/decide/revision.h"

#include <algorithm>

#include <fmt/format.h>

namespace sluice::decide {

const ObservedDeployment* DeploymentOf(const Context& context, const Revision& revision) {
  const auto found = context.seen.revisions.find(revision);
  return found == context.seen.revisions.end() || !found->second.deployment ? nullptr : &*found->second.deployment;
}

bool IsAdopted(const Context& context, const Revision& revision) {
  return context.seen.adoption && context.seen.adoption->revision == revision;
}

std::string TroubleOf(const Context& context, const Revision& revision) {
  const ObservedDeployment* deployment = DeploymentOf(context, revision);
  if (deployment == nullptr) {
    return "";
  }
  return deployment->evidence.empty() ? deployment->blocked : deployment->evidence;
}

const graph::Workload* WorkloadOf(const Context& context, const Revision& revision) {
  if (IsAdopted(context, revision)) {
    return context.seen.adoption->workload.get();
  }
  if (revision == context.graph.workload.revision) {
    return &context.graph.workload;
  }
  const auto found = context.seen.workloads.find(revision);
  return found == context.seen.workloads.end() ? nullptr : found->second.get();
}

void SayUndescribed(Context& context, const Revision& revision) {
  const std::string trouble = fmt::format("the bundle of revision {} is gone", revision);
  context.Say(fmt::format("{}: its pods stay as they are until its version is committed again", trouble), {}, {},
              trouble);
}

std::int32_t SpecPods(const Context& context, const Revision& revision) {
  const ObservedDeployment* deployment = DeploymentOf(context, revision);
  return deployment == nullptr ? 0 : std::max(0, deployment->spec_replicas);
}

bool Fresh(const Context& context, const Revision& revision) {
  const ObservedDeployment* deployment = DeploymentOf(context, revision);
  return deployment == nullptr || deployment->observed_generation >= deployment->generation;
}

std::int32_t Endpoints(const Context& context, const Revision& revision) {
  const auto found = context.seen.revisions.find(revision);
  if (found == context.seen.revisions.end()) {
    return 0;
  }
  std::int32_t ready = found->second.ready_endpoints;
  if (context.by_pods() && context.graph.stable_service.is_none()) {
    ready = found->second.deployment ? found->second.deployment->ready : 0;
  } else if (context.by_pods()) {
    const auto own = context.seen.stable_service_ready.find(revision);
    ready = own == context.seen.stable_service_ready.end() ? 0 : own->second;
  }
  return std::max(0, std::min(ready, SpecPods(context, revision)));
}

std::int32_t Ready(const Context& context, const Revision& revision) {
  return Fresh(context, revision) ? Endpoints(context, revision) : 0;
}

Number ShareOf(const Context& context, const Revision& revision) {
  const auto found = context.status.applied.shares.find(revision);
  return found == context.status.applied.shares.end() ? Number(0) : found->second;
}

Number ShareInFlight(const Context& context, const Revision& revision) {
  const Number share = ShareOf(context, revision);
  const auto before = context.status.applied.previous.find(revision);
  if (context.status.applied.settled_at || before == context.status.applied.previous.end()) {
    return share;
  }
  return before->second > share ? before->second : share;
}

bool MayGetRequests(const Status& status, const Revision& revision) {
  const Applied& applied = status.applied;
  if (!applied.settled_at && applied.previous.contains(revision)) {
    return true;
  }
  const auto found = applied.shares.find(revision);
  const bool aside = revision == status.candidate && (!applied.matches.empty() || applied.mirror > Number(0));
  return found != applied.shares.end() && (found->second > Number(0) || aside);
}

std::int32_t NeedOf(const Context& context, const Number& share) { return graph::Need(share, context.limits()); }

Number ShareCarriedBy(const Context& context, std::int32_t ready) {
  const std::int32_t all = std::max(1, context.replicas() - context.graph.policies.unavailable);
  if (ready >= all) {
    return Number(1);
  }
  const bool is_switch = context.graph.router.address == graph::Router::Address::kRouter;
  return is_switch ? Number(0) : Number::Ratio(std::int64_t{100} * std::max(0, ready) / all, 100);
}

bool CandidateExposed(const Context& context) {
  const Status& status = context.status;
  if (status.candidate.empty()) {
    return false;
  }
  if (context.by_pods()) {
    const auto pods = status.applied.pods.find(status.candidate);
    return pods != status.applied.pods.end() && pods->second > 0;
  }
  const bool carries = status.applied.shares.contains(status.candidate);
  return carries && (ShareOf(context, status.candidate) > Number(0) || !status.applied.matches.empty() ||
                     status.applied.mirror > Number(0));
}

}  // namespace sluice::decide
