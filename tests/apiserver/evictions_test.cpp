#include <catch2/catch.hpp>

#include "tests/apiserver/api.h"

namespace sluice::apiserver {
namespace {

using std::chrono::seconds;

const std::string kPods = "/api/v1/namespaces/shop/pods";
const std::string kBudgets = "/apis/policy/v1/namespaces/shop/poddisruptionbudgets";

Json BudgetOf(const std::string& name, Json spec) {
  spec["selector"] = {{"matchLabels", {{"app", "web"}}}};
  return {{"apiVersion", "policy/v1"},
          {"kind", "PodDisruptionBudget"},
          {"metadata", {{"name", name}, {"namespace", "shop"}}},
          {"spec", std::move(spec)}};
}

std::vector<std::string> PodNames(Api& api) {
  std::vector<std::string> names;
  const Json list = api.Ask("GET", kPods).body;
  for (const Json& pod : cluster::List(list, {"items"})) {
    if (cluster::Text(pod, {"metadata", "deletionTimestamp"}).empty()) names.push_back(pod["metadata"]["name"]);
  }
  return names;
}

Answered Evict(Api& api, const std::string& pod) {
  return api.Ask("POST", kPods + "/" + pod + "/eviction",
                 {{"apiVersion", "policy/v1"}, {"kind", "Eviction"}, {"metadata", {{"name", pod}}}});
}

Json StatusOf(Api& api, const std::string& budget) {
  return api.Ask("GET", kBudgets + "/" + budget).body.value("status", Json::object());
}

}  // namespace

TEST_CASE("a budget says how many pods may go, and lets no more of them be evicted") {
  Api api;
  api.Ask("POST", kDeployments, DeploymentOf("web", 4));
  api.Wait(seconds(60));
  REQUIRE(PodNames(api).size() == 4);
  SECTION("without one each goes") {
    for (const std::string& pod : PodNames(api)) CHECK(Evict(api, pod).status == 201);
    CHECK(PodNames(api).empty());
  }
  SECTION("one at a time") {
    api.Ask("POST", kBudgets, BudgetOf("web", {{"maxUnavailable", 1}}));
    api.Wait(seconds(5));
    Json status = StatusOf(api, "web");
    CHECK(status["expectedPods"] == 4);
    CHECK(status["currentHealthy"] == 4);
    CHECK(status["desiredHealthy"] == 3);
    CHECK(status["disruptionsAllowed"] == 1);
    const std::vector<std::string> pods = PodNames(api);
    CHECK(Evict(api, pods[0]).status == 201);
    const Answered second = Evict(api, pods[1]);
    CHECK(second.status == 429);
    CHECK(second.body["reason"] == "TooManyRequests");
    CHECK(second.body["details"]["causes"][0]["reason"] == "DisruptionBudget");
    api.Wait(seconds(60));
    CHECK(StatusOf(api, "web")["disruptionsAllowed"] == 1);
    CHECK(Evict(api, pods[1]).status == 201);
  }
  SECTION("by percent, and by those that must stay") {
    api.Ask("POST", kBudgets, BudgetOf("web", {{"maxUnavailable", "50%"}}));
    api.Wait(seconds(5));
    CHECK(StatusOf(api, "web")["disruptionsAllowed"] == 2);
    api.Ask("DELETE", kBudgets + "/web");
    api.Ask("POST", kBudgets, BudgetOf("most", {{"minAvailable", 4}}));
    api.Wait(seconds(5));
    CHECK(StatusOf(api, "most")["disruptionsAllowed"] == 0);
    CHECK(Evict(api, PodNames(api)[0]).status == 429);
  }
  SECTION("two for one pod are an error") {
    api.Ask("POST", kBudgets, BudgetOf("web", {{"maxUnavailable", 1}}));
    api.Ask("POST", kBudgets, BudgetOf("other", {{"maxUnavailable", 1}}));
    CHECK(Evict(api, PodNames(api)[0]).status == 500);
  }
}

TEST_CASE("an eviction names a pod that is there, in its body too") {
  Api api;
  CHECK(Evict(api, "nobody").status == 404);
  CHECK(api.Ask("POST", kPods + "/a/eviction", {{"kind", "Pod"}}).status == 400);
  CHECK(api.Ask("POST", kPods + "/a/eviction", {{"kind", "Eviction"}, {"metadata", {{"name", "b"}}}}).status == 400);
  CHECK(api.Ask("GET", kPods + "/a/eviction").status == 405);
  CHECK(api.Ask("POST", std::string(kDeployments) + "/a/eviction", {{"kind", "Eviction"}}).status == 404);
}

}  // namespace sluice::apiserver
