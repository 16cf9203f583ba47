#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "reconciler/decide/fold.h"
#include "reconciler/decide/promise_checker.h"
#include "reconciler/decide/revision.h"

namespace sluice::decide {
namespace {

bool LosersGone(const PromiseChecker& c) {
  for (const auto& [revision, share] : c.before.applied.shares) {
    if (revision != c.after().stable && share > Number(0) && Endpoints(c.is, revision) > 0) {
      return false;
    }
  }
  return true;
}

// What those had who lost every pod, and with it their share: it must go to others at once, whatever they can carry.
Number SetFree(const PromiseChecker& c) {
  Number free;
  for (const auto& [revision, share] : c.before.applied.shares) {
    if (share > Number(0) && Endpoints(c.is, revision) == 0 && ShareOf(c.is, revision) == Number(0)) {
      free = free + share;
    }
  }
  return free;
}

}  // namespace

void CheckShares(PromiseChecker& c) {
  const bool changed = c.before.applied.sequence != c.after().applied.sequence;
  if (!changed || c.is.by_pods()) {
    return;
  }
  Number sum;
  const Number free = SetFree(c);
  const bool world = free > Number(0);
  for (const auto& [revision, share] : c.after().applied.shares) {
    sum = sum + share;
    const Number had = ShareOf(c.was, revision);
    if (share <= had) {
      continue;
    }
    if (c.after().phase == Phase::kProgressing && revision != c.after().stable && revision != c.after().candidate) {
      c.Break("I3: {} gets {} although it leaves", revision, share.ToString());
    }
    // What a revision without pods had can go to nobody better while the candidate may have no more than its step says,
    // and those that leave no more than they have.
    const bool nobody = revision == c.after().stable && world && (LosersGone(c) || share - had <= free);
    if (Endpoints(c.is, revision) == 0 && !nobody) {
      c.Break("I1: {} gets {} without a ready endpoint", revision, share.ToString());
    }
    const bool back = c.after().phase == Phase::kGoingBack && (c.Rescued() || LosersGone(c));
    if (!back && !world && Ready(c.is, revision) < NeedOf(c.is, share)) {
      c.Break("I1: {} gets {} with {} ready of {} needed", revision, share.ToString(), Ready(c.is, revision),
              NeedOf(c.is, share));
    }
  }
  if (sum != Number(1) && !c.after().applied.shares.empty()) {
    c.Break("I1: shares sum to {}", sum.ToString());
  }
}

// A router's split leads to nobody whom it didn't name before, and leaves nobody out who had requests (decide/split.h).
void CheckNames(PromiseChecker& c) {
  const std::map<Revision, Number>& before = c.before.applied.shares;
  const std::map<Revision, Number>& after = c.after().applied.shares;
  const graph::Router& router = c.graph.router;
  const bool weighs = !router.objects.empty() && router.address != graph::Router::Address::kRouter;
  if (!weighs || c.is.by_pods() || before.empty() || after.empty()) {
    return;
  }
  const bool answered = std::any_of(before.begin(), before.end(), [&](const auto& entry) {
    return entry.second > Number(0) && Endpoints(c.is, entry.first) > 0;
  });
  for (const auto& [revision, share] : after) {
    const bool sends = share > Number(0) || (revision == c.after().candidate && CandidateExposed(c.is));
    if (answered && sends && !before.contains(revision)) {
      c.Break("I1: {} gets requests and the routers don't know it", revision);
    }
  }
  for (const auto& [revision, share] : before) {
    const auto seen = c.is.seen.revisions.find(revision);
    const bool lives = seen != c.is.seen.revisions.end() && seen->second.service;
    if (lives && share > Number(0) && !after.contains(revision)) {
      c.Break("I1: {} is left out while it has {}", revision, share.ToString());
    }
  }
}

// The candidate has traffic, nobody answers for it, and stable could: it must not have it after this decision.
void CheckLostEndpoints(PromiseChecker& c) {
  const Status& after = c.after();
  if (c.is.by_pods() || after.phase != Phase::kProgressing || after.stable.empty() || !CandidateExposed(c.is)) {
    return;
  }
  if (Endpoints(c.is, after.candidate) == 0 && Endpoints(c.is, after.stable) > 0) {
    c.Break("I1: {} keeps traffic without a ready endpoint", after.candidate);
  }
}

void CheckOrder(PromiseChecker& c) {
  const Status& after = c.after();
  if (after.phase != Phase::kProgressing || after.candidate.empty()) {
    return;
  }
  const bool new_run = after.run != c.before.run;
  const Walk walk(c.graph, after);
  Number furthest;
  for (graph::NodeId id = 0; id < c.graph.nodes.size(); ++id) {
    const graph::Node& node = c.graph.nodes[id];
    const auto record = after.nodes.find(node.path);
    if (record == after.nodes.end()) {
      continue;
    }
    if (const auto* traffic = std::get_if<graph::TrafficNode>(&node.does)) {
      furthest = traffic->share > furthest ? traffic->share : furthest;
    } else if (std::holds_alternative<graph::PromoteNode>(node.does)) {
      furthest = Number(1);
    }
    if (!new_run && c.before.nodes.contains(node.path)) {
      continue;
    }
    if (!c.is.seen.unseen.empty()) {
      c.Break("I3: {} is entered on what may be old", node.path);
    }
    for (const graph::NodeId pred : node.after) {
      if (!walk.IsDone(pred) && !walk.IsBehind(pred)) {
        c.Break("I3: {} is entered before {} is done", node.path, c.graph.nodes[pred].path);
      }
    }
  }
  const Number share = ShareOf(c.is, after.candidate);
  const bool raised = share > ShareOf(c.was, after.candidate);
  if (!c.is.by_pods() && raised && share > furthest) {
    c.Break("I3: {} has {}, the furthest node entered says {}", after.candidate, share.ToString(), furthest.ToString());
  }
}

void CheckWayBack(PromiseChecker& c) {
  const Status& after = c.after();
  const bool ends = c.before.phase == Phase::kGoingBack && !c.before.candidate.empty() && after.candidate.empty();
  if (ends && !c.is.by_pods() && !after.applied.shares.empty() && !after.applied.settled_at) {
    c.Break("I4: the way back ends before the route has settled");
  }
  if (after.phase != Phase::kGoingBack || after.stable.empty()) {
    return;
  }
  const bool can = Ready(c.is, after.stable) >= NeedOf(c.is, Number(1));
  const bool must = can || (c.Rescued() && Endpoints(c.is, after.stable) > 0);
  for (const auto& [revision, share] : after.applied.shares) {
    if (revision == after.stable || c.is.by_pods()) {
      continue;
    }
    if (share > ShareOf(c.was, revision)) {
      c.Break("I4: {} gains traffic on the way back", revision);
    }
    if (must && share > Number(0)) {
      c.Break("I4: {} keeps {} although stable can have it", revision, share.ToString());
    }
  }
  const bool aside = !after.applied.matches.empty() || after.applied.mirror > Number(0);
  if (must && aside && !c.is.by_pods()) {
    c.Break("I4: {} keeps what matches or is mirrored although stable can have all", after.candidate);
  }
  const std::vector<PodWrite> writes = PodWrites(c);
  const bool shrinks = std::any_of(writes.begin(), writes.end(), [&](const PodWrite& write) {
    return write.revision == after.candidate && write.pods < SpecPods(c.is, write.revision);
  });
  const bool served = MayGetRequests(c.before, after.candidate) || !c.before.applied.settled_at;
  if (!c.is.bounded() && c.is.swap_for.empty() && shrinks && served && !after.applied.shares.empty()) {
    const ObservedDeployment* stable = DeploymentOf(c.is, after.stable);
    const bool gone = DeploymentOf(c.is, after.candidate) == nullptr;
    if (!gone && (stable == nullptr || stable->blocked.empty())) {
      c.Break("I4: {} shrinks before its traffic has settled elsewhere", after.candidate);
    }
  }
}

}  // namespace sluice::decide
