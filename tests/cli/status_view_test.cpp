#include "cli/status_view.h"

#include <string>

#include <catch2/catch.hpp>

namespace sluice::cli {
namespace {

TimePoint At(int seconds) { return TimePoint(std::chrono::seconds(1'800'000'000 + seconds)); }

graph::Node Node(const std::string& step, const std::string& verb, decltype(graph::Node::does) does) {
  graph::Node node;
  node.path = "checkout/" + step + "/" + verb;
  node.step = step;
  node.does = std::move(does);
  return node;
}

// A canary at 10%, in the middle of its hold.
RolloutView Canary() {
  RolloutView view;
  view.name = "checkout";
  view.namespace_ = "shop";
  view.commit = "349d58d6de75322c";
  view.ref = "main";
  view.wanted = "bbbbbbbb";
  view.wanted_image = "ghcr.io/acme/checkout:1.1.0";
  view.message = "checkout/first/hold: holds";
  graph::Graph graph;
  graph.rollout = "checkout";
  graph.nodes.push_back(Node("first", "scale", graph::ScaleNode{{4, 1}, 4, 5, Number::Ratio(1, 10), Number()}));
  graph.nodes.push_back(Node("first", "traffic", graph::TrafficNode{Number::Ratio(1, 10), {}, Number()}));
  graph.nodes.push_back(Node("first", "hold", graph::HoldNode{Duration(60'000), {}}));
  graph.nodes.push_back(Node("full", "traffic", graph::TrafficNode{Number(1), {}, Number()}));
  graph.spans.assign(4, graph::PlanLine{"checkout.plan", 31, 5});
  view.graph = graph;

  decide::Status& status = view.status;
  status.phase = decide::Phase::kProgressing;
  status.stable = "aaaaaaaa";
  status.candidate = "bbbbbbbb";
  status.run = 2;
  status.applied.shares = {{"aaaaaaaa", Number::Ratio(9, 10)}, {"bbbbbbbb", Number::Ratio(1, 10)}};
  for (const char* done : {"checkout/first/scale", "checkout/first/traffic"}) {
    decide::NodeRecord& record = status.nodes[done];
    record.state = decide::NodeState::kDone;
    record.left_at = At(0);
  }
  decide::NodeRecord& hold = status.nodes["checkout/first/hold"];
  hold.entered_at = At(0);
  view.pods["aaaaaaaa"] = {4, 4, "ghcr.io/acme/checkout:1.0.0"};
  view.pods["bbbbbbbb"] = {1, 1, "ghcr.io/acme/checkout:1.1.0"};
  return view;
}

bool Has(const std::string& text, const std::string& part) {
  CAPTURE(text, part);
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a rollout under way: what git wants, what runs, where it stands, until when, at which plan line") {
  const std::string text = RenderStatusText(Canary(), At(20));
  CHECK(Has(text, "checkout (shop)  progressing\n"));
  CHECK(Has(text, "git wants  bbbbbbbb  checkout:1.1.0  commit 349d58d6de on main\n"));
  CHECK(Has(text, "stable     aaaaaaaa  checkout:1.0.0  4 of 4 pods ready  90% of the traffic\n"));
  CHECK(Has(text, "candidate  bbbbbbbb  checkout:1.1.0  1 of 1 pods ready  10% of the traffic\n"));
  CHECK(Has(text, "  ▸ first\n"));
  CHECK(Has(text, "(40s)"));
  CHECK(Has(text, "checkout.plan:31\n"));
  CHECK(Has(text, "  · full\n"));
}

TEST_CASE("the executor's own words and its newest samples come before the stored message") {
  RolloutView view = Canary();
  view.graph->gates.push_back({});
  view.graph->gates[0].name = "error-rate(max: 1%)";
  view.graph->gates[0].key = "k1";
  view.explained = cluster::ParseJson(R"({"summary":"holds 40s more","gates":[{"gate":"k1","node":"checkout/first/hold",
      "newest":{"at":"2027-01-15T08:00:10.000Z","values":{"value":"0.2%"},"result":"value"}}]})");
  const std::string text = RenderStatusText(view, At(20));
  CHECK(Has(text, "now        holds 40s more\n"));
  CHECK(Has(text, "gate       error-rate(max: 1%): 0.2%  (at 08:00:10, for checkout/first/hold)\n"));
}

TEST_CASE("a held revision says why git and cluster differ") {
  RolloutView view = Canary();
  decide::Status& status = view.status;
  status.hold = decide::Hold::kHeld;
  status.hold_reason = "error-rate 20%";
  status.hold_since = At(0);
  status.held.push_back({"bbbbbbbb", "error-rate 20%", At(0), false});
  const std::string text = RenderStatusText(view, At(90));
  CHECK(Has(text, "checkout (shop)  Held\n"));
  CHECK(Has(text, "because    bbbbbbbb is held: error-rate 20%\n"));
  CHECK(Has(text, "waits      error-rate 20% (1m30s ago)\n"));
}

TEST_CASE("json carries the same for programs") {
  const cluster::Json json = cluster::ParseJson(RenderStatusJson(Canary(), At(20)));
  CHECK(json.at("state") == "progressing");
  CHECK(json.at("candidate").at("share") == "10%");
  CHECK(json.at("steps").at(0).at("state") == "active");
  CHECK(json.at("steps").at(0).at("nodes").at(2).at("until") == FormatTime(At(60)));
  CHECK(json.at("steps").at(1).at("state") == "pending");
}

TEST_CASE("a rollout of which nothing is known yet still has a status") {
  RolloutView view;
  view.name = "checkout";
  view.namespace_ = "shop";
  CHECK(Has(RenderStatusText(view, At(0)), "checkout (shop)  idle\n"));
  CHECK(RenderHistoryText(view) == "nothing was rolled out yet\n");
  CHECK(!cluster::ParseJson(RenderStatusJson(view, At(0))).is_discarded());
}

TEST_CASE("what git wants and can't have is told with the reason, wherever the rollout is shown") {
  RolloutView view = Canary();
  view.ready_reason = "BundleRejected";
  view.message = "it deploys service payments";
  const std::string told = "what git wants is not accepted: it deploys service payments";
  CHECK(Has(RenderStatusText(view, At(20)), "  because    " + told + "\n"));
  CHECK(Has(RenderStatusLine(view, At(20)), told));
  CHECK(Has(RenderChange(view), told));
  CHECK(cluster::ParseJson(RenderStatusJson(view, At(20)))["because"] == told);
}

TEST_CASE("what is wrong with the source is told with the commit that stays") {
  const TimePoint now = At(30);
  CHECK(RenderSource(nullptr, now).empty());
  CHECK(RenderSource({{"wanted", "0123456789abcdef"}, {"message", ""}, {"trouble", cluster::Json::array()}}, now)
            .empty());
  CHECK(RenderSource({{"wanted", "0123456789abcdef"},
                      {"message", "commit fedcba98 does not compile (1 error): a.plan:3:1: SL0001: no"},
                      {"since", FormatTime(At(0))},
                      {"trouble", cluster::Json::array({"v1/Service/shop/web: forbidden"})}},
                     now) ==
        "git    commit fedcba98 does not compile (1 error): a.plan:3:1: SL0001: no\n"
        "       commit 0123456789 stays in use; found 30s ago\n"
        "not applied of commit 0123456789: v1/Service/shop/web: forbidden\n");
  CHECK(RenderSource({{"message", "no answer"}}, now) == "git    no answer\n       no commit is in use yet\n");
}

TEST_CASE("what was passed by is told as skipped, not as passed") {
  RolloutView view = Canary();
  view.status.nodes["checkout/first/traffic"].exception = "promote by ann";
  decide::RunRecord run{1, "aaaaaaaa", "", "image:1", "promoted", "first install", "", At(0), At(9), {}};
  run.nodes = {{"checkout/first/hold", graph::Outcome::kPass, true, "first install", At(1)},
               {"checkout/promote", graph::Outcome::kPass, false, "aaaaaaaa is stable", At(9)}};
  view.status.history = {run};
  CHECK(Has(RenderHistoryText(view), " skipped  first install\n"));
  CHECK(Has(RenderHistoryText(view), " pass  aaaaaaaa is stable\n"));
  const nlohmann::json history = nlohmann::json::parse(RenderHistoryJson(view));
  CHECK(Has(history.dump(), R"("outcome":"skipped")"));
  const nlohmann::json status = nlohmann::json::parse(RenderStatusJson(view, At(20)));
  const nlohmann::json& nodes = status.at("steps").at(0).at("nodes");
  CHECK(nodes.at(0).at("outcome") == "pass");
  CHECK(nodes.at(1).at("outcome") == "skipped");
}

}  // namespace sluice::cli
