#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>

#include "reconciler/embedded/images.h"

namespace sluice::embedded {
namespace {

using namespace std::chrono_literals;

TEST_CASE("a world file says what images do and who calls") {
  auto world = ReadWorld(R"(
images:
  - image: "*:bad"
    ready-after: 1m30s
    error-rate: 0.5%
    latency: { median: 40ms, p99: 1s }
  - image: ghcr.io/acme/api:2.*
    crash-after: 3s
    exit-code: 2
    out-of-memory: true
    stop-after: 250ms
    error-rate:
      - { from: 0s, rate: 0% }
      - { from: 2m, rate: 8% }
  - image: flaky
    flap: { every: 20s, for: 5s }
    ready: false
    pull-fails: false
    starts: true
    cpu-per-request: 1500us
    cpu-at-rest: 20m
    memory: 64Mi
  - image: migrate
    runs-for: 2m
    exit-code: 0
    says: "no such table\n"
loads:
  - host: shop.example.com
    path: /checkout
    per-second: 200
    headers: { X-Canary: always }
  - service: shop/checkout
default-per-second: 0
)");
  REQUIRE(world.ok());
  REQUIRE(world->images.size() == 4);
  CHECK(world->images[0].ready_after == 90s);
  CHECK(world->images[0].errors[0].per_million == 5000);
  CHECK(world->images[0].latency_p99 == 1000ms);
  CHECK(world->images[1].crash_after == 3s);
  CHECK(world->images[1].errors[1].from == 2min);
  CHECK(ErrorsAt(world->images[1], TimePoint{}, TimePoint{119s}) == 0);
  CHECK(ErrorsAt(world->images[1], TimePoint{}, TimePoint{120s}) == 80'000);
  CHECK(world->images[2].flap_for == 5s);
  CHECK(!world->images[2].exit_code);
  CHECK(world->images[2].cpu_per_request == 1'500);
  CHECK(world->images[2].cpu_at_rest == 20);
  CHECK(world->images[2].memory == 64 * 1024 * 1024);
  CHECK(world->images[3].runs_for == 2min);
  CHECK(world->images[3].exit_code == 0);
  CHECK(world->images[3].says == "no such table\n");
  CHECK(world->loads[0].headers.at("x-canary") == "always");
  CHECK(world->loads[0].per_second == 200);
  CHECK(world->loads[1].service == "checkout");
  CHECK(world->default_per_second == 0);
  CHECK(&BehaviourOf(*world, "ghcr.io/acme/web:bad") == &world->images[0]);
  CHECK(&BehaviourOf(*world, "ghcr.io/acme/api:2.1") == &world->images[1]);
  CHECK(BehaviourOf(*world, "ghcr.io/acme/web:1").errors.empty());
}

TEST_CASE("an empty world file is an ordinary world") {
  for (const char* text : {"", "images: []\n", "# nothing\n"}) CHECK(ReadWorld(text).ok());
}

TEST_CASE("what a world file says wrongly is named with its line") {
  struct Case {
    std::string text, part;
  };
  std::vector<Case> cases = {
      {"images:\n  - image: a\n    redy-after: 1s\n", "line 3: unknown key `redy-after`; did you mean ready-after?"},
      {"images:\n  - ready-after: 1s\n", "needs `image`"},
      {"images:\n  - image: a\n    cpu-per-request: 5m\n", "line 3: `5m` is no time of a processor"},
      {"images:\n  - image: a\n    cpu-per-request: 0.1us\n", "line 3: `0.1us` is no time of a processor"},
      {"images:\n  - image: a\n    cpu-at-rest: -1\n", "line 3: `-1` is no quantity such as `20m`"},
      {"images:\n  - image: a\n    memory: much\n", "line 3: `much` is no quantity such as `64Mi`"},
      {"images:\n  - image: a\n    ready-after: 5\n", "line 3: `5` is no duration"},
      {"images:\n  - image: a\n    error-rate: 5\n", "line 3: `5` is no percentage"},
      {"images:\n  - image: a\n    error-rate: 101%\n", "is no percentage from"},
      {"images:\n  - image: a\n    ready: perhaps\n", "neither `true` nor `false`"},
      {"images:\n  - image: a\n    latency: { median: 5s, p99: 1s }\n", "`p99` is below `median`"},
      {"images:\n  - image: a\n    out-of-memory: true\n", "needs `crash-after` or `runs-for`"},
      {"images: 5\n", "line 1: a list is expected here"},
      {"loads:\n  - path: /\n", "either `host` or `service`"},
      {"loads:\n  - service: checkout\n", "NAMESPACE/NAME"},
      {"images: [\n", "line "},
      {"images:\n  - image: a\n    error-rate: [{ from: 2m, rate: 1% }, { from: 1m, rate: 2% }]\n", "must rise"},
  };
  for (const Case& each : cases) {
    INFO(each.text);
    auto world = ReadWorld(each.text);
    REQUIRE(!world.ok());
    CHECK(world.error().message.find(each.part) != std::string::npos);
  }
}

TEST_CASE("the example's world file can be read") {
  std::ifstream in(std::string(SLUICE_SOURCE_DIR) + "/examples/shop/world.yaml");
  REQUIRE(in.good());
  std::ostringstream text;
  text << in.rdbuf();
  auto world = ReadWorld(text.str());
  INFO((world.ok() ? "" : world.error().message));
  CHECK(world.ok());
}

TEST_CASE("what is run to an end ends by what its image says") {
  struct Case {
    std::string world, reason;
    int code;
    Duration life;
  };
  for (const Case& each :
       {Case{"", "Completed", 0, 1s}, Case{"runs-for: 5s", "Completed", 0, 5s},
        Case{"runs-for: 5s\n    exit-code: 2", "Error", 2, 5s}, Case{"crash-after: 3s", "Error", 1, 3s},
        Case{"crash-after: 3s\n    exit-code: 0", "Completed", 0, 3s},
        Case{"crash-after: 3s\n    runs-for: 2s", "Completed", 0, 2s},
        Case{"crash-after: 3s\n    runs-for: 4s", "Error", 1, 3s},
        Case{"runs-for: 2s\n    out-of-memory: true", "OOMKilled", 137, 2s}}) {
    INFO(each.world);
    const auto world = ReadWorld("images:\n  - image: a\n    " + each.world + "\n");
    REQUIRE(world.ok());
    const TimePoint start{};
    const auto at = [&](Duration after, RestartPolicy policy) {
      return StateAt(world->images[0], start, start, start + after, policy);
    };
    CHECK(at(each.life - 1ms, RestartPolicy::kNever).container == PodState::Container::kRunning);
    const PodState ended = at(each.life, RestartPolicy::kNever);
    CHECK(ended.container == PodState::Container::kTerminated);
    CHECK(ended.last_exit == each.reason);
    CHECK(ended.last_exit_code == each.code);
    CHECK(ended.since - ended.ran_from == each.life);
    CHECK(!ended.changes_at);
    const PodState again = at(each.life, RestartPolicy::kOnFailure);
    CHECK((again.container == PodState::Container::kTerminated) == (each.code == 0));
    CHECK(again.reason == (each.code == 0 ? "" : "CrashLoopBackOff"));
  }
}

TEST_CASE("readiness flaps by the clock") {
  ImageBehaviour image;
  image.ready_after = 10s;
  image.flap_every = 20s;
  image.flap_for = 5s;
  TimePoint start{};
  struct Case {
    Duration at;
    bool ready;
    Duration changes;
  };
  for (const Case& each : {Case{9s, false, 10s}, Case{10s, true, 25s}, Case{24s, true, 25s}, Case{25s, false, 30s},
                           Case{30s, true, 45s}, Case{47s, false, 50s}}) {
    PodState state = StateAt(image, start, start, start + each.at);
    CHECK(state.ready == each.ready);
    CHECK(state.changes_at == start + each.changes);
  }
}

}  // namespace
}  // namespace sluice::embedded
