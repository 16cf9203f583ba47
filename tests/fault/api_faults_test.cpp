// What an API server can answer wrongly, or not at all, in the middle of a canary: nothing is lost, nothing is asked in
// a storm, people are told, and once it is over the rollout ends as if nothing had been.
#include <algorithm>
#include <set>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "compiler/graph/names.h"
#include "reconciler/kubernetes/kubernetes_cluster.h"
#include "tests/execute/callers.h"
#include "tests/fault/wire.h"

namespace sluice::execute {
namespace {

using cluster::Json;
using http::HttpRequest;
using http::HttpResponse;
using Breaks = Wire::Breaks;
using Break = Wire::Break;

// A reconciler that asks the embedded cluster over the wire, as it asks any API server.
struct Wired {
  Wired() : scene(Callers(), 1, {}, [this](simulate::System& of) { return Client(of); }) {
    apiserver::ApiOptions options;
    options.local_only = false;
    server = std::make_unique<apiserver::ApiServer>(scene.loop, *scene.embedded, options);
    server->Furnish();
    wire = std::make_unique<Wire>(scene.loop, *server);
  }
  ~Wired() { scene.Kill(); }

  std::unique_ptr<cluster::Cluster> Client(simulate::System& of) {
    kubernetes::Connection connection;
    connection.server = "https://api.test";
    connection.token_file = "token";
    kubernetes::ClusterOptions options;
    options.trouble = [this](const cluster::Kind& kind, const std::string& message) {
      if (!message.empty()) troubles.insert(kind.kind + ": " + message);
    };
    const auto read = [this](const std::string&) -> Result<std::string> { return token; };
    return std::make_unique<kubernetes::KubernetesCluster>(*wire, of.loop, kubernetes::Access(connection, read),
                                                           options);
  }

  std::string token = "t1";
  std::set<std::string> troubles;
  Scene scene;
  std::unique_ptr<apiserver::ApiServer> server;
  std::unique_ptr<Wire> wire;
};

std::string StatusText(int code, const std::string& reason, const std::string& message) {
  return Json{{"kind", "Status"}, {"apiVersion", "v1"}, {"status", "Failure"},
              {"code", code},     {"reason", reason},   {"message", message}}
      .dump();
}
HttpResponse Refusal(int code, const std::string& reason, const std::string& message) {
  return {code, StatusText(code, reason, message), {{"content-type", "application/json"}}};
}
bool Writes(const HttpRequest& request) { return request.method != "GET"; }
bool About(const HttpRequest& request, const std::string& part) {
  return PathOf(request).find(part) != std::string::npos;
}

Breaks Always(Result<HttpResponse> answer) {
  return [answer](const HttpRequest&) { return Break{answer}; };
}
Breaks WhenWriting(const std::string& part, const Result<HttpResponse>& answer) {
  return [part, answer](const HttpRequest& request) {
    return Writes(request) && About(request, part) ? std::optional(Break{answer}) : std::nullopt;
  };
}

Breaks Watching(const std::string& part, const Result<HttpResponse>& answer) {
  return [part, answer](const HttpRequest& request) {
    const bool watches = request.url.find("watch=") != std::string::npos;
    return watches && About(request, part) ? std::optional(Break{answer}) : std::nullopt;
  };
}

struct Fault {
  std::string name;
  Breaks breaks;
  std::string said;  // to people, while it lasts
  bool cut = false;  // watches that were open end
  std::string last_bytes = {};
};

std::vector<Fault> Faults() {
  const Error refused{ErrorCode::kUnavailable, "Connection refused"};
  return {
      {"down", Always(refused), "Connection refused", true},
      {"silent", [](const HttpRequest&) { return Break{}; }, "no answer in time", true},
      {"401", Always(Refusal(401, "Unauthorized", "Unauthorized")), "refused the credentials", true},
      {"403 for all", Always(Refusal(403, "Forbidden", "forbidden: User \"sluice\" cannot do anything")),
       "cannot do anything", true},
      {"403 for Deployments",
       WhenWriting("/deployments",
                   Refusal(403, "Forbidden", "deployments.apps is forbidden: User \"sluice\" cannot patch")),
       "cannot patch"},
      {"403 for the status",
       WhenWriting("/rollouts/checkout/status", Refusal(403, "Forbidden", "rollouts.sluice.dev/status is forbidden")),
       "rollouts.sluice.dev/status is forbidden"},
      {"quota",
       WhenWriting(
           "/deployments",
           Refusal(
               403, "Forbidden",
               "deployments.apps \"checkout\" is forbidden: exceeded quota: all, requested: count/deployments.apps=1")),
       "exceeded quota"},
      {"namespace terminates",
       WhenWriting(
           "/namespaces/shop/",
           Refusal(403, "Forbidden", "unable to create new content in namespace shop because it is being terminated")),
       "is being terminated"},
      {"409", WhenWriting("", Refusal(409, "Conflict", "the object has been modified")),
       "the object has been modified"},
      {"410",
       [](const HttpRequest& request) {
         return request.url.find("watch=") != std::string::npos
                    ? std::optional(Break{Refusal(410, "Expired", "too old resource version")})
                    : std::nullopt;
       },
       "", true},
      {"413", WhenWriting("/status", Refusal(413, "RequestEntityTooLarge", "limit is 3145728")), "limit is 3145728"},
      {"422 immutable", WhenWriting("/deployments", Refusal(422, "Invalid", "spec.selector: field is immutable")),
       "field is immutable"},
      {"422 by a webhook",
       WhenWriting("/httproutes",
                   Refusal(422, "Invalid", "admission webhook \"policy.example.com\" denied the request: no")),
       "policy.example.com"},
      {"429",
       [](const HttpRequest&) {
         return Break{HttpResponse{429, StatusText(429, "TooManyRequests", "slow down"), {{"retry-after", "5"}}}};
       },
       "slow down", true},
      {"500", Always(Refusal(500, "InternalError", "etcdserver: request timed out")), "etcdserver: request timed out",
       true},
      {"503 with a page",
       Always(HttpResponse{503, "<html><body>upstream connect error</body></html>", {{"content-type", "text/html"}}}),
       "503", true},
      {"200 with a page",
       Always(HttpResponse{200, "<html><body>Please log in</body></html>", {{"content-type", "text/html"}}}), "JSON",
       true},
      {"half an answer",
       Always(HttpResponse{200, "{\"kind\":\"Deployment\",\"metadata\":{\"na", {{"content-type", "application/json"}}}),
       "JSON", true},
      {"lost answers",
       [](const HttpRequest& request) {
         return Writes(request)
                    ? std::optional(Break{Result<HttpResponse>(Error{ErrorCode::kAmbiguous, "reset by peer"}), true})
                    : std::nullopt;
       },
       ""},
      {"half an event", nullptr, "", true, "{\"type\":\"MODIFIED\",\"object\":{\"kind\":\"Deplo"},
      {"403 for watches of pods", Watching("/pods", Refusal(403, "Forbidden", "pods is forbidden")),
       "why pods don't become ready is not known", true},
      {"the definitions gone",
       [](const HttpRequest& request) {
         return About(request, "/sluice.dev/")
                    ? std::optional(Break{Refusal(404, "NotFound", "the server could not find the requested resource")})
                    : std::nullopt;
       },
       "", true},
  };
}

constexpr std::size_t kMostInAMinute = 60;  // requests, beginnings of watches among them

bool IsQuiet(const Scene& scene) { return scene.reconciler->executor().at_rest(); }

bool InHold(const Scene& scene) {
  const decide::Status status = scene.StatusOf("checkout");
  return !status.candidate.empty() && status.nodes.contains("checkout/first/hold");
}

// All that people are told by something other than the log.
std::string Told(Wired& wired) {
  std::string told = wired.scene.reconciler->executor().Explain({"shop", "checkout"}).dump() +
                     wired.scene.reconciler->DescribeSource().dump();
  for (const std::string& trouble : wired.troubles) told += trouble + "\n";
  return told;
}

// In the middle of a first hold of `tag`, for two minutes.
void Disturb(Wired& wired, const std::string& tag, const Fault& fault) {
  Scene& scene = wired.scene;
  scene.repository.Commit({{"checkout.plan", ShopPlan("1")}});
  scene.Start();
  REQUIRE(scene.RunUntilAtRest());
  scene.repository.Commit({{"checkout.plan", ShopPlan(tag, "40s")}});
  REQUIRE(scene.RunUntil([&] { return InHold(scene); }, Duration(60'000)));
  scene.RunFor(Duration(5'000));
  wired.troubles.clear();
  wired.wire->Set(fault.breaks);
  if (fault.cut) wired.wire->Cut(fault.last_bytes);
  std::string told;
  for (int second = 0; second < 60; ++second) {
    scene.RunFor(Duration(1'000));
    told += Told(wired);
  }
  const std::size_t before = wired.wire->log().size();
  scene.RunFor(Duration(60'000));
  CHECK(wired.wire->log().size() - before <= kMostInAMinute);
  INFO(Told(wired));
  CHECK((told + Told(wired)).find(fault.said) != std::string::npos);
  wired.wire->Set(nullptr);
}

TEST_CASE("whatever the API server answers in the middle of a canary, it ends as if nothing had been") {
  for (const Fault& fault : Faults()) {
    INFO(fault.name);
    Wired wired;
    Scene& scene = wired.scene;
    std::int64_t before = -1;
    scene.loop.After(Duration(20'000), [&] { before = SeenBy(scene, "shop.example.com/checkout").lost; });
    Disturb(wired, "2", fault);
    CHECK(scene.RunUntil([&] { return scene.StatusOf("checkout").phase == decide::Phase::kSettled && IsQuiet(scene); },
                         Duration(900'000)));
    const decide::Status status = scene.StatusOf("checkout");
    CHECK(status.history.size() == 2);
    CHECK(status.history.back()->outcome == "promoted");
    CHECK(scene.Names("apps/v1", "Deployment") == std::vector<std::string>{"checkout-" + status.stable});
    CHECK(SeenBy(scene, "shop.example.com/checkout").lost == before);  // the first install is called before it is there
  }
}

TEST_CASE("whatever the API server answers while a gate fails, the version goes back and is held") {
  for (const Fault& fault : Faults()) {
    INFO(fault.name);
    Wired wired;
    Scene& scene = wired.scene;
    Disturb(wired, "bad", fault);
    CHECK(scene.RunUntil([&] { return scene.StatusOf("checkout").hold == decide::Hold::kHeld && IsQuiet(scene); },
                         Duration(900'000)));
    const decide::Status status = scene.StatusOf("checkout");
    CHECK(status.history.size() == 2);
    CHECK(status.history.back()->outcome == "rolled-back");
    CHECK(status.history.front()->revision == status.stable);
  }
}

TEST_CASE("nothing moves forward while what is known of endpoints may be old") {
  const std::string part =
      GENERATE(std::string("/endpointslices"), std::string("/deployments"), std::string("/httproutes"));
  Wired wired;
  Disturb(wired, "2",
          {"", Watching(part, Refusal(403, "Forbidden", "is forbidden")), "may be old: is forbidden", true});
  Scene& scene = wired.scene;
  const decide::Status status = scene.StatusOf("checkout");
  CHECK(!status.candidate.empty());
  CHECK(!status.nodes.contains("checkout/half/scale"));
  const Json rollout = scene.Object(graph::kApiVersion, graph::kRolloutKind, "checkout");
  CHECK(rollout.at("status").at("conditions").dump().find("may be old: is forbidden") != std::string::npos);
  CHECK(scene.RunUntil([&] { return scene.StatusOf("checkout").phase == decide::Phase::kSettled; }, Duration(300'000)));
  CHECK(scene.StatusOf("checkout").history.back()->outcome == "promoted");
}

TEST_CASE("a token that is replaced, and empty for a moment, is read again") {
  Wired wired;
  Fault replaced;
  replaced.breaks = [](const HttpRequest& request) {
    for (const auto& [name, value] : request.secret_headers) {
      if (value.Reveal() == "Bearer t2") return std::optional<Break>();
    }
    return std::optional(Break{Refusal(401, "Unauthorized", "Unauthorized")});
  };
  replaced.cut = true;
  Scene& scene = wired.scene;
  scene.loop.After(Duration(60'000), [&] { wired.token.clear(); });
  scene.loop.After(Duration(90'000), [&] { wired.token = "t2"; });
  Disturb(wired, "2", replaced);
  wired.wire->Set(replaced.breaks);
  CHECK(scene.RunUntil([&] { return scene.StatusOf("checkout").phase == decide::Phase::kSettled; }, Duration(300'000)));
  CHECK(scene.StatusOf("checkout").history.back()->outcome == "promoted");
}

}  // namespace
}  // namespace sluice::execute
