// Which graph a round walks, and which bundles are kept for it.
#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "reconciler/execute/acts.h"
#include "reconciler/execute/runner.h"
#include "reconciler/telemetry/log.h"

namespace sluice::execute {

using decide::Phase;
using telemetry::Log;
using telemetry::LogKey;
using telemetry::LogLevel;

namespace {

// "" where each revision has a Deployment of its own.
std::string StatefulSetOf(const graph::Graph& graph) {
  return graph.adopts && graph.adopts->by_partition ? graph.adopts->deployment : "";
}

}  // namespace

std::vector<BundleRef> Runner::Refs() const {
  std::vector<BundleRef> refs = stored_.bundles;
  const auto same = [this](const BundleRef& ref) { return ref.digest == view_.digest; };
  if (!view_.digest.empty() && std::none_of(refs.begin(), refs.end(), same)) {
    refs.push_back({view_.revision, view_.bundle, view_.digest});
  }
  return refs;
}

// A rollout with nothing to do reads what runs and nothing else: else each of its pods that comes or goes would cost a
// read for every revision that an undo could ask for.
std::vector<BundleRef> Runner::RefsToLoad() const {
  std::vector<BundleRef> refs = Refs();
  const decide::Status& status = stored_.status;
  const World& world = shared_.world;
  const bool busy = status.phase != Phase::kSettled || view_.digest != status.accepted_digest || deleting_ ||
                    service_.empty() || !world.commands().InGroup(name_.first, name_.second).empty();
  if (busy) return refs;
  std::set<decide::Revision> run(status.leaving.begin(), status.leaving.end());
  run.insert(status.stable);
  for (const auto* entry : world.deployments().InGroup(name_.first, service_)) run.insert(entry->view.revision);
  for (const auto* entry : world.stateful_sets().InGroup(name_.first, service_)) {
    run.insert({entry->view.revision, entry->view.below});
  }
  std::erase_if(refs, [&](const BundleRef& ref) { return ref.digest != view_.digest && !run.contains(ref.revision); });
  return refs;
}

void Runner::WithBundles() {
  // One that was made anew may be better.
  std::uint64_t newest = 0;
  for (const auto* bundle : shared_.world.bundles().InGroup(name_.first, name_.second)) {
    newest = std::max(newest, bundle->id.version);
  }
  if (std::exchange(newest_bundle_, newest) != newest) bundles_.Reconsider();
  bundles_.Load(RefsToLoad(), Safe([this] {
                  unread_in_row_ = bundles_.Unread(view_.digest) ? unread_in_row_ + 1 : 0;
                  // Without what describes a revision that runs nothing sound can be decided.
                  if (const Error* unread = bundles_.UnreadBut(view_.digest)) {
                    Log(LogLevel::kWarning, "a bundle can't be read",
                        {{LogKey::kRollout, name_.second}, {LogKey::kError, unread->message}});
                    return Backoff(*unread);
                  }
                  if (ChooseGraph()) return WithAdoptee();
                  // Nothing was ever made, or a process that died here had taken the bundles away already.
                  const bool nothing_left = deleting_ && stored_.status.phase == Phase::kIdle;
                  return nothing_left ? RemoveFinalizer() : Finish(std::nullopt);
                }));
}

// The service whose pods are this rollout's, by what stands in the cluster; "" where the accepted bundle says it, or
// nothing was accepted.
std::string Runner::OwnedService() const {
  const std::string& accepted = stored_.status.accepted_digest;
  if (accepted.empty() || bundles_.Find(accepted) != nullptr) return "";
  for (const auto& [name, entry] : shared_.world.deployments().entries()) {
    if (name.first == name_.first && entry.view.owner == uid_) return entry.view.group;
  }
  return "";
}

// The graph to walk: git's, or the accepted one while git's can't be accepted. False: neither is there.
bool Runner::ChooseGraph() {
  const std::string& accepted = stored_.status.accepted_digest;
  graph_ = bundles_.Find(view_.digest);
  graph_digest_ = view_.digest;
  rejected_ = graph_ == nullptr ? bundles_.WhyNot(view_.digest) : "";
  accepted_ = nullptr;
  if (graph_ == nullptr) {
    graph_ = bundles_.Find(accepted);
    graph_digest_ = accepted;
  } else if (accepted != view_.digest) {
    accepted_ = bundles_.Find(accepted);
  }
  // Pods, Services and revisions are the service's: those of one are no candidate for another.
  const std::string runs = accepted_ != nullptr ? accepted_->service : OwnedService();
  if (graph_ != nullptr && !runs.empty() && runs != graph_->service) {
    rejected_ =
        fmt::format("it deploys service {}, and {} is what this rollout runs; give the new one a name of its own",
                    graph_->service, runs);
    graph_ = std::exchange(accepted_, nullptr);
    graph_digest_ = accepted;
  }
  if (graph_ != nullptr && accepted_ != nullptr && !stored_.status.stable.empty() &&
      StatefulSetOf(*accepted_) != StatefulSetOf(*graph_)) {
    const auto name = [](const graph::Graph& graph) {
      return StatefulSetOf(graph).empty() ? "a Deployment" : "StatefulSet " + StatefulSetOf(graph);
    };
    rejected_ = fmt::format(
        "its pods are of {}, and {} is what this rollout runs: its pods would have other names and volumes; give the "
        "new "
        "one a service and a rollout of its own",
        name(*graph_), name(*accepted_));
    graph_ = std::exchange(accepted_, nullptr);
    graph_digest_ = accepted;
  }
  if (std::exchange(rejection_told_, rejected_) != rejected_ && !rejected_.empty()) {
    Log(LogLevel::kError, "the bundle is not accepted",
        {{LogKey::kRollout, name_.second}, {LogKey::kError, rejected_}});
  }
  if (graph_ == nullptr) return false;
  service_ = graph_->service;
  if (routed_for_ != graph_digest_) {
    routed_ = RoutedObjects(*graph_);
    routed_for_ = graph_digest_;
  }
  for (const auto* objects : {&routed_, &stored_.status.applied.objects}) {
    for (const decide::ObjectName& object : *objects) {
      shared_.world.WatchOwned({object.api_version, object.kind});
    }
  }
  workloads_.clear();
  for (const BundleRef& ref : Refs()) {
    const Bundles::Graph graph = bundles_.Find(ref.digest);
    if (graph != nullptr) workloads_[graph->workload.revision] = {graph, &graph->workload};
  }
  return true;
}

// The graph that the core has decided on: the accepted one while it puts off an edit of the router.
const Bundles::Graph& Runner::InForce() const {
  const bool deferred = accepted_ != nullptr && stored_.status.accepted_digest != graph_digest_;
  return deferred ? accepted_ : graph_;
}

// Bundles that nothing needs, and that are older than the one git wants: a newer one may be about to be wanted.
void Runner::CollectBundles() {
  const auto* wanted = shared_.world.bundles().Find({name_.first, view_.bundle});
  if (wanted == nullptr) return;
  for (const auto* bundle : shared_.world.bundles().InGroup(name_.first, name_.second)) {
    const auto is_this = [&](const BundleRef& ref) { return ref.name == bundle->id.name.second; };
    if (std::any_of(stored_.bundles.begin(), stored_.bundles.end(), is_this)) continue;
    if (bundle->id.version >= wanted->id.version || bundle->id.deleting) continue;
    acts_->Discard({shared_.world.bundles().kind(), name_.first, bundle->id.name.second}, bundle->id.uid);
  }
}

}  // namespace sluice::execute
