// Gates combined: what a hold and a check come to for every pair of answers.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/decide/story.h"

namespace sluice::decide::test {
namespace {

using Kind = graph::GateTree::Kind;

graph::GateTree Leaf(std::uint32_t gate) { return {Kind::kGate, gate, {}}; }
graph::GateTree Tree(Kind kind, std::vector<graph::GateTree> children) { return {kind, 0, std::move(children)}; }

enum class Answer { kPass, kFail, kNoData, kError };
constexpr Answer kAnswers[] = {Answer::kPass, Answer::kFail, Answer::kNoData, Answer::kError};
const char* Word(Answer answer) {
  constexpr const char* kWords[] = {"pass", "fail", "no data", "error"};
  return kWords[static_cast<int>(answer)];
}

std::pair<graph::Evaluation::Kind, Number> Of(Answer answer) {
  switch (answer) {
    case Answer::kPass:
      return {graph::Evaluation::Kind::kValue, Number(0)};
    case Answer::kFail:
      return {graph::Evaluation::Kind::kValue, Number::Ratio(8, 100)};
    case Answer::kNoData:
      return {graph::Evaluation::Kind::kNoData, Number(0)};
    case Answer::kError:
      return {graph::Evaluation::Kind::kError, Number(0)};
  }
  return {};
}

// One step with 10% that is held and checked under `tree` of the gates `a` (1) and `b` (2).
graph::Graph Guarded(const graph::GateTree& tree, bool hold) {
  Plan plan;
  plan.Gate("a");
  plan.Gate("b");
  plan.Weight("one", 10);
  if (hold) {
    plan.Hold("one", minutes(5));
    std::get<graph::HoldNode>(plan.graph.nodes.back().does).guard = tree;
  } else {
    plan.Check("one", minutes(20));
    std::get<graph::CheckNode>(plan.graph.nodes.back().does).gate = tree;
  }
  plan.Weight("full", 100);
  return plan.Build("b2");
}

Story Begun(const graph::GateTree& tree, bool hold) {
  const graph::Graph plan = Guarded(tree, hold);
  Story story = Story::Installed(Canary("a1"), plan);
  REQUIRE(story.RunUntilEntered(hold ? "one/hold" : "one/check"));
  return story;
}

void Answers(Story& story, Answer a, Answer b) {
  story.world.answer_of[story.world.plan().gates[1].key] = Of(a);
  story.world.answer_of[story.world.plan().gates[2].key] = Of(b);
}

// How the node was left, or what the rollout waits for.
std::string Outcome(const Story& story, const std::string& node) {
  constexpr const char* kOutcomes[] = {"pass", "fail", "no data", "error", "timeout"};
  const auto record = story.status.nodes.find("checkout/one/" + node);
  if (record != story.status.nodes.end() && record->second.state == NodeState::kDone) {
    return fmt::format("{} ({})", kOutcomes[static_cast<int>(record->second.outcome)], record->second.evidence);
  }
  return "waits: " + story.status.hold_reason;
}

std::string Row(const graph::GateTree& tree, bool hold, Answer a, Answer b) {
  Story story = Begun(tree, hold);
  Answers(story, a, b);
  story.Run(minutes(25), [&] { return story.status.stable == "b2" || story.status.hold != Hold::kNone; });
  CheckKept(story);
  return fmt::format("  {:<8} {:<8} {}\n", Word(a), Word(b), Outcome(story, hold ? "hold" : "check"));
}

std::string Table(const char* name, const graph::GateTree& tree, bool hold) {
  std::string text = fmt::format("{} {}\n  a        b\n", hold ? "hold while" : "check", name);
  for (const Answer a : kAnswers) {
    for (const Answer b : kAnswers) {
      text += Row(tree, hold, a, b);
    }
  }
  return text;
}

}  // namespace

TEST_CASE("gates combined: every pair of answers, held and checked") {
  std::string text;
  for (const bool hold : {true, false}) {
    text += Table("a and b", Tree(Kind::kAnd, {Leaf(1), Leaf(2)}), hold);
    text += Table("a or b", Tree(Kind::kOr, {Leaf(1), Leaf(2)}), hold);
    text += Table("a and not b", Tree(Kind::kAnd, {Leaf(1), Tree(Kind::kNot, {Leaf(2)})}), hold);
  }
  CheckGolden("gate_trees", text);
}

TEST_CASE("a hold under `a or b` goes on while one passes, and fails when neither does") {
  Story story = Begun(Tree(Kind::kOr, {Leaf(1), Leaf(2)}), true);
  Answers(story, Answer::kFail, Answer::kPass);
  story.Run(minutes(3));
  CHECK(story.status.phase == Phase::kProgressing);
  story.Note("b begins to fail, too");
  Answers(story, Answer::kFail, Answer::kFail);
  CHECK(story.RunToRest());
  CHECK(story.Ending() == "Waiting Held, stable a1, run 2 of b2 rolled-back, routed a1 100%");
  CheckKept(story);
  CheckGolden("gate_or", story.transcript);
}

TEST_CASE("one part of an `or` without data doesn't end it while the other is undecided") {
  graph::Graph plan = Guarded(Tree(Kind::kOr, {Leaf(1), Leaf(2)}), false);
  plan.gates[2].window = minutes(10);  // longer than the patience of the first
  Story story = Story::Installed(Canary("a1"), plan);
  REQUIRE(story.RunUntilEntered("one/check"));
  Answers(story, Answer::kNoData, Answer::kPass);
  story.Run(minutes(8));
  CHECK(story.status.phase == Phase::kProgressing);
  CHECK(story.RunToRest());
  CHECK(story.status.stable == "b2");
  CheckKept(story);
}

TEST_CASE("a gate that passed before and has no data at the end of the hold doesn't count as passed") {
  Story story = Begun(Tree(Kind::kAnd, {Leaf(1), Leaf(2)}), true);
  Answers(story, Answer::kPass, Answer::kPass);
  story.Run(minutes(4));
  story.Note("the data of b cease");
  Answers(story, Answer::kPass, Answer::kNoData);
  CHECK(story.RunToRest());
  CHECK(story.Ending() == "Waiting Held, stable a1, run 2 of b2 rolled-back, routed a1 100%");
  CheckKept(story);
  CheckGolden("gate_no_data", story.transcript);
}

TEST_CASE("an error that ends before its patience does is no verdict") {
  Story story = Begun(Tree(Kind::kAnd, {Leaf(1), Leaf(2)}), true);
  Answers(story, Answer::kPass, Answer::kError);
  story.Run(minutes(3));
  CHECK(story.status.hold == Hold::kNone);
  Answers(story, Answer::kPass, Answer::kPass);
  CHECK(story.RunToRest());
  CHECK(story.status.stable == "b2");
  CheckKept(story);
}

TEST_CASE("one failing sample of three is not yet a fail, two are") {
  Story story = Begun(Leaf(1), true);
  Answers(story, Answer::kPass, Answer::kPass);
  story.Run(seconds(75));
  Answers(story, Answer::kFail, Answer::kPass);
  story.Run(seconds(30));  // one sample
  CHECK(story.status.phase == Phase::kProgressing);
  SECTION("then it passes again") {
    Answers(story, Answer::kPass, Answer::kPass);
    CHECK(story.RunToRest());
    CHECK(story.status.stable == "b2");
  }
  SECTION("then it fails again") {
    story.Run(seconds(30));
    CHECK(story.status.phase == Phase::kGoingBack);
    CHECK(story.status.back_reason == "checkout/one/hold: a: value 8% (2 of the last 3 samples fail)");
  }
  CheckKept(story);
}

TEST_CASE("a failing sample counts only once its whole window lies after the candidate's first traffic") {
  Story story = Begun(Leaf(1), true);
  const TimePoint exposed = story.status.exposed_at.value();
  Answers(story, Answer::kFail, Answer::kPass);
  REQUIRE(story.Run(minutes(4), [&] { return story.status.phase == Phase::kGoingBack; }));
  // A window of a minute, a sample each half minute, two of them to fail.
  CHECK(story.world.now() - exposed >= Duration(seconds(90)));
  CHECK(story.world.now() - exposed < Duration(minutes(3)));
  CheckKept(story);
}

TEST_CASE("missing data ends a check when it has lasted as long as the gate says, not a moment sooner") {
  const Story story = Begun(Leaf(1), false);
  const NodeRecord& record = story.status.nodes.at("checkout/one/check");
  Observed seen = story.world.Observe();
  ObservedGate& gate = seen.gates[{story.status.run, "checkout/one/check", 1, story.world.plan().gates[1].key}];
  Sample sample;
  sample.kind = graph::Evaluation::Kind::kNoData;
  sample.at = sample.answered_at = record.entered_at;
  gate.samples = {sample};
  gate.asked_at = TimePoint{};
  const TimePoint due = record.entered_at + story.world.plan().gates[1].no_data_for;
  const auto phase_at = [&](TimePoint now) {
    return decide::Decide(story.world.plan(), story.status, seen, now).status.phase;
  };
  CHECK(phase_at(due - Duration(1)) == Phase::kProgressing);
  CHECK(phase_at(due) == Phase::kGoingBack);
}

TEST_CASE("what a clause says of no data and of errors: continue, hold, rollback, fail") {
  struct Case {
    graph::Disposition leads_to;
    const char* ends;
  };
  constexpr Case kCases[] = {
      {graph::Disposition::kContinue, "Settled, stable b2, run 2 of b2 promoted, routed b2 100%"},
      {graph::Disposition::kHold, "Progressing Stalled, stable a1, run 2 of b2 progressing, routed a1 90% b2 10%"},
      {graph::Disposition::kRollback, "Waiting Held, stable a1, run 2 of b2 rolled-back, routed a1 100%"},
      {graph::Disposition::kFail, "Waiting Held, stable a1, run 2 of b2 rolled-back, routed a1 100%"},
  };
  for (const Case& one : kCases) {
    for (const Answer answer : {Answer::kNoData, Answer::kError}) {
      graph::Graph plan = Guarded(Leaf(1), false);
      const auto outcome = answer == Answer::kNoData ? graph::Outcome::kNoData : graph::Outcome::kError;
      for (graph::Node& node : plan.nodes) {
        if (std::holds_alternative<graph::CheckNode>(node.does)) {
          node.outcomes[static_cast<int>(outcome)] = one.leads_to;
        }
      }
      Story story = Story::Installed(Canary("a1"), plan);
      REQUIRE(story.RunUntilEntered("one/check"));
      Answers(story, answer, Answer::kPass);
      story.Run(hours(1));
      INFO(Word(answer));
      CHECK(story.Ending() == one.ends);
      CheckKept(story);
    }
  }
}

}  // namespace sluice::decide::test
