#include "reconciler/execute/executor.h"

#include <algorithm>
#include <utility>

namespace sluice::execute {
namespace {

using cluster::Json;

Json SampleJson(const decide::Sample& sample) {
  Json values = Json::object();
  for (const auto& [name, value] : sample.values) values[name] = value.ToShortText();
  Json json = {{"sequence", sample.sequence}, {"at", FormatTime(sample.at)}, {"values", std::move(values)}};
  switch (sample.kind) {
    case graph::Evaluation::Kind::kValue:
      json["result"] = "value";
      break;
    case graph::Evaluation::Kind::kNoData:
      json["result"] = "no-data";
      break;
    case graph::Evaluation::Kind::kError:
      json["result"] = "error";
      break;
  }
  if (!sample.message.empty()) json["message"] = sample.message;
  return json;
}

}  // namespace

Executor::Executor(cluster::Cluster& cluster, http::Http& http, loop::Loop& loop, telemetry::Metrics& metrics,
                   std::string identity, Owns owns)
    : world_(std::make_unique<World>(cluster, loop, [this](const Stir& stir) { Stirred(stir); })),
      shared_{cluster, http, loop, *world_, metrics, std::move(identity)},
      loop_(loop),
      owns_(std::move(owns)) {}

Executor::~Executor() { *alive_ = false; }

bool Executor::at_rest() const {
  if (!synced()) return false;
  const auto& rollouts = world_->rollouts().entries();
  if (owns_ == nullptr && runners_.size() != rollouts.size()) return false;
  if (owns_ != nullptr && !std::all_of(rollouts.begin(), rollouts.end(), [this](const auto& entry) {
        return owns_(entry.first) == runners_.contains(entry.first);
      })) {
    return false;
  }
  if (restless_ != nullptr && !restless_->at_rest()) return false;
  const auto found =
      std::find_if(runners_.begin(), runners_.end(), [](const auto& entry) { return !entry.second->at_rest(); });
  restless_ = found == runners_.end() ? nullptr : found->second.get();
  return restless_ == nullptr;
}

void Executor::Stirred(const Stir& stir) {
  if (stir.namespace_.empty()) return WakeAll();
  if (!stir.rollout.empty()) return Update({stir.namespace_, stir.rollout}, stir);
  const auto rollout = by_service_.find({stir.namespace_, stir.service});
  if (rollout != by_service_.end()) Update(rollout->second, stir);
}

void Executor::WakeAll() {
  if (!world_->synced()) return;
  for (const auto& [name, entry] : world_->rollouts().entries()) Update(name, {});
}

void Executor::Update(const Name& name, const Stir& stir) {
  if (world_->rollouts().Find(name) == nullptr || !IsOurs(name)) return Drop(name);
  auto& runner = runners_[name];
  if (runner == nullptr) {
    runner = std::make_unique<Runner>(shared_, name);
    runner->on_round = [this](Runner& self) {
      if (!self.service().empty()) by_service_[{self.name().first, self.service()}] = self.name();
      CountPhase(self.name(), &self.status());
      if (on_round) on_round();
    };
  }
  runner->WakeSoon(stir);
}

void Executor::Drop(const Name& name) {
  // Not from within the runner's own round.
  loop_.Post([this, alive = alive_, name] {
    if (!*alive || (world_->rollouts().Find(name) != nullptr && IsOurs(name))) return;
    runners_.erase(name);
    restless_ = nullptr;
    CountPhase(name, nullptr);
    std::erase_if(by_service_, [&](const auto& entry) { return entry.second == name; });
    if (on_round) on_round();
  });
}

void Executor::OwnershipChanged() {
  if (!world_->synced()) return;
  for (const auto& [name, entry] : world_->rollouts().entries()) {
    if (IsOurs(name) != runners_.contains(name)) Update(name, {});
  }
}

// Counts a rollout under its present phase, or no more where `status` is null.
void Executor::CountPhase(const Name& name, const decide::Status* status) {
  const auto add = [this](const PhaseLabels& labels, int by) {
    const int count = phases_[labels] += by;
    shared_.metrics.Set(telemetry::kRollouts, {{"phase", labels.first}, {"hold", labels.second}}, count);
  };
  PhaseLabels labels;
  if (status != nullptr) labels = PhaseLabels(PhaseName(status->phase), HoldName(status->hold));
  const auto before = phase_of_.find(name);
  if (before != phase_of_.end()) {
    if (status != nullptr && before->second == labels) return;
    add(before->second, -1);
    phase_of_.erase(before);
  }
  if (status == nullptr) return;
  add(labels, 1);
  phase_of_.emplace(name, std::move(labels));
}

Json Executor::Explain(const Name& name) const {
  const auto found = runners_.find(name);
  if (found == runners_.end()) return nullptr;
  const Runner& runner = *found->second;
  Json reasons = Json::array();
  std::string summary = runner.summary();
  const auto tell = [&](const std::string& text) {
    const bool told = std::any_of(runner.reasons().begin(), runner.reasons().end(),
                                  [&](const decide::Reason& reason) { return reason.text == text; });
    if (text.empty() || told) return;
    if (reasons.empty()) summary = text;
    reasons.push_back({{"text", text}});
  };
  if (!runner.held_up().empty()) tell("not all is carried out, and it is tried again: " + runner.held_up());
  tell(runner.Unseen());
  const auto unwatched = shared_.cluster.Unwatched();
  if (const auto pods = unwatched.find(world_->pods().kind()); pods != unwatched.end()) {
    tell("why pods don't become ready is not known, they can't be watched: " + pods->second);
  }
  for (const decide::Reason& reason : runner.reasons()) {
    Json one = {{"text", reason.text}};
    if (!reason.node.empty()) one["node"] = reason.node;
    if (reason.until) one["until"] = FormatTime(*reason.until);
    reasons.push_back(std::move(one));
  }
  Json gates = Json::array();
  for (const auto& [key, gate] : runner.gates()) {
    if (gate.samples.empty()) continue;
    gates.push_back({{"run", key.run},
                     {"node", key.node},
                     {"entry", key.entry},
                     {"gate", key.gate},
                     {"samples", gate.samples.size()},
                     {"newest", SampleJson(gate.samples.back())}});
  }
  return {{"summary", summary},
          {"rejected", runner.rejected()},
          {"reasons", std::move(reasons)},
          {"gates", std::move(gates)},
          {"now", FormatTime(loop_.Now())}};
}

}  // namespace sluice::execute
