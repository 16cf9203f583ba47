#include "reconciler/execute/world.h"

#include <algorithm>
#include <array>

#include "compiler/graph/names.h"

namespace sluice::execute {
namespace {

using cluster::Kind;

const Kind kRollout{graph::kApiVersion, graph::kRolloutKind};
const Kind kBundle{graph::kApiVersion, graph::kBundleKind};
const Kind kCommand{graph::kApiVersion, graph::kCommandKind};
const Kind kDeployment{"apps/v1", "Deployment"};
const Kind kStatefulSet{"apps/v1", "StatefulSet"};
const Kind kService{"v1", "Service"};
const Kind kSlice{"discovery.k8s.io/v1", "EndpointSlice"};
const Kind kPod{"v1", "Pod"};
// Of the objects that come and go with a revision.
const Kind kJob{graph::kJobApiVersion, graph::kJobKind};
const std::array<Kind, 3> kCompanions{{{"v1", graph::kConfigMapKind},
                                       {graph::kBudgetApiVersion, graph::kBudgetKind},
                                       {graph::kAutoscalerApiVersion, graph::kAutoscalerKind}}};

// Slices carry the name of their Service, NAME or NAME-REV: both are named as services to look at.
std::string ServiceOfSlice(const std::string& name) {
  const std::size_t dash = name.rfind('-');
  const bool revision = dash != std::string::npos && name.size() - dash == 9;
  return revision ? name.substr(0, dash) : name;
}

// A cluster has many more. Slices have their Service's labels.
const cluster::LabelSelector kOfServices = {{graph::kServiceLabel, std::nullopt}};

// Of pods, those of Jobs: the pods of services don't have it.
const cluster::LabelSelector kOfRollouts = {{graph::kRolloutLabel, std::nullopt}};

// A view that keeps nothing of the object itself.
template <auto View>
auto Reading(const cluster::SharedJson& object) {
  return View(*object);
}

template <typename Cache>
bool MarkIn(Cache& cache, const cluster::ObjectKey& key, const std::string& uid) {
  if (cache.kind() != key.kind) return false;
  cache.MarkDeleting({key.namespace_, key.name}, uid);
  return true;
}

template <typename Cache>
bool DeletingIn(const Cache& cache, const cluster::ObjectKey& key, const std::string& uid) {
  if (cache.kind() != key.kind) return false;
  const auto* entry = cache.Find({key.namespace_, key.name});
  return entry != nullptr && entry->id.uid == uid && entry->id.deleting;
}

}  // namespace

World::World(cluster::Cluster& cluster, loop::Loop& loop, std::function<void(const Stir&)> stir)
    : cluster_(cluster),
      loop_(loop),
      stir_(std::move(stir)),
      rollouts_(
          cluster, loop, {kRollout, "", {}}, ViewRollout,
          [this](const Name& name, const RolloutView&) {
            stir_({name.first, name.second, ""});
          },
          LookAtAll()),
      bundles_(
          cluster, loop, {kBundle, "", {}}, Reading<ViewBundle>,
          [this](const Name& name, const BundleView& view) {
            // One that is made before it is wanted: the Rollout that will want it tells of it.
            const auto* rollout = rollouts_.Find({name.first, view.group});
            if (rollout == nullptr) return;
            if (rollout->view.accepted == view.digest || rollout->view.bundle == name.second)
              stir_({name.first, view.group, ""});
          },
          LookAtAll()),
      commands_(
          cluster, loop, {kCommand, "", {}}, Reading<ViewCommand>,
          [this](const Name& name, const CommandView& view) {
            stir_({name.first, view.group, ""});
          },
          LookAtAll()),
      deployments_(
          cluster, loop, {kDeployment, "", kOfServices}, ViewDeployment,
          [this](const Name& name, const DeploymentView& view) {
            stir_({.namespace_ = name.first, .service = view.group, .partial = !view.is_complete()});
          },
          LookAtAll()),
      stateful_sets_(
          cluster, loop, {kStatefulSet, "", kOfServices}, ViewStatefulSet,
          [this](const Name& name, const StatefulSetView& view) {
            stir_({.namespace_ = name.first, .service = view.group, .partial = !view.is_complete()});
          },
          LookAtAll()),
      services_(
          cluster, loop, {kService, "", kOfServices}, Reading<ViewService>,
          [this](const Name& name, const ServiceView& view) {
            stir_({name.first, "", view.group});
          },
          LookAtAll()),
      slices_(
          cluster, loop, {kSlice, "", kOfServices}, Reading<ViewSlice>,
          [this](const Name& name, const SliceView& view) {
            const bool partial = !IsComplete(name, view);
            for (const std::string& service : {view.group, ServiceOfSlice(view.group)}) {
              stir_({.namespace_ = name.first, .service = service, .of_pods = true, .partial = partial});
            }
          },
          LookAtAll()),
      pods_(
          cluster, loop, {kPod, "", kOfServices, {"spec"}}, Reading<ViewPod>,
          [this](const Name& name, const PodView& view) {
            stir_({.namespace_ = name.first, .service = view.group, .of_pods = true, .partial = true});
          },
          LookAtAll()),
      job_pods_(
          cluster, loop, {kPod, "", kOfRollouts, {"spec"}}, Reading<ViewJobPod>,
          [this](const Name& name, const JobPodView& view) {
            stir_({name.first, view.rollout, ""});
          },
          LookAtAll()) {
  // Whether a plan names one or not: what it named before must be found to be deleted.
  for (const Kind& kind : kCompanions) WatchOwned(kind);
  WatchOwned(kJob);
}

bool World::IsComplete(const Name& slice, const SliceView& view) const {
  std::size_t ready = 0;
  for (const auto* entry : deployments_.InGroup(slice.first, ServiceOfSlice(view.group))) {
    if (static_cast<std::size_t>(entry->view.ready) == view.pods.size()) return true;
    ready += static_cast<std::size_t>(entry->view.ready);
  }
  return ready == view.pods.size();
}

std::vector<Kind> World::Unsynced() const {
  std::vector<Kind> kinds;
  const auto look = [&kinds](const auto&... caches) {
    const auto add = [&kinds](const auto& cache) {
      if (!cache.synced() && std::find(kinds.begin(), kinds.end(), cache.kind()) == kinds.end()) {
        kinds.push_back(cache.kind());
      }
    };
    (add(caches), ...);
  };
  look(rollouts_, bundles_, commands_, deployments_, stateful_sets_, services_, slices_, pods_, job_pods_);
  for (const auto& [kind, cache] : owned_) look(*cache);
  return kinds;
}

void World::WatchOwned(const Kind& kind) {
  if (kind == kService || owned_.contains(kind)) return;
  owned_[kind] = std::make_unique<WatchCache<OwnedView>>(
      cluster_, loop_, cluster::ListObjects{kind, "", kOfRollouts}, Reading<ViewOwned>,
      [this](const Name& name, const OwnedView& view) {
        stir_({name.first, view.group, ""});
      },
      LookAtAll());
}

std::function<void()> World::LookAtAll() {
  return [this] { stir_({}); };
}

void World::Learn(const cluster::SharedJson& object) {
  const Kind kind = cluster::KeyOf(*object).kind;
  if (kind == kRollout) return rollouts_.Learn(object);
  if (kind == kBundle) return bundles_.Learn(object);
  if (kind == kCommand) return commands_.Learn(object);
  if (kind == kDeployment) return deployments_.Learn(object);
  if (kind == kStatefulSet) return stateful_sets_.Learn(object);
  if (kind == kPod) return pods_.Learn(object);
  if (kind == kService) return services_.Learn(object);
  if (const auto found = owned_.find(kind); found != owned_.end()) found->second->Learn(object);
}

void World::MarkDeleting(const cluster::ObjectKey& key, const std::string& uid) {
  if (MarkIn(rollouts_, key, uid) || MarkIn(bundles_, key, uid) || MarkIn(commands_, key, uid) ||
      MarkIn(deployments_, key, uid) || MarkIn(stateful_sets_, key, uid) || MarkIn(services_, key, uid) ||
      MarkIn(pods_, key, uid)) {
    return;
  }
  if (const auto found = owned_.find(key.kind); found != owned_.end()) MarkIn(*found->second, key, uid);
}

void World::MarkMissing(const cluster::ObjectKey& key) {
  const Name name{key.namespace_, key.name};
  if (key.kind == kBundle) return bundles_.MarkMissing(name);
  if (key.kind == kCommand) return commands_.MarkMissing(name);
  if (key.kind == kDeployment) return deployments_.MarkMissing(name);
  if (key.kind == kStatefulSet) return stateful_sets_.MarkMissing(name);
  if (key.kind == kPod) return pods_.MarkMissing(name);
  if (key.kind == kService) return services_.MarkMissing(name);
  if (const auto found = owned_.find(key.kind); found != owned_.end()) found->second->MarkMissing(name);
}

bool World::IsDeleting(const cluster::ObjectKey& key, const std::string& uid) const {
  if (const auto found = owned_.find(key.kind); found != owned_.end()) return DeletingIn(*found->second, key, uid);
  return DeletingIn(bundles_, key, uid) || DeletingIn(commands_, key, uid) || DeletingIn(deployments_, key, uid) ||
         DeletingIn(services_, key, uid) || DeletingIn(pods_, key, uid);
}

const WatchCache<OwnedView>::Entry* World::FindOwned(const cluster::ObjectKey& key) const {
  const auto found = owned_.find(key.kind);
  return found == owned_.end() ? nullptr : found->second->Find({key.namespace_, key.name});
}

std::vector<const WatchCache<OwnedView>::Entry*> World::CompanionsOf(const Name& rollout) const {
  std::vector<const WatchCache<OwnedView>::Entry*> companions;
  for (const Kind& kind : kCompanions) {
    for (const auto* entry : owned_.at(kind)->InGroup(rollout.first, rollout.second)) companions.push_back(entry);
  }
  return companions;
}

std::vector<const WatchCache<OwnedView>::Entry*> World::JobsOf(const Name& rollout) const {
  return owned_.at(kJob)->InGroup(rollout.first, rollout.second);
}

}  // namespace sluice::execute
