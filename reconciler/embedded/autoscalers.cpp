#include "reconciler/embedded/autoscalers.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "compiler/graph/names.h"
#include "reconciler/embedded/autoscaler_metrics.h"
#include "reconciler/embedded/kinds.h"

namespace sluice::embedded {
namespace {

constexpr std::chrono::seconds kPeriod{15};
constexpr const char* kManager = "kube-controller-manager";

// What has a scale, and its resource as messages name it.
struct Scalable {
  Kind kind;
  const char* resource = "";
};
const std::array<Scalable, 3>& Scalables() {
  static const std::array<Scalable, 3> kScalables = {
      {{kDeployment, "deployments.apps"}, {kReplicaSet, "replicasets.apps"}, {kStatefulSet, "statefulsets.apps"}}};
  return kScalables;
}

// An item of spec.metrics that gave nothing.
const Json& NoMetric() {
  static const Json kNone = {{"type", ""}};
  return kNone;
}

std::string SelectorText(const Json& selector) {
  std::string text;
  if (!selector.is_object()) return text;
  for (const auto& [name, value] : selector.items()) {
    if (value.is_string()) text += fmt::format("{}{}={}", text.empty() ? "" : ",", name, value.get<std::string>());
  }
  return text;
}

const Json& PodsSelectorOf(const Object& target) {
  static const Json kNone;
  const Json* labels = Find(*target, {"spec", "selector", "matchLabels"});
  return labels == nullptr ? kNone : *labels;
}

bool OfResources(const Json& metric) {
  return Says(metric, {"type"}, "Resource") || Says(metric, {"type"}, "ContainerResource");
}

}  // namespace

// One look at an autoscaler and what comes of it.
struct Autoscalers::Round {
  Object autoscaler;
  Object target;
  std::int64_t current = 0;
  Json conditions;
  Json metrics;  // status.currentMetrics; null where none were looked at
  TimePoint now;

  void Say(const char* type, bool is, const std::string& reason, const std::string& message) {
    SetCondition(conditions,
                 {{"type", type}, {"status", is ? "True" : "False"}, {"reason", reason}, {"message", message}}, now);
  }
};

Autoscalers::Autoscalers(loop::Loop& loop, Store& store, Watches& watches, Usage& usage, std::uint64_t seed)
    : loop_(loop),
      store_(store),
      watches_(watches),
      usage_(usage),
      view_(watches, {kAutoscaler}, View::FindBy::kKey,
            [this](const ObjectKey& key, const Object&, const Object& now) { OnChange(key, now); }),
      queue_(loop, Lag{}, seed, "autoscalers", [this](const ObjectKey& key) { Reconcile(key); }) {}

void Autoscalers::OnChange(const ObjectKey& key, const Object& now) {
  if (now == nullptr) {
    histories_.erase(key);
    selectors_.erase(key);
    return;
  }
  if (!targets_) {
    std::vector<Kind> kinds = {kPod};
    for (const Scalable& scalable : Scalables()) kinds.push_back(scalable.kind);
    targets_.emplace(watches_, std::move(kinds), View::FindBy::kLabels,
                     [](const ObjectKey&, const Object&, const Object&) {});
    usage_.Start();
  }
  // However often one changes, it is looked at once in each period.
  queue_.AddAt(key, loop_.Now() + kPeriod);
}

Object Autoscalers::TargetOf(Round& round) const {
  const Json& autoscaler = *round.autoscaler;
  const std::string version = Text(autoscaler, {"spec", "scaleTargetRef", "apiVersion"});
  const std::string kind = Text(autoscaler, {"spec", "scaleTargetRef", "kind"});
  const std::string name = Text(autoscaler, {"spec", "scaleTargetRef", "name"});
  const std::string group(graph::GroupOf(version));
  std::string why = fmt::format("no matches for kind \"{}\" in group \"{}\"", kind, group);
  for (const Scalable& scalable : Scalables()) {
    if (kind != scalable.kind.kind || group != graph::GroupOf(scalable.kind.api_version)) continue;
    Object found = targets_->Find({scalable.kind, round.autoscaler.key().namespace_, name});
    if (found != nullptr) {
      round.Say("AbleToScale", true, "SucceededGetScale",
                "the HPA controller was able to get the target's current scale");
      return found;
    }
    why = fmt::format("{} \"{}\" not found", scalable.resource, name);
  }
  round.Say("AbleToScale", false, "FailedGetScale",
            "the HPA controller was unable to get the target's current scale: " + why);
  return nullptr;
}

void Autoscalers::Reconcile(const ObjectKey& key) {
  Round round;
  round.autoscaler = view_.Find(key);
  if (round.autoscaler == nullptr) return;
  round.now = loop_.Now();
  queue_.AddAt(key, round.now + kPeriod);
  if (!targets_->synced()) return;
  round.conditions = List(*round.autoscaler, {"status", "conditions"});
  round.target = TargetOf(round);
  if (round.target == nullptr) {
    Json status = round.autoscaler->value("status", Json::object());
    status["conditions"] = std::move(round.conditions);
    if (auto written = store_.SetStatus(*round.autoscaler, std::move(status)); written.ok()) view_.Assume(*written);
    return;
  }
  round.current = Integer(*round.target, {"spec", "replicas"}, 1);
  ScalingHistory& history = histories_[key];
  history.Begin(round.current, round.now);
  const ScalingLimits limits = LimitsOf(*round.autoscaler);
  if (round.current == 0 && limits.least != 0) {
    round.Say("ScalingActive", false, "ScalingDisabled",
              "scaling is disabled since the replica count of the target is zero");
    return Write(round, 0, false);
  }
  if (round.current > limits.most) return Rescale(round, limits.most);
  if (round.current < limits.least) return Rescale(round, limits.least);
  const auto wanted = Recommend(round);
  if (!wanted) return Write(round, Integer(*round.autoscaler, {"status", "desiredReplicas"}), false);
  const ScalingDecision decision = history.Decide(round.current, *wanted, limits, round.now);
  round.Say("AbleToScale", true, decision.able.reason, decision.able.message);
  round.Say("ScalingLimited", decision.limited, decision.within.reason, decision.within.message);
  if (decision.replicas != round.current) return Rescale(round, decision.replicas);
  Write(round, round.current, false);
}

// Two that scale the same pods would undo each other's work.
bool Autoscalers::SelectsAlone(Round& round) {
  const ObjectKey& key = round.autoscaler.key();
  const Json& selector = PodsSelectorOf(round.target);
  const std::string text = SelectorText(selector);
  if (text.empty()) {
    round.Say("ScalingActive", false, "InvalidSelector", "the HPA target's scale is missing a selector");
    return false;
  }
  selectors_[key] = selector;
  std::set<std::string> selecting;
  for (const Object& pod : targets_->Selected(kPod, key.namespace_, selector)) {
    for (const auto& [other, of_other] : selectors_) {
      if (other.namespace_ == key.namespace_ && Selects(of_other, *pod)) {
        selecting.insert(other.namespace_ + "/" + other.name);
      }
    }
  }
  if (selecting.size() < 2) return true;
  round.Say("ScalingActive", false, "AmbiguousSelector",
            fmt::format("pods by selector {} are controlled by multiple HPAs: [{}]", text, fmt::join(selecting, " ")));
  return false;
}

Result<ReplicaProposal> Autoscalers::Measure(const Round& round, const Json& metric) const {
  if (!OfResources(metric)) return Error{ErrorCode::kInvalid, UnservedMetric(*round.autoscaler, metric)};
  const ResourceMetric wanted = ResourceMetricOf(*round.autoscaler, metric);
  const std::string what =
      fmt::format("failed to get {} {}", wanted.target.resource, wanted.utilization ? "utilization" : "usage");
  bool measured = false;
  std::vector<MeasuredPod> pods;
  for (const Object& pod : targets_->Selected(kPod, round.target.key().namespace_, PodsSelectorOf(round.target))) {
    measured = measured || !usage_.OfContainers(pod.uid(), "cpu").empty();
    pods.push_back(MeasuredPodOf(pod, wanted, usage_));
  }
  if (!measured) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("{}: unable to get metrics for resource {}: no metrics returned from resource metrics API",
                             what, wanted.target.resource)};
  }
  const auto propose = wanted.utilization ? ProposeByUtilization : ProposeByValue;
  auto proposal = propose(pods, round.current, wanted.target, round.now);
  return proposal.ok() ? std::move(proposal) : std::move(proposal).error().Within(what);
}

std::optional<std::int64_t> Autoscalers::Recommend(Round& round) {
  if (!SelectsAlone(round)) return std::nullopt;
  const Json& metrics = List(*round.autoscaler, {"spec", "metrics"});
  round.metrics = Json::array();
  std::int64_t most = 0;
  std::string by;
  std::size_t failed = 0;
  std::string reason;
  std::string why;
  for (const Json& metric : metrics) {
    const auto proposal = Measure(round, metric);
    if (!proposal.ok()) {
      round.metrics.push_back(NoMetric());
      if (failed++ > 0) continue;
      reason = fmt::format("FailedGet{}Metric", Text(metric, {"type"}));
      why = "the HPA was unable to compute the replica count: " + proposal.error().message;
      continue;
    }
    const ResourceMetric of = ResourceMetricOf(*round.autoscaler, metric);
    round.metrics.push_back(of.Told(*proposal));
    if (most != 0 && proposal->replicas <= most) continue;
    most = proposal->replicas;
    by = of.name();
  }
  // What isn't known might ask for more.
  if (failed >= metrics.size() || (failed > 0 && most < round.current)) {
    round.Say("ScalingActive", false, reason, why);
    return std::nullopt;
  }
  round.Say("ScalingActive", true, "ValidMetricFound",
            "the HPA was able to successfully calculate a replica count from " + by);
  return most;
}

void Autoscalers::Rescale(Round& round, std::int64_t replicas) {
  const ObjectKey& target = round.target.key();
  auto written = store_.Scale(target, replicas, std::to_string(round.target.version()), kManager, round.now);
  // Whoever was faster has changed something else, or the replicas: they are as this says then.
  if (!written.ok() && written.error().code == ErrorCode::kConflict) {
    written = store_.Scale(target, replicas, "", kManager, round.now);
  }
  if (!written.ok()) {
    round.Say("AbleToScale", false, "FailedUpdateScale",
              "the HPA controller was unable to update the target scale: " + written.error().message);
    return Write(round, Integer(*round.autoscaler, {"status", "desiredReplicas"}), false);
  }
  targets_->Assume(*written);
  round.Say("AbleToScale", true, "SucceededRescale",
            fmt::format("the HPA controller was able to update the target scale to {}", replicas));
  histories_[round.autoscaler.key()].Note(round.current, replicas, LimitsOf(*round.autoscaler), round.now);
  Write(round, replicas, true);
}

void Autoscalers::Write(Round& round, std::int64_t desired, bool rescaled) {
  Json status = {{"desiredReplicas", desired}, {"conditions", std::move(round.conditions)}};
  if (round.current != 0) status["currentReplicas"] = round.current;
  if (!round.metrics.is_null()) status["currentMetrics"] = std::move(round.metrics);
  const Json* scaled = Find(*round.autoscaler, {"status", "lastScaleTime"});
  if (rescaled) {
    status["lastScaleTime"] = Seconds(round.now);
  } else if (scaled != nullptr) {
    status["lastScaleTime"] = *scaled;
  }
  if (auto written = store_.SetStatus(*round.autoscaler, std::move(status)); written.ok()) view_.Assume(*written);
}

}  // namespace sluice::embedded
