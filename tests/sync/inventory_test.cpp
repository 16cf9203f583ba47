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

TEST_CASE("an inventory of many objects is stored in parts and read back") {
  Inventory inventory;
  for (int i = 0; i < 1'200; ++i) inventory.Put(Key(i), {"uid-" + std::to_string(i), i % 2 == 0});
  CHECK(inventory.chunks().size() == 3);
  const auto read = Inventory::Decode(Encoded(inventory), "abc");
  REQUIRE(read.ok());
  CHECK(read->Entries() == inventory.Entries());
  CHECK_FALSE(read->changed());
}

TEST_CASE("a change writes only the part that it touches") {
  Inventory inventory;
  for (int i = 0; i < 1'200; ++i) inventory.Put(Key(i), {});
  for (std::size_t i = 0; i < 3; ++i) inventory.Stored(i, "1");
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
  CHECK(Inventory::Decode(objects, "abc").error().message.find("checksum") != std::string::npos);
  objects.erase(objects.begin() + 1);
  CHECK(Inventory::Decode(objects, "abc").error().message.find("part 1 is missing") != std::string::npos);
}

}  // namespace
}  // namespace sluice::sync
