#include "tests/decide/any_plan.h"

#include <algorithm>
#include <variant>

#include <fmt/format.h>

namespace sluice::decide::test {
namespace {

using Part = PlanPart::Kind;

constexpr const char* kCapacities[] = {"kFull", "kShared", "kPods", "kSwitch"};

void DrawGates(Random& random, std::vector<PlanPart>& parts, const std::string& step) {
  if (random.OneIn(2)) {
    parts.push_back(
        {random.OneIn(2) ? Part::kHold : Part::kGuardedHold, step, random.OneIn(10) ? 90 : 1 + random.Below(10)});
  }
  if (random.OneIn(4)) {
    parts.push_back({Part::kPause, step, 60, 1 + random.Below(2)});
  }
  if (random.OneIn(4)) {
    parts.push_back({Part::kCheck, step, 20});
  }
}

void AddPart(Plan& plan, const PlanPart& part) {
  switch (part.kind) {
    case Part::kWeight:
      plan.Weight(part.step, part.number);
      break;
    case Part::kMatch:
      plan.Match(part.step, "x-canary");
      break;
    case Part::kMirror:
      plan.Match(part.step, "x-mirror");
      std::get<graph::TrafficNode>(plan.graph.nodes.back().does) = {Number(0), {}, Number::Ratio(part.number, 100)};
      break;
    case Part::kHold:
    case Part::kGuardedHold:
      plan.Hold(part.step, minutes(part.number), part.kind == Part::kGuardedHold);
      break;
    case Part::kCheck:
      plan.Check(part.step, minutes(part.number));
      break;
    case Part::kPause:
      plan.Pause(part.step, minutes(part.number), part.more);
      break;
    case Part::kRun:
      plan.Run(part.step, minutes(part.number), part.more);
      break;
    case Part::kNotify:
      plan.Notify(part.step);
      break;
  }
}

std::string CodeOf(const PlanPart& part) {
  const std::string step = fmt::format("\"{}\"", part.step);
  switch (part.kind) {
    case Part::kWeight:
      return fmt::format("plan.Weight({}, {});", step, part.number);
    case Part::kMatch:
      return fmt::format("plan.Match({}, \"x-canary\");", step);
    case Part::kMirror:
      return fmt::format("plan.Match({}, \"x-mirror\"); /* traffic: {}% mirrored */", step, part.number);
    case Part::kHold:
      return fmt::format("plan.Hold({}, minutes({}), false);", step, part.number);
    case Part::kGuardedHold:
      return fmt::format("plan.Hold({}, minutes({}));", step, part.number);
    case Part::kCheck:
      return fmt::format("plan.Check({}, minutes({}));", step, part.number);
    case Part::kPause:
      return fmt::format("plan.Pause({}, minutes({}), {});", step, part.number, part.more);
    case Part::kRun:
      return fmt::format("plan.Run({}, minutes({}), {});", step, part.number, part.more);
    case Part::kNotify:
      return fmt::format("plan.Notify({});", step);
  }
  return "";
}

}  // namespace

AnyPlan DrawPlan(Random& random, Capacity capacity) {
  AnyPlan plan;
  plan.capacity = capacity;
  plan.replicas = 1 + random.Below(12);
  plan.surge = random.Below(4);
  plan.unavailable = random.Below(2);
  if (plan.surge == 0 && plan.unavailable == 0) {
    plan.unavailable = 1;
  }
  plan.unavailable = std::min(plan.unavailable, plan.replicas);
  plan.deadline = random.OneIn(2) ? 1 : 6;
  plan.deadline_holds = random.OneIn(2);
  plan.hold_on_failure = random.OneIn(6);
  plan.watched = random.OneIn(4);
  plan.two_routes = random.OneIn(4);
  if (capacity != Capacity::kShared && random.OneIn(3)) {
    plan.most = plan.replicas + random.Below(12);
  }
  const bool weighs = capacity == Capacity::kFull || capacity == Capacity::kShared;
  if (weighs && random.OneIn(4)) {
    const std::string step = "aside";
    plan.parts.push_back({random.OneIn(2) ? Part::kMatch : Part::kMirror, step, 10 + random.Below(50)});
    DrawGates(random, plan.parts, step);
  }
  int share = 0;
  for (int i = 0; i < 4 && share < 90 && capacity != Capacity::kSwitch; ++i) {
    share += 5 + random.Below(40);
    const std::string step = fmt::format("step{}", i);
    if (random.OneIn(4)) {
      plan.parts.push_back({Part::kRun, "before-" + step, 3, random.Below(2)});
    }
    plan.parts.push_back({Part::kWeight, step, std::min(share, 99)});
    if (random.OneIn(6)) {
      plan.parts.push_back({Part::kRun, step, 5, random.Below(3)});
    }
    if (random.OneIn(5)) {
      plan.parts.push_back({Part::kNotify, step});
    }
    DrawGates(random, plan.parts, step);
  }
  plan.parts.push_back({Part::kWeight, "full", 100});
  plan.parts.push_back({Part::kGuardedHold, "full", 2});
  return plan;
}

AnyPlan DrawEdit(Random& random, AnyPlan plan) {
  const int at = random.Below(static_cast<int>(plan.parts.size()));
  PlanPart& part = plan.parts[static_cast<std::size_t>(at)];
  switch (random.Below(7)) {
    case 0:  // all shares lower, but for the last
      for (PlanPart& one : plan.parts) {
        one.number = one.kind == Part::kWeight && one.number < 100 ? std::max(1, one.number / 2) : one.number;
      }
      break;
    case 1:
      if (part.kind != Part::kWeight) {
        plan.parts.erase(plan.parts.begin() + at);
      }
      break;
    case 2:
      plan.parts.insert(plan.parts.begin() + at, {random.OneIn(2) ? Part::kHold : Part::kNotify,
                                                  fmt::format("new{}", random.Below(100)), 1 + random.Below(5)});
      break;
    case 3:
      plan.route = random.OneIn(2) ? "shop" : "other";
      plan.two_routes = random.OneIn(2);
      break;
    default:
      for (PlanPart& one : plan.parts) {
        one.number += one.kind != Part::kWeight && one.kind != Part::kMirror ? 1 : 0;
      }
  }
  return plan;
}

graph::Graph Build(const AnyPlan& any, const std::string& revision) {
  Plan plan(any.capacity, any.replicas);
  graph::Policies& policies = plan.graph.policies;
  policies.surge = any.surge;
  policies.unavailable = any.unavailable;
  policies.deadline = hours(any.deadline);
  policies.deadline_else = any.deadline_holds ? graph::Disposition::kHold : graph::Disposition::kRollback;
  plan.graph.hold_on_failure = any.hold_on_failure;
  if (any.watched) {
    plan.graph.watch = graph::GateTree{};
  }
  if (any.most) {
    plan.Autoscale(*any.most);
  }
  if (!plan.graph.router.objects.empty()) {
    plan.graph.router.objects = {BackendsIn("route", any.route)};
    if (any.two_routes) {
      plan.graph.router.objects.push_back(BackendsIn("second", any.route + "-two", WhileThereAreTwo()));
    }
  }
  for (const PlanPart& part : any.parts) {
    AddPart(plan, part);
  }
  return plan.Build(revision);
}

std::string CodeOf(const AnyPlan& plan, const std::string& revision) {
  std::string code =
      fmt::format("Plan plan(Capacity::{}, {});", kCapacities[static_cast<int>(plan.capacity)], plan.replicas);
  const auto add = [&](const std::string& line) { code += "\n    " + line; };
  add(fmt::format("plan.graph.policies.surge = {}; plan.graph.policies.unavailable = {};", plan.surge,
                  plan.unavailable));
  add(fmt::format("plan.graph.policies.deadline = hours({});", plan.deadline));
  if (plan.deadline_holds) {
    add("plan.graph.policies.deadline_else = graph::Disposition::kHold;");
  }
  if (plan.hold_on_failure) {
    add("plan.graph.hold_on_failure = true;");
  }
  if (plan.watched) {
    add("plan.graph.watch = graph::GateTree{};");
  }
  if (plan.most) {
    add(fmt::format("plan.Autoscale({});", *plan.most));
  }
  if (plan.capacity != Capacity::kPods) {
    const std::string second =
        plan.two_routes ? fmt::format(", BackendsIn(\"second\", \"{}-two\", WhileThereAreTwo())", plan.route) : "";
    add(fmt::format("plan.graph.router.objects = {{BackendsIn(\"route\", \"{}\"){}}};", plan.route, second));
  }
  for (const PlanPart& part : plan.parts) {
    add(CodeOf(part));
  }
  add(fmt::format("plan.Build(\"{}\")", revision));
  return code;
}

}  // namespace sluice::decide::test
