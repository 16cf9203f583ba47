// What a process does that begins while something is under way.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/execute/scene.h"

namespace sluice::execute {
namespace {

// Keeps the end of one kind's first list, and all that is told of it from then on, until it is let go.
class LateList : public cluster::Cluster {
 public:
  LateList(cluster::Cluster& inner, const std::optional<cluster::Kind>& late) : inner_(inner), late_(late) {}

  void Send(cluster::Request request, cluster::Reply reply) override {
    inner_.Send(std::move(request), std::move(reply));
  }
  cluster::WatchId Watch(cluster::ListObjects what, cluster::EventHandler handler) override {
    if (what.kind != late_) return inner_.Watch(std::move(what), std::move(handler));
    return inner_.Watch(std::move(what), [this, handler = std::move(handler)](const cluster::Event& event) {
      const bool ends = event.type == cluster::EventType::kSynced;
      if (!kept_ || (kept_->empty() && !ends)) return handler(event);
      kept_->push_back([handler, type = event.type, object = event.object] { handler({type, object}); });
    });
  }
  void Cancel(cluster::WatchId watch) override { inner_.Cancel(watch); }
  std::map<cluster::Kind, std::string> Unwatched() const override { return inner_.Unwatched(); }

  void LetGo() {
    const auto kept = *std::exchange(kept_, std::nullopt);
    for (const auto& tell : kept) tell();
  }

 private:
  cluster::Cluster& inner_;
  const std::optional<cluster::Kind> late_;
  std::optional<std::vector<std::function<void()>>> kept_{std::in_place};
};

std::string Plan(int tag) {
  return fmt::format(R"(
service web {{
  namespace "shop"
  image     "shop/web:{}"
  replicas  4
  port      http 8080
  probe     ready http "/readyz"
  cpu       0.1
  memory    64Mi
}}
rollout web {{
  deploy   web
  deadline 30m
  step first {{ weight 25%  hold 5m }}
  step full {{ weight 100% }}
}}
)",
                     tag);
}

TEST_CASE("whichever kind is listed last, who begins goes on with what is under way") {
  std::optional<cluster::Kind> late;
  LateList* lists = nullptr;
  Scene scene({}, 1, {}, [&](simulate::System& system) {
    auto made = std::make_unique<LateList>(*system.cluster, late);
    lists = made.get();
    return made;
  });
  const auto in_its_hold = [&](int tag) {
    scene.repository.Commit({{"web.plan", Plan(tag)}});
    return scene.RunUntil(
        [&] {
          const decide::Status status = scene.StatusOf("web");
          const auto hold = status.nodes.find("web/first/hold");
          return hold != status.nodes.end() && hold->second.state == decide::NodeState::kActive;
        },
        Duration(120'000));
  };
  scene.repository.Commit({{"web.plan", Plan(0)}});
  scene.Start();
  const std::vector<cluster::Kind> kinds = scene.reconciler->executor().world().Unsynced();
  REQUIRE(kinds.size() >= 10);
  REQUIRE(scene.RunUntilAtRest());
  int tag = 0;
  for (const cluster::Kind& kind : kinds) {
    INFO(kind.kind);
    REQUIRE(in_its_hold(++tag));
    late = kind;
    scene.Start();
    scene.RunFor(Duration(30'000));
    CHECK(scene.reconciler->executor().world().Unsynced() == std::vector<cluster::Kind>{kind});
    lists->LetGo();
    REQUIRE(scene.RunUntilAtRest(Duration(1'200'000)));
    CHECK(scene.StatusOf("web").history.back()->outcome == "promoted");
    CHECK(scene.StatusOf("web").run == tag + 1);
  }
}

}  // namespace
}  // namespace sluice::execute
