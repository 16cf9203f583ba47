#include "reconciler/cluster/shared_members.h"

#include <functional>
#include <string>

#include <catch2/catch.hpp>

#include "reconciler/cluster/json.h"

namespace sluice::cluster {
namespace {

// Where the members of an object are.
const void* PlaceOf(const Json& json) { return &*json.get_ref<const Json::object_t&>().begin(); }

Json Pod() {
  return {{"metadata", {{"name", "web"}, {"labels", {{"app", "web"}, {"tier", "front"}}}}},
          {"spec", {{"containers", Json::array({{{"name", "main"}, {"image", "web:1"}}})}}}};
}

TEST_CASE("a copy shares all that is in it; what is written to one isn't seen in the other") {
  const Json before = Pod();
  Json after = before;
  CHECK(PlaceOf(after) == PlaceOf(before));
  after["metadata"]["labels"]["app"] = "shop";
  CHECK(before == Pod());
  CHECK(after["metadata"]["labels"]["app"] == "shop");
  CHECK(after["metadata"]["labels"]["tier"] == "front");
  // Only what leads to the change was copied.
  CHECK(PlaceOf(after) != PlaceOf(before));
  CHECK(PlaceOf(after["metadata"]["labels"]) != PlaceOf(before["metadata"]["labels"]));
  CHECK(PlaceOf(after["spec"]) == PlaceOf(before["spec"]));
}

TEST_CASE("whatever changes an object changes that one only") {
  const Json before = Pod();
  const auto changed = [&](const std::function<void(Json&)>& change) {
    Json after = before;
    change(after);
    CHECK(before == Pod());
    CHECK(after != before);
    return after;
  };
  CHECK(changed([](Json& pod) { pod.erase("spec"); }).size() == 1);
  CHECK(changed([](Json& pod) { pod["metadata"]["labels"].erase("tier"); })["metadata"]["labels"].size() == 1);
  CHECK(changed([](Json& pod) { pod.clear(); }).empty());
  CHECK(changed([](Json& pod) { pod.emplace("status", 1); })["status"] == 1);
  CHECK(changed([](Json& pod) { pod["status"]; }).contains("status"));
  CHECK(changed([](Json& pod) {
          Update(pod, {{"spec", 2}, {"b", 3}});
        }) == Json{{"metadata", before["metadata"]}, {"spec", 2}, {"b", 3}});
  CHECK(changed([](Json& pod) { *MemberOf(pod, "spec") = 4; })["spec"] == 4);
  CHECK(changed([](Json& pod) {
          for (Json& each : Items(pod["spec"]["containers"])) each["image"] = "web:2";
        })["spec"]["containers"][0]["image"] == "web:2");
}

TEST_CASE("asking for a member to be changed makes none where there is none") {
  Json pod = Pod();
  CHECK(MemberOf(pod, "status") == nullptr);
  Json text = "text";
  CHECK(MemberOf(text, "status") == nullptr);
  CHECK(pod == Pod());
  // What is there stays, and says so.
  auto& members = pod.get_ref<Json::object_t&>();
  CHECK_FALSE(members.emplace("spec", 1).second);
  CHECK_FALSE(members.insert({"spec", 1}).second);
  CHECK(members.erase("status") == 0);
  CHECK(pod == Pod());
}

TEST_CASE("members are found and shown by their names, in order, however many there are") {
  for (const int count : {0, 1, 15, 16, 17, 40}) {
    Json json = Json::object();
    for (int i = count; i-- > 0;) json["name-" + std::to_string(100 + i)] = i;
    const Json& shown = json;
    int next = 0;
    for (const auto& [name, member] : shown.items()) {
      CHECK(name == "name-" + std::to_string(100 + next));
      CHECK(member == next++);
    }
    CHECK(next == count);
    for (int i = 0; i < count; ++i) CHECK(shown["name-" + std::to_string(100 + i)] == i);
    CHECK_FALSE(shown.contains("name-1"));
    CHECK_FALSE(shown.contains(""));
  }
}

TEST_CASE("objects that say the same are equal whether or not they share it, and empty ones, too") {
  CHECK(Pod() == Pod());
  Json emptied = {{"a", 1}};
  emptied.erase("a");
  CHECK(Json::object() == emptied);
  Json other = Pod();
  other["metadata"]["labels"]["tier"] = "back";
  CHECK(other != Pod());
  CHECK((other < Pod()) != (Pod() < other));
}

}  // namespace
}  // namespace sluice::cluster
