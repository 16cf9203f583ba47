#include "reconciler/decide/route.h"

#include <algorithm>

#include <fmt/format.h>

#include "compiler/graph/expression.h"
#include "compiler/graph/split.h"
#include "reconciler/decide/objects.h"
#include "reconciler/decide/revision.h"
#include "reconciler/decide/route_objects.h"

namespace sluice::decide {
namespace {

bool Moving(const Status& status) { return status.phase == Phase::kProgressing || status.phase == Phase::kGoingBack; }

// The time from which the lag counts: the write was decided, and the object was seen as it is now.
TimePoint AcceptedAt(const Context& context, const std::vector<RouteObject>& objects, std::size_t count) {
  TimePoint at = context.status.applied.written_at.value_or(context.now);
  for (std::size_t i = 0; i < count; ++i) {
    const ObservedObject* seen = SeenOf(context, objects[i]);
    if (seen != nullptr && seen->seen_at > at) {
      at = seen->seen_at;
    }
  }
  // An object whose status is rewritten all the time doesn't put the lag off for ever.
  const TimePoint latest = context.status.applied.written_at.value_or(context.now) + kRescue;
  return std::min(at, std::max(latest, context.status.applied.written_at.value_or(context.now)));
}

// The revisions that `settled` calls stable and candidate: those to which the split sends requests. Where that is one
// alone, as at rest, on the way back or at a first install, both names mean that one: a revision without traffic need
// not have endpoints. While they go to neither, as on the way from one failed first install to the next, it is the one
// that gets the most.
std::pair<Revision, Revision> RoutedRevisions(const Context& context) {
  const Status& status = context.status;
  Revision stable = ShareOf(context, status.stable) > Number(0) ? status.stable : Revision();
  Revision candidate = CandidateExposed(context) ? status.candidate : stable;
  if (candidate.empty()) {
    const auto most = std::max_element(status.applied.shares.begin(), status.applied.shares.end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
    candidate = most == status.applied.shares.end() ? Revision() : most->first;
  }
  return {stable.empty() ? candidate : stable, candidate};
}

graph::Value RoutedRole(const Context& context, const Revision& revision) {
  const graph::Workload* workload = WorkloadOf(context, revision);
  if (workload == nullptr) {
    return {};
  }
  graph::Map role = *graph::RoleValue(context.graph, *workload).as_map();
  role.Set(std::string(graph::kEndpointsField), std::int64_t{Ready(context, revision)});
  return graph::Value(std::move(role));
}

bool RouterSaysSettled(const Context& context, const std::vector<RouteObject>& objects) {
  const graph::Router& router = context.graph.router;
  if (router.settled_when == nullptr) {
    return true;
  }
  graph::Map seen;
  for (const RouteObject& one : objects) {
    if (const ObservedObject* object = SeenOf(context, one)) {
      seen.Set(one.name, object->object);
    }
  }
  graph::Roots roots;
  roots.emplace("object", graph::Value(std::move(seen)));
  const auto [stable, candidate] = RoutedRevisions(context);
  roots.emplace("stable", RoutedRole(context, stable));
  roots.emplace("candidate", RoutedRole(context, candidate));
  const graph::Evaluation settled = graph::Evaluate(*router.settled_when, context.graph.functions, roots);
  const bool* says = settled.kind == graph::Evaluation::Kind::kValue ? settled.value.as_bool() : nullptr;
  return says != nullptr && *says;
}

Duration LagOf(const graph::Router& router) { return std::max(router.lag, router.settled_after); }

// Whether the first `count` objects are as written and their lag is over. All objects together also ask the
// router; before the last exists it could not answer.
bool SettledUpTo(Context& context, const std::vector<RouteObject>& objects, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (!InPlace(context, objects[i])) {
      return false;
    }
  }
  const bool all_exist = std::all_of(objects.begin(), objects.end(), [&](const RouteObject& one) {
    return !one.wanted || SeenOf(context, one) != nullptr;
  });
  if ((count == objects.size() || all_exist) && !RouterSaysSettled(context, objects)) {
    return false;
  }
  const TimePoint due = AcceptedAt(context, objects, count) + LagOf(context.graph.router);
  if (context.now < due) {
    context.Say("waits for the routers to follow", {}, due);
    return false;
  }
  return true;
}

// A first write of a split that raises the candidate's share needs its pods now, not only when it was decided.
bool MayRaise(Context& context) {
  const Status& status = context.status;
  if (status.phase != Phase::kProgressing || status.candidate.empty()) {
    return true;
  }
  const auto before = status.applied.previous.find(status.candidate);
  const Number share = ShareOf(context, status.candidate);
  const bool raises = share > (before == status.applied.previous.end() ? Number(0) : before->second);
  const bool sends = raises || !status.applied.matches.empty() || status.applied.mirror > Number(0);
  if (!raises || Ready(context, status.candidate) >= NeedOf(context, share)) {
    return !sends || ProxiesKnow(context, status.candidate);
  }
  context.Say(fmt::format("the split waits: {} of {} candidate pods are ready", Ready(context, status.candidate),
                          NeedOf(context, share)));
  return false;
}

void WriteObject(Context& context, const RouteObject& one) {
  if (!one.error.empty()) {
    context.Say(fmt::format("the router's object {} can't be made: {}", one.name, one.error));
    return;
  }
  const ObservedObject* seen = SeenOf(context, one);
  graph::Value object = With(Marked(context, one.manifest), {"metadata", "annotations", kSplitAnnotation},
                             graph::Value(std::to_string(context.status.applied.sequence)));
  std::string why = "split";
  for (const auto& [revision, share] : context.status.applied.shares) {
    why += fmt::format(" {} {}", revision, share.ToPercent());
  }
  Remember(context, one.object);
  context.decision.actions.emplace_back(
      ApplyObject{std::move(object), seen == nullptr ? std::nullopt : std::optional(seen->version), std::move(why)});
}

// Brings the objects to the applied split, one after the other where it is new.
void WriteObjects(Context& context, const std::vector<RouteObject>& objects) {
  Applied& applied = context.status.applied;
  if (!applied.settled_at && !MayRaise(context)) {
    return;
  }
  for (std::size_t i = 0; i < objects.size(); ++i) {
    const RouteObject& one = objects[i];
    const bool first_time = !applied.settled_at && static_cast<std::size_t>(applied.objects_written) <= i;
    if (first_time && i > 0 && !SettledUpTo(context, objects, i)) {
      return;
    }
    const ObservedObject* seen = SeenOf(context, one);
    const bool fenced = seen == nullptr || !Moving(context.status) || EpochOf(seen->object) >= context.status.epoch;
    if (first_time) {
      applied.objects_written = static_cast<std::int32_t>(i) + 1;
      applied.written_at = context.now;
    }
    if (!InPlace(context, one) || (one.wanted && !fenced)) {
      WriteObject(context, one);
      if (first_time) {
        return;
      }
    } else if (one.wanted) {
      Remember(context, one.object);
    }
  }
}

// What carries the traffic from now on does so: what did before may go.
bool CarriedWithoutThem(Context& context, const std::vector<RouteObject>& objects) {
  if (!RouteIsOurs(context)) {
    return (context.by_pods() || !context.status.applied.shares.empty()) && AddressInPlace(context);
  }
  return SettledUpTo(context, objects, objects.size());
}

// Objects that the split does without, and those of a router that the plan no longer names, go after what
// replaces them has settled; and the split counts as settled only once they are gone, because they route too.
void DeleteUnwanted(Context& context, const std::vector<RouteObject>& objects) {
  Applied& applied = context.status.applied;
  const std::vector<const ObservedObject*> unwanted = Unwanted(context, objects);
  if (unwanted.empty() || !CarriedWithoutThem(context, objects)) {
    return;
  }
  const auto last = static_cast<std::int32_t>(objects.size()) + 1;
  if (applied.objects_written != last) {
    applied.objects_written = last;
    applied.written_at = context.now;
  }
  for (const ObservedObject* object : unwanted) {
    DeleteRouteObject(context, *object, "this split does without it");
  }
}

bool SameOrAbsent(const graph::ExpressionPtr& a, const graph::ExpressionPtr& b) {
  return a == nullptr || b == nullptr ? a == b : graph::SameExpression(*a, *b);
}

}  // namespace

bool ProxiesKnow(Context& context, const Revision& revision) {
  const auto seen = context.seen.revisions.find(revision);
  if (seen == context.seen.revisions.end() || !seen->second.endpoints_since) {
    return true;
  }
  const TimePoint due = *seen->second.endpoints_since + LagOf(context.graph.router);
  if (context.now >= due) {
    return true;
  }
  context.Say(fmt::format("the split waits: proxies may not know the endpoints of {} yet", revision), {}, due);
  return false;
}

void ObserveRoute(Context& context) {
  Applied& applied = context.status.applied;
  if (applied.settled_at || applied.shares.empty()) {
    return;
  }
  if (!RouteIsOurs(context)) {
    applied.settled_at = context.now;
    applied.previous = applied.shares;
    return;
  }
  const std::vector<RouteObject> objects = RouteObjects(context);
  if (SettledUpTo(context, objects, objects.size()) && Unwanted(context, objects).empty()) {
    applied.settled_at = context.now;
    applied.previous = applied.shares;
  }
}

void WriteRoute(Context& context) {
  const std::vector<RouteObject> objects = RouteObjects(context);
  WriteObjects(context, objects);
  DeleteUnwanted(context, objects);
  ForgetGone(context, objects);
}

bool SameRouting(const graph::Graph& a, const graph::Graph& b) {
  const graph::Router& x = a.router;
  const graph::Router& y = b.router;
  const auto same_object = [](const graph::RouterObject& m, const graph::RouterObject& n) {
    return m.name == n.name && SameOrAbsent(m.when, n.when) && SameOrAbsent(m.manifest, n.manifest);
  };
  return x.shares_by_pods == y.shares_by_pods && x.address == y.address &&
         std::equal(x.objects.begin(), x.objects.end(), y.objects.begin(), y.objects.end(), same_object) &&
         a.stable_service.Path({"spec", "ports"}) == b.stable_service.Path({"spec", "ports"}) &&
         a.workload.service.Path({"spec", "ports"}) == b.workload.service.Path({"spec", "ports"});
}

}  // namespace sluice::decide
