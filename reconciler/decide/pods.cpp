#include "reconciler/decide/pods.h"

#include <algorithm>

#include <fmt/format.h>

#include "reconciler/decide/autoscale.h"
#include "reconciler/decide/objects.h"
#include "reconciler/decide/partition.h"
#include "reconciler/decide/revision.h"

namespace sluice::decide {
namespace {

std::int32_t ShrunkTo(const PodsRole& role, std::int32_t ready_of_others, std::int32_t min_ready) {
  const std::int32_t keeps = std::min(role.ready, min_ready - ready_of_others);
  return std::min(role.now, std::max({role.target, role.floor, keeps}));
}

// A receiver whose growth is refused gets room: the first revision that may give, gives. While the receiver answers
// nobody, whoever answers requests keeps a pod.
void Swap(Context& context, std::map<Revision, std::int32_t>& next) {
  Status& status = context.status;
  const auto pace = status.applied.pods_at;
  if (context.swap_for.empty() || (pace && context.now < *pace + kSwapPace)) {
    if (pace && !context.swap_for.empty()) {
      context.Wake(*pace + kSwapPace);
    }
    return;
  }
  for (auto& [revision, pods] : next) {
    if (revision == context.swap_for || pods == 0 || pods != SpecPods(context, revision) || !Fresh(context, revision)) {
      continue;
    }
    const bool answers = MayGetRequests(status, revision) && Endpoints(context, revision) > 0;
    const std::int32_t least = answers && Endpoints(context, context.swap_for) == 0 ? 1 : 0;
    const std::int32_t given = std::max(least, pods - std::max(1, context.graph.policies.unavailable));
    if (given >= pods) {
      continue;
    }
    pods = given;
    context.Say(fmt::format("growth of {} is blocked: {} gives up pods", context.swap_for, revision));
    status.applied.pods_at = context.now;
    return;
  }
}

// Whether all pods of the candidate that the step asks for are on their way, and nothing says that they can't come
// unless others go: stable then gives up its pods in one write, not one for each of the candidate's that becomes ready.
bool Gathers(Context& context) {
  const Status& status = context.status;
  const auto target = context.target.find(status.candidate);
  if (status.phase != Phase::kProgressing || target == context.target.end()) {
    return false;
  }
  const std::int32_t asked = SpecPods(context, status.candidate);
  if (!status.applied.pods_at || asked < target->second || Ready(context, status.candidate) >= asked ||
      !TroubleOf(context, status.candidate).empty()) {
    return false;
  }
  const TimePoint until = *status.applied.pods_at + kGatherPods;
  if (context.now >= until) {
    return false;
  }
  context.Wake(until);
  return true;
}

bool NeedsWrite(const Context& context, const Revision& revision, std::int32_t pods) {
  const ObservedDeployment* deployment = DeploymentOf(context, revision);
  if (deployment == nullptr) {
    return pods > 0;
  }
  if (deployment->deleting) {
    return false;
  }
  return deployment->spec_replicas != pods || deployment->drifted ||
         (Moves(context.status) && deployment->epoch < context.status.epoch);
}

}  // namespace

std::vector<std::int32_t> NextPods(const std::vector<PodsRole>& roles, std::int32_t min_ready,
                                   std::optional<std::int32_t> max_pods, bool may_shrink) {
  std::int64_t room = 0;
  std::int32_t ready = 0;
  for (const PodsRole& role : roles) {
    room -= role.now;
    ready += std::min(role.ready, role.now);
  }
  room = max_pods ? std::max<std::int64_t>(0, room + *max_pods) : INT32_MAX;
  std::vector<std::int32_t> next;
  for (const PodsRole& role : roles) {
    const std::int32_t target = std::max(0, role.target);
    if (target >= role.now) {
      const auto grown = static_cast<std::int32_t>(std::min<std::int64_t>(target - role.now, room));
      room -= grown;
      next.push_back(role.now + grown);
      continue;
    }
    if (!may_shrink) {
      next.push_back(role.now);
      continue;
    }
    const std::int32_t own = std::min(role.ready, role.now);
    const std::int32_t shrunk = ShrunkTo(role, ready - own, min_ready);
    ready -= own - std::min(own, shrunk);
    next.push_back(shrunk);
  }
  return next;
}

void PlanPods(Context& context) {
  if (context.by_partition()) {
    return PlanPartition(context);
  }
  Status& status = context.status;
  std::vector<Revision> order;
  std::vector<PodsRole> roles;
  bool fresh = context.seen.unseen.empty();
  const auto add = [&](const Revision& revision) {
    if (revision.empty() || std::find(order.begin(), order.end(), revision) != order.end()) {
      return;
    }
    const std::int32_t now = SpecPods(context, revision);
    const auto target = context.target.find(revision);
    const auto floor = context.floor.find(revision);
    fresh = fresh && Fresh(context, revision);
    order.push_back(revision);
    roles.push_back({now, Ready(context, revision),
                     target == context.target.end() ? now : PodsToAsk(context, revision, target->second),
                     floor == context.floor.end() ? 0 : floor->second});
  };
  add(status.stable);
  add(status.candidate);
  for (const auto& [revision, observed] : context.seen.revisions) {
    if (observed.deployment) {
      add(revision);
    }
  }
  const bool moves =
      std::any_of(roles.begin(), roles.end(), [](const PodsRole& role) { return role.target != role.now; });
  if (moves && !context.seen.unseen.empty()) {
    context.Wake(context.now + kLookAgain);
  }
  const std::vector<std::int32_t> step =
      NextPods(roles, context.min_ready, context.max_pods, fresh && !Gathers(context));
  std::map<Revision, std::int32_t> next;
  for (std::size_t i = 0; i < order.size(); ++i) {
    next[order[i]] = step[i];
  }
  Swap(context, next);
  context.planned = next;
  std::map<Revision, std::int32_t> recorded;
  for (const auto& [revision, pods] : next) {
    const bool writes = NeedsWrite(context, revision, pods);
    if (writes) {
      // First where it would undo this: count up what is taken, or down what its maximum doesn't allow.
      if (pods < SpecPods(context, revision) || context.by_pods()) {
        WriteAutoscaler(context, revision);
      }
      WriteDeployment(context, revision, pods);
    }
    // Fewer pods are recorded once the spec says so: they are asked for on every look until then, so that asking needs
    // no status write of its own.
    const auto before = status.applied.pods.find(revision);
    const std::int32_t had = before == status.applied.pods.end() ? 0 : before->second;
    // What an autoscaler makes of a revision at rest is nothing to store.
    const bool counted = context.graph.autoscaler && !Moves(status) && !writes && pods > 0 && had > 0;
    const std::int32_t has = counted ? had : SpecPods(context, revision) > pods ? std::max(had, pods) : pods;
    if (has > 0) {
      recorded[revision] = has;
    }
  }
  if (recorded != status.applied.pods) {
    status.applied.pods = std::move(recorded);
    status.applied.pods_at = context.now;
  }
}

}  // namespace sluice::decide
