// Autoscalers of the world: each counts the pods of a revision by its part of the load, up at once and down late.
#include <algorithm>

#include "compiler/graph/names.h"
#include "reconciler/decide/objects.h"
#include "tests/decide/world.h"

namespace sluice::decide::test {
namespace {

constexpr std::size_t kMeasuredLate = 3;     // counts later an autoscaler learns of what was used
constexpr Duration kStabilization{300'000};  // autoscaling/v2: scaleDown.stabilizationWindowSeconds

std::int32_t CountAt(const graph::Value& object, std::initializer_list<std::string_view> path) {
  const graph::Value value = object.Path(path);
  return value.as_quantity() == nullptr ? 0 : static_cast<std::int32_t>(value.as_quantity()->number.Floor());
}

}  // namespace

Number World::ShareOfLoad(const Revision& revision) const {
  if (!plan_->router.shares_by_pods) {
    const std::map<Revision, Number> routed = Routed();
    const auto found = routed.find(revision);
    return found == routed.end() ? Number(0) : found->second;
  }
  std::int32_t all = 0, own = 0;
  for (const auto& [other, deployment] : deployments_) {
    const std::int32_t ready = ReadyOf(other, deployment);
    all += ready;
    own += other == revision ? ready : 0;
  }
  return all == 0 ? Number(0) : Number::Ratio(own, all);
}

std::map<Revision, std::pair<std::int32_t, std::int32_t>> World::AutoscalerBounds() const {
  std::map<Revision, std::pair<std::int32_t, std::int32_t>> bounds;
  for (const auto& [revision, companions] : companions_) {
    for (const auto& [name, companion] : companions) {
      if (name.kind == graph::kAutoscalerKind) {
        bounds[revision] = {CountAt(companion.object, {"spec", "minReplicas"}),
                            CountAt(companion.object, {"spec", "maxReplicas"})};
      }
    }
  }
  return bounds;
}

bool World::Counts() const { return load && !AutoscalerBounds().empty(); }

std::int32_t World::Recommended(const Revision& revision, const Deployment& deployment, const Number& use) const {
  // As the replica calculator has it: by the pods that are ready, and where it would count up, those that come are
  // taken to be idle.
  const std::int32_t ready = ReadyOf(revision, deployment);
  const Number busy = use * Number(ready);
  const bool near = use >= Number::Ratio(9, 10) && use <= Number::Ratio(11, 10);
  const bool stays = near || (use > Number(1) && busy <= Number(std::max(ready, deployment.spec)));
  return ready == 0 || stays ? deployment.spec : static_cast<std::int32_t>(busy.Ceil());
}

bool World::AreCounted() const {
  const auto bounds = AutoscalerBounds();
  return !load || std::all_of(bounds.begin(), bounds.end(), [&](const auto& entry) {
    const auto& [revision, range] = entry;
    const auto found = deployments_.find(revision);
    if (found == deployments_.end() || found->second.spec <= 0) {
      return true;
    }
    const std::int32_t wants = Recommended(revision, found->second, UseOf(revision, found->second));
    return std::clamp(wants, range.first, std::max(range.first, range.second)) == found->second.spec;
  });
}

void World::ShowUse(const Revision& revision, const Deployment& deployment, const Number& use) {
  for (auto& [name, companion] : companions_[revision]) {
    if (name.kind != graph::kAutoscalerKind) {
      continue;
    }
    graph::Map current, resource, metric;
    current.Set("averageUtilization", graph::Value((Number(70) * use).Floor()));
    resource.Set("name", "cpu");
    resource.Set("current", graph::Value(std::move(current)));
    metric.Set("resource", graph::Value(std::move(resource)));
    companion.object = With(companion.object, {"status", "currentMetrics"},
                            graph::Value(graph::List{graph::Value(std::move(metric))}));
    companion.object = With(companion.object, {"status", "currentReplicas"}, graph::Value(deployment.spec));
    companion.version += 1;
  }
}

Number World::UseOf(const Revision& revision, const Deployment& deployment) const {
  const auto more = appetite.find(revision);
  const Number busy = *load * ShareOfLoad(revision) * (more == appetite.end() ? Number(1) : more->second);
  const std::int32_t ready = ReadyOf(revision, deployment);
  return ready == 0 ? Number(0) : busy / Number(ready);
}

void World::RunAutoscalers() {
  if (!Counts() || now_ < counted_at_ + kCountsEvery) {
    return;
  }
  counted_at_ = now_;
  const auto bounds = AutoscalerBounds();
  for (auto& [revision, deployment] : deployments_) {
    auto& counts = counts_[revision];
    auto& uses = uses_[revision];
    const auto own = bounds.find(revision);
    if (own == bounds.end() || deployment.spec <= 0) {
      counts.clear();
      uses.clear();
      continue;
    }
    uses.push_back(UseOf(revision, deployment));
    if (uses.size() > kMeasuredLate + 1) {
      uses.erase(uses.begin());
    }
    const Number& use = uses.front();
    ShowUse(revision, deployment, use);
    std::erase_if(counts, [&](const auto& entry) { return entry.first + kStabilization <= now_; });
    if (counts.empty()) {
      counts.emplace_back(now_, deployment.spec);
    }
    // Of what it recommended the largest, before it was cut to the bounds that it had then.
    counts.emplace_back(now_, Recommended(revision, deployment, use));
    std::int32_t most = 0;
    for (const auto& [at, count] : counts) {
      most = std::max(most, count);
    }
    most = std::clamp(most, own->second.first, std::max(own->second.first, own->second.second));
    if (most != deployment.spec) {
      deployment.spec = most;
      deployment.version += 1;
      deployment.generation += 1;
      busy_until_ = now_ + Duration{500};
    }
  }
}

}  // namespace sluice::decide::test
