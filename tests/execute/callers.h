// Who calls a shop, and what they saw.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/execute/scene.h"

namespace sluice::execute {

inline constexpr std::int32_t kPerSecond = 100;

// Callers from outside, by the host, and from within the cluster, by the Service.
inline embedded::World Callers() {
  embedded::World world = BadImages();
  embedded::Load outside;
  outside.host = "shop.example.com";
  outside.path = "/checkout";
  outside.per_second = kPerSecond;
  embedded::Load inside;
  inside.namespace_ = "shop";
  inside.service = "checkout";
  inside.per_second = kPerSecond;
  world.loads = {outside, inside};
  return world;
}

// A route, and a rollout of service `checkout` through it: by half and whole where the router splits traffic.
inline std::string RolloutThrough(const std::string& router, const std::string& hold = "6s") {
  const std::string half = router == "selector()" ? "" : "step half { weight 50%  hold " + hold + " }\n  ";
  return fmt::format(R"(
route shop {{
  host "shop.example.com"
  path "/checkout"
  via  routers.{}
}}
rollout checkout {{
  deploy   checkout
  through  shop
  drain    2s
  {}step full {{ weight 100% }}
}}
)",
                     router, half);
}

struct Seen {
  std::int64_t answered = 0, lost = 0;
};

inline Seen SeenBy(const Scene& scene, const std::string& load) {
  Seen seen;
  const auto& sums = scene.embedded->ledger().sums();
  const auto row = sums.find(load);
  if (row == sums.end()) return seen;
  seen.lost = row->second.lost;
  for (const auto& [to, carried] : row->second.to) seen.answered += carried.requests - carried.failed;
  return seen;
}

// What callers saw between two moments: nobody calls a name that isn't there, so a gap shows as requests that were
// never made.
class Watcher {
 public:
  explicit Watcher(Scene& scene) : scene_(scene), since_(scene.loop.Now()) {
    for (const char* load : kLoads) before_.push_back(SeenBy(scene, load));
  }
  void Check(bool outside) const {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(scene_.loop.Now() - since_).count();
    for (std::size_t i = outside ? 0 : 1; i < before_.size(); ++i) {
      const Seen after = SeenBy(scene_, kLoads[i]);
      INFO(kLoads[i]);
      CHECK(after.lost - before_[i].lost == 0);
      CHECK(after.answered - before_[i].answered >= (seconds - 1) * kPerSecond);
    }
  }

 private:
  static constexpr const char* kLoads[] = {"shop.example.com/checkout", "shop/checkout"};
  Scene& scene_;
  TimePoint since_;
  std::vector<Seen> before_;
};

}  // namespace sluice::execute
