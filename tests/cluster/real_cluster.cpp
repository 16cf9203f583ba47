#include "tests/cluster/real_cluster.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <limits>

#include <fmt/format.h>

#include "compiler/base/check.h"

namespace sluice::cluster {
namespace {

constexpr std::chrono::milliseconds kLookAgain{200};
constexpr Duration kProxiesFollow{2'000};
const Kind kRollouts{"sluice.dev/v1alpha1", "Rollout"};

constexpr const char* kService = R"(
service {0} {{
  namespace "{0}"
  image     "sluice.test/shop:{1}"
  replicas  {2} {4}
  port      http 8080
  probe     ready http "/readyz" every 1s
  cpu       0.02
  memory    16Mi
  {3}
}}
)";
constexpr const char* kLegacy = R"(apiVersion: apps/v1
kind: {3}
metadata: {{ name: legacy, namespace: {0} }}
spec:
  replicas: {2}
  selector: {{ matchLabels: {{ app: {0} }} }}
  template:
    metadata: {{ labels: {{ app: {0} }} }}
    spec:
      containers:
        - name: app
          image: sluice.test/shop:{1}
          ports: [{{ name: http, containerPort: 8080 }}]
          resources: {{ requests: {{ cpu: 0.02, memory: 16Mi }} }}
          readinessProbe: {{ httpGet: {{ path: /readyz, port: http }}, periodSeconds: 1 }}
          lifecycle: {{ preStop: {{ sleep: {{ seconds: 3 }} }} }}
---
apiVersion: v1
kind: Service
metadata: {{ name: {0}, namespace: {0} }}
spec: {{ selector: {{ app: {0} }}, ports: [{{ name: http, port: 8080, targetPort: http }}] }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {{ name: legacy, namespace: {0} }}
spec: {{ minAvailable: 3, selector: {{ matchLabels: {{ app: {0} }} }} }}
)";
constexpr const char* kRoute = R"(
route {0} {{
  host "{0}.test"
  via  {1}
}}
)";
// For all plans of the set.
constexpr const char* kGate = R"(
import std.gates
import std.providers

default metrics = providers.prometheus(url: "http://127.0.0.1:9090")
gate healthy = gates.error-rate(max: 5%, over: 3s, every: 1s)
)";

bool Mentions(const std::string& text, const std::string& word) { return text.find(word) != std::string::npos; }

TimePoint At(const Json& node) {
  TimePoint time{};
  Expect(ParseTime(Text(node, {"at"}), time), "a time: " + node.dump());
  return time;
}

}  // namespace

void Expect(bool so, const std::string& what) {
  if (!so) throw Failed(what);
}

std::string ToText(const ShopPlan& plan) {
  std::string text;
  if (Mentions(plan.via, "routers.")) text += "import std.routers\n";
  if (Mentions(plan.body, "strategies.")) text += "import std.strategies\n";
  if (plan.adopted) {
    text += fmt::format("service {0} from \"config/{0}/*.yaml\" workload \"legacy\"\n", plan.name);
  } else {
    text += fmt::format(kService, plan.name, plan.tag, plan.replicas, plan.clauses, plan.counted);
  }
  if (plan.plain) return text;
  if (!plan.via.empty()) text += fmt::format(kRoute, plan.name, plan.via);
  return text + fmt::format("\nrollout {0} {{\n  deploy {0}\n{1}{2}}}\n", plan.name,
                            plan.via.empty() ? "" : fmt::format("  through {}\n", plan.name), plan.body);
}

std::string ManifestsOf(const ShopPlan& plan) {
  return fmt::format(kLegacy, plan.name, plan.tag, plan.replicas, plan.in_place ? "StatefulSet" : "Deployment");
}

std::unique_ptr<RealCluster> RealCluster::Start() {
  auto plane = ControlPlane::Start({"node", "gateway", "prometheus", "metrics"});
  if (plane == nullptr) return nullptr;
  plane->EnterNetwork();
  return std::unique_ptr<RealCluster>(new RealCluster(std::move(plane)));
}

RealCluster::RealCluster(std::unique_ptr<ControlPlane> plane) : plane_(std::move(plane)) {
  Administrator administrator(kubeconfig());
  pods_ = Install(administrator, plane_->directory() + "/ca.crt", scratch_.path() + "/account");
  Commit("gates", kGate);
  teller_ = std::thread([this] { TellPrometheus(); });
}

RealCluster::~RealCluster() {
  ending_ = true;
  teller_.join();
}

void RealCluster::TellPrometheus() {
  Administrator administrator(kubeconfig());
  std::string told;
  for (; !ending_; std::this_thread::sleep_for(kLookAgain)) {
    const auto pods = administrator.Ask(ListObjects{{"v1", "Pod"}, "", {}});
    if (!pods) continue;
    Json targets = Json::array();
    for (const Json& pod : List(**pods, {"items"})) {
      const std::string address = Text(pod, {"status", "podIP"});
      const std::string service = Text(pod, {"metadata", "labels", "sluice.dev/service"});
      if (address.empty() || service.empty()) continue;
      targets.push_back({{"targets", Json::array({address + ":8080"})},
                         {"labels",
                          {{"namespace", Text(pod, {"metadata", "namespace"})},
                           {"pod", Text(pod, {"metadata", "name"})},
                           {"sluice_dev_service", service},
                           {"sluice_dev_revision", Text(pod, {"metadata", "labels", "sluice.dev/revision"})}}}});
    }
    const std::string text = targets.dump();
    if (text == told) continue;
    const std::string file = plane_->directory() + "/targets/pods.json";
    servers::WriteFile(file + ".new", text);
    std::filesystem::rename(file + ".new", file);
    told = text;
  }
}

void RealCluster::Commit(const std::string& name, const std::string& text,
                         const std::map<std::string, std::string>& files) {
  const std::lock_guard lock(mutex_);
  const std::string directory = fmt::format("plans/config/{}/", name);
  std::erase_if(files_, [&](const auto& file) { return file.first.starts_with(directory); });
  for (const auto& [file, content] : files) files_[directory + file] = content;
  const std::string path = fmt::format("plans/{}.plan", name);
  if (text.empty()) {
    files_.erase(path);
  } else {
    files_[path] = text;
  }
  commit_ = repository_.Commit("main", files_, commit_);
}

std::unique_ptr<servers::Server> RealCluster::Reconcile(const std::string& pod, int lease) {
  return std::make_unique<servers::Server>(
      std::vector<std::string>{"/usr/bin/env", "POD_NAME=" + pod, "POD_UID=" + pods_.at(pod),
                               std::string(SLUICE_BINARY), "reconcile", "--repo", git_.path(), "--path", "plans",
                               "--cluster", scratch_.path() + "/account", "--listen", "127.0.0.1:0", "--interval",
                               "0.2", "--lease", std::to_string(lease), "--data", scratch_.path() + "/data-" + pod},
      log(pod));
}

std::pair<std::string, int> RealCluster::Person(std::vector<std::string> words) {
  std::string out;
  {
    const std::lock_guard lock(mutex_);
    out = fmt::format("{}/person-{}", scratch_.path(), ++persons_);
  }
  words.insert(words.begin(), std::string(SLUICE_BINARY));
  words.insert(words.end(), {"--kubeconfig", kubeconfig()});
  const int status = servers::Run(words, out);
  return {servers::ReadFile(out), status};
}

const Json& LastRun(const Json& rollout) {
  const Json& history = List(rollout, {"status", "history"});
  Expect(!history.empty(), "no run");
  return history.back();
}

const Json& RunOf(const Json& rollout, std::int64_t run) {
  for (const Json& record : List(rollout, {"status", "history"})) {
    if (Integer(record, {"run"}) == run) return record;
  }
  throw Failed(fmt::format("no run {}", run));
}

bool IsSettled(const Json& rollout) {
  return Text(rollout, {"status", "phase"}) == "settled" &&
         Says(rollout, {"status", "stable"}, Text(rollout, {"spec", "revision"})) &&
         Integer(rollout, {"status", "observedGeneration"}) == Integer(rollout, {"metadata", "generation"});
}

Shop::Shop(RealCluster& cluster, ShopPlan wanted)
    : plan(std::move(wanted)), cluster_(cluster), administrator_(cluster.kubeconfig()) {
  const Json space = {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", plan.name}}}};
  Expect(administrator_.Ask(Create{space, "test"}).ok(), "a namespace " + plan.name);
  if (plan.adopted) {
    StartLegacy();
    return;
  }
  Commit();
  if (plan.plain) {
    AwaitPods(plan.name);
  } else {
    Await("installed", IsSettled);
  }
}

void Shop::StartLegacy() {
  const git::ScratchDirectory scratch;
  servers::WriteFile(scratch.path() + "/legacy.yaml", ManifestsOf(plan));
  ApplyFile(administrator_, scratch.path() + "/legacy.yaml");
  AwaitPods("legacy", plan.in_place ? "StatefulSet" : "Deployment");
}

void Shop::AwaitPods(const std::string& workload, const std::string& kind) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(90);
  for (;; std::this_thread::sleep_for(kLookAgain)) {
    const auto found = administrator_.Ask(Get{{{"apps/v1", kind}, plan.name, workload}});
    if (found.ok() && Integer(**found, {"status", "availableReplicas"}) == plan.replicas) return;
    Expect(std::chrono::steady_clock::now() < until, "the pods of " + workload);
  }
}

void Shop::Commit() {
  if (plan.adopted) plan.files = {{"legacy.yaml", ManifestsOf(plan)}};
  cluster_.Commit(plan.name, ToText(plan), plan.files);
}

std::set<std::string> Shop::Pods(const std::string& prefix) {
  const auto found = administrator_.Ask(ListObjects{{"v1", "Pod"}, plan.name, {}});
  Expect(found.ok(), "pods of " + plan.name);
  std::set<std::string> uids;
  for (const Json& pod : List(**found, {"items"})) {
    if (Text(pod, {"metadata", "name"}).starts_with(prefix)) uids.insert(Text(pod, {"metadata", "uid"}));
  }
  return uids;
}

void Shop::Release(const std::string& tag) {
  plan.tag = tag;
  Commit();
}

Json Shop::Rollout() {
  const auto rollout = administrator_.Ask(Get{{kRollouts, plan.name, plan.name}});
  return rollout ? **rollout : Json();
}

Json Shop::Await(const std::string& what, const std::function<bool(const Json& rollout)>& so, Duration limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  for (;;) {
    Json rollout = Rollout();
    if (!rollout.is_null() && so(rollout)) return rollout;
    if (std::chrono::steady_clock::now() >= end) {
      if (const Json* status = Find(rollout, {"status"})) rollout = *status;
      throw Failed(fmt::format("{}: not in time: {}\n{}", plan.name, what, rollout.dump(1)));
    }
    std::this_thread::sleep_for(kLookAgain);
  }
}

Json Shop::AwaitPromoted(const std::string& tag, Duration limit) {
  return Await(
      "promoted " + tag,
      [&](const Json& rollout) {
        return IsSettled(rollout) && Text(LastRun(rollout), {"image"}) == "sluice.test/shop:" + tag &&
               Says(LastRun(rollout), {"outcome"}, "promoted");
      },
      limit);
}

Json Shop::AwaitPromoted(std::int64_t run) {
  return Await(fmt::format("run {} promoted", run), [&](const Json& rollout) {
    return IsSettled(rollout) && Integer(LastRun(rollout), {"run"}) == run &&
           Says(LastRun(rollout), {"outcome"}, "promoted");
  });
}

std::int64_t Shop::EvictAll() {
  const auto pods = [&]() -> const Json {
    const auto found = administrator_.Ask(ListObjects{{"v1", "Pod"}, plan.name, {{"sluice.dev/service", plan.name}}});
    Expect(found.ok(), "pods of " + plan.name);
    return List(**found, {"items"});
  };
  std::int64_t fewest = std::numeric_limits<std::int64_t>::max();
  for (const Json& pod : pods()) {
    const std::string name = Text(pod, {"metadata", "name"});
    const Json eviction = {
        {"apiVersion", "policy/v1"}, {"kind", "Eviction"}, {"metadata", {{"name", name}, {"namespace", plan.name}}}};
    const kubernetes::ApiRequest evict{"POST", fmt::format("/api/v1/namespaces/{}/pods/{}/eviction", plan.name, name),
                                       "application/json", eviction.dump()};
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    for (auto answer = administrator_.Ask(evict); !answer.ok(); answer = administrator_.Ask(evict)) {
      if (answer.error().code == ErrorCode::kNotFound) break;
      Expect(std::chrono::steady_clock::now() < until, "eviction of " + name + ": " + answer.error().message);
      std::this_thread::sleep_for(kLookAgain);
    }
    const Json left = pods();
    fewest = std::min<std::int64_t>(
        fewest, std::count_if(left.begin(), left.end(), [](const Json& one) {
          const Json& conditions = List(one, {"status", "conditions"});
          return Text(one, {"metadata", "deletionTimestamp"}).empty() &&
                 std::any_of(conditions.begin(), conditions.end(), [](const Json& condition) {
                   return Says(condition, {"type"}, "Ready") && Says(condition, {"status"}, "True");
                 });
        }));
  }
  return fewest;
}

Json Shop::AwaitNode(const std::string& node, Duration limit) {
  return Await(
      "in " + node,
      [&](const Json& rollout) {
        const Json* nodes = Find(rollout, {"status", "nodes"});
        const std::string path = plan.name + "/" + node;
        return nodes != nullptr && nodes->contains(path) && Says(nodes->at(path), {"state"}, "active") &&
               Text(LastRun(rollout), {"image"}) == "sluice.test/shop:" + plan.tag;
      },
      limit);
}

Json Shop::AwaitHeld(Duration limit) {
  return Await(
      "held",
      [](const Json& rollout) {
        return Says(rollout, {"status", "hold"}, "Held");
      },
      limit);
}

std::size_t Shop::CountOfRollout(const Kind& kind) {
  const auto found = administrator_.Ask(ListObjects{kind, plan.name, {{"sluice.dev/rollout", plan.name}}});
  Expect(found.ok(), ToString(ObjectKey{kind, plan.name, ""}));
  return List(**found, {"items"}).size();
}

LoadOptions Shop::ThroughGateway() const {
  LoadOptions options;
  options.host = plan.name + ".test";
  return options;
}

LoadOptions Shop::ToService(const std::string& service) {
  const std::string name = service.empty() ? plan.name : service;
  const auto object = administrator_.Ask(Get{{{"v1", "Service"}, plan.name, name}});
  Expect(object.ok(), fmt::format("a Service {}: {}", name, object.ok() ? "" : object.error().message));
  LoadOptions options;
  options.address = Text(**object, {"spec", "clusterIP"});
  options.host = name;
  options.fresh = 0.5;
  return options;
}

// What nothing names any more goes a moment after the rollout is settled.
std::string Shop::ObjectsAtRest() {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  std::string last = Objects();
  while (std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::seconds(1));
    std::string now = Objects();
    if (now == last && now.find("Deployment", now.find("Deployment") + 1) == std::string::npos) break;
    last = std::move(now);
  }
  return last;
}

std::string Shop::Objects() {
  std::vector<std::string> lines;
  const auto each = [&](const Kind& kind, const std::function<std::string(const Json&)>& tell) {
    const auto list = administrator_.Ask(ListObjects{kind, plan.name, {}});
    Expect(list.ok(), "a list of " + kind.kind);
    for (const Json& object : List(**list, {"items"})) {
      lines.push_back(fmt::format("{} {} {}", kind.kind, Text(object, {"metadata", "name"}), tell(object)));
    }
  };
  each({"apps/v1", "Deployment"}, [](const Json& deployment) {
    return fmt::format("{}/{}", Integer(deployment, {"status", "readyReplicas"}),
                       Integer(deployment, {"spec", "replicas"}));
  });
  each({"v1", "Service"}, [](const Json& service) { return service.at("spec").at("selector").dump(); });
  each({"gateway.networking.k8s.io/v1", "HTTPRoute"}, [](const Json& route) { return route.at("spec").dump(); });
  each({"sluice.dev/v1alpha1", "RolloutBundle"}, [](const Json&) { return ""; });
  const Json rollout = Rollout();
  lines.push_back(fmt::format("Rollout {} {} {}, last run {}", Text(rollout, {"status", "phase"}),
                              Text(rollout, {"status", "stable"}), Text(rollout, {"status", "hold"}),
                              Text(LastRun(rollout), {"outcome"})));
  std::string all;
  for (const std::string& line : lines) all += line + "\n";
  return all;
}

std::string Shop::Share(const Load& load, std::int64_t run, const std::string& step, const std::string& tag,
                        double share, bool fresh_only) {
  const Json rollout = Rollout();
  TimePoint from{}, to{};
  for (const Json& node : List(RunOf(rollout, run), {"nodes"})) {
    const std::string path = Text(node, {"path"});
    if (!path.starts_with(fmt::format("{}/{}/", plan.name, step))) continue;
    (path.ends_with("/hold") ? to : from) = At(node);
  }
  // By pods nothing waits for the proxies: they follow in a moment.
  if (fresh_only) from += kProxiesFollow;
  Expect(from != TimePoint{} && to > from, "a step " + step + ": " + RunOf(rollout, run).dump(1));
  const Counts counts = Count(load.Between(from, to, fresh_only));
  const auto [low, high] = Bounds(counts.requests, share);
  const auto found = counts.versions.find(tag);
  const int answered = found == counts.versions.end() ? 0 : found->second;
  const std::string told =
      fmt::format("{} {}%: {} of {} ({}..{})", step, share * 100, answered, counts.requests, low, high);
  Expect(counts.requests > 50, told + ": too few");
  Expect(answered >= low && answered <= high, told);
  return told;
}

}  // namespace sluice::cluster
