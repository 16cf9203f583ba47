#include "reconciler/verify/disturbance.h"

#include <algorithm>

#include <fmt/format.h>

#include "reconciler/decide/invariants.h"
#include "reconciler/decide/objects.h"

namespace sluice::verify {
namespace {

using Kind = Disturbance::Kind;

const Revision& RevisionAt(const Subject& subject, std::uint16_t which) {
  return subject.graphs[which]->workload.revision;
}

// The node that waits for people; null if none does.
const graph::Node* Waiting(const State& state) {
  for (const graph::Node& node : state.world.plan().nodes) {
    const auto record = state.status.nodes.find(node.path);
    if (std::holds_alternative<graph::PauseNode>(node.does) && record != state.status.nodes.end() &&
        record->second.state == decide::NodeState::kActive) {
      return &node;
    }
  }
  return nullptr;
}

bool HasJobs(const graph::Graph& graph) {
  return std::any_of(graph.nodes.begin(), graph.nodes.end(),
                     [](const graph::Node& node) { return std::holds_alternative<graph::RunNode>(node.does); });
}

bool HasPauses(const graph::Graph& graph) {
  return std::any_of(graph.nodes.begin(), graph.nodes.end(),
                     [](const graph::Node& node) { return std::holds_alternative<graph::PauseNode>(node.does); });
}

class Collector {
 public:
  Collector(const State& state, const Subject& subject) : state_(state), world_(state.world), subject_(subject) {}

  std::vector<Disturbance> Collect() {
    Gates();
    Pods();
    People();
    if (world_.Routes()) {
      if (subject_.router_tells) Add(world_.routers_stand ? Kind::kRoutersFollow : Kind::kRoutersStand);
      const bool there = std::any_of(world_.objects.begin(), world_.objects.end(),
                                     [](const auto& entry) { return entry.second.routes && !entry.second.edited; });
      if (there) Add(Kind::kRoutesEdited);
    }
    if (HasJobs(world_.plan()) && !world_.jobs_fail && !world_.jobs_hang) {
      Add(Kind::kJobsFail);
      Add(Kind::kJobsHang);
    }
    Commits();
    Add(Kind::kAway);
    return std::move(found_);
  }

 private:
  void Add(Kind kind, std::uint16_t which = 0, std::uint8_t how = 0) { found_.push_back({kind, how, which}); }

  void Gates() {
    std::vector<bool> asked(subject_.answers.size(), false);
    for (const auto& [key, gate] : world_.gates) {
      for (std::size_t i = 0; i < asked.size(); ++i) {
        asked[i] = asked[i] || world_.plan().gates[i].key == key.gate;
      }
    }
    for (std::size_t gate = 0; gate < asked.size(); ++gate) {
      if (!asked[gate]) continue;
      const auto i = static_cast<std::uint16_t>(gate);
      for (const Answer answer : {Answer::kPass, Answer::kFail, Answer::kNoData, Answer::kError}) {
        const bool can = (answer != Answer::kPass || subject_.answers[i].pass) &&
                         (answer != Answer::kFail || subject_.answers[i].fail);
        if (can && world_.answers[i] != answer) Add(Kind::kGateAnswers, i, static_cast<std::uint8_t>(answer));
      }
    }
  }

  void Pods() {
    bool grows = false;
    for (std::uint16_t which = 0; which < kFirstEdit; ++which) {
      const auto found = world_.pods.find(RevisionAt(subject_, which));
      if (found == world_.pods.end() || !found->second.exists) continue;
      const RevisionPods& of = found->second;
      grows = grows || of.spec > of.ready + of.starting;
      if (of.ready > 0) Add(Kind::kPodsDie, which);
      Add(of.sick ? Kind::kPodsWell : Kind::kPodsSick, which);
      Add(Kind::kPodsDeleted, which);
    }
    if (world_.no_room || grows) Add(world_.no_room ? Kind::kRoom : Kind::kNoRoom);
  }

  void People() {
    if (Waiting(state_) != nullptr) Add(Kind::kRejected);
    if (HasPauses(world_.plan()) && !world_.nobody_approves) Add(Kind::kNobodyApproves);
    if (!world_.commands.empty()) return;
    const decide::Status& status = state_.status;
    const bool moves = status.phase == decide::Phase::kProgressing || status.phase == decide::Phase::kGoingBack;
    for (std::size_t i = 0; i < Verbs().size(); ++i) {
      const std::string& verb = Verbs()[i];
      const bool fits = verb == "resume"  ? status.paused
                        : verb == "pause" ? moves && !status.paused
                        : verb == "retry" ? status.hold != decide::Hold::kNone
                        : verb == "undo"  ? status.promoted.size() > 1
                                          : moves;
      if (fits) Add(Kind::kCommand, static_cast<std::uint16_t>(i));
    }
  }

  void Commits() {
    for (std::size_t which = 0; which < subject_.graphs.size(); ++which) {
      const bool edit = which >= kFirstEdit;
      if (which != world_.git && (!edit || world_.git == kCandidate))
        Add(Kind::kCommit, static_cast<std::uint16_t>(which));
    }
  }

  const State& state_;
  const World& world_;
  const Subject& subject_;
  std::vector<Disturbance> found_;
};

void Say(State& state, const std::string& verb, const std::string& who) {
  decide::Command command;
  command.verb = verb;
  command.who = who;
  if (const graph::Node* node = Waiting(state)) {
    command.groups = {std::get<graph::PauseNode>(node->does).approver};
  }
  state.world.Say(std::move(command));
}

void DeleteDeployment(RevisionPods& of) {
  const bool sick = of.sick;
  of = RevisionPods{};
  of.sick = sick;
}

void EditRoutes(World& world) {
  for (auto& [name, object] : world.objects) {
    if (!object.routes) continue;
    // Whoever changes what the router reads changes what it is to be, too.
    object.object = decide::With(object.object, {"spec"}, graph::Value("edited"));
    object.generation += 1;
    object.version += 1;
    object.object = decide::With(object.object, {"metadata", "generation"}, graph::Value(object.generation));
    object.seen_at = world.now;
    object.edited = true;
  }
}

// To shortly before the next bound of the plan, or to the rollout's deadline.
void PassTime(State& state) {
  if (const std::optional<TimePoint> far = NextFar(state)) {
    state.world.MoveTo(*far - FarOf(state));
    return;
  }
  state.late = true;
  const Duration deadline = state.world.plan().policies.deadline + state.status.excluded;
  state.world.MoveTo(state.status.run_started_at.value_or(state.world.now) + deadline);
}

std::string AnswerWords(Answer answer) {
  switch (answer) {
    case Answer::kPass:
      return "passes";
    case Answer::kFail:
      return "fails";
    case Answer::kNoData:
      return "has no data";
    case Answer::kError:
      return "comes to an error";
  }
  return "";
}

}  // namespace

const std::vector<std::string>& Verbs() {
  static const std::vector<std::string> kVerbs = {"abort", "promote", "pause", "resume", "retry", "undo"};
  return kVerbs;
}

std::vector<Disturbance> Possible(const State& state, const Subject& subject) {
  return Collector(state, subject).Collect();
}

void Disturb(State& state, const Subject& subject, const Disturbance& disturbance) {
  World& world = state.world;
  state.decided = false;
  state.wake.reset();
  state.rounds = 0;
  RevisionPods* of = nullptr;
  const bool about_pods = disturbance.kind >= Kind::kPodsDie && disturbance.kind <= Kind::kPodsDeleted;
  if (about_pods) of = &world.pods[RevisionAt(subject, disturbance.which)];
  switch (disturbance.kind) {
    case Kind::kGateAnswers:
      world.answers[disturbance.which] = static_cast<Answer>(disturbance.how);
      break;
    case Kind::kRejected:
      Say(state, "reject", "someone");
      break;
    case Kind::kNobodyApproves:
      world.nobody_approves = true;
      break;
    case Kind::kJobsFail:
      world.jobs_fail = true;
      break;
    case Kind::kJobsHang:
      world.jobs_hang = true;
      break;
    case Kind::kPodsDie:
    case Kind::kPodsSick:
      of->sick = disturbance.kind == Kind::kPodsSick;
      of->starting += of->ready;
      of->ready = 0;
      of->ready_at.reset();
      break;
    case Kind::kPodsWell:
      of->sick = false;
      break;
    case Kind::kPodsDeleted:
      DeleteDeployment(*of);
      break;
    case Kind::kNoRoom:
    case Kind::kRoom:
      world.no_room = disturbance.kind == Kind::kNoRoom;
      break;
    case Kind::kRoutersStand:
    case Kind::kRoutersFollow:
      world.routers_stand = disturbance.kind == Kind::kRoutersStand;
      break;
    case Kind::kRoutesEdited:
      EditRoutes(world);
      break;
    case Kind::kCommit:
      world.git = disturbance.which;
      break;
    case Kind::kCommand:
      Say(state, Verbs()[disturbance.which], "someone");
      break;
    case Kind::kCrash:
    case Kind::kCrashUnsaved:
      world.Restart();
      state.status.epoch += 1;
      return;
    case Kind::kAway: {
      const TimePoint end = world.now + kAway;
      for (auto next = world.NextEvent(); next && *next < end; next = world.NextEvent()) world.MoveTo(*next);
      world.MoveTo(end);
      world.Restart();
      state.status.epoch += 1;
      return;
    }
    case Kind::kTimePasses:
      PassTime(state);
      return;
    case Kind::kNothing:
      break;
  }
  world.MoveTo(world.now);
}

std::string Words(const Disturbance& disturbance, const Subject& subject) {
  const std::string_view role = RoleWords(disturbance.which);
  switch (disturbance.kind) {
    case Kind::kNothing:
      return "";
    case Kind::kGateAnswers:
      return fmt::format("gate {} {} from now on", subject.graphs[kCandidate]->gates[disturbance.which].name,
                         AnswerWords(static_cast<Answer>(disturbance.how)));
    case Kind::kRejected:
      return "someone rejects it";
    case Kind::kNobodyApproves:
      return "nobody approves anything from now on";
    case Kind::kJobsFail:
      return "Jobs fail from now on";
    case Kind::kJobsHang:
      return "Jobs don't end from now on";
    case Kind::kPodsDie:
      return fmt::format("all pods of {} end; others start", role);
    case Kind::kPodsSick:
      return fmt::format("no pod of {} is ready from now on", role);
    case Kind::kPodsWell:
      return fmt::format("pods of {} become ready again", role);
    case Kind::kPodsDeleted:
      return fmt::format("somebody deletes the Deployment of {}", role);
    case Kind::kNoRoom:
      return "no pod can be made from now on";
    case Kind::kRoom:
      return "pods can be made again";
    case Kind::kRoutersStand:
      return "routers take nothing up from now on";
    case Kind::kRoutersFollow:
      return "routers take up what they were told";
    case Kind::kRoutesEdited:
      return "somebody changes the router's objects";
    case Kind::kCommit:
      return disturbance.which >= kFirstEdit
                 ? fmt::format("git edits the plan: {}", subject.edits[disturbance.which - kFirstEdit])
                 : fmt::format("git names {}", role);
    case Kind::kCommand:
      return fmt::format("someone says {}", Verbs()[disturbance.which]);
    case Kind::kCrash:
      return fmt::format("the executor dies after {} of these writes; another begins", disturbance.which);
    case Kind::kCrashUnsaved:
      return "the executor dies before it stores this; another begins";
    case Kind::kAway:
      return fmt::format("no executor runs for {}", FormatDuration(kAway));
    case Kind::kTimePasses:
      return "nothing changes for long";
  }
  return "";
}

std::string Clause(const Disturbance& disturbance, Duration after) {
  const std::string at = FormatDuration(std::max(after, Duration{1'000}));
  const char* role = disturbance.which == kBefore ? "stable" : "candidate";
  switch (disturbance.kind) {
    case Kind::kGateAnswers:
      switch (static_cast<Answer>(disturbance.how)) {
        case Answer::kFail:
          return "candidate error-rate 50% from " + at;
        case Answer::kNoData:
          return "metrics lost from " + at;
        case Answer::kError:
          return "metrics down from " + at;
        case Answer::kPass:
          return "";
      }
      return "";
    case Kind::kJobsFail:
      return "jobs fail from " + at;
    case Kind::kJobsHang:
      return "jobs hang from " + at;
    case Kind::kPodsDie:
      return fmt::format("{} crashes from {} for 5s", role, at);
    case Kind::kPodsSick:
      return fmt::format("{} unready from {}", role, at);
    case Kind::kCommit:
      return disturbance.which == kNext     ? "commit next at " + at
             : disturbance.which == kBefore ? "commit revert at " + at
                                            : "";
    case Kind::kCommand:
      return fmt::format("{} at {}", Verbs()[disturbance.which], at);
    case Kind::kCrash:
    case Kind::kCrashUnsaved:
      return fmt::format("controller down from {} for 1s", at);
    case Kind::kAway:
      return fmt::format("controller down from {} for {}", at, FormatDuration(kAway));
    default:
      return "";
  }
}

}  // namespace sluice::verify
