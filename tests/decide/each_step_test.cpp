// The same mishap at each point of a rollout: one line a point, so that a table tells the whole behaviour.
#include <functional>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "reconciler/decide/invariants.h"
#include "tests/decide/story.h"

namespace sluice::decide::test {
namespace {

struct Setting {
  const char* name;
  Capacity capacity;
};
constexpr Setting kSettings[] = {{"full", Capacity::kFull}, {"shared", Capacity::kShared}, {"pods", Capacity::kPods}};

using Mishap = std::function<void(Story&)>;

std::string Percent(const Number& share) { return (share * Number(100)).ToRoundedString(1) + "%"; }

// Runs the canary up to each node, lets `mishap` happen there, and on to rest.
std::string Table(const Setting& setting, const Mishap& mishap) {
  std::string table;
  const graph::Graph plan = Canary("b2", setting.capacity);
  for (const graph::Node& node : plan.nodes) {
    const std::string point = node.path.substr(std::string("checkout/").size());
    Story story = Story::Installed(Canary("a1", setting.capacity), plan);
    // Somebody approves, also what comes later.
    const auto approve = [&] {
      const auto pause = story.status.nodes.find("checkout/sign-off/pause");
      const bool waits = pause != story.status.nodes.end() && pause->second.state == NodeState::kActive;
      if (waits && point != "sign-off/pause") {
        story.Command("approve", "ann");
      }
    };
    const bool reached = story.Run(std::chrono::hours(3), [&] {
      approve();
      return story.Entered(point);
    });
    mishap(story);
    const TimePoint from = story.world.now();
    story.Run(std::chrono::hours(4), [&] {
      approve();
      return IsAtRest(story.status) && !story.last.wake_at;
    });
    const bool rests = story.RunToRest();
    const auto took = std::chrono::duration_cast<std::chrono::seconds>(story.world.now() - from);
    INFO(setting.name << " at " << point << "\n" << story.transcript);
    CHECK(reached);
    CHECK(rests);
    CHECK(story.broken == std::vector<std::string>());
    table += fmt::format("{:<20} {} (most {}, after {})\n", point, story.Ending(), Percent(story.MaxShare("b2")),
                         FormatDuration(took));
  }
  return table;
}

void CheckTable(const std::string& name, const Mishap& mishap) {
  std::string text;
  for (const Setting& setting : kSettings) {
    text += fmt::format("capacity {}\n", setting.name) + Table(setting, mishap);
  }
  CheckGolden(name, text);
}

}  // namespace

TEST_CASE("a gate that fails at each step rolls back", "[table]") {
  CheckTable("each_gate_fails", [](Story& story) { story.world.error_rate = Number::Ratio(8, 100); });
}

TEST_CASE("missing data at each step never passes", "[table]") {
  CheckTable("each_no_data", [](Story& story) { story.world.answers = graph::Evaluation::Kind::kNoData; });
}

TEST_CASE("a metrics store that is down stalls the rollout until its deadline", "[table]") {
  CheckTable("each_error", [](Story& story) { story.world.answers = graph::Evaluation::Kind::kError; });
}

TEST_CASE("a metrics store that never answers is no way forward", "[table]") {
  CheckTable("each_silence", [](Story& story) { story.world.gates_silent = true; });
}

TEST_CASE("abort at each step goes back and holds", "[table]") {
  CheckTable("each_abort", [](Story& story) { story.Command("abort"); });
}

TEST_CASE("a new revision at each step pre-empts", "[table]") {
  CheckTable("each_new_revision", [](Story& story) {
    const bool pods = story.world.plan().router.shares_by_pods;
    const bool shared = story.world.plan().policies.capacity_shared;
    story.world.Commit(Canary("c3", pods ? Capacity::kPods : shared ? Capacity::kShared : Capacity::kFull));
  });
}

TEST_CASE("a revert at each step goes back without a hold", "[table]") {
  CheckTable("each_revert", [](Story& story) {
    const bool pods = story.world.plan().router.shares_by_pods;
    const bool shared = story.world.plan().policies.capacity_shared;
    story.world.Commit(Canary("a1", pods ? Capacity::kPods : shared ? Capacity::kShared : Capacity::kFull));
  });
}

TEST_CASE("stable pods dying at each step never block the way forward", "[table]") {
  CheckTable("each_stable_dies", [](Story& story) { story.world.behaviour["a1"].ready = false; });
}

TEST_CASE("stable pods dying at each step and the candidate failing leaves a named state", "[table]") {
  CheckTable("each_both_die", [](Story& story) {
    story.world.behaviour["a1"].ready = false;
    story.world.error_rate = Number::Ratio(8, 100);
  });
}

TEST_CASE("stable pods dying at each step under a full quota and an abort", "[table]") {
  CheckTable("each_stable_dies_full_quota", [](Story& story) {
    const std::int32_t all = story.world.Pods("a1") + story.world.Pods("b2");
    story.world.quota = std::max(1, all - 2);
    story.world.DeleteDeployment("a1");
    story.Command("abort");
  });
}

TEST_CASE("endpoints of the candidate gone in the middle of each step", "[table]") {
  CheckTable("each_endpoints_gone", [](Story& story) { story.world.behaviour["b2"].ready = false; });
}

TEST_CASE("some pods of the candidate gone in the middle of each step", "[table]") {
  CheckTable("each_some_pods_gone", [](Story& story) { story.world.behaviour["b2"].at_most = 1; });
}

TEST_CASE("a rollout taken out of git at each step goes back first", "[table]") {
  CheckTable("each_removed", [](Story& story) { story.world.removed = true; });
}

TEST_CASE("a route that never settles at each step", "[table]") {
  CheckTable("each_route_stuck", [](Story& story) { story.world.route_stuck = true; });
}

namespace {

// A canary that is approved, or fails at its second step; with a restart after the decision `restart_at`.
Story WithRestart(Story story, bool fails, int restart_at, bool dies_before_acting) {
  story.restart_at = restart_at;
  story.dies_before_acting = dies_before_acting;
  CHECK(story.RunUntilEntered(fails ? "ramp[30%]/hold" : "sign-off/pause"));
  if (fails) {
    story.world.error_rate = Number::Ratio(8, 100);
  } else {
    story.Command("approve");
  }
  CHECK(story.RunToRest());
  return story;
}

}  // namespace

TEST_CASE("a restart of the executor between any two decisions changes nothing", "[long]") {
  for (const Setting& setting : kSettings) {
    const Story installed = Story::Installed(Canary("a1", setting.capacity), Canary("b2", setting.capacity));
    for (const bool fails : {false, true}) {
      const Story whole = WithRestart(installed, fails, 0, false);
      REQUIRE(whole.decisions > 20);
      for (int at = 1; at <= whole.decisions; ++at) {
        // Stored and not done is the same to all capacities: tried with one.
        for (const bool dies : {false, true}) {
          if (dies && setting.capacity != Capacity::kFull) continue;
          const Story story = WithRestart(installed, fails, at, dies);
          INFO(setting.name << (fails ? ", fails" : "") << ", after decision " << at
                            << (dies ? ", before it is acted on" : "") << "\n"
                            << story.transcript);
          CHECK(story.broken == std::vector<std::string>());
          CHECK(story.Ending() == whole.Ending());
          CHECK(story.world.sent.size() >= whole.world.sent.size());
        }
      }
    }
  }
}

}  // namespace sluice::decide::test
