#include "tests/cluster/pod_keeper.h"

#include <fmt/format.h>

#include "reconciler/kubernetes/kubeconfig.h"

namespace sluice::cluster {
namespace {

constexpr const char* kNode = "kept";
constexpr Duration kStart{200};
constexpr Duration kBeat{5'000};
constexpr Duration kRetry{1'000};

Json Condition(const char* type, bool status) {
  return {{"type", type}, {"status", status ? "True" : "False"}, {"lastTransitionTime", "2026-01-01T00:00:00Z"}};
}

// What is run to its end: one whose image's tag begins with "bad" fails with a word.
Json EndOf(const Json& pod) {
  const Json& container = List(pod, {"spec", "containers"}).at(0);
  const bool fails = Text(container, {"image"}).find(":bad") != std::string::npos;
  Json ended = {{"exitCode", fails ? 3 : 0},
                {"reason", fails ? "Error" : "Completed"},
                {"startedAt", "2026-01-01T00:00:00Z"},
                {"finishedAt", "2026-01-01T00:00:01Z"}};
  if (fails) ended["message"] = "no such table: orders\n";
  return {{"phase", fails ? "Failed" : "Succeeded"},
          {"startTime", "2026-01-01T00:00:00Z"},
          {"conditions", Json::array({Condition("Initialized", true), Condition("Ready", false),
                                      Condition("ContainersReady", false), Condition("PodScheduled", true)})},
          {"containerStatuses", Json::array({{{"name", Text(container, {"name"})},
                                              {"image", Text(container, {"image"})},
                                              {"imageID", ""},
                                              {"ready", false},
                                              {"restartCount", 0},
                                              {"state", {{"terminated", std::move(ended)}}}}})}};
}

// One whose image's tag begins with "bad" crashes again and again.
Json StatusOf(const Json& pod, int address) {
  if (Text(pod, {"spec", "restartPolicy"}) == "Never") return EndOf(pod);
  const Json& container = List(pod, {"spec", "containers"}).at(0);
  const bool crashes = Text(container, {"image"}).find(":bad") != std::string::npos;
  Json state = crashes ? Json{{"waiting", {{"reason", "CrashLoopBackOff"}, {"message", "back-off restarting"}}}}
                       : Json{{"running", {{"startedAt", "2026-01-01T00:00:00Z"}}}};
  Json containers = Json::array({{{"name", Text(container, {"name"})},
                                  {"image", Text(container, {"image"})},
                                  {"imageID", ""},
                                  {"ready", !crashes},
                                  {"started", !crashes},
                                  {"restartCount", crashes ? 4 : 0},
                                  {"state", std::move(state)}}});
  const std::string ip = fmt::format("10.128.{}.{}", address / 250, address % 250 + 1);
  return {{"phase", "Running"},
          {"podIP", ip},
          {"podIPs", Json::array({{{"ip", ip}}})},
          {"hostIP", "192.0.2.1"},
          {"startTime", "2026-01-01T00:00:00Z"},
          {"conditions", Json::array({Condition("Initialized", true), Condition("Ready", !crashes),
                                      Condition("ContainersReady", !crashes), Condition("PodScheduled", true)})},
          {"containerStatuses", std::move(containers)}};
}

}  // namespace

std::unique_ptr<kubernetes::KubernetesCluster> Connect(const std::string& kubeconfig, http::StreamingHttp& http,
                                                       loop::Loop& loop) {
  return std::make_unique<kubernetes::KubernetesCluster>(
      http, loop, kubernetes::Access(kubernetes::LoadKubeconfig(kubeconfig, {}).value(), kubernetes::ReadWholeFile),
      kubernetes::ClusterOptions{});
}

PodKeeper::PodKeeper(const std::string& kubeconfig)
    : cluster_(Connect(kubeconfig, http_, loop_)),
      access_(kubernetes::LoadKubeconfig(kubeconfig, {}).value(), kubernetes::ReadWholeFile) {
  loop_.SetWaiter(&http_);
  Register();
  cluster_->Watch({{"v1", "Pod"}, "", {}}, [this](const Event& event) {
    if (event.type == EventType::kAdded || event.type == EventType::kModified) Keep(*event.object);
  });
  // Where there is no such kind, it is asked for now and then.
  cluster_->Watch({{"gateway.networking.k8s.io/v1", "HTTPRoute"}, "", {}}, [this](const Event& event) {
    if (event.type == EventType::kAdded || event.type == EventType::kModified) Accept(*event.object);
  });
  thread_ = std::thread([this] { loop_.Run(); });
}

PodKeeper::~PodKeeper() {
  loop_.Stop();
  thread_.join();
}

void PodKeeper::Register() {
  const Json room = {{"cpu", "64"}, {"memory", "256Gi"}, {"pods", "1000"}};
  const Json node = {
      {"apiVersion", "v1"},
      {"kind", "Node"},
      {"metadata", {{"name", kNode}}},
      {"status", {{"capacity", room}, {"allocatable", room}, {"conditions", Json::array({Condition("Ready", true)})}}}};
  cluster_->Send(Create{node, "test"}, [this, node](const Result<SharedJson>&) {
    cluster_->Send(ReplaceStatus{node}, [](const Result<SharedJson>&) {});
  });
  Beat();
}

// A node whose lease isn't renewed is lost after 40 s, and its pods with it.
void PodKeeper::Beat() {
  const Json lease = {{"apiVersion", "coordination.k8s.io/v1"},
                      {"kind", "Lease"},
                      {"metadata", {{"name", kNode}, {"namespace", "kube-node-lease"}}},
                      {"spec",
                       {{"holderIdentity", kNode},
                        {"leaseDurationSeconds", 40},
                        {"renewTime", FormatTime(loop_.Now()).substr(0, 19) + ".000000Z"}}}};
  cluster_->Send(Apply{lease, "test", true}, [](const Result<SharedJson>&) {});
  loop_.After(kBeat, [this] { Beat(); });
}

void PodKeeper::Keep(const Json& pod) {
  if (Text(pod, {"spec", "nodeName"}).empty()) return;
  const std::string uid = Text(pod, {"metadata", "uid"});
  if (pod.at("metadata").contains("deletionTimestamp")) {
    if (!ended_.insert(uid).second) return;
    client_.Send({"DELETE",
                  fmt::format("/api/v1/namespaces/{}/pods/{}?gracePeriodSeconds=0",
                              Text(pod, {"metadata", "namespace"}), Text(pod, {"metadata", "name"})),
                  "", ""},
                 [this, pod](const kubernetes::Answer& answer) {
                   if (answer.result || answer.result.error().code == ErrorCode::kNotFound) return;
                   KeepAgain(ended_, pod);
                 });
    return;
  }
  if (!kept_.insert(uid).second) return;
  Json kept = pod;
  kept["status"] = StatusOf(pod, static_cast<int>(kept_.size()));
  kept["metadata"].erase("managedFields");
  kept["metadata"].erase("resourceVersion");
  loop_.After(kStart, [this, pod, kept = std::move(kept)] {
    cluster_->Send(ReplaceStatus{kept}, [this, pod](const Result<SharedJson>& answer) {
      if (!answer && answer.error().code != ErrorCode::kNotFound) KeepAgain(kept_, pod);
    });
  });
}

void PodKeeper::Accept(const Json& route) {
  const std::int64_t generation = Integer(route, {"metadata", "generation"});
  const Json& before = List(route, {"status", "parents"});
  if (!before.empty() && Integer(List(before.at(0), {"conditions"}).at(0), {"observedGeneration"}) == generation)
    return;
  Json parents = Json::array();
  for (const Json& parent : List(route, {"spec", "parentRefs"})) {
    Json conditions = Json::array();
    for (const char* type : {"Accepted", "ResolvedRefs"}) {
      Json condition = Condition(type, true);
      cluster::Update(condition, {{"reason", type}, {"message", ""}, {"observedGeneration", generation}});
      conditions.push_back(std::move(condition));
    }
    parents.push_back({{"parentRef", parent}, {"controllerName", "test.dev/kept"}, {"conditions", conditions}});
  }
  Json accepted = route;
  accepted["status"]["parents"] = std::move(parents);
  // After a conflict the watch brings the route as it is now.
  cluster_->Send(ReplaceStatus{accepted}, [](const Result<SharedJson>&) {});
}

// The API server was away.
void PodKeeper::KeepAgain(std::set<std::string>& done, const Json& pod) {
  loop_.After(kRetry, [this, &done, pod] {
    done.erase(Text(pod, {"metadata", "uid"}));
    Keep(pod);
  });
}

}  // namespace sluice::cluster
