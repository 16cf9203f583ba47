// A real control plane with what deploy/ gives a cluster, a repository of plans, and the program on both.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/cluster/control_plane.h"
#include "tests/cluster/installation.h"
#include "tests/cluster/pod_keeper.h"

namespace sluice::cluster {

// The plan of a service of four pods and of its rollout in three steps, both in the namespace `web`.
struct PlanText {
  std::string tag;
  std::string service = "web";
  std::string declarations = "", clauses = "", first_step = "hold   1s";
  std::string replicas = "4";
};
std::string Write(const PlanText& plan);

class Scene {
 public:
  // With the namespace `web`, definitions, roles, the admission policy, and two pods to run the program in.
  explicit Scene(std::unique_ptr<ControlPlane> plane);

  // Makes these the plans of the repository.
  void Commit(std::map<std::string, std::string> files);
  void CommitVersion(const std::string& tag) { Commit({{"plans/web.plan", Write({tag})}}); }

  // In the container of a pod, "first" or "second": whoever is started again there need not wait for its lease. With
  // the rights of the service account and no others.
  std::vector<std::string> Command(const std::string& pod = "first", bool once = true) const;
  // To the end; its exit status.
  int Reconcile();
  void ReconcileUntilKilled(std::chrono::milliseconds after);
  // What a person's command prints, and its exit status. `who`: "" the administrator, or one of the cluster's users.
  std::pair<std::string, int> Person(std::vector<std::string> words, const std::string& who = "");
  std::pair<std::string, int> PersonBy(const std::string& kubeconfig, std::vector<std::string> words);
  // A kubeconfig whose user has these fields.
  std::string KubeconfigWith(const Json& user, const std::string& name);
  // A kubeconfig of that user by token: see tests/cluster/start.sh.
  std::string KubeconfigOf(const std::string& who);
  // Gives the group `people` a cluster role in the namespace `web`.
  void Bind(const std::string& cluster_role);

  // As the administrator.
  Result<SharedJson> Ask(Request request) { return administrator_.Ask(std::move(request)); }
  Result<SharedJson> AskAs(const std::string& who, Request request);
  // Applies each document of a YAML file.
  void Apply(const std::string& file) { ApplyFile(administrator_, file); }

  Json Rollout();
  // "web:1 4": ready pods by image.
  std::string Ready();
  // Whether `sluice status` says `text` before a minute is over.
  bool Shows(const std::string& text, const std::string& rollout = "web");
  // "True Settled": of the condition Ready.
  std::string ReadyReason();

  const std::string& log() const { return log_; }
  const ControlPlane& plane() const { return *plane_; }
  const std::string& scratch() const { return scratch_.path(); }

 private:
  std::string authorities() const;

  std::unique_ptr<ControlPlane> plane_;
  git::ScratchDirectory git_, scratch_;
  git::TestRepository repository_{git_.path()};
  std::string commit_;
  std::map<std::string, std::string> pods_;  // uids by name
  const std::string log_ = scratch_.path() + "/reconcile.log";
  const std::string account_ = scratch_.path() + "/account.kubeconfig";  // of the service account
  PodKeeper keeper_;
  Administrator administrator_;
};

// The exit status of what ends by itself within two minutes.
int Ended(servers::Server& process);

}  // namespace sluice::cluster
