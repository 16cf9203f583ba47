#include <catch2/catch.hpp>

#include "tests/cluster/conformance.h"

namespace sluice::cluster {
namespace {

std::string Uid(const Json& object) { return object["metadata"]["uid"]; }

// "added a, modified a, synced": what a watch told, by name.
std::string Story(const Told& told) {
  std::string story;
  for (const Told::Heard& event : told.events) {
    static constexpr const char* kNames[] = {"added", "modified", "deleted", "synced"};
    if (!story.empty()) story += ", ";
    story += kNames[static_cast<int>(event.type)];
    if (event.type != EventType::kSynced) story += " " + KeyOf(event.object).name;
  }
  return story;
}

ListObjects Mine(Fixture& fixture) { return {{"v1", "ConfigMap"}, fixture.namespace_(), {{"set", "one"}}}; }

Json Labelled(Fixture& fixture, const std::string& name, const std::string& set, const std::string& value = "") {
  Json object = ConfigMap(fixture, name, {{"k", value}});
  object["metadata"]["labels"] = {{"set", set}};
  return object;
}

TEST_CASE("a watch begins with what is there, then kSynced, then what happens") {
  auto fixture = MakeFixture();
  REQUIRE(Ask(*fixture, Apply{Labelled(*fixture, "a", "one"), "test", false}).ok());
  auto told = Listen(*fixture, Mine(*fixture));
  CHECK(told->events.empty());
  REQUIRE(fixture->Until([&] { return told->synced(); }));
  CHECK(Story(*told) == "added a, synced");
  REQUIRE(Ask(*fixture, Apply{Labelled(*fixture, "a", "one", "2"), "test", false}).ok());
  auto b = Ask(*fixture, Apply{Labelled(*fixture, "b", "one"), "test", false});
  REQUIRE(b.ok());
  REQUIRE(Ask(*fixture, Delete{KeyOf(*b), Uid(*b), ""}).ok());
  REQUIRE(fixture->Until([&] { return told->events.size() == 5; }));
  CHECK(Story(*told) == "added a, synced, modified a, added b, deleted b");
}

TEST_CASE("a watch may ask for a label whatever its value") {
  auto fixture = MakeFixture();
  auto told = Listen(*fixture, {{"v1", "ConfigMap"}, fixture->namespace_(), {{"set", std::nullopt}}});
  REQUIRE(fixture->Until([&] { return told->synced(); }));
  REQUIRE(Ask(*fixture, Apply{ConfigMap(*fixture, "none"), "test", false}).ok());
  REQUIRE(Ask(*fixture, Apply{Labelled(*fixture, "a", "one"), "test", false}).ok());
  REQUIRE(Ask(*fixture, Apply{Labelled(*fixture, "a", "two"), "test", false}).ok());
  Json without = Labelled(*fixture, "a", "two");
  without["metadata"].erase("labels");
  REQUIRE(Ask(*fixture, Apply{without, "test", false}).ok());
  REQUIRE(fixture->Until([&] { return told->events.size() == 4; }));
  CHECK(Story(*told) == "synced, added a, modified a, deleted a");
}

TEST_CASE("a watch by label loses an object that loses the label") {
  auto fixture = MakeFixture();
  auto told = Listen(*fixture, Mine(*fixture));
  REQUIRE(fixture->Until([&] { return told->synced(); }));
  REQUIRE(Ask(*fixture, Apply{Labelled(*fixture, "a", "one"), "test", false}).ok());
  REQUIRE(Ask(*fixture, Apply{Labelled(*fixture, "a", "two"), "test", false}).ok());
  REQUIRE(Ask(*fixture, Apply{Labelled(*fixture, "a", "one"), "test", false}).ok());
  REQUIRE(fixture->Until([&] { return told->events.size() == 4; }));
  CHECK(Story(*told) == "synced, added a, deleted a, added a");
}

TEST_CASE("a write that changes nothing is no event") {
  auto fixture = MakeFixture();
  auto told = Listen(*fixture, Mine(*fixture));
  REQUIRE(fixture->Until([&] { return told->synced(); }));
  for (int i = 0; i < 3; ++i) REQUIRE(Ask(*fixture, Apply{Labelled(*fixture, "a", "one"), "test", false}).ok());
  REQUIRE(Ask(*fixture, Apply{Labelled(*fixture, "b", "one"), "test", false}).ok());
  REQUIRE(fixture->Until([&] { return told->events.size() == 3; }));
  CHECK(Story(*told) == "synced, added a, added b");
}

TEST_CASE("events of one object come in the order of its versions, and carry the object as it was") {
  auto fixture = MakeFixture();
  auto told = Listen(*fixture, Mine(*fixture));
  REQUIRE(fixture->Until([&] { return told->synced(); }));
  for (int i = 0; i < 20; ++i) {
    REQUIRE(Ask(*fixture, Apply{Labelled(*fixture, "a", "one", std::to_string(i)), "test", false}).ok());
  }
  REQUIRE(fixture->Until([&] { return told->events.size() == 21; }));
  for (int i = 0; i < 20; ++i) {
    CHECK(told->events[static_cast<std::size_t>(i) + 1].object["data"]["k"] == std::to_string(i));
  }
}

TEST_CASE("a cancelled watch is silent") {
  auto fixture = MakeFixture();
  auto told = Listen(*fixture, Mine(*fixture));
  fixture->cluster().Cancel(told->id);
  auto other = Listen(*fixture, Mine(*fixture));
  REQUIRE(Ask(*fixture, Apply{Labelled(*fixture, "a", "one"), "test", false}).ok());
  REQUIRE(fixture->Until([&] { return other->events.size() == 2; }));
  CHECK(told->events.empty());
}

TEST_CASE("a watch can be cancelled from within its own handler") {
  auto fixture = MakeFixture();
  for (const char* name : {"a", "b", "c"}) {
    REQUIRE(Ask(*fixture, Apply{Labelled(*fixture, name, "one"), "test", false}).ok());
  }
  int events = 0;
  WatchId id = WatchId::kNone;
  id = fixture->cluster().Watch(Mine(*fixture), [&](const Event&) {
    ++events;
    fixture->cluster().Cancel(id);
  });
  auto other = Listen(*fixture, Mine(*fixture));
  REQUIRE(fixture->Until([&] { return other->synced() && events > 0; }));
  CHECK(events == 1);
}

}  // namespace
}  // namespace sluice::cluster
