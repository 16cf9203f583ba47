#include <algorithm>
#include <set>

#include <catch2/catch.hpp>

#include "reconciler/embedded/fields.h"
#include "tests/embedded/world.h"

namespace sluice::embedded {
namespace {

using namespace std::chrono_literals;

Options With(const ImageBehaviour& image) {
  Options options;
  options.world.images.push_back(image);
  return options;
}

TEST_CASE("a Deployment comes up: pods, ReplicaSet, conditions") {
  TestWorld world;
  world.Apply(DeploymentOf("web", "shop/web:1", 3));
  world.Run(200ms);
  CHECK(world.Counts("web") == "replicas 3, updated 3, ready 0");
  CHECK(world.ConditionOf("web", "Available") == "False MinimumReplicasUnavailable");
  world.Run(5s);
  CHECK(world.Counts("web") == "replicas 3, updated 3, ready 3");
  CHECK(world.ConditionOf("web", "Available") == "True MinimumReplicasAvailable");
  CHECK(world.ConditionOf("web", "Progressing") == "True NewReplicaSetAvailable");
  Json live = world.cluster->Peek({{"apps/v1", "Deployment"}, "shop", "web"});
  CHECK(live["status"]["observedGeneration"] == live["metadata"]["generation"]);
  CHECK(world.cluster->PeekAll({"apps/v1", "ReplicaSet"}, "shop").size() == 1);
}

TEST_CASE("a roll stays within surge and unavailability at every moment") {
  struct Case {
    Json surge, unavailable;
    std::int64_t most, least;
  };
  for (const Case& each :
       {Case{"25%", "25%", 5, 3}, Case{0, 1, 4, 3}, Case{1, 0, 5, 4}, Case{"100%", 0, 8, 4}, Case{0, "1%", 4, 3}}) {
    INFO("surge " << each.surge << ", unavailable " << each.unavailable);
    TestWorld world;
    Json wanted = DeploymentOf("web", "shop/web:1", 4);
    wanted["spec"]["strategy"] = {{"type", "RollingUpdate"},
                                  {"rollingUpdate", {{"maxSurge", each.surge}, {"maxUnavailable", each.unavailable}}}};
    world.Apply(wanted);
    world.Run(10s);
    wanted["spec"]["template"]["spec"]["containers"][0]["image"] = "shop/web:2";
    world.Apply(wanted);
    std::int64_t most = 0;
    std::int64_t least = 100;
    for (int i = 0; i < 600; ++i) {
      world.Run(50ms);
      std::int64_t asked = 0;
      std::int64_t ready = 0;
      for (const Json& set : world.cluster->PeekAll({"apps/v1", "ReplicaSet"}, "shop")) {
        asked += Integer(set, {"spec", "replicas"});
      }
      for (const Json& pod : world.Pods()) {
        const Json* condition = Condition(pod, "Ready");
        bool counts = condition != nullptr && Text(*condition, {"status"}) == "True" && !Terminating(pod);
        if (counts) ++ready;
      }
      most = std::max(most, asked);
      least = std::min(least, ready);
    }
    CHECK(most == each.most);
    CHECK(least >= each.least);
    CHECK(world.Counts("web") == "replicas 4, updated 4, ready 4");
    for (const Json& pod : world.Pods()) CHECK(pod["spec"]["containers"][0]["image"] == "shop/web:2");
  }
}

TEST_CASE("the same template again takes its old ReplicaSet back") {
  TestWorld world;
  Json first = DeploymentOf("web", "shop/web:1", 2);
  Json second = DeploymentOf("web", "shop/web:2", 2);
  world.Apply(first);
  world.Run(10s);
  world.Apply(second);
  world.Run(20s);
  world.Apply(first);
  world.Run(20s);
  CHECK(world.cluster->PeekAll({"apps/v1", "ReplicaSet"}, "shop").size() == 2);
  CHECK(world.Counts("web") == "replicas 2, updated 2, ready 2");
}

TEST_CASE("a paused Deployment makes no new pods of its new template but is still scaled") {
  TestWorld world;
  Json wanted = DeploymentOf("web", "shop/web:1", 2);
  world.Apply(wanted);
  world.Run(10s);
  wanted["spec"]["paused"] = true;
  wanted["spec"]["replicas"] = 3;
  wanted["spec"]["template"]["spec"]["containers"][0]["image"] = "shop/web:2";
  world.Apply(wanted);
  world.Run(20s);
  REQUIRE(world.Pods().size() == 3);
  for (const Json& pod : world.Pods()) CHECK(pod["spec"]["containers"][0]["image"] == "shop/web:1");
  CHECK(world.ConditionOf("web", "Progressing") == "Unknown DeploymentPaused");
}

TEST_CASE("an image that can't be pulled is seen in the pod, and exceeds the progress deadline") {
  ImageBehaviour image = Image("shop/web:2");
  image.pull_fails = true;
  TestWorld world(With(image));
  Json wanted = DeploymentOf("web", "shop/web:2", 1);
  wanted["spec"]["progressDeadlineSeconds"] = 60;
  world.Apply(wanted);
  world.Run(30s);
  REQUIRE(world.Pods().size() == 1);
  CHECK(world.Pods()[0]["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] == "ImagePullBackOff");
  CHECK(world.Pods()[0]["status"]["phase"] == "Pending");
  CHECK(world.ConditionOf("web", "Progressing") == "True ReplicaSetUpdated");
  world.Run(60s);
  CHECK(world.ConditionOf("web", "Progressing") == "False ProgressDeadlineExceeded");
}

TEST_CASE("a crashing image restarts with a back-off that doubles") {
  ImageBehaviour image = Image("*");
  image.crash_after = 1s;
  image.exit_code = 3;
  image.ready = false;
  TestWorld world(With(image));
  world.Apply(DeploymentOf("web", "shop/web:1", 1));
  // Runs 1 s, waits 10 s, runs 1 s, waits 20 s, runs 1 s, waits 40 s …
  struct Case {
    Duration at;
    int restarts;
    bool waiting;
  };
  Duration last = 0s;
  for (const Case& each : {Case{6s, 0, true}, Case{20s, 1, true}, Case{45s, 2, true}, Case{90s, 3, true}}) {
    world.Run(each.at - last);
    last = each.at;
    Json status = world.Pods().at(0)["status"]["containerStatuses"][0];
    INFO(status.dump());
    CHECK(status["restartCount"] == each.restarts);
    CHECK((Text(status, {"state", "waiting", "reason"}) == "CrashLoopBackOff") == each.waiting);
    CHECK(status["lastState"]["terminated"]["exitCode"] == 3);
  }
  CHECK(world.Pods().size() == 1);
}

TEST_CASE("a pod that is told to end serves on, out of the endpoints, until it is gone") {
  ImageBehaviour image = Image("*");
  image.stop_after = 5s;
  TestWorld world(With(image));
  world.Apply(DeploymentOf("web", "shop/web:1", 2));
  world.Apply(ServiceOf("web", {{"app", "web"}}));
  world.Run(10s);
  CHECK(world.ReadyEndpoints("web") == 2);
  world.Apply(DeploymentOf("web", "shop/web:1", 1));
  world.Run(1500ms);
  CHECK(world.ReadyEndpoints("web") == 1);
  CHECK(world.Pods().size() == 2);
  CHECK(world.Counts("web") == "replicas 1, updated 1, ready 1");
  world.Run(6s);
  CHECK(world.Pods().size() == 1);
}

TEST_CASE("a quota refuses pods at their creation, and the Deployment says so") {
  TestWorld world;
  Json quota = {{"apiVersion", "v1"},
                {"kind", "ResourceQuota"},
                {"metadata", {{"name", "pods"}, {"namespace", "shop"}}},
                {"spec", {{"hard", {{"pods", "2"}}}}}};
  world.Apply(quota);
  world.Apply(DeploymentOf("web", "shop/web:1", 3));
  world.Run(20s);
  CHECK(world.Pods().size() == 2);
  CHECK(world.Counts("web") == "replicas 2, updated 2, ready 2");
  CHECK(world.ConditionOf("web", "ReplicaFailure") == "True FailedCreate");
  quota["spec"]["hard"]["pods"] = "10";
  world.Apply(quota);
  world.Run(20s);
  CHECK(world.Counts("web") == "replicas 3, updated 3, ready 3");
  CHECK(world.ConditionOf("web", "ReplicaFailure") == "none");
}

TEST_CASE("pods of a lost node are replaced on the others") {
  TestWorld world;
  world.Apply(DeploymentOf("web", "shop/web:1", 9));
  world.Run(10s);
  world.cluster->LoseNode("node-1");
  CHECK(world.Pods().size() < 9);
  world.Run(10s);
  CHECK(world.Counts("web") == "replicas 9, updated 9, ready 9");
  for (const Json& pod : world.Pods()) CHECK(pod["spec"]["nodeName"] != "node-1");
}

TEST_CASE("deleting a Deployment takes ReplicaSets, pods and nothing else") {
  TestWorld world;
  world.Apply(DeploymentOf("web", "shop/web:1", 2));
  world.Apply(DeploymentOf("other", "shop/other:1", 1));
  world.Apply(ServiceOf("web", {{"app", "web"}}));
  world.Run(10s);
  world.Delete(DeploymentOf("web", "", 0));
  world.Run(60s);
  CHECK(world.Pods().size() == 1);
  CHECK(world.cluster->PeekAll({"apps/v1", "ReplicaSet"}, "shop").size() == 1);
  CHECK(world.cluster->PeekAll({"v1", "Service"}, "shop").size() == 1);
  CHECK(world.ReadyEndpoints("web") == 0);
}

TEST_CASE("deleting a namespace empties it first") {
  TestWorld world;
  world.Apply(DeploymentOf("web", "shop/web:1", 2));
  world.Run(10s);
  Json namespace_ = world.cluster->Peek({{"v1", "Namespace"}, "", "shop"});
  REQUIRE(!namespace_.is_null());
  world.Delete(namespace_);
  auto refused = world.TryApply(DeploymentOf("late", "shop/web:1", 1));
  REQUIRE(!refused.ok());
  CHECK(refused.error().code == ErrorCode::kForbidden);
  world.Run(60s);
  CHECK(world.Pods().empty());
  CHECK(world.cluster->Peek({{"v1", "Namespace"}, "", "shop"}).is_null());
}

// Everything a watcher hears of pods and Deployments, with times.
std::string Trace(std::uint64_t seed) {
  Options options;
  options.seed = seed;
  TestWorld world(options);
  std::string trace;
  for (const char* kind : {"Deployment", "Pod", "EndpointSlice"}) {
    std::string version = kind == std::string("Deployment") ? "apps/v1"
                          : kind == std::string("Pod")      ? "v1"
                                                            : "discovery.k8s.io/v1";
    world.cluster->Watch({{version, kind}, "", {}}, [&](const cluster::Event& event) {
      trace += FormatTime(world.loop.Now()) + " " + std::to_string(static_cast<int>(event.type)) + " " +
               (event.object == nullptr ? "synced" : event.object->dump()) + "\n";
    });
  }
  world.Apply(ServiceOf("web", {{"app", "web"}}));
  world.Apply(DeploymentOf("web", "shop/web:1", 3));
  world.Run(10s);
  world.Apply(DeploymentOf("web", "shop/web:2", 3));
  world.Run(20s);
  return trace;
}

TEST_CASE("equal seeds give equal bytes, other seeds another order of events") {
  std::string once = Trace(7);
  CHECK(once.size() > 10'000);
  CHECK(once == Trace(7));
  CHECK(once != Trace(8));
}

TEST_CASE("two watchers hear of one change at different times, in some seed in either order") {
  std::set<std::string> orders;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Options options;
    options.seed = seed;
    TestWorld world(options);
    std::string order;
    for (const char* name : {"a", "b"}) {
      world.cluster->Watch({{"v1", "Service"}, "", {}}, [&order, name](const cluster::Event& event) {
        if (event.type == cluster::EventType::kAdded) order += name;
      });
    }
    world.Run(1s);
    world.Apply(ServiceOf("web", {{"app", "web"}}));
    world.Run(1s);
    orders.insert(order);
  }
  CHECK(orders == std::set<std::string>{"ab", "ba"});
}

TEST_CASE("a watch that fell behind lists again: what vanished is deleted, what changed modified, then synced") {
  TestWorld world;
  std::string story;
  world.Apply(ServiceOf("a", {{"app", "a"}}));
  world.Apply(ServiceOf("b", {{"app", "b"}}));
  world.Apply(ServiceOf("c", {{"app", "c"}}));
  world.cluster->Watch({{"v1", "Service"}, "shop", {}}, [&](const cluster::Event& event) {
    static constexpr const char* kNames[] = {"+", "~", "-", "synced"};
    story += std::string(kNames[static_cast<int>(event.type)]);
    if (event.type != cluster::EventType::kSynced) story += cluster::KeyOf(*event.object).name;
    story += " ";
  });
  world.Run(1s);
  story.clear();
  world.cluster->ExpireWatches();
  world.Delete(ServiceOf("a", {}));
  world.Apply(ServiceOf("b", {{"app", "other"}}));
  world.Run(1s);
  // The writes may fall before or after the new list; either way the story ends in the truth, with one synced.
  CHECK(story.find("synced") != std::string::npos);
  CHECK(story.find("-a") != std::string::npos);
  CHECK(story.find("~b") != std::string::npos);
  CHECK(story.find("c") == story.find("c", story.find("synced")));
}

}  // namespace
}  // namespace sluice::embedded
