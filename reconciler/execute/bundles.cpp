#include "reconciler/execute/bundles.h"

#include <algorithm>
#include <utility>

#include "compiler/graph/names.h"
#include "reconciler/execute/bundle.h"

namespace sluice::execute {

Bundles::Bundles(cluster::Cluster& cluster, std::string in_namespace, std::string rollout)
    : cluster_(cluster),
      namespace_(std::move(in_namespace)),
      rollout_(std::move(rollout)),
      self_(std::make_shared<Bundles*>(this)) {}

Bundles::~Bundles() { *self_ = nullptr; }

void Bundles::Load(std::vector<BundleRef> refs, const std::function<void()>& done) {
  unread_.clear();
  // Last first, so that LoadNext takes from the back.
  std::reverse(refs.begin(), refs.end());
  LoadNext(std::make_shared<std::vector<BundleRef>>(std::move(refs)), done);
}

void Bundles::LoadNext(const std::shared_ptr<std::vector<BundleRef>>& refs, const std::function<void()>& done) {
  const auto known = [this](const std::string& digest) {
    return graphs_.contains(digest) || rejected_.contains(digest) || unread_.contains(digest);
  };
  while (!refs->empty() && known(refs->back().digest)) refs->pop_back();
  if (refs->empty()) return done();
  const BundleRef ref = refs->back();
  const cluster::ObjectKey key{{graph::kApiVersion, graph::kBundleKind}, namespace_, ref.name};
  cluster_.Send(cluster::Get{key}, [self = self_, ref, refs, done](const Result<cluster::SharedJson>& got) {
    if (*self == nullptr) return;
    Bundles& bundles = **self;
    if (!got) {
      const Error& error = got.error();
      const bool absent = error.code == ErrorCode::kNotFound;
      bundles.unread_[ref.digest] = {error.code,
                                     "bundle " + ref.name + (absent ? " does not exist" : ": " + error.message)};
    } else if (auto graph = AcceptBundle(**got, ref.digest, bundles.namespace_, bundles.rollout_); graph.ok()) {
      bundles.graphs_[ref.digest] = std::move(graph).value();
    } else {
      bundles.rejected_[ref.digest] = "bundle " + ref.name + ": " + graph.error().message;
    }
    bundles.LoadNext(refs, done);
  });
}

Bundles::Graph Bundles::Find(const std::string& digest) const {
  const auto found = graphs_.find(digest);
  return found == graphs_.end() ? nullptr : found->second;
}

std::string Bundles::WhyNot(const std::string& digest) const {
  if (const auto found = rejected_.find(digest); found != rejected_.end()) return found->second;
  const auto found = unread_.find(digest);
  return found == unread_.end() ? "" : found->second.message;
}

const Error* Bundles::UnreadBut(const std::string& wanted) const {
  const auto found = std::find_if(unread_.begin(), unread_.end(), [&](const auto& entry) {
    return entry.first != wanted && entry.second.code != ErrorCode::kNotFound;
  });
  return found == unread_.end() ? nullptr : &found->second;
}

std::vector<BundleRef> NeededBundles(const decide::Status& status, const std::vector<BundleRef>& known,
                                     const std::string& wanted_digest) {
  std::set<decide::Revision> revisions(status.promoted.begin(), status.promoted.end());
  revisions.insert(status.leaving.begin(), status.leaving.end());
  revisions.insert(status.stable);
  revisions.insert(status.candidate);
  std::vector<BundleRef> needed;
  for (auto ref = known.rbegin(); ref != known.rend(); ++ref) {
    // The newest bundle of a revision describes it: an older one differs in its steps only.
    const bool newest = revisions.erase(ref->revision) > 0;
    if (newest || ref->digest == status.accepted_digest || ref->digest == wanted_digest) needed.push_back(*ref);
  }
  std::reverse(needed.begin(), needed.end());
  return needed;
}

}  // namespace sluice::execute
