#include "reconciler/sync/inventory.h"

#include <catch2/catch.hpp>

namespace sluice::sync {
namespace {

cluster::ObjectKey Key(int number) { return {{"v1", "ConfigMap"}, "shop", "c" + std::to_string(number)}; }

std::vector<cluster::Json> Encoded(const Inventory& inventory) {
  std::vector<cluster::Json> objects;
  for (std::size_t i = 0; i < inventory.chunks().size(); ++i)
    objects.push_back(inventory.Encode(i, "sluice-system", "abc"));
  return objects;
}

// The objects as they stand after each write of a first save.
std::vector<std::vector<cluster::Json>> SaveStepByStep(Inventory& inventory) {
  std::vector<std::vector<cluster::Json>> states;
  std::map<std::size_t, cluster::Json> stored;
  while (const auto chunk = inventory.NextToStore()) {
    stored[*chunk] = inventory.Encode(*chunk, "sluice-system", "abc");
    inventory.Stored(*chunk, "1");
    states.emplace_back();
    for (const auto& [number, object] : stored) states.back().push_back(object);
  }
  return states;
}

TEST_CASE("an inventory of many objects is stored in parts and read back") {
  Inventory inventory;
  for (int i = 0; i < 1'200; ++i) inventory.Put(Key(i), {"uid-" + std::to_string(i), i % 2 == 0});
  CHECK(inventory.chunks().size() == 3);
  const auto read = Inventory::Decode(Encoded(inventory), "abc", 0);
  REQUIRE(read.ok());
  CHECK(read->Entries() == inventory.Entries());
  CHECK_FALSE(read->changed());
}

TEST_CASE("a change writes only the part that it touches") {
  Inventory inventory;
  for (int i = 0; i < 1'200; ++i) inventory.Put(Key(i), {});
  SaveStepByStep(inventory);
  inventory.Put(Key(700), {});
  CHECK_FALSE(inventory.changed());
  inventory.Put(Key(700), {"seen", false});
  inventory.Remove(Key(9'999));
  CHECK_FALSE(inventory.chunks()[0].changed);
  CHECK(inventory.chunks()[1].changed);
  CHECK_FALSE(inventory.chunks()[2].changed);
}

TEST_CASE("room that was left is used again") {
  Inventory inventory;
  for (int i = 0; i < 512; ++i) inventory.Put(Key(i), {});
  inventory.Remove(Key(5));
  inventory.Put(Key(600), {});
  CHECK(inventory.chunks().size() == 1);
}

TEST_CASE("what is damaged or incomplete is not read") {
  Inventory inventory;
  for (int i = 0; i < 1'200; ++i) inventory.Put(Key(i), {});
  auto objects = Encoded(inventory);
  objects[1]["data"]["entries"] = "[]";
  CHECK(Inventory::Decode(objects, "abc", 0).error().message.find("checksum") != std::string::npos);
  objects.erase(objects.begin() + 1);
  CHECK(Inventory::Decode(objects, "abc", 0).error().message.find("part 1 is missing") != std::string::npos);
}

TEST_CASE("a lost part is noticed wherever it was, the last one too") {
  Inventory inventory;
  for (int i = 0; i < 1'200; ++i) inventory.Put(Key(i), {});
  const std::vector<cluster::Json> whole = SaveStepByStep(inventory).back();
  REQUIRE(whole.size() == 3);
  CHECK(Inventory::Decode(whole, "abc", 3).ok());
  for (std::size_t lost = 0; lost < 3; ++lost) {
    INFO(lost);
    std::vector<cluster::Json> rest = whole;
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(lost));
    const auto read = Inventory::Decode(rest, "abc", 0);
    REQUIRE_FALSE(read.ok());
    CHECK(read.error().message.find("sluice-inventory-abc-" + std::to_string(lost) + " is restored") !=
          std::string::npos);
  }
  CHECK_FALSE(Inventory::Decode({}, "abc", 1).ok());
  CHECK(Inventory::Decode({}, "abc", 0).ok());
}

TEST_CASE("a crash between any two parts of a save leaves a whole that can be read") {
  Inventory inventory;
  for (int i = 0; i < 1'200; ++i) inventory.Put(Key(i), {});
  const auto states = SaveStepByStep(inventory);
  CHECK(states.size() == 4);
  for (const auto& state : states) CHECK(Inventory::Decode(state, "abc", 0).ok());
}

}  // namespace
}  // namespace sluice::sync
