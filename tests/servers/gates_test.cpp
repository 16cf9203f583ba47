// The stdlib's gates and channel, compiled from a plan and measured by the program's own HTTP against a real
// Prometheus and a receiver of requests.
#include <chrono>
#include <cmath>
#include <optional>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <poll.h>

#include "compiler/compile.h"
#include "compiler/graph/split.h"
#include "reconciler/http/curl_http.h"
#include "reconciler/loop/real_loop.h"
#include "reconciler/measure/notify.h"
#include "reconciler/measure/sample.h"
#include "tests/servers/prometheus_server.h"

namespace sluice::servers {
namespace {

using Kind = graph::Evaluation::Kind;

std::string Plan(const std::string& metrics, const std::string& gate,
                 const std::string& webhook = "http://127.0.0.1:1") {
  return fmt::format(R"(import std.channels
import std.gates
import std.providers

default metrics = providers.prometheus(url: "{}")
channel releases = channels.webhook(url: "{}")
gate healthy = {}
service checkout {{
  namespace "shop"
  image     "ghcr.io/acme/checkout:2.4.0"
  replicas  4
  port      http 8080
  probe     ready http "/readyz"
}}
rollout checkout {{
  deploy checkout
  step half {{ weight 50%  hold 10m while healthy }}
  step full {{ weight 100% }}
  on failure {{ notify releases "checkout failed: ${{reason}}" }}
}}
)",
                     metrics, webhook, gate);
}

std::shared_ptr<const graph::Graph> GraphOf(const std::string& plan) {
  const auto compiled = Compile(source::MemoryTree({{"shop.plan", plan}}));
  std::string errors;
  for (const auto& diagnostic : compiled->emitter.Sorted()) errors += diagnostic.message + "\n";
  CAPTURE(plan, errors);
  REQUIRE(compiled->ok());
  REQUIRE(compiled->graphs.size() == 1);
  return std::make_shared<const graph::Graph>(compiled->graphs.front());
}

// No plan here names a Secret, so nothing is asked of a cluster.
class NoCluster : public cluster::Cluster {
 public:
  void Send(cluster::Request, cluster::Reply) override { FAIL("a cluster was asked"); }
  cluster::WatchId Watch(cluster::ListObjects, cluster::EventHandler) override { return cluster::WatchId::kNone; }
  void Cancel(cluster::WatchId) override {}
  std::map<cluster::Kind, std::string> Unwatched() const override { return {}; }
};

// The candidate as the executor gives it, at a revision of the history.
graph::Roots RootsOf(const graph::Graph& graph, const std::string& revision) {
  graph::Workload workload = graph.workload;
  workload.revision = revision;
  graph::Roots roots;
  roots.emplace("candidate", graph::RoleValue(graph, workload));
  roots.emplace("step", graph::Value("half"));
  roots.emplace("reason", graph::Value("too slow"));
  return roots;
}

decide::Sample Measure(std::shared_ptr<const graph::Graph> graph, const std::string& revision) {
  REQUIRE(graph->gates.size() == 1);
  loop::RealLoop loop;
  http::CurlHttp http(loop);
  loop.SetWaiter(&http);
  NoCluster cluster;
  std::optional<decide::Sample> sample;
  measure::SampleRequest request;
  request.roots = RootsOf(*graph, revision);
  request.graph = std::move(graph);
  request.namespace_ = "shop";
  measure::TakeSample(cluster, http, loop, std::move(request), [&](decide::Sample taken) {
    sample = std::move(taken);
    loop.Stop();
  });
  loop.Run();
  return *sample;
}

double ValueOf(const decide::Sample& sample) {
  CAPTURE(sample.message);
  REQUIRE(sample.kind == Kind::kValue);
  const graph::Quantity* quantity = sample.values.at("value").as_quantity();
  REQUIRE(quantity != nullptr);
  return static_cast<double>(quantity->number.numerator()) / static_cast<double>(quantity->number.denominator());
}

std::int64_t NowMs() {
  return std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// A counter that has risen by `rate` a second for ten minutes and goes on for as long.
std::vector<HistorySample> Steady(double rate, std::int64_t now) {
  std::vector<HistorySample> samples;
  for (std::int64_t at = now - 600'000; at < now + 600'000; at += 5'000) {
    samples.push_back({at, rate * static_cast<double>(at - now + 600'000) / 1000});
  }
  return samples;
}

std::vector<HistorySeries> Traffic() {
  const std::int64_t now = NowMs();
  std::vector<HistorySeries> all;
  const auto series = [&](const std::string& name, const std::string& revision, const std::string& label,
                          const std::string& value, double rate) {
    all.push_back(
        {name,
         {{"namespace", "shop"}, {"sluice_dev_service", "checkout"}, {"sluice_dev_revision", revision}, {label, value}},
         Steady(rate, now)});
  };
  const auto requests = [&](const std::string& revision, const std::string& code, double rate) {
    series("http_requests_total", revision, "code", code, rate);
  };
  const auto durations = [&](const std::string& revision, const std::vector<double>& rates) {
    const std::vector<std::string> bounds = {"0.1", "0.3", "0.5", "+Inf"};
    for (std::size_t i = 0; i < bounds.size(); ++i) {
      series("http_request_duration_seconds_bucket", revision, "le", bounds[i], rates[i]);
    }
  };
  requests("aaaa1111", "200", 95);
  requests("aaaa1111", "404", 2);
  requests("aaaa1111", "500", 2);
  requests("aaaa1111", "503", 1);
  requests("bbbb2222", "200", 10);  // never a 5xx: no such series
  requests("cccc3333", "200", 0);   // no request for long
  durations("aaaa1111", {50, 90, 100, 100});
  durations("bbbb2222", {10, 10, 10, 10});
  durations("cccc3333", {0, 0, 0, 0});
  return all;
}

constexpr const char* kErrorRate = "gates.error-rate(max: 1%, over: 2m)";
constexpr const char* kLatency = "gates.latency(p95: 300ms, over: 2m)";

TEST_CASE("the stdlib's gates read the right values from Prometheus") {
  const auto server = PrometheusServer::Start(Traffic());
  if (!server) return;
  const auto errors = GraphOf(Plan(server->url(), kErrorRate));
  const std::int64_t before = NowMs();
  const decide::Sample sample = Measure(errors, "aaaa1111");
  CHECK(ValueOf(sample) == Approx(0.03));
  CHECK(sample.at.time_since_epoch().count() >= before - 1'000);
  CHECK(sample.at <= sample.answered_at);
  CHECK(ValueOf(Measure(errors, "bbbb2222")) == 0);

  // Milliseconds, as the plan's bound: p95 lies half-way between 300 ms (90%) and 500 ms (all).
  CHECK(ValueOf(Measure(GraphOf(Plan(server->url(), kLatency)), "aaaa1111")) == Approx(400));
  const auto p50 = GraphOf(Plan(server->url(), "gates.latency(p50: 300ms, over: 1m)"));
  CHECK(ValueOf(Measure(p50, "aaaa1111")) == Approx(100));
  CHECK(ValueOf(Measure(p50, "bbbb2222")) == Approx(50));
}

TEST_CASE("no traffic, no series and NaN are no data") {
  const auto server = PrometheusServer::Start(Traffic());
  if (!server) return;
  for (const char* gate : {kErrorRate, kLatency}) {
    const auto graph = GraphOf(Plan(server->url(), gate));
    for (const char* revision : {"cccc3333", "dddd4444"}) {
      CAPTURE(gate, revision);
      const decide::Sample sample = Measure(graph, revision);
      CAPTURE(sample.message);
      CHECK(sample.kind == Kind::kNoData);
      CHECK(sample.values.empty());
    }
  }
}

TEST_CASE("a Prometheus that is gone, elsewhere or refuses is an error, never a verdict") {
  const auto server = PrometheusServer::Start(Traffic());
  if (!server) return;
  const decide::Sample elsewhere = Measure(GraphOf(Plan(server->url() + "/elsewhere", kErrorRate)), "aaaa1111");
  CHECK(elsewhere.kind == Kind::kError);
  CHECK(elsewhere.message.find("404") != std::string::npos);
  // A page for people, with status 200.
  const decide::Sample page = Measure(GraphOf(Plan(server->url() + "/graph?x=", kErrorRate)), "aaaa1111");
  CHECK(page.kind == Kind::kError);
  const auto graph = GraphOf(Plan(server->url(), kErrorRate));
  server->Stop();
  const decide::Sample gone = Measure(graph, "aaaa1111");
  CAPTURE(gone.message);
  CHECK(gone.kind == Kind::kError);
}

// What receives requests, and answers by the path.
struct Recorder {
  git::ScratchDirectory scratch;
  std::unique_ptr<Server> server;
  std::string port;

  Recorder() {
    if (!HavePrograms({"python3"})) return;
    server = std::make_unique<Server>(
        std::vector<std::string>{*FindProgram("python3"), SLUICE_SOURCE_DIR "/tests/servers/http_recorder.py", Log()},
        scratch.path() + "/server.log");
    port = server->ReadFirstLine();
    if (port.empty()) PrintSkipped("the receiver didn't start: " + ReadFile(scratch.path() + "/server.log"));
  }
  std::string Log() const { return scratch.path() + "/requests.log"; }
  std::string Url(const std::string& path) const { return "http://127.0.0.1:" + port + path; }
  std::vector<nlohmann::json> Requests() const {
    std::vector<nlohmann::json> all;
    for (const std::string& line : ReadLines(Log())) all.push_back(nlohmann::json::parse(line));
    return all;
  }
};

TEST_CASE("a store that is slow, fails, redirects or answers with something else is an error") {
  const Recorder recorder;
  if (recorder.port.empty()) return;
  for (const char* path : {"/500", "/302", "/401", "/200", "/hang"}) {
    CAPTURE(path);
    const auto before = std::chrono::steady_clock::now();
    const decide::Sample sample = Measure(GraphOf(Plan(recorder.Url(path), kErrorRate)), "aaaa1111");
    CAPTURE(sample.message);
    CHECK(sample.kind == Kind::kError);
    // The provider's time is 10 s.
    CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(15));
  }
  for (const auto& request : recorder.Requests()) CHECK(request.at("path") != "/followed");
}

TEST_CASE("gates read what Prometheus scrapes from a pod, second by second") {
  const Recorder pod;
  if (pod.port.empty()) return;
  const auto server = PrometheusServer::Start(
      {}, {{"127.0.0.1:" + pod.port,
            {{"namespace", "shop"}, {"sluice_dev_service", "checkout"}, {"sluice_dev_revision", "aaaa1111"}}}});
  if (!server) return;
  const auto errors = GraphOf(Plan(server->url(), "gates.error-rate(max: 1%, over: 10s)"));
  const auto latency = GraphOf(Plan(server->url(), "gates.latency(p90: 300ms, over: 10s)"));
  decide::Sample sample = Measure(errors, "aaaa1111");
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (sample.kind == Kind::kNoData && std::chrono::steady_clock::now() < deadline) {
    poll(nullptr, 0, 250);
    sample = Measure(errors, "aaaa1111");
  }
  CHECK(ValueOf(sample) == Approx(0.05).epsilon(0.001));
  CHECK(ValueOf(Measure(latency, "aaaa1111")) == Approx(300).epsilon(0.001));
}

Result<void> Send(const std::string& url) {
  const auto graph = GraphOf(Plan("http://127.0.0.1:1", kErrorRate, url));
  REQUIRE(graph->on_failure.size() == 1);
  loop::RealLoop loop;
  http::CurlHttp http(loop);
  loop.SetWaiter(&http);
  NoCluster cluster;
  measure::NotificationRequest request;
  request.graph = graph;
  request.node = &std::get<graph::NotifyNode>(graph->on_failure.front().does);
  request.roots = RootsOf(*graph, "aaaa1111");
  graph::Map event;
  event.Set("rollout", graph::Value("checkout"));
  request.roots.insert_or_assign("message", graph::Value("checkout failed: \"too slow\" \u2013 5%"));
  request.roots.insert_or_assign("event", graph::Value(std::move(event)));
  request.namespace_ = "shop";
  request.key = "key-1";
  std::optional<Result<void>> result;
  loop.Post([&] {
    measure::Notify(cluster, http, std::move(request), [&](Result<void> sent) {
      result = std::move(sent);
      loop.Stop();
    });
  });
  loop.Run();
  return *result;
}

TEST_CASE("a webhook gets the message once, with the key that tells repetitions") {
  const Recorder recorder;
  if (recorder.port.empty()) return;
  REQUIRE(Send(recorder.Url("/hook")).ok());
  const auto requests = recorder.Requests();
  REQUIRE(requests.size() == 1);
  CHECK(requests[0].at("method") == "POST");
  CHECK(requests[0].at("path") == "/hook");
  CHECK(requests[0].at("headers").at("idempotency-key") == "key-1");
  CHECK(requests[0].at("headers").at("content-type") == "application/json");
  const auto body = nlohmann::json::parse(requests[0].at("body").get<std::string>());
  CHECK(body ==
        nlohmann::json({{"text", "checkout failed: \"too slow\" \u2013 5%"}, {"event", {{"rollout", "checkout"}}}}));
}

TEST_CASE("a webhook that refuses, redirects or isn't there is an error without its address") {
  const Recorder recorder;
  if (recorder.port.empty()) return;
  for (const std::string& url : {recorder.Url("/500/T0KEN"), recorder.Url("/403/T0KEN"), recorder.Url("/307/T0KEN"),
                                 std::string("http://127.0.0.1:1/T0KEN")}) {
    CAPTURE(url);
    const auto sent = Send(url);
    REQUIRE_FALSE(sent.ok());
    CAPTURE(sent.error().message);
    CHECK(sent.error().message.find("T0KEN") == std::string::npos);
  }
  CHECK(recorder.Requests().size() == 3);
}

}  // namespace
}  // namespace sluice::servers
