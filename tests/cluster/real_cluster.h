// A cluster with real pods, a gateway and Prometheus, the reconciler in it, and rollouts that are under load.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/cluster/control_plane.h"
#include "tests/cluster/installation.h"
#include "tests/cluster/load.h"

namespace sluice::cluster {

// What a scenario found otherwise than it should be.
class Failed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
void Expect(bool so, const std::string& what);

// Scenarios use it from threads of their own.
class RealCluster {
 public:
  // nullptr after "SKIPPED: …" where this machine can't.
  static std::unique_ptr<RealCluster> Start();
  ~RealCluster();
  RealCluster(const RealCluster&) = delete;
  RealCluster& operator=(const RealCluster&) = delete;

  // The plan of that name, with these files in its directory `config/NAME`; "" takes it out.
  void Commit(const std::string& name, const std::string& text, const std::map<std::string, std::string>& files = {});

  // The reconciler in the pod "first" or "second". `lease`: seconds, see --lease.
  std::unique_ptr<servers::Server> Reconcile(const std::string& pod = "first", int lease = 15);
  // What a person's command prints, and its exit status.
  std::pair<std::string, int> Person(std::vector<std::string> words);

  const ControlPlane& plane() const { return *plane_; }
  std::string kubeconfig() const { return plane_->kubeconfig(); }
  std::string log(const std::string& pod) const { return scratch_.path() + "/" + pod + ".log"; }

 private:
  explicit RealCluster(std::unique_ptr<ControlPlane> plane);
  // In place of Prometheus' discovery, which Debian's is built without: tells it of the pods, with labels as a labelmap
  // makes them.
  void TellPrometheus();

  std::unique_ptr<ControlPlane> plane_;
  git::ScratchDirectory git_, scratch_;
  std::mutex mutex_;  // guards what follows
  git::TestRepository repository_{git_.path()};
  std::map<std::string, std::string> files_;
  std::string commit_;
  int persons_ = 0;
  std::map<std::string, std::string> pods_;  // uids by name
  std::atomic<bool> ending_ = false;
  std::thread teller_;
};

struct ShopPlan {
  std::string name;  // of service, rollout, route and namespace
  std::string via;   // a router; "": none
  std::string body;  // of the rollout, beside `deploy` and `through`
  int replicas = 4;
  std::string tag = "1";
  std::string clauses = {};  // of the service
  std::map<std::string, std::string> files = {};
  std::string counted = {};  // behind `replicas`: "to 8 at cpu 75%"
  bool adopted = false;      // runs before it is in git, as ManifestsOf has it
  bool in_place = false;     // so, as a StatefulSet
  bool plain = false;        // has neither a rollout nor a route
};
std::string ToText(const ShopPlan& plan);
// A Deployment or StatefulSet `legacy`, Service NAME and a disruption budget, as a team wrote them that knew nothing of
// Sluice.
std::string ManifestsOf(const ShopPlan& plan);

// A service with its rollout. Not for several threads.
class Shop {
 public:
  // The namespace is made; the plan's tag is installed. One that is adopted runs, and is in no commit yet.
  Shop(RealCluster& cluster, ShopPlan plan);

  ShopPlan plan;
  void Commit();
  void Release(const std::string& tag);

  Json Rollout();
  // As many pods of it are available as the plan says.
  void AwaitPods(const std::string& workload, const std::string& kind = "Deployment");
  // Until it is so; Failed after `limit`.
  Json Await(const std::string& what, const std::function<bool(const Json& rollout)>& so,
             Duration limit = Duration(90'000));
  // The run of `tag` has ended as promoted, after the runs that were there, and the rollout is settled.
  Json AwaitPromoted(const std::string& tag, Duration limit = Duration(90'000));
  // The run of that number has, and it has ended.
  Json AwaitPromoted(std::int64_t run);
  // "half/hold" is under way.
  Json AwaitNode(const std::string& node, Duration limit = Duration(60'000));
  Json AwaitHeld(Duration limit = Duration(90'000));
  std::int64_t run() { return Integer(Rollout(), {"status", "run"}); }

  // Evicts each pod that is there now, as soon as its budget lets it go. The fewest that were left ready by one.
  std::int64_t EvictAll();

  // The uids of the pods whose names begin so.
  std::set<std::string> Pods(const std::string& prefix);
  // Of the Deployment that was there before.
  std::set<std::string> LegacyPods() { return Pods("legacy-"); }

  // How many objects of a kind carry the rollout's label: Jobs, and pods of Jobs only.
  std::size_t CountOfRollout(const Kind& kind);

  LoadOptions ThroughGateway() const;
  LoadOptions ToService(const std::string& service = "");

  // What the cluster holds of it but names that chance gave.
  std::string Objects();
  std::string ObjectsAtRest();

  // A word for the report: which share of the answers came from `tag` while that step of that run held, with its
  // bounds. Failed if it is outside them.
  std::string Share(const Load& load, std::int64_t run, const std::string& step, const std::string& tag, double share,
                    bool fresh_only = false);

  RealCluster& cluster() { return cluster_; }
  Administrator& administrator() { return administrator_; }

 private:
  void StartLegacy();

  RealCluster& cluster_;
  Administrator administrator_;
};

// The last run's record; the one of that number.
const Json& LastRun(const Json& rollout);
const Json& RunOf(const Json& rollout, std::int64_t run);
bool IsSettled(const Json& rollout);

}  // namespace sluice::cluster
