#include <algorithm>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "reconciler/embedded/fields.h"
#include "tests/embedded/temporary_file.h"
#include "tests/embedded/world.h"

namespace sluice::embedded {
namespace {

using namespace std::chrono_literals;

const ObjectKey kMigrate{{"batch/v1", "Job"}, "shop", "migrate"};

Json JobOf(const std::string& image) {
  Json container = {{"name", "main"}, {"image", image}, {"terminationMessagePolicy", "FallbackToLogsOnError"}};
  return {{"apiVersion", "batch/v1"},
          {"kind", "Job"},
          {"metadata", {{"name", "migrate"}, {"namespace", "shop"}}},
          {"spec", {{"template", {{"spec", {{"restartPolicy", "Never"}, {"containers", Json::array({container})}}}}}}}};
}

// `shop/ok` succeeds after 2 s, `shop/bad` fails after 1 s, `shop/slow` takes an hour.
Options Images() {
  Options options;
  options.world.default_per_second = 0;
  ImageBehaviour ok = Image("shop/ok");
  ok.runs_for = 2s;
  ok.says = "42 rows\n";
  ImageBehaviour bad = Image("shop/bad");
  bad.crash_after = 1s;
  bad.exit_code = 3;
  bad.says = "connecting\nno such table: orders\n";
  ImageBehaviour slow = Image("shop/slow");
  slow.runs_for = 3'600s;
  options.world.images = {ok, bad, slow};
  return options;
}

Json Live(const TestWorld& world) { return world.cluster->Peek(kMigrate); }

// "active 1, ready 0, succeeded 0, failed 2, terminating 0".
std::string CountsOf(const TestWorld& world) {
  const Json job = Live(world);
  std::string text;
  for (const char* name : {"active", "ready", "succeeded", "failed", "terminating"}) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, Integer(job, {"status", name}));
  }
  return text;
}

// "SuccessCriteriaMet CompletionsReached, Complete CompletionsReached": those that are True, in their order.
std::string ConditionsOf(const TestWorld& world) {
  const Json job = Live(world);
  std::string text;
  for (const Json& condition : List(job, {"status", "conditions"})) {
    if (!Says(condition, {"status"}, "True")) continue;
    text += (text.empty() ? "" : ", ") + Text(condition, {"type"}) + " " + Text(condition, {"reason"});
  }
  return text;
}

Json TerminatedOf(const Json& pod) { return pod["status"]["containerStatuses"][0]["state"]["terminated"]; }

// A deletion as kubectl asks for it.
void DeleteJob(TestWorld& world, Propagation propagation) {
  bool done = false;
  world.cluster->Transact(
      [&](Store& store, TimePoint now) {
        REQUIRE(store.Delete(kMigrate, DeleteOptions{"", "", propagation}, now).ok());
      },
      [&](const Result<void>&) { done = true; });
  world.loop.RunUntil([&] { return done; }, world.loop.Now() + 1s);
}

void DeletePod(TestWorld& world) { world.Delete(world.Pods().at(0)); }

TEST_CASE("a Job's pod runs to its end, and so does the Job") {
  TestWorld world(Images());
  world.Apply(JobOf("shop/ok"));
  world.Run(500ms);
  REQUIRE(world.Pods().size() == 1);
  const Json pod = world.Pods()[0];
  CHECK(pod["metadata"]["name"].get<std::string>().starts_with("migrate-"));
  CHECK(pod["metadata"]["ownerReferences"][0]["controller"] == true);
  CHECK(pod["metadata"]["labels"]["batch.kubernetes.io/job-name"] == "migrate");
  CHECK(pod["metadata"]["labels"]["controller-uid"] == Live(world)["metadata"]["uid"]);
  CHECK(CountsOf(world) == "active 1, ready 0, succeeded 0, failed 0, terminating 0");
  CHECK(Live(world)["status"]["startTime"] == "2027-03-02T10:00:00Z");
  world.Run(2s);
  CHECK(world.Pods()[0]["status"]["phase"] == "Running");
  CHECK(CountsOf(world) == "active 1, ready 1, succeeded 0, failed 0, terminating 0");
  world.Run(3s);
  CHECK(CountsOf(world) == "active 0, ready 0, succeeded 1, failed 0, terminating 0");
  CHECK(ConditionsOf(world) == "SuccessCriteriaMet CompletionsReached, Complete CompletionsReached");
  CHECK(Condition(Live(world), "Complete")->at("message") == "Reached expected number of succeeded pods");
  CHECK(Live(world)["status"]["completionTime"] == Condition(Live(world), "Complete")->at("lastTransitionTime"));
  REQUIRE(world.Pods().size() == 1);
  const Json ended = world.Pods()[0];
  CHECK(ended["status"]["phase"] == "Succeeded");
  CHECK(!ended["metadata"].contains("finalizers"));
  CHECK(TerminatedOf(ended)["exitCode"] == 0);
  CHECK(TerminatedOf(ended)["reason"] == "Completed");
  CHECK(!TerminatedOf(ended).contains("message"));
  CHECK(TimeAt(TerminatedOf(ended), {"finishedAt"}) - TimeAt(TerminatedOf(ended), {"startedAt"}) == 2s);
}

TEST_CASE("a failed pod says why, and is replaced until the back-off limit, later each time") {
  TestWorld world(Images());
  Json wanted = JobOf("shop/bad");
  wanted["spec"]["backoffLimit"] = 2;
  world.Apply(wanted);
  struct Case {
    Duration at;
    std::size_t pods;
    const char* counts;
  };
  // Each runs for a second; 10 s and 20 s lie between them.
  Duration last = 0s;
  for (const Case& each : {Case{5s, 1, "active 0, ready 0, succeeded 0, failed 1, terminating 0"},
                           Case{15s, 2, "active 0, ready 0, succeeded 0, failed 2, terminating 0"},
                           Case{29s, 2, "active 0, ready 0, succeeded 0, failed 2, terminating 0"},
                           Case{40s, 3, "active 0, ready 0, succeeded 0, failed 3, terminating 0"}}) {
    world.Run(each.at - last);
    last = each.at;
    INFO(each.at.count());
    CHECK(world.Pods().size() == each.pods);
    CHECK(CountsOf(world) == each.counts);
  }
  CHECK(ConditionsOf(world) == "FailureTarget BackoffLimitExceeded, Failed BackoffLimitExceeded");
  CHECK(Condition(Live(world), "Failed")->at("message") == "Job has reached the specified backoff limit");
  CHECK(!Live(world)["status"].contains("completionTime"));
  for (const Json& pod : world.Pods()) {
    CHECK(pod["status"]["phase"] == "Failed");
    CHECK(TerminatedOf(pod)["exitCode"] == 3);
    CHECK(TerminatedOf(pod)["reason"] == "Error");
    CHECK(TerminatedOf(pod)["message"] == "connecting\nno such table: orders\n");
  }
  world.Run(600s);
  CHECK(world.Pods().size() == 3);
}

TEST_CASE("without FallbackToLogsOnError a failed pod is silent; a long log is cut to its end") {
  Options options = Images();
  for (int i = 0; i < 200; ++i) options.world.images[1].says += fmt::format("line {}\n", i);
  TestWorld world(options);
  Json wanted = JobOf("shop/bad");
  wanted["spec"]["backoffLimit"] = 0;
  wanted["spec"]["template"]["spec"]["containers"][0].erase("terminationMessagePolicy");
  world.Apply(wanted);
  wanted["metadata"]["name"] = "other";
  wanted["spec"]["template"]["spec"]["containers"][0]["terminationMessagePolicy"] = "FallbackToLogsOnError";
  world.Apply(wanted);
  world.Run(10s);
  for (const Json& pod : world.Pods()) {
    if (pod["metadata"]["labels"]["job-name"] == "migrate") {
      CHECK(!TerminatedOf(pod).contains("message"));
    } else {
      const std::string message = TerminatedOf(pod)["message"];
      CHECK(std::count(message.begin(), message.end(), '\n') == 80);
      CHECK(message.starts_with("line 120\n"));
    }
  }
}

TEST_CASE("what runs out of memory says so") {
  Options options = Images();
  options.world.images[0].out_of_memory = true;
  TestWorld world(options);
  Json wanted = JobOf("shop/ok");
  wanted["spec"]["backoffLimit"] = 0;
  world.Apply(wanted);
  world.Run(10s);
  CHECK(TerminatedOf(world.Pods().at(0))["reason"] == "OOMKilled");
  CHECK(TerminatedOf(world.Pods().at(0))["exitCode"] == 137);
  CHECK(CountsOf(world) == "active 0, ready 0, succeeded 0, failed 1, terminating 0");
}

TEST_CASE("with OnFailure containers restart in their pod, and restarts count against the back-off limit") {
  TestWorld world(Images());
  Json wanted = JobOf("shop/bad");
  wanted["spec"]["template"]["spec"]["restartPolicy"] = "OnFailure";
  wanted["spec"]["backoffLimit"] = 2;
  world.Apply(wanted);
  world.Run(20s);
  REQUIRE(world.Pods().size() == 1);
  CHECK(world.Pods()[0]["status"]["phase"] == "Running");
  CHECK(world.Pods()[0]["status"]["containerStatuses"][0]["restartCount"] == 1);
  CHECK(world.Pods()[0]["status"]["containerStatuses"][0]["lastState"]["terminated"]["message"] ==
        "connecting\nno such table: orders\n");
  world.Run(30s);
  CHECK(ConditionsOf(world) == "FailureTarget BackoffLimitExceeded, Failed BackoffLimitExceeded");
  CHECK(CountsOf(world) == "active 0, ready 0, succeeded 0, failed 1, terminating 0");
  CHECK(world.Pods().empty());
}

TEST_CASE("a Job that is past its deadline ends its pod, and has failed once that is gone") {
  TestWorld world(Images());
  Json wanted = JobOf("shop/slow");
  wanted["spec"]["activeDeadlineSeconds"] = 30;
  wanted["spec"]["template"]["spec"]["containers"][0]["lifecycle"] = {{"preStop", {{"sleep", {{"seconds", 5}}}}}};
  world.Apply(wanted);
  world.Run(29s);
  CHECK(CountsOf(world) == "active 1, ready 1, succeeded 0, failed 0, terminating 0");
  world.Run(3s);
  CHECK(CountsOf(world) == "active 0, ready 0, succeeded 0, failed 1, terminating 1");
  CHECK(ConditionsOf(world) == "FailureTarget DeadlineExceeded");
  world.Run(10s);
  CHECK(world.Pods().empty());
  CHECK(CountsOf(world) == "active 0, ready 0, succeeded 0, failed 1, terminating 0");
  CHECK(ConditionsOf(world) == "FailureTarget DeadlineExceeded, Failed DeadlineExceeded");
  CHECK(Condition(Live(world), "Failed")->at("message") == "Job was active longer than specified deadline");
}

TEST_CASE("a pod that can't start stays pending until the deadline") {
  Options options = Images();
  ImageBehaviour missing = Image("shop/missing");
  missing.pull_fails = true;
  options.world.images.push_back(missing);
  TestWorld world(options);
  Json wanted = JobOf("shop/missing");
  wanted["spec"]["activeDeadlineSeconds"] = 60;
  world.Apply(wanted);
  world.Run(50s);
  CHECK(world.Pods().at(0)["status"]["phase"] == "Pending");
  CHECK(world.Pods()[0]["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] == "ImagePullBackOff");
  CHECK(CountsOf(world) == "active 1, ready 0, succeeded 0, failed 0, terminating 0");
  world.Run(20s);
  CHECK(ConditionsOf(world) == "FailureTarget DeadlineExceeded, Failed DeadlineExceeded");
}

TEST_CASE("a pod that somebody deletes counts as failed and is replaced") {
  TestWorld world(Images());
  world.Apply(JobOf("shop/slow"));
  world.Run(5s);
  const std::string first = UidOf(world.Pods().at(0));
  DeletePod(world);
  world.Run(5s);
  CHECK(CountsOf(world) == "active 0, ready 0, succeeded 0, failed 1, terminating 0");
  world.Run(10s);
  REQUIRE(world.Pods().size() == 1);
  CHECK(UidOf(world.Pods()[0]) != first);
  CHECK(CountsOf(world) == "active 1, ready 1, succeeded 0, failed 1, terminating 0");
}

TEST_CASE("with podReplacementPolicy Failed a deleted pod is counted when it has ended, by the signal that ended it") {
  TestWorld world(Images());
  Json wanted = JobOf("shop/slow");
  wanted["spec"]["podReplacementPolicy"] = "Failed";
  wanted["spec"]["template"]["spec"]["containers"][0]["lifecycle"] = {{"preStop", {{"sleep", {{"seconds", 5}}}}}};
  world.Apply(wanted);
  world.Run(5s);
  DeletePod(world);
  world.Run(3s);
  CHECK(CountsOf(world) == "active 0, ready 0, succeeded 0, failed 0, terminating 1");
  std::string told;
  world.cluster->Watch({{"v1", "Pod"}, "", {}}, [&](const cluster::Event& event) {
    if (event.object != nullptr && Says(*event.object, {"status", "phase"}, "Failed")) {
      told = TerminatedOf(*event.object).dump();
    }
  });
  world.Run(5s);
  CHECK(told.find("\"exitCode\":143") != std::string::npos);
  CHECK(CountsOf(world) == "active 0, ready 0, succeeded 0, failed 1, terminating 0");
  world.Run(15s);
  CHECK(CountsOf(world) == "active 1, ready 1, succeeded 0, failed 1, terminating 0");
}

TEST_CASE("a deletion in the foreground takes the Job after its pods, one in the background before them") {
  for (const Propagation propagation : {Propagation::kForeground, Propagation::kBackground}) {
    TestWorld world(Images());
    Json wanted = JobOf("shop/slow");
    wanted["spec"]["template"]["spec"]["containers"][0]["lifecycle"] = {{"preStop", {{"sleep", {{"seconds", 5}}}}}};
    world.Apply(wanted);
    world.Run(5s);
    DeleteJob(world, propagation);
    world.Run(3s);
    CHECK(Live(world).is_null() == (propagation == Propagation::kBackground));
    REQUIRE(world.Pods().size() == 1);
    CHECK(Terminating(world.Pods()[0]));
    world.Run(10s);
    CHECK(Live(world).is_null());
    CHECK(world.Pods().empty());
  }
}

TEST_CASE("orphaned pods stay, and nobody holds on to them") {
  TestWorld world(Images());
  world.Apply(JobOf("shop/slow"));
  world.Run(5s);
  DeleteJob(world, Propagation::kOrphan);
  world.Run(5s);
  CHECK(Live(world).is_null());
  REQUIRE(world.Pods().size() == 1);
  CHECK(!Terminating(world.Pods()[0]));
  CHECK(!world.Pods()[0]["metadata"].contains("ownerReferences"));
  CHECK(!world.Pods()[0]["metadata"].contains("finalizers"));
}

TEST_CASE("a Job that a finalizer keeps makes no more pods") {
  TestWorld world(Images());
  Json wanted = JobOf("shop/slow");
  wanted["metadata"]["finalizers"] = {"sluice.dev/test"};
  world.Apply(wanted);
  world.Run(5s);
  DeleteJob(world, Propagation::kForeground);
  world.Run(60s);
  CHECK(world.Pods().empty());
  REQUIRE(!Live(world).is_null());
  CHECK(Live(world)["metadata"]["finalizers"] == Json::array({"sluice.dev/test"}));
  wanted["metadata"].erase("finalizers");
  world.Apply(wanted);
  world.Run(1s);
  CHECK(Live(world).is_null());
}

TEST_CASE("a Job goes, with its pods, so long after its end as it says") {
  TestWorld world(Images());
  Json wanted = JobOf("shop/ok");
  wanted["spec"]["ttlSecondsAfterFinished"] = 60;
  world.Apply(wanted);
  world.Run(60s);
  CHECK(!Live(world).is_null());
  world.Run(10s);
  CHECK(Live(world).is_null());
  CHECK(world.Pods().empty());
}

TEST_CASE("a suspended Job has no pods; its deadline begins anew when it goes on before that") {
  TestWorld world(Images());
  Json wanted = JobOf("shop/slow");
  wanted["spec"]["suspend"] = true;
  wanted["spec"]["activeDeadlineSeconds"] = 100;
  world.Apply(wanted);
  world.Run(30s);
  CHECK(world.Pods().empty());
  CHECK(ConditionsOf(world) == "Suspended JobSuspended");
  CHECK(!Live(world)["status"].contains("startTime"));
  wanted["spec"]["suspend"] = false;
  world.Apply(wanted);
  world.Run(30s);
  CHECK(CountsOf(world) == "active 1, ready 1, succeeded 0, failed 0, terminating 0");
  CHECK(Text(*Condition(Live(world), "Suspended"), {"reason"}) == "JobResumed");
  wanted["spec"]["suspend"] = true;
  world.Apply(wanted);
  world.Run(60s);
  CHECK(world.Pods().empty());
  CHECK(CountsOf(world) == "active 0, ready 0, succeeded 0, failed 0, terminating 0");
  CHECK(ConditionsOf(world) == "Suspended JobSuspended");
  wanted["spec"]["suspend"] = false;
  world.Apply(wanted);
  world.Run(90s);
  CHECK(CountsOf(world) == "active 1, ready 1, succeeded 0, failed 0, terminating 0");
  world.Run(20s);
  CHECK(ConditionsOf(world) == "FailureTarget DeadlineExceeded, Failed DeadlineExceeded");
}

TEST_CASE("a pod that a quota refuses is tried again; pods that ended take no place in it") {
  TestWorld world(Images());
  const auto quota = [](int pods) {
    return Json{{"apiVersion", "v1"},
                {"kind", "ResourceQuota"},
                {"metadata", {{"name", "few"}, {"namespace", "shop"}}},
                {"spec", {{"hard", {{"pods", std::to_string(pods)}}}}}};
  };
  world.Apply(quota(0));
  world.Apply(JobOf("shop/ok"));
  world.Run(30s);
  CHECK(world.Pods().empty());
  CHECK(CountsOf(world) == "active 0, ready 0, succeeded 0, failed 0, terminating 0");
  world.Apply(quota(1));
  world.Run(15s);
  CHECK(ConditionsOf(world) == "SuccessCriteriaMet CompletionsReached, Complete CompletionsReached");
  Json second = JobOf("shop/ok");
  second["metadata"]["name"] = "second";
  world.Apply(second);
  world.Run(15s);
  CHECK(world.Pods().size() == 2);
}

TEST_CASE("pods of Jobs are endpoints as long as they run") {
  TestWorld world(Images());
  Json wanted = JobOf("shop/ok");
  wanted["spec"]["template"]["metadata"]["labels"] = {{"app", "migrate"}};
  world.Apply(ServiceOf("migrate", {{"app", "migrate"}}));
  world.Apply(wanted);
  world.Run(2s + 500ms);
  CHECK(world.ReadyEndpoints("migrate") == 1);
  world.Run(5s);
  CHECK(world.cluster->PeekAll({"discovery.k8s.io/v1", "EndpointSlice"}, "shop").at(0)["endpoints"].empty());
}

TEST_CASE("a lost node's pod is a failure") {
  TestWorld world(Images());
  world.Apply(JobOf("shop/slow"));
  world.Run(5s);
  world.cluster->LoseNode(world.Pods().at(0)["spec"]["nodeName"]);
  world.Run(5s);
  CHECK(world.Pods().empty());
  CHECK(CountsOf(world) == "active 0, ready 0, succeeded 0, failed 1, terminating 0");
  world.Run(15s);
  CHECK(CountsOf(world) == "active 1, ready 1, succeeded 0, failed 1, terminating 0");
}

TEST_CASE("several pods at once, and several successes") {
  TestWorld world(Images());
  Json wanted = JobOf("shop/ok");
  wanted["spec"]["parallelism"] = 2;
  wanted["spec"]["completions"] = 5;
  world.Apply(wanted);
  std::size_t most = 0;
  for (int i = 0; i < 300; ++i) {
    world.Run(100ms);
    most = std::max(most, static_cast<std::size_t>(Integer(Live(world), {"status", "active"})));
  }
  CHECK(most == 2);
  CHECK(world.Pods().size() == 5);
  CHECK(CountsOf(world) == "active 0, ready 0, succeeded 5, failed 0, terminating 0");
  CHECK(ConditionsOf(world) == "SuccessCriteriaMet CompletionsReached, Complete CompletionsReached");
}

TEST_CASE("a namespace that goes takes its Jobs and their pods along") {
  TestWorld world(Images());
  world.Apply(JobOf("shop/slow"));
  world.Run(5s);
  world.Delete({{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", "shop"}}}});
  world.Run(30s);
  CHECK(world.cluster->PeekAll({}).empty());
}

TEST_CASE("killed after any write, a Job comes to the same end with each pod counted once") {
  TemporaryFile whole;
  Options options = Images();
  options.state_file = whole.path();
  const auto run = [](TestWorld& world) {
    Json wanted = JobOf("shop/bad");
    wanted["spec"]["backoffLimit"] = 1;
    world.Apply(wanted);
    world.Run(40s);
  };
  {
    TestWorld world(options);
    run(world);
    REQUIRE(CountsOf(world) == "active 0, ready 0, succeeded 0, failed 2, terminating 0");
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
    CHECK(CountsOf(world) == "active 0, ready 0, succeeded 0, failed 2, terminating 0");
    CHECK(ConditionsOf(world) == "FailureTarget BackoffLimitExceeded, Failed BackoffLimitExceeded");
    CHECK(world.Pods().size() == 2);
  }
  CHECK(lines > 15);
}

TEST_CASE("a Job that runs while the process is down has ended when it comes back") {
  TemporaryFile file;
  Options options = Images();
  options.state_file = file.path();
  options.world.images[0].runs_for = 60s;
  {
    TestWorld world(options);
    world.Apply(JobOf("shop/ok"));
    world.Run(10s);
    CHECK(CountsOf(world) == "active 1, ready 1, succeeded 0, failed 0, terminating 0");
  }
  TestWorld world(options);
  world.Run(50s);  // from kStart again
  CHECK(CountsOf(world) == "active 1, ready 1, succeeded 0, failed 0, terminating 0");
  world.Run(15s);
  CHECK(CountsOf(world) == "active 0, ready 0, succeeded 1, failed 0, terminating 0");
}

TEST_CASE("what a Job may not say is refused with the field's name") {
  struct Case {
    Json patch;
    std::string part;
  };
  const auto spec = [](Json of) { return Json{{"spec", std::move(of)}}; };
  const auto pod = [&](Json of) { return spec({{"template", {{"spec", std::move(of)}}}}); };
  TestWorld world;
  for (const Case& each :
       {Case{pod({{"restartPolicy", "Always"}}), "spec.template.spec.restartPolicy: Required value"},
        Case{pod({{"restartPolicy", "Sometimes"}}), "spec.template.spec.restartPolicy: Unsupported value"},
        Case{spec({{"backoffLimit", -1}}), "spec.backoffLimit: Invalid value: -1"},
        Case{spec({{"backoffLimit", "6"}}), "spec.backoffLimit: must be an integer"},
        Case{spec({{"activeDeadlineSeconds", -1}}), "spec.activeDeadlineSeconds: Invalid value: -1"},
        Case{spec({{"ttlSecondsAfterFinished", -1}}), "spec.ttlSecondsAfterFinished: Invalid value"},
        Case{spec({{"suspend", "yes"}}), "spec.suspend: must be a boolean"},
        Case{spec({{"completionMode", "Indexed"}}), "spec.completionMode: Unsupported value"},
        Case{spec({{"podFailurePolicy", Json::object()}}), "spec.podFailurePolicy: Forbidden"},
        Case{spec({{"selector", {{"matchLabels", {{"app", "x"}}}}}}), "`selector` not auto-generated"},
        Case{spec({{"manualSelector", true}}), "spec.selector: Required value"},
        Case{spec({{"template", {{"metadata", {{"labels", {{"job-name", "other"}}}}}}}}), "must be 'migrate'"},
        Case{spec({{"template", {{"metadata", {{"labels", {{"controller-uid", "x"}}}}}}}}),
             "labels[controller-uid]"}}) {
    Json wanted = JobOf("shop/ok");
    wanted.merge_patch(each.patch);
    INFO(wanted.dump());
    const auto refused = world.TryApply(wanted);
    REQUIRE(!refused.ok());
    CHECK(refused.error().code == ErrorCode::kInvalid);
    INFO(refused.error().message);
    CHECK(refused.error().message.find(each.part) != std::string::npos);
  }
}

}  // namespace
}  // namespace sluice::embedded
