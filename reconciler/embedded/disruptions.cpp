#include "reconciler/embedded/disruptions.h"

#include <algorithm>
#include <chrono>
#include <set>

#include <fmt/format.h>

#include "reconciler/embedded/kinds.h"

namespace sluice::embedded {
namespace {

// How long an evicted pod that is still there counts as gone (DeletionTimeout of the disruption controller).
constexpr std::chrono::minutes kGivenUp{2};

const Json& SelectorOf(const Json& budget) {
  static const Json kNone;
  const Json* labels = Find(budget, {"spec", "selector", "matchLabels"});
  return labels == nullptr ? kNone : *labels;
}

std::string NameOfController(const Json& object) {
  const Json* controller = ControllerOf(object);
  return controller == nullptr ? "" : Text(*controller, {"name"});
}

Json AllowedCondition(bool allowed, TimePoint now) {
  return {{"type", "DisruptionAllowed"},
          {"status", allowed ? "True" : "False"},
          {"reason", allowed ? "SufficientPods" : "InsufficientPods"},
          {"message", ""},
          {"observedGeneration", 0},
          {"lastTransitionTime", Seconds(now)}};
}

// Evicted pods that may still be there, with when.
Json DisruptedIn(const Json& budget, const std::set<std::string>& pods, TimePoint now) {
  Json disrupted = Json::object();
  const Json* noted = Find(budget, {"status", "disruptedPods"});
  if (noted == nullptr || !noted->is_object()) return disrupted;
  for (const auto& [name, at] : noted->items()) {
    if (pods.contains(name) && TimeAt(*noted, {name}, now) + kGivenUp > now) disrupted[name] = at;
  }
  return disrupted;
}

}  // namespace

Disruptions::Disruptions(loop::Loop& loop, Store& store, Watches& watches, const Lag& lag, std::uint64_t seed)
    : loop_(loop),
      store_(store),
      watches_(watches),
      budgets_(watches, {kDisruptionBudget}, View::FindBy::kKey,
               [this](const ObjectKey& key, const Object& before, const Object& now) { OnChange(key, before, now); }),
      queue_(loop, lag, seed, "disruptions", [this](const ObjectKey& key) { Reconcile(key); }) {}

void Disruptions::AddBudgetsOf(const std::string& namespace_, const Json* pod) {
  for (const ObjectKey& key : by_namespace_[namespace_]) {
    const Object budget = budgets_.Find(key);
    if (budget != nullptr && (pod == nullptr || Selects(SelectorOf(*budget), *pod))) queue_.Add(key);
  }
}

void Disruptions::OnChange(const ObjectKey& key, const Object& before, const Object& now) {
  if (key.kind == kDisruptionBudget) {
    if (!pods_) {
      pods_.emplace(watches_, std::vector<Kind>{kPod, kReplicaSet, kDeployment}, View::FindBy::kLabels,
                    [this](const ObjectKey& of, const Object& was, const Object& is) { OnChange(of, was, is); });
    }
    if (now == nullptr) {
      by_namespace_[key.namespace_].erase(key);
    } else {
      by_namespace_[key.namespace_].insert(key);
    }
    queue_.Add(key);
  } else if (key.kind == kPod) {
    const bool alike = before != nullptr && now != nullptr && before.ready() == now.ready() &&
                       before.terminating() == now.terminating();
    if (!alike) AddBudgetsOf(key.namespace_, now == nullptr ? &*before : &*now);
  } else if (before == nullptr || now == nullptr ||
             Integer(*before, {"spec", "replicas"}) != Integer(*now, {"spec", "replicas"})) {
    AddBudgetsOf(key.namespace_, nullptr);
  }
}

// The replicas of those that the pods belong to; pods of nobody are not counted on.
std::int64_t Disruptions::Expected(const std::vector<Object>& pods) const {
  std::set<ObjectKey> owners;
  for (const Object& pod : pods) {
    const Object set = pods_->Find({kReplicaSet, pod.key().namespace_, NameOfController(*pod)});
    const Object deployment =
        set == nullptr ? Object() : pods_->Find({kDeployment, pod.key().namespace_, NameOfController(*set)});
    if (set != nullptr) owners.insert(deployment == nullptr ? set.key() : deployment.key());
  }
  std::int64_t expected = 0;
  for (const ObjectKey& owner : owners) expected += Integer(*pods_->Find(owner), {"spec", "replicas"}, 1);
  return expected;
}

void Disruptions::Reconcile(const ObjectKey& key) {
  const Object budget = budgets_.Find(key);
  if (budget == nullptr || budget.terminating()) return;
  if (!pods_->synced()) return queue_.Add(key);
  const std::vector<Object> pods = pods_->Selected(kPod, key.namespace_, SelectorOf(*budget));
  std::set<std::string> names;
  for (const Object& pod : pods) {
    if (!pod.terminating()) names.insert(pod.key().name);
  }
  const TimePoint now = loop_.Now();
  Json disrupted = DisruptedIn(*budget, names, now);
  const std::int64_t healthy = std::count_if(pods.begin(), pods.end(), [&](const Object& pod) {
    return pod.ready() && !pod.terminating() && !disrupted.contains(pod.key().name);
  });
  const Json* least = Find(*budget, {"spec", "minAvailable"});
  const Json* most = Find(*budget, {"spec", "maxUnavailable"});
  const bool counts_pods = least != nullptr && least->is_number_integer();
  const std::int64_t expected = counts_pods ? static_cast<std::int64_t>(pods.size()) : Expected(pods);
  const std::int64_t desired = least != nullptr ? Scaled(least, expected, true, 0)
                                                : std::max<std::int64_t>(0, expected - Scaled(most, expected, true, 0));
  const std::int64_t allowed = expected <= 0 ? 0 : std::max<std::int64_t>(0, healthy - desired);
  Json status = {{"currentHealthy", healthy},
                 {"desiredHealthy", desired},
                 {"expectedPods", expected},
                 {"disruptionsAllowed", allowed},
                 {"observedGeneration", Integer(*budget, {"metadata", "generation"}, 1)}};
  Json conditions = List(*budget, {"status", "conditions"});
  Json condition = AllowedCondition(allowed > 0, now);
  condition["observedGeneration"] = status["observedGeneration"];
  SetCondition(conditions, std::move(condition), now);
  status["conditions"] = std::move(conditions);
  if (!disrupted.empty()) {
    status["disruptedPods"] = std::move(disrupted);
    queue_.AddAt(key, now + kGivenUp);
  }
  auto written = store_.SetStatus(*budget, std::move(status));
  if (written.ok()) budgets_.Assume(*written);
}

Result<void> Evict(Store& store, const ObjectKey& key, const DeleteOptions& options, TimePoint now) {
  const Object pod = store.Find(key);
  if (pod == nullptr) return Error{ErrorCode::kNotFound, ToString(key) + " not found"};
  // A pod that never ran, or is going anyway, takes nothing from anyone.
  if (pod.terminating() || pod.phase() != "Running") return store.Delete(key, options, now);
  std::vector<Object> budgets;
  for (const Object& budget : store.List(kDisruptionBudget, key.namespace_, {})) {
    if (Selects(SelectorOf(*budget), *pod)) budgets.push_back(budget);
  }
  if (budgets.size() > 1) {
    return Error{ErrorCode::kInvalid,
                 "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."};
  }
  if (budgets.empty()) return store.Delete(key, options, now);
  const Json& budget = *budgets.front();
  const bool always = Says(budget, {"spec", "unhealthyPodEvictionPolicy"}, "AlwaysAllow");
  const std::int64_t healthy = Integer(budget, {"status", "currentHealthy"});
  const std::int64_t desired = Integer(budget, {"status", "desiredHealthy"});
  if (!pod.ready() && (always || (healthy >= desired && desired > 0))) return store.Delete(key, options, now);
  const std::int64_t allowed = Integer(budget, {"status", "disruptionsAllowed"});
  const bool seen = Integer(budget, {"status", "observedGeneration"}) >= Integer(budget, {"metadata", "generation"}, 1);
  if (!seen || allowed <= 0) {
    return Error{ErrorCode::kUnavailable,
                 seen ? fmt::format("The disruption budget {} needs {} healthy pods and has {} currently",
                                    budgets.front().key().name, desired, healthy)
                      : fmt::format("The disruption budget {} is still being processed by the server.",
                                    budgets.front().key().name)};
  }
  Json status = budget.at("status");
  status["disruptionsAllowed"] = allowed - 1;
  status["disruptedPods"][key.name] = Seconds(now);
  if (auto written = store.SetStatus(budget, std::move(status)); !written.ok()) return written.error();
  return store.Delete(key, options, now);
}

}  // namespace sluice::embedded
