#include "tests/proxy/chronicle.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "compiler/base/check.h"
#include "compiler/graph/names.h"
#include "tests/cluster/pod_keeper.h"

namespace sluice::proxy {
namespace {

constexpr std::chrono::seconds kPatience{60};

}  // namespace

using cluster::Json;
using cluster::Kind;

Chronicle::Chronicle(const std::string& kubeconfig) : cluster_(cluster::Connect(kubeconfig, http_, loop_)) {
  loop_.SetWaiter(&http_);
  const std::vector<Kind> kinds = {{graph::kApiVersion, graph::kRolloutKind},
                                   {graph::kApiVersion, graph::kBundleKind},
                                   {graph::kApiVersion, graph::kCommandKind},
                                   {"apps/v1", "Deployment"},
                                   {"v1", "Pod"},
                                   {"v1", "Service"},
                                   {"v1", graph::kConfigMapKind},
                                   {graph::kBudgetApiVersion, graph::kBudgetKind},
                                   {graph::kJobApiVersion, graph::kJobKind}};
  for (const Kind& kind : kinds) {
    cluster_->Watch({kind, "", {}}, [this](const cluster::Event& event) { Hear(event); });
  }
  thread_ = std::thread([this] { loop_.Run(); });
  // What was defined a moment ago can't be watched at once.
  std::unique_lock lock(mutex_);
  const bool listens = listens_.wait_for(lock, kPatience, [&] { return synced_ >= kinds.size(); });
  SLUICE_CHECK(listens);
}

Chronicle::~Chronicle() {
  loop_.Stop();
  thread_.join();
}

void Chronicle::Hear(const cluster::Event& event) {
  const std::lock_guard lock(mutex_);
  if (event.type == cluster::EventType::kSynced) {
    ++synced_;
    return listens_.notify_all();
  }
  const std::string version = cluster::Text(*event.object, {"metadata", "resourceVersion"});
  heard_[cluster::Text(*event.object, {"metadata", "namespace"})].push_back(
      {std::strtoull(version.c_str(), nullptr, 10), event.type, *event.object});
}

std::vector<Write> Chronicle::Of(const View& view) const {
  std::vector<Write> writes;
  {
    const std::lock_guard lock(mutex_);
    const auto found = heard_.find(view.real());
    if (found != heard_.end()) writes = found->second;
  }
  for (Write& write : writes) write.object = cluster::ParseJson(view.Outwards(write.object.dump()));
  std::stable_sort(writes.begin(), writes.end(), [](const Write& a, const Write& b) { return a.version < b.version; });
  return writes;
}

}  // namespace sluice::proxy
