// What ran before its rollout: read where no watch tells of it, and shown to the core.
#include <algorithm>
#include <utility>

#include "compiler/graph/names.h"
#include "reconciler/cluster/value_json.h"
#include "reconciler/decide/adopt.h"
#include "reconciler/decide/eject.h"
#include "reconciler/execute/runner.h"
#include "reconciler/telemetry/log.h"

namespace sluice::execute {

using cluster::Json;
using decide::ObservedAdoption;
using telemetry::Log;
using telemetry::LogKey;
using telemetry::LogLevel;

namespace {

cluster::ObjectKey BudgetOf(const graph::Graph& graph) {
  return {{graph::kBudgetApiVersion, graph::kBudgetKind}, graph.rollout_namespace, graph.adopts->budget};
}

}  // namespace

// The Deployment or StatefulSet that was taken over, while it carries this Rollout's marks; null without one.
std::optional<Runner::TakenOver> Runner::Adopted() const {
  for (const auto* entry : shared_.world.stateful_sets().InGroup(name_.first, service_)) {
    if (entry->view.keeps_template && entry->view.owner == uid_) return TakenOver{entry->id, entry->view};
  }
  for (const auto* entry : shared_.world.deployments().InGroup(name_.first, service_)) {
    if (!entry->view.adopted.empty() && entry->view.owner == uid_) return TakenOver{entry->id, entry->view};
  }
  return std::nullopt;
}

bool Runner::ByPartition() const { return graph_ != nullptr && graph_->adopts && graph_->adopts->by_partition; }

// What was there before is stable at once. Its objects are marked after that, and only then does git's version begin.
bool Runner::IsTakingOver() const {
  const decide::Status& status = stored_.status;
  const bool begins = status.hold == decide::Hold::kNone && !status.paused && status.stable != view_.revision;
  return decide::OnlyAdopted(status) && (begins || !Adopted());
}

// Whether something that is to be taken over carries no mark yet.
bool Runner::NeedsAdoptee() const {
  const decide::Status& status = stored_.status;
  if (!graph_->adopts || deleting_ || decide::IsEjected(status)) return false;
  const World& world = shared_.world;
  const bool routed = graph_->router.address == graph::Router::Address::kRouter || graph_->stable_service.is_none();
  if (!routed && world.services().Find({name_.first, graph_->service}) == nullptr) return true;
  const std::optional<TakenOver> adopted = Adopted();
  if (!adopted) {
    if (status.stable.empty()) return status.phase == decide::Phase::kIdle;
    if (ByPartition()) {
      const auto* set = world.stateful_sets().Find({name_.first, graph_->adopts->deployment});
      return set == nullptr || set->view.owner != uid_;
    }
    const auto deployments = world.deployments().InGroup(name_.first, graph_->service);
    return std::none_of(deployments.begin(), deployments.end(),
                        [&](const auto* entry) { return entry->view.revision == status.stable; });
  }
  return adopted->view.revision == status.stable && status.candidate.empty() && !graph_->adopts->budget.empty() &&
         world.FindOwned(BudgetOf(*graph_)) == nullptr;
}

void Runner::WithAdoptee() {
  adoptee_.reset();
  adoptee_unread_.clear();
  unlabelled_.clear();
  if (!NeedsAdoptee()) return WithUnlabelledPods();
  FindAdoptee(shared_.cluster, graph_, alive_, Safe([this](Result<Adoptee> found) {
                if (found.ok()) {
                  adoptee_ = std::move(found).value();
                  return Decide();
                }
                Log(LogLevel::kWarning, "what is to be taken over can't be read",
                    {{LogKey::kRollout, name_.second}, {LogKey::kError, found.error().message}});
                if (!stored_.status.stable.empty()) return Backoff(found.error());
                adoptee_unread_ = found.error().message;
                Decide();
              }));
}

// Pods of a StatefulSet that was taken over carry no label by which a watch would tell of them. They are read while one
// of them isn't ready: it may be what Kubernetes waits for.
void Runner::WithUnlabelledPods() {
  const std::optional<TakenOver> adopted = ByPartition() ? Adopted() : std::nullopt;
  const auto* set = adopted ? shared_.world.stateful_sets().Find(adopted->id.name) : nullptr;
  if (set == nullptr || set->view.ready >= set->view.spec_replicas) return Decide();
  cluster::LabelSelector labels;
  if (const Json* selector = cluster::Find(set->view.object.Get(), {"spec", "selector", "matchLabels"})) {
    for (const auto& [name, value] : selector->items()) labels[name] = value.get<std::string>();
  }
  const Identity id = set->id;
  const StatefulSetView view = set->view;
  shared_.cluster.Send(cluster::ListObjects{shared_.world.pods().kind(), id.name.first, std::move(labels)},
                       Safe([this, id, view](Result<cluster::SharedJson> answer) {
                         if (!answer) return Backoff(answer.error());
                         for (const Json& pod : cluster::List(**answer, {"items"})) {
                           const Json& owners = cluster::List(pod, {"metadata", "ownerReferences"});
                           const bool owned = !owners.empty() && cluster::Says(owners.front(), {"uid"}, id.uid);
                           const PodView shown = ReadPod(pod);
                           if (!owned || (!shown.group.empty() && !shown.revision.empty())) continue;
                           auto one = ShownPod(id, view, IdentityOf(pod), shown);
                           if (!one) continue;
                           one->revision.clear();
                           unlabelled_.push_back(*std::move(one));
                         }
                         Decide();
                       }));
}

std::optional<ObservedAdoption> Runner::Adoption() {
  if (!adoptee_unread_.empty()) {
    return ObservedAdoption{"", std::make_shared<graph::Workload>(), "it can't be read: " + adoptee_unread_};
  }
  const std::optional<TakenOver> adopted = Adopted();
  if (!adopted) {
    std::optional<ObservedAdoption> adoption = adoptee_ ? AdoptionOf(*graph_, *adoptee_) : std::nullopt;
    const decide::Revision& stable = stored_.status.stable;
    // Another one than was taken over is nobody's, once a run has begun.
    if (adoption && !stable.empty() && adoption->revision != stable && !decide::OnlyAdopted(stored_.status)) {
      adoption.reset();
    }
    return adoption;
  }
  // The same as long as it can be: drift is compared once for each.
  const bool budget = graph_->adopts && ((adoptee_ && adoptee_->budget != nullptr) ||
                                         shared_.world.FindOwned(BudgetOf(*graph_)) != nullptr);
  std::string key = graph_digest_ + "/" + adopted->id.uid + "/" + std::to_string(adopted->view.generation) + "/" +
                    adopted->view.revision + "/" + adopted->view.adopted + (budget ? "/budget" : "");
  if (std::exchange(adoption_for_, key) != key) adoption_ = AdoptionOf(*graph_, adopted->view.object.Get(), budget);
  std::optional<ObservedAdoption> adoption = adoption_;
  if (adoption) adoption->pods = unlabelled_;
  return adoption;
}

// Objects that no watch tells of.
void Runner::ShowAdoptee(decide::Observed& observed) const {
  if (!adoptee_) return;
  const auto marked = [&](const cluster::SharedJson& object) {
    Json copy = *object;
    copy["metadata"]["labels"][graph::kServiceLabel] = graph_->service;
    if (observed.adoption) copy["metadata"]["labels"][graph::kRevisionLabel] = observed.adoption->revision;
    return cluster::Share(std::move(copy));
  };
  if (adoptee_->service != nullptr && !observed.stable_service) {
    if (const auto view = ViewService(*marked(adoptee_->service))) {
      // As it is: without the label that made it one of ours.
      observed.stable_service = ShownObject(IdentityOf(*adoptee_->service), cluster::ToValue(*adoptee_->service));
      observed.stable_service_revision = SelectedBy(*view, observed.adoption);
    }
  }
  if (!observed.adoption || !observed.adoption->not_yet.empty()) return;
  if (ByPartition()) {
    const auto view = adoptee_->deployment != nullptr ? ViewStatefulSet(marked(adoptee_->deployment)) : std::nullopt;
    if (!view) return;
    const Identity id = IdentityOf(*adoptee_->deployment);
    return ShowStatefulSet(shared_.world, *graph_, id, *view, /*drifted=*/true, observed);
  }
  decide::ObservedRevision& seen = observed.revisions[observed.adoption->revision];
  if (!seen.deployment && adoptee_->deployment != nullptr) {
    if (const auto view = ViewDeployment(marked(adoptee_->deployment))) {
      seen.deployment = ShownDeployment(IdentityOf(*adoptee_->deployment), *view);
      seen.deployment->drifted = true;
    }
  }
  if (adoptee_->budget != nullptr) {
    const decide::ObjectName name{graph::kBudgetApiVersion, graph::kBudgetKind, name_.first, graph_->adopts->budget};
    seen.companions.try_emplace(name, ShownObject(IdentityOf(*adoptee_->budget), cluster::ToValue(*adoptee_->budget)));
  }
}

}  // namespace sluice::execute
