// Several members on one cluster, in virtual time.
#include "reconciler/lease/membership.h"

#include <algorithm>
#include <memory>
#include <set>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "reconciler/cluster/failing_cluster.h"
#include "reconciler/embedded/embedded_cluster.h"
#include "reconciler/lease/leased_cluster.h"
#include "reconciler/loop/virtual_loop.h"

namespace sluice::lease {
namespace {

constexpr Times kTimes{};

struct Scene {
  Scene() : embedded(embedded::EmbeddedCluster::Open(loop, {}).value()) {}

  struct Member {
    Member(Scene& scene, const std::string& name)
        : way(scene.loop, *scene.embedded),
          membership(way, scene.loop, {"sluice-system", name, "1", kTimes, {}}),
          identity(name) {
      membership.on_loss = [this](const std::string& lease) { lost.insert(lease); };
      membership.on_sync = [this] { ++synced; };
      membership.Start();
    }
    cluster::FailingCluster way;
    Membership membership;
    std::string identity;
    std::set<std::string> lost;
    int synced = 0;
  };

  Member& Start(const std::string& name) { return *(members[name] = std::make_unique<Member>(*this, name)); }
  // Without a word.
  void Kill(const std::string& name) { members.erase(name); }

  // Whose each of a hundred rollouts is, in the view of all; "?" where two claim it, "" where nobody does.
  std::map<std::string, std::string> Owners() {
    std::map<std::string, std::string> owners;
    for (int i = 0; i < 100; ++i) {
      const std::string rollout = fmt::format("rollout-{}", i);
      std::string& owner = owners[rollout];
      for (const auto& [name, member] : members) {
        if (member->membership.Owns("shop", rollout)) owner = owner.empty() ? name : "?";
      }
    }
    return owners;
  }
  static std::int64_t Of(const std::map<std::string, std::string>& owners, const std::string& name) {
    return std::count_if(owners.begin(), owners.end(), [&](const auto& entry) { return entry.second == name; });
  }
  std::vector<std::string> Syncing() {
    std::vector<std::string> names;
    for (const auto& [name, member] : members) {
      if (member->membership.syncs()) names.push_back(name);
    }
    return names;
  }

  loop::VirtualLoop loop{TimePoint(Duration(1'803'981'600'000))};
  std::unique_ptr<embedded::EmbeddedCluster> embedded;
  std::map<std::string, std::unique_ptr<Member>> members;
};

TEST_CASE("members share all rollouts, and one syncs") {
  Scene scene;
  for (const char* name : {"a", "b", "c"}) scene.Start(name);
  scene.loop.RunFor(Duration(5'000));
  const auto owners = scene.Owners();
  for (const char* name : {"a", "b", "c"}) CHECK(Scene::Of(owners, name) > 20);
  CHECK(Scene::Of(owners, "?") == 0);
  CHECK(Scene::Of(owners, "") == 0);
  CHECK(scene.Syncing().size() == 1);

  // It stays so.
  scene.loop.RunFor(Duration(600'000));
  CHECK(scene.Owners() == owners);
  for (const auto& [name, member] : scene.members) CHECK(member->lost.empty());
}

TEST_CASE("one that dies leaves its share to the others within a lease, and theirs stays theirs") {
  Scene scene;
  for (const char* name : {"a", "b", "c"}) scene.Start(name);
  scene.loop.RunFor(Duration(5'000));
  const auto before = scene.Owners();
  const std::string dead = scene.Syncing().front();
  scene.Kill(dead);
  scene.loop.RunFor(kTimes.duration + kTimes.retry());
  const auto after = scene.Owners();
  CHECK(Scene::Of(after, "") == 0);
  CHECK(Scene::Of(after, "?") == 0);
  for (const auto& [rollout, owner] : before) {
    if (owner != dead) CHECK(after.at(rollout) == owner);
  }
  REQUIRE(scene.Syncing().size() == 1);

  // Its lease is collected long after.
  const cluster::Kind kind = kLeaseKind;
  CHECK(scene.embedded->PeekAll(kind, "sluice-system").size() == 4);
  scene.loop.RunFor(Duration(600'000));
  CHECK(scene.embedded->PeekAll(kind, "sluice-system").size() == 3);
}

TEST_CASE("one that ends lets go at once") {
  Scene scene;
  scene.Start("a");
  scene.loop.RunFor(Duration(2'000));
  scene.Start("b");
  scene.loop.RunFor(Duration(2'000));
  REQUIRE(scene.Syncing() == std::vector<std::string>{"a"});
  bool done = false;
  scene.members.at("a")->membership.Release([&] { done = true; });
  scene.loop.RunFor(Duration(500));
  CHECK(done);
  CHECK(Scene::Of(scene.Owners(), "b") == 100);
  CHECK(scene.Syncing() == std::vector<std::string>{"b"});
}

TEST_CASE("one that comes takes its share from all, and all know") {
  Scene scene;
  scene.Start("a");
  scene.loop.RunFor(Duration(2'000));
  CHECK(Scene::Of(scene.Owners(), "a") == 100);
  scene.Start("b");
  scene.loop.RunFor(Duration(500));
  const auto owners = scene.Owners();
  CHECK(Scene::Of(owners, "a") + Scene::Of(owners, "b") == 100);
  CHECK(Scene::Of(owners, "b") > 30);
  CHECK(scene.Syncing() == std::vector<std::string>{"a"});
}

TEST_CASE("a container that is started again in its pod goes on with its leases") {
  Scene scene;
  scene.Start("a");
  scene.Start("b");
  scene.loop.RunFor(Duration(5'000));
  const auto before = scene.Owners();
  const std::string again = scene.Syncing().front();
  scene.Kill(again);
  scene.Start(again);
  scene.loop.RunFor(Duration(1'000));
  CHECK(scene.Owners() == before);
  CHECK(scene.Syncing() == std::vector<std::string>{again});
}

TEST_CASE("one who can't renew writes nothing more, and says that he lost it, before another takes over") {
  Scene scene;
  Scene::Member& cut = scene.Start("a");
  scene.loop.RunFor(Duration(2'000));
  scene.Start("b");
  scene.loop.RunFor(Duration(5'000));
  REQUIRE(scene.Syncing() == std::vector<std::string>{"a"});
  cut.way.SetDown(true);
  const TimePoint from = scene.loop.Now();
  // At every moment: as long as he may write, the other does not.
  while (cut.membership.MaySync()) {
    CHECK_FALSE(scene.members.at("b")->membership.MaySync());
    scene.loop.RunFor(Duration(10));
  }
  CHECK(scene.loop.Now() - from <= kTimes.renew_deadline() - kTimes.request());
  CHECK(cut.lost.empty());
  scene.loop.RunFor(kTimes.request());
  CHECK(cut.lost == std::set<std::string>{MemberLeaseName("a"), SyncLeaseName("1")});
  CHECK_FALSE(scene.members.at("b")->membership.MaySync());
  scene.loop.RunFor(kTimes.duration);
  CHECK(scene.members.at("b")->membership.MaySync());
  CHECK(Scene::Of(scene.Owners(), "b") == 100);
}

TEST_CASE("a renewal whose answer is lost is read back") {
  Scene scene;
  Scene::Member& member = scene.Start("a");
  scene.loop.RunFor(Duration(2'000));
  for (int i = 0; i < 20; ++i) {
    member.way.Inject(cluster::IsWrite, {cluster::Fault::Kind::kLoseAnswer, {}, {}}, 2);
    member.way.Inject(cluster::IsWrite, {cluster::Fault::Kind::kLoseRequest, {}, {}}, 1);
    scene.loop.RunFor(Duration(6'000));
  }
  CHECK(member.lost.empty());
  CHECK(member.membership.syncs());
}

TEST_CASE("leases that someone deletes are made again by who holds them") {
  Scene scene;
  Scene::Member& member = scene.Start("a");
  scene.Start("b");
  scene.loop.RunFor(Duration(5'000));
  const auto before = scene.Owners();
  for (const cluster::Json& lease : scene.embedded->PeekAll(kLeaseKind, "sluice-system")) {
    scene.embedded->Send(cluster::Delete{cluster::KeyOf(lease), lease.at("metadata").at("uid"), ""},
                         [](const Result<cluster::SharedJson>&) {});
  }
  scene.loop.RunFor(Duration(5'000));
  CHECK(scene.embedded->PeekAll(kLeaseKind, "sluice-system").size() == 3);
  CHECK(scene.Owners() == before);
  CHECK(scene.Syncing().size() == 1);
  CHECK(member.lost.empty());
}

TEST_CASE("without a lease nothing is written and everything read") {
  Scene scene;
  bool may_write = true;
  LeasedCluster leased(*scene.embedded, scene.loop, [&] { return may_write; });
  const cluster::Json map = {
      {"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", {{"name", "m"}, {"namespace", "shop"}}}};
  const auto ask = [&](cluster::Request request) {
    std::optional<Result<cluster::SharedJson>> answer;
    leased.Send(std::move(request), [&](Result<cluster::SharedJson> got) { answer.emplace(std::move(got)); });
    CHECK_FALSE(answer.has_value());
    scene.loop.RunFor(Duration(100));
    return answer.value();
  };
  CHECK(ask(cluster::Apply{map, "test", false}).ok());
  may_write = false;
  CHECK(ask(cluster::Get{cluster::KeyOf(map)}).ok());
  const auto refused = ask(cluster::Delete{cluster::KeyOf(map), "", ""});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace sluice::lease
