#include "tests/cluster/scene.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <thread>
#include <utility>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace sluice::cluster {
namespace {

const Kind kRollout{"sluice.dev/v1alpha1", "Rollout"};

}  // namespace

std::string Write(const PlanText& plan) {
  return fmt::format(R"({}
service {} {{
  namespace "web"
  image     "example.com/web:{}"
  replicas  {}
  port      http 8080
  probe     ready http "/readyz" every 1s
  cpu       0.1
  memory    64Mi
  disruption 1
  config    "/etc/web" from "config/*"
}}

rollout {} {{
  deploy   {}
  deadline 5m
  drain    0s
  {}
  step first {{
    weight 25%
    {}
  }}
  step half {{
    weight 50%
    hold   1s
  }}
  step full {{
    weight 100%
  }}
}}
)",
                     plan.declarations, plan.service, plan.tag, plan.replicas, plan.service, plan.service, plan.clauses,
                     plan.first_step);
}

Scene::Scene(std::unique_ptr<ControlPlane> plane)
    : plane_(std::move(plane)), keeper_(plane_->kubeconfig()), administrator_(plane_->kubeconfig()) {
  const Json space = {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", "web"}}}};
  REQUIRE(Ask(Create{space, "test"}).ok());
  pods_ = Install(administrator_, authorities(), account_);
}

void Scene::Commit(std::map<std::string, std::string> files) {
  files["plans/config/app.conf"] = "a = 1\n";
  commit_ = repository_.Commit("main", files, commit_);
}

std::vector<std::string> Scene::Command(const std::string& pod, bool once) const {
  std::vector<std::string> command = {"/usr/bin/env",
                                      "POD_NAME=" + pod,
                                      "POD_UID=" + pods_.at(pod),
                                      std::string(SLUICE_BINARY),
                                      "reconcile",
                                      "--repo",
                                      git_.path(),
                                      "--path",
                                      "plans",
                                      "--cluster",
                                      account_,
                                      "--listen",
                                      "127.0.0.1:0",
                                      "--interval",
                                      "0.2"};
  if (once) command.emplace_back("--once");
  return command;
}

int Scene::Reconcile() {
  const int status = servers::Run(Command(), log_);
  UNSCOPED_INFO(servers::ReadFile(log_));
  return status;
}

void Scene::ReconcileUntilKilled(std::chrono::milliseconds after) {
  servers::Server process(Command(), log_);
  std::this_thread::sleep_for(after);
}

std::pair<std::string, int> Scene::Person(std::vector<std::string> words, const std::string& who) {
  return PersonBy(who.empty() ? plane_->kubeconfig() : KubeconfigOf(who), std::move(words));
}

std::pair<std::string, int> Scene::PersonBy(const std::string& kubeconfig, std::vector<std::string> words) {
  words.insert(words.begin(), std::string(SLUICE_BINARY));
  words.insert(words.end(), {"--kubeconfig", kubeconfig});
  const std::string out = scratch_.path() + "/person";
  std::filesystem::remove(out);  // it is appended to
  const int status = servers::Run(words, out);
  return {servers::ReadFile(out), status};
}

std::string Scene::KubeconfigOf(const std::string& who) {
  const std::vector<std::string> token = servers::ReadLines(plane_->directory() + "/user-" + who + ".token");
  REQUIRE(token.size() == 1);
  return KubeconfigWith({{"token", token.front()}}, who);
}

void Scene::Bind(const std::string& cluster_role) {
  const std::string group = "rbac.authorization.k8s.io";
  const Json binding = {{"apiVersion", group + "/v1"},
                        {"kind", "RoleBinding"},
                        {"metadata", {{"name", cluster_role}, {"namespace", "web"}}},
                        {"roleRef", {{"apiGroup", group}, {"kind", "ClusterRole"}, {"name", cluster_role}}},
                        {"subjects", Json::array({{{"apiGroup", group}, {"kind", "Group"}, {"name", "people"}}})}};
  REQUIRE(Ask(Create{binding, "test"}).ok());
}

Result<SharedJson> Scene::AskAs(const std::string& who, Request request) {
  return Administrator(KubeconfigOf(who)).Ask(std::move(request));
}

Json Scene::Rollout() { return **Ask(Get{{kRollout, "web", "web"}}); }

std::string Scene::Ready() {
  std::vector<std::string> ready;
  const auto list = Ask(ListObjects{{"apps/v1", "Deployment"}, "web", {}});
  for (const Json& deployment : List(**list, {"items"})) {
    const Json& container = List(deployment, {"spec", "template", "spec", "containers"}).at(0);
    ready.push_back(
        fmt::format("{} {}", Text(container, {"image"}).substr(12), Integer(deployment, {"status", "readyReplicas"})));
  }
  std::sort(ready.begin(), ready.end());
  return fmt::format("{}", fmt::join(ready, ", "));
}

bool Scene::Shows(const std::string& text, const std::string& rollout) {
  std::string shown;
  for (int i = 0; i < 300; ++i) {
    shown = Person({"status", rollout}).first;
    if (shown.find(text) != std::string::npos) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  UNSCOPED_INFO(shown);
  return false;
}

std::string Scene::ReadyReason() {
  const Json rollout = Rollout();
  for (const Json& condition : List(rollout, {"status", "conditions"})) {
    if (Says(condition, {"type"}, "Ready")) return Text(condition, {"status"}) + " " + Text(condition, {"reason"});
  }
  return "";
}

std::string Scene::authorities() const { return fmt::format("{}/ca.crt", plane_->directory()); }

std::string Scene::KubeconfigWith(const Json& user, const std::string& name) {
  std::string file = fmt::format("{}/{}.kubeconfig", scratch_.path(), name);
  servers::WriteFile(file, KubeconfigText(administrator_.server(), authorities(), user));
  return file;
}

int Ended(servers::Server& process) {
  for (int i = 0; i < 600 && process.IsRunning(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(200));
  return process.ended().value_or(-1);
}

}  // namespace sluice::cluster
