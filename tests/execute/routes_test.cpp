// Edits of what carries the traffic, end to end: the route's name, the router, the objects of a router. No request
// is lost on the way, and nothing of what routed before is left.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "compiler/graph/names.h"
#include "tests/execute/callers.h"
#include "tests/execute/scene.h"

namespace sluice::execute {
namespace {

using decide::Hold;
using decide::Phase;
using Names = std::vector<std::string>;

constexpr const char* kGatewayApi = "gateway.networking.k8s.io/v1";
struct Plan {
  std::string tag = "1";
  std::string route = "shop";
  std::string via = "routers.gateway(\"infra/public\")";
  std::string object = "checkout";  // of the plan's own router
  std::string hold = "6s";
  std::string name_space = "shop";
  std::string also = "true";  // asked by the plan's own router before it is settled
};

std::string Text(const Plan& plan) {
  return fmt::format(R"(
import std.routers

router own(parent: string) {{
  supports weight by 1%
  object main {{
    apiVersion: "gateway.networking.k8s.io/v1"
    kind: "HTTPRoute"
    metadata: {{ name: "{}-main"  namespace: route.namespace }}
    spec: {{
      parentRefs: [{{ group: "gateway.networking.k8s.io"  kind: "Gateway"  name: parent }}]
      hostnames:  route.hosts
      rules: [{{ matches: [{{ path: {{ type: "PathPrefix"  value: "/checkout" }} }}]
                backendRefs: [for b in split.backends: {{ group: ""  kind: "Service"  name: b.service  port: b.port
                                                          weight: round(b.weight / 1%) }}] }}]
    }}
  }}
  // For people who want to see the candidate alone.
  object canary when any b in split.backends: b.role == "candidate" {{
    apiVersion: "gateway.networking.k8s.io/v1"
    kind: "HTTPRoute"
    metadata: {{ name: "{}-canary"  namespace: route.namespace }}
    spec: {{
      parentRefs: [{{ group: "gateway.networking.k8s.io"  kind: "Gateway"  name: parent }}]
      hostnames:  ["canary.example.com"]
      rules: [{{ backendRefs: [for b in split.backends if b.role == "candidate":
                                {{ group: ""  kind: "Service"  name: b.service  port: b.port  weight: 1 }}] }}]
    }}
  }}
  settled when count(object.main.status.parents) > 0
           and all p in object.main.status.parents: all c in p.conditions:
                 c.status == "True" and c.observedGeneration == object.main.metadata.generation
           and {}
}}
service checkout {{
  namespace "{}"
  image     "ghcr.io/acme/checkout:{}"
  replicas  4
  port      http 8080
  probe     ready http "/readyz" every 1s
}}
route {} {{
  host "shop.example.com"
  path "/checkout"
  via  {}
}}
rollout checkout {{
  deploy   checkout
  through  {}
  deadline 30m
  drain    5s
  step half {{ {} hold {} }}
  step full {{ weight 100% }}
}}
)",
                     plan.object, plan.object, plan.also, plan.name_space, plan.tag, plan.route, plan.via, plan.route,
                     plan.via == "routers.selector()" ? "weight 0%" : "weight 50%", plan.hold);
}

std::unique_ptr<Scene> Installed(const Plan& plan) {
  auto scene = std::make_unique<Scene>(Callers());
  scene->repository.Commit({{"checkout.plan", Text(plan)}});
  scene->Start();
  const bool rests = scene->RunUntilAtRest();
  INFO(scene->reconciler->DescribeSource().dump(2));
  REQUIRE(rests);
  REQUIRE(scene->StatusOf("checkout").phase == Phase::kSettled);
  scene->RunFor(Duration(60'000));
  return scene;
}

Names Routes(const Scene& scene) { return scene.Names(kGatewayApi, "HTTPRoute"); }

struct Edit {
  std::string name;
  Plan before, after;
  Names routes;         // in the end
  bool outside = true;  // callers from outside have a route before and after
};

std::vector<Edit> Edits() {
  const std::string own = "own(\"public\")";
  const std::string selector = "routers.selector()";
  const std::string replicas = "routers.replicas()";
  return {
      {"the route gets another name", {}, {.route = "web"}, {"web"}},
      {"the router's objects get other names", {.via = own}, {.via = own, .object = "public"}, {"public-main"}},
      {"another router", {}, {.via = own}, {"checkout-main"}},
      {"another parent", {}, {.via = "routers.gateway(\"infra/other\")"}, {"shop"}},
      {"from a gateway to a selector", {}, {.via = selector}, {}, false},
      {"from a selector to a gateway", {.via = selector}, {}, {"shop"}, false},
      {"from a gateway to pods", {}, {.via = replicas}, {}, false},
      {"from pods to a gateway", {.via = replicas}, {}, {"shop"}, false},
  };
}

TEST_CASE("an edit of what routes, at rest: no request is lost, and nothing that routed before is left") {
  const auto edit = GENERATE(from_range(Edits()));
  INFO(edit.name);
  auto scene = Installed(edit.before);
  const Watcher watcher(*scene);
  scene->repository.Commit({{"checkout.plan", Text(edit.after)}});
  scene->RunFor(Duration(120'000));
  const decide::Status status = scene->StatusOf("checkout");
  CHECK(status.phase == Phase::kSettled);
  CHECK(status.hold == Hold::kNone);
  CHECK(Routes(*scene) == edit.routes);
  watcher.Check(edit.outside);
}

TEST_CASE("an edit of what routes together with a new revision") {
  auto edit = GENERATE(from_range(Edits()));
  INFO(edit.name);
  auto scene = Installed(edit.before);
  const std::string before = scene->StatusOf("checkout").stable;
  const Watcher watcher(*scene);
  edit.after.tag = "2";
  scene->repository.Commit({{"checkout.plan", Text(edit.after)}});
  scene->RunFor(Duration(300'000));
  const decide::Status status = scene->StatusOf("checkout");
  CHECK(status.phase == Phase::kSettled);
  CHECK(status.hold == Hold::kNone);
  CHECK(status.stable != before);
  CHECK(Routes(*scene) == edit.routes);
  watcher.Check(edit.outside);
}

TEST_CASE("an edit of what routes in the middle of a rollout waits for its end") {
  auto edit = GENERATE(from_range(Edits()));
  INFO(edit.name);
  auto scene = Installed(edit.before);
  const std::string before = scene->StatusOf("checkout").stable;
  const Names routes = Routes(*scene);
  const Watcher watcher(*scene);
  Plan next = edit.before;
  next.tag = edit.after.tag = "2";
  next.hold = edit.after.hold = "60s";
  scene->repository.Commit({{"checkout.plan", Text(next)}});
  REQUIRE(scene->RunUntil(
      [&] {
        const decide::Status status = scene->StatusOf("checkout");
        return status.run == 2 && status.nodes.contains("checkout/half/hold");
      },
      Duration(120'000)));
  scene->repository.Commit({{"checkout.plan", Text(edit.after)}});
  scene->RunFor(Duration(20'000));
  // Pods that make the shares are other pods: they drain by themselves. That is another revision.
  const bool pods = edit.before.via == "routers.replicas()" || edit.after.via == "routers.replicas()";
  if (edit.before.via != "routers.selector()" && !pods) {
    CHECK(scene->StatusOf("checkout").hold == Hold::kEditDeferred);
  }
  scene->RunFor(Duration(400'000));
  const decide::Status status = scene->StatusOf("checkout");
  CHECK(status.phase == Phase::kSettled);
  CHECK(status.hold == Hold::kNone);
  CHECK(status.stable != before);
  CHECK(status.history.size() == (pods ? 3 : 2));
  CHECK(Routes(*scene) == edit.routes);
  watcher.Check(edit.outside);
}

TEST_CASE("the process dies at each moment of a change of names") {
  const int after = GENERATE(1, 2, 3, 4, 5, 6, 8, 10, 12);
  INFO("after " << after << " writes");
  auto scene = Installed({.via = "own(\"public\")"});
  const Watcher watcher(*scene);
  scene->repository.Commit({{"checkout.plan", Text({.tag = "2", .via = "own(\"public\")", .object = "public"})}});
  const std::size_t writes = scene->cluster->writes();
  scene->RunUntil([&] { return scene->cluster->writes() >= writes + static_cast<std::size_t>(after); },
                  Duration(120'000));
  scene->Kill();
  scene->RunFor(Duration(10'000));
  scene->Start();
  scene->RunFor(Duration(300'000));
  CHECK(scene->StatusOf("checkout").phase == Phase::kSettled);
  CHECK(Routes(*scene) == Names{"public-main"});
  watcher.Check(true);
}

TEST_CASE("a router may ask for endpoints of the revisions of its split before it is settled") {
  const auto with = [](const std::string& tag, const std::string& also) {
    return Text({.tag = tag, .via = "own(\"public\")", .also = also});
  };
  // At half of the traffic the candidate has two pods, stable its four; a split of one revision has all four.
  SECTION("and go on once they are there") {
    const std::string enough = "endpoints(candidate) >= 2 and endpoints(stable) == 4";
    auto scene = std::make_unique<Scene>(Callers());
    scene->repository.Commit({{"checkout.plan", with("1", enough)}});
    scene->Start();
    REQUIRE(scene->RunUntilAtRest());
    REQUIRE(scene->StatusOf("checkout").phase == Phase::kSettled);
    scene->repository.Commit({{"checkout.plan", with("2", enough)}});
    scene->RunFor(Duration(120'000));
    const decide::Status status = scene->StatusOf("checkout");
    CHECK(status.phase == Phase::kSettled);
    CHECK(status.history.back()->outcome == "promoted");
  }
  SECTION("and wait as long as they are not") {
    auto scene = std::make_unique<Scene>(Callers());
    scene->repository.Commit({{"checkout.plan", with("1", "endpoints(candidate) >= 3")}});
    scene->Start();
    REQUIRE(scene->RunUntilAtRest());
    scene->repository.Commit({{"checkout.plan", with("2", "endpoints(candidate) >= 3")}});
    scene->RunFor(Duration(120'000));
    decide::Status status = scene->StatusOf("checkout");
    CHECK(status.phase == Phase::kProgressing);
    CHECK(status.nodes.contains("checkout/half/traffic"));
    CHECK_FALSE(status.nodes.contains("checkout/half/hold"));
    // The way back needs none of a revision without traffic.
    scene->Command("checkout", "abort");
    scene->RunFor(Duration(120'000));
    status = scene->StatusOf("checkout");
    CHECK(status.applied.settled_at.has_value());
    CHECK(status.history.back()->outcome == "aborted");
  }
}

TEST_CASE("an object that another rollout has its mark on is neither overwritten nor deleted") {
  auto scene = Installed({});
  // Somebody else's by now: another rollout of the same namespace.
  cluster::Json route = scene->Object(kGatewayApi, "HTTPRoute", "shop");
  route["metadata"]["labels"][graph::kRolloutLabel] = "payments";
  route["metadata"]["annotations"][graph::kOwnerAnnotation] = "another-uid";
  route["metadata"].erase("managedFields");
  route["metadata"].erase("resourceVersion");
  route.erase("status");
  scene->embedded->Send(cluster::Apply{route, "somebody", true}, [](const Result<cluster::SharedJson>&) {});
  scene->RunFor(Duration(10'000));
  SECTION("and the plan wants it") {
    scene->repository.Commit({{"checkout.plan", Text({.tag = "2"})}});
    scene->RunFor(Duration(60'000));
    CHECK(scene->StatusOf("checkout").hold == Hold::kBlocked);
  }
  SECTION("and the plan wants it no more") {
    scene->repository.Commit({{"checkout.plan", Text({.route = "web"})}});
    scene->RunFor(Duration(120'000));
    CHECK(Routes(*scene) == Names{"shop", "web"});
  }
  const cluster::Json after = scene->Object(kGatewayApi, "HTTPRoute", "shop");
  REQUIRE_FALSE(after.is_null());
  CHECK(after.at("metadata").at("annotations").at(graph::kOwnerAnnotation) == "another-uid");
}

}  // namespace
}  // namespace sluice::execute
