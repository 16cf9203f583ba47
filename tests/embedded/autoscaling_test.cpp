// The arithmetic of autoscalers: values worked out by the formulas of replica_calculator.go and horizontal.go.
#include "reconciler/embedded/autoscaling.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "reconciler/embedded/quantities.h"
#include "reconciler/embedded/scaling_rules.h"

namespace sluice::embedded {
namespace {

using namespace std::chrono_literals;

const TimePoint kNow{std::chrono::hours(1'000)};

// Ready for an hour, requests a processor, uses so many thousandths of it.
MeasuredPod Using(std::int64_t used, std::int64_t requested = 1000) {
  MeasuredPod pod;
  pod.name = "web";
  pod.ready = true;
  pod.ready_since = kNow - 1h;
  pod.started = kNow - 1h;
  pod.usage = PodUsage{kNow - 5s, 15s, used};
  pod.requested = requested;
  return pod;
}

MeasuredPod Missing(std::int64_t requested = 1000) {
  MeasuredPod pod = Using(0, requested);
  pod.usage.reset();
  return pod;
}

// Not ready yet.
MeasuredPod Beginning(std::int64_t used) {
  MeasuredPod pod = Using(used);
  pod.ready = false;
  pod.ready_since = kNow - 20s;
  pod.started = kNow - 20s;
  return pod;
}

MeasuredPod Pending() {
  MeasuredPod pod = Missing();
  pod.pending = true;
  pod.ready.reset();
  pod.started.reset();
  return pod;
}

MeasuredPod Gone(std::int64_t used) {
  MeasuredPod pod = Using(used);
  pod.gone = true;
  return pod;
}

TEST_CASE("utilization: as many pods as keep the target") {
  struct Case {
    const char* what;
    std::int64_t target;
    std::vector<MeasuredPod> pods;
    std::int64_t wanted, utilization, average;
  };
  const std::vector<Case> cases = {
      {"up", 30, {Using(300), Using(500), Using(700)}, 5, 50, 500},
      {"down", 50, {Using(100), Using(300), Using(500), Using(250), Using(250)}, 3, 28, 280},
      {"within tolerance", 100, {Using(1010), Using(1030), Using(1020)}, 3, 102, 1020},
      {"at its upper end", 80, {Using(880)}, 1, 88, 880},
      {"above it", 80, {Using(890)}, 2, 89, 890},
      {"at its lower end", 100, {Using(900), Using(900)}, 2, 90, 900},
      {"below it", 100, {Using(890), Using(890)}, 2, 89, 890},
      {"requests add up", 50, {Using(100, 100), Using(100, 900)}, 1, 20, 100},
      {"nothing used", 50, {Using(0), Using(0)}, 0, 0, 0},
      {"up with a beginning one: it counts as idle", 30, {Beginning(300), Using(500), Using(700)}, 4, 60, 600},
      {"up with pending ones", 30, {Using(500), Using(700), Pending()}, 4, 60, 600},
      {"up, but not with those that begin", 50, {Using(700), Pending(), Pending()}, 3, 70, 700},
      {"down with a beginning one: it doesn't count", 50, {Beginning(0), Using(200), Using(200)}, 1, 20, 200},
      {"down with a missing one: it counts in full", 50, {Missing(), Using(100), Using(100)}, 3, 10, 100},
      {"down with one missing of many", 50, {Missing(), Using(100), Using(100), Using(100), Using(100)}, 3, 10, 100},
      {"up with a missing one: it counts as idle", 30, {Missing(), Using(600), Using(600)}, 4, 60, 600},
      {"up, but a missing one could hold it", 50, {Missing(), Using(700)}, 2, 70, 700},
      {"missing above a target of more than all", 300, {Missing(), Using(100)}, 2, 10, 100},
      {"gone ones don't count", 50, {Using(1000), Gone(0), Gone(0)}, 2, 100, 1000},
  };
  for (const Case& each : cases) {
    INFO(each.what);
    std::int64_t current = 0;
    for (const MeasuredPod& pod : each.pods) current += pod.gone ? 0 : 1;
    const auto found = ProposeByUtilization(each.pods, current, {"cpu", each.target}, kNow);
    REQUIRE(found.ok());
    CHECK(found->replicas == each.wanted);
    CHECK(found->utilization == each.utilization);
    CHECK(found->average == each.average);
  }
}

TEST_CASE("value: as many pods as keep the average") {
  struct Case {
    const char* what;
    std::int64_t target;
    std::vector<MeasuredPod> pods;
    std::int64_t wanted, average;
  };
  const std::vector<Case> cases = {
      {"up", 15'000, {Using(20'000), Using(10'000), Using(30'000)}, 4, 20'000},
      {"down", 20'000, {Using(12'000), Using(12'000), Using(12'000), Using(12'000), Using(12'000)}, 3, 12'000},
      {"within tolerance", 20'000, {Using(20'666), Using(20'000), Using(21'332)}, 3, 20'666},
      {"up with a missing one", 15'000, {Missing(), Using(20'000), Using(30'000)}, 4, 25'000},
      {"down with a missing one: at the target", 20'000, {Missing(), Using(8'000), Using(8'000)}, 2, 8'000},
      {"up with a pending one", 15'000, {Pending(), Using(50'000), Using(30'000)}, 6, 40'000},
  };
  for (const Case& each : cases) {
    INFO(each.what);
    const auto found =
        ProposeByValue(each.pods, static_cast<std::int64_t>(each.pods.size()), {"cpu", each.target}, kNow);
    REQUIRE(found.ok());
    CHECK(found->replicas == each.wanted);
    CHECK(found->average == each.average);
  }
}

TEST_CASE("a pod that begins counts when it was ready for a whole window, or never was for long") {
  struct Case {
    const char* what;
    bool ready;
    Duration changed, started;  // ago
    bool counts;
  };
  for (const Case& each :
       {Case{"ready for a while", true, 60s, 70s, true}, Case{"ready just now", true, 15s, 70s, false},
        Case{"a window ago", true, 20s, 70s, true}, Case{"not ready", false, 60s, 70s, false},
        Case{"older, ready just now", true, 2s, 301s, true}, Case{"older, never ready", false, 290s, 301s, false},
        Case{"older, was ready", false, 60s, 301s, true}}) {
    INFO(each.what);
    MeasuredPod pod = Using(500);
    pod.ready = each.ready;
    pod.ready_since = kNow - each.changed;
    pod.started = kNow - each.started;
    CHECK(ProposeByUtilization({pod}, 1, {"cpu", 50}, kNow).ok() == each.counts);
    // Memory doesn't fall after the beginning.
    CHECK(ProposeByUtilization({pod}, 1, {"memory", 50}, kNow).ok());
  }
}

TEST_CASE("why no number of pods can be told") {
  const auto why = [](const std::vector<MeasuredPod>& pods) {
    const auto found = ProposeByUtilization(pods, 1, {"cpu", 50}, kNow);
    return found.ok() ? "" : found.error().message;
  };
  CHECK(why({}) == "no pods returned by selector while calculating replica count");
  CHECK(why({Pending()}) == "did not receive metrics for targeted pods (pods might be unready)");
  CHECK(why({Missing()}) == "did not receive metrics for targeted pods (pods might be unready)");
  CHECK(why({Gone(100)}) == "did not receive metrics for targeted pods (pods might be unready)");
  CHECK(why({Using(100, 0)}) == "no metrics returned matched known pods");
  MeasuredPod bare = Using(100, 0);
  bare.unknown_request = "missing request for cpu in container main of Pod web";
  CHECK(why({Using(100), bare}) == "missing request for cpu in container main of Pod web");
}

TEST_CASE("tolerances of one's own") {
  const UsageTarget strict{"cpu", 50, {0.0, 0.02}};
  CHECK(ProposeByUtilization({Using(510)}, 1, strict, kNow)->replicas == 1);
  CHECK(ProposeByUtilization({Using(520)}, 1, strict, kNow)->replicas == 2);
  CHECK(ProposeByUtilization({Using(250), Using(240)}, 2, strict, kNow)->replicas == 1);
}

// --- how fast it may go

ScalingLimits Between(std::int64_t least, std::int64_t most) {
  ScalingLimits limits;
  limits.least = least;
  limits.most = most;
  return limits;
}

// "8 ReadyForNewScale ScaleUpLimit".
std::string Told(const ScalingDecision& decision) {
  return fmt::format("{} {} {}{}", decision.replicas, decision.able.reason, decision.limited ? "" : "not ",
                     decision.within.reason);
}

TEST_CASE("without a behavior at most twice as many or 4 at once, and never beyond the limits") {
  struct Case {
    std::int64_t current, wanted;
    const char* told;
  };
  for (const Case& each :
       {Case{1, 20, "4 ReadyForNewScale ScaleUpLimit"}, Case{3, 20, "6 ReadyForNewScale ScaleUpLimit"},
        Case{5, 10, "10 ReadyForNewScale not DesiredWithinRange"}, Case{8, 20, "12 ReadyForNewScale TooManyReplicas"},
        Case{3, 0, "2 ReadyForNewScale TooFewReplicas"}, Case{3, 2, "2 ReadyForNewScale not DesiredWithinRange"}}) {
    ScalingHistory history;
    CHECK(Told(history.Decide(each.current, each.wanted, Between(2, 12), kNow)) == each.told);
  }
}

TEST_CASE("without a behavior fewer come when nothing of five minutes asked for more") {
  ScalingHistory history;
  const ScalingLimits limits = Between(1, 10);
  history.Begin(5, kNow);
  CHECK(Told(history.Decide(5, 2, limits, kNow + 15s)) == "5 ScaleDownStabilized not DesiredWithinRange");
  CHECK(Told(history.Decide(5, 3, limits, kNow + 300s)) == "5 ScaleDownStabilized not DesiredWithinRange");
  CHECK(Told(history.Decide(5, 1, limits, kNow + 301s)) == "3 ScaleDownStabilized not DesiredWithinRange");
  CHECK(Told(history.Decide(3, 1, limits, kNow + 601s)) == "1 ReadyForNewScale not DesiredWithinRange");
}

ScalingRules Rules(Duration window, ScalingRules::Select select, std::vector<ScalingPolicy> policies) {
  return {window, select, std::move(policies)};
}

TEST_CASE("policies: the one that allows most, or least, counts; what was changed in the period is part of it") {
  using Select = ScalingRules::Select;
  ScalingLimits limits = Between(1, 100);
  limits.behavior.emplace();
  limits.behavior->up = Rules(0s, Select::kMost, {{false, 4, 15s}, {true, 100, 60s}});
  limits.behavior->down = Rules(0s, Select::kLeast, {{false, 2, 60s}, {true, 50, 60s}});
  ScalingHistory history;
  CHECK(Told(history.Decide(10, 50, limits, kNow)) == "20 ReadyForNewScale ScaleUpLimit");
  history.Note(10, 20, limits, kNow);
  // The doubling of the last minute is used up: four more in each 15 s.
  CHECK(Told(history.Decide(20, 50, limits, kNow + 15s)) == "24 ReadyForNewScale ScaleUpLimit");
  history.Note(20, 24, limits, kNow + 15s);
  CHECK(Told(history.Decide(24, 50, limits, kNow + 16s)) == "24 ReadyForNewScale ScaleUpLimit");
  CHECK(Told(history.Decide(24, 50, limits, kNow + 76s)) == "48 ReadyForNewScale ScaleUpLimit");
  CHECK(Told(history.Decide(24, 1, limits, kNow + 80s)) == "22 ReadyForNewScale ScaleDownLimit");
  history.Note(24, 22, limits, kNow + 80s);
  CHECK(Told(history.Decide(22, 1, limits, kNow + 139s)) == "22 ReadyForNewScale ScaleDownLimit");
  CHECK(Told(history.Decide(22, 1, limits, kNow + 140s)) == "20 ReadyForNewScale ScaleDownLimit");
  CHECK(Told(history.Decide(99, 200, limits, kNow + 300s)) == "100 ReadyForNewScale TooManyReplicas");
  limits.behavior->up.select = Select::kDisabled;
  limits.behavior->down.select = Select::kDisabled;
  CHECK(Told(history.Decide(22, 50, limits, kNow + 400s)) == "22 ReadyForNewScale ScaleUpLimit");
  CHECK(Told(history.Decide(22, 1, limits, kNow + 500s)) == "22 ReadyForNewScale ScaleDownLimit");
}

TEST_CASE("windows: a recommendation must have lasted, up and down") {
  using Select = ScalingRules::Select;
  ScalingLimits limits = Between(1, 100);
  limits.behavior.emplace();
  limits.behavior->up = Rules(60s, Select::kMost, {{true, 900, 15s}});
  limits.behavior->down = Rules(120s, Select::kMost, {{true, 100, 15s}});
  ScalingHistory history;
  history.Begin(4, kNow);
  CHECK(Told(history.Decide(4, 10, limits, kNow + 15s)) == "4 ScaleUpStabilized not DesiredWithinRange");
  CHECK(Told(history.Decide(4, 8, limits, kNow + 60s)) == "8 ReadyForNewScale not DesiredWithinRange");
  CHECK(Told(history.Decide(8, 2, limits, kNow + 75s)) == "8 ScaleDownStabilized not DesiredWithinRange");
  CHECK(Told(history.Decide(8, 3, limits, kNow + 180s)) == "3 ReadyForNewScale not DesiredWithinRange");
}

TEST_CASE("a rise by percent is rounded up, a fall down, so that each can happen") {
  ScalingLimits limits = Between(1, 100);
  limits.behavior.emplace();
  limits.behavior->up = Rules(0s, ScalingRules::Select::kMost, {{true, 10, 15s}});
  limits.behavior->down = Rules(0s, ScalingRules::Select::kMost, {{true, 10, 15s}});
  ScalingHistory history;
  CHECK(history.Decide(3, 9, limits, kNow).replicas == 4);
  CHECK(history.Decide(3, 1, limits, kNow + 60s).replicas == 2);
}

TEST_CASE("quantities as the API server reads and writes them") {
  const auto written = [](std::string_view text) {
    const auto quantity = Quantity::Parse(text);
    return quantity ? quantity->ToString() : "none";
  };
  for (const auto& [given, expected] :
       {std::pair{"0.1", "100m"}, {"100m", "100m"},  {"1000m", "1"},     {"1000", "1k"},   {"1024", "1024"},
        {"1048576", "1048576"},   {"1024Ki", "1Mi"}, {"0.5Mi", "512Ki"}, {"0.5Ki", "512"}, {"1.5Gi", "1536Mi"},
        {"1500M", "1500M"},       {"-1", "-1"},      {"+2", "2"},        {"0", "0"},       {"1e3", "1e3"},
        {"250u", "250u"},         {"x", "none"},     {"", "none"},       {"1Q", "none"},   {"m", "none"}}) {
    INFO(given);
    CHECK(written(given) == expected);
  }
  CHECK(Quantity::Of(Json(3))->ToString() == "3");
  CHECK(Quantity::Of(Json(0.5))->ToString() == "500m");
  CHECK(!Quantity::Of(Json::object()));
  CHECK(Quantity::Parse("64Mi")->thousandths() == 67'108'864'000);
  CHECK(Quantity::Parse("100u")->thousandths() == 1);
  CHECK(Quantity::OfThousandths(67'108'864'000, Quantity::Form::kBinary).ToString() == "64Mi");
  CHECK(Quantity::OfThousandths(67'108'864'500, Quantity::Form::kBinary).ToString() == "67108864500m");
  CHECK(Quantity::OfThousandths(1'500, Quantity::Form::kDecimal).ToString() == "1500m");
}

}  // namespace
}  // namespace sluice::embedded
