#include "reconciler/embedded/journal.h"

#include <set>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "reconciler/embedded/fields.h"
#include "tests/embedded/temporary_file.h"
#include "tests/embedded/world.h"

namespace sluice::embedded {
namespace {

using namespace std::chrono_literals;

Options Keeping(const TemporaryFile& file) {
  Options options;
  options.state_file = file.path();
  options.world.default_per_second = 0;
  return options;
}

std::size_t LinesOf(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST_CASE("a cluster comes back as it was: objects, versions, uids") {
  TemporaryFile file;
  std::vector<Json> before;
  {
    TestWorld world(Keeping(file));
    CHECK(!world.cluster->resumed());
    world.Apply(DeploymentOf("web", "shop/web:1", 2));
    world.Apply(ServiceOf("gone", {{"app", "x"}}));
    world.Delete(ServiceOf("gone", {}));
    world.Run(30s);
    before = world.cluster->PeekAll({});
  }
  TestWorld world(Keeping(file));
  CHECK(world.cluster->resumed());
  CHECK(world.cluster->PeekAll({}) == before);
  Json made = world.Apply(ServiceOf("late", {{"app", "x"}}));
  for (const Json& object : before) CHECK(VersionOf(object) < VersionOf(made));
}

TEST_CASE("what was answered or told is in the file already") {
  TemporaryFile file;
  TestWorld world(Keeping(file));
  int told = 0;
  auto in_file = [&](const Json& object) {
    return file.Read().find(fmt::format("\"resourceVersion\":\"{}\"", VersionOf(object))) != std::string::npos;
  };
  world.cluster->Watch({{"v1", "Pod"}, "", {}}, [&](const cluster::Event& event) {
    if (event.type == cluster::EventType::kSynced || event.type == cluster::EventType::kDeleted) return;
    CHECK(in_file(*event.object));
    ++told;
  });
  CHECK(in_file(world.Apply(DeploymentOf("web", "shop/web:1", 2))));
  world.Run(20s);
  CHECK(told > 4);
}

// A roll from two to three pods of another image; the end is the same whatever happened on the way.
void Scenario(TestWorld& world) {
  world.Apply(DeploymentOf("web", "shop/web:1", 2));
  world.Apply(ServiceOf("web", {{"app", "web"}}));
  world.Run(5s);
  world.Apply(DeploymentOf("web", "shop/web:2", 3));
  world.Run(20s);
}

TEST_CASE("killed after any write, also in the middle of one, the cluster goes on to the same end") {
  TemporaryFile whole;
  {
    TestWorld world(Keeping(whole));
    Scenario(world);
  }
  const std::string text = whole.Read();
  std::size_t lines = LinesOf(text);
  REQUIRE(lines > 40);
  std::size_t end = 0;
  for (std::size_t k = 0; k < lines; ++k) {
    end = text.find('\n', end) + 1;
    bool torn = k % 2 == 1;
    INFO("after line " << k + 1 << (torn ? " and a half" : ""));
    TemporaryFile file;
    file.Write(text.substr(0, torn ? std::min(end + 40, text.size()) : end));
    TestWorld world(Keeping(file));
    Scenario(world);
    CHECK(world.Counts("web") == "replicas 3, updated 3, ready 3");
    CHECK(world.ReadyEndpoints("web") == 3);
    std::set<std::string> uids;
    for (const Json& object : world.cluster->PeekAll({})) uids.insert(UidOf(object));
    CHECK(uids.size() == world.cluster->PeekAll({}).size());
    CHECK(world.Pods().size() == 3);
  }
}

TEST_CASE("pods go on by the clock while the process is down") {
  ImageBehaviour image = Image("*");
  image.ready_after = 60s;
  TemporaryFile file;
  Options options = Keeping(file);
  options.world.images = {image};
  {
    TestWorld world(options);
    world.Apply(DeploymentOf("web", "shop/web:1", 1));
    world.Run(10s);
    CHECK(world.Counts("web") == "replicas 1, updated 1, ready 0");
  }
  TestWorld world(options);
  world.loop.RunFor(0s);
  world.Run(45s);  // from kStart again: 45 s after the pod began
  CHECK(world.Counts("web") == "replicas 1, updated 1, ready 0");
  world.Run(20s);
  CHECK(world.Counts("web") == "replicas 1, updated 1, ready 1");
}

TEST_CASE("damage in the middle is an error that names the line, never a guess") {
  TemporaryFile file;
  {
    TestWorld world(Keeping(file));
    world.Apply(ServiceOf("a", {{"app", "x"}}));
    world.Apply(ServiceOf("b", {{"app", "x"}}));
  }
  std::string text = file.Read();
  std::size_t second = text.find('\n') + 1;
  std::string flipped = text;
  flipped[second + 40] = flipped[second + 40] == 'x' ? 'y' : 'x';
  loop::VirtualLoop loop(kStart);
  file.Write(flipped);
  auto opened = EmbeddedCluster::Open(loop, Keeping(file));
  REQUIRE(!opened.ok());
  CHECK(opened.error().code == ErrorCode::kInvalid);
  CHECK(opened.error().message.find("line 2") != std::string::npos);
  file.Write("kind: ConfigMap\n");
  CHECK(!EmbeddedCluster::Open(loop, Keeping(file)).ok());
  CHECK(file.Read() == "kind: ConfigMap\n");
}

TEST_CASE("one state file serves one process") {
  TemporaryFile file;
  TestWorld world(Keeping(file));
  auto second = EmbeddedCluster::Open(world.loop, Keeping(file));
  REQUIRE(!second.ok());
  CHECK(second.error().code == ErrorCode::kUnavailable);
  Options nowhere;
  nowhere.state_file = "/nonexistent/state";
  CHECK(!EmbeddedCluster::Open(world.loop, nowhere).ok());
}

TEST_CASE("a file that is mostly of the past is written anew") {
  TemporaryFile file;
  std::uint64_t version = 0;
  {
    Store store(1, true);
    auto journal = Journal::Open(file.path(), 1, store);
    REQUIRE(journal.ok());
    store.Observe([&](const Change& change) { (*journal)->Append(change); });
    Json object = ServiceOf("a", {{"app", "0"}});
    for (int i = 0; i < 6000; ++i) {
      object["spec"]["selector"]["app"] = std::to_string(i);
      REQUIRE(store.Apply(object, "test", true, kStart).ok());
      if (i % 100 == 0) REQUIRE((*journal)->Sync().ok());
    }
    Json other = ServiceOf("b", {{"app", "x"}});
    auto made = store.Apply(other, "test", true, kStart);
    REQUIRE(store.Delete(cluster::KeyOf(other), UidOf(**made), "", kStart).ok());
    REQUIRE((*journal)->Sync().ok());
    version = store.version();
  }
  CHECK(LinesOf(file.Read()) < 3000);
  Store store(1, true);
  auto journal = Journal::Open(file.path(), 1, store);
  REQUIRE(journal.ok());
  CHECK(store.version() == version);
  CHECK((*store.Find(cluster::KeyOf(ServiceOf("a", {}))))["spec"]["selector"]["app"] == "5999");
  CHECK(store.Find(cluster::KeyOf(ServiceOf("b", {}))) == nullptr);
}

}  // namespace
}  // namespace sluice::embedded
