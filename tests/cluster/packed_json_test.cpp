#include "reconciler/cluster/packed_json.h"

#include <catch2/catch.hpp>

namespace sluice::cluster {
namespace {

TEST_CASE("what is packed reads as before, and so do its copies") {
  const Json object = {{"name", "web"}, {"count", 3}, {"share", 0.25}, {"list", Json::array({1, "two", nullptr})}};
  const PackedJson packed(Share(object));
  const PackedJson copy = packed;
  CHECK(packed.Get() == object);
  packed.Pack();
  packed.Pack();
  CHECK(copy.Get() == object);
  CHECK(packed.Get() == object);
  CHECK(copy == packed);
  CHECK_FALSE(PackedJson(Share(object)) == packed);
}

TEST_CASE("null is packed, too; what is no UTF-8 stays as it is") {
  const PackedJson none;
  none.Pack();
  CHECK(none.Get().is_null());
  const PackedJson odd(Share(Json{{"text", "a\xff"}}));
  odd.Pack();
  CHECK(Text(odd.Get(), {"text"}) == "a\xff");
}

TEST_CASE("the object that a part was taken of goes once the part is packed") {
  SharedJson whole = Share(Json{{"status", {{"phase", "settled"}}}, {"spec", "large"}});
  const std::weak_ptr<const Json> seen = whole;
  const PackedJson part(SharedJson(whole, &whole->at("status")));
  whole = nullptr;
  CHECK_FALSE(seen.expired());
  part.Pack();
  CHECK(seen.expired());
  CHECK(Says(part.Get(), {"phase"}, "settled"));
}

}  // namespace
}  // namespace sluice::cluster
