// StatefulSets, with a test in the place of the node.
#include <algorithm>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/cluster/conformance.h"

namespace sluice::cluster {
namespace {

// Its pods get no node, so that nobody but the test says what becomes of them.
Json SetOf(Fixture& fixture, const std::string& image, int replicas) {
  Json set = DeploymentOf(fixture, "db", image, replicas);
  set["kind"] = "StatefulSet";
  set["spec"]["serviceName"] = "db";
  set["spec"]["template"]["spec"]["schedulingGates"] = Json::array({{{"name", "sluice.dev/test"}}});
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

// Requires that it succeeds.
Json Put(Fixture& fixture, const Json& object) {
  const auto put = Ask(fixture, Apply{object, "test", true});
  INFO((put.ok() ? "" : put.error().message));
  REQUIRE(put.ok());
  return *put;
}

Json SetIn(Fixture& fixture) {
  auto live = Ask(fixture, Get{KeyOf(SetOf(fixture, "", 0))});
  return live.ok() ? *live : Json();
}

std::string RevisionIn(Fixture& fixture, const char* name) { return Text(SetIn(fixture), {"status", name}); }

std::vector<Json> All(Fixture& fixture, const Kind& kind) {
  std::vector<Json> all;
  const auto listed = Ask(fixture, ListObjects{kind, fixture.namespace_(), {{"app", "db"}}});
  for (Json item : listed.ok() ? (*listed)["items"] : Json::array()) {
    item["apiVersion"] = kind.api_version;  // what an item of a list doesn't say itself
    item["kind"] = kind.kind;
    all.push_back(std::move(item));
  }
  return all;
}

std::vector<Json> Pods(Fixture& fixture) { return All(fixture, {"v1", "Pod"}); }

std::vector<Json> Revisions(Fixture& fixture) {
  std::vector<Json> all = All(fixture, {"apps/v1", "ControllerRevision"});
  std::sort(all.begin(), all.end(),
            [](const Json& a, const Json& b) { return Integer(a, {"revision"}) < Integer(b, {"revision"}); });
  return all;
}

Json PodAt(Fixture& fixture, int ordinal) {
  for (Json& pod : Pods(fixture)) {
    if (Text(pod, {"metadata", "name"}) == fmt::format("db-{}", ordinal)) return std::move(pod);
  }
  return Json();
}

std::string TagOf(const Json& pod) {
  const std::string image = Text(List(pod, {"spec", "containers"}).at(0), {"image"});
  return image.substr(image.rfind(':') + 1);
}

bool Ready(const Json& pod) {
  const Json& conditions = List(pod, {"status", "conditions"});
  return std::any_of(conditions.begin(), conditions.end(), [](const Json& each) {
    return Text(each, {"type"}) == "Ready" && Text(each, {"status"}) == "True";
  });
}

// "0:1 1:bad! 2:2-": of each pod its ordinal and its image's tag; `!` isn't ready, `-` is told to end.
std::string StateOf(Fixture& fixture) {
  std::string text;
  for (const Json& pod : Pods(fixture)) {
    const std::string name = Text(pod, {"metadata", "name"});
    const bool ends = pod["metadata"].contains("deletionTimestamp");
    text += fmt::format("{}{}:{}{}", text.empty() ? "" : " ", name.substr(name.rfind('-') + 1), TagOf(pod),
                        ends         ? "-"
                        : Ready(pod) ? ""
                                     : "!");
  }
  return text;
}

// "3 pods, 3 ready, 3 available, 2 current, 1 updated"
std::string CountsIn(Fixture& fixture) {
  const Json set = SetIn(fixture);
  const auto count = [&](const char* name) { return Integer(set, {"status", name}); };
  return fmt::format("{} pods, {} ready, {} available, {} current, {} updated", count("replicas"),
                     count("readyReplicas"), count("availableReplicas"), count("currentReplicas"),
                     count("updatedReplicas"));
}

// As a kubelet says it.
void Say(Fixture& fixture, Json pod, const char* phase, bool ready) {
  pod["status"]["phase"] = phase;
  pod["status"]["conditions"] = Json::array(
      {{{"type", "Ready"}, {"status", ready ? "True" : "False"}, {"lastTransitionTime", "2000-01-01T00:00:00Z"}}});
  (void)Ask(fixture, ReplaceStatus{std::move(pod)});  // who was too late sees it in the next list
}

void ReadyUp(Fixture& fixture) {
  for (const Json& pod : Pods(fixture)) {
    if (!Ready(pod) && TagOf(pod) != "bad" && !pod["metadata"].contains("deletionTimestamp")) {
      Say(fixture, pod, "Running", true);
    }
  }
}

// Until pods and status are so; with a node that makes every pod ready but those of the tag "bad".
bool Await(Fixture& fixture, const std::string& state, const std::string& counts) {
  const bool done = fixture.Until([&] {
    ReadyUp(fixture);
    return StateOf(fixture) == state && CountsIn(fixture) == counts;
  });
  UNSCOPED_INFO(StateOf(fixture) << "; " << CountsIn(fixture));
  return done;
}

// The same without a node.
bool AwaitUnserved(Fixture& fixture, const std::string& state, const std::string& counts) {
  const bool done = fixture.Until([&] { return StateOf(fixture) == state && CountsIn(fixture) == counts; });
  UNSCOPED_INFO(StateOf(fixture) << "; " << CountsIn(fixture));
  return done;
}

void DeletePod(Fixture& fixture, int ordinal) {
  const Json pod = PodAt(fixture, ordinal);
  const std::string uid = pod["metadata"]["uid"];
  REQUIRE(Ask(fixture, Delete{KeyOf(pod), uid, ""}).ok());
  REQUIRE(fixture.Until([&] { return Text(PodAt(fixture, ordinal), {"metadata", "uid"}) != uid; }));
}

TEST_CASE("a StatefulSet's defaults") {
  auto fixture = MakeFixture();
  Json wanted = SetOf(*fixture, "shop/db:1", 0);
  wanted["spec"].erase("replicas");
  const auto created = Ask(*fixture, Create{wanted, "test"});
  REQUIRE(created.ok());
  const Json spec = (*created)["spec"];
  CHECK(spec["replicas"] == 1);
  CHECK(spec["podManagementPolicy"] == "OrderedReady");
  CHECK(spec["updateStrategy"] == Json{{"type", "RollingUpdate"}, {"rollingUpdate", {{"partition", 0}}}});
  CHECK(spec["revisionHistoryLimit"] == 10);
  CHECK(spec["persistentVolumeClaimRetentionPolicy"] == Json{{"whenDeleted", "Retain"}, {"whenScaled", "Retain"}});
  CHECK(!spec.contains("minReadySeconds"));
  wanted["metadata"]["name"] = "typed";
  wanted["spec"]["updateStrategy"] = {{"type", "RollingUpdate"}};
  CHECK(Put(*fixture, wanted)["spec"]["updateStrategy"] == Json{{"type", "RollingUpdate"}});
  // A feature that is off.
  wanted["metadata"]["name"] = "fast";
  wanted["spec"]["updateStrategy"]["rollingUpdate"]["maxUnavailable"] = 2;
  CHECK(Put(*fixture, wanted)["spec"]["updateStrategy"]["rollingUpdate"] == Json{{"partition", 0}});
}

TEST_CASE("what a StatefulSet may not say is kInvalid") {
  auto fixture = MakeFixture();
  struct Case {
    std::string what;
    Json patch;
  };
  const auto spec = [](Json of) { return Json{{"spec", std::move(of)}}; };
  const auto strategy = [&](Json of) { return spec({{"updateStrategy", std::move(of)}}); };
  const auto pod = [&](Json of) { return spec({{"template", {{"spec", std::move(of)}}}}); };
  for (const Case& each :
       {Case{"a dot in its name", {{"metadata", {{"name", "d.b"}}}}}, Case{"replicas", spec({{"replicas", -1}})},
        Case{"a service's name", spec({{"serviceName", "D_B"}})}, Case{"no selector", spec({{"selector", nullptr}})},
        Case{"another selector", spec({{"selector", {{"matchLabels", {{"app", "other"}}}}}})},
        Case{"no containers", pod({{"containers", Json::array()}})},
        Case{"pods that end", pod({{"restartPolicy", "Never"}})},
        Case{"a deadline", pod({{"activeDeadlineSeconds", 5}})},
        Case{"an unknown policy", spec({{"podManagementPolicy", "Fast"}})},
        Case{"an unknown strategy", strategy({{"type", "Fast"}})},
        Case{"a partition of nothing", strategy({{"type", "OnDelete"}, {"rollingUpdate", {{"partition", 1}}}})},
        Case{"partition", strategy({{"rollingUpdate", {{"partition", -1}}}, {"type", "RollingUpdate"}})},
        Case{"ordinals", spec({{"ordinals", {{"start", -1}}}})}, Case{"seconds", spec({{"minReadySeconds", -1}})},
        Case{"claims", spec({{"persistentVolumeClaimRetentionPolicy", {{"whenScaled", "Keep"}}}})},
        Case{"another type", spec({{"podManagementPolicy", 5}})}}) {
    INFO(each.what);
    Json wanted = SetOf(*fixture, "shop/db:1", 0);
    wanted.merge_patch(each.patch);
    for (const bool created : {false, true}) {
      const auto made = created ? Ask(*fixture, Create{wanted, "test"}) : Ask(*fixture, Apply{wanted, "test", false});
      REQUIRE(!made.ok());
      CHECK(made.error().code == ErrorCode::kInvalid);
    }
  }
}

TEST_CASE("of a StatefulSet's spec only some fields may change") {
  auto fixture = MakeFixture();
  Put(*fixture, SetOf(*fixture, "shop/db:1", 0));
  struct Case {
    std::string path;
    Json value;
    bool ok;
  };
  for (const Case& each :
       {Case{"/spec/serviceName", "other", false}, Case{"/spec/podManagementPolicy", "Parallel", false},
        Case{"/spec/selector/matchLabels/x", "y", false},
        Case{"/spec/volumeClaimTemplates",
             Json::array({{{"metadata", {{"name", "data"}}},
                           {"spec",
                            {{"accessModes", Json::array({"ReadWriteOnce"})},
                             {"resources", {{"requests", {{"storage", "1Gi"}}}}}}}}}),
             false},
        Case{"/spec/replicas", 1, true}, Case{"/spec/ordinals", {{"start", 1}}, true},
        Case{"/spec/template/metadata/labels/x", "y", true}, Case{"/spec/updateStrategy/type", "OnDelete", true},
        Case{"/spec/minReadySeconds", 1, true}, Case{"/spec/revisionHistoryLimit", 1, true},
        Case{"/spec/persistentVolumeClaimRetentionPolicy/whenScaled", "Delete", true}}) {
    INFO(each.path);
    Json wanted = SetIn(*fixture);
    wanted.erase("status");
    wanted["metadata"].erase("managedFields");
    wanted["spec"][Json::json_pointer("/template/metadata/labels/x")] = "y";
    wanted[Json::json_pointer(each.path)] = each.value;
    if (each.value == "OnDelete") wanted["spec"]["updateStrategy"].erase("rollingUpdate");
    Result<Json> changed = Error{ErrorCode::kConflict, ""};
    while (!changed.ok() && changed.error().code == ErrorCode::kConflict) {
      wanted["metadata"]["resourceVersion"] = SetIn(*fixture)["metadata"]["resourceVersion"];
      changed = Ask(*fixture, Replace{wanted, "test"});
    }
    CHECK(changed.ok() == each.ok);
    if (each.ok) continue;
    CHECK(changed.error().code == ErrorCode::kInvalid);
    CHECK_THAT(changed.error().message,
               Catch::Contains("spec: Forbidden: updates to statefulset spec for fields other than 'replicas', "
                               "'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', "
                               "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"));
  }
}

TEST_CASE("a StatefulSet's pod has its name, its number and its revision, which keeps the template") {
  auto fixture = MakeFixture();
  if (!fixture->has_controllers()) return;
  Json wanted = SetOf(*fixture, "shop/db:1", 1);
  wanted["spec"]["ordinals"]["start"] = 5;
  wanted["metadata"]["annotations"] = {{"team", "shop"}};
  const Json set = Put(*fixture, wanted);
  REQUIRE(Await(*fixture, "5:1", "1 pods, 1 ready, 1 available, 1 current, 1 updated"));
  const Json owners = Json::array({{{"apiVersion", "apps/v1"},
                                    {"kind", "StatefulSet"},
                                    {"name", "db"},
                                    {"uid", set["metadata"]["uid"]},
                                    {"controller", true},
                                    {"blockOwnerDeletion", true}}});
  const Json pod = PodAt(*fixture, 5);
  const std::string revision = pod["metadata"]["labels"]["controller-revision-hash"];
  CHECK(pod["metadata"]["labels"] == Json{{"app", "db"},
                                          {"apps.kubernetes.io/pod-index", "5"},
                                          {"statefulset.kubernetes.io/pod-name", "db-5"},
                                          {"controller-revision-hash", revision}});
  CHECK(pod["metadata"]["ownerReferences"] == owners);
  CHECK(pod["spec"]["hostname"] == "db-5");
  CHECK(pod["spec"]["subdomain"] == "db");

  REQUIRE(Revisions(*fixture).size() == 1);
  Json kept = Revisions(*fixture)[0];
  CHECK(kept["metadata"]["name"] == revision);
  CHECK(revision.starts_with("db-"));
  CHECK(kept["metadata"]["labels"] == Json{{"app", "db"}, {"controller.kubernetes.io/hash", revision.substr(3)}});
  CHECK(kept["metadata"]["annotations"] == Json{{"team", "shop"}});
  CHECK(kept["metadata"]["ownerReferences"] == owners);
  CHECK(!kept["metadata"].contains("generation"));
  CHECK(kept["revision"] == 1);
  Json& pod_template = kept["data"]["spec"]["template"];
  pod_template["metadata"].erase("creationTimestamp");
  Json expected = set["spec"]["template"];
  expected["$patch"] = "replace";
  CHECK(pod_template == expected);

  CHECK(SetIn(*fixture)["status"] == Json{{"observedGeneration", 1},
                                          {"replicas", 1},
                                          {"readyReplicas", 1},
                                          {"availableReplicas", 1},
                                          {"currentReplicas", 1},
                                          {"updatedReplicas", 1},
                                          {"currentRevision", revision},
                                          {"updateRevision", revision},
                                          {"collisionCount", 0}});
}

TEST_CASE("a StatefulSet's pods come in their order, each when the one before it is ready") {
  auto fixture = MakeFixture();
  if (!fixture->has_controllers()) return;
  Put(*fixture, SetOf(*fixture, "shop/db:1", 3));
  REQUIRE(AwaitUnserved(*fixture, "0:1!", "1 pods, 0 ready, 0 available, 1 current, 1 updated"));
  CHECK(!SetIn(*fixture)["status"].contains("readyReplicas"));
  Say(*fixture, PodAt(*fixture, 0), "Running", true);
  REQUIRE(AwaitUnserved(*fixture, "0:1 1:1!", "2 pods, 1 ready, 1 available, 2 current, 2 updated"));
  // One that isn't ready any more holds up the others.
  Say(*fixture, PodAt(*fixture, 0), "Running", false);
  REQUIRE(AwaitUnserved(*fixture, "0:1! 1:1!", "2 pods, 0 ready, 0 available, 2 current, 2 updated"));
  Say(*fixture, PodAt(*fixture, 1), "Running", true);
  REQUIRE(AwaitUnserved(*fixture, "0:1! 1:1", "2 pods, 1 ready, 1 available, 2 current, 2 updated"));
  Say(*fixture, PodAt(*fixture, 0), "Running", true);
  REQUIRE(AwaitUnserved(*fixture, "0:1 1:1 2:1!", "3 pods, 2 ready, 2 available, 3 current, 3 updated"));
}

TEST_CASE("a StatefulSet's new template goes down to its partition, and each pod comes back as it was") {
  auto fixture = MakeFixture();
  if (!fixture->has_controllers()) return;
  Put(*fixture, SetOf(*fixture, "shop/db:1", 3));
  REQUIRE(Await(*fixture, "0:1 1:1 2:1", "3 pods, 3 ready, 3 available, 3 current, 3 updated"));
  const std::string first = RevisionIn(*fixture, "currentRevision");
  Put(*fixture, Partitioned(SetOf(*fixture, "shop/db:2", 3), 1));
  REQUIRE(AwaitUnserved(*fixture, "0:1 1:1 2:2!", "3 pods, 2 ready, 2 available, 2 current, 1 updated"));
  REQUIRE(Await(*fixture, "0:1 1:2 2:2", "3 pods, 3 ready, 3 available, 1 current, 2 updated"));
  CHECK(RevisionIn(*fixture, "currentRevision") == first);
  const std::string second = RevisionIn(*fixture, "updateRevision");
  CHECK(PodAt(*fixture, 0)["metadata"]["labels"]["controller-revision-hash"] == first);
  CHECK(PodAt(*fixture, 1)["metadata"]["labels"]["controller-revision-hash"] == second);
  for (const int ordinal : {0, 2}) {
    DeletePod(*fixture, ordinal);
    REQUIRE(Await(*fixture, "0:1 1:2 2:2", "3 pods, 3 ready, 3 available, 1 current, 2 updated"));
  }
  Put(*fixture, Partitioned(SetOf(*fixture, "shop/db:2", 3), 0));
  REQUIRE(Await(*fixture, "0:2 1:2 2:2", "3 pods, 3 ready, 3 available, 3 current, 3 updated"));
  CHECK(RevisionIn(*fixture, "currentRevision") == second);
  CHECK(RevisionIn(*fixture, "updateRevision") == second);
}

TEST_CASE("a partition beyond all pods keeps the new template for later") {
  auto fixture = MakeFixture();
  if (!fixture->has_controllers()) return;
  Put(*fixture, Partitioned(SetOf(*fixture, "shop/db:1", 2), 5));
  REQUIRE(Await(*fixture, "0:1 1:1", "2 pods, 2 ready, 2 available, 2 current, 2 updated"));
  Put(*fixture, Partitioned(SetOf(*fixture, "shop/db:2", 2), 5));
  REQUIRE(Await(*fixture, "0:1 1:1", "2 pods, 2 ready, 2 available, 2 current, 0 updated"));
  CHECK(!SetIn(*fixture)["status"].contains("updatedReplicas"));
  Put(*fixture, Partitioned(SetOf(*fixture, "shop/db:2", 3), 5));
  REQUIRE(Await(*fixture, "0:1 1:1 2:1", "3 pods, 3 ready, 3 available, 3 current, 0 updated"));
}

TEST_CASE("a broken pod of a StatefulSet holds up the repair of its template until somebody deletes it") {
  auto fixture = MakeFixture();
  if (!fixture->has_controllers()) return;
  Put(*fixture, SetOf(*fixture, "shop/db:1", 2));
  REQUIRE(Await(*fixture, "0:1 1:1", "2 pods, 2 ready, 2 available, 2 current, 2 updated"));
  const std::string first = RevisionIn(*fixture, "currentRevision");
  Put(*fixture, SetOf(*fixture, "shop/db:bad", 2));
  REQUIRE(Await(*fixture, "0:1 1:bad!", "2 pods, 1 ready, 1 available, 1 current, 1 updated"));
  Say(*fixture, PodAt(*fixture, 1), "Running", false);
  Put(*fixture, SetOf(*fixture, "shop/db:1", 2));
  REQUIRE(fixture->Until([&] { return RevisionIn(*fixture, "updateRevision") == first; }));
  // What comes next would come with this.
  Json labelled = SetOf(*fixture, "shop/db:1", 2);
  labelled["spec"]["minReadySeconds"] = 0;
  labelled["spec"]["revisionHistoryLimit"] = 9;
  Put(*fixture, labelled);
  REQUIRE(fixture->Until([&] { return Integer(SetIn(*fixture), {"status", "observedGeneration"}) == 4; }));
  REQUIRE(Await(*fixture, "0:1 1:bad!", "2 pods, 1 ready, 1 available, 1 current, 1 updated"));
  DeletePod(*fixture, 1);
  REQUIRE(Await(*fixture, "0:1 1:1", "2 pods, 2 ready, 2 available, 2 current, 2 updated"));
  // The first template is kept under a new number.
  REQUIRE(Revisions(*fixture).size() == 2);
  CHECK(Revisions(*fixture)[1]["metadata"]["name"] == first);
  CHECK(Revisions(*fixture)[1]["revision"] == 3);
}

TEST_CASE("a pod deleted amid a StatefulSet's update comes back new, or old where nothing is said of a partition") {
  for (const bool partitioned : {true, false}) {
    auto fixture = MakeFixture();
    if (!fixture->has_controllers()) return;
    const auto with = [&](const char* image) {
      Json wanted = Partitioned(SetOf(*fixture, image, 3), 0);
      if (!partitioned) wanted["spec"]["updateStrategy"].erase("rollingUpdate");
      return wanted;
    };
    Put(*fixture, with("shop/db:1"));
    REQUIRE(Await(*fixture, "0:1 1:1 2:1", "3 pods, 3 ready, 3 available, 3 current, 3 updated"));
    Put(*fixture, with("shop/db:bad"));
    REQUIRE(Await(*fixture, "0:1 1:1 2:bad!", "3 pods, 2 ready, 2 available, 2 current, 1 updated"));
    DeletePod(*fixture, 0);
    if (partitioned) {
      REQUIRE(Await(*fixture, "0:bad! 1:1 2:bad!", "3 pods, 1 ready, 1 available, 1 current, 2 updated"));
    } else {
      REQUIRE(Await(*fixture, "0:1 1:1 2:bad!", "3 pods, 2 ready, 2 available, 2 current, 1 updated"));
    }
  }
}

TEST_CASE("a StatefulSet's partition counts from its first ordinal, and moved ordinals move its pods") {
  auto fixture = MakeFixture();
  if (!fixture->has_controllers()) return;
  const auto from = [&](int start, const char* image) {
    Json wanted = Partitioned(SetOf(*fixture, image, 2), 1);
    wanted["spec"]["ordinals"]["start"] = start;
    return wanted;
  };
  Put(*fixture, from(3, "shop/db:1"));
  REQUIRE(Await(*fixture, "3:1 4:1", "2 pods, 2 ready, 2 available, 2 current, 2 updated"));
  Put(*fixture, from(3, "shop/db:2"));
  REQUIRE(Await(*fixture, "3:1 4:2", "2 pods, 2 ready, 2 available, 1 current, 1 updated"));
  Put(*fixture, from(4, "shop/db:2"));
  REQUIRE(Await(*fixture, "4:2 5:2", "2 pods, 2 ready, 2 available, 2 current, 2 updated"));
}

TEST_CASE("a StatefulSet's pods in parallel wait for nobody, and broken ones are replaced") {
  auto fixture = MakeFixture();
  if (!fixture->has_controllers()) return;
  Put(*fixture, Parallel(SetOf(*fixture, "shop/db:bad", 3)));
  REQUIRE(Await(*fixture, "0:bad! 1:bad! 2:bad!", "3 pods, 0 ready, 0 available, 3 current, 3 updated"));
  Put(*fixture, Parallel(SetOf(*fixture, "shop/db:1", 3)));
  // One at a time all the same, each when those above it are ready.
  REQUIRE(AwaitUnserved(*fixture, "0:bad! 1:bad! 2:1!", "3 pods, 0 ready, 0 available, 2 current, 1 updated"));
  REQUIRE(Await(*fixture, "0:1 1:1 2:1", "3 pods, 3 ready, 3 available, 3 current, 3 updated"));
  Put(*fixture, Parallel(SetOf(*fixture, "shop/db:1", 1)));
  REQUIRE(Await(*fixture, "0:1", "1 pods, 1 ready, 1 available, 1 current, 1 updated"));
}

// Takes the finalizer from a pod, which is gone then.
void Free(Fixture& fixture, int ordinal) {
  const std::string uid = PodAt(fixture, ordinal)["metadata"]["uid"];
  REQUIRE(fixture.Until([&] {
    Json pod = PodAt(fixture, ordinal);
    if (Text(pod, {"metadata", "uid"}) != uid) return true;  // the next one of that name
    pod["metadata"].erase("finalizers");
    pod["metadata"].erase("managedFields");
    return Ask(fixture, Replace{pod, "test"}).ok();
  }));
}

TEST_CASE("a StatefulSet shrinks from its highest ordinal, and waits for each pod to be gone") {
  auto fixture = MakeFixture();
  if (!fixture->has_controllers()) return;
  const auto held = [&](int replicas) {
    Json wanted = SetOf(*fixture, "shop/db:1", replicas);
    wanted["spec"]["template"]["metadata"]["finalizers"] = {"sluice.dev/test"};
    return wanted;
  };
  Put(*fixture, held(3));
  REQUIRE(Await(*fixture, "0:1 1:1 2:1", "3 pods, 3 ready, 3 available, 3 current, 3 updated"));
  Put(*fixture, held(1));
  REQUIRE(Await(*fixture, "0:1 1:1 2:1-", "3 pods, 3 ready, 3 available, 2 current, 2 updated"));
  Free(*fixture, 2);
  REQUIRE(Await(*fixture, "0:1 1:1-", "2 pods, 2 ready, 2 available, 1 current, 1 updated"));
  Free(*fixture, 1);
  REQUIRE(Await(*fixture, "0:1", "1 pods, 1 ready, 1 available, 1 current, 1 updated"));
  // Who is deleted comes back when it is gone.
  const Json pod = PodAt(*fixture, 0);
  REQUIRE(Ask(*fixture, Delete{KeyOf(pod), pod["metadata"]["uid"], ""}).ok());
  REQUIRE(Await(*fixture, "0:1-", "1 pods, 1 ready, 1 available, 0 current, 0 updated"));
  Free(*fixture, 0);
  REQUIRE(Await(*fixture, "0:1", "1 pods, 1 ready, 1 available, 1 current, 1 updated"));
  CHECK(PodAt(*fixture, 0)["metadata"]["uid"] != pod["metadata"]["uid"]);
  Put(*fixture, held(0));
  REQUIRE(Await(*fixture, "0:1-", "1 pods, 1 ready, 1 available, 0 current, 0 updated"));
  Free(*fixture, 0);
  CHECK(Await(*fixture, "", "0 pods, 0 ready, 0 available, 0 current, 0 updated"));
}

TEST_CASE("a StatefulSet's pod that ended is made again") {
  auto fixture = MakeFixture();
  if (!fixture->has_controllers()) return;
  Put(*fixture, SetOf(*fixture, "shop/db:1", 2));
  REQUIRE(Await(*fixture, "0:1 1:1", "2 pods, 2 ready, 2 available, 2 current, 2 updated"));
  for (const char* phase : {"Failed", "Succeeded"}) {
    const Json pod = PodAt(*fixture, 0);
    Say(*fixture, pod, phase, false);
    REQUIRE(fixture->Until([&] {
      const Json now = PodAt(*fixture, 0);
      return !now.is_null() && now["metadata"]["uid"] != pod["metadata"]["uid"];
    }));
    REQUIRE(Await(*fixture, "0:1 1:1", "2 pods, 2 ready, 2 available, 2 current, 2 updated"));
  }
}

TEST_CASE("a StatefulSet of OnDelete replaces no pod, and makes deleted ones anew") {
  auto fixture = MakeFixture();
  if (!fixture->has_controllers()) return;
  Json wanted = SetOf(*fixture, "shop/db:1", 2);
  wanted["spec"]["updateStrategy"]["type"] = "OnDelete";
  Put(*fixture, wanted);
  REQUIRE(Await(*fixture, "0:1 1:1", "2 pods, 2 ready, 2 available, 2 current, 2 updated"));
  const std::string first = RevisionIn(*fixture, "currentRevision");
  wanted["spec"]["template"]["spec"]["containers"][0]["image"] = "shop/db:2";
  Put(*fixture, wanted);
  REQUIRE(Await(*fixture, "0:1 1:1", "2 pods, 2 ready, 2 available, 2 current, 0 updated"));
  DeletePod(*fixture, 0);
  REQUIRE(Await(*fixture, "0:2 1:1", "2 pods, 2 ready, 2 available, 1 current, 1 updated"));
  DeletePod(*fixture, 1);
  REQUIRE(Await(*fixture, "0:2 1:2", "2 pods, 2 ready, 2 available, 0 current, 2 updated"));
  CHECK(RevisionIn(*fixture, "currentRevision") == first);
  CHECK(RevisionIn(*fixture, "updateRevision") != first);
}

TEST_CASE("a StatefulSet's next pod waits until the one before it was ready for long enough") {
  auto fixture = MakeFixture();
  if (!fixture->has_controllers()) return;
  Json wanted = SetOf(*fixture, "shop/db:1", 2);
  wanted["spec"]["minReadySeconds"] = 2'000'000'000;
  Put(*fixture, wanted);
  REQUIRE(Await(*fixture, "0:1", "1 pods, 1 ready, 0 available, 1 current, 1 updated"));
  CHECK(SetIn(*fixture)["status"]["availableReplicas"] == 0);
  wanted["spec"]["minReadySeconds"] = 1;
  Put(*fixture, wanted);
  REQUIRE(Await(*fixture, "0:1 1:1", "2 pods, 2 ready, 2 available, 2 current, 2 updated"));
}

TEST_CASE("a StatefulSet keeps as many old templates as it is told to") {
  auto fixture = MakeFixture();
  if (!fixture->has_controllers()) return;
  for (int i = 1; i <= 4; ++i) {
    Json wanted = SetOf(*fixture, fmt::format("shop/db:{}", i), 1);
    wanted["spec"]["revisionHistoryLimit"] = 1;
    Put(*fixture, wanted);
    REQUIRE(Await(*fixture, fmt::format("0:{}", i), "1 pods, 1 ready, 1 available, 1 current, 1 updated"));
  }
  REQUIRE(fixture->Until([&] { return Revisions(*fixture).size() == 2; }));
  CHECK(Revisions(*fixture)[0]["revision"] == 3);
  CHECK(Revisions(*fixture)[1]["metadata"]["name"] == RevisionIn(*fixture, "currentRevision"));
  Json changed = Revisions(*fixture)[0];
  changed["data"]["spec"]["template"]["spec"]["hostNetwork"] = true;
  const auto refused = Ask(*fixture, Replace{changed, "test"});
  REQUIRE(!refused.ok());
  CHECK(refused.error().code == ErrorCode::kInvalid);
}

TEST_CASE("a StatefulSet that goes takes its pods and its revisions along") {
  auto fixture = MakeFixture();
  if (!fixture->has_controllers()) return;
  const Json set = Put(*fixture, SetOf(*fixture, "shop/db:1", 2));
  REQUIRE(Await(*fixture, "0:1 1:1", "2 pods, 2 ready, 2 available, 2 current, 2 updated"));
  REQUIRE(Ask(*fixture, Delete{KeyOf(set), set["metadata"]["uid"], ""}).ok());
  CHECK(fixture->Until([&] { return Pods(*fixture).empty() && Revisions(*fixture).empty(); }));
}

}  // namespace
}  // namespace sluice::cluster
