// What a secret holds reaches the one it is meant for, and nobody else: no log, status, event, metric or bundle.
#include <catch2/catch.hpp>

#include "compiler/graph/names.h"
#include "tests/execute/log_book.h"
#include "tests/execute/scene.h"

namespace sluice::execute {
namespace {

constexpr const char* kToken = "t0ken-of-the-metrics";
constexpr const char* kTokenBase64 = "dDBrZW4tb2YtdGhlLW1ldHJpY3M=";
constexpr const char* kHookPath = "h00k-path";
constexpr const char* kHookUser = "h00k-user";

constexpr const char* kPlan = R"(
import std.channels
import std.gates
import std.providers
import std.routers

let metrics = providers.prometheus(url: "http://prometheus.monitoring:9090", token: secret "access" key "token")

service checkout {
  namespace "shop"
  image     "ghcr.io/acme/checkout:TAG"
  replicas  4
  port      http 8080
  probe     ready http "/readyz" every 1s
  env       { DB_PASSWORD: secret "access" key "token" }
}
route shop {
  host "shop.example.com"
  via  routers.gateway("infra/public")
}
gate healthy = gates.error-rate(max: 1%, over: 10s, every: 2s, from: metrics)
channel chat = channels.webhook(secret-url: secret "access" key "url", token: secret "access" key "token")
rollout checkout {
  deploy   checkout
  through  shop
  deadline 30m
  drain    2s
  step first { weight 10%  notify chat "ten percent of ${candidate.image}"  hold 20s while healthy }
  step full { weight 100% }
  on failure { notify chat "failed: ${reason}" }
}
)";

std::string Plan(const std::string& tag) {
  std::string plan = kPlan;
  return plan.replace(plan.find("TAG"), 3, tag);
}

void PutSecret(Scene& scene, const std::string& url_base64) {
  const cluster::Json secret = {{"apiVersion", "v1"},
                                {"kind", "Secret"},
                                {"metadata", {{"name", "access"}, {"namespace", "shop"}}},
                                {"data", {{"token", kTokenBase64}, {"url", url_base64}}}};
  scene.embedded->Send(cluster::Create{secret, "test"},
                       [](const Result<cluster::SharedJson>& created) { REQUIRE(created.ok()); });
  scene.RunFor(Duration(1'000));
}

void CheckHoldsNone(const std::string& where, const std::string& text) {
  INFO(where);
  for (const char* secret : {kToken, kTokenBase64, kHookPath, kHookUser}) {
    const std::size_t at = text.find(secret);
    INFO((at == std::string::npos ? std::string() : text.substr(at < 200 ? 0 : at - 200, 400)));
    CHECK(at == std::string::npos);
  }
}

TEST_CASE("no log, status, event, metric or bundle holds a byte of a secret") {
  // A hook that can't be reached, https://h00k-user:h00k-path@chat.example.com/h00k-path?k=h00k-path, and one
  // whose text is no address, "chat.example.com h00k-path": both are errors that want to be explained.
  const std::string url_base64 = GENERATE(
      as<std::string>(), "aHR0cHM6Ly9oMDBrLXVzZXI6aDAway1wYXRoQGNoYXQuZXhhbXBsZS5jb20vaDAway1wYXRoP2s9aDAway1wYXRo",
      "Y2hhdC5leGFtcGxlLmNvbSBoMDBrLXBhdGg=");
  const bool down = GENERATE(false, true);
  Scene scene(BadImages());
  const LogBook log;
  PutSecret(scene, url_base64);
  scene.repository.Commit({{"checkout.plan", Plan("1")}});
  scene.Start();
  REQUIRE(scene.RunUntilAtRest());
  if (down) scene.http->SetPrometheus(embedded::EmbeddedHttp::Trouble::kDown);
  scene.repository.Commit({{"checkout.plan", Plan("bad")}});
  REQUIRE(scene.RunUntil([&] { return scene.StatusOf("checkout").hold != decide::Hold::kNone; }, Duration(3'600'000)));
  scene.RunFor(Duration(300'000));

  CHECK(log.text().find("a notification was not taken") != std::string::npos);
  CHECK(log.text().find("has no key") == std::string::npos);  // and the secret was read
  CheckHoldsNone("log", log.text());
  CheckHoldsNone("metrics", scene.metrics.Text());
  CheckHoldsNone("source", scene.reconciler->DescribeSource().dump());
  for (const cluster::Kind& kind :
       {cluster::Kind{graph::kApiVersion, graph::kRolloutKind}, cluster::Kind{graph::kApiVersion, graph::kBundleKind},
        cluster::Kind{"events.k8s.io/v1", "Event"}, cluster::Kind{"v1", "ConfigMap"},
        cluster::Kind{"apps/v1", "Deployment"}}) {
    const std::vector<cluster::Json> objects = scene.embedded->PeekAll(kind);
    INFO(kind.kind);
    CHECK_FALSE(objects.empty());
    for (const cluster::Json& object : objects) CheckHoldsNone(kind.kind, object.dump());
  }
}

}  // namespace
}  // namespace sluice::execute
