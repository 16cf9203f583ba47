// A whole reconciler in virtual time: commits in memory, the real compiler, the embedded cluster.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "reconciler/cluster/failing_cluster.h"
#include "reconciler/embedded/embedded_cluster.h"
#include "reconciler/embedded/embedded_http.h"
#include "reconciler/loop/virtual_loop.h"
#include "reconciler/reconciler.h"
#include "tests/sync/memory_repository.h"

namespace sluice::execute {

class Scene {
 public:
  // What a process asks instead of the embedded cluster itself: made anew for each.
  using Between = std::function<std::unique_ptr<cluster::Cluster>(Scene& scene)>;

  explicit Scene(embedded::World world = {}, std::uint64_t seed = 1, embedded::Lags lags = {}, Between between = {});
  ~Scene();

  // A process of the reconciler begins; one that runs dies without a word.
  void Start(bool once = false);
  void Kill();

  void RunFor(Duration duration) { loop.RunFor(duration); }
  // Until the rollout is in that phase and every round is over; whether it came to that.
  bool RunUntil(const std::function<bool()>& done, Duration at_most);
  bool RunUntilAtRest(Duration at_most = Duration(600'000));

  // As stored.
  decide::Status StatusOf(const std::string& rollout) const;
  cluster::Json Object(const std::string& api_version, const std::string& kind, const std::string& name) const;
  std::vector<std::string> Names(const std::string& api_version, const std::string& kind) const;
  std::string Command(const std::string& rollout, const std::string& verb,
                      cluster::Json more = cluster::Json::object());

  loop::VirtualLoop loop;
  std::unique_ptr<embedded::EmbeddedCluster> embedded;
  std::unique_ptr<cluster::FailingCluster> cluster;  // between the two
  embedded::NoHttp outside;
  std::unique_ptr<embedded::EmbeddedHttp> http;
  sync::MemoryRepository repository;
  telemetry::Metrics metrics;
  std::unique_ptr<sync::LoopWorker> worker;
  std::unique_ptr<Reconciler> reconciler;
  std::optional<ReconcileOutcome> outcome;

 private:
  const Between between_;
  std::unique_ptr<cluster::Cluster> asked_;  // of the process; null: the embedded one itself
  int starts_ = 0, commands_ = 0;
};

// Images whose tag is `bad` answer three requests of ten with 500; nothing else is said of the world.
embedded::World BadImages();

// Plans for tests: one service with a rollout through a gateway, held for `hold`.
std::string ShopPlan(const std::string& tag, const std::string& hold = "6s", const std::string& more = "");

// Four pods of a Deployment `web`, Service `checkout` and a disruption budget, as somebody made them who knows nothing
// of Sluice.
std::vector<cluster::Json> Legacy(const std::string& tag);
// The same with a StatefulSet that has storage, and the Service by which its pods know each other; no budget.
std::vector<cluster::Json> LegacyInPlace(const std::string& tag, const std::string& management = "OrderedReady");
// Such objects in a file.
std::string ToYaml(const std::vector<cluster::Json>& objects);
// Makes them, as that somebody.
void Put(Scene& scene, const std::vector<cluster::Json>& objects);

}  // namespace sluice::execute
