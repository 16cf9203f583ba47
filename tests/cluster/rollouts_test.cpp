// The program on a real control plane: from a commit to a finished rollout, killed on its way, held, and told by
// people.
#include <chrono>
#include <random>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/cluster/scene.h"

namespace sluice::cluster {
namespace {

TEST_CASE("commits become rollouts on a real control plane") {
  auto plane = ControlPlane::Start();
  if (plane == nullptr) return;
  Scene scene(std::move(plane));

  scene.CommitVersion("1");
  REQUIRE(scene.Reconcile() == 0);
  CHECK(scene.Ready() == "web:1 4");
  CHECK(scene.ReadyReason() == "True Settled");

  // Killed at whatever moment, it goes on where it was.
  scene.CommitVersion("2");
  std::mt19937 random(std::random_device{}());
  for (int i = 0; i < 5; ++i) scene.ReconcileUntilKilled(std::chrono::milliseconds(200 + random() % 800));
  REQUIRE(scene.Reconcile() == 0);
  CHECK(scene.Ready() == "web:2 4");
  const Json walked = scene.Rollout();
  CHECK(Integer(walked, {"status", "run"}) == 2);
  CHECK(List(walked, {"status", "history"}).size() == 2);

  // A version that crashes says so at once; a person takes it back, and what doesn't fit is refused with its reason.
  scene.CommitVersion("bad");
  {
    servers::Server running(scene.Command(), scene.log());
    REQUIRE(scene.Shows("CrashLoopBackOff"));
    const auto refused = scene.Person({"approve", "web"});
    CHECK(refused.first == "approve web: refused: nothing waits for an approval\n");
    CHECK(refused.second == 1);
    const auto accepted = scene.Person({"abort", "web"});
    CHECK(accepted.first == "abort web: accepted\n");
    CHECK(accepted.second == 0);
    REQUIRE(scene.Shows("Held"));
  }
  CHECK(scene.Reconcile() == 1);
  CHECK(scene.Ready() == "web:2 4, web:bad 0");
  CHECK(scene.ReadyReason() == "False Held");

  // A fix releases the hold.
  scene.CommitVersion("3");
  REQUIRE(scene.Reconcile() == 0);
  CHECK(scene.Ready() == "web:3 4");

  // A step's Job: killed at whatever moment there is one for each attempt, and the last one's words are the reason.
  const auto with_job = [](const std::string& tag, const std::string& image) {
    return Write({.tag = tag, .first_step = "run job { image \"" + image + "\" } within 1m retry 1"});
  };
  scene.Commit({{"plans/web.plan", with_job("5", "example.com/migrate:bad")}});
  for (int i = 0; i < 5; ++i) scene.ReconcileUntilKilled(std::chrono::milliseconds(200 + random() % 800));
  REQUIRE(scene.Reconcile() == 1);
  CHECK(scene.ReadyReason() == "False Held");
  CHECK_THAT(Text(scene.Rollout(), {"status", "holdReason"}), Catch::Contains("exit code 3: no such table: orders"));
  const auto jobs = [&] {
    const auto found = scene.Ask(ListObjects{{"batch/v1", "Job"}, "web", {}});
    return List(**found, {"items"});
  };
  CHECK(jobs().size() == 2);
  scene.Commit({{"plans/web.plan", with_job("6", "example.com/migrate:1")}});
  for (int i = 0; i < 5; ++i) scene.ReconcileUntilKilled(std::chrono::milliseconds(200 + random() % 800));
  REQUIRE(scene.Reconcile() == 0);
  CHECK(scene.Ready() == "web:6 4");
  REQUIRE(jobs().size() == 1);
  CHECK_FALSE(jobs().at(0)["metadata"].contains("finalizers"));

  // Two by mistake: one rollout, walked once.
  const std::int64_t run = Integer(scene.Rollout(), {"status", "run"});
  scene.CommitVersion("4");
  {
    servers::Server one(scene.Command(), scene.log());
    servers::Server other(scene.Command("second"), scene.log());
    CHECK(Ended(one) == 0);
    CHECK(Ended(other) == 0);
  }
  CHECK(scene.Ready() == "web:4 4");
  CHECK(Integer(scene.Rollout(), {"status", "run"}) == run + 1);
}

}  // namespace
}  // namespace sluice::cluster
