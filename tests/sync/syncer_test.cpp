#include "reconciler/sync/syncer.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "compiler/graph/names.h"
#include "reconciler/cluster/failing_cluster.h"
#include "reconciler/embedded/embedded_cluster.h"
#include "reconciler/git/memory_repository.h"
#include "reconciler/loop/virtual_loop.h"

namespace sluice::sync {
namespace {

using cluster::Json;

// Stands in for the compiler: a file is one object a line, "KIND NAME [text]"; a line "mistake" is one.
Compiled CompileLines(const source::FileTree& tree) {
  Compiled compiled;
  const std::vector<source::Entry> entries = tree.List().value();
  for (const source::Entry& entry : entries) {
    if (!entry.path.ends_with(".plan")) continue;
    ++compiled.plan_files;
    std::string text = tree.Read(entry.path, 100'000).value();
    for (std::uint32_t line = 1; !text.empty(); ++line) {
      const std::string one = text.substr(0, text.find('\n'));
      text.erase(0, one.size() + 1);
      char kind[64] = "", name[64] = "", value[64] = "";
      if (std::sscanf(one.c_str(), "%63s %63s %63s", kind, name, value) < 1) continue;
      if (one == "mistake") {
        compiled.mistakes.push_back({entry.path, line, 1, "SL0000", "a mistake"});
        continue;
      }
      Json object = {{"apiVersion", "v1"}, {"kind", kind}, {"metadata", {{"name", name}}}};
      if (std::string(kind) != "Namespace") {
        object["metadata"]["namespace"] = "shop";
        object["data"] = {{"value", value}};
      }
      compiled.objects.push_back({object, one.ends_with("keep")});
    }
  }
  return compiled;
}

struct Scene {
  loop::VirtualLoop loop{TimePoint(Duration(1'800'000'000'000))};
  std::unique_ptr<embedded::EmbeddedCluster> embedded = embedded::EmbeddedCluster::Open(loop, {}).value();
  cluster::FailingCluster cluster{loop, *embedded};
  LoopWorker worker{loop};
  git::MemoryRepository repository;
  telemetry::Metrics metrics;
  std::unique_ptr<Syncer> syncer;

  void Start(bool accept_rewritten = false) {
    spdlog::set_level(spdlog::level::off);
    SourceOptions options;
    options.id = {"https://git.example.org/shop.git", "main", "plans"};
    options.interval = Duration(10'000);
    options.accept_rewritten = accept_rewritten;
    options.identity = "test";
    syncer = std::make_unique<Syncer>(cluster, loop, worker, repository, CompileLines, metrics, options);
    syncer->Start();
  }
  void Run(Duration duration = Duration(60'000)) { loop.RunFor(duration); }
  bool Has(const std::string& name) const { return !Find(name).is_null(); }
  Json Find(const std::string& name) const { return embedded->Peek({{"v1", "ConfigMap"}, "shop", name}); }
  std::string Value(const std::string& name) const { return Find(name)["data"]["value"]; }
};

TEST_CASE("a commit's objects come, change and go with git") {
  Scene scene;
  scene.repository.Commit({{"a.plan", "ConfigMap one 1\nConfigMap two 2\nConfigMap three 3\n"}});
  scene.Start();
  scene.Run();
  CHECK(scene.syncer->state().applied_commit == scene.syncer->state().seen_commit);
  CHECK(scene.Value("one") == "1");
  scene.repository.Commit({{"a.plan", "ConfigMap one changed\nConfigMap three 3\n"}});
  scene.Run();
  CHECK(scene.Value("one") == "changed");
  CHECK_FALSE(scene.Has("two"));
  CHECK(scene.Has("three"));
  CHECK(scene.metrics.Get(telemetry::kPruned) == 1);
  CHECK(scene.metrics.Get(telemetry::kInventory) == 2);
}

TEST_CASE("an unchanged tree is no work") {
  Scene scene;
  scene.repository.Commit({{"a.plan", "ConfigMap one 1\n"}});
  scene.Start();
  scene.Run();
  const std::size_t requests = scene.cluster.requests();
  scene.Run(Duration(600'000));
  CHECK(scene.cluster.requests() == requests);
  CHECK(scene.metrics.Get(telemetry::kCompiles, {{"result", "ok"}}) == 1);
}

TEST_CASE("drift is corrected, and what someone deleted comes back") {
  Scene scene;
  scene.repository.Commit({{"a.plan", "ConfigMap one 1\nConfigMap two 2\n"}});
  scene.Start();
  scene.Run();
  Json edited = scene.Find("one");
  scene.embedded->Send(cluster::Delete{{{"v1", "ConfigMap"}, "shop", "two"}, scene.Find("two")["metadata"]["uid"], ""},
                       [](const Result<cluster::SharedJson>&) {});
  scene.Run(Duration(5'000));
  CHECK(scene.Has("two"));
}

TEST_CASE("another manager's field is reported, not taken, and the rest goes on") {
  Scene scene;
  const Json foreign = {{"apiVersion", "v1"},
                        {"kind", "ConfigMap"},
                        {"metadata", {{"name", "one"}, {"namespace", "shop"}}},
                        {"data", {{"value", "theirs"}}}};
  scene.embedded->Send(cluster::Apply{foreign, "someone", false}, [](const Result<cluster::SharedJson>&) {});
  scene.Run(Duration(1'000));
  scene.repository.Commit({{"a.plan", "ConfigMap one ours\nConfigMap two 2\n"}});
  scene.Start();
  scene.Run();
  CHECK(scene.Value("one") == "theirs");
  CHECK(scene.Has("two"));
  REQUIRE(scene.syncer->state().trouble.size() == 1);
  CHECK(scene.syncer->state().trouble[0].find("v1/ConfigMap/shop/one") != std::string::npos);
  CHECK(scene.syncer->state().applied_commit.empty());
}

TEST_CASE("nothing is pruned or changed when git says nothing that can be trusted") {
  struct Case {
    const char* problem;
    std::function<void(git::MemoryRepository&)> happens;
  };
  const Case cases[] = {
      {"fetch",
       [](git::MemoryRepository& r) {
         r.Fail(Error{ErrorCode::kUnavailable, "no answer"});
       }},
      {"fetch",
       [](git::MemoryRepository& r) {
         r.Fail(Error{ErrorCode::kNotFound, "no branch `main`"});
       }},
      {"empty",
       [](git::MemoryRepository& r) {
         r.Commit({{"README.md", "nothing"}});
       }},
      {"empty",
       [](git::MemoryRepository& r) {
         r.Commit({{"a.plan", ""}});
       }},
      {"compile",
       [](git::MemoryRepository& r) {
         r.Commit({{"a.plan", "ConfigMap one 2\nmistake\n"}});
       }},
      {"rewritten",
       [](git::MemoryRepository& r) {
         r.Rewrite({{"a.plan", "ConfigMap other 1\n"}});
       }},
  };
  for (const Case& c : cases) {
    INFO(c.problem);
    Scene scene;
    scene.repository.Commit({{"a.plan", "ConfigMap one 1\nConfigMap two 2\n"}});
    scene.Start();
    scene.Run();
    const std::string good = scene.syncer->state().wanted_commit;
    c.happens(scene.repository);
    scene.Run(Duration(120'000));
    CHECK(scene.syncer->state().problem == c.problem);
    CHECK_FALSE(scene.syncer->state().message.empty());
    CHECK(scene.syncer->state().wanted_commit == good);
    CHECK(scene.metrics.Get(telemetry::kSourceStale) == 1);
    CHECK(scene.Value("one") == "1");
    CHECK(scene.Has("two"));
    // Said once, not at every look.
    CHECK(scene.embedded->PeekAll({"events.k8s.io/v1", "Event"}, "sluice-system").size() == 1);
    // Nor does a restart forget what history has to follow.
    scene.Start();
    scene.Run();
    CHECK(scene.Has("two"));
    if (std::string(c.problem) == "rewritten") CHECK(scene.syncer->state().problem == "rewritten");
  }
}

TEST_CASE("rewritten history is taken where that is configured") {
  Scene scene;
  scene.repository.Commit({{"a.plan", "ConfigMap one 1\n"}});
  scene.Start(true);
  scene.Run();
  scene.repository.Rewrite({{"a.plan", "ConfigMap other 1\n"}});
  scene.Run();
  CHECK(scene.syncer->state().problem.empty());
  CHECK(scene.Has("other"));
  CHECK_FALSE(scene.Has("one"));
}

TEST_CASE("an object that is kept, or that is another one by now, is not deleted") {
  Scene scene;
  scene.repository.Commit({{"a.plan", "ConfigMap kept 1 keep\nConfigMap replaced 1\nConfigMap rest 1\n"}});
  scene.Start();
  scene.Run();
  scene.syncer.reset();
  const Json old = scene.Find("replaced");
  scene.embedded->Send(cluster::Delete{{{"v1", "ConfigMap"}, "shop", "replaced"}, old["metadata"]["uid"], ""},
                       [](const Result<cluster::SharedJson>&) {});
  scene.Run(Duration(1'000));
  Json theirs = {{"apiVersion", "v1"},
                 {"kind", "ConfigMap"},
                 {"metadata", {{"name", "replaced"}, {"namespace", "shop"}, {"labels", old["metadata"]["labels"]}}}};
  scene.embedded->Send(cluster::Create{theirs, "someone"}, [](const Result<cluster::SharedJson>&) {});
  scene.repository.Commit({{"a.plan", "ConfigMap rest 1\n"}});
  scene.Start();
  scene.Run();
  CHECK(scene.Has("kept"));
  CHECK(scene.Has("replaced"));
  CHECK(scene.metrics.Get(telemetry::kInventory) == 1);
}

// What a process left behind, whenever it died, is found and put in order by the next one.
TEST_CASE("a crash at any write loses nothing and leaves nothing behind") {
  const git::MemoryRepository::Files first = {
      {"a.plan", "Namespace shop\nConfigMap one 1\nConfigMap two 2\nConfigMap three 3\n"}};
  const git::MemoryRepository::Files second = {{"a.plan", "Namespace shop\nConfigMap two changed\nConfigMap four 4\n"}};
  std::size_t writes = 1;
  for (std::size_t crash = 1; crash <= writes; ++crash) {
    for (const auto kind : {cluster::Fault::Kind::kSilence, cluster::Fault::Kind::kLoseRequest}) {
      INFO("write " << crash);
      Scene scene;
      scene.cluster.InjectAtWrite(crash, {kind, Error{}, Duration(0)});
      scene.repository.Commit(first);
      scene.Start();
      scene.loop.RunUntil([&] { return scene.cluster.writes() >= crash; }, scene.loop.Now() + Duration(20'000));
      if (scene.cluster.writes() >= crash) scene.Start();  // the next process
      scene.Run(Duration(20'000));
      scene.repository.Commit(second);
      scene.loop.RunUntil([&] { return scene.cluster.writes() >= crash; }, scene.loop.Now() + Duration(20'000));
      scene.Start();
      scene.Run();
      writes = std::max(writes, scene.cluster.writes());
      CHECK(scene.Value("two") == "changed");
      CHECK(scene.Has("four"));
      CHECK_FALSE(scene.Has("one"));
      CHECK_FALSE(scene.Has("three"));
      CHECK(scene.metrics.Get(telemetry::kInventory) == 3);
    }
  }
  CHECK(writes > 10);
}

TEST_CASE("an ambiguous answer or an overloaded server is tried again") {
  Scene scene;
  for (std::size_t write = 1; write <= 12; write += 2) {
    scene.cluster.InjectAtWrite(write, {cluster::Fault::Kind::kLoseAnswer, Error{}, Duration(0)});
    scene.cluster.InjectAtWrite(write + 1,
                                {cluster::Fault::Kind::kFail, Error{ErrorCode::kUnavailable, "429"}, Duration(0)});
  }
  scene.repository.Commit({{"a.plan", "ConfigMap one 1\nConfigMap two 2\n"}});
  scene.Start();
  scene.Run(Duration(600'000));
  CHECK(scene.syncer->state().applied_commit == scene.syncer->state().seen_commit);
  CHECK(scene.Has("two"));
}

TEST_CASE("a commit that comes while the inventory can't be stored is applied once it can") {
  Scene scene;
  const auto stores = [](const cluster::Request& request) {
    return cluster::IsWrite(request) && cluster::Target(request).name.starts_with("sluice-inventory-");
  };
  scene.cluster.Inject(stores, {cluster::Fault::Kind::kLoseRequest, Error{}, Duration(0)}, 1'000);
  scene.repository.Commit({{"a.plan", "ConfigMap one 1\n"}});
  scene.Start();
  scene.Run(Duration(15'000));
  scene.repository.Commit({{"a.plan", "ConfigMap one 2\n"}});
  scene.Run(Duration(25'000));
  scene.cluster.ClearFaults();
  scene.Run();
  CHECK(scene.syncer->state().applied_commit == scene.syncer->state().seen_commit);
  CHECK(scene.Has("one"));
}

TEST_CASE("a damaged inventory stops everything and is said") {
  Scene scene;
  scene.repository.Commit({{"a.plan", "ConfigMap one 1\nConfigMap two 2\n"}});
  scene.Start();
  scene.Run();
  scene.syncer.reset();
  for (Json object : scene.embedded->PeekAll({"v1", "ConfigMap"}, "sluice-system")) {
    if (!object["data"].contains("checksum")) continue;
    object["data"]["entries"] = "[]";
    object["metadata"].erase("managedFields");
    object["metadata"].erase("resourceVersion");
    scene.embedded->Send(cluster::Apply{object, "vandal", true}, [](const Result<cluster::SharedJson>&) {});
  }
  scene.Run(Duration(1'000));
  scene.repository.Commit({{"a.plan", "ConfigMap one 1\n"}});
  scene.Start();
  scene.Run();
  CHECK(scene.syncer->state().problem == "store");
  CHECK(scene.syncer->state().message.find("checksum") != std::string::npos);
  CHECK(scene.Has("two"));
}

TEST_CASE("the source's state that the cluster refused is stored later") {
  Scene scene;
  const auto is_source = [](const cluster::Request& request) {
    return cluster::IsWrite(request) && cluster::Target(request).name.rfind("sluice-source-", 0) == 0;
  };
  scene.cluster.Inject(is_source, {cluster::Fault::Kind::kFail, Error{ErrorCode::kUnavailable, "429"}, Duration(0)}, 3);
  scene.repository.Commit({{"a.plan", "ConfigMap one 1\n"}});
  scene.Start();
  scene.Run(Duration(600'000));
  std::string commit;
  for (const Json& object : scene.embedded->PeekAll({"v1", "ConfigMap"}, "sluice-system")) {
    if (object["data"].contains("commit")) commit = object["data"]["commit"];
  }
  CHECK(commit == scene.syncer->state().wanted_commit);
  CHECK_FALSE(commit.empty());
}

TEST_CASE("a lost inventory stops everything, is said, and nothing is orphaned or pruned") {
  Scene scene;
  scene.repository.Commit({{"a.plan", "ConfigMap one 1\nConfigMap two 2\n"}});
  scene.Start();
  scene.Run();
  scene.syncer.reset();
  for (const Json& object : scene.embedded->PeekAll({"v1", "ConfigMap"}, "sluice-system")) {
    if (!object["data"].contains("checksum")) continue;
    scene.embedded->Send(cluster::Delete{cluster::KeyOf(object), object["metadata"]["uid"], ""},
                         [](const Result<cluster::SharedJson>&) {});
  }
  scene.Run(Duration(1'000));
  scene.repository.Commit({{"a.plan", "ConfigMap one changed\n"}});
  scene.Start();
  scene.Run();
  CHECK(scene.syncer->state().problem == "store");
  CHECK(scene.syncer->state().message.find("part 0 is missing") != std::string::npos);
  CHECK(scene.Value("one") == "1");
  CHECK(scene.Has("two"));
}

}  // namespace
}  // namespace sluice::sync
