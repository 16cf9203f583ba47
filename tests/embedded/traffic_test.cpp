#include <algorithm>
#include <cstdlib>
#include <optional>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "reconciler/embedded/fields.h"
#include "tests/embedded/world.h"

namespace sluice::embedded {
namespace {

using namespace std::chrono_literals;

Options ShopLoad(std::int32_t per_second, std::vector<ImageBehaviour> images = {}) {
  Options options;
  options.world.images = std::move(images);
  Load load;
  load.host = "shop.example.com";
  load.per_second = per_second;
  options.world.loads = {load};
  options.world.default_per_second = 0;
  return options;
}

// Two revisions as Sluice labels them, behind one route.
void Deploy(TestWorld& world, const std::string& revision, const std::string& image, int replicas) {
  Json deployment = DeploymentOf("web-" + revision, image, replicas);
  Json labels = {{"sluice.dev/service", "web"}, {"sluice.dev/revision", revision}};
  deployment["spec"]["selector"]["matchLabels"] = labels;
  deployment["spec"]["template"]["metadata"]["labels"] = labels;
  world.Apply(deployment);
  Json service = ServiceOf("web-" + revision, labels);
  service["metadata"]["labels"] = labels;
  world.Apply(service);
}

std::int64_t To(const LedgerRow& row, const std::string& revision) {
  auto found = row.to.find("shop/web@" + revision);
  return found == row.to.end() ? 0 : found->second.requests;
}

TEST_CASE("a route's weights share the requests exactly") {
  TestWorld world(ShopLoad(100));
  Deploy(world, "aaaa", "shop/web:1", 3);
  Deploy(world, "bbbb", "shop/web:2", 1);
  world.Run(10s);
  world.Apply(RouteOf("web", {{"web-aaaa", 965}, {"web-bbbb", 35}}));
  world.Run(2s);
  std::size_t before = world.cluster->ledger().rows().size();
  world.Run(100s);
  std::int64_t to_candidate = 0;
  std::int64_t total = 0;
  const auto& rows = world.cluster->ledger().rows();
  for (std::size_t i = before; i < rows.size(); ++i) {
    CHECK(rows[i].lost == 0);
    to_candidate += To(rows[i], "bbbb");
    total += To(rows[i], "aaaa") + To(rows[i], "bbbb");
  }
  CHECK(total == 10'000);
  CHECK(std::abs(to_candidate - 350) <= 1);
}

TEST_CASE("traffic follows a route only when the proxies know it") {
  Options options = ShopLoad(100);
  options.lags.proxy = {5s, 5s};
  TestWorld world(options);
  Deploy(world, "aaaa", "shop/web:1", 1);
  Deploy(world, "bbbb", "shop/web:2", 1);
  world.Run(20s);
  world.Apply(RouteOf("web", {{"web-aaaa", 1}}));
  world.Run(20s);
  world.Apply(RouteOf("web", {{"web-bbbb", 1}}));
  world.Run(3s);
  CHECK(To(world.cluster->ledger().rows().back(), "aaaa") == 100);
  world.Run(4s);
  CHECK(To(world.cluster->ledger().rows().back(), "bbbb") == 100);
}

TEST_CASE("a backend without ready endpoints loses its share") {
  TestWorld world(ShopLoad(100));
  Deploy(world, "aaaa", "shop/web:1", 1);
  Deploy(world, "bbbb", "shop/web:2", 0);
  world.Apply(RouteOf("web", {{"web-aaaa", 75}, {"web-bbbb", 25}}));
  world.Run(10s);
  CHECK(world.cluster->ledger().rows().back().lost == 25);
  CHECK(To(world.cluster->ledger().rows().back(), "aaaa") == 75);
}

TEST_CASE("requests to pods that died without a word are lost until the proxies hear of it") {
  Options options = ShopLoad(90);
  options.lags.endpoints = {3s, 3s};
  TestWorld world(options);
  Deploy(world, "aaaa", "shop/web:1", 9);
  world.Apply(RouteOf("web", {{"web-aaaa", 1}}));
  world.Run(20s);
  std::int64_t before = world.cluster->ledger().TotalLost();
  world.cluster->LoseNode("node-2");
  world.Run(2s);
  CHECK(world.cluster->ledger().TotalLost() > before);
  world.Run(20s);
  CHECK(world.cluster->ledger().rows().back().lost == 0);
}

TEST_CASE("a pod answers with errors as its image tells, from when it tells") {
  ImageBehaviour bad = Image("*:bad");
  bad.errors = {{0s, 0}, {30s, 80'000}};
  TestWorld world(ShopLoad(50, {bad}));
  Deploy(world, "aaaa", "shop/web:bad", 1);
  world.Apply(RouteOf("web", {{"web-aaaa", 1}}));
  world.Run(25s);
  CHECK(world.cluster->ledger().TotalTo("shop/web@aaaa").failed == 0);
  world.Run(10s);
  Carried before = world.cluster->ledger().TotalTo("shop/web@aaaa");
  world.Run(100s);
  Carried after = world.cluster->ledger().TotalTo("shop/web@aaaa");
  CHECK(after.requests - before.requests == 5000);
  CHECK(after.failed - before.failed == 400);
}

TEST_CASE("a header match goes before the weights, a mirror goes on top") {
  Options options = ShopLoad(100);
  Load tester = options.world.loads[0];
  tester.path = "/tester";
  tester.headers = {{"x-canary", "always"}};
  tester.per_second = 10;
  options.world.loads.push_back(tester);
  TestWorld world(options);
  Deploy(world, "aaaa", "shop/web:1", 1);
  Deploy(world, "bbbb", "shop/web:2", 1);
  Json route = RouteOf("web", {{"web-aaaa", 1}});
  Json match = {{"headers", Json::array({{{"name", "X-Canary"}, {"value", "always"}}})}};
  Json to_candidate = Json::array({{{"name", "web-bbbb"}, {"port", 80}}});
  route["spec"]["rules"][0]["filters"] =
      Json::array({{{"type", "RequestMirror"}, {"requestMirror", {{"backendRef", to_candidate[0]}, {"percent", 20}}}}});
  route["spec"]["rules"].push_back({{"matches", Json::array({match})}, {"backendRefs", to_candidate}});
  world.Apply(route);
  world.Run(20s);
  const auto& sums = world.cluster->ledger().sums();
  const LedgerRow& tested = sums.at("shop.example.com/tester");
  CHECK(tested.to.size() == 1);
  CHECK(tested.to.begin()->first == "shop/web@bbbb");
  LedgerRow last = *std::find_if(world.cluster->ledger().rows().rbegin(), world.cluster->ledger().rows().rend(),
                                 [](const LedgerRow& row) { return row.load == "shop.example.com/"; });
  CHECK(To(last, "aaaa") == 100);
  CHECK(last.to["shop/web@bbbb"] == Carried{0, 0, 20});
}

TEST_CASE("a Service that comes into a route, or goes, with requests loses some; with weight 0 it doesn't") {
  TestWorld world(ShopLoad(100));
  Deploy(world, "aaaa", "shop/web:1", 1);
  Deploy(world, "bbbb", "shop/web:2", 1);
  world.Apply(RouteOf("web", {{"web-aaaa", 1}}));
  world.Run(20s);
  const auto lost_by = [&](const std::vector<std::pair<std::string, int>>& backends) {
    const std::int64_t before = world.cluster->ledger().TotalLost();
    world.Apply(RouteOf("web", backends));
    world.Run(5s);
    return world.cluster->ledger().TotalLost() - before;
  };
  CHECK(lost_by({{"web-aaaa", 1}, {"web-bbbb", 0}}) == 0);
  CHECK(lost_by({{"web-aaaa", 4}, {"web-bbbb", 1}}) == 0);
  CHECK(lost_by({{"web-aaaa", 1}, {"web-bbbb", 0}}) == 0);
  CHECK(lost_by({{"web-aaaa", 1}}) == 0);
  CHECK(lost_by({{"web-aaaa", 4}, {"web-bbbb", 1}}) == 20);
  CHECK(lost_by({{"web-bbbb", 1}}) > 0);
}

TEST_CASE("a plain Service is called evenly over its ready pods, so that pods are shares") {
  Options options;
  options.world.default_per_second = 40;
  TestWorld world(options);
  Deploy(world, "aaaa", "shop/web:1", 3);
  Deploy(world, "bbbb", "shop/web:2", 1);
  world.Apply(ServiceOf("web", {{"sluice.dev/service", "web"}}));
  world.Run(20s);
  const LedgerRow& last = world.cluster->ledger().rows().back();
  CHECK(last.load == "shop/web");
  CHECK(To(last, "aaaa") == 30);
  CHECK(To(last, "bbbb") == 10);
}

TEST_CASE("a rolling Deployment whose pods serve on loses no request") {
  ImageBehaviour image = Image("*");
  image.stop_after = 5s;
  Options options;
  options.world.images = {image};
  TestWorld world(options);
  world.Apply(DeploymentOf("web", "shop/web:1", 4));
  world.Apply(ServiceOf("web", {{"app", "web"}}));
  world.Run(20s);
  std::int64_t before = world.cluster->ledger().TotalLost();
  world.Apply(DeploymentOf("web", "shop/web:2", 4));
  world.Run(60s);
  CHECK(world.Counts("web") == "replicas 4, updated 4, ready 4");
  CHECK(world.cluster->ledger().TotalLost() == before);
}

TEST_CASE("the gateway controller says at which generation it accepted a route, and what is missing") {
  TestWorld world;
  world.Apply(RouteOf("web", {{"web-aaaa", 1}}));
  world.Run(2s);
  auto conditions = [&] {
    const Json live = world.cluster->Peek({{"gateway.networking.k8s.io/v1", "HTTPRoute"}, "shop", "web"});
    std::string text;
    for (const Json& condition : live["status"]["parents"][0]["conditions"]) {
      text += Text(condition, {"type"}) + "=" + Text(condition, {"status"}) + " " + Text(condition, {"reason"}) + "@" +
              condition["observedGeneration"].dump() + " ";
    }
    return text;
  };
  CHECK(conditions() == "Accepted=True Accepted@1 ResolvedRefs=False BackendNotFound@1 ");
  Deploy(world, "aaaa", "shop/web:1", 1);
  world.Run(2s);
  CHECK(conditions() == "Accepted=True Accepted@1 ResolvedRefs=True ResolvedRefs@1 ");
  world.Apply(RouteOf("web", {{"web-aaaa", 2}}));
  CHECK(conditions() == "Accepted=True Accepted@1 ResolvedRefs=True ResolvedRefs@1 ");
  world.Run(2s);
  CHECK(conditions() == "Accepted=True Accepted@2 ResolvedRefs=True ResolvedRefs@2 ");
}

std::string Query(TestWorld& world, const std::string& query) {
  NoHttp outside(world.loop);
  auto http = world.cluster->Http(outside);
  std::string encoded;
  for (char c : query) encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  std::optional<Result<http::HttpResponse>> answer;
  http::HttpRequest request;
  request.url = "http://prometheus.monitoring:9090/api/v1/query?query=" + encoded;
  http->Send(std::move(request), [&](Result<http::HttpResponse> response) { answer = std::move(response); });
  world.loop.RunUntil([&] { return answer.has_value(); }, world.loop.Now() + 1s);
  const Json body = cluster::ParseJson((*answer)->body);
  const Json& result = body["data"]["result"];
  return result.empty() ? "none" : result[0]["value"][1].get<std::string>();
}

TEST_CASE("the metrics endpoint answers the questions of gates from the traffic that was") {
  ImageBehaviour bad = Image("*:bad");
  bad.errors = {{0s, 200'000}};
  bad.latency_median = 60ms;
  bad.latency_p99 = 300ms;
  TestWorld world(ShopLoad(200, {bad}));
  Deploy(world, "aaaa", "shop/web:1", 3);
  Deploy(world, "bbbb", "shop/web:bad", 1);
  world.Apply(RouteOf("web", {{"web-aaaa", 90}, {"web-bbbb", 10}}));
  const std::string candidate = R"(namespace="shop",sluice_dev_service="web",sluice_dev_revision="bbbb")";
  const std::string stable = R"(namespace="shop",sluice_dev_service="web",sluice_dev_revision="aaaa")";
  auto ratio = [](const std::string& of) {
    return "(sum(rate(http_requests_total{" + of +
           R"(,code=~"5.."}[2m])) or vector(0)) / (sum(rate(http_requests_total{)" + of + "}[2m])) > 0)";
  };
  CHECK(Query(world, ratio(candidate)) == "none");
  world.Run(4min);
  CHECK(std::stod(Query(world, ratio(candidate))) == Approx(0.2).epsilon(0.001));
  CHECK(Query(world, ratio(stable)) == "0");
  CHECK(std::stod(Query(world, "sum(rate(http_requests_total{" + candidate + "}[1m]))")) == Approx(20).epsilon(0.01));
  CHECK(std::stod(Query(world, "histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket{" +
                                   candidate + "}[2m])))")) == Approx(0.3).epsilon(0.02));
  // A third of the answers took at most 50 ms and 53% at most 75 ms: the median lies between these buckets.
  CHECK(std::stod(Query(world, "histogram_quantile(0.5, sum by (le) (rate(http_request_duration_seconds_bucket{" +
                                   candidate + "}[2m])))")) == Approx(0.0709).epsilon(0.01));
  // The revision's pods go: after a scrape it has no data.
  world.Apply(RouteOf("web", {{"web-aaaa", 1}}));
  world.Delete(DeploymentOf("web-bbbb", "", 0));
  world.Run(30s);
  CHECK(Query(world, "http_requests_total{" + candidate + "}") == "none");
}

}  // namespace
TEST_CASE("images crash, are not ready and fail at times of the clock, and do otherwise when the world changes") {
  Options options;
  ImageBehaviour image = Image("*:1");
  image.counts_from = kStart;
  image.errors = {{1min, 500'000}, {2min, 0}};
  image.latencies = {{1min, 200ms, 800ms}};
  image.unready = {{kStart + 3min, kStart + 4min}};
  image.crashes = {{kStart + 5min, kStart + 6min}};
  options.world.images = {image};
  TestWorld world(options);
  world.Apply(DeploymentOf("web", "web:1", 2));
  world.Apply(ServiceOf("web", {{"app", "web"}}));
  const auto failed = [&] {
    std::int64_t count = 0;
    for (const auto& [load, sum] : world.cluster->ledger().sums()) {
      for (const auto& [to, carried] : sum.to) count += carried.failed;
    }
    return count;
  };
  world.Run(59s);
  CHECK(failed() == 0);
  CHECK(world.ReadyEndpoints("web") == 2);
  world.Run(61s);
  CHECK(failed() > 500);
  const std::int64_t by_then = failed();
  world.Run(50s);
  CHECK(failed() <= by_then + 20);
  CHECK(world.ReadyEndpoints("web") == 2);
  world.Run(20s);
  CHECK(world.ReadyEndpoints("web") == 0);
  world.Run(60s);
  CHECK(world.ReadyEndpoints("web") == 2);
  world.Run(60s);
  CHECK(world.ReadyEndpoints("web") == 0);
  CHECK(world.Pods()[0]["status"]["containerStatuses"][0]["restartCount"].get<int>() >= 0);
  // A container that crashed comes back within its back-off once the time for it is over.
  world.Run(2min);
  CHECK(world.ReadyEndpoints("web") == 2);
  ImageBehaviour never = Image("*:1");
  never.ready = false;
  World other;
  other.images = {never};
  other.default_per_second = 0;
  world.cluster->SetWorld(other);
  const std::int64_t before = world.cluster->ledger().Total();
  world.Run(20s);
  CHECK(world.ReadyEndpoints("web") == 0);
  CHECK(world.cluster->ledger().Total() <= before + 20);
}

TEST_CASE("requests that are carried rarely go where they would have gone, each second by itself") {
  const auto totals = [](Duration rest) {
    Options options = ShopLoad(40, {Image("*:1")});
    options.traffic_rest = rest;
    options.scrape_interval = 60s;  // which carries what is due
    TestWorld world(options);
    Deploy(world, "aaaa", "web:1", 4);
    Deploy(world, "bbbb", "web:1", 4);
    world.Apply(RouteOf("shop", {{"web-aaaa", 9}, {"web-bbbb", 1}}));
    world.Run(127s);
    world.Apply(RouteOf("shop", {{"web-aaaa", 1}, {"web-bbbb", 1}}));
    world.Run(128s);
    World bad;
    ImageBehaviour fails = Image("*:1");
    fails.errors = {{Duration(0), 500'000}};
    bad.images = {fails};
    bad.loads = options.world.loads;
    bad.default_per_second = 0;
    world.cluster->SetWorld(bad);
    world.Run(64s);
    const Ledger& ledger = world.cluster->ledger();
    return std::pair(ledger.TotalTo("shop/web@aaaa"), ledger.TotalTo("shop/web@bbbb"));
  };
  const auto [a, b] = totals(Duration(0));
  const auto [rare_a, rare_b] = totals(40s);
  CHECK(a.failed > 500);
  // Up to the requests of a second, which the last tick may or may not have carried.
  CHECK(std::abs(a.requests - rare_a.requests) <= 40);
  CHECK(std::abs(b.requests - rare_b.requests) <= 40);
  CHECK(std::abs(a.failed - rare_a.failed) <= 40);
}

}  // namespace sluice::embedded
