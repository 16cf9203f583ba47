// A Deployment's roll, count by count, with a test in the place of the node.
#include <map>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/cluster/conformance.h"

namespace sluice::cluster {
namespace {

constexpr const char* kApp = "web";

struct Wanted {
  const char* tag;
  int replicas;
  Json surge, unavailable;
};

// Its pods get no node, so that nobody but the test says what becomes of them.
void Say(Fixture& fixture, const Wanted& wanted) {
  Json deployment = DeploymentOf(fixture, kApp, fmt::format("shop/web:{}", wanted.tag), wanted.replicas);
  deployment["spec"]["strategy"] = {
      {"type", "RollingUpdate"},
      {"rollingUpdate", {{"maxSurge", wanted.surge}, {"maxUnavailable", wanted.unavailable}}}};
  deployment["spec"]["template"]["spec"]["schedulingGates"] = Json::array({{{"name", "sluice.dev/test"}}});
  REQUIRE(Ask(fixture, Apply{deployment, "test", true}).ok());
}

bool IsReady(const Json& pod) {
  for (const Json& each : List(pod, {"status", "conditions"})) {
    if (Says(each, {"type"}, "Ready")) return Says(each, {"status"}, "True");
  }
  return false;
}

Json PodsOf(Fixture& fixture) {
  auto listed = Ask(fixture, ListObjects{{"v1", "Pod"}, fixture.namespace_(), {{"app", kApp}}});
  return listed.ok() ? (*listed)["items"] : Json::array();
}

std::string TagIn(const Json& pod) {
  const std::string image = Text(List(pod, {"spec", "containers"}).at(0), {"image"});
  return image.substr(image.rfind(':') + 1);
}

// One pod of the tag that isn't yet; as a kubelet says it.
void MakeReady(Fixture& fixture, const std::string& tag) {
  std::string why = "no pod";
  const bool done = fixture.Until([&] {
    const auto pods = PodsOf(fixture);
    for (Json pod : pods) {
      if (TagIn(pod) != tag || IsReady(pod)) continue;
      pod["status"]["phase"] = "Running";
      pod["status"]["conditions"] =
          Json::array({{{"type", "Ready"}, {"status", "True"}, {"lastTransitionTime", "2000-01-01T00:00:00Z"}}});
      const auto said = Ask(fixture, ReplaceStatus{std::move(pod)});
      if (!said.ok()) why = said.error().message;
      return said.ok();
    }
    return false;
  });
  INFO(why << " of " << PodsOf(fixture).size());
  REQUIRE(done);
}

struct Count {
  int pods = 0, ready = 0;
};
using Counts = std::map<std::string, Count>;

// "1: 3/3, 2: 2/0": of each tag its pods, and how many are ready.
std::string Told(const Counts& counts) {
  std::string text;
  for (const auto& [tag, count] : counts) {
    text += fmt::format("{}{}: {}/{}", text.empty() ? "" : ", ", tag, count.ready, count.pods);
  }
  return text;
}

// What the Deployment's status says, or should, if `tag` is its newest.
std::string StatusFor(const Counts& counts, const std::string& tag) {
  Count all;
  for (const auto& [each, count] : counts) {
    all.pods += count.pods;
    all.ready += count.ready;
  }
  const auto newest = counts.find(tag);
  return fmt::format("{} pods, {} updated, {} ready, {} available, {} unavailable", all.pods,
                     newest == counts.end() ? 0 : newest->second.pods, all.ready, all.ready, all.pods - all.ready);
}

std::string StatusIn(Fixture& fixture) {
  const auto live = Ask(fixture, Get{KeyOf(DeploymentOf(fixture, kApp, "", 0))});
  const auto count = [&](const char* name) { return live.ok() ? Integer(*live, {"status", name}) : -1; };
  return fmt::format("{} pods, {} updated, {} ready, {} available, {} unavailable", count("replicas"),
                     count("updatedReplicas"), count("readyReplicas"), count("availableReplicas"),
                     count("unavailableReplicas"));
}

// Until the pods are so, and the status says the same.
bool Await(Fixture& fixture, const std::string& state, const std::string& newest) {
  Counts counts;
  const bool done = fixture.Until([&] {
    counts.clear();
    const Json pods = PodsOf(fixture);
    for (const Json& pod : pods) {
      Count& count = counts[TagIn(pod)];
      ++count.pods;
      if (IsReady(pod)) ++count.ready;
    }
    return Told(counts) == state && StatusIn(fixture) == StatusFor(counts, newest);
  });
  UNSCOPED_INFO("not " << state << ", but " << Told(counts) << "; " << StatusIn(fixture));
  return done;
}

// Brings it to `replicas` ready pods of the first tag.
void Begin(Fixture& fixture, const Wanted& wanted) {
  Say(fixture, wanted);
  for (int i = 0; i < wanted.replicas; ++i) MakeReady(fixture, wanted.tag);
  REQUIRE(Await(fixture, fmt::format("{0}: {1}/{1}", wanted.tag, wanted.replicas), wanted.tag));
}

// Each state follows from the one before when one more pod of the newest tag is ready.
void Walk(Fixture& fixture, const std::string& newest, const std::vector<std::string>& states) {
  for (const std::string& state : states) {
    REQUIRE(Await(fixture, state, newest));
    if (&state != &states.back()) MakeReady(fixture, newest);
  }
}

TEST_CASE("a Deployment rolls pod by pod as its surge and unavailability allow") {
  struct Case {
    Json surge, unavailable;
    std::vector<std::string> states;
  };
  for (const Case& each :
       {Case{"25%", "25%", {"1: 3/3, 2: 0/2", "1: 2/2, 2: 1/3", "1: 1/1, 2: 2/4", "2: 3/4", "2: 4/4"}},
        Case{1, 0, {"1: 4/4, 2: 0/1", "1: 3/3, 2: 1/2", "1: 2/2, 2: 2/3", "1: 1/1, 2: 3/4", "2: 4/4"}},
        Case{0, 1, {"1: 3/3, 2: 0/1", "1: 2/2, 2: 1/2", "1: 1/1, 2: 2/3", "2: 3/4", "2: 4/4"}},
        Case{"100%", 0, {"1: 4/4, 2: 0/4", "1: 3/3, 2: 1/4", "1: 2/2, 2: 2/4", "1: 1/1, 2: 3/4", "2: 4/4"}}}) {
    INFO("surge " << each.surge << ", unavailable " << each.unavailable);
    auto fixture = MakeFixture();
    if (!fixture->has_controllers()) return;
    Begin(*fixture, {"1", 4, each.surge, each.unavailable});
    Say(*fixture, {"2", 4, each.surge, each.unavailable});
    Walk(*fixture, "2", each.states);
  }
}

TEST_CASE("a template that changes in mid-roll replaces first what isn't ready") {
  auto fixture = MakeFixture();
  if (!fixture->has_controllers()) return;
  Begin(*fixture, {"1", 4, "25%", "25%"});
  Say(*fixture, {"2", 4, "25%", "25%"});
  Walk(*fixture, "2", {"1: 3/3, 2: 0/2", "1: 2/2, 2: 1/3"});
  Say(*fixture, {"3", 4, "25%", "25%"});
  REQUIRE(Await(*fixture, "1: 2/2, 2: 1/1, 3: 0/2", "3"));
  Say(*fixture, {"1", 4, "25%", "25%"});
  REQUIRE(Await(*fixture, "1: 2/4, 2: 1/1", "1"));
  MakeReady(*fixture, "1");
  MakeReady(*fixture, "1");
  CHECK(Await(*fixture, "1: 4/4", "1"));
}

}  // namespace
}  // namespace sluice::cluster
