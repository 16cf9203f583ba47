#include "reconciler/execute/status_codec.h"

#include <catch2/catch.hpp>

namespace sluice::execute {
namespace {

using json = cluster::Json;

TimePoint At(std::int64_t seconds) { return TimePoint(Duration(1'800'000'000'000 + seconds * 1'000)); }

// Every field has a value that is not its initial one.
StoredStatus Full() {
  StoredStatus stored;
  decide::Status& s = stored.status;
  s.phase = decide::Phase::kGoingBack;
  s.hold = decide::Hold::kTrafficUnsettled;
  s.hold_reason = "the route is not accepted";
  s.hold_since = At(1);
  s.accepted_digest = std::string(64, 'a');
  s.candidate = "11111111";
  s.stable = "22222222";
  s.leaving = {"33333333", "44444444"};
  s.promoted = {"22222222", "55555555"};
  s.pinned = "55555555";
  s.pinned_over = "22222222";
  s.run = 3;
  s.run_started_at = At(2);
  s.excluded = Duration(90'001);
  s.applied.shares = {{"11111111", Number::Ratio(1, 3)}, {"22222222", Number::Ratio(2, 3)}};
  s.applied.previous = {{"22222222", Number(1)}};
  s.applied.matches = {{{{"header", "X-Canary", "is", {"yes", "1"}}, {"method", "", "in", {"GET"}}}}};
  s.applied.mirror = Number(1);
  s.applied.pods = {{"11111111", 2}, {"22222222", 4}};
  s.applied.sequence = 9;
  s.applied.objects = {{"gateway.networking.k8s.io/v1", "HTTPRoute", "shop", "checkout"}};
  s.applied.objects_written = 1;
  s.applied.written_at = At(3);
  s.applied.settled_at = At(4);
  s.applied.pods_at = At(5);
  decide::NodeRecord node;
  node.state = decide::NodeState::kDone;
  node.outcome = graph::Outcome::kNoData;
  node.effect = "h1:e";
  node.intent = "h1:i";
  node.entry = 2;
  node.entered_at = At(6);
  node.settled_at = At(7);
  node.left_at = At(8);
  node.deadline = At(9);
  node.evidence = "error-rate 8.1% > 1%";
  node.exception = "promote by ann";
  node.recheck = true;
  s.nodes = {{"checkout/first/hold", node}, {"checkout/half/hold", decide::NodeRecord{}}};
  s.back_reason = "gate failed";
  s.back_node = "checkout/first/hold";
  s.back_since = At(10);
  s.back_outcome = "rolled-back";
  s.back_holds = true;
  s.drained_since = {{"11111111", At(11)}};
  s.promoted_at = At(12);
  s.paused = true;
  s.paused_by = "ann";
  s.paused_at = At(13);
  s.paused_until = At(14);
  s.stalled = true;
  s.stalled_reason = "x";
  s.stalled_node = "y";
  s.cause = graph::Outcome::kError;
  s.first_install = true;
  s.fast_track = true;
  s.exposed_at = At(15);
  s.unready_since = At(16);
  s.skip_to_end = true;
  s.skip_by = "bob";
  s.approvals = {{"checkout/pause", 3, 2, "11111111", "ann", "fine", false, At(17)}};
  s.outbox = {{"k", "checkout/notify", "hello", 2, At(18)}};
  s.consumed = {{"u1", ""}, {"u2", "too late"}};
  s.held = {{"66666666", "failed", At(19), true}};
  decide::RunRecord run{3, "11111111", "22222222", "image:2", "rolled-back", "gate", "ann", At(20), At(21), {}};
  run.nodes = {{"checkout/first/scale", graph::Outcome::kTimeout, true, "late", At(22)}};
  s.history = {run};
  s.executor = "pod-1";
  s.epoch = 7;
  stored.bundles = {{"22222222", "checkout-aaa", "aaa"}, {"11111111", "checkout-bbb", "bbb"}};
  return stored;
}

TEST_CASE("a status with every field comes back as it was") {
  const json encoded = EncodeStatus(Full());
  const auto decoded = DecodeStatus(encoded);
  REQUIRE(decoded.ok());
  CHECK(EncodeStatus(*decoded) == encoded);
  CHECK(decoded->status.nodes.at("checkout/first/hold").outcome == graph::Outcome::kNoData);
  CHECK(decoded->status.nodes.at("checkout/first/hold").deadline == At(9));
  CHECK(decoded->status.applied.shares.at("11111111") == Number::Ratio(1, 3));
  CHECK(decoded->status.applied.matches.at(0).conditions.at(0).values.at(1) == "1");
  CHECK_FALSE(decoded->status.approvals.at(0).approved);
  CHECK(decoded->status.excluded == Duration(90'001));
  CHECK(decoded->bundles == Full().bundles);
}

TEST_CASE("an initial status is short, and nothing is an initial status") {
  CHECK(EncodeStatus({}).dump() == R"({"phase":"idle","schema":1})");
  CHECK(DecodeStatus(json()).ok());
  CHECK(DecodeStatus(json::object()).ok());
  CHECK(DecodeStatus({{"conditions", json::array()}})->status.phase == decide::Phase::kIdle);
}

TEST_CASE("what can't be read is refused with its place") {
  const std::pair<json, const char*> cases[] = {
      {{{"schema", 2}}, "status.schema"},
      {{{"schema", "1"}}, "status.schema"},
      {{{"schema", 1}, {"phase", "flying"}}, "status.phase"},
      {{{"schema", 1}, {"run", "three"}}, "status.run"},
      {{{"schema", 1}, {"run", 5'000'000'000}}, "status.run"},
      {{{"schema", 1}, {"holdSince", "yesterday"}}, "status.holdSince"},
      {{{"schema", 1}, {"applied", {{"shares", {{"a", "1/0"}}}}}}, "status.applied.shares.a"},
      {{{"schema", 1}, {"nodes", {{"n", {{"outcome", "perhaps"}, {"state", "done"}}}}}}, "status.nodes.n.outcome"},
      {{{"schema", 1}, {"history", json::array({{{"nodes", 4}}})}}, "status.history[0].nodes"},
      {{{"schema", 1}, {"bundles", "x"}}, "status.bundles"},
      {json::array({1}), "status"},
  };
  for (const auto& [encoded, place] : cases) {
    INFO(encoded.dump());
    const auto decoded = DecodeStatus(encoded);
    REQUIRE_FALSE(decoded.ok());
    CHECK(decoded.error().message.find(place) != std::string::npos);
  }
}

TEST_CASE("a status over its limit loses evidence, then times, then old runs, never what was done") {
  StoredStatus stored = Full();
  decide::RunRecord run = stored.status.history[0];
  run.nodes.assign(200, {"checkout/some/step/with/a/name", graph::Outcome::kPass, false, std::string(500, 'e'), At(1)});
  stored.status.history.assign(10, run);
  for (int i = 0; i < 300; ++i) {
    decide::NodeRecord node;
    node.state = decide::NodeState::kDone;
    node.effect = node.intent = "h1:" + std::string(32, 'x');
    node.evidence = "e";
    stored.status.nodes["checkout/step-" + std::to_string(i) + "/hold"] = node;
  }
  const json encoded = EncodeStatus(stored);
  CHECK(encoded.dump().size() <= kMaxStatusBytes);
  const auto decoded = DecodeStatus(encoded);
  REQUIRE(decoded.ok());
  CHECK(decoded->status.nodes.size() == stored.status.nodes.size());
  CHECK_FALSE(decoded->status.history.empty());
}

}  // namespace
}  // namespace sluice::execute
