#include "reconciler/simulate/witness.h"

#include <algorithm>

#include <fmt/format.h>

#include "compiler/base/overloaded.h"
#include "compiler/graph/names.h"
#include "reconciler/cluster/json.h"
#include "reconciler/execute/status_codec.h"

namespace sluice::simulate {
namespace {

constexpr const char* kPod = "Pod";
constexpr std::int64_t kMillisecondsAnHour = 3'600'000;

std::string StateOf(const decide::Status& status) {
  const std::string_view hold = execute::HoldName(status.hold);
  return std::string(hold.empty() ? execute::PhaseName(status.phase) : hold);
}

Number ShareOf(const decide::Status& status, const std::string& revision, bool by_pods) {
  if (!by_pods) {
    const auto found = status.applied.shares.find(revision);
    return found == status.applied.shares.end() ? Number() : found->second;
  }
  std::int64_t all = 0;
  for (const auto& [name, pods] : status.applied.pods) all += pods;
  const auto found = status.applied.pods.find(revision);
  return all == 0 || found == status.applied.pods.end() ? Number() : Number::Ratio(found->second, all);
}

// The run of that revision that began last; null if there was none.
const decide::RunRecord* RunOf(const decide::Status& status, const std::string& revision) {
  for (auto run = status.history.rbegin(); run != status.history.rend(); ++run) {
    if ((*run)->revision == revision) return &**run;
  }
  return nullptr;
}

// What begins when a node of this kind is entered, where people wait for its end; "" for others.
std::string BeginningOf(const graph::Node& node) {
  return std::visit(Overloaded{
                        [](const graph::HoldNode& hold) { return "holds for " + FormatDuration(hold.duration); },
                        [](const graph::CheckNode&) { return std::string("waits for a verdict"); },
                        [](const graph::PauseNode& pause) { return "asks " + pause.approver; },
                        [](const graph::RunNode& run) { return "runs a Job of " + run.image; },
                        [](const auto&) { return std::string(); },
                    },
                    node.does);
}

// What is waited for while a node is active; nullopt for one that is over at once.
std::optional<Wait> WaitOf(const graph::Node& node, const decide::NodeRecord& record, TimePoint now) {
  return std::visit(Overloaded{
                        [](const graph::ScaleNode&) { return std::optional(Wait::kPods); },
                        [](const graph::TrafficNode&) { return std::optional(Wait::kRoute); },
                        [&](const graph::HoldNode& hold) {
                          const bool held = hold.guard && now >= record.entered_at + hold.duration;
                          return std::optional(held ? Wait::kVerdict : Wait::kHold);
                        },
                        [](const graph::CheckNode&) { return std::optional(Wait::kVerdict); },
                        [](const graph::PauseNode&) { return std::optional(Wait::kApproval); },
                        [](const graph::RunNode&) { return std::optional(Wait::kJob); },
                        [](const graph::RetireNode&) { return std::optional(Wait::kOldPods); },
                        [](const auto&) { return std::optional<Wait>(); },
                    },
                    node.does);
}

// Whether something is told of a node that people wait to hear, also where it is well.
bool GivesVerdict(const graph::Node& node) {
  const auto* hold = std::get_if<graph::HoldNode>(&node.does);
  return (hold != nullptr && hold->guard) || std::holds_alternative<graph::CheckNode>(node.does) ||
         std::holds_alternative<graph::PauseNode>(node.does) || std::holds_alternative<graph::RunNode>(node.does);
}

// Of these a promotion passes none by.
bool IsPassedBy(const graph::Node& node, const decide::NodeRecord& record) {
  return !record.exception.empty() || std::holds_alternative<graph::NotifyNode>(node.does) ||
         std::holds_alternative<graph::PromoteNode>(node.does) || std::holds_alternative<graph::RetireNode>(node.does);
}

}  // namespace

Witness::Witness(embedded::EmbeddedCluster& cluster, const Subject& subject) : cluster_(cluster), subject_(subject) {
  cluster.Observe([this](const embedded::Change& change) { See(change); });
}

void Witness::See(const embedded::Change& change) {
  const cluster::ObjectKey& key = change.object.key();
  if (key.kind.kind == kPod) return SeePod(change);
  if (key.kind.kind == graph::kCommandKind && change.type == cluster::EventType::kDeleted) ++commands_gone_;
  const bool ours = key.kind.kind == graph::kRolloutKind && key.name == subject_.candidate.rollout &&
                    key.namespace_ == subject_.candidate.rollout_namespace;
  if (ours && change.type != cluster::EventType::kDeleted) SeeStatus(*change.object);
}

void Witness::SeePod(const embedded::Change& change) {
  const cluster::Json& pod = *change.object;
  if (!cluster::Says(pod, {"metadata", "labels", graph::kServiceLabel}, subject_.candidate.service)) return;
  if (change.type == cluster::EventType::kDeleted) {
    pods_.erase(change.object.uid());
  } else {
    pods_[change.object.uid()] = {cluster::Text(pod, {"metadata", "labels", graph::kRevisionLabel}),
                                  change.object.ready() && !change.object.terminating()};
  }
  Look();
}

void Witness::SeeStatus(const cluster::Json& rollout) {
  const auto found = rollout.find("status");
  if (found == rollout.end()) return;
  Result<execute::StoredStatus> stored = execute::DecodeStatus(*found);
  if (!stored.ok() || stored->status == status_) return;
  if (begun_) {
    SeeNodes(stored->status);
    SeeFailure(stored->status);
    SeeTurns(stored->status);
  }
  status_ = std::move(stored)->status;
  Look();
  if (on_status) on_status();
}

// Of the candidate's runs only: what a further version does is no part of its course. Ends come before beginnings.
void Witness::SeeNodes(const decide::Status& after) {
  if (after.history.empty() || after.history.back()->revision != subject_.candidate.workload.revision) return;
  const bool same_run = after.run == status_.run;
  const auto before = [&](const std::string& path) -> const decide::NodeRecord* {
    const auto found = status_.nodes.find(path);
    return same_run && found != status_.nodes.end() ? &found->second : nullptr;
  };
  const graph::Graph& graph = subject_.candidate;
  for (const bool ends : {true, false}) {
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
      const graph::Node& node = graph.nodes[i];
      const auto record = after.nodes.find(node.path);
      if (record == after.nodes.end()) continue;
      const graph::PlanLine line = i < graph.spans.size() ? graph.spans[i] : graph::PlanLine{};
      const decide::NodeRecord* known = before(node.path);
      const bool done = record->second.state == decide::NodeState::kDone;
      if (ends && done && (known == nullptr || known->state != decide::NodeState::kDone)) {
        SeeEnd(node, line, record->second);
      }
      if (!ends && known == nullptr) SeeBeginning(node, line, record->second);
    }
  }
  SeeSteps(after);
}

void Witness::SeeBeginning(const graph::Node& node, const graph::PlanLine& line, const decide::NodeRecord& record) {
  if (!node.step.empty()) {
    if (course_.entered.emplace(node.step, At(record.entered_at)).second) Add("enters step " + node.step, line);
    course_.step = node.step;
    if (!IsPassedBy(node, record)) course_.walked.insert(node.step);
  }
  const std::string beginning = record.state == decide::NodeState::kDone ? "" : BeginningOf(node);
  if (!beginning.empty()) Add(fmt::format("{}: {}", PathWithin(node.path), beginning), line);
}

void Witness::SeeEnd(const graph::Node& node, const graph::PlanLine& line, const decide::NodeRecord& record) {
  const std::string& why = record.exception.empty() ? record.evidence : record.exception;
  if (record.exception.empty()) AddEnding(&node, line, record.outcome, why);
  if (record.outcome == graph::Outcome::kPass && why.empty()) return;
  Add(fmt::format("{}: {}{}{}", PathWithin(node.path), execute::OutcomeName(record.outcome), why.empty() ? "" : ", ",
                  why),
      line);
}

// `node`: null for the watch.
void Witness::AddEnding(const graph::Node* node, const graph::PlanLine& line, graph::Outcome outcome,
                        const std::string& why) {
  course_.outcomes.emplace(node != nullptr ? node->path : "watch", outcome);
  if (node != nullptr && outcome == graph::Outcome::kPass && !GivesVerdict(*node)) return;
  course_.endings.push_back({At(now()), node != nullptr ? PathWithin(node->path) : "watch", outcome, why, line});
}

// A node that stalls its run is not left; what it came to is the run's cause. Of the watch there is no node.
void Witness::SeeFailure(const decide::Status& after) {
  const bool goes_back = after.back_since && !status_.back_since;
  const bool stalls = after.stalled && !status_.stalled;
  if ((!goes_back && !stalls) || after.candidate != subject_.candidate.workload.revision) return;
  const std::string& path = goes_back ? after.back_node : after.stalled_node;
  graph::PlanLine line;
  const graph::Node* node = NodeAt(path, &line);
  const std::string& reason = goes_back ? after.back_reason : after.stalled_reason;
  course_.past_deadline = course_.past_deadline || (path.empty() && reason.starts_with("the deadline of "));
  if (after.cause && path == "watch") {
    constexpr std::string_view kWatch = "watch: ";
    AddEnding(nullptr, line, *after.cause, reason.starts_with(kWatch) ? reason.substr(kWatch.size()) : reason);
  }
  if (after.cause && node != nullptr && stalls) {
    AddEnding(node, line, *after.cause, reason);
    Add(fmt::format("{}: {}, {}", PathWithin(path), execute::OutcomeName(*after.cause), reason), line);
  }
  // What a gate's own `else hold` says is no failure.
  const bool fails = node == nullptr || !after.cause || *after.cause == graph::Outcome::kFail ||
                     node->outcomes[static_cast<std::size_t>(*after.cause)] == graph::Disposition::kFail;
  const bool held = stalls && !path.empty() && subject_.candidate.hold_on_failure && fails;
  course_.failed = course_.failed || held || (goes_back && after.back_outcome == "rolled-back");
}

std::set<Wait> Witness::WaitsFor() const {
  if (status_.phase == decide::Phase::kGoingBack) return {Wait::kWayBack};
  if (status_.hold != decide::Hold::kNone) return {Wait::kPerson};
  std::set<Wait> all;
  if (status_.history.empty() || status_.history.back()->revision != subject_.candidate.workload.revision) return all;
  for (const graph::Node& node : subject_.candidate.nodes) {
    const auto record = status_.nodes.find(node.path);
    if (record == status_.nodes.end() || record->second.state != decide::NodeState::kActive) continue;
    if (const std::optional<Wait> wait = WaitOf(node, record->second, now())) all.insert(*wait);
  }
  return all;
}

// A step is left once all of its nodes are done.
void Witness::SeeSteps(const decide::Status& after) {
  for (const auto& [step, entered] : course_.entered) {
    Duration left = entered;
    bool done = true;
    for (const graph::Node& node : subject_.candidate.nodes) {
      if (node.step != step) continue;
      const auto record = after.nodes.find(node.path);
      done = done && record != after.nodes.end() && record->second.state == decide::NodeState::kDone;
      if (done) left = std::max(left, At(record->second.left_at.value_or(record->second.entered_at)));
    }
    if (done) course_.left.emplace(step, left);
  }
}

const graph::Node* Witness::NodeAt(const std::string& path, graph::PlanLine* line) const {
  const graph::Graph& graph = subject_.candidate;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    if (graph.nodes[i].path != path) continue;
    if (i < graph.spans.size()) *line = graph.spans[i];
    return &graph.nodes[i];
  }
  return nullptr;
}

// What isn't a node's: shares, promotion, going back, named states, messages.
void Witness::SeeTurns(const decide::Status& after) {
  const std::string& candidate = subject_.candidate.workload.revision;
  const bool by_pods = subject_.candidate.router.shares_by_pods;
  const Number share = ShareOf(after, candidate, by_pods);
  if (share != ShareOf(status_, candidate, by_pods)) Add("weight " + share.ToPercent());
  if (after.back_since && !status_.back_since) {
    graph::PlanLine line;
    NodeAt(after.back_node, &line);
    Add("goes back: " + after.back_reason, line);
  }
  if (after.stable != status_.stable) {
    Add(after.stable == candidate ? "the candidate is stable" : fmt::format("stable is {}", after.stable));
  }
  if (after.hold != status_.hold && after.hold != decide::Hold::kNone) {
    const bool told = after.hold_reason == after.back_reason || after.hold_reason == status_.back_reason;
    Add(fmt::format("{}{}{}", execute::HoldName(after.hold), told ? "" : ": ", told ? "" : after.hold_reason));
  }
  for (const decide::Outgoing& message : after.outbox) {
    const bool known = std::any_of(status_.outbox.begin(), status_.outbox.end(),
                                   [&](const decide::Outgoing& each) { return each.key == message.key; });
    if (known) continue;
    course_.notifications.push_back(message.message);
    Add(fmt::format("tells: {}", message.message));
  }
  const decide::RunRecord* run = RunOf(after, candidate);
  const decide::RunRecord* before = RunOf(status_, candidate);
  if (run != nullptr && run->ended_at && (before == nullptr || !before->ended_at)) {
    course_.elapsed = At(*run->ended_at);
    const bool told = run->reason.empty() || run->reason == after.back_reason;
    Add(fmt::format("{}{}{}", run->outcome, told ? "" : ": ", told ? "" : run->reason));
  }
}

std::int32_t Witness::Ready(const std::string& revision) const {
  return static_cast<std::int32_t>(std::count_if(pods_.begin(), pods_.end(), [&](const auto& entry) {
    return entry.second.ready && entry.second.revision == revision;
  }));
}

void Witness::Look() {
  if (!begun_) return;
  const std::string& candidate = subject_.candidate.workload.revision;
  Moment moment;
  moment.at = At(now());
  moment.weight = ShareOf(status_, candidate, subject_.candidate.router.shares_by_pods);
  moment.ready_stable = Ready(status_.stable);
  moment.ready_candidate = status_.stable == candidate ? 0 : Ready(candidate);
  moment.pods = static_cast<std::int32_t>(pods_.size());
  moment.step = course_.step;
  moment.state = StateOf(status_);
  moment.waits = waits ? waits() : "";
  moment.waits_for = WaitsFor();
  // Of one instant the last is how things stand then.
  if (!course_.moments.empty() && course_.moments.back().at == moment.at) {
    course_.moments.back() = std::move(moment);
  } else {
    course_.moments.push_back(std::move(moment));
  }
}

void Witness::Begin(TimePoint commit) {
  begun_ = true;
  commit_ = commit;
  const embedded::Ledger& ledger = cluster_.ledger();
  requests_ = ledger.Total();
  lost_requests_ = ledger.TotalLost();
  Add("git names " + subject_.candidate.workload.image);
  Look();
}

void Witness::Tell(const std::string& what) { Add(what); }

// What became of the candidate, and why.
void Witness::Judge() {
  const decide::RunRecord* run = RunOf(status_, subject_.candidate.workload.revision);
  if (run != nullptr && run->ended_at) {
    const bool undone = run->outcome == "promoted" && !status_.pinned.empty() && status_.stable != run->revision;
    course_.outcome = undone ? "undone" : run->outcome == "failed" ? "first-install-failed" : run->outcome;
    course_.reason = run->reason;
    return;
  }
  const bool held = status_.hold != decide::Hold::kNone;
  course_.outcome = held ? "held" : "unfinished";
  course_.reason = held ? status_.hold_reason : course_.moments.back().waits;
  course_.elapsed = course_.moments.back().at;
}

Course Witness::Finish(TimePoint end) {
  Look();
  Judge();
  course_.step = course_.moments.back().step;
  Number pod_milliseconds;
  for (std::size_t i = 0; i < course_.moments.size(); ++i) {
    const Moment& moment = course_.moments[i];
    const Duration until = i + 1 < course_.moments.size() ? course_.moments[i + 1].at : At(end);
    pod_milliseconds = pod_milliseconds + Number(moment.pods) * Number((until - moment.at).count());
    course_.peak_pods = std::max(course_.peak_pods, moment.pods);
  }
  course_.pod_hours = pod_milliseconds / Number(kMillisecondsAnHour);
  const embedded::Ledger& ledger = cluster_.ledger();
  const graph::Graph& graph = subject_.candidate;
  const embedded::Carried served =
      ledger.TotalTo(fmt::format("{}/{}@{}", graph.rollout_namespace, graph.service, graph.workload.revision));
  course_.requests = ledger.Total() - requests_;
  course_.lost_requests = ledger.TotalLost() - lost_requests_;
  course_.candidate_requests = served.requests;
  course_.bad_requests = served.failed;
  return std::move(course_);
}

}  // namespace sluice::simulate
