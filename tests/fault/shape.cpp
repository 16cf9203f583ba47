#include "tests/fault/shape.h"

#include <algorithm>

#include <fmt/format.h>

namespace sluice::execute {
namespace {

constexpr int kDeadline = 20;  // minutes
constexpr int kApproval = 5;   // minutes

const std::vector<std::string>& Routers() {
  static const std::vector<std::string> all = {"gateway(\"infra/public\")", "replicas()", "selector()"};
  return all;
}

// Of pods: each is a share that is a whole percent.
const std::vector<int>& Counts() {
  static const std::vector<int> all = {2, 4, 5};
  return all;
}

bool Splits(const Shape& shape) { return shape.router != "selector()"; }
bool Matches(const Shape& shape) { return shape.router.starts_with("gateway"); }

// What the router can express, in an order of growing shares.
void Settle(Shape& shape) {
  std::vector<int> weights;
  for (Shape::Step& step : shape.steps) {
    if (!Splits(shape)) step.weight = 0;
    if (shape.router == "replicas()") {
      const int one = 100 / shape.replicas;
      step.weight = std::clamp(step.weight / one * one, one, 100 - one);
    }
    if (!Matches(shape)) step.matches = false;
    weights.push_back(step.weight);
  }
  std::sort(weights.begin(), weights.end());
  for (std::size_t i = 0; i < shape.steps.size(); ++i) {
    Shape::Step& step = shape.steps[i];
    step.weight = weights[i];
    if (step.weight == 0) step.guarded = false;
  }
}

Shape::Step AnyStep(Dice& dice, const std::string& name) {
  Shape::Step step;
  step.name = name;
  step.weight = static_cast<int>(dice.Between(1, 18)) * 5;
  step.hold = static_cast<int>(dice.Between(4, 40));
  step.guarded = dice.OneIn(2);
  step.matches = dice.OneIn(5);
  if (dice.OneIn(5)) step.job = dice.OneIn(4) ? "shop/smoke:bad" : kGoodJob;
  step.pause = dice.OneIn(8);
  return step;
}

std::string FreeName(const Shape& shape) {
  for (int i = 1;; ++i) {
    std::string name = fmt::format("s{}", i);
    const auto same = [&](const Shape::Step& step) { return step.name == name; };
    if (std::none_of(shape.steps.begin(), shape.steps.end(), same)) return name;
  }
}

std::string TextOf(const Shape& shape, const Shape::Step& step) {
  if (step.pause) {
    return fmt::format("  step {} {{ pause until approved by \"release\" within {}m else rollback }}\n", step.name,
                       kApproval);
  }
  std::string verbs;
  if (!step.job.empty()) verbs += fmt::format("run job {{ image \"{}\" }} within 1m ", step.job);
  if (Matches(shape)) verbs += step.matches ? "match header \"x-canary\" is \"always\" " : "match none ";
  if (!Splits(shape)) verbs += "weight 0%  replicas 100% ";
  if (Splits(shape)) verbs += fmt::format("weight {}% ", step.weight);
  return fmt::format("  step {} {{ {} hold {}s{} }}\n", step.name, verbs, step.hold,
                     step.guarded ? " while healthy" : "");
}

}  // namespace

embedded::World WorldOfShapes() {
  const auto image = [](const std::string& pattern) {
    embedded::ImageBehaviour behaviour;
    behaviour.pattern = pattern;
    return behaviour;
  };
  embedded::ImageBehaviour bad = image("*:bad-*"), crash = image("*:crash-*"), never = image("*:never-*");
  bad.errors = {{Duration(0), 300'000}};
  crash.crash_after = Duration(500);
  crash.ready = false;
  never.ready = false;
  embedded::ImageBehaviour failing = image("shop/smoke:bad");
  failing.exit_code = 1;
  embedded::Load outside, inside;
  outside.host = "shop.example.com";
  outside.per_second = 100;
  inside.namespace_ = "shop";
  inside.service = "checkout";
  inside.per_second = 100;
  embedded::World world;
  world.images = {bad, crash, never, failing, {}};
  world.loads = {outside, inside};
  world.default_per_second = 0;
  return world;
}

Shape AnyShape(Dice& dice) {
  Shape shape;
  shape.router = dice.Of(Routers());
  shape.replicas = dice.Of(Counts());
  shape.drain = static_cast<int>(dice.Between(1, 10));
  const auto steps = dice.Between(0, 3);
  for (int i = 0; i < steps; ++i) shape.steps.push_back(AnyStep(dice, FreeName(shape)));
  const auto objects = dice.Between(0, 3);
  for (int i = 0; i < objects; ++i) shape.objects[fmt::format("note-{}", i)] = "1";
  Settle(shape);
  return shape;
}

Shape Mutated(Shape shape, Dice& dice) {
  const std::size_t at = shape.steps.empty() ? 0 : dice.Below(shape.steps.size());
  switch (dice.Below(shape.steps.empty() ? 5 : 11)) {
    case 0:
      shape.objects[fmt::format("note-{}", dice.Below(5))] = fmt::format("{}", dice.Below(9));
      break;
    case 1:
      if (!shape.objects.empty()) shape.objects.erase(shape.objects.begin());
      break;
    case 2:
      if (!shape.objects.empty()) {
        auto node = shape.objects.extract(shape.objects.begin());
        node.key() = fmt::format("moved-{}", dice.Below(9));
        shape.objects.insert(std::move(node));
      }
      break;
    case 3:
      shape.replicas = dice.Of(Counts());
      break;
    case 4: {
      const auto place = static_cast<std::ptrdiff_t>(dice.Below(shape.steps.size() + 1));
      shape.steps.insert(shape.steps.begin() + place, AnyStep(dice, FreeName(shape)));
      break;
    }
    case 5:
      shape.steps.erase(shape.steps.begin() + static_cast<std::ptrdiff_t>(at));
      break;
    case 6:
      shape.steps[at].name = FreeName(shape);
      break;
    case 7:
      std::swap(shape.steps[at], shape.steps[dice.Below(shape.steps.size())]);
      break;
    case 8:
      shape.steps[at].weight = static_cast<int>(dice.Between(1, 18)) * 5;
      break;
    case 9:
      shape.steps[at].guarded = !shape.steps[at].guarded;
      break;
    default:
      shape.steps[at].hold = static_cast<int>(dice.Between(4, 40));
      break;
  }
  Settle(shape);
  return shape;
}

git::MemoryRepository::Files FilesOf(const Shape& shape, const std::string& tag) {
  std::string steps, objects = "// what is beside it\n";
  bool guarded = false;
  for (const Shape::Step& step : shape.steps) {
    steps += TextOf(shape, step);
    guarded = guarded || (step.guarded && !step.pause);
  }
  for (const auto& [name, value] : shape.objects) {
    objects += fmt::format(
        "object {0} {{ apiVersion: \"v1\" kind: \"ConfigMap\" metadata: {{ name: \"{0}\" namespace: \"shop\" }} "
        "data: {{ a: \"{1}\" }} }}\n",
        name, value);
  }
  const std::string plan = fmt::format(
      R"(
import std.gates
import std.routers
service checkout {{
  namespace "shop"
  image     "ghcr.io/acme/checkout:{}"
  replicas  {}
  port      http 8080
  probe     ready http "/readyz" every 1s
}}
route shop {{
  host "shop.example.com"
  via  routers.{}
}}
{}rollout checkout {{
  deploy   checkout
  through  shop
  deadline {}m
  drain    {}s
{}  step full {{ weight 100% }}
}}
)",
      tag, shape.replicas, shape.router,
      guarded ? "gate healthy = gates.error-rate(max: 1%, over: 10s, every: 2s)\n" : "", kDeadline, shape.drain, steps);
  return {{"checkout.plan", plan}, {"objects.plan", objects}};
}

Duration BoundOf(const Shape& shape) {
  const auto pauses =
      std::count_if(shape.steps.begin(), shape.steps.end(), [](const auto& step) { return step.pause; });
  // Approvals don't count for the deadline; twice, for the way there and the way back.
  return 2 * std::chrono::minutes(kDeadline) + pauses * std::chrono::minutes(kApproval);
}

}  // namespace sluice::execute
