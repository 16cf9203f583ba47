// A plan and the same plan with one change, drawn by seeds: the second ends as if it had been alone, whether it came at
// rest or in the middle of a run, and an edit by itself never moves traffic forward.
#include <map>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "compiler/graph/names.h"
#include "reconciler/execute/status_codec.h"
#include "tests/fault/walk.h"

namespace sluice::execute {
namespace {

constexpr int kPairs = 80;
constexpr Duration kMinute{60'000};

// All of them can pass by themselves.
Shape Passing(Shape shape) {
  for (Shape::Step& step : shape.steps) {
    step.pause = false;
    if (!step.job.empty()) step.job = kGoodJob;
  }
  return shape;
}

struct Pair {
  explicit Pair(int seed) : dice(static_cast<std::uint64_t>(seed)), from(Passing(AnyShape(dice))), to(from) {
    for (auto changes = dice.Between(1, 3); changes > 0; --changes) to = Passing(Mutated(to, dice));
  }
  Dice dice;
  Shape from, to;
};

std::string Told(int seed, const Pair& pair) {
  return fmt::format(
      "seed {}\n{}{}", seed, FilesOf(pair.from, "1").at("checkout.plan"),
      LinesDiffer(FilesOf(pair.from, "1").at("checkout.plan"), FilesOf(pair.to, "1").at("checkout.plan")));
}

class Shop {
 public:
  Shop() : scene_(WorldOfShapes(), 1, {}, {}, Duration(5'000)) {}

  void Commit(const Shape& shape, const std::string& tag) {
    scene_.repository.Commit(FilesOf(shape, tag));
    if (scene_.reconciler == nullptr) scene_.Start();
  }
  // Until it is as if `shape` had been alone; where it differs, or "".
  std::string Await(const Shape& shape, const std::string& tag) {
    const std::string alone = EndAlone(shape, tag);
    const TimePoint end = scene_.loop.Now() + BoundOf(shape);
    while (EndOf(scene_) != alone && scene_.loop.Now() < end) scene_.RunFor(Duration(5'000));
    scene_.RunFor(kMinute);
    const std::string differs = LinesDiffer(alone, EndOf(scene_));
    if (differs.empty()) return "";
    return Summary(scene_.StatusOf("checkout")) + " " + scene_.StatusOf("checkout").hold_reason + differs;
  }
  Scene& scene() { return scene_; }

 private:
  Scene scene_;
};

TEST_CASE("a plan that was edited ends as if it had been alone, and so does the one before") {
  for (int seed = 1; seed <= Seeds(kPairs); ++seed) {
    const Pair pair(seed);
    INFO(Told(seed, pair));
    Shop shop;
    shop.Commit(pair.from, "1");
    REQUIRE(shop.Await(pair.from, "1") == "");
    shop.Commit(pair.to, seed % 2 == 0 ? "1" : "2");
    REQUIRE(shop.Await(pair.to, seed % 2 == 0 ? "1" : "2") == "");
    shop.Commit(pair.from, "1");
    REQUIRE(shop.Await(pair.from, "1") == "");
  }
}

TEST_CASE("an edit in the middle of a run never moves traffic forward by itself, and ends as it says") {
  int edited = 0;
  for (int seed = 1; seed <= Seeds(kPairs); ++seed) {
    Pair pair(seed);
    INFO(Told(seed, pair));
    Shop shop;
    Scene& scene = shop.scene();
    shop.Commit(pair.from, "1");
    REQUIRE(shop.Await(pair.from, "1") == "");
    std::string raised;
    decide::Status before;
    scene.embedded->Observe([&](const embedded::Change& change) {
      if (change.object.key().kind.kind != graph::kRolloutKind || !change.object->contains("status")) return;
      const decide::Status now = DecodeStatus(change.object->at("status")).value().status;
      const auto share = [](const decide::Status& status, const std::string& revision) {
        const auto found = status.applied.shares.find(revision);
        return found == status.applied.shares.end() ? Number(0) : found->second;
      };
      const bool same = !now.candidate.empty() && now.candidate == before.candidate && now.run == before.run;
      if (same && now.accepted_digest != before.accepted_digest) {
        ++edited;
        if (share(now, now.candidate) > share(before, now.candidate)) raised = FormatTime(scene.loop.Now());
      }
      before = now;
    });
    shop.Commit(pair.from, "2");
    scene.RunFor(Duration(pair.dice.Between(5'000, 90'000)));
    shop.Commit(pair.to, "2");
    REQUIRE(shop.Await(pair.to, "2") == "");
    REQUIRE(raised == "");
  }
  CHECK(edited * 4 > Seeds(kPairs));
}

}  // namespace
}  // namespace sluice::execute
