#include "reconciler/decide/route_objects.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "compiler/graph/expression.h"
#include "compiler/graph/names.h"
#include "compiler/graph/split.h"
#include "reconciler/decide/objects.h"
#include "reconciler/decide/revision.h"

namespace sluice::decide {
namespace {

// The candidate loses in this split: its objects are written in the reverse of the declared order.
bool Loses(const Status& status) {
  const auto share = [&](const std::map<Revision, Number>& shares) {
    const auto found = shares.find(status.candidate);
    return found == shares.end() ? Number(0) : found->second;
  };
  return status.phase == Phase::kGoingBack || share(status.applied.shares) < share(status.applied.previous);
}

graph::Value SplitRoot(const Context& context, std::map<Revision, graph::Workload>& unknown) {
  const Status& status = context.status;
  const auto workload = [&](const Revision& revision) {
    const graph::Workload* known = WorkloadOf(context, revision);
    if (known == nullptr) {
      unknown[revision].revision = revision;
      known = &unknown[revision];
    }
    return known;
  };
  std::vector<graph::Backend> backends;
  const auto add = [&](const char* role, const Revision& revision) {
    if (status.applied.shares.contains(revision)) {
      backends.push_back({role, workload(revision), ShareOf(context, revision)});
    }
  };
  add("stable", status.stable);
  if (status.candidate != status.stable) {
    add("candidate", status.candidate);
  }
  for (const auto& [revision, share] : status.applied.shares) {
    if (revision != status.stable && revision != status.candidate) {
      add("leaving", revision);
    }
  }
  return graph::SplitValue(context.graph, backends, status.applied.matches, status.applied.mirror);
}

ObjectName NameOf(const graph::Value& object) {
  return {object.Field("apiVersion").ToText(), object.Field("kind").ToText(),
          object.Path({"metadata", "namespace"}).ToText(), object.Path({"metadata", "name"}).ToText()};
}

// One object has a name in each version of its API: by `gateway.networking.k8s.io/v1beta1` it is the same as by `…/v1`.
bool SameObject(const ObjectName& a, const ObjectName& b) {
  return a.kind == b.kind && a.name == b.name && a.namespace_ == b.namespace_ &&
         graph::GroupOf(a.api_version) == graph::GroupOf(b.api_version);
}

bool CarriesSplit(const Status& status, const graph::Value& object) {
  const graph::Value value = object.Path({"metadata", "annotations", kSplitAnnotation});
  const std::string* text = value.as_string();
  return text != nullptr && *text == std::to_string(status.applied.sequence);
}

bool AllCanBeMade(const std::vector<RouteObject>& objects) {
  return std::all_of(objects.begin(), objects.end(), [](const RouteObject& one) { return one.error.empty(); });
}

// A Service that stands for the service or for one of its revisions is no business of the router's any more.
bool IsServiceOfItself(const Context& context, const ObjectName& object) {
  if (object.kind != "Service" || !graph::GroupOf(object.api_version).empty() ||
      object.namespace_ != context.graph.rollout_namespace) {
    return false;
  }
  const bool stable = context.graph.router.address != graph::Router::Address::kRouter &&
                      !context.graph.stable_service.is_none() && object.name == context.graph.service;
  return stable || std::any_of(context.seen.revisions.begin(), context.seen.revisions.end(), [&](const auto& entry) {
           return object.name == context.graph.service + "-" + entry.first;
         });
}

bool IsWanted(const Context& context, const std::vector<RouteObject>& wanted, const ObjectName& object) {
  return IsServiceOfItself(context, object) || std::any_of(wanted.begin(), wanted.end(), [&](const RouteObject& one) {
           return one.wanted && SameObject(one.object, object);
         });
}

// Null if it is not there, or not this rollout's.
const ObservedObject* OursByName(const Context& context, const ObjectName& object) {
  const auto found = context.seen.router_objects.find(object);
  const bool ours = found != context.seen.router_objects.end() && IsOurs(context, found->second.object);
  return ours ? &found->second : nullptr;
}

}  // namespace

bool RouteIsOurs(const Context& context) {
  return !context.by_pods() && !context.graph.router.objects.empty() && !context.status.applied.shares.empty();
}

std::vector<RouteObject> RouteObjects(const Context& context) {
  std::vector<RouteObject> all;
  if (!RouteIsOurs(context)) {
    return all;
  }
  std::map<Revision, graph::Workload> unknown;
  graph::Roots roots;
  roots.emplace("split", SplitRoot(context, unknown));
  for (const graph::RouterObject& object : context.graph.router.objects) {
    RouteObject made{object.name, true, {}, {}, {}};
    if (object.when != nullptr) {
      const graph::Evaluation when = graph::Evaluate(*object.when, context.graph.functions, roots);
      const bool* says = when.kind == graph::Evaluation::Kind::kValue ? when.value.as_bool() : nullptr;
      made.wanted = says == nullptr || *says;
    }
    if (made.wanted && object.manifest != nullptr) {
      graph::Evaluation manifest = graph::Evaluate(*object.manifest, context.graph.functions, roots);
      made.manifest = std::move(manifest.value);
      made.object = NameOf(made.manifest);
      made.error = manifest.kind == graph::Evaluation::Kind::kValue ? std::string() : manifest.message;
    }
    all.push_back(std::move(made));
  }
  if (Loses(context.status)) {
    std::reverse(all.begin(), all.end());
  }
  return all;
}

const ObservedObject* SeenOf(const Context& context, const RouteObject& object) {
  const auto found = context.seen.router_objects.find(object.object);
  return found == context.seen.router_objects.end() ? nullptr : &found->second;
}

bool InPlace(const Context& context, const RouteObject& object) {
  if (!object.wanted) {
    return true;
  }
  const ObservedObject* seen = SeenOf(context, object);
  return seen != nullptr && IsOurs(context, seen->object) && CarriesSplit(context.status, seen->object) &&
         Contains(seen->object, object.manifest);
}

void Remember(Context& context, const ObjectName& object) {
  std::vector<ObjectName>& objects = context.status.applied.objects;
  if (std::find(objects.begin(), objects.end(), object) != objects.end()) {
    return;
  }
  std::erase_if(objects, [&](const ObjectName& other) { return SameObject(other, object); });
  objects.insert(std::upper_bound(objects.begin(), objects.end(), object), object);
}

std::vector<const ObservedObject*> Unwanted(const Context& context, const std::vector<RouteObject>& wanted) {
  std::vector<const ObservedObject*> found;
  if (!AllCanBeMade(wanted)) {
    return found;
  }
  for (const ObjectName& object : context.status.applied.objects) {
    const ObservedObject* seen = OursByName(context, object);
    if (seen != nullptr && !IsWanted(context, wanted, object)) {
      found.push_back(seen);
    }
  }
  return found;
}

void DeleteRouteObject(Context& context, const ObservedObject& object, const std::string& why) {
  if (!object.object.Path({"metadata", "deletionTimestamp"}).is_none()) {
    return;  // it is going
  }
  const ObjectName name = NameOf(object.object);
  context.decision.actions.emplace_back(
      DeleteObject{name.api_version, name.kind, name.namespace_, name.name, object.version, why});
}

void ForgetGone(Context& context, const std::vector<RouteObject>& wanted) {
  if (!AllCanBeMade(wanted)) {
    return;
  }
  std::erase_if(context.status.applied.objects, [&](const ObjectName& object) {
    return IsServiceOfItself(context, object) ||
           (OursByName(context, object) == nullptr && !IsWanted(context, wanted, object));
  });
}

}  // namespace sluice::decide
