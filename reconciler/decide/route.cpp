#include "reconciler/decide/route.h"

#include <algorithm>

#include <fmt/format.h>

#include "compiler/graph/expression.h"
#include "compiler/graph/split.h"
#include "reconciler/decide/objects.h"
#include "reconciler/decide/revision.h"

namespace sluice::decide {
namespace {

bool RouteIsOurs(const Context& context) {
  return !context.by_pods() && !context.graph.router.objects.empty() && !context.status.applied.shares.empty();
}

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

// The router's objects for the applied split, in the order in which they are to be written.
struct Rendered {
  std::string name;
  graph::Value manifest;
  bool wanted = true;
  std::string error;
};
std::vector<Rendered> Render(const Context& context) {
  std::map<Revision, graph::Workload> unknown;
  graph::Roots roots;
  roots.emplace("split", SplitRoot(context, unknown));
  std::vector<Rendered> all;
  for (const graph::RouterObject& object : context.graph.router.objects) {
    Rendered rendered{object.name, {}, true, {}};
    if (object.when != nullptr) {
      const graph::Evaluation when = graph::Evaluate(*object.when, context.graph.functions, roots);
      const bool* says = when.kind == graph::Evaluation::Kind::kValue ? when.value.as_bool() : nullptr;
      rendered.wanted = says == nullptr || *says;
    }
    if (rendered.wanted && object.manifest != nullptr) {
      graph::Evaluation made = graph::Evaluate(*object.manifest, context.graph.functions, roots);
      rendered.manifest = std::move(made.value);
      rendered.error = made.kind == graph::Evaluation::Kind::kValue ? std::string() : made.message;
    }
    all.push_back(std::move(rendered));
  }
  if (Loses(context.status)) {
    std::reverse(all.begin(), all.end());
  }
  return all;
}

bool CarriesSplit(const Status& status, const graph::Value& object) {
  const graph::Value value = object.Path({"metadata", "annotations", kSplitAnnotation});
  const std::string* text = value.as_string();
  return text != nullptr && *text == std::to_string(status.applied.sequence);
}

bool InPlace(const Context& context, const Rendered& rendered) {
  const auto found = context.seen.router_objects.find(rendered.name);
  if (!rendered.wanted) {
    return true;  // deleted only after the settled write
  }
  return found != context.seen.router_objects.end() && CarriesSplit(context.status, found->second.object) &&
         Contains(found->second.object, rendered.manifest);
}

bool Moving(const Status& status) { return status.phase == Phase::kProgressing || status.phase == Phase::kGoingBack; }

// The time from which the lag counts: the write was decided, and the object was seen as it is now.
TimePoint AcceptedAt(const Context& context, const std::vector<Rendered>& rendered, std::size_t count) {
  TimePoint at = context.status.applied.written_at.value_or(context.now);
  for (std::size_t i = 0; i < count; ++i) {
    const auto found = context.seen.router_objects.find(rendered[i].name);
    if (found != context.seen.router_objects.end() && found->second.seen_at > at) {
      at = found->second.seen_at;
    }
  }
  // An object whose status is rewritten all the time doesn't put the lag off for ever.
  const TimePoint latest = context.status.applied.written_at.value_or(context.now) + kRescue;
  return std::min(at, std::max(latest, context.status.applied.written_at.value_or(context.now)));
}

bool RouterSaysSettled(const Context& context) {
  const graph::Router& router = context.graph.router;
  if (router.settled_when == nullptr) {
    return true;
  }
  graph::Map objects;
  for (const auto& [name, object] : context.seen.router_objects) {
    objects.Set(name, object.object);
  }
  graph::Roots roots;
  roots.emplace("object", graph::Value(std::move(objects)));
  const graph::Evaluation settled = graph::Evaluate(*router.settled_when, context.graph.functions, roots);
  const bool* says = settled.kind == graph::Evaluation::Kind::kValue ? settled.value.as_bool() : nullptr;
  return says != nullptr && *says;
}

Duration LagOf(const graph::Router& router) { return std::max(router.lag, router.settled_after); }

// Whether the first `count` objects are as written and their lag is over. All objects together also ask the
// router; before the last exists it could not answer.
bool SettledUpTo(Context& context, const std::vector<Rendered>& rendered, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (!InPlace(context, rendered[i])) {
      return false;
    }
  }
  const bool all_exist = std::all_of(rendered.begin(), rendered.end(), [&](const Rendered& one) {
    return !one.wanted || context.seen.router_objects.contains(one.name);
  });
  if ((count == rendered.size() || all_exist) && !RouterSaysSettled(context)) {
    return false;
  }
  const TimePoint due = AcceptedAt(context, rendered, count) + LagOf(context.graph.router);
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
  if (!raises || Ready(context, status.candidate) >= NeedOf(context, share)) {
    return true;
  }
  context.Say(fmt::format("the split waits: {} of {} candidate pods are ready", Ready(context, status.candidate),
                          NeedOf(context, share)));
  return false;
}

void WriteObject(Context& context, const Rendered& rendered) {
  if (!rendered.error.empty()) {
    context.Say(fmt::format("the router's object {} can't be made: {}", rendered.name, rendered.error));
    return;
  }
  const auto found = context.seen.router_objects.find(rendered.name);
  graph::Value object = With(Marked(context, rendered.manifest), {"metadata", "annotations", kSplitAnnotation},
                             graph::Value(std::to_string(context.status.applied.sequence)));
  std::string why = "split";
  for (const auto& [revision, share] : context.status.applied.shares) {
    why += fmt::format(" {} {}%", revision, (share * Number(100)).ToRoundedString(2));
  }
  context.decision.actions.emplace_back(
      ApplyObject{std::move(object),
                  found == context.seen.router_objects.end() ? std::nullopt : std::optional(found->second.version),
                  std::move(why)});
}

// Objects that the split does without go after the write that no longer needs them has settled.
void DeleteUnwanted(Context& context, const std::vector<Rendered>& rendered) {
  for (const Rendered& one : rendered) {
    const auto found = context.seen.router_objects.find(one.name);
    if (one.wanted || found == context.seen.router_objects.end()) {
      continue;
    }
    const graph::Value& object = found->second.object;
    context.decision.actions.emplace_back(
        DeleteObject{object.Field("apiVersion").ToText(), object.Field("kind").ToText(),
                     object.Path({"metadata", "namespace"}).ToText(), object.Path({"metadata", "name"}).ToText(),
                     found->second.version, "this split does without it"});
  }
}

bool SameOrAbsent(const graph::ExpressionPtr& a, const graph::ExpressionPtr& b) {
  return a == nullptr || b == nullptr ? a == b : graph::SameExpression(*a, *b);
}

}  // namespace

bool IsApplied(const Context& context, const Split& split) {
  const Applied& applied = context.status.applied;
  return applied.shares == split.shares && applied.mirror == split.mirror && applied.matches == split.matches;
}

void Apply(Context& context, Split split) {
  if (IsApplied(context, split)) {
    return;
  }
  Applied& applied = context.status.applied;
  applied.previous = std::move(applied.shares);
  applied.shares = std::move(split.shares);
  applied.matches = std::move(split.matches);
  applied.mirror = split.mirror;
  applied.sequence += 1;
  applied.objects_written = 0;
  applied.written_at = context.now;
  applied.settled_at.reset();
  if (!context.status.exposed_at && CandidateExposed(context)) {
    context.status.exposed_at = context.now;
  }
}

Split SplitFor(const Context& context, const Number& share, const std::vector<graph::Match>& matches,
               const Number& mirror) {
  const Status& status = context.status;
  Split split{{}, matches, mirror};
  if (share > Number(0) || !matches.empty() || mirror > Number(0)) {
    split.shares[status.candidate] = share;
  }
  Number rest = Number(1) - share;
  Number leaving;
  for (const auto& [revision, held] : status.applied.shares) {
    if (revision != status.stable && revision != status.candidate && Endpoints(context, revision) > 0) {
      leaving = leaving + held;
    }
  }
  if (status.stable.empty()) {
    return split;
  }
  // What stable carries: all of the rest without leaving revisions; else what its ready pods allow, at least
  // what it has now.
  Number carried = rest;
  if (leaving > Number(0)) {
    const Number able = ShareCarriedBy(context, Ready(context, status.stable));
    const Number has = ShareOf(context, status.stable);
    const Number most = able > has ? able : has;
    carried = most < rest ? most : rest;
    const Number least = rest - leaving;
    carried = carried < least ? least : carried;
  }
  split.shares[status.stable] = carried;
  rest = rest - carried;
  for (const auto& [revision, held] : status.applied.shares) {
    if (rest > Number(0) && revision != status.stable && revision != status.candidate &&
        Endpoints(context, revision) > 0) {
      const Number kept = held < rest ? held : rest;
      split.shares[revision] = kept;
      rest = rest - kept;
    }
  }
  return split;
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
  const std::vector<Rendered> rendered = Render(context);
  if (SettledUpTo(context, rendered, rendered.size())) {
    applied.settled_at = context.now;
    applied.previous = applied.shares;
  }
}

void WriteRoute(Context& context) {
  if (!RouteIsOurs(context)) {
    return;
  }
  Applied& applied = context.status.applied;
  const std::vector<Rendered> rendered = Render(context);
  if (applied.settled_at) {
    DeleteUnwanted(context, rendered);
  } else if (!MayRaise(context)) {
    return;
  }
  for (std::size_t i = 0; i < rendered.size(); ++i) {
    const Rendered& one = rendered[i];
    const bool first_time = !applied.settled_at && static_cast<std::size_t>(applied.objects_written) <= i;
    if (first_time && i > 0 && !SettledUpTo(context, rendered, i)) {
      return;
    }
    const auto found = context.seen.router_objects.find(one.name);
    const bool fenced = found == context.seen.router_objects.end() || !Moving(context.status) ||
                        EpochOf(found->second.object) >= context.status.epoch;
    if (first_time) {
      applied.objects_written = static_cast<std::int32_t>(i) + 1;
      applied.written_at = context.now;
    }
    if (!InPlace(context, one) || (one.wanted && !fenced)) {
      WriteObject(context, one);
      if (first_time) {
        return;
      }
    }
  }
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
