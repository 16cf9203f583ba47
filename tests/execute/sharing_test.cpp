// Several reconcilers on one cluster: they share the rollouts, one dies, one's writes come late.
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "compiler/graph/names.h"
#include "reconciler/execute/status_codec.h"
#include "tests/execute/scene.h"

namespace sluice::execute {
namespace {

using cluster::Json;

constexpr lease::Times kTimes{};

// What a write that was held up came to.
struct LateWrite {
  std::string what;
  std::optional<ErrorCode> refused;
  bool changed = false;
};

// One process: its ways to the cluster can go wrong apart from others'.
class Process {
 public:
  Process(Scene& scene, std::string name)
      : name_(std::move(name)),
        recorder_(*this, *scene.embedded),
        way(scene.loop, recorder_),
        lease_way_(scene.loop, *scene.embedded),
        scene_(scene) {
    ReconcilerOptions options;
    options.source.id = {"https://git.example.org/shop.git", "main", "plans"};
    options.source.interval = Duration(10'000);
    options.source.identity = name_;
    options.sharing.emplace(Sharing{&lease_way_, kTimes, name_, {}});
    worker_ = std::make_unique<sync::LoopWorker>(scene.loop);
    reconciler_ = std::make_unique<Reconciler>(way, *scene.http, scene.loop, *worker_, scene.repository,
                                               sync::MakeCompiler(), metrics_, std::move(options));
    reconciler_->on_loss = [this] { lost_ = true; };
    reconciler_->Start();
  }
  // Without a word; what it has sent is on its way.
  void Kill() {
    reconciler_.reset();
    worker_.reset();
  }
  const std::string& name() const { return name_; }
  bool lost() const { return lost_; }
  const Reconciler& reconciler() const { return *reconciler_; }
  // From then on, what the writes of this process that arrive come to.
  void Record() { recording_ = true; }
  const std::vector<LateWrite>& late() const { return late_; }

 private:
  class Recorder : public cluster::Cluster {
   public:
    Recorder(Process& process, cluster::Cluster& inner) : process_(process), inner_(inner) {}
    void Send(cluster::Request request, cluster::Reply reply) override {
      if (!process_.recording_ || !cluster::IsWrite(request)) return inner_.Send(std::move(request), std::move(reply));
      LateWrite late{cluster::Describe(request), {}, false};
      const cluster::ObjectKey target = cluster::Target(request);
      const Json before = process_.scene_.embedded->Peek(target);
      inner_.Send(std::move(request),
                  [this, late, target, before, reply = std::move(reply)](Result<cluster::SharedJson> answer) mutable {
                    if (!answer.ok()) late.refused = answer.error().code;
                    late.changed = answer.ok() && process_.scene_.embedded->Peek(target) != before;
                    process_.late_.push_back(late);
                    reply(std::move(answer));
                  });
    }
    cluster::WatchId Watch(cluster::ListObjects what, cluster::EventHandler handler) override {
      return inner_.Watch(std::move(what), std::move(handler));
    }
    void Cancel(cluster::WatchId watch) override { inner_.Cancel(watch); }
    std::map<cluster::Kind, std::string> Unwatched() const override { return inner_.Unwatched(); }

   private:
    Process& process_;
    cluster::Cluster& inner_;
  };

  const std::string name_;
  Recorder recorder_;
  bool recording_ = false, lost_ = false;
  std::vector<LateWrite> late_;

 public:
  cluster::FailingCluster way;

 private:
  cluster::FailingCluster lease_way_;
  Scene& scene_;
  telemetry::Metrics metrics_;
  std::unique_ptr<sync::LoopWorker> worker_;
  std::unique_ptr<Reconciler> reconciler_;
};

std::string ManyPlans(int count, const std::string& tag) {
  std::string plan = "import std.routers\n";
  for (int i = 0; i < count; ++i) {
    plan += fmt::format(R"(
service web-{0} {{ namespace "shop"  image "web:{1}"  replicas 2  port http 8080  probe ready http "/readyz" every 1s }}
rollout web-{0} {{ deploy web-{0}  deadline 10m  drain 1s  step half {{ weight 50%  hold 3s }} step full {{ weight 100% }} }}
)",
                        i, tag);
  }
  return plan;
}

// Every rollout has this revision's image everywhere, and has begun `run` runs.
bool AllSettled(const Scene& scene, int count, const std::string& image, std::int64_t run) {
  for (int i = 0; i < count; ++i) {
    const decide::Status status = scene.StatusOf(fmt::format("web-{}", i));
    if (status.phase != decide::Phase::kSettled || status.run != run) return false;
  }
  for (const Json& pod : scene.embedded->PeekAll({"v1", "Pod"}, "shop")) {
    if (pod.at("spec").at("containers").at(0).at("image") != image) return false;
  }
  return true;
}

TEST_CASE("several share the rollouts, and what one leaves the others finish") {
  constexpr int kRollouts = 12;
  Scene scene;
  scene.repository.Commit({{"plans/web.plan", ManyPlans(kRollouts, "1")}});
  std::map<std::string, std::unique_ptr<Process>> processes;
  for (const char* name : {"a", "b", "c"}) processes[name] = std::make_unique<Process>(scene, name);
  REQUIRE(scene.RunUntil([&] { return AllSettled(scene, kRollouts, "web:1", 1); }, Duration(120'000)));

  // Each has done a part, and nobody what another did.
  std::map<std::string, int> walked;
  for (int i = 0; i < kRollouts; ++i) {
    const decide::Status status = scene.StatusOf(fmt::format("web-{}", i));
    ++walked[status.executor];
    CHECK(status.epoch == 1);
  }
  CHECK(walked.size() == 3);

  scene.repository.Commit({{"plans/web.plan", ManyPlans(kRollouts, "2")}});
  const std::int64_t lost = scene.embedded->ledger().TotalLost();
  REQUIRE(scene.RunUntil([&] { return scene.StatusOf("web-0").run == 2; }, Duration(60'000)));
  const std::string dead = scene.StatusOf("web-0").executor;
  const TimePoint died_at = scene.loop.Now();
  processes.at(dead)->Kill();
  REQUIRE(scene.RunUntil([&] { return AllSettled(scene, kRollouts, "web:2", 2); }, Duration(120'000)));
  CHECK(scene.loop.Now() - died_at < kTimes.duration + Duration(20'000));
  CHECK(scene.StatusOf("web-0").executor != dead);
  CHECK(scene.embedded->ledger().TotalLost() == lost);
  for (const auto& [name, process] : processes) CHECK_FALSE(process->lost());
}

TEST_CASE("one that comes takes over its share of settled rollouts and writes nothing for it") {
  constexpr int kRollouts = 12;
  Scene scene;
  scene.repository.Commit({{"plans/web.plan", ManyPlans(kRollouts, "1")}});
  Process first(scene, "a");
  REQUIRE(scene.RunUntil([&] { return AllSettled(scene, kRollouts, "web:1", 1); }, Duration(120'000)));
  scene.RunFor(Duration(30'000));
  const std::size_t written = first.way.writes();
  Process second(scene, "b");
  scene.RunFor(Duration(60'000));
  CHECK(second.way.writes() == 0);
  CHECK(first.way.writes() == written);
  const std::size_t walked_by_first = first.reconciler().executor().runners().size();
  const std::size_t walked_by_second = second.reconciler().executor().runners().size();
  CHECK(walked_by_first + walked_by_second == kRollouts);
  CHECK(walked_by_second > 2);
}

// The canary of ShopPlan, walked by one process until it sends its write number `held_up`, which arrives a minute
// later: the process was stopped between what it stored and what it did. Another goes on meanwhile.
struct Story {
  bool over = false;
  std::string end;
  std::int64_t lost = 0;
  std::size_t writes = 0;  // of the first process, in the canary
  std::vector<LateWrite> late;
};

std::string EndOf(const Scene& scene) {
  const decide::Status status = scene.StatusOf("checkout");
  std::string end = fmt::format("{} of {} runs, stable {}", PhaseName(status.phase), status.run, status.stable);
  for (const auto& run : status.history) end += fmt::format("; {} {}", run->revision, run->outcome);
  for (const char* kind : {"Deployment", "HTTPRoute", "Service"}) {
    const cluster::Kind of{kind == std::string("Deployment")  ? "apps/v1"
                           : kind == std::string("HTTPRoute") ? "gateway.networking.k8s.io/v1"
                                                              : "v1",
                           kind};
    for (const Json& object : scene.embedded->PeekAll(of, "shop")) {
      end += "\n" + object.at("metadata").at("name").get<std::string>() + " " + object.at("spec").dump();
    }
  }
  return end;
}

Story Tell(std::optional<std::size_t> held_up) {
  Scene scene(BadImages());
  scene.repository.Commit({{"plans/shop.plan", ShopPlan("1")}});
  Process first(scene, "a");
  const auto settled = [&](std::size_t runs) {
    const decide::Status status = scene.StatusOf("checkout");
    return status.phase == decide::Phase::kSettled && status.history.size() == runs;
  };
  REQUIRE(scene.RunUntil([&] { return settled(1); }, Duration(120'000)));
  Process second(scene, "b");
  scene.RunFor(Duration(20'000));
  // Whoever has it now is the one that is stopped.
  const bool firsts = first.reconciler().executor().runners().contains({"shop", "checkout"});
  Process& stopped = firsts ? first : second;
  const std::size_t before = stopped.way.writes();
  scene.repository.Commit({{"plans/shop.plan", ShopPlan("2")}});
  const std::int64_t lost = scene.embedded->ledger().TotalLost();
  Story story;
  if (held_up) {
    stopped.way.InjectAtWrite(before + *held_up, {cluster::Fault::Kind::kDelay, {}, Duration(60'000)});
    REQUIRE(scene.RunUntil([&] { return stopped.way.writes() >= before + *held_up; }, Duration(300'000)));
    stopped.Record();
    stopped.Kill();
  }
  story.over = scene.RunUntil([&] { return settled(2); }, Duration(300'000));
  scene.RunFor(Duration(120'000));
  story.over = story.over && settled(2);
  story.end = EndOf(scene);
  story.lost = scene.embedded->ledger().TotalLost() - lost;
  story.writes = stopped.way.writes() - before;
  story.late = stopped.late();
  return story;
}

TEST_CASE("no write that was held up for a minute changes what another has gone on with") {
  const Story whole = Tell(std::nullopt);
  REQUIRE(whole.over);
  REQUIRE(whole.writes > 10);
  std::string broken;
  std::map<std::string, int> refused;
  for (std::size_t write = 1; write <= whole.writes; ++write) {
    const Story story = Tell(write);
    REQUIRE(story.late.size() == 1);
    const LateWrite& late = story.late.front();
    if (late.refused) ++refused[std::string(ErrorCodeName(*late.refused))];
    // An event is news of its own, whoever tells it.
    const bool event = late.what.find("/Event/") != std::string::npos;
    if (!story.over || story.end != whole.end || story.lost != 0 || (late.changed && !event)) {
      broken += fmt::format("write {} ({}): over {}, lost {}, {}, changed {}\n{}\n", write, late.what, story.over,
                            story.lost, late.refused ? ErrorCodeName(*late.refused) : "ok", late.changed,
                            story.end == whole.end ? "" : story.end);
    }
  }
  INFO(whole.end);
  INFO(broken);
  CHECK(broken.empty());
  CHECK(refused["conflict"] > 10);
}

}  // namespace
}  // namespace sluice::execute
