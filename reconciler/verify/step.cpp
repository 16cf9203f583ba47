#include "reconciler/verify/step.h"

#include <algorithm>

#include <fmt/format.h>

#include "reconciler/decide/hold.h"
#include "reconciler/decide/invariants.h"
#include "reconciler/verify/promises.h"

namespace sluice::verify {
namespace {

constexpr int kRoundsAtOnce = 60;
constexpr Duration kApprovedAfter{1'000};

// Someone of the group that is asked answers a pause, one after the other until there are enough.
std::optional<decide::Command> ApprovalDue(const State& state) {
  const World& world = state.world;
  if (world.nobody_approves || !world.commands.empty()) return std::nullopt;
  for (const graph::Node& node : world.plan().nodes) {
    const auto* pause = std::get_if<graph::PauseNode>(&node.does);
    const auto record = state.status.nodes.find(node.path);
    if (pause == nullptr || record == state.status.nodes.end() || record->second.state != decide::NodeState::kActive) {
      continue;
    }
    const auto given = std::count_if(state.status.approvals.begin(), state.status.approvals.end(),
                                     [&](const decide::Approval& approval) {
                                       return approval.node == node.path && approval.run == state.status.run &&
                                              approval.entry == record->second.entry;
                                     });
    if (given >= pause->quorum) continue;
    decide::Command command;
    command.verb = "approve";
    command.node = node.path;
    command.who = fmt::format("approver-{}", given + 1);
    command.groups = {pause->approver};
    return command;
  }
  return std::nullopt;
}

void Move(State& state, Step& step, const Keep& keep) {
  std::optional<TimePoint> next = state.world.NextEvent();
  if (state.wake && (!next || *state.wake < *next)) next = state.wake;
  const bool moves = state.status.phase == decide::Phase::kProgressing && !state.status.paused;
  std::optional<decide::Command> approval = moves ? ApprovalDue(state) : std::nullopt;
  if (approval && next && *next <= state.world.now + kApprovedAfter) approval.reset();
  if (!next && !approval) {
    step.went = Went::kToRest;
    const decide::Status& status = state.status;
    if (!decide::IsAtRest(status) && status.hold == decide::Hold::kNone) {
      step.went = Went::kBroken;
      step.broken.push_back(
          fmt::format("I9: it stands still while it is {}: nothing leads on", decide::PhaseName(status.phase)));
    }
    return;
  }
  step.moved = true;
  if (keep.moves) step.before_move = state;
  state.world.MoveTo(approval ? state.world.now + kApprovedAfter : *next);
  if (approval) state.world.Say(std::move(*approval));
  state.decided = false;
  state.wake.reset();
  state.rounds = 0;
}

}  // namespace

State Nothing(const Subject& subject, std::size_t git) {
  State state{{}, World(subject, git), false, std::nullopt, false, false, 0};
  state.world.now = TimePoint{Duration{1'800'000'000'000}};
  return state;
}

decide::Decision DecideIn(const State& state) {
  return decide::Decide(state.world.plan(), state.status, state.world.Observe(state.status), state.world.now);
}

Step TakeStep(State& state, const Subject& subject, const Keep& keep) {
  Step step;
  if (state.decided) {
    Move(state, step, keep);
    return step;
  }
  const decide::Observed seen = state.world.Observe(state.status);
  step.decision = decide::Decide(state.world.plan(), state.status, seen, state.world.now);
  step.broken = decide::Violations(state.world.plan(), state.status, seen, state.world.now, step.decision);
  CheckPromotion(state, step.decision, step.broken);
  const bool changes = !step.decision.actions.empty() || !(step.decision.status == state.status);
  if (!changes) {
    state.decided = true;
    state.wake = step.decision.wake_at;
    if (step.broken.empty()) Move(state, step, keep);
  } else {
    CheckRoutes(state, step.decision, subject, step.broken);
    if (keep.acts) step.before_act = state;
    const RequestsInFlight in_flight(state.world);
    state.world.Perform(step.decision.status, step.decision.actions, step.decision.actions.size());
    state.status = step.decision.status;
    state.world.Forget(state.status);
    in_flight.Check(state.world, subject, step.broken);
    if (++state.rounds > kRoundsAtOnce) step.broken.emplace_back("I5: decisions at one moment come to no end");
  }
  if (!step.broken.empty()) step.went = Went::kBroken;
  return step;
}

std::vector<std::uint16_t> CrashPoints(const decide::Decision& decision) {
  std::vector<std::uint16_t> points = {0};
  for (std::size_t i = 0; i < decision.actions.size(); ++i) {
    const decide::Action& action = decision.actions[i];
    const bool hint =
        std::holds_alternative<decide::EmitEvent>(action) || std::holds_alternative<decide::MeasureGate>(action);
    if (!hint) points.push_back(static_cast<std::uint16_t>(i + 1));
  }
  return points;
}

void Crash(State& state, const Subject& subject, const decide::Decision& decision, const Disturbance& disturbance) {
  if (disturbance.kind == Disturbance::Kind::kCrash) {
    state.world.Perform(decision.status, decision.actions, disturbance.which);
    state.status = decision.status;
  }
  state.crashed = true;
  Disturb(state, subject, disturbance);
}

}  // namespace sluice::verify
