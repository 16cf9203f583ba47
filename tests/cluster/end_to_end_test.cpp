// Rollouts on real pods, behind a real gateway and real Services, with every request counted.
#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "compiler/graph/names.h"
#include "tests/cluster/real_cluster.h"

namespace sluice::cluster {
namespace {

constexpr const char* kGateway = "routers.gateway(\"gateway/gateway\")";

// What a scenario measured, a line each.
class Report {
 public:
  explicit Report(std::string name) : name_(std::move(name)), began_(std::chrono::steady_clock::now()) {}
  void Add(const std::string& words) { words_ += (words_.empty() ? "" : "; ") + words; }
  void Print() const {
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
    static std::mutex printing;
    const std::lock_guard lock(printing);
    std::cout << fmt::format("{}: {}; {:.1f} s", name_, words_, seconds) << std::endl;
  }

 private:
  std::string name_, words_;
  std::chrono::steady_clock::time_point began_;
};

// Nobody went unanswered, and nobody but `failing` answered with an error.
void ExpectNoneLost(Report& report, Load& load, const std::string& failing = "") {
  load.Stop();
  const Counts counts = Count(load.answers());
  report.Add(ToString(counts));
  Expect(counts.requests > 100, "requests");
  Expect(counts.lost == 0, ToString(counts));
  for (const Answered& one : load.answers()) {
    Expect(one.status == 200 || one.version == failing, fmt::format("{} of {}", one.status, one.version));
  }
}

TimePoint WallClock() { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }

std::string Outcome(const Json& rollout) { return Text(LastRun(rollout), {"outcome"}); }

void ExpectAccepted(Shop& shop, const std::string& verb) {
  const auto [said, status] = shop.cluster().Person({verb, shop.plan.name});
  Expect(status == 0 && said == fmt::format("{} {}: accepted\n", verb, shop.plan.name), said);
}

constexpr const char* kThreeSteps = R"(
  deadline 3m
  drain    2s
  step first { weight 10%  hold 4s }
  step half { weight 50%  hold 4s }
  step full { weight 100%  hold 2s }
)";

void CanaryThroughGateway(RealCluster& cluster) {
  Report report("canary by weight through the gateway");
  Shop shop(cluster, {"canary", kGateway, kThreeSteps});
  Load load(shop.ThroughGateway());
  shop.Release("2");
  const std::int64_t run = Integer(shop.AwaitPromoted("2"), {"status", "run"});
  report.Add(shop.Share(load, run, "first", "2", 0.1));
  report.Add(shop.Share(load, run, "half", "2", 0.5));
  report.Add(shop.Share(load, run, "full", "2", 1));
  ExpectNoneLost(report, load);
  report.Print();

  Report undo("undo, and a commit that releases it");
  Load during(shop.ThroughGateway());
  ExpectAccepted(shop, "undo");
  const Json undone = shop.Await("undone", [](const Json& rollout) {
    return Says(rollout, {"status", "phase"}, "settled") && !Text(rollout, {"status", "pinned"}).empty() &&
           Says(rollout, {"status", "stable"}, Text(rollout, {"status", "pinned"}));
  });
  Expect(Text(LastRun(undone), {"image"}) == "sluice.test/shop:1", LastRun(undone).dump(1));
  shop.Release("3");
  shop.AwaitPromoted("3");
  ExpectNoneLost(undo, during);
  undo.Print();
}

void CanaryByPods(RealCluster& cluster) {
  Report report("canary by pods behind a Service");
  Shop shop(cluster, {"pods", "", R"(
  deadline 3m
  drain    2s
  step first { weight 25%  hold 5s }
  step half { weight 50%  hold 5s }
  step full { weight 100%  hold 5s }
)"});
  Load load(shop.ToService());
  shop.Release("2");
  const std::int64_t run = Integer(shop.AwaitPromoted("2"), {"status", "run"});
  report.Add(shop.Share(load, run, "first", "2", 0.25, true));
  report.Add(shop.Share(load, run, "half", "2", 0.5, true));
  report.Add(shop.Share(load, run, "full", "2", 1, true));
  ExpectNoneLost(report, load);
  report.Print();
}

void BlueGreen(RealCluster& cluster) {
  Report report("blue-green by a Service's selector");
  Shop shop(cluster, {"bluegreen", "routers.selector()", R"(
  deadline 3m
  drain    2s
  using    strategies.blue-green(preview: 5s, guard: healthy, soak: 5s)
)"});
  Load load(shop.ToService());
  shop.Release("2");
  shop.AwaitNode("preview/hold");
  Load preview(shop.ToService("bluegreen-preview"));
  std::this_thread::sleep_for(std::chrono::seconds(2));
  preview.Stop();
  const Counts seen = Count(load.answers()), before = Count(preview.answers());
  Expect(before.lost == 0 && before.versions.size() == 1 && before.versions.contains("2"), ToString(before));
  Expect(seen.versions.size() == 1 && seen.versions.contains("1"), ToString(seen));
  report.Add("preview " + ToString(before));
  const std::int64_t run = Integer(shop.AwaitPromoted("2"), {"status", "run"});
  report.Add(shop.Share(load, run, "switch", "2", 1, true));
  ExpectNoneLost(report, load);
  report.Print();
}

void HeaderMatch(RealCluster& cluster) {
  Report report("a header's users first");
  Shop shop(cluster, {"header", kGateway, R"(
  deadline 3m
  drain    2s
  step users { match header "x-canary" is "always"  hold 4s }
  step full { weight 100%  hold 2s }
)"});
  LoadOptions options = shop.ThroughGateway();
  options.per_second = 50;
  Load others(options);
  options.headers = {{"X-Canary", "always"}};
  Load users(options);
  shop.Release("2");
  const std::int64_t run = Integer(shop.AwaitPromoted("2"), {"status", "run"});
  report.Add("with it " + shop.Share(users, run, "users", "2", 1));
  report.Add("without " + shop.Share(others, run, "users", "2", 0));
  ExpectNoneLost(report, users);
  ExpectNoneLost(report, others);
  report.Print();
}

void Rolling(RealCluster& cluster) {
  Report report("rolling");
  Shop shop(cluster, {"rolling", "", R"(
  deadline 3m
  drain    2s
  using    strategies.rolling()
)",
                      6});
  Load load(shop.ToService());
  shop.Release("2");
  shop.AwaitPromoted("2");
  ExpectNoneLost(report, load);
  report.Print();
}

void BadVersion(RealCluster& cluster) {
  Report report("a version that fails");
  Shop shop(cluster, {"bad", kGateway, R"(
  deadline 3m
  drain    2s
  step first { weight 20%  hold 15s while healthy }
  step full { weight 100%  hold 2s while healthy }
)"});
  Load load(shop.ThroughGateway());
  shop.Release("bad");
  const Json held = shop.AwaitHeld();
  const TimePoint back = WallClock();
  Expect(Outcome(held) == "rolled-back", held.dump(1));
  report.Add("back because " + Text(LastRun(held), {"reason"}));
  std::this_thread::sleep_for(std::chrono::seconds(2));
  const Counts since = Count(load.Between(back, WallClock()));
  Expect(since.requests > 100 && !since.versions.contains("bad"), "held: " + ToString(since));
  shop.Release("2");
  shop.AwaitPromoted("2");
  ExpectNoneLost(report, load, "bad");
  const Counts all = Count(load.answers());
  Expect(all.failed > 0 && all.versions.at("bad") < all.requests / 5, ToString(all));
  report.Print();
}

void NeverReady(RealCluster& cluster) {
  Report report("crash, abort, retry, abort, never ready, fixed");
  const std::string body =
      "\n  deadline {}\n  drain 2s\n  step half {{ weight 50%  hold 1s }}\n"
      "  step full {{ weight 100%  hold 1s }}\n";
  Shop shop(cluster, {"faulty", kGateway, fmt::format(fmt::runtime(body), "3m")});
  Load load(shop.ThroughGateway());
  shop.Release("crash");
  const auto crashes = [](const Json& rollout) {
    for (const Json& condition : List(rollout, {"status", "conditions"})) {
      if (Text(condition, {"message"}).find("CrashLoopBackOff") != std::string::npos) return true;
    }
    return false;
  };
  shop.Await("told to crash", crashes);
  ExpectAccepted(shop, "abort");
  const std::int64_t run = Integer(shop.AwaitHeld(), {"status", "run"});
  ExpectAccepted(shop, "retry");
  shop.Await("tried again", [&](const Json& rollout) {
    return Integer(rollout, {"status", "run"}) == run + 1 && crashes(rollout);
  });
  ExpectAccepted(shop, "abort");
  Expect(Outcome(shop.AwaitHeld()) == "aborted", "aborted");
  shop.plan.body = fmt::format(fmt::runtime(body), "1m");
  shop.Release("unready");
  const Json late = shop.Await("given up", [](const Json& rollout) {
    return Says(rollout, {"status", "hold"}, "Held") && Text(LastRun(rollout), {"image"}) == "sluice.test/shop:unready";
  });
  Expect(Outcome(late) == "rolled-back", late.dump(1));
  report.Add("back because " + Text(LastRun(late), {"reason"}));
  shop.plan.body = fmt::format(fmt::runtime(body), "3m");
  shop.Release("2");
  shop.AwaitPromoted("2");
  ExpectNoneLost(report, load);
  for (const auto& [version, count] : Count(load.answers()).versions) {
    Expect(version == "1" || version == "2", "an answer of " + version);
  }
  report.Print();
}

void ChangedOnTheWay(RealCluster& cluster) {
  Shop shop(cluster, {"changed", kGateway, kThreeSteps});
  {
    Report report("superseded at half");
    Load load(shop.ThroughGateway());
    shop.Release("2");
    const std::int64_t run = Integer(shop.AwaitNode("half/hold"), {"status", "run"});
    shop.Release("3");
    const Json rollout = shop.AwaitPromoted("3");
    Expect(Text(RunOf(rollout, run), {"outcome"}) == "superseded", RunOf(rollout, run).dump(1));
    report.Add(shop.Share(load, Integer(rollout, {"status", "run"}), "full", "3", 1));
    ExpectNoneLost(report, load);
    report.Print();
  }
  {
    Report report("reverted at half");
    Load load(shop.ThroughGateway());
    shop.Release("4");
    const std::int64_t run = Integer(shop.AwaitNode("half/hold"), {"status", "run"});
    shop.Release("3");
    const Json rollout = shop.Await("reverted", [](const Json& seen) { return IsSettled(seen); });
    Expect(Text(RunOf(rollout, run), {"outcome"}) == "reverted", RunOf(rollout, run).dump(1));
    const TimePoint back = WallClock();
    std::this_thread::sleep_for(std::chrono::seconds(1));
    const Counts since = Count(load.Between(back, WallClock()));
    Expect(since.requests > 50 && since.versions.size() == 1 && since.versions.contains("3"), ToString(since));
    ExpectNoneLost(report, load);
    report.Print();
  }
  Report report("edited at first: half becomes 30%");
  Load load(shop.ThroughGateway());
  shop.Release("4");
  const std::int64_t run = Integer(shop.AwaitNode("first/hold"), {"status", "run"});
  shop.plan.body.replace(shop.plan.body.find("50%"), 3, "30%");
  shop.Commit();
  const Json rollout = shop.AwaitPromoted("4");
  Expect(Integer(rollout, {"status", "run"}) == run, rollout.dump(1));
  report.Add(shop.Share(load, run, "first", "4", 0.1));
  report.Add(shop.Share(load, run, "half", "4", 0.3));
  ExpectNoneLost(report, load);
  report.Print();
}

// The image stays: what pods answer stands in a file.
void ChangedFile(RealCluster& cluster) {
  Report report("a changed file is a rollout");
  ShopPlan plan{"files", kGateway, kThreeSteps};
  plan.clauses = "config \"/etc/shop\" from \"config/files/*\"";
  plan.files = {{"version", "blue\n"}};
  Shop shop(cluster, plan);
  const std::int64_t first = shop.run();
  Load load(shop.ThroughGateway());
  shop.plan.files = {{"version", "green\n"}};
  shop.Commit();
  shop.AwaitPromoted(first + 1);
  report.Add(shop.Share(load, first + 1, "first", "green", 0.1));
  report.Add(shop.Share(load, first + 1, "half", "green", 0.5));
  report.Add(shop.Share(load, first + 1, "full", "green", 1));
  ExpectAccepted(shop, "undo");
  shop.Await("undone", [](const Json& rollout) {
    return Says(rollout, {"status", "phase"}, "settled") && !Text(rollout, {"status", "pinned"}).empty() &&
           Says(rollout, {"status", "stable"}, Text(rollout, {"status", "pinned"}));
  });
  const TimePoint back = WallClock();
  std::this_thread::sleep_for(std::chrono::seconds(1));
  const Counts since = Count(load.Between(back, WallClock()));
  Expect(since.requests > 50 && since.versions.size() == 1 && since.versions.contains("blue"), ToString(since));
  report.Add("undo finds the file it had");
  ExpectNoneLost(report, load);
  report.Print();
}

// Of one that completes, one that fails, and one that is given up.
void JobOfAStep(RealCluster& cluster) {
  Report report("a step waits for its Job");
  const std::string body = R"(
  deadline 3m
  drain    3s
  step smoke {{
    weight 10%
    run job {{ image "sluice.test/shop:1"  args [{}] }} within 1m
  }}
  step full {{ weight 100% }}
)";
  const Kind job{"batch/v1", "Job"}, pod{"v1", "Pod"};
  Shop shop(cluster, {"jobs", kGateway, fmt::format(fmt::runtime(body), R"("pack", "/dev/null")")});
  Load load(shop.ThroughGateway());
  shop.Release("2");
  shop.AwaitPromoted("2");
  report.Add("promoted after its Job completed");
  Expect(shop.CountOfRollout(job) == 1, "the present run's Job");

  shop.plan.body = fmt::format(fmt::runtime(body), R"("${candidate.version}")");
  shop.Release("3");
  const Json held = shop.AwaitHeld();
  const std::string why = Text(LastRun(held), {"reason"});
  Expect(why.find(R"(exit code 1: shop: no command is called "3")") != std::string::npos, why);
  report.Add("back because " + why);

  shop.plan.body = fmt::format(fmt::runtime(body), R"("pause")");
  shop.Release("4");
  shop.AwaitNode("smoke/run");
  shop.Await("its pod", [&](const Json&) { return shop.CountOfRollout(pod) > 0; });
  ExpectAccepted(shop, "abort");
  Expect(Outcome(shop.AwaitHeld()) == "aborted", "aborted");
  shop.Await("the end of the Job that nothing waits for",
             [&](const Json&) { return shop.CountOfRollout(job) == 0 && shop.CountOfRollout(pod) == 0; });
  report.Add("an abort ends the Job and its pod");
  ExpectNoneLost(report, load);
  report.Print();
}

std::int64_t PodsOf(Shop& shop, const std::string& revision) {
  const auto found =
      shop.administrator().Ask(Get{{{"apps/v1", "Deployment"}, shop.plan.name, shop.plan.name + "-" + revision}});
  return found.ok() ? Integer(**found, {"spec", "replicas"}) : 0;
}

// By what metrics-server measures of the pods: an answer takes 2 ms of a processor, and a pod requests 20 ms a second.
void Autoscaled(RealCluster& cluster) {
  Report report("an autoscaler counts the pods");
  ShopPlan plan{"counted", kGateway, R"(
  deadline 5m
  drain    3s
  step first { weight 10%  hold 10s }
  step half { weight 50%  hold 20s }
  step full { weight 100%  hold 4s }
)"};
  plan.replicas = 2;
  plan.counted = "to 8 at cpu 75%";
  plan.clauses = R"(env { WORK: "2ms" })";
  Shop shop(cluster, plan);
  LoadOptions options = shop.ThroughGateway();
  options.per_second = 30;
  Load load(options);
  const std::string first = Text(shop.Rollout(), {"status", "stable"});
  Expect(PodsOf(shop, first) == 2, "two pods without load");
  shop.Await(
      "four pods", [&](const Json&) { return PodsOf(shop, first) >= 4; }, Duration(180'000));
  shop.Release("2");
  shop.AwaitNode("first/hold");
  const std::int64_t demand = Integer(shop.Rollout(), {"status", "demand"});
  report.Add(fmt::format("{} pods when the rollout began", demand));
  Expect(demand >= 4, "the demand");
  std::int64_t least = 100, at_half = 0;
  const Json promoted = shop.Await(
      "promoted",
      [&](const Json& rollout) {
        const std::string candidate = Text(rollout, {"status", "candidate"});
        if (!candidate.empty()) least = std::min(least, PodsOf(shop, first));
        const auto entered = [&](const char* node) {
          return Find(rollout, {"status", "nodes", shop.plan.name + "/" + node}) != nullptr;
        };
        if (entered("half/hold") && !entered("full/scale")) at_half = PodsOf(shop, candidate);
        return IsSettled(rollout);
      },
      Duration(180'000));
  const std::string second = Text(promoted, {"status", "stable"});
  Expect(second != first && Outcome(promoted) == "promoted", Outcome(promoted));
  report.Add(fmt::format("stable never below {}, the candidate {} at half, {} in the end", least, at_half,
                         PodsOf(shop, second)));
  Expect(least >= demand && 2 * at_half >= demand && PodsOf(shop, second) >= demand, "pods for the load");
  const auto autoscaler = shop.administrator().Ask(
      Get{{{"autoscaling/v2", "HorizontalPodAutoscaler"}, plan.name, plan.name + "-" + second}});
  // Until it is measured what the requests that came to it last take.
  Expect(autoscaler.ok() && Integer(**autoscaler, {"spec", "minReplicas"}) >= demand, "the demand as its least");
  ExpectNoneLost(report, load);
  report.Print();
}

// Taken over as it runs, then replaced by the next version; back where that is bad.
void Adopted(RealCluster& cluster) {
  Report report("what runs already is taken over");
  ShopPlan plan{"adopted", kGateway, kThreeSteps};
  plan.adopted = true;
  Shop shop(cluster, plan);
  const std::set<std::string> pods = shop.LegacyPods();
  Load load(shop.ToService());
  shop.Commit();
  shop.Await("taken over", [](const Json& rollout) {
    return IsSettled(rollout) && Outcome(rollout) == "adopted" && Find(rollout, {"status", "applied", "settledAt"});
  });
  Expect(shop.LegacyPods() == pods, "the same pods");
  report.Add(fmt::format("{} pods, none of them restarted", pods.size()));
  Load outside(shop.ThroughGateway());
  std::this_thread::sleep_for(std::chrono::seconds(3));
  shop.Release("2");
  const std::int64_t run = Integer(shop.AwaitPromoted("2"), {"status", "run"});
  report.Add(shop.Share(outside, run, "first", "2", 0.1));
  report.Add(shop.Share(outside, run, "half", "2", 0.5));
  shop.Await("the old pods gone", [&](const Json&) { return shop.LegacyPods().empty(); });
  const auto left = shop.administrator().Ask(Get{{{"apps/v1", "Deployment"}, plan.name, "legacy"}});
  Expect(left.ok() && Integer(**left, {"spec", "replicas"}) == 0, "the Deployment stays");
  ExpectNoneLost(report, load);
  ExpectNoneLost(report, outside);
  report.Print();
}

// The uids of its pods, by name.
std::map<std::string, std::string> Places(Shop& shop) {
  std::map<std::string, std::string> places;
  const auto found = shop.administrator().Ask(ListObjects{{"v1", "Pod"}, shop.plan.name, {}});
  Expect(found.ok(), "pods of " + shop.plan.name);
  for (const Json& pod : List(**found, {"items"})) {
    places[Text(pod, {"metadata", "name"})] = Text(pod, {"metadata", "uid"});
  }
  return places;
}

// How many of the places named are not as they were.
int Touched(Shop& shop, const std::map<std::string, std::string>& before, const std::set<std::string>& names) {
  const std::map<std::string, std::string> now = Places(shop);
  return static_cast<int>(std::count_if(names.begin(), names.end(), [&](const std::string& name) {
    const auto found = now.find(name);
    return found == now.end() || found->second != before.at(name);
  }));
}

// A StatefulSet, taken over as it runs: a good version place by place, one that crashes and is taken back, one that
// answers with errors.
void InPlace(RealCluster& cluster) {
  Report report("a StatefulSet that runs already, place by place");
  ShopPlan plan{"inplace", "", R"(
  deadline 5m
  drain    3s
  step half { weight 50%  hold 6s while healthy }
  step full { weight 100% }
)"};
  plan.adopted = true;
  plan.in_place = true;
  Shop shop(cluster, plan);
  const std::set<std::string> low = {"legacy-0", "legacy-1"};
  std::map<std::string, std::string> places = Places(shop);
  Load load(shop.ToService());
  shop.Commit();
  shop.Await("taken over", [](const Json& rollout) { return IsSettled(rollout) && Outcome(rollout) == "adopted"; });
  std::this_thread::sleep_for(std::chrono::seconds(2));
  Expect(Places(shop) == places, "the same pods");
  report.Add(fmt::format("{} pods, none of them restarted", places.size()));
  shop.Release("2");
  shop.AwaitNode("half/hold");
  Expect(Touched(shop, places, low) == 0, "the pods below the partition");
  const std::int64_t run = Integer(shop.AwaitPromoted("2", Duration(180'000)), {"status", "run"});
  report.Add(shop.Share(load, run, "half", "2", 0.5, true));

  // Kubernetes replaces no other pod while one isn't ready, and not that one either. One that is ready for a moment
  // before it crashes lets it go on to the step's other place.
  places = Places(shop);
  shop.Release("crash");
  shop.Await("told to crash",
             [](const Json& rollout) { return rollout.dump().find("CrashLoopBackOff") != std::string::npos; });
  ExpectAccepted(shop, "abort");
  shop.AwaitHeld();
  shop.AwaitPods("legacy", "StatefulSet");
  Expect(Touched(shop, places, low) == 0, "the pods below the partition, in spite of the crash");
  shop.Release("bad");
  const auto fails = [](const Json& rollout) {
    return Says(rollout, {"status", "hold"}, "Held") && Text(LastRun(rollout), {"image"}) == "sluice.test/shop:bad";
  };
  Expect(Outcome(shop.Await("given up", fails, Duration(180'000))) == "rolled-back", "rolled back");
  shop.AwaitPods("legacy", "StatefulSet");
  Expect(Touched(shop, places, low) == 0, "the pods below the partition");
  report.Add("a crash and a bad version touched the pods of their step alone");
  ExpectNoneLost(report, load, "bad");
  report.Print();
}

// As a node's drain does it: every pod goes, as its budget allows.
void Drained(RealCluster& cluster) {
  Report report("all pods evicted, at rest and at half");
  ShopPlan plan{"drained", "", R"(
  deadline 3m
  drain    3s
  step half { weight 50%  hold 4s }
  step full { weight 100% }
)"};
  plan.clauses = "disruption 1";
  Shop shop(cluster, plan);
  Load load(shop.ToService());
  const std::int64_t at_rest = shop.EvictAll();
  const std::int64_t run = shop.run() + 1;
  shop.Release("2");
  shop.AwaitNode("half/hold");
  const std::int64_t at_half = shop.EvictAll();
  shop.AwaitPromoted(run);
  // One of each revision at once.
  report.Add(fmt::format("never fewer than {} and {} of {} pods ready", at_rest, at_half, shop.plan.replicas));
  Expect(at_rest >= shop.plan.replicas - 1 && at_half >= shop.plan.replicas - 2, "budgets let too many go");
  ExpectNoneLost(report, load);
  report.Print();
}

using Processes = std::map<std::string, std::unique_ptr<servers::Server>>;

// A canary to `tag` while `disturb` does what it does; its end is that of an undisturbed one.
void Disturbed(Report& report, Shop& shop, const std::string& tag, const std::string& undisturbed,
               const std::function<void()>& disturb) {
  const std::int64_t run = shop.run();
  shop.Release(tag);
  disturb();
  const Json rollout = shop.AwaitPromoted(tag, Duration(180'000));
  Expect(Integer(rollout, {"status", "run"}) == run + 1, "one run: " + rollout.dump(1));
  const std::string objects = shop.ObjectsAtRest();
  Expect(objects == undisturbed, objects + "in place of\n" + undisturbed);
  report.Add("ends as undisturbed");
}

void KilledReconciler(Shop& shop, Processes& processes, const std::string& tag, const std::string& undisturbed) {
  Report report("the reconciler killed twenty times");
  Load load(shop.ThroughGateway());
  std::mt19937 random(std::random_device{}());
  Disturbed(report, shop, tag, undisturbed, [&] {
    for (int i = 0; i < 20; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(200 + random() % 1'300));
      processes["first"].reset();
      processes["first"] = shop.cluster().Reconcile();
    }
  });
  ExpectNoneLost(report, load);
  report.Print();
}

void KilledApiServer(Shop& shop, const std::string& tag, const std::string& undisturbed) {
  Report report("the API server killed at first and at half");
  Load load(shop.ThroughGateway());
  Disturbed(report, shop, tag, undisturbed, [&] {
    for (const char* node : {"first/hold", "half/hold"}) {
      shop.AwaitNode(node);
      shop.cluster().plane().Kill("kube-apiserver");
    }
  });
  ExpectNoneLost(report, load);
  report.Print();
}

// What is lost while Envoy is away is the gateway's own.
void KilledGateway(Shop& shop, const std::string& tag, const std::string& undisturbed) {
  Report report("Envoy killed at first, Contour at half");
  Load load(shop.ThroughGateway());
  TimePoint killed{};
  Disturbed(report, shop, tag, undisturbed, [&] {
    shop.AwaitNode("first/hold");
    killed = WallClock();
    shop.cluster().plane().Kill("envoy");
    shop.AwaitNode("half/hold");
    shop.cluster().plane().Kill("contour");
  });
  load.Stop();
  const Counts away = Count(load.Between(killed, killed + Duration(5'000)));
  const Counts after = Count(load.Between(killed + Duration(5'000), WallClock()));
  report.Add(fmt::format("{} of {} lost in Envoy's five seconds", away.lost, away.requests));
  report.Add("then " + ToString(after));
  Expect(after.requests > 100 && after.lost == 0, ToString(after));
  report.Print();
}

// Who was stopped comes back as one whose time is over: it writes nothing and ends.
void StoppedReconciler(Shop& shop, Processes& processes, const std::string& tag, const std::string& undisturbed) {
  Report report("a reconciler stopped for a minute beside another");
  processes.clear();
  for (const char* pod : {"first", "second"}) processes[pod] = shop.cluster().Reconcile(pod, 5);
  std::this_thread::sleep_for(std::chrono::seconds(8));
  Load load(shop.ThroughGateway());
  std::string stopped;
  const auto began = std::chrono::steady_clock::now();
  Disturbed(report, shop, tag, undisturbed, [&] {
    const std::string executor = Text(shop.AwaitNode("first/hold"), {"status", "executor"});
    for (const auto& [pod, process] : processes) {
      if (executor.find(fmt::format("-{}-", process->id())) != std::string::npos) stopped = pod;
    }
    Expect(!stopped.empty(), "an executor " + executor);
    processes.at(stopped)->Signal(SIGSTOP);
    const auto at = std::chrono::steady_clock::now();
    shop.Await("taken over", [&](const Json& rollout) { return !Says(rollout, {"status", "executor"}, executor); });
    report.Add(fmt::format("taken over after {:.1f} s",
                           std::chrono::duration<double>(std::chrono::steady_clock::now() - at).count()));
  });
  std::this_thread::sleep_until(began + std::chrono::seconds(60));
  report.Add("let go on after a minute");
  const std::string before = shop.Rollout()["metadata"]["resourceVersion"], objects = shop.Objects();
  processes.at(stopped)->Signal(SIGCONT);
  for (int i = 0; i < 100 && processes.at(stopped)->IsRunning(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  Expect(processes.at(stopped)->ended() == 1, "it ends");
  std::this_thread::sleep_for(std::chrono::seconds(2));
  Expect(shop.Rollout()["metadata"]["resourceVersion"] == before, "it wrote");
  Expect(shop.Objects() == objects, shop.Objects());
  ExpectNoneLost(report, load);
  report.Print();
}

void GetsARollout(RealCluster& cluster) {
  Report report("a service gets a rollout, and is let go of");
  ShopPlan plan{"inandout", kGateway, kThreeSteps};
  plan.plain = true;
  Shop shop(cluster, plan);
  Load load(shop.ToService());
  shop.plan.plain = false;
  shop.Commit();
  shop.Await("installed", IsSettled);
  shop.Await("the pods without a rollout gone", [&](const Json&) {
    const auto found = shop.administrator().Ask(Get{{{"apps/v1", "Deployment"}, plan.name, plan.name}});
    return !found && found.error().code == ErrorCode::kNotFound;
  });
  Load outside(shop.ThroughGateway());
  std::this_thread::sleep_for(std::chrono::seconds(3));
  shop.Release("2");
  shop.AwaitPromoted("2");
  shop.Await("the old pods gone", [&](const Json&) { return shop.Pods(plan.name + "-").size() == 4; });
  const std::set<std::string> pods = shop.Pods(plan.name + "-");
  const git::ScratchDirectory scratch;
  const auto [said, status] = shop.cluster().Person({"eject", plan.name, "-o", scratch.path() + "/left"});
  Expect(status == 0, said);
  shop.cluster().Commit(plan.name, "");
  const Kind kind{graph::kApiVersion, graph::kRolloutKind};
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (shop.administrator().Ask(Get{{kind, plan.name, plan.name}}).ok()) {
    Expect(std::chrono::steady_clock::now() < until, "the Rollout gone");
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  std::this_thread::sleep_for(std::chrono::seconds(3));
  Expect(shop.Pods(plan.name + "-") == pods, "the same pods");
  for (const auto& file : std::filesystem::directory_iterator(scratch.path() + "/left")) {
    ApplyFile(shop.administrator(), file.path().string());
  }
  std::this_thread::sleep_for(std::chrono::seconds(2));
  Expect(shop.Pods(plan.name + "-") == pods, "the same pods after what was left is applied");
  report.Add(fmt::format("{} pods left, and applied from files, none of them restarted", pods.size()));
  ExpectNoneLost(report, load);
  ExpectNoneLost(report, outside);
  report.Print();
}

// Three at a time, in this order; what they found wrong. More would find the machine wanting: a node of two cores on
// which dozens of pods start at once answers its own probes too late.
std::string Walk(RealCluster& cluster, const std::vector<void (*)(RealCluster&)>& scenarios) {
  std::mutex mutex;
  std::string wrong;
  std::atomic<std::size_t> next{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      for (std::size_t at = next++; at < scenarios.size(); at = next++) {
        try {
          scenarios[at](cluster);
        } catch (const std::exception& failed) {
          const std::lock_guard lock(mutex);
          wrong += failed.what() + std::string("\n");
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return wrong;
}

TEST_CASE("rollouts on real pods lose no request") {
  const auto cluster = RealCluster::Start();
  if (cluster == nullptr) return;
  const auto reconciler = cluster->Reconcile();
  const std::string wrong =
      Walk(*cluster, {NeverReady, Autoscaled, ChangedOnTheWay, CanaryThroughGateway, CanaryByPods, BadVersion, Rolling,
                      BlueGreen, HeaderMatch, ChangedFile, JobOfAStep, InPlace, Drained, Adopted, GetsARollout});
  INFO(servers::ReadFile(cluster->log("first")));
  CHECK(wrong == "");
  CHECK(reconciler->IsRunning());
}

TEST_CASE("whoever dies, a rollout on real pods ends as it would have") {
  const auto cluster = RealCluster::Start();
  if (cluster == nullptr) return;
  Processes processes;
  processes["first"] = cluster->Reconcile();
  std::string wrong;
  const auto walk = [&](const std::function<void()>& scenario) {
    try {
      scenario();
    } catch (const std::exception& failed) {
      wrong += failed.what() + std::string("\n");
    }
  };
  walk([&] {
    Shop shop(*cluster, {"shop", kGateway, kThreeSteps});
    shop.Release("2");
    shop.AwaitPromoted("2");
    const std::string second = shop.ObjectsAtRest();
    shop.Release("1");
    shop.AwaitPromoted("1");
    const std::string first = shop.ObjectsAtRest();
    walk([&] { KilledReconciler(shop, processes, "2", second); });
    walk([&] { KilledApiServer(shop, "1", first); });
    walk([&] { KilledGateway(shop, "2", second); });
    walk([&] { StoppedReconciler(shop, processes, "1", first); });
  });
  INFO(servers::ReadFile(cluster->log("first")));
  CHECK(wrong == "");
}

}  // namespace
}  // namespace sluice::cluster
