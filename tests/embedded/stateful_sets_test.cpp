#include <algorithm>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "reconciler/embedded/fields.h"
#include "tests/embedded/temporary_file.h"
#include "tests/embedded/world.h"

namespace sluice::embedded {
namespace {

using namespace std::chrono_literals;

const ObjectKey kDb{{"apps/v1", "StatefulSet"}, "shop", "db"};

Json SetOf(const std::string& image, int replicas) {
  Json set = DeploymentOf("db", image, replicas);
  set["kind"] = "StatefulSet";
  set["spec"]["serviceName"] = "db";
  return set;
}

Json Parallel(Json set) {
  set["spec"]["podManagementPolicy"] = "Parallel";
  return set;
}

Json Partitioned(Json set, int partition) {
  set["spec"]["updateStrategy"] = {{"type", "RollingUpdate"}, {"rollingUpdate", {{"partition", partition}}}};
  return set;
}

// `shop/db:bad` runs and is never ready, `shop/db:slow` takes 20 s to end.
Options SetImages() {
  Options options;
  options.world.default_per_second = 0;
  ImageBehaviour bad = Image("shop/db:bad");
  bad.ready = false;
  ImageBehaviour slow = Image("shop/db:slow");
  slow.stop_after = 20s;
  options.world.images = {bad, slow};
  return options;
}

// "0:1 1:bad! 2:2-": of each pod its ordinal and its image's tag; `!` isn't ready, `-` is told to end.
std::string PodsOf(const TestWorld& world) {
  std::string text;
  for (const Json& pod : world.Pods()) {
    const std::string name = Text(pod, {"metadata", "name"});
    const std::string image = Text(List(pod, {"spec", "containers"}).at(0), {"image"});
    const Json* ready = Condition(pod, "Ready");
    const bool is_ready = ready != nullptr && Says(*ready, {"status"}, "True");
    text += fmt::format("{}{}:{}{}", text.empty() ? "" : " ", name.substr(name.rfind('-') + 1),
                        image.substr(image.rfind(':') + 1),
                        Terminating(pod) ? "-"
                        : is_ready       ? ""
                                         : "!");
  }
  return text;
}

// The states that the pods were in, each once in a row.
std::vector<std::string> Story(TestWorld& world, Duration duration) {
  std::vector<std::string> story;
  for (const TimePoint end = world.loop.Now() + duration; world.loop.Now() < end; world.Run(1ms)) {
    std::string state = PodsOf(world);
    if (story.empty() || story.back() != state) story.push_back(std::move(state));
  }
  return story;
}

Json SetIn(const TestWorld& world) { return world.cluster->Peek(kDb); }
std::string RevisionIn(const TestWorld& world, const char* name) { return Text(SetIn(world), {"status", name}); }
// "3 pods, 3 ready, 3 available, 2 current, 1 updated"
std::string CountsIn(const TestWorld& world) {
  const Json set = SetIn(world);
  const auto count = [&](const char* name) { return Integer(set, {"status", name}); };
  return fmt::format("{} pods, {} ready, {} available, {} current, {} updated", count("replicas"),
                     count("readyReplicas"), count("availableReplicas"), count("currentReplicas"),
                     count("updatedReplicas"));
}

std::vector<Json> Revisions(const TestWorld& world) {
  auto all = world.cluster->PeekAll({"apps/v1", "ControllerRevision"}, "shop");
  std::sort(all.begin(), all.end(),
            [](const Json& a, const Json& b) { return Integer(a, {"revision"}) < Integer(b, {"revision"}); });
  return all;
}

void DeletePod(TestWorld& world, int ordinal) {
  world.Delete({{"apiVersion", "v1"},
                {"kind", "Pod"},
                {"metadata", {{"name", fmt::format("db-{}", ordinal)}, {"namespace", "shop"}}}});
}

TEST_CASE("a StatefulSet's pods come one after the other, each when those before it are ready") {
  TestWorld world(SetImages());
  world.Apply(SetOf("shop/db:1", 3));
  CHECK(Story(world, 20s) ==
        std::vector<std::string>{"", "0:1!", "0:1", "0:1 1:1!", "0:1 1:1", "0:1 1:1 2:1!", "0:1 1:1 2:1"});
  CHECK(CountsIn(world) == "3 pods, 3 ready, 3 available, 3 current, 3 updated");
  const Json set = SetIn(world);
  CHECK(Integer(set, {"status", "observedGeneration"}) == 1);
  CHECK(set["status"]["collisionCount"] == 0);
  CHECK(set["status"]["currentRevision"] == set["status"]["updateRevision"]);
}

TEST_CASE("a pod knows its name, its number and its revision") {
  TestWorld world(SetImages());
  Json wanted = SetOf("shop/db:1", 1);
  wanted["spec"]["ordinals"]["start"] = 5;
  wanted["spec"]["volumeClaimTemplates"] = Json::array({{{"metadata", {{"name", "data"}}}}});
  wanted["spec"]["template"]["spec"]["volumes"] =
      Json::array({{{"name", "data"}, {"emptyDir", Json::object()}}, {{"name", "tmp"}, {"emptyDir", Json::object()}}});
  world.Apply(wanted);
  world.Run(10s);
  REQUIRE(PodsOf(world) == "5:1");
  const Json pod = world.Pods()[0];
  CHECK(pod["metadata"]["labels"] == Json{{"app", "db"},
                                          {"apps.kubernetes.io/pod-index", "5"},
                                          {"statefulset.kubernetes.io/pod-name", "db-5"},
                                          {"controller-revision-hash", RevisionIn(world, "currentRevision")}});
  CHECK(pod["spec"]["hostname"] == "db-5");
  CHECK(pod["spec"]["subdomain"] == "db");
  CHECK(pod["spec"]["volumes"] ==
        Json::array({{{"name", "data"}, {"persistentVolumeClaim", {{"claimName", "data-db-5"}}}},
                     {{"name", "tmp"}, {"emptyDir", Json::object()}}}));
  CHECK(UidOf(SetIn(world)) == Text(*ControllerOf(pod), {"uid"}));
}

TEST_CASE("pods that may come in parallel wait for nobody, nor for those that are broken") {
  TestWorld world(SetImages());
  world.Apply(Parallel(SetOf("shop/db:bad", 3)));
  CHECK(Story(world, 10s) == std::vector<std::string>{"", "0:bad! 1:bad! 2:bad!"});
  world.Apply(Parallel(SetOf("shop/db:1", 3)));
  world.Run(30s);
  CHECK(PodsOf(world) == "0:1 1:1 2:1");
  world.Apply(Parallel(SetOf("shop/db:1", 1)));
  CHECK(Story(world, 10s) == std::vector<std::string>{"0:1 1:1 2:1", "0:1 1:1- 2:1-", "0:1"});
}

TEST_CASE("a new template is rolled out from the highest ordinal down to the partition, one at a time") {
  TestWorld world(SetImages());
  world.Apply(SetOf("shop/db:1", 3));
  world.Run(20s);
  const std::string first = RevisionIn(world, "currentRevision");
  world.Apply(Partitioned(SetOf("shop/db:2", 3), 1));
  CHECK(Story(world, 20s) == std::vector<std::string>{"0:1 1:1 2:1", "0:1 1:1 2:1-", "0:1 1:1", "0:1 1:1 2:2!",
                                                      "0:1 1:1 2:2", "0:1 1:1- 2:2", "0:1 2:2", "0:1 1:2! 2:2",
                                                      "0:1 1:2 2:2"});
  CHECK(CountsIn(world) == "3 pods, 3 ready, 3 available, 1 current, 2 updated");
  CHECK(RevisionIn(world, "currentRevision") == first);
  CHECK(RevisionIn(world, "updateRevision") != first);

  // Who is deleted comes back as it was, on either side of the partition.
  DeletePod(world, 0);
  DeletePod(world, 2);
  world.Run(20s);
  CHECK(PodsOf(world) == "0:1 1:2 2:2");

  world.Apply(SetOf("shop/db:2", 3));
  world.Run(20s);
  CHECK(PodsOf(world) == "0:2 1:2 2:2");
  CHECK(CountsIn(world) == "3 pods, 3 ready, 3 available, 3 current, 3 updated");
  CHECK(RevisionIn(world, "currentRevision") == RevisionIn(world, "updateRevision"));
}

TEST_CASE("a broken pod holds up the repair of its template until somebody deletes it") {
  TestWorld world(SetImages());
  world.Apply(SetOf("shop/db:1", 3));
  world.Run(20s);
  const std::string first = RevisionIn(world, "currentRevision");
  world.Apply(SetOf("shop/db:bad", 3));
  world.Run(20s);
  CHECK(PodsOf(world) == "0:1 1:1 2:bad!");
  CHECK(CountsIn(world) == "3 pods, 2 ready, 2 available, 2 current, 1 updated");

  world.Apply(SetOf("shop/db:1", 3));
  world.Run(600s);
  CHECK(PodsOf(world) == "0:1 1:1 2:bad!");
  CHECK(RevisionIn(world, "updateRevision") == first);
  CHECK(CountsIn(world) == "3 pods, 2 ready, 2 available, 2 current, 2 updated");

  DeletePod(world, 2);
  world.Run(20s);
  CHECK(PodsOf(world) == "0:1 1:1 2:1");
  CHECK(CountsIn(world) == "3 pods, 3 ready, 3 available, 3 current, 3 updated");
  // The first template is kept under a new number.
  REQUIRE(Revisions(world).size() == 2);
  CHECK(Text(Revisions(world)[1], {"metadata", "name"}) == first);
  CHECK(Integer(Revisions(world)[1], {"revision"}) == 3);
}

TEST_CASE("fewer pods: from the highest ordinal, each when the one before it is gone") {
  TestWorld world(SetImages());
  world.Apply(SetOf("shop/db:slow", 3));
  world.Run(20s);
  world.Apply(SetOf("shop/db:slow", 1));
  CHECK(Story(world, 60s) == std::vector<std::string>{"0:slow 1:slow 2:slow", "0:slow 1:slow 2:slow-", "0:slow 1:slow",
                                                      "0:slow 1:slow-", "0:slow"});
  CHECK(CountsIn(world) == "1 pods, 1 ready, 1 available, 1 current, 1 updated");
}

TEST_CASE("a pod that ended is deleted and made again") {
  TestWorld world(SetImages());
  world.Apply(SetOf("shop/db:1", 2));
  world.Run(20s);
  Json pod = world.Pods()[0];
  const std::string uid = UidOf(pod);
  pod["status"]["phase"] = "Failed";
  world.cluster->Send(cluster::ReplaceStatus{pod}, [](const Result<cluster::SharedJson>&) {});
  world.Run(20s);
  CHECK(PodsOf(world) == "0:1 1:1");
  CHECK(UidOf(world.Pods()[0]) != uid);
}

TEST_CASE("OnDelete replaces nothing, and what is deleted comes back new") {
  TestWorld world(SetImages());
  Json wanted = SetOf("shop/db:1", 2);
  wanted["spec"]["updateStrategy"]["type"] = "OnDelete";
  world.Apply(wanted);
  world.Run(20s);
  const std::string first = RevisionIn(world, "currentRevision");
  wanted["spec"]["template"]["spec"]["containers"][0]["image"] = "shop/db:2";
  world.Apply(wanted);
  world.Run(20s);
  CHECK(PodsOf(world) == "0:1 1:1");
  for (const int ordinal : {0, 1}) DeletePod(world, ordinal);
  world.Run(20s);
  CHECK(PodsOf(world) == "0:2 1:2");
  CHECK(RevisionIn(world, "currentRevision") == first);
  CHECK(CountsIn(world) == "2 pods, 2 ready, 2 available, 0 current, 2 updated");
}

TEST_CASE("a pod counts as available when it has been ready for so long, and the next one waits for that") {
  TestWorld world(SetImages());
  Json wanted = SetOf("shop/db:1", 2);
  wanted["spec"]["minReadySeconds"] = 30;
  world.Apply(wanted);
  world.Run(20s);
  CHECK(PodsOf(world) == "0:1");
  CHECK(CountsIn(world) == "1 pods, 1 ready, 0 available, 1 current, 1 updated");
  world.Run(60s);
  CHECK(CountsIn(world) == "2 pods, 2 ready, 2 available, 2 current, 2 updated");
}

TEST_CASE("old templates are kept up to the limit") {
  TestWorld world(SetImages());
  for (int i = 1; i <= 5; ++i) {
    Json wanted = SetOf(fmt::format("shop/db:{}", i), 1);
    wanted["spec"]["revisionHistoryLimit"] = 2;
    world.Apply(wanted);
    world.Run(20s);
  }
  const auto revisions = Revisions(world);
  REQUIRE(revisions.size() == 3);
  CHECK(Integer(revisions[0], {"revision"}) == 3);
  CHECK(revisions[2]["data"]["spec"]["template"]["$patch"] == "replace");
  CHECK(revisions[2]["data"]["spec"]["template"]["spec"]["containers"][0]["image"] == "shop/db:5");
}

TEST_CASE("a name that another revision has leads to the next one") {
  TestWorld world(SetImages());
  world.Apply(SetOf("shop/db:1", 1));
  world.Run(10s);
  Json stranger = Revisions(world).at(0);
  world.Delete(SetIn(world));
  world.Run(60s);
  REQUIRE(Revisions(world).empty());
  for (const char* name : {"ownerReferences", "uid", "resourceVersion"}) stranger["metadata"].erase(name);
  stranger["data"] = {{"of", "another"}};
  world.Apply(stranger);
  world.Apply(SetOf("shop/db:1", 1));
  world.Run(10s);
  CHECK(PodsOf(world) == "0:1");
  CHECK(Integer(SetIn(world), {"status", "collisionCount"}) == 1);
  CHECK(RevisionIn(world, "currentRevision") != Text(stranger, {"metadata", "name"}));
}

TEST_CASE("a pod that a quota refuses is tried again") {
  TestWorld world(SetImages());
  Json quota = {{"apiVersion", "v1"},
                {"kind", "ResourceQuota"},
                {"metadata", {{"name", "pods"}, {"namespace", "shop"}}},
                {"spec", {{"hard", {{"pods", "1"}}}}}};
  world.Apply(quota);
  world.Apply(SetOf("shop/db:1", 2));
  world.Run(20s);
  CHECK(PodsOf(world) == "0:1");
  quota["spec"]["hard"]["pods"] = "2";
  world.Apply(quota);
  world.Run(20s);
  CHECK(PodsOf(world) == "0:1 1:1");
}

TEST_CASE("the label that names a pod is put back") {
  TestWorld world(SetImages());
  world.Apply(SetOf("shop/db:1", 1));
  world.Run(10s);
  Json pod = world.Pods().at(0);
  pod["metadata"]["labels"].erase("statefulset.kubernetes.io/pod-name");
  pod["metadata"].erase("managedFields");
  world.cluster->Send(cluster::Replace{pod, "test"}, [](const Result<cluster::SharedJson>&) {});
  world.Run(5s);
  CHECK(world.Pods().at(0)["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"] == "db-0");
}

TEST_CASE("a StatefulSet that goes takes pods and revisions along") {
  TestWorld world(SetImages());
  world.Apply(SetOf("shop/db:1", 2));
  world.Run(20s);
  world.Delete(SetIn(world));
  world.Run(60s);
  CHECK(world.Pods().empty());
  CHECK(Revisions(world).empty());
}

TEST_CASE("killed after any write, a StatefulSet comes to the same end") {
  TemporaryFile whole;
  Options options = SetImages();
  options.state_file = whole.path();
  const auto run = [](TestWorld& world) {
    world.Apply(SetOf("shop/db:1", 2));
    world.Run(60s);
    world.Apply(SetOf("shop/db:2", 2));
    world.Run(60s);
  };
  {
    TestWorld world(options);
    run(world);
    REQUIRE(PodsOf(world) == "0:2 1:2");
  }
  const std::string text = whole.Read();
  int lines = 0;
  for (std::size_t end = 0; (end = text.find('\n', end)) != std::string::npos;) {
    INFO("after line " << ++lines);
    TemporaryFile file;
    file.Write(text.substr(0, ++end));
    options.state_file = file.path();
    TestWorld world(options);
    run(world);
    CHECK(PodsOf(world) == "0:2 1:2");
    CHECK(Revisions(world).size() == 2);
    CHECK(CountsIn(world) == "2 pods, 2 ready, 2 available, 2 current, 2 updated");
    CHECK(RevisionIn(world, "currentRevision") == RevisionIn(world, "updateRevision"));
  }
  CHECK(lines > 15);
}

}  // namespace
}  // namespace sluice::embedded
