// Every kind of node × every outcome that it can have × every command that a person may give while it is active: what
// becomes of the rollout, as a table to read.
#include <array>
#include <cstdio>
#include <set>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "reconciler/decide/hold.h"
#include "reconciler/decide/invariants.h"
#include "tests/decide/story.h"

namespace sluice::decide::test {
namespace {

using graph::Outcome;

constexpr const char* kCommands[] = {"",      "approve", "reject",  "pause", "resume",
                                     "abort", "retry",   "promote", "undo",  "eject"};
constexpr const char* kOutcomes[] = {"pass", "fail", "no data", "error", "timeout"};

// A row for each variant of graph::Node::does; a hold is two.
struct Kind {
  const char* name;
  const char* node;                                     // its path in the plan below
  std::array<const char*, graph::kOutcomeCount> never;  // why it can't have that outcome; "" where it can
};
constexpr const char* kAsks = "it asks nobody";
constexpr const char* kWaits = "it waits for what comes by itself";
const Kind kKinds[] = {
    {"scale", "one/scale", {"", kAsks, kAsks, kAsks, ""}},
    {"traffic", "one/traffic", {"", kAsks, kAsks, kAsks, ""}},
    {"hold", "bare/hold", {"", kAsks, kAsks, kAsks, kWaits}},
    {"guarded hold", "one/hold", {"", "", "", "", ""}},
    {"check", "one/check", {"", "", "", "", ""}},
    {"pause", "one/pause", {"", "", "a person answers or doesn't", "a person answers or doesn't", ""}},
    {"notify", "one/notify", {"", kAsks, kAsks, kAsks, "it is over at once"}},
    {"promote", "promote", {"", kAsks, kAsks, kAsks, ""}},
    {"retire", "retire", {"", kAsks, kAsks, kAsks, kWaits}},
    {"run", "one/run", {"", "", "a Job fails where it has no data", "", ""}},
};
static_assert(std::variant_size_v<decltype(graph::Node::does)> + 1 == std::size(kKinds));

std::size_t KindOf(const graph::Node& node) {
  for (std::size_t i = 0; i < std::size(kKinds); ++i) {
    if (node.path == std::string("checkout/") + kKinds[i].node) {
      return i;
    }
  }
  return std::size(kKinds);
}

graph::Graph AllKinds(const std::string& revision) {
  Plan plan;
  plan.graph.policies.keep_previous = minutes(2);
  plan.graph.policies.unavailable = 1;
  plan.Weight("one", 50).Hold("bare", minutes(1), false).Hold("one", minutes(2)).Check("one", minutes(20));
  plan.Pause("one", hours(1)).Notify("one").Run("one", minutes(5)).Weight("full", 100);
  return plan.Build(revision);
}

// To the first moment at which the node is active. Of one that is over at once: to where what comes next enters it.
Story UpTo(const std::string& node, Outcome outcome) {
  Story story = Story::Installed(AllKinds("a1"), AllKinds("b2"));
  story.world.behaviour["b2"].start = seconds(20);
  // A Job does what it was told when it began.
  JobBehaviour& job = story.world.job_acts["checkout/one/run"];
  job.fails = node == "one/run" && outcome == Outcome::kFail ? 9 : 0;
  job.hangs = node == "one/run" && outcome == Outcome::kTimeout;
  const auto is_active = [&] {
    const auto record = story.status.nodes.find("checkout/" + node);
    return record != story.status.nodes.end() && story.status.run == 2 && record->second.state == NodeState::kActive;
  };
  const bool at_once = node == "one/notify";
  REQUIRE(story.Run(hours(2), [&] {
    const auto pause = story.status.nodes.find("checkout/one/pause");
    const bool asks = pause != story.status.nodes.end() && pause->second.state == NodeState::kActive;
    if (asks && node != "one/pause" && !at_once) {
      story.Command("approve");
    }
    // The promotion waits for the last pod, all traffic is there before.
    if (story.Entered("full/scale") && node == "promote") story.world.behaviour["b2"].at_most = 9;
    return at_once ? asks : is_active();
  }));
  if (at_once) {
    story.Command("approve");  // and the notification follows with whatever else is said
  }
  return story;
}

// What leads to the outcome from here on.
void LeadTo(Story& story, const std::string& node, Outcome outcome) {
  World& world = story.world;
  switch (outcome) {
    case Outcome::kPass:
      if (node == "promote") world.behaviour["b2"].at_most.reset();
      break;
    case Outcome::kFail:
      world.error_rate = Number::Ratio(8, 100);
      break;
    case Outcome::kNoData:
      world.answers = graph::Evaluation::Kind::kNoData;
      break;
    case Outcome::kError:
      world.answers = graph::Evaluation::Kind::kError;
      if (node == "one/run") {
        story.Run(seconds(1));
        world.TearOutJobs();
      }
      break;
    case Outcome::kTimeout:
      world.gates_silent = true;
      world.route_stuck = node == "one/traffic";
      if (node == "one/scale") world.behaviour["b2"].ready = false;
  }
}

struct Cell {
  std::string end;
  bool refused = false;
};

// Whether the node was left with that outcome, or made the rollout stall.
bool Came(const Story& story, const std::string& path, Outcome outcome) {
  for (const auto& run : story.status.history) {
    for (const RunRecord::NodeResult& node : run->nodes) {
      if (run->run == 2 && node.path == path && node.outcome == outcome && !node.skipped) return true;
    }
  }
  return story.status.stalled_node == path && story.transcript.find("Stalled") != std::string::npos;
}

using Seen = std::set<std::pair<std::size_t, Outcome>>;

Cell Fill(const Kind& kind, Outcome outcome, const std::string& command, Seen& left) {
  const std::string path = std::string("checkout/") + kind.node;
  Story story = UpTo(kind.node, outcome);
  story.witness = [&](const DecisionMade& made) {
    for (const graph::Node& node : made.plan.nodes) {
      const auto record = made.after.nodes.find(node.path);
      const bool over = record != made.after.nodes.end() && record->second.state == NodeState::kDone;
      if (over && record->second.exception.empty()) left.emplace(KindOf(node), record->second.outcome);
      if (made.after.stalled && made.after.stalled_node == path && node.path == path)
        left.emplace(KindOf(node), outcome);
    }
  };
  LeadTo(story, kind.node, outcome);
  Cell cell;
  if (!command.empty()) {
    story.Command(command, "bob");
    story.Decide();
    cell.refused = !story.world.refused.empty();
  }
  const bool asks = kind.node == std::string("one/pause");
  if (asks && outcome != Outcome::kTimeout && story.status.phase == Phase::kProgressing && !story.status.paused) {
    story.Command(outcome == Outcome::kPass ? "approve" : "reject");
  }
  // Later on nobody keeps it waiting.
  story.Run(minutes(50), [&] {
    const auto pause = story.status.nodes.find("checkout/one/pause");
    const bool waits = pause != story.status.nodes.end() && pause->second.state == NodeState::kActive;
    if (waits && !asks) story.Command("approve");
    return IsAtRest(story.status) && !story.last.wake_at;
  });
  const bool rests = story.RunToRest();
  INFO(kind.name << ", " << kOutcomes[static_cast<int>(outcome)] << ", " << command << "\n" << story.transcript);
  CHECK(rests);
  CHECK(story.broken == std::vector<std::string>());
  if (command.empty()) {
    CHECK(Came(story, path, outcome));
  }
  const Status& status = story.status;
  cell.end = status.hold != Hold::kNone ? std::string(HoldName(status.hold))
                                        : std::string(PhaseName(status.phase)) + " " + status.stable;
  return cell;
}

}  // namespace

TEST_CASE("every kind of node, outcome and command", "[table]") {
  Seen left;
  int cells = 0;
  std::string table = fmt::format("{:<13}{:<9}", "node", "outcome");
  for (const char* command : kCommands) {
    table += fmt::format("{:<21}", *command == 0 ? "nobody speaks" : command);
  }
  table += "\n";
  for (const Kind& kind : kKinds) {
    for (int i = 0; i < graph::kOutcomeCount; ++i) {
      const auto outcome = static_cast<Outcome>(i);
      table += fmt::format("{:<13}{:<9}", kind.name, kOutcomes[i]);
      if (*kind.never[static_cast<std::size_t>(i)] != 0) {
        table += fmt::format("never: {}\n", kind.never[static_cast<std::size_t>(i)]);
        continue;
      }
      for (const char* command : kCommands) {
        const Cell cell = Fill(kind, outcome, command, left);
        table += fmt::format("{:<21}", (cell.refused ? "no: " : "") + cell.end);
        ++cells;
      }
      table.erase(table.find_last_not_of(' ') + 1);
      table += "\n";
    }
  }
  for (std::size_t kind = 0; kind < std::size(kKinds); ++kind) {
    for (std::size_t i = 0; i < graph::kOutcomeCount; ++i) {
      INFO(kKinds[kind].name << ", " << kOutcomes[i]);
      CHECK(left.contains({kind, static_cast<Outcome>(i)}) == (*kKinds[kind].never[i] == 0));
    }
  }
  std::printf("%s%d cells\n", table.c_str(), cells);
  CheckGolden("matrix", table);
}

}  // namespace sluice::decide::test
