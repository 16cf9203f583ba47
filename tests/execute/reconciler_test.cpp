#include "reconciler/reconciler.h"

#include <catch2/catch.hpp>

#include "compiler/graph/names.h"
#include "tests/execute/log_book.h"
#include "tests/execute/scene.h"

namespace sluice::execute {
namespace {

using decide::Hold;
using decide::Phase;

embedded::World Shop() {
  embedded::World world = BadImages();
  embedded::Load load;
  load.host = "shop.example.com";
  load.path = "/checkout";
  load.per_second = 100;
  world.loads = {load};
  return world;
}

TEST_CASE("a first commit is installed, and nothing more is asked of the cluster") {
  Scene scene(Shop());
  scene.repository.Commit({{"checkout.plan", ShopPlan("1")}});
  scene.Start();
  REQUIRE(scene.RunUntilAtRest());
  INFO(scene.reconciler->DescribeSource().dump(2));
  const decide::Status status = scene.StatusOf("checkout");
  CHECK(status.phase == Phase::kSettled);
  CHECK(status.hold == Hold::kNone);
  CHECK(scene.Names("apps/v1", "Deployment") == std::vector<std::string>{"checkout-" + status.stable});
  scene.RunFor(Duration(30'000));
  const std::size_t before = scene.cluster->requests();
  scene.RunFor(Duration(3'600'000));
  CHECK(scene.cluster->requests() == before);
}

// What the gateway's object says goes to a revision, in thousandths; 0 if it isn't named.
std::int64_t WeightOf(const Scene& scene, const std::string& revision) {
  const cluster::Json route = scene.Object("gateway.networking.k8s.io/v1", "HTTPRoute", "shop");
  if (route.is_null()) return 0;
  for (const cluster::Json& backend : route.at("spec").at("rules").back().at("backendRefs")) {
    if (backend.at("name") == "checkout-" + revision) return backend.at("weight").get<std::int64_t>();
  }
  return 0;
}

// Until the candidate is in the first step's hold.
bool RunIntoHold(Scene& scene) {
  return scene.RunUntil(
      [&] {
        const decide::Status status = scene.StatusOf("checkout");
        return !status.candidate.empty() && status.nodes.contains("checkout/first/hold");
      },
      Duration(120'000));
}

// A scene in which version 1 is stable.
std::unique_ptr<Scene> Installed() {
  auto scene = std::make_unique<Scene>(Shop());
  scene->repository.Commit({{"checkout.plan", ShopPlan("1")}});
  scene->Start();
  REQUIRE(scene->RunUntilAtRest());
  return scene;
}

TEST_CASE("a service's disruption budgets follow its revisions; without a rollout it has one") {
  const auto with = [](const std::string& tag, const std::string& disruption) {
    std::string plan = ShopPlan(tag);
    plan.insert(plan.find("image"), disruption + "\n  ");
    return plan;
  };
  const std::string alone = R"(service mail {
  namespace "shop"
  image "shop/mail:1"
  replicas 2
  disruption 50%
  probe ready exec ["true"]
}
)";
  Scene scene(Shop());
  const auto budgets = [&] { return scene.Names("policy/v1", "PodDisruptionBudget"); };
  const auto most = [&](const std::string& name) {
    return scene.Object("policy/v1", "PodDisruptionBudget", name)["spec"]["maxUnavailable"];
  };
  scene.repository.Commit({{"checkout.plan", with("1", "disruption 1")}, {"mail.plan", alone}});
  scene.Start();
  REQUIRE(scene.RunUntilAtRest());
  INFO(scene.reconciler->DescribeSource().dump(2));
  const std::string first = "checkout-" + scene.StatusOf("checkout").stable;
  CHECK(budgets() == std::vector<std::string>{first, "mail"});
  CHECK(most(first) == 1);
  CHECK(most("mail") == "50%");
  scene.repository.Commit({{"checkout.plan", with("2", "disruption 2")}, {"mail.plan", alone}});
  REQUIRE(RunIntoHold(scene));
  CHECK(most(first) == 1);
  CHECK(most("checkout-" + scene.StatusOf("checkout").candidate) == 2);
  REQUIRE(scene.RunUntilAtRest());
  // An edit that changes no pod.
  scene.repository.Commit({{"checkout.plan", with("2", "")}});
  scene.RunFor(Duration(60'000));
  CHECK(budgets().empty());
}

// Each request takes a hundredth of what a pod requests, so 280 a second take six pods at half of their use.
embedded::World BusyShop() {
  embedded::World world = Shop();
  world.loads.front().per_second = 280;
  embedded::Load mail;
  mail.namespace_ = "shop";
  mail.service = "mail";
  mail.per_second = 280;
  world.loads.push_back(mail);
  return world;
}

std::string CountedPlan(const std::string& tag, const std::string& hold = "6s") {
  std::string plan = ShopPlan(tag, hold);
  const std::size_t at = plan.find("replicas");
  plan.replace(at, plan.find('\n', at) - at, "replicas 2 to 8 at cpu 50%\n  cpu 0.1");
  const std::size_t half = plan.find("hold 6s", plan.find("step half"));
  return plan.replace(half, 7, "hold " + hold);
}

TEST_CASE("autoscalers count the pods; a canary takes as many as there are, and stable keeps them until the drain") {
  Scene scene(BusyShop());
  const auto pods = [&](const std::string& revision) {
    const cluster::Json found = scene.Object("apps/v1", "Deployment", "checkout-" + revision);
    return found.is_null() ? 0 : found.at("spec").at("replicas").get<int>();
  };
  const auto bounds = [&](const std::string& revision) {
    const cluster::Json found = scene.Object("autoscaling/v2", "HorizontalPodAutoscaler", "checkout-" + revision);
    return found.is_null() ? std::pair(0, 0)
                           : std::pair(found.at("spec").at("minReplicas").get<int>(),
                                       found.at("spec").at("maxReplicas").get<int>());
  };
  scene.repository.Commit({{"checkout.plan", CountedPlan("1")}});
  scene.Start();
  REQUIRE(scene.RunUntilAtRest());
  INFO(scene.reconciler->DescribeSource().dump(2));
  const std::string first = scene.StatusOf("checkout").stable;
  CHECK(bounds(first) == std::pair(2, 8));
  scene.RunFor(Duration(30'000));  // the end of the installation
  const std::size_t before = scene.cluster->writes();
  scene.RunFor(Duration(900'000));
  CHECK(pods(first) == 6);
  CHECK(scene.cluster->writes() <= before + 1);  // one status: its measurements are of now
  const std::size_t requests = scene.cluster->requests();
  scene.RunFor(Duration(3'600'000));
  CHECK(scene.cluster->requests() == requests);

  scene.repository.Commit({{"checkout.plan", CountedPlan("2", "10m")}});
  REQUIRE(RunIntoHold(scene));
  const std::string second = scene.StatusOf("checkout").candidate;
  CHECK(scene.StatusOf("checkout").demand == 6);
  CHECK(bounds(first) == std::pair(6, 8));
  CHECK(bounds(second) == std::pair(pods(second), 8));
  REQUIRE(scene.RunUntil([&] { return scene.StatusOf("checkout").nodes.contains("checkout/half/hold"); },
                         Duration(1'200'000)));
  scene.RunFor(Duration(550'000));
  CHECK(pods(first) == 6);  // although half of its requests are gone for nine minutes
  CHECK(pods(second) == 3);
  REQUIRE(scene.RunUntilAtRest(Duration(3'600'000)));
  CHECK(scene.StatusOf("checkout").stable == second);
  CHECK(pods(second) == 6);
  CHECK(bounds(second) == std::pair(6, 8));  // until the measurements are of now
  scene.RunFor(Duration(180'000));
  CHECK(pods(second) == 6);
  CHECK(bounds(second) == std::pair(2, 8));
  CHECK(bounds(first) == std::pair(0, 0));
}

TEST_CASE("a service without a rollout keeps the pods that its autoscaler came to") {
  const auto mail = [](const std::string& tag) {
    return "service mail { namespace \"shop\" image \"shop/mail:" + tag +
           "\" replicas 2 to 8 at cpu 50% cpu 0.1 port http 8080 probe ready http \"/readyz\" }\n";
  };
  Scene scene(BusyShop());
  scene.repository.Commit({{"mail.plan", mail("1")}});
  scene.Start();
  scene.RunFor(Duration(900'000));
  const auto deployment = [&] { return scene.Object("apps/v1", "Deployment", "mail"); };
  INFO(scene.reconciler->DescribeSource().dump(2));
  REQUIRE(deployment()["spec"]["replicas"] == 6);
  scene.repository.Commit({{"mail.plan", mail("2")}});
  bool fewer = false;
  scene.RunUntil([&] { return fewer = fewer || deployment()["spec"]["replicas"].get<int>() < 6; }, Duration(300'000));
  CHECK_FALSE(fewer);
  CHECK(deployment()["spec"]["template"]["spec"]["containers"][0]["image"] == "shop/mail:2");

  // A number of pods again: the autoscaler, which owns the number by now, goes.
  std::string fixed = mail("2");
  fixed.replace(fixed.find("2 to 8 at cpu 50%"), 17, "3");
  scene.repository.Commit({{"mail.plan", fixed}});
  scene.RunFor(Duration(300'000));
  CHECK(scene.Names("autoscaling/v2", "HorizontalPodAutoscaler").empty());
  CHECK(deployment()["spec"]["replicas"] == 3);
}

// A step whose Job runs between the first and the half.
std::string WithSmoke(const std::string& tag, const std::string& image, const std::string& more = "") {
  std::string plan = ShopPlan(tag, "2s");
  plan.insert(plan.find("step half"), "step smoke { run job { image \"" + image +
                                          "\" args [\"--to=${candidate.address}\"] } within 1m " + more + " }\n  ");
  return plan;
}

TEST_CASE("a step runs a Job, which the candidate's address reaches") {
  Scene scene(Shop());
  scene.repository.Commit({{"checkout.plan", WithSmoke("1", "shop/smoke:1")}});
  scene.Start();
  REQUIRE(scene.RunUntilAtRest());
  const auto jobs = [&] { return scene.Names("batch/v1", "Job"); };
  REQUIRE(jobs().size() == 1);
  const std::string first = jobs().front();
  scene.repository.Commit({{"checkout.plan", WithSmoke("2", "shop/smoke:1")}});
  REQUIRE(scene.RunUntil([&] { return jobs().size() == 1 && jobs().front() != first; }, Duration(120'000)));
  cluster::Json job = scene.Object("batch/v1", "Job", jobs().front());
  CHECK(job["metadata"]["finalizers"] == cluster::Json::array({"sluice.dev/outcome"}));
  CHECK(job["spec"]["template"]["spec"]["containers"][0]["args"][0] ==
        "--to=checkout-" + scene.StatusOf("checkout").candidate + ".shop:8080");
  REQUIRE(scene.RunUntilAtRest());
  CHECK(scene.StatusOf("checkout").history.back()->outcome == "promoted");
  job = scene.Object("batch/v1", "Job", jobs().front());
  CHECK_FALSE(job["metadata"].contains("finalizers"));
  CHECK(job["status"]["succeeded"] == 1);
  scene.RunFor(Duration(30'000));
  const std::size_t before = scene.cluster->requests();
  scene.RunFor(Duration(3'600'000));
  CHECK(scene.cluster->requests() == before);
}

TEST_CASE("a Job that fails rolls back, and its last log lines are the reason") {
  embedded::World world = Shop();
  embedded::ImageBehaviour failing;
  failing.pattern = "shop/smoke:bad";
  failing.exit_code = 3;
  failing.says = "connecting\nno such table: orders\n";
  world.images.insert(world.images.begin(), failing);
  Scene scene(world);
  scene.repository.Commit({{"checkout.plan", WithSmoke("1", "shop/smoke:1")}});
  scene.Start();
  REQUIRE(scene.RunUntilAtRest());
  const std::string good = scene.StatusOf("checkout").stable;
  scene.repository.Commit({{"checkout.plan", WithSmoke("2", "shop/smoke:bad", "retry 1")}});
  REQUIRE(scene.RunUntil([&] { return scene.StatusOf("checkout").hold == Hold::kHeld; }, Duration(300'000)));
  const decide::Status status = scene.StatusOf("checkout");
  CHECK(status.stable == good);
  CHECK_THAT(status.hold_reason, Catch::Contains("exit code 3: connecting / no such table: orders"));
  CHECK(scene.Names("batch/v1", "Job").size() == 2);
}

TEST_CASE("a Job that the cluster refuses blocks, by name, and keeps nothing else from being written") {
  Scene scene(Shop());
  scene.repository.Commit({{"checkout.plan", WithSmoke("1", "shop/smoke:1")}});
  scene.Start();
  REQUIRE(scene.RunUntilAtRest());
  const std::string good = scene.StatusOf("checkout").stable;
  scene.cluster->Inject(
      [](const cluster::Request& request) {
        const auto* apply = std::get_if<cluster::Apply>(&request);
        return apply != nullptr && apply->object.at("kind") == "Job" &&
               apply->object.at("metadata").contains("finalizers");
      },
      {cluster::Fault::Kind::kFail, Error{ErrorCode::kForbidden, "exceeded quota: count/jobs.batch"}}, 1'000'000);
  scene.repository.Commit({{"checkout.plan", WithSmoke("2", "shop/smoke:1")}});
  REQUIRE(scene.RunUntil([&] { return scene.StatusOf("checkout").hold == Hold::kBlocked; }, Duration(120'000)));
  CHECK_THAT(scene.StatusOf("checkout").hold_reason, Catch::Contains("exceeded quota: count/jobs.batch"));
  // Pods of the way are still tended while it waits.
  const std::string candidate = scene.StatusOf("checkout").candidate;
  const cluster::Json deployment = scene.Object("apps/v1", "Deployment", "checkout-" + candidate);
  scene.embedded->Send(cluster::Delete{cluster::KeyOf(deployment), deployment.at("metadata").at("uid"), ""},
                       [](const Result<cluster::SharedJson>&) {});
  CHECK(scene.RunUntil(
      [&] {
        const cluster::Json now = scene.Object("apps/v1", "Deployment", "checkout-" + candidate);
        return !now.is_null() && now.at("metadata").at("uid") != deployment.at("metadata").at("uid");
      },
      Duration(30'000)));
  const std::size_t before = scene.cluster->writes();
  REQUIRE(scene.RunUntil([&] { return scene.StatusOf("checkout").hold == Hold::kHeld; }, Duration(300'000)));
  CHECK(scene.cluster->writes() - before < 60);
  CHECK(scene.StatusOf("checkout").stable == good);
  CHECK_THAT(scene.StatusOf("checkout").hold_reason, Catch::Contains("could not be started in time: exceeded quota"));
}

TEST_CASE("a Job whose pod never starts says why, and goes with its pods at the bound") {
  embedded::World world = Shop();
  embedded::ImageBehaviour missing;
  missing.pattern = "shop/smoke:missing";
  missing.pull_fails = true;
  world.images.insert(world.images.begin(), missing);
  Scene scene(world);
  scene.repository.Commit({{"checkout.plan", WithSmoke("1", "shop/smoke:1")}});
  scene.Start();
  REQUIRE(scene.RunUntilAtRest());
  scene.repository.Commit({{"checkout.plan", WithSmoke("2", "shop/smoke:missing")}});
  REQUIRE(scene.RunUntil([&] { return scene.StatusOf("checkout").hold == Hold::kHeld; }, Duration(300'000)));
  CHECK_THAT(scene.StatusOf("checkout").hold_reason, Catch::Contains("did not end in time: ImagePullBackOff"));
  scene.RunFor(Duration(60'000));
  CHECK(scene.Names("batch/v1", "Job").empty());
  const auto pods = scene.Names("v1", "Pod");
  CHECK(std::none_of(pods.begin(), pods.end(),
                     [](const std::string& name) { return name.find("-job-") != std::string::npos; }));
}

TEST_CASE("a changed file is a rollout; each revision has the files it began with") {
  const auto with = [](const std::string& clauses) {
    std::string plan = ShopPlan("1");
    plan.insert(plan.find("image"), clauses + "\n  ");
    return plan;
  };
  const std::string config = "config \"/etc/shop\" from \"config/*\"";
  Scene scene(Shop());
  const auto maps = [&] {
    std::map<std::string, std::string> data;  // by revision
    for (const std::string& name : scene.Names("v1", "ConfigMap")) {
      const cluster::Json object = scene.Object("v1", "ConfigMap", name);
      const std::string revision = cluster::Text(object, {"metadata", "labels", graph::kRevisionLabel});
      if (!revision.empty()) data[revision] = cluster::Text(object, {"data", "limits"});
    }
    return data;
  };
  using Maps = std::map<std::string, std::string>;
  scene.repository.Commit({{"checkout.plan", with(config)}, {"config/limits", "10"}});
  scene.Start();
  REQUIRE(scene.RunUntilAtRest());
  INFO(scene.reconciler->DescribeSource().dump(2));
  const std::string first = scene.StatusOf("checkout").stable;
  CHECK(maps() == Maps{{first, "10"}});
  scene.repository.Commit({{"checkout.plan", with(config)}, {"config/limits", "20"}});
  REQUIRE(RunIntoHold(scene));
  const std::string second = scene.StatusOf("checkout").candidate;
  CHECK(maps() == Maps{{first, "10"}, {second, "20"}});
  SECTION("going back finds the file that was") {
    scene.repository.Commit({{"checkout.plan", with(config)}, {"config/limits", "10"}});
    REQUIRE(scene.RunUntilAtRest());
    CHECK(scene.StatusOf("checkout").stable == first);
    CHECK(maps().at(first) == "10");
  }
  SECTION("one that somebody deletes is made again") {
    const std::string name = "checkout-" + second + "-config";
    const cluster::Json object = scene.Object("v1", "ConfigMap", name);
    scene.embedded->Send(cluster::Delete{cluster::KeyOf(object), object.at("metadata").at("uid"), ""},
                         [](const auto& answer) { CHECK(answer.ok()); });
    scene.RunFor(Duration(5'000));
    CHECK(maps() == Maps{{first, "10"}, {second, "20"}});
  }
  SECTION("to the end") {
    REQUIRE(scene.RunUntilAtRest());
    scene.RunFor(Duration(120'000));
    CHECK(maps().at(second) == "20");
    // That of the revision before goes with its Deployment.
    CHECK(maps().size() == scene.Names("apps/v1", "Deployment").size());
  }
}

TEST_CASE("what a first install skips is not said to have passed") {
  Scene scene(Shop());
  const LogBook log;
  scene.repository.Commit({{"checkout.plan", ShopPlan("1")}});
  scene.Start();
  REQUIRE(scene.RunUntilAtRest());
  INFO(log.text());
  CHECK(log.text().find(R"("message":"node left: skipped, first install")") != std::string::npos);
  // The promotion alone was waited for.
  const std::string passed = R"("message":"node left: pass)";
  CHECK(log.text().find(passed + ", " + scene.StatusOf("checkout").stable + " is stable") == log.text().find(passed));
  const decide::Status status = scene.StatusOf("checkout");
  REQUIRE(status.history.size() == 1);
  for (const auto& node : status.history[0]->nodes) {
    INFO(node.path);
    const bool skipped =
        node.path.find("/promote") == std::string::npos && node.path.find("/retire") == std::string::npos;
    CHECK(node.skipped == skipped);
    CHECK((node.evidence == "first install") == skipped);
  }
  CHECK(scene.metrics.Get(telemetry::kNodesLeft, {{"outcome", "skipped"}}) > 0);
}

TEST_CASE("a good version goes through its steps to the end, and the old pods go") {
  auto scene = Installed();
  const std::string old = scene->StatusOf("checkout").stable;
  scene->repository.Commit({{"checkout.plan", ShopPlan("2")}});
  std::vector<std::int64_t> weights;
  REQUIRE(scene->RunUntil(
      [&] {
        const std::string candidate = scene->StatusOf("checkout").candidate;
        const std::int64_t weight = candidate.empty() ? 0 : WeightOf(*scene, candidate);
        if (weight > 0 && (weights.empty() || weights.back() != weight)) weights.push_back(weight);
        return scene->StatusOf("checkout").stable != old && scene->StatusOf("checkout").phase == Phase::kSettled;
      },
      Duration(600'000)));
  CHECK(weights == std::vector<std::int64_t>{100, 500, 1000});
  const decide::Status status = scene->StatusOf("checkout");
  CHECK(status.stable != old);
  CHECK(scene->Object("apps/v1", "Deployment", "checkout-" + old)
            .value("spec", cluster::Json::object())
            .value("replicas", 0) == 0);
  REQUIRE(status.history.size() == 2);
  CHECK(status.history.back()->outcome == "promoted");
}

// The candidate's one pod of the first step is all that the gateway can send its share to.
TEST_CASE("proxies that are slow to follow lose no request to endpoints they don't know yet") {
  embedded::Lags lags;
  lags.proxy = {Duration(1'000), Duration(1'900)};
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    Scene scene(Shop(), seed, lags);
    scene.repository.Commit({{"checkout.plan", ShopPlan("1")}});
    scene.Start();
    REQUIRE(scene.RunUntilAtRest());
    scene.RunFor(Duration(30'000));
    const std::int64_t before = scene.embedded->ledger().TotalLost();
    scene.repository.Commit({{"checkout.plan", ShopPlan("2")}});
    REQUIRE(scene.RunUntilAtRest());
    scene.RunFor(Duration(60'000));
    CHECK(scene.StatusOf("checkout").history.size() == 2);
    CHECK(scene.embedded->ledger().TotalLost() == before);
  }
}

TEST_CASE("a bad version fails its gate, is rolled back and held, and stays so") {
  auto scene = Installed();
  const std::string good = scene->StatusOf("checkout").stable;
  scene->repository.Commit({{"checkout.plan", ShopPlan("bad", "60s")}});
  REQUIRE(scene->RunUntil([&] { return scene->StatusOf("checkout").hold == Hold::kHeld; }, Duration(300'000)));
  const decide::Status status = scene->StatusOf("checkout");
  CHECK(status.stable == good);
  CHECK(status.phase == Phase::kWaiting);
  CHECK(status.history.back()->outcome == "rolled-back");
  CHECK(WeightOf(*scene, good) == 1000);
  CHECK(status.hold_reason.find("error-rate") != std::string::npos);
  const cluster::Json rollout = scene->Object(graph::kApiVersion, graph::kRolloutKind, "checkout");
  CHECK(rollout.at("status").at("conditions").at(0).at("type") == "Ready");
  CHECK(rollout.at("status").at("conditions").at(0).at("status") == "False");
  CHECK(rollout.at("status").at("conditions").at(1).at("type") == "Stalled");

  scene->RunFor(Duration(60'000));
  const std::size_t before = scene->cluster->requests();
  scene->RunFor(Duration(3'600'000));
  CHECK(scene->cluster->requests() == before);
  // The way out that the state names.
  scene->repository.Commit({{"checkout.plan", ShopPlan("1", "60s")}});
  REQUIRE(scene->RunUntilAtRest());
  CHECK(scene->StatusOf("checkout").phase == Phase::kSettled);
}

TEST_CASE("an edit of a later step doesn't begin the run anew") {
  auto scene = Installed();
  scene->repository.Commit({{"checkout.plan", ShopPlan("2", "60s")}});
  REQUIRE(RunIntoHold(*scene));
  const decide::Status before = scene->StatusOf("checkout");
  std::string edited = ShopPlan("2", "60s");
  edited.replace(edited.find("weight 50%"), 10, "weight 40%");
  scene->repository.Commit({{"checkout.plan", edited}});
  scene->RunFor(Duration(25'000));
  const decide::Status after = scene->StatusOf("checkout");
  CHECK(after.run == before.run);
  CHECK(after.accepted_digest != before.accepted_digest);
  CHECK(after.nodes.at("checkout/first/hold").entered_at == before.nodes.at("checkout/first/hold").entered_at);
  REQUIRE(scene->RunUntilAtRest());
  CHECK(scene->StatusOf("checkout").phase == Phase::kSettled);
  CHECK(scene->StatusOf("checkout").stable == before.candidate);
}

TEST_CASE("a restart in the middle of a run goes on where it was") {
  auto scene = Installed();
  scene->repository.Commit({{"checkout.plan", ShopPlan("2", "60s")}});
  REQUIRE(RunIntoHold(*scene));
  const decide::Status before = scene->StatusOf("checkout");
  scene->Kill();
  scene->RunFor(Duration(20'000));
  // The git server is down: what runs needs none.
  scene->repository.Fail(Error{ErrorCode::kUnavailable, "https://git.example.org/shop.git: no answer"});
  scene->Start();
  REQUIRE(scene->RunUntil([&] { return scene->StatusOf("checkout").phase == Phase::kSettled; }, Duration(300'000)));
  const decide::Status after = scene->StatusOf("checkout");
  CHECK(after.run == before.run);
  CHECK(after.epoch == before.epoch + 1);
  CHECK(after.stable == before.candidate);
  CHECK(scene->reconciler->syncer().state().problem == "fetch");
}

// Somebody's edit of the stable Deployment, by force.
void EditDeployment(Scene& scene, const std::function<void(cluster::Json&)>& edit) {
  cluster::Json object = scene.Object("apps/v1", "Deployment", "checkout-" + scene.StatusOf("checkout").stable);
  edit(object);
  object["metadata"].erase("managedFields");
  object["metadata"].erase("resourceVersion");
  object.erase("status");
  scene.embedded->Send(cluster::Apply{object, "somebody", true},
                       [](const Result<cluster::SharedJson>& answer) { REQUIRE(answer.ok()); });
}

// The text with every `from` as `to`.
std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

TEST_CASE("a rollout that is to deploy another service is refused, and what runs goes on") {
  auto scene = Installed();
  const decide::Status before = scene->StatusOf("checkout");
  const std::string other = Replaced(ShopPlan("2"), "service checkout", "service payments");
  scene->repository.Commit({{"checkout.plan", Replaced(other, "deploy   checkout", "deploy   payments")}});
  scene->RunFor(Duration(60'000));
  const decide::Status after = scene->StatusOf("checkout");
  CHECK(after.phase == Phase::kSettled);
  CHECK(after.run == before.run);
  CHECK(scene->Names("apps/v1", "Deployment") == std::vector<std::string>{"checkout-" + before.stable});
  const Runner& runner = *scene->reconciler->executor().runners().begin()->second;
  CHECK(runner.rejected() ==
        "it deploys service payments, and checkout is what this rollout runs; give the new one a name of its own");
  const std::size_t requests = scene->cluster->requests();
  scene->RunFor(Duration(600'000));
  CHECK(scene->cluster->requests() == requests);

  scene->repository.Commit({{"checkout.plan", ShopPlan("2")}});
  REQUIRE(scene->RunUntilAtRest());
  CHECK(scene->StatusOf("checkout").history.back()->outcome == "promoted");
  CHECK(runner.rejected().empty());
}

TEST_CASE("another service is refused also where the bundle of the one that runs is gone") {
  auto scene = Installed();
  const decide::Status before = scene->StatusOf("checkout");
  scene->Kill();
  for (const cluster::Json& bundle : scene->embedded->PeekAll({graph::kApiVersion, graph::kBundleKind}, "shop")) {
    scene->embedded->Send(cluster::Delete{cluster::KeyOf(bundle), bundle.at("metadata").at("uid"), ""},
                          [](const Result<cluster::SharedJson>& answer) { REQUIRE(answer.ok()); });
  }
  scene->RunFor(Duration(1'000));
  const std::string other = Replaced(ShopPlan("2"), "service checkout", "service payments");
  scene->repository.Commit({{"checkout.plan", Replaced(other, "deploy   checkout", "deploy   payments")}});
  scene->Start();
  scene->RunFor(Duration(120'000));
  CHECK(scene->StatusOf("checkout").run == before.run);
  CHECK(scene->Names("apps/v1", "Deployment") == std::vector<std::string>{"checkout-" + before.stable});
  CHECK(scene->reconciler->executor().runners().begin()->second->rejected() ==
        "it deploys service payments, and checkout is what this rollout runs; give the new one a name of its own");
}

TEST_CASE("somebody's edit of what runs is put back, each time") {
  auto scene = Installed();
  const auto image = [&] {
    const cluster::Json object =
        scene->Object("apps/v1", "Deployment", "checkout-" + scene->StatusOf("checkout").stable);
    return object.at("spec").at("template").at("spec").at("containers").at(0).at("image").get<std::string>();
  };
  const std::string wanted = image();
  for (const char* mistake : {"shop/checkout:mine", "shop/checkout:again"}) {
    EditDeployment(
        *scene, [&](cluster::Json& object) { object["spec"]["template"]["spec"]["containers"][0]["image"] = mistake; });
    REQUIRE(scene->RunUntil([&] { return image() == mistake; }, Duration(1'000)));
    CHECK(scene->RunUntil([&] { return image() == wanted; }, Duration(10'000)));
  }
  SECTION("a mark that was taken away too, which no generation counts") {
    const auto owner = [&] {
      const cluster::Json object =
          scene->Object("apps/v1", "Deployment", "checkout-" + scene->StatusOf("checkout").stable);
      return object.at("metadata").at("annotations").value(graph::kOwnerAnnotation, std::string());
    };
    const std::string mark = owner();
    REQUIRE_FALSE(mark.empty());
    EditDeployment(*scene, [](cluster::Json& object) {
      object["metadata"]["annotations"][graph::kOwnerAnnotation] = "somebody's";
    });
    REQUIRE(scene->RunUntil([&] { return owner() == "somebody's"; }, Duration(1'000)));
    CHECK(scene->RunUntil([&] { return owner() == mark; }, Duration(10'000)));
  }
}

TEST_CASE("what several watches tell of one change is looked at once") {
  auto scene = Installed();
  scene->RunFor(Duration(30'000));
  const auto decisions = [&] {
    return scene->metrics.Get(telemetry::kDecisions, {{"changed", "false"}}) +
           scene->metrics.Get(telemetry::kDecisions, {{"changed", "true"}});
  };
  const double before = decisions();
  const std::vector<cluster::Json> pods = scene->embedded->PeekAll({"v1", "Pod"}, "shop");
  REQUIRE(pods.size() == 4);
  for (const cluster::Json& pod : pods) {
    scene->embedded->Send(cluster::Delete{cluster::KeyOf(pod), pod.at("metadata").at("uid"), ""},
                          [](const Result<cluster::SharedJson>& answer) { REQUIRE(answer.ok()); });
  }
  scene->RunFor(Duration(30'000));
  // Four pods that go, four that come and become ready one after the other: their own events, those of two
  // slices and of the Deployment are some fifty.
  CHECK(decisions() - before <= 12);
}

TEST_CASE("a bundle that was there for a moment, or that one answer says is there, is made") {
  Scene scene(Shop());
  const auto makes_bundle = [](const cluster::Request& request) {
    const auto* create = std::get_if<cluster::Create>(&request);
    return create != nullptr && cluster::Says(create->object, {"kind"}, graph::kBundleKind);
  };
  const cluster::Fault exists{cluster::Fault::Kind::kFail, Error{ErrorCode::kExists, "it exists"}, Duration(0)};
  for (const char* tag : {"1", "2"}) {
    scene.cluster->Inject(makes_bundle, exists, 2);
    scene.repository.Commit({{"checkout.plan", ShopPlan(tag)}});
    if (scene.reconciler == nullptr) scene.Start();
    REQUIRE(scene.RunUntil([&] { return scene.StatusOf("checkout").history.size() == (*tag == '1' ? 1 : 2); },
                           Duration(120'000)));
  }
}

TEST_CASE("a rollout that one answer says is gone is not taken down") {
  Scene scene(BadImages());
  scene.repository.Commit({{"plans/shop.plan", ShopPlan("1")}});
  scene.Start();
  REQUIRE(scene.RunUntilAtRest());
  const std::vector<std::string> before = scene.Names("apps/v1", "Deployment");
  scene.repository.Commit({{"plans/shop.plan", ShopPlan("2")}});
  // As a proxy in front of the API server would say it.
  scene.cluster->Inject(
      [](const cluster::Request& request) { return std::holds_alternative<cluster::ReplaceStatus>(request); },
      {cluster::Fault::Kind::kFail, Error{ErrorCode::kConflict, "409"}, {}});
  scene.cluster->Inject(
      [](const cluster::Request& request) {
        const auto* get = std::get_if<cluster::Get>(&request);
        return get != nullptr && get->key.kind.kind == graph::kRolloutKind;
      },
      {cluster::Fault::Kind::kFail, Error{ErrorCode::kNotFound, "404"}, {}});
  REQUIRE(scene.RunUntil([&] { return scene.StatusOf("checkout").run == 2; }, Duration(60'000)));
  CHECK(scene.StatusOf("checkout").phase == decide::Phase::kProgressing);
  for (const std::string& deployment : before) CHECK_FALSE(scene.Object("apps/v1", "Deployment", deployment).is_null());
  REQUIRE(scene.RunUntilAtRest());
  CHECK(scene.StatusOf("checkout").phase == decide::Phase::kSettled);
  CHECK(scene.StatusOf("checkout").history.size() == 2);
}

TEST_CASE("a bundle that can't be read at once is read again") {
  const ErrorCode code = GENERATE(ErrorCode::kUnavailable, ErrorCode::kNotFound, ErrorCode::kForbidden);
  CAPTURE(static_cast<int>(code));
  auto scene = Installed();
  scene->RunFor(Duration(60'000));
  const auto reads_bundle = [](const cluster::Request& request) {
    return std::holds_alternative<cluster::Get>(request) && cluster::Target(request).kind.kind == graph::kBundleKind;
  };
  scene->cluster->Inject(reads_bundle, {cluster::Fault::Kind::kFail, Error{code, "injected"}}, 4);
  scene->repository.Commit({{"shop.plan", ShopPlan("2")}});
  const std::string before = scene->StatusOf("checkout").stable;
  CHECK(scene->RunUntil([&] { return scene->StatusOf("checkout").stable != before; }, Duration(600'000)));
}

TEST_CASE("an idle rollout reads no more than what runs when one of its pods goes") {
  auto scene = Installed();
  for (const char* tag : {"2", "3"}) {
    scene->repository.Commit({{"shop.plan", ShopPlan(tag)}});
    REQUIRE(scene->RunUntilAtRest());
  }
  scene->RunFor(Duration(120'000));
  REQUIRE(scene->StatusOf("checkout").promoted.size() == 3);
  const std::size_t before = scene->cluster->requests();
  const cluster::Json pod = scene->embedded->PeekAll({"v1", "Pod"}, "shop").front();
  scene->embedded->Send(cluster::Delete{cluster::KeyOf(pod), pod.at("metadata").at("uid"), ""},
                        [](const Result<cluster::SharedJson>& answer) { REQUIRE(answer.ok()); });
  scene->RunFor(Duration(60'000));
  const auto& trace = scene->cluster->trace();
  std::set<std::string> read(trace.begin() + static_cast<std::ptrdiff_t>(before), trace.end());
  CHECK(read.size() == 1);
  CHECK(read.begin()->starts_with("get sluice.dev/v1alpha1/RolloutBundle/shop/checkout-"));
  // Not for each of the pod's own events.
  CHECK(trace.size() - before <= 2);
}

TEST_CASE("what is held in memory for an idle rollout is no graph") {
  auto scene = Installed();
  const Runner& runner = *scene->reconciler->executor().runners().begin()->second;
  CHECK(runner.gates().empty());
  CHECK(runner.at_rest());
  // It is let go a moment after the last write's events.
  scene->RunFor(Duration(30'000));
  CHECK_FALSE(runner.holds_graph());
}

TEST_CASE("a plan set that doesn't compile changes nothing and says where") {
  auto scene = Installed();
  const std::string stable = scene->StatusOf("checkout").stable;
  std::string broken = ShopPlan("2");
  broken.replace(broken.find("replicas  4"), 11, "replicas  \"four\"");
  const std::size_t writes = scene->cluster->writes();
  scene->repository.Commit({{"checkout.plan", broken}});
  scene->RunFor(Duration(30'000));
  const sync::SourceState& state = scene->reconciler->syncer().state();
  CHECK(state.problem == "compile");
  REQUIRE(!state.mistakes.empty());
  CHECK(state.mistakes[0].file == "checkout.plan");
  CHECK(state.mistakes[0].line == 8);
  CHECK(state.message.find("checkout.plan:8:") != std::string::npos);
  CHECK(scene->metrics.Get(telemetry::kSourceStale) == 1);
  CHECK(scene->StatusOf("checkout").stable == stable);
  // The source's state and an Event: nothing else was written.
  CHECK(scene->cluster->writes() == writes + 2);

  scene->repository.Commit({{"checkout.plan", ShopPlan("2")}});
  REQUIRE(scene->RunUntilAtRest());
  CHECK(scene->reconciler->syncer().state().problem.empty());
  CHECK(scene->metrics.Get(telemetry::kSourceStale) == 0);
  CHECK(scene->StatusOf("checkout").stable != stable);
}

TEST_CASE("a rollout that left git goes back to stable, then goes as it says") {
  auto scene = Installed();
  scene->repository.Commit({{"checkout.plan", ShopPlan("2", "10m")}});
  REQUIRE(RunIntoHold(*scene));
  scene->repository.Commit({{"other.plan",
                             "object note { apiVersion: \"v1\" kind: \"ConfigMap\" metadata: { name: \"note\" "
                             "namespace: \"shop\" } data: { a: \"b\" } }\n"}});
  REQUIRE(scene->RunUntil([&] { return scene->Object(graph::kApiVersion, graph::kRolloutKind, "checkout").is_null(); },
                          Duration(300'000)));
  scene->RunFor(Duration(30'000));
  CHECK(scene->Names("apps/v1", "Deployment").empty());
  CHECK(scene->Names(graph::kApiVersion, graph::kBundleKind).empty());
  CHECK_FALSE(scene->Object("v1", "ConfigMap", "note").is_null());
}

TEST_CASE("a person's commands are consumed and answered") {
  auto scene = Installed();
  const std::string good = scene->StatusOf("checkout").stable;
  scene->repository.Commit({{"checkout.plan", ShopPlan("2", "10m")}});
  REQUIRE(RunIntoHold(*scene));
  scene->Command("checkout", "pause");
  scene->RunFor(Duration(5'000));
  CHECK(scene->StatusOf("checkout").paused);
  CHECK(scene->Names(graph::kApiVersion, graph::kCommandKind).empty());
  scene->Command("checkout", "approve");
  scene->RunFor(Duration(5'000));
  const auto taken = scene->StatusOf("checkout").consumed;
  REQUIRE(taken.size() == 2);
  CHECK(taken[0].refused.empty());
  CHECK(taken[1].refused == "nothing waits for an approval");
  scene->Command("checkout", "abort", {{"why", "a mistake"}});
  REQUIRE(scene->RunUntil([&] { return scene->StatusOf("checkout").hold == Hold::kHeld; }, Duration(120'000)));
  CHECK(scene->StatusOf("checkout").stable == good);
}

TEST_CASE("with `once` it doesn't take what ran before for the answer") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Scene scene(Shop(), seed);
    for (const char* tag : {"1", "2"}) {
      scene.outcome.reset();
      scene.repository.Commit({{"checkout.plan", ShopPlan(tag)}});
      scene.Start(true);
      REQUIRE(scene.RunUntil([&] { return scene.outcome.has_value(); }, Duration(300'000)));
      CHECK(*scene.outcome == ReconcileOutcome::kSettled);
    }
    INFO("seed " << seed);
    CHECK(scene.StatusOf("checkout").run == 2);
  }
}

TEST_CASE("with `once` it ends settled, held or failed") {
  Scene scene(Shop());
  scene.repository.Commit({{"checkout.plan", ShopPlan("1")}});
  scene.Start(true);
  REQUIRE(scene.RunUntil([&] { return scene.outcome.has_value(); }, Duration(300'000)));
  CHECK(*scene.outcome == ReconcileOutcome::kSettled);

  scene.outcome.reset();
  scene.repository.Commit({{"checkout.plan", ShopPlan("bad", "60s")}});
  scene.Start(true);
  REQUIRE(scene.RunUntil([&] { return scene.outcome.has_value(); }, Duration(300'000)));
  CHECK(*scene.outcome == ReconcileOutcome::kHeld);

  scene.outcome.reset();
  scene.repository.Commit({{"checkout.plan", "service {"}});
  scene.Start(true);
  REQUIRE(scene.RunUntil([&] { return scene.outcome.has_value(); }, Duration(300'000)));
  CHECK(*scene.outcome == ReconcileOutcome::kFailed);
}

}  // namespace
}  // namespace sluice::execute
