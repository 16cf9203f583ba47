// Jobs, with a test in the place of the node.
#include <algorithm>

#include <catch2/catch.hpp>

#include "compiler/base/time.h"
#include "tests/cluster/conformance.h"

namespace sluice::cluster {
namespace {

// Its pods get no node, so that nobody but the test says what becomes of them.
Json JobOf(Fixture& fixture) {
  const Json container = {{"name", "main"}, {"image", "shop/migrate:1"}};
  return {{"apiVersion", "batch/v1"},
          {"kind", "Job"},
          {"metadata", {{"name", "migrate"}, {"namespace", fixture.namespace_()}}},
          {"spec",
           {{"template",
             {{"spec",
               {{"restartPolicy", "Never"},
                {"schedulingGates", Json::array({{{"name", "sluice.dev/test"}}})},
                {"containers", Json::array({container})}}}}}}}};
}

Json Live(Fixture& fixture) {
  auto live = Ask(fixture, Get{KeyOf(JobOf(fixture))});
  return live.ok() ? *live : Json();
}

Json PodsOf(Fixture& fixture) {
  const auto listed =
      Ask(fixture, ListObjects{{"v1", "Pod"}, fixture.namespace_(), {{"batch.kubernetes.io/job-name", "migrate"}}});
  return listed.ok() ? (*listed)["items"] : Json::array();
}

// What an item of a list doesn't say itself.
Json PodAt(Fixture& fixture, std::size_t index) {
  Json pod = PodsOf(fixture).at(index);
  pod["apiVersion"] = "v1";
  pod["kind"] = "Pod";
  return pod;
}

const Json* Condition(const Json& job, const std::string& type) {
  for (const Json& condition : List(job, {"status", "conditions"})) {
    if (Text(condition, {"type"}) == type && Text(condition, {"status"}) == "True") return &condition;
  }
  return nullptr;
}

// "SuccessCriteriaMet CompletionsReached: Reached …; Complete …": those that are True, by type.
std::vector<std::string> ConditionsOf(const Json& job) {
  std::vector<std::string> texts;
  for (const Json& condition : List(job, {"status", "conditions"})) {
    if (Text(condition, {"status"}) != "True") continue;
    texts.push_back(Text(condition, {"type"}) + " " + Text(condition, {"reason"}) + ": " +
                    Text(condition, {"message"}));
  }
  return texts;
}

bool AwaitPod(Fixture& fixture) {
  return fixture.Until([&] {
    return PodsOf(fixture).size() == 1 && Integer(Live(fixture), {"status", "active"}) == 1;
  });
}

// As a kubelet says it.
bool EndPod(Fixture& fixture, const std::string& phase, int exit_code) {
  return fixture.Until([&] {
    Json pod = PodAt(fixture, 0);
    pod["status"]["phase"] = phase;
    const Json terminated = {{"exitCode", exit_code},
                             {"reason", exit_code == 0 ? "Completed" : "Error"},
                             {"startedAt", "2000-01-01T00:00:00Z"},
                             {"finishedAt", "2000-01-01T00:00:01Z"}};
    pod["status"]["containerStatuses"] = Json::array({{{"name", "main"},
                                                       {"image", "shop/migrate:1"},
                                                       {"imageID", ""},
                                                       {"ready", false},
                                                       {"started", false},
                                                       {"restartCount", 0},
                                                       {"state", {{"terminated", terminated}}}}});
    return Ask(fixture, ReplaceStatus{pod}).ok();
  });
}

TEST_CASE("a Job's defaults, its generated selector and its pods' labels") {
  auto fixture = MakeFixture();
  Json wanted = JobOf(*fixture);
  wanted["spec"]["template"]["metadata"]["labels"] = {{"app", "migrate"}};
  for (const bool created : {false, true}) {
    wanted["metadata"]["name"] = created ? "created" : "applied";
    const auto made = created ? Ask(*fixture, Create{wanted, "test"}) : Ask(*fixture, Apply{wanted, "test", false});
    REQUIRE(made.ok());
    const Json& spec = (*made)["spec"];
    CHECK(spec["parallelism"] == 1);
    CHECK(spec["completions"] == 1);
    CHECK(spec["backoffLimit"] == 6);
    CHECK(spec["completionMode"] == "NonIndexed");
    CHECK(spec["suspend"] == false);
    CHECK(spec["podReplacementPolicy"] == "TerminatingOrFailed");
    CHECK(spec["manualSelector"] == false);
    CHECK(!spec.contains("activeDeadlineSeconds"));
    CHECK(!spec.contains("ttlSecondsAfterFinished"));
    const std::string uid = (*made)["metadata"]["uid"];
    const std::string name = wanted["metadata"]["name"];
    CHECK(spec["selector"] == Json{{"matchLabels", {{"batch.kubernetes.io/controller-uid", uid}}}});
    CHECK(spec["template"]["metadata"]["labels"] == Json{{"app", "migrate"},
                                                         {"batch.kubernetes.io/controller-uid", uid},
                                                         {"batch.kubernetes.io/job-name", name},
                                                         {"controller-uid", uid},
                                                         {"job-name", name}});
    CHECK((*made)["metadata"]["labels"] == spec["template"]["metadata"]["labels"]);
    CHECK((*made)["metadata"]["generation"] == 1);
  }
}

TEST_CASE("an apply of the same Job changes nothing, one with labels of its own takes no others") {
  auto fixture = MakeFixture();
  Json wanted = JobOf(*fixture);
  wanted["spec"]["suspend"] = true;
  wanted["metadata"]["labels"] = {{"team", "shop"}};
  REQUIRE(Ask(*fixture, Apply{wanted, "test", false}).ok());
  REQUIRE(fixture->Until([&] { return Condition(Live(*fixture), "Suspended") != nullptr; }));
  const Json before = Live(*fixture);
  CHECK(before["metadata"]["labels"] == Json{{"team", "shop"}});
  CHECK(PodsOf(*fixture).empty());
  const auto again = Ask(*fixture, Apply{wanted, "test", false});
  REQUIRE(again.ok());
  CHECK((*again)["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]);
  wanted["metadata"].erase("labels");
  const auto bare = Ask(*fixture, Apply{wanted, "test", false});
  REQUIRE(bare.ok());
  CHECK((*bare)["metadata"]["labels"] == (*bare)["spec"]["template"]["metadata"]["labels"]);
}

TEST_CASE("what a Job may not say is kInvalid") {
  auto fixture = MakeFixture();
  struct Case {
    std::string what;
    Json patch;
  };
  const auto spec = [](Json of) { return Json{{"spec", std::move(of)}}; };
  const auto pod = [&](Json of) { return spec({{"template", {{"spec", std::move(of)}}}}); };
  const auto labels = [&](Json of) { return spec({{"template", {{"metadata", {{"labels", std::move(of)}}}}}}); };
  for (const Case& each :
       {Case{"a pod that never ends", pod({{"restartPolicy", "Always"}})},
        Case{"no word about its end", pod({{"restartPolicy", nullptr}})},
        Case{"no containers", pod({{"containers", Json::array()}})}, Case{"backoffLimit", spec({{"backoffLimit", -1}})},
        Case{"activeDeadlineSeconds", spec({{"activeDeadlineSeconds", -1}})},
        Case{"ttlSecondsAfterFinished", spec({{"ttlSecondsAfterFinished", -1}})},
        Case{"podReplacementPolicy", spec({{"podReplacementPolicy", "Never"}})},
        Case{"another type", spec({{"suspend", "yes"}})},
        Case{"a selector", spec({{"selector", {{"matchLabels", {{"app", "x"}}}}}})},
        Case{"a generated label", labels({{"job-name", "other"}})},
        Case{"the uid's label", labels({{"controller-uid", "other"}})},
        Case{"a manual selector that isn't there", spec({{"manualSelector", true}})}}) {
    INFO(each.what);
    Json wanted = JobOf(*fixture);
    wanted.merge_patch(each.patch);
    for (const bool created : {false, true}) {
      const auto made = created ? Ask(*fixture, Create{wanted, "test"}) : Ask(*fixture, Apply{wanted, "test", false});
      REQUIRE(!made.ok());
      CHECK(made.error().code == ErrorCode::kInvalid);
    }
  }
}

TEST_CASE("a Job's template, selector and completions are immutable, its limits are not") {
  auto fixture = MakeFixture();
  REQUIRE(Ask(*fixture, Apply{JobOf(*fixture), "test", false}).ok());
  struct Case {
    std::string path;
    Json value;
    bool ok;
  };
  for (const Case& each : {Case{"/spec/template/spec/containers/0/image", "shop/migrate:2", false},
                           Case{"/spec/template/spec/terminationGracePeriodSeconds", 5, false},
                           Case{"/spec/template/metadata/labels/app", "x", false}, Case{"/spec/completions", 2, false},
                           Case{"/spec/selector/matchLabels/app", "x", false}, Case{"/spec/parallelism", 0, true},
                           Case{"/spec/backoffLimit", 2, true}, Case{"/spec/activeDeadlineSeconds", 1000, true},
                           Case{"/spec/ttlSecondsAfterFinished", 1000, true}, Case{"/spec/suspend", true, true}}) {
    INFO(each.path);
    Json wanted = JobOf(*fixture);
    wanted[Json::json_pointer(each.path)] = each.value;
    const auto changed = Ask(*fixture, Apply{wanted, "other", true});
    CHECK(changed.ok() == each.ok);
    if (!changed.ok()) CHECK(changed.error().code == ErrorCode::kInvalid);
  }
}

TEST_CASE("a suspended Job that never ran may still be told where to run") {
  auto fixture = MakeFixture();
  Json wanted = JobOf(*fixture);
  wanted["spec"]["suspend"] = true;
  REQUIRE(Ask(*fixture, Apply{wanted, "test", false}).ok());
  wanted["spec"]["template"]["spec"]["nodeSelector"] = {{"disk", "fast"}};
  CHECK(Ask(*fixture, Apply{wanted, "test", false}).ok());
  wanted["spec"]["template"]["spec"]["containers"][0]["image"] = "shop/migrate:2";
  CHECK(!Ask(*fixture, Apply{wanted, "test", false}).ok());
}

TEST_CASE("a Job makes its pod, which it controls and tracks") {
  auto fixture = MakeFixture();
  if (!fixture->has_controllers()) return;
  const auto made = Ask(*fixture, Apply{JobOf(*fixture), "test", false});
  REQUIRE(made.ok());
  REQUIRE(AwaitPod(*fixture));
  const Json pod = PodAt(*fixture, 0);
  const std::string uid = (*made)["metadata"]["uid"];
  const std::string name = pod["metadata"]["name"];
  CHECK(name.starts_with("migrate-"));
  CHECK(name.size() == std::string("migrate-12345").size());
  CHECK(pod["metadata"]["ownerReferences"] == Json::array({{{"apiVersion", "batch/v1"},
                                                            {"kind", "Job"},
                                                            {"name", "migrate"},
                                                            {"uid", uid},
                                                            {"controller", true},
                                                            {"blockOwnerDeletion", true}}}));
  CHECK(pod["metadata"]["finalizers"] == Json::array({"batch.kubernetes.io/job-tracking"}));
  CHECK(pod["metadata"]["labels"] == (*made)["spec"]["template"]["metadata"]["labels"]);
  Json status = Live(*fixture)["status"];
  CHECK(!Text(status, {"startTime"}).empty());
  status.erase("startTime");
  CHECK(status == Json{{"active", 1}, {"ready", 0}, {"terminating", 0}, {"uncountedTerminatedPods", Json::object()}});
}

TEST_CASE("a Job is complete when its pod succeeded") {
  auto fixture = MakeFixture();
  if (!fixture->has_controllers()) return;
  REQUIRE(Ask(*fixture, Apply{JobOf(*fixture), "test", false}).ok());
  REQUIRE(AwaitPod(*fixture));
  REQUIRE(EndPod(*fixture, "Succeeded", 0));
  REQUIRE(fixture->Until([&] { return Condition(Live(*fixture), "Complete") != nullptr; }));
  const Json job = Live(*fixture);
  CHECK(ConditionsOf(job) ==
        std::vector<std::string>{"SuccessCriteriaMet CompletionsReached: Reached expected number of succeeded pods",
                                 "Complete CompletionsReached: Reached expected number of succeeded pods"});
  Json status = job["status"];
  // The controller reads its clock once for each of the two, so a second may begin between them.
  TimePoint completed;
  TimePoint told;
  REQUIRE(ParseTime(status["completionTime"].get<std::string>(), completed));
  REQUIRE(ParseTime(Condition(job, "Complete")->at("lastTransitionTime").get<std::string>(), told));
  CHECK(told - completed >= std::chrono::seconds(0));
  CHECK(told - completed <= std::chrono::seconds(1));
  for (const char* name : {"startTime", "completionTime", "conditions"}) status.erase(name);
  CHECK(status ==
        Json{{"succeeded", 1}, {"ready", 0}, {"terminating", 0}, {"uncountedTerminatedPods", Json::object()}});
  CHECK(!PodAt(*fixture, 0)["metadata"].contains("finalizers"));
}

TEST_CASE("a Job has failed when more pods failed than its back-off limit") {
  auto fixture = MakeFixture();
  if (!fixture->has_controllers()) return;
  Json wanted = JobOf(*fixture);
  wanted["spec"]["backoffLimit"] = 0;
  REQUIRE(Ask(*fixture, Apply{wanted, "test", false}).ok());
  REQUIRE(AwaitPod(*fixture));
  REQUIRE(EndPod(*fixture, "Failed", 3));
  REQUIRE(fixture->Until([&] { return Condition(Live(*fixture), "Failed") != nullptr; }));
  const Json job = Live(*fixture);
  CHECK(ConditionsOf(job) ==
        std::vector<std::string>{"FailureTarget BackoffLimitExceeded: Job has reached the specified backoff limit",
                                 "Failed BackoffLimitExceeded: Job has reached the specified backoff limit"});
  Json status = job["status"];
  CHECK(!status.contains("completionTime"));
  for (const char* name : {"startTime", "conditions"}) status.erase(name);
  CHECK(status == Json{{"failed", 1}, {"ready", 0}, {"terminating", 0}, {"uncountedTerminatedPods", Json::object()}});
  CHECK(PodsOf(*fixture).size() == 1);
}

TEST_CASE("a failed pod stays, and another takes its place") {
  auto fixture = MakeFixture();
  if (!fixture->has_controllers()) return;
  REQUIRE(Ask(*fixture, Apply{JobOf(*fixture), "test", false}).ok());
  REQUIRE(AwaitPod(*fixture));
  REQUIRE(EndPod(*fixture, "Failed", 3));
  // Its containers ended long ago: there is no back-off to wait for.
  REQUIRE(fixture->Until([&] {
    const Json job = Live(*fixture);
    return Integer(job, {"status", "failed"}) == 1 && Integer(job, {"status", "active"}) == 1;
  }));
  CHECK(PodsOf(*fixture).size() == 2);
}

TEST_CASE("a Job that is past its deadline ends its pod") {
  auto fixture = MakeFixture();
  if (!fixture->has_controllers()) return;
  Json wanted = JobOf(*fixture);
  wanted["spec"]["activeDeadlineSeconds"] = 1;
  REQUIRE(Ask(*fixture, Apply{wanted, "test", false}).ok());
  REQUIRE(fixture->Until([&] { return Condition(Live(*fixture), "Failed") != nullptr; }));
  const Json job = Live(*fixture);
  CHECK(ConditionsOf(job) ==
        std::vector<std::string>{"FailureTarget DeadlineExceeded: Job was active longer than specified deadline",
                                 "Failed DeadlineExceeded: Job was active longer than specified deadline"});
  CHECK(job["status"]["failed"] == 1);
  CHECK(PodsOf(*fixture).empty());
}

TEST_CASE("a pod that somebody deletes counts as failed") {
  auto fixture = MakeFixture();
  if (!fixture->has_controllers()) return;
  REQUIRE(Ask(*fixture, Apply{JobOf(*fixture), "test", false}).ok());
  REQUIRE(AwaitPod(*fixture));
  const Json pod = PodAt(*fixture, 0);
  REQUIRE(Ask(*fixture, Delete{KeyOf(pod), pod["metadata"]["uid"], ""}).ok());
  CHECK(fixture->Until([&] { return Integer(Live(*fixture), {"status", "failed"}) == 1; }));
  CHECK(fixture->Until([&] { return !Ask(*fixture, Get{KeyOf(pod)}).ok(); }));
}

TEST_CASE("a suspended Job gives up its pod, and makes one when it goes on") {
  auto fixture = MakeFixture();
  if (!fixture->has_controllers()) return;
  Json wanted = JobOf(*fixture);
  REQUIRE(Ask(*fixture, Apply{wanted, "test", false}).ok());
  REQUIRE(AwaitPod(*fixture));
  wanted["spec"]["suspend"] = true;
  REQUIRE(Ask(*fixture, Apply{wanted, "test", false}).ok());
  REQUIRE(
      fixture->Until([&] { return PodsOf(*fixture).empty() && Condition(Live(*fixture), "Suspended") != nullptr; }));
  REQUIRE(fixture->Until([&] { return Integer(Live(*fixture), {"status", "terminating"}) == 0; }));
  Json status = Live(*fixture)["status"];
  CHECK(ConditionsOf(Live(*fixture)) == std::vector<std::string>{"Suspended JobSuspended: Job suspended"});
  for (const char* name : {"startTime", "conditions"}) status.erase(name);
  CHECK(status == Json{{"ready", 0}, {"terminating", 0}, {"uncountedTerminatedPods", Json::object()}});
  wanted["spec"]["suspend"] = false;
  REQUIRE(Ask(*fixture, Apply{wanted, "test", false}).ok());
  REQUIRE(AwaitPod(*fixture));
  const Json job = Live(*fixture);
  CHECK(ConditionsOf(job).empty());
  CHECK(job["status"]["conditions"][0]["reason"] == "JobResumed");
}

TEST_CASE("a Job that a finalizer keeps makes no more pods, and goes when an apply leaves that out") {
  auto fixture = MakeFixture();
  if (!fixture->has_controllers()) return;
  Json wanted = JobOf(*fixture);
  wanted["metadata"]["finalizers"] = {"sluice.dev/test"};
  const auto made = Ask(*fixture, Apply{wanted, "test", false});
  REQUIRE(made.ok());
  REQUIRE(AwaitPod(*fixture));
  const std::string uid = (*made)["metadata"]["uid"];
  REQUIRE(Ask(*fixture, Delete{KeyOf(wanted), uid, ""}).ok());
  REQUIRE(fixture->Until([&] { return Live(*fixture)["metadata"].contains("deletionTimestamp"); }));
  // A pod that fails is not replaced.
  REQUIRE(EndPod(*fixture, "Failed", 3));
  REQUIRE(fixture->Until([&] { return !PodAt(*fixture, 0)["metadata"].contains("finalizers"); }));
  CHECK(PodsOf(*fixture).size() == 1);
  CHECK(Live(*fixture)["metadata"]["finalizers"] == Json::array({"sluice.dev/test"}));
  Json freed = wanted;
  freed["metadata"].erase("finalizers");
  freed["metadata"]["uid"] = uid;
  REQUIRE(Ask(*fixture, Apply{freed, "test", false}).ok());
  CHECK(fixture->Until([&] { return Live(*fixture).is_null() && PodsOf(*fixture).empty(); }));
}

TEST_CASE("a Job that goes takes its pods along") {
  auto fixture = MakeFixture();
  if (!fixture->has_controllers()) return;
  const auto made = Ask(*fixture, Apply{JobOf(*fixture), "test", false});
  REQUIRE(made.ok());
  REQUIRE(AwaitPod(*fixture));
  REQUIRE(Ask(*fixture, Delete{KeyOf(*made), (*made)["metadata"]["uid"], ""}).ok());
  CHECK(fixture->Until([&] { return Live(*fixture).is_null() && PodsOf(*fixture).empty(); }));
}

TEST_CASE("a finished Job goes when its time is over, in the foreground") {
  auto fixture = MakeFixture();
  if (!fixture->has_controllers()) return;
  Json wanted = JobOf(*fixture);
  wanted["spec"]["ttlSecondsAfterFinished"] = 1;
  REQUIRE(Ask(*fixture, Apply{wanted, "test", false}).ok());
  REQUIRE(AwaitPod(*fixture));
  REQUIRE(EndPod(*fixture, "Succeeded", 0));
  REQUIRE(fixture->Until([&] { return Live(*fixture).is_null(); }));
  CHECK(PodsOf(*fixture).empty());
}

}  // namespace
}  // namespace sluice::cluster
