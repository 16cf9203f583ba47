// Many rollouts at once on a real control plane whose pods are KWOK's, beside the floor: as many plain Deployments
// rolled at once, in the same run. Started by kubernetes.sh.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "reconciler/http/curl_http.h"
#include "reconciler/kubernetes/client.h"
#include "reconciler/kubernetes/kubeconfig.h"
#include "reconciler/kubernetes/kubernetes_cluster.h"
#include "reconciler/loop/real_loop.h"
#include "tests/cluster/control_plane.h"

namespace sluice::bench {
namespace {

using cluster::Json;
using Clock = std::chrono::steady_clock;

constexpr int kPods = 5;
constexpr int kHoldSeconds = 5;  // of each of two steps; the third is at 100%
constexpr std::chrono::minutes kPatience{15};

const cluster::Kind kDeployment{"apps/v1", "Deployment"};
const cluster::Kind kSlice{"discovery.k8s.io/v1", "EndpointSlice"};
const cluster::Kind kRollout{"sluice.dev/v1alpha1", "Rollout"};

double SecondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void Require(bool condition, const std::string& what) {
  if (condition) return;
  std::cerr << "kubernetes_bench: " << what << "\n";
  std::_Exit(EXIT_FAILURE);
}

// What the kernel says of a process.
struct ProcessUse {
  double cpu_seconds = 0;
  long peak_kib = 0, resident_kib = 0;
};

ProcessUse UseOf(pid_t process) {
  ProcessUse use;
  std::ifstream stat(fmt::format("/proc/{}/stat", process));
  const std::string text((std::istreambuf_iterator<char>(stat)), std::istreambuf_iterator<char>());
  std::istringstream fields(text.substr(std::min(text.size(), text.rfind(')') + 2)));
  std::string field;
  for (int i = 3; i <= 15 && fields >> field; ++i) {
    if (i >= 14) use.cpu_seconds += std::stod(field) / static_cast<double>(sysconf(_SC_CLK_TCK));
  }
  std::ifstream status(fmt::format("/proc/{}/status", process));
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) use.peak_kib = std::stol(line.substr(6));
    if (line.starts_with("VmRSS:")) use.resident_kib = std::stol(line.substr(6));
  }
  return use;
}

std::string Plan(int number, const std::string& tag) {
  return fmt::format(R"(service web-{0} {{
  namespace "shop"
  image     "example.com/web:{1}"
  replicas  {2}
  port      http 8080
  probe     ready http "/readyz" every 1s
  cpu       0.001
  memory    1Mi
}}
rollout web-{0} {{
  deploy   web-{0}
  deadline 30m
  drain    0s
  step first {{ weight 20%  hold {3}s }}
  step half  {{ weight 60%  hold {3}s }}
  step full  {{ weight 100% }}
}}
)",
                     number, tag, kPods, kHoldSeconds);
}

// What a plan's service has, too: the same pods behind a Service of theirs.
Json PlainDeployment(int number, const std::string& tag) {
  const Json labels = {{"app", fmt::format("plain-{}", number)}};
  const Json container = {
      {"name", "web"},
      {"image", "example.com/web:" + tag},
      {"ports", Json::array({{{"name", "http"}, {"containerPort", 8080}}})},
      {"readinessProbe", {{"httpGet", {{"path", "/readyz"}, {"port", "http"}}}, {"periodSeconds", 1}}},
      {"resources", {{"requests", {{"cpu", "1m"}, {"memory", "1Mi"}}}}}};
  return {{"apiVersion", "apps/v1"},
          {"kind", "Deployment"},
          {"metadata", {{"name", fmt::format("plain-{}", number)}, {"namespace", "floor"}}},
          {"spec",
           {{"replicas", kPods},
            {"selector", {{"matchLabels", labels}}},
            {"template", {{"metadata", {{"labels", labels}}}, {"spec", {{"containers", Json::array({container})}}}}}}}};
}

Json PlainService(int number) {
  return {{"apiVersion", "v1"},
          {"kind", "Service"},
          {"metadata", {{"name", fmt::format("plain-{}", number)}, {"namespace", "floor"}}},
          {"spec",
           {{"selector", {{"app", fmt::format("plain-{}", number)}}},
            {"ports", Json::array({{{"name", "http"}, {"port", 80}, {"targetPort", "http"}}})}}}};
}

bool HasRolled(const Json& deployment) {
  const auto status = [&](const char* name) { return cluster::Integer(deployment, {"status", name}); };
  return status("observedGeneration") == cluster::Integer(deployment, {"metadata", "generation"}) &&
         status("updatedReplicas") == kPods && status("availableReplicas") == kPods && status("replicas") == kPods;
}

class Bench {
 public:
  Bench(std::unique_ptr<cluster::ControlPlane> plane, int rollouts) : plane_(std::move(plane)), rollouts_(rollouts) {
    loop_.SetWaiter(&http_);
    // What KWOK gives its nodes keeps real pods away, of which there are none.
    const Json nodes = Ask({"GET", "/api/v1/nodes", "", ""});
    for (const Json& node : cluster::List(nodes, {"items"})) {
      Ask({"PATCH", "/api/v1/nodes/" + cluster::Text(node, {"metadata", "name"}), "application/merge-patch+json",
           R"({"spec":{"taints":null}})"});
    }
    for (const char* name : {"floor", "shop", "sluice-system"}) {
      Ask({"POST", "/api/v1/namespaces", "application/json",
           fmt::format(R"({{"apiVersion":"v1","kind":"Namespace","metadata":{{"name":"{}"}}}})", name)});
    }
    for (const char* name : {"rollouts", "rolloutbundles", "rolloutcommands"}) {
      Ask({"PATCH",
           fmt::format("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{}.sluice.dev?fieldManager=bench",
                       name),
           "application/apply-patch+yaml",
           servers::ReadFile(fmt::format("{}/deploy/crds/{}.yaml", SLUICE_SOURCE_DIR, name))});
    }
  }

  void Run() {
    const double floor = Floor();
    Print("as many plain Deployments with Services, all images changed at once (the floor)",
          fmt::format("{:.1f} s", floor), "");

    const Clock::time_point installing = Clock::now();
    Commit("1");
    Start();
    Await(kRollout, "shop", [](const Json& rollout) { return Settled(rollout, 1); });
    Print(fmt::format("first install of {} rollouts, from the start of the process", rollouts_),
          fmt::format("{:.1f} s", SecondsSince(installing)), "");

    std::this_thread::sleep_for(std::chrono::seconds(10));
    const auto before_rest = Requests();
    std::this_thread::sleep_for(std::chrono::seconds(20));
    const ProcessUse rest = UseOf(process_->pid());
    Print("at rest for 20 s: requests of ours, without watches and leases",
          fmt::format("{:.0f}", Sum(Since(before_rest, Requests()), false)), "0");
    Print("  resident memory", fmt::format("{} MiB", rest.resident_kib / 1024), "<= 48 MiB");

    const auto before = Requests();
    const Clock::time_point start = Clock::now();
    Commit("2");
    const std::vector<cluster::WatchId> watches = NoteReactions();
    Await(kRollout, "shop", [](const Json& rollout) { return Settled(rollout, 2); });
    for (const cluster::WatchId watch : watches) cluster_.Cancel(watch);
    const double taken = SecondsSince(start);
    const auto sent = Since(before, Requests());
    const ProcessUse use = UseOf(process_->pid());
    const double allowed = 1.3 * floor + 2 * kHoldSeconds;
    Print(fmt::format("{} rollouts x {} pods, three steps, two holds of {} s, all images changed at once", rollouts_,
                      kPods, kHoldSeconds),
          fmt::format("{:.1f} s", taken), fmt::format("<= {:.1f} s (1.3 x the floor + the holds)", allowed));
    Print("  writes of ours a rollout, without events", PerRollout(Sum(sent, true)), "<= 16");
    for (const auto& [what, count] : sent) Print("    " + what, PerRollout(count), "");
    Print("  requests of ours a rollout, events and reads too", PerRollout(Sum(sent, false)), "");
    Print("  CPU", fmt::format("{:.1f} s", use.cpu_seconds - rest.cpu_seconds), "<= 20 s");
    Print("  peak memory of the process", fmt::format("{} MiB", use.peak_kib / 1024), "<= 64 MiB");
    Print("  pods ready to our next write, median, with what settles between",
          fmt::format("{:.0f} ms", 1000 * Median(reactions_)), "<= 50 ms");
    Print("  their endpoints told to our next write, median",
          fmt::format("{:.0f} ms", 1000 * Median(reactions_to_endpoints_)), "<= 50 ms");
    CommitToWrite();
    Takeover();
    ManyObjects();
  }

 private:
  // From the last of a step's pods being ready, and from the last that was told of their endpoints, to our next write
  // of the rollout or of one of its Deployments, all as a watcher hears of them.
  std::vector<cluster::WatchId> NoteReactions() {
    const auto pods = cluster_.Watch({kDeployment, "shop", {}}, [this](const cluster::Event& event) {
      if (event.object == nullptr) return;
      const std::string rollout = cluster::Text(*event.object, {"metadata", "labels", "sluice.dev/rollout"});
      const std::int64_t generation = cluster::Integer(*event.object, {"metadata", "generation"});
      const std::int64_t ready = cluster::Integer(*event.object, {"status", "readyReplicas"});
      const std::int64_t wanted = cluster::Integer(*event.object, {"spec", "replicas"});
      const auto [before, first] =
          seen_.try_emplace(cluster::Text(*event.object, {"metadata", "name"}), std::pair(generation, ready));
      if (generation > before->second.first) NoteWrite(rollout);
      if (ready > before->second.second && ready == wanted) became_ready_[rollout] = Clock::now();
      before->second = {generation, ready};
    });
    const auto slices = cluster_.Watch({kSlice, "shop", {}}, [this](const cluster::Event& event) {
      if (event.object == nullptr) return;
      endpoints_told_[cluster::Text(*event.object, {"metadata", "labels", "kubernetes.io/service-name"})] =
          Clock::now();
    });
    const auto rollouts = cluster_.Watch({kRollout, "shop", {}}, [this](const cluster::Event& event) {
      if (event.object != nullptr) NoteWrite(cluster::Text(*event.object, {"metadata", "name"}));
    });
    return {pods, slices, rollouts};
  }
  void NoteWrite(const std::string& rollout) {
    const auto ready = became_ready_.find(rollout);
    if (ready == became_ready_.end()) return;
    reactions_.push_back(SecondsSince(ready->second));
    const auto told = endpoints_told_.find(rollout);
    const bool later = told != endpoints_told_.end() && told->second > ready->second;
    reactions_to_endpoints_.push_back(SecondsSince(later ? told->second : ready->second));
    became_ready_.erase(ready);
  }
  static double Median(std::vector<double> values) {
    Require(!values.empty(), "no rollout was seen to react");
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
  }

  // With a poll each second.
  void CommitToWrite() {
    double longest = 0;
    for (int i = 0; i < 5; ++i) {
      const std::string tag = fmt::format("again-{}", i);
      const Clock::time_point start = Clock::now();
      plans_["plans/web-0.plan"] = Plan(0, tag);
      CommitPlans();
      const auto is_told = [](const Json& rollout) {
        return cluster::Integer(rollout, {"metadata", "generation"}) >
               cluster::Integer(rollout, {"status", "observedGeneration"});
      };
      AwaitOne("web-0", is_told);
      longest = std::max(longest, SecondsSince(start));
      AwaitOne("web-0", [&](const Json& rollout) {
        return !is_told(rollout) && cluster::Text(rollout, {"status", "phase"}) == "settled";
      });
    }
    Print("commit to its first write, with a poll each second, the longest of 5", fmt::format("{:.2f} s", longest),
          "<= 1 s");
  }

  // Two processes with leases of 3 s walk the rollouts; one is killed while half of these are under way.
  void Takeover() {
    process_.reset();
    std::map<std::string, std::unique_ptr<servers::Server>> processes;
    for (const char* name : {"first", "second"}) {
      processes[name] = Begin(servers::FreePort(), "plans", {"--lease", "3", "--log", "info"}, name);
    }
    std::this_thread::sleep_for(std::chrono::seconds(8));
    Commit("taken-over");
    std::map<std::string, std::string> walkers;  // by rollout
    const auto is_under_way = [&](const Json& rollout) {
      walkers[cluster::Text(rollout, {"metadata", "name"})] = cluster::Text(rollout, {"status", "executor"});
      return cluster::Text(rollout, {"status", "phase"}) != "settled";
    };
    Await(kRollout, "shop", is_under_way, (rollouts_ + 1) / 2);
    const std::string dead = walkers.begin()->second;
    const Clock::time_point killed = Clock::now();
    for (const auto& [name, process] : processes) {
      if (dead.find(fmt::format("-{}-", process->pid())) != std::string::npos) process->Signal(SIGKILL);
    }
    AwaitOne("", [&](const Json& rollout) {
      return walkers[cluster::Text(rollout, {"metadata", "name"})] == dead &&
             cluster::Text(rollout, {"status", "executor"}) != dead;
    });
    Print("one of two with leases of 3 s killed: until the other writes to a rollout of its",
          fmt::format("{:.1f} s", SecondsSince(killed)), "<= 5 s");
    Await(kRollout, "shop", [](const Json& rollout) {
      return cluster::Text(rollout, {"status", "phase"}) == "settled";
    });
  }

  // A plan set of its own, whose objects are not there yet.
  void ManyObjects() {
    constexpr int kObjects = 2'000;
    plans_["many/objects.plan"] = fmt::format(R"(object "object-${{n}}" for n in range(0, {}) {{
  apiVersion: "v1"
  kind: "ConfigMap"
  metadata: {{ name: "object-${{n}}"  namespace: "many" }}
  data: {{ number: "${{n}}" }}
}}
)",
                                              kObjects);
    Ask({"POST", "/api/v1/namespaces", "application/json",
         R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"many"}})"});
    CommitPlans();
    const Clock::time_point start = Clock::now();
    process_ = Begin(port_, "many", {"--log", "warning"}, "many");
    Await(
        {"v1", "ConfigMap"}, "many",
        [](const Json& object) {
          return cluster::Text(object, {"metadata", "name"}).starts_with("object-");
        },
        kObjects);
    Print(fmt::format("{} objects in one plan set, first apply, from the start of the process", kObjects),
          fmt::format("{:.0f} /s", kObjects / SecondsSince(start)), ">= 100 /s");
    std::this_thread::sleep_for(std::chrono::seconds(10));
    const auto before = Requests();
    plans_["many/objects.plan"] += "// said anew\n";
    CommitPlans();
    std::this_thread::sleep_for(std::chrono::seconds(10));
    const auto sent = Since(before, Requests());
    Print("  requests of a second pass over them", fmt::format("{:.0f}", Sum(sent, false)), "0 but the source's state");
    for (const auto& [what, count] : sent) Print("    " + what, fmt::format("{:.0f}", count), "");
    Print("  peak memory of the process", fmt::format("{} MiB", UseOf(process_->pid()).peak_kib / 1024), "");
  }

  static bool Settled(const Json& rollout, std::int64_t run) {
    return cluster::Text(rollout, {"status", "phase"}) == "settled" &&
           cluster::Integer(rollout, {"status", "run"}) == run;
  }
  static void Print(const std::string& what, const std::string& figure, const std::string& target) {
    fmt::print("{:<82} {:>12}  {}\n", what, figure, target);
    std::fflush(stdout);
  }
  std::string PerRollout(double count) const { return fmt::format("{:.1f}", count / rollouts_); }

  // Seconds from the first change until all have rolled.
  double Floor() {
    ApplyToFloor("/api/v1", "services", PlainService);
    ApplyPlain("1");
    Await(kDeployment, "floor", HasRolled);
    const Clock::time_point start = Clock::now();
    ApplyPlain("2");
    Await(kDeployment, "floor", HasRolled);
    const double taken = SecondsSince(start);
    Ask({"DELETE", "/apis/apps/v1/namespaces/floor/deployments", "", ""});
    Ask({"DELETE", "/api/v1/namespaces/floor/services", "", ""});
    for (std::size_t left = 1; left > 0;) {
      std::this_thread::sleep_for(std::chrono::seconds(1));
      left = cluster::List(Ask({"GET", "/api/v1/namespaces/floor/pods?limit=1", "", ""}), {"items"}).size();
    }
    return taken;
  }

  void ApplyPlain(const std::string& tag) {
    ApplyToFloor("/apis/apps/v1", "deployments", [&](int number) { return PlainDeployment(number, tag); });
  }

  void ApplyToFloor(const std::string& api, const std::string& resource, const std::function<Json(int)>& object) {
    int open = rollouts_;
    for (int i = 0; i < rollouts_; ++i) {
      client_.Send({"PATCH", fmt::format("{}/namespaces/floor/{}/plain-{}?fieldManager=bench", api, resource, i),
                    "application/apply-patch+yaml", object(i).dump()},
                   [&](const kubernetes::Answer& answer) {
                     Require(answer.result.ok(), "one of the floor's objects is refused");
                     if (--open == 0) loop_.Stop();
                   });
    }
    loop_.Run();
  }

  // Until `done` holds for as many objects as there are rollouts.
  void Await(const cluster::Kind& kind, const std::string& in_namespace, const std::function<bool(const Json&)>& done) {
    Await(kind, in_namespace, done, rollouts_);
  }
  void Await(const cluster::Kind& kind, const std::string& in_namespace, const std::function<bool(const Json&)>& done,
             int count) {
    std::set<std::string> are_done;
    const cluster::WatchId watch = cluster_.Watch({kind, in_namespace, {}}, [&](const cluster::Event& event) {
      if (event.object == nullptr) return;
      const std::string name = cluster::Text(*event.object, {"metadata", "name"});
      if (done(*event.object))
        are_done.insert(name);
      else
        are_done.erase(name);
      if (static_cast<int>(are_done.size()) == count) loop_.Stop();
    });
    const loop::TimerId timer = loop_.After(std::chrono::duration_cast<Duration>(kPatience), [&] {
      Require(false, fmt::format("{} of {} {}s came to their end in 15 minutes", are_done.size(), count, kind.kind));
    });
    loop_.Run();
    loop_.Cancel(timer);
    cluster_.Cancel(watch);
  }

  // Of the rollout, "" for any.
  void AwaitOne(const std::string& name, const std::function<bool(const Json&)>& done) {
    Await(
        kRollout, "shop",
        [&](const Json& rollout) {
          return (name.empty() || cluster::Text(rollout, {"metadata", "name"}) == name) && done(rollout);
        },
        1);
  }

  void Commit(const std::string& tag) {
    for (int i = 0; i < rollouts_; ++i) plans_[fmt::format("plans/web-{}.plan", i)] = Plan(i, tag);
    CommitPlans();
  }
  void CommitPlans() { commit_ = repository_.Commit("main", plans_, commit_); }

  std::unique_ptr<servers::Server> Begin(int port, const std::string& path, const std::vector<std::string>& more,
                                         const std::string& name) {
    std::vector<std::string> command = {std::string(SLUICE_BINARY),
                                        "reconcile",
                                        "--repo",
                                        git_.path(),
                                        "--path",
                                        path,
                                        "--cluster",
                                        plane_->kubeconfig(),
                                        "--listen",
                                        fmt::format("127.0.0.1:{}", port),
                                        "--interval",
                                        "1"};
    command.insert(command.end(), more.begin(), more.end());
    const std::string log = fmt::format("{}/{}.log", scratch_.path(), name);
    auto process = std::make_unique<servers::Server>(command, log);
    Require(process->WaitUntilListening(port), servers::ReadFile(log));
    return process;
  }
  void Start() { process_ = Begin(port_, "plans", {"--log", "warning"}, "reconcile"); }

  // Requests that came to their end, by "verb kind".
  std::map<std::string, double> Requests() {
    http::HttpRequest request;
    request.url = fmt::format("http://127.0.0.1:{}/metrics", port_);
    std::string body;
    http_.Send(request, [&](const Result<http::HttpResponse>& response) {
      if (response.ok()) body = response->body;
      loop_.Stop();
    });
    loop_.Run();
    std::map<std::string, double> requests;
    std::istringstream lines(body);
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with("sluice_api_requests_total{")) continue;
      const auto label = [&](const std::string& name) {
        const std::size_t begin = line.find(name + "=\"") + name.size() + 2;
        return line.substr(begin, line.find('"', begin) - begin);
      };
      requests[label("verb") + " " + label("kind")] += std::stod(line.substr(line.rfind(' ')));
    }
    return requests;
  }
  static std::map<std::string, double> Since(const std::map<std::string, double>& before,
                                             std::map<std::string, double> after) {
    for (const auto& [what, count] : before) after[what] -= count;
    std::erase_if(after, [](const auto& entry) { return entry.second == 0; });
    return after;
  }
  static double Sum(const std::map<std::string, double>& requests, bool writes) {
    double sum = 0;
    for (const auto& [what, count] : requests) {
      const bool left_out = what.starts_with("get ") || what.starts_with("list ") || what == "create Event";
      if (!writes || !left_out) sum += count;
    }
    return sum;
  }

  Json Ask(kubernetes::ApiRequest request) {
    Json answered;
    const std::string what = request.method + " " + request.path;
    client_.Send(std::move(request), [&](const kubernetes::Answer& answer) {
      Require(answer.result.ok(), what + ": " + (answer.result.ok() ? "" : answer.result.error().message));
      answered = *answer.result;
      loop_.Stop();
    });
    loop_.Run();
    return answered;
  }

  std::unique_ptr<cluster::ControlPlane> plane_;
  const int rollouts_;
  const int port_ = servers::FreePort();
  git::ScratchDirectory git_, scratch_;
  git::TestRepository repository_{git_.path()};
  std::string commit_;
  std::map<std::string, std::string> plans_;  // by path
  loop::RealLoop loop_;
  http::CurlHttp http_{loop_};
  kubernetes::Access access_{kubernetes::LoadKubeconfig(plane_->kubeconfig(), {}).value(), kubernetes::ReadWholeFile};
  kubernetes::Client client_{http_, loop_, access_, {}};
  kubernetes::KubernetesCluster cluster_{
      http_,
      loop_,
      kubernetes::Access(kubernetes::LoadKubeconfig(plane_->kubeconfig(), {}).value(), kubernetes::ReadWholeFile),
      {}};
  std::unique_ptr<servers::Server> process_;
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> seen_;  // of a Deployment: generation, ready pods
  std::map<std::string, Clock::time_point> became_ready_;              // of a rollout
  std::map<std::string, Clock::time_point> endpoints_told_;            // of a service
  std::vector<double> reactions_, reactions_to_endpoints_;             // seconds
};

int Main(int count, char** arguments) {
  const int rollouts = count > 1 ? std::atoi(arguments[1]) : 1'000;
  Require(rollouts > 0, "kubernetes_bench [ROLLOUTS]");
  auto plane = cluster::ControlPlane::Start({"kwok"});
  if (plane == nullptr) return 3;
  Bench(std::move(plane), rollouts).Run();
  return 0;
}

}  // namespace
}  // namespace sluice::bench

int main(int count, char** arguments) { return sluice::bench::Main(count, arguments); }
