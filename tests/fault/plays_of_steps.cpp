#include <fmt/format.h>

#include "tests/fault/acts.h"
#include "tests/fault/plays.h"

namespace sluice::execute {
namespace {

// ShopPlan's with other steps.
std::string SteppedPlan(const std::string& tag, const std::string& steps) {
  std::string plan = ShopPlan(tag);
  const std::size_t at = plan.find("step first");
  return plan.substr(0, at) + steps + "\n}\n";
}
// A step that `hold` ends.
std::string Held(const std::string& name, const std::string& share, const std::string& hold = "4s") {
  return fmt::format("  step {} {{ weight {}  hold {} }}\n", name, share, hold);
}
const std::string kFull = "  step full { weight 100% }";

Act Installs(const std::string& steps) { return {Commits(SteppedPlan("1", steps)), Installed}; }
Act Commit(const std::string& tag, const std::string& steps, Moment over) {
  return {Commits(SteppedPlan(tag, steps)), std::move(over)};
}

Play BlueGreen() {
  const auto plan = [](const std::string& tag) {
    std::string text = SteppedPlan(tag, "  step preview { weight 0%  replicas 100%  hold 6s }\n" + kFull);
    const std::string router = "gateway(\"infra/public\")";
    text.replace(text.find("  path \"/checkout\"\n"), 19, "");
    return text.replace(text.find(router), router.size(), "selector()");
  };
  return {"blue-green", {{Commits(plan("1")), Installed}}, {{Commits(plan("2")), SettledAfter(2)}}};
}

Play NoData() {
  const std::string steps = "  step first { weight 10%  hold 20s while seen }\n" + kFull;
  const auto plan = [steps](const std::string& tag) {
    return SteppedPlan(tag, steps) + "gate seen = gates.error-rate(max: 1%, over: 10s, every: 2s)\n";
  };
  const Deed blind = [](Scene& scene) { scene.http->SetPrometheus(embedded::EmbeddedHttp::Trouble::kEmpty); };
  return {"no data",
          {{Commits(plan("1")), Installed}},
          {{blind, [](const Scene&) { return true; }}, {Commits(plan("2")), IsHeld}}};
}

Play PauseAndApproval() {
  const std::string steps = Held("first", "10%") +
                            "  step sign-off { pause until approved by \"release\" within 24h else rollback }\n" +
                            kFull;
  const auto paused = [](bool wanted) {
    return [wanted](const Scene& scene) { return scene.StatusOf("checkout").paused == wanted; };
  };
  return {"pause and approval",
          {Installs(steps)},
          {Commit("2", steps, In("sign-off/pause")),
           {Commands("pause"), paused(true)},
           {Commands("resume"), paused(false)},
           {Commands("approve"), SettledAfter(2)}}};
}

Play EditsAtEachStep() {
  const auto steps = [](const std::string& half, const std::string& first, const std::string& after_half,
                        const std::string& more = "") {
    return Held("first", "10%", first) + Held("half", half, after_half) + more + kFull;
  };
  return {"an edit at each step",
          {Installs(steps("50%", "4s", "4s"))},
          {Commit("2", steps("50%", "10m", "10m"), In("first/hold")),
           Commit("2", steps("40%", "4s", "10m"), In("half/hold")),
           Commit("2", steps("30%", "4s", "4s", Held("most", "80%", "10m")), In("most/hold")),
           Commit("2", steps("30%", "4s", "4s"), SettledAfter(2))}};
}

Play RevertsAtEachStep() {
  const auto steps = [](const std::string& first, const std::string& half) {
    return Held("first", "10%", first) + Held("half", "50%", half) + kFull;
  };
  const std::string fast = steps("4s", "4s");
  return {"a revert at each step",
          {Installs(fast)},
          {Commit("2", steps("10m", "4s"), In("first/hold")), Commit("1", fast, SettledAfter(2)),
           Commit("3", steps("4s", "10m"), In("half/hold")), Commit("1", fast, SettledAfter(3))}};
}

Play RevertAfterTheEnd() {
  return {"a revert of what was promoted",
          {Installs(kFull), Commit("2", kFull, AloneAfter(2))},
          {Commit("1", kFull, SettledAfter(3))}};
}

Play AbortAndRetry() {
  const std::string steps = Held("first", "10%", "20s") + kFull;
  return {"abort and retry",
          {Installs(steps)},
          {Commit("2", steps, In("first/hold")), {Commands("abort"), IsHeld}, {Commands("retry"), SettledAfter(3)}}};
}

}  // namespace

std::vector<Play> PlaysOfSteps() {
  const std::string shares = Held("first", "5%") + Held("quarter", "25%") + Held("half", "50%") + kFull;
  const std::string pods = "  step pods { replicas 2  hold 4s }\n" + Held("half", "50%") + kFull;
  const std::string matches =
      "  step dark { match header \"x-canary\" is \"always\"  hold 4s }\n"
      "  step copy { mirror 100%  hold 4s }\n"
      "  step off { match none  mirror none }\n" +
      Held("half", "50%") + kFull;
  return {
      {"5, 25, 50, 100", {Installs(shares)}, {Commit("2", shares, SettledAfter(2))}},
      {"pods apart from shares", {Installs(pods)}, {Commit("2", pods, SettledAfter(2))}},
      {"matches and mirrors", {Installs(matches)}, {Commit("2", matches, SettledAfter(2))}},
      BlueGreen(),
      NoData(),
      PauseAndApproval(),
      EditsAtEachStep(),
      RevertsAtEachStep(),
      RevertAfterTheEnd(),
      AbortAndRetry(),
  };
}

}  // namespace sluice::execute
