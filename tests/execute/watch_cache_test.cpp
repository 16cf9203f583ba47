#include "reconciler/execute/watch_cache.h"

#include <catch2/catch.hpp>

#include "reconciler/loop/virtual_loop.h"

namespace sluice::execute {
namespace {

using cluster::EventType;
using cluster::Json;

// Tells its one watcher what the test says.
class ToldCluster : public cluster::Cluster {
 public:
  void Send(cluster::Request, cluster::Reply) override {}
  cluster::WatchId Watch(cluster::ListObjects, cluster::EventHandler handler) override {
    handler_ = std::move(handler);
    return cluster::WatchId{1};
  }
  void Cancel(cluster::WatchId) override {}
  std::map<cluster::Kind, std::string> Unwatched() const override { return {}; }

  void Tell(EventType type, const Json& object) const { handler_({type, cluster::Share(object)}); }

 private:
  cluster::EventHandler handler_;
};

struct View {
  std::string group;
  std::string shown;
  friend bool operator==(const View&, const View&) = default;
};

Json Object(int version, const std::string& group, const std::string& shown, const std::string& uid = "u1") {
  return {{"metadata",
           {{"namespace", "shop"}, {"name", "web"}, {"uid", uid}, {"resourceVersion", std::to_string(version)}}},
          {"group", group},
          {"shown", shown}};
}

struct Fixture {
  loop::VirtualLoop loop{TimePoint(Duration(0))};
  ToldCluster cluster;
  int changes = 0, lists = 0;
  WatchCache<View> cache{cluster,
                         loop,
                         {{"v1", "Thing"}, "", {}},
                         [](const cluster::SharedJson& object) {
                           return std::optional(View{object->value("group", ""), object->value("shown", "")});
                         },
                         [this](const Name&, const View&) { ++changes; },
                         [this] { ++lists; }};
  const Name name{"shop", "web"};
};

TEST_CASE("an event that changes nothing of what is looked at wakes nobody, and its version counts all the same") {
  Fixture fixture;
  fixture.cluster.Tell(EventType::kAdded, Object(1, "a", "red"));
  CHECK(fixture.changes == 1);
  fixture.cluster.Tell(EventType::kModified, Object(2, "a", "red"));
  CHECK(fixture.changes == 1);
  CHECK(fixture.cache.Find(fixture.name)->id.version == 2);
  fixture.cluster.Tell(EventType::kModified, Object(3, "a", "blue"));
  CHECK(fixture.changes == 2);
}

TEST_CASE("another object of the same name and one that begins to go are news") {
  Fixture fixture;
  fixture.cluster.Tell(EventType::kAdded, Object(1, "a", "red"));
  fixture.cluster.Tell(EventType::kModified, Object(2, "a", "red", "u2"));
  CHECK(fixture.changes == 2);
  Json going = Object(3, "a", "red", "u2");
  going["metadata"]["deletionTimestamp"] = "2027-03-02T10:00:00Z";
  fixture.cluster.Tell(EventType::kModified, going);
  CHECK(fixture.changes == 3);
  fixture.cluster.Tell(EventType::kDeleted, going);
  CHECK(fixture.changes == 4);
  CHECK(fixture.cache.InGroup("shop", "a").empty());
}

TEST_CASE("an object that changes its group is found in the new one only") {
  Fixture fixture;
  fixture.cluster.Tell(EventType::kAdded, Object(1, "a", "red"));
  fixture.cluster.Tell(EventType::kModified, Object(2, "b", "red"));
  CHECK(fixture.cache.InGroup("shop", "a").empty());
  REQUIRE(fixture.cache.InGroup("shop", "b").size() == 1);
  CHECK(fixture.cache.InGroup("shop", "b").front()->id.version == 2);
}

}  // namespace
}  // namespace sluice::execute
