#include "reconciler/apiserver/patches.h"

#include <catch2/catch.hpp>

namespace sluice::apiserver {
namespace {

const Kind kDeployment{"apps/v1", "Deployment"};
const Kind kService{"v1", "Service"};

Json Containers(Json containers) {
  return {{"spec", {{"template", {{"spec", {{"containers", std::move(containers)}}}}}}}};
}

Json Strategic(const Kind& kind, const Json& object, const Json& patch) {
  auto merged = StrategicMergePatch(kind, object, patch);
  REQUIRE(merged.ok());
  return *std::move(merged);
}

}  // namespace

TEST_CASE("merge patches by the cases of RFC 7386") {
  const auto merge = [](const char* object, const char* patch) {
    return MergePatch(cluster::ParseJson(object), cluster::ParseJson(patch)).dump();
  };
  CHECK(merge(R"({"a":"b"})", R"({"a":"c"})") == R"({"a":"c"})");
  CHECK(merge(R"({"a":"b"})", R"({"b":"c"})") == R"({"a":"b","b":"c"})");
  CHECK(merge(R"({"a":"b","b":"c"})", R"({"a":null})") == R"({"b":"c"})");
  CHECK(merge(R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})") == R"({"a":{"b":"d"}})");
  CHECK(merge(R"({"a":[{"b":"c"}]})", R"({"a":[1]})") == R"({"a":[1]})");
  CHECK(merge(R"(["a","b"])", R"(["c","d"])") == R"(["c","d"])");
  CHECK(merge(R"({"e":null})", R"({"a":1})") == R"({"a":1,"e":null})");
  CHECK(merge("{}", R"({"a":{"bb":{"ccc":null}}})") == R"({"a":{"bb":{}}})");
}

TEST_CASE("JSON patches by the cases of RFC 6902") {
  const auto patched = [](const char* object, const char* patch) {
    const auto done = JsonPatch(cluster::ParseJson(object), cluster::ParseJson(patch));
    return done.ok() ? done->dump() : "error";
  };
  CHECK(patched(R"({"foo":"bar"})", R"([{"op":"add","path":"/baz","value":"qux"}])") == R"({"baz":"qux","foo":"bar"})");
  CHECK(patched(R"({"foo":["a","c"]})", R"([{"op":"add","path":"/foo/1","value":"b"}])") == R"({"foo":["a","b","c"]})");
  CHECK(patched(R"({"foo":["a"]})", R"([{"op":"add","path":"/foo/-","value":"b"}])") == R"({"foo":["a","b"]})");
  CHECK(patched(R"({"a":1,"b":2})", R"([{"op":"remove","path":"/b"}])") == R"({"a":1})");
  CHECK(patched(R"({"f":["a","b","c"]})", R"([{"op":"remove","path":"/f/1"}])") == R"({"f":["a","c"]})");
  CHECK(patched(R"({"a":1})", R"([{"op":"replace","path":"/a","value":2}])") == R"({"a":2})");
  CHECK(patched(R"({"a":{"x":1},"b":{}})", R"([{"op":"move","from":"/a/x","path":"/b/y"}])") ==
        R"({"a":{},"b":{"y":1}})");
  CHECK(patched(R"({"a":[1]})", R"([{"op":"copy","from":"/a","path":"/b"}])") == R"({"a":[1],"b":[1]})");
  CHECK(patched(R"({"a/b":{"m~n":1}})", R"([{"op":"replace","path":"/a~1b/m~0n","value":2}])") ==
        R"({"a/b":{"m~n":2}})");
  for (const char* wrong : {R"([{"op":"remove","path":"/x"}])", R"([{"op":"add","path":"/x/y","value":1}])",
                            R"([{"op":"add","path":"/f/9","value":1}])", R"([{"op":"add","path":"/f/01","value":1}])",
                            R"([{"op":"replace","path":"/x","value":1}])", R"([{"op":"turn","path":"/f"}])",
                            R"([{"op":"add","path":"f","value":1}])", R"([{"op":"add","path":"/f~2","value":1}])",
                            R"([{"op":"add","path":"/g"}])", R"([{"path":"/f"}])", R"([7])", R"({"op":"add"})",
                            R"([{"op":"test","path":"/f","value":[2]}])"}) {
    CAPTURE(wrong);
    CHECK(patched(R"({"f":[1]})", wrong) == "error");
  }
}

TEST_CASE("a failed test of a JSON patch is a conflict; one that multiplies itself is refused") {
  CHECK(JsonPatch({{"a", 1}}, cluster::ParseJson(R"([{"op":"test","path":"/a","value":2}])")).error().code ==
        ErrorCode::kConflict);
  Json bomb = Json::array({{{"op", "add"}, {"path", "/a"}, {"value", Json::array({"xxxxxxxxxxxxxxxx"})}}});
  for (int i = 0; i < 40; ++i) bomb.push_back({{"op", "copy"}, {"from", "/a"}, {"path", "/a/-"}});
  CHECK(JsonPatch(Json::object(), bomb).error().code == ErrorCode::kTooLarge);
}

TEST_CASE("a strategic merge patch merges keyed lists item by item") {
  const Json object = Containers(
      Json::array({{{"name", "web"}, {"image", "web:1"}, {"env", Json::array({{{"name", "A"}, {"value", "1"}}})}},
                   {{"name", "side"}, {"image", "side:1"}}}));
  const Json merged =
      Strategic(kDeployment, object,
                Containers(Json::array(
                    {{{"name", "web"}, {"image", "web:2"}, {"env", Json::array({{{"name", "B"}, {"value", "2"}}})}}})));
  CHECK(merged == Containers(Json::array(
                      {{{"name", "web"},
                        {"image", "web:2"},
                        {"env", Json::array({{{"name", "A"}, {"value", "1"}}, {{"name", "B"}, {"value", "2"}}})}},
                       {{"name", "side"}, {"image", "side:1"}}})));
  const Json without =
      Strategic(kDeployment, object, Containers(Json::array({{{"name", "side"}, {"$patch", "delete"}}})));
  CHECK(without["spec"]["template"]["spec"]["containers"].size() == 1);
  const Json replaced = Strategic(
      kDeployment, object, Containers(Json::array({{{"$patch", "replace"}}, {{"name", "only"}, {"image", "only:1"}}})));
  CHECK(replaced == Containers(Json::array({{{"name", "only"}, {"image", "only:1"}}})));
  const Json ports = {{"spec", {{"ports", Json::array({{{"port", 80}, {"targetPort", 8080}}})}}}};
  CHECK(Strategic(kService, ports, {{"spec", {{"ports", Json::array({{{"port", 80}, {"targetPort", 9090}}})}}}}) ==
        Json{{"spec", {{"ports", Json::array({{{"port", 80}, {"targetPort", 9090}}})}}}});
}

TEST_CASE("a strategic merge patch's directives") {
  const Json object = {{"metadata", {{"finalizers", {"a", "b", "c"}}}},
                       {"spec", {{"strategy", {{"type", "RollingUpdate"}, {"rollingUpdate", {{"maxSurge", 1}}}}}}}};
  CHECK(Strategic(
            kDeployment, object,
            {{"metadata", {{"$deleteFromPrimitiveList/finalizers", Json::array({"b"})}}}})["metadata"]["finalizers"] ==
        Json::array({"a", "c"}));
  CHECK(Strategic(kDeployment, object,
                  {{"metadata", {{"finalizers", Json::array({"b", "d"})}}}})["metadata"]["finalizers"] ==
        Json::array({"a", "b", "c", "d"}));
  CHECK(Strategic(
            kDeployment, object,
            {{"spec",
              {{"strategy", {{"$retainKeys", Json::array({"type"})}, {"type", "Recreate"}}}}}})["spec"]["strategy"] ==
        Json{{"type", "Recreate"}});
  CHECK(Strategic(kDeployment, object, {{"spec", {{"$patch", "replace"}, {"paused", true}}}})["spec"] ==
        Json{{"paused", true}});
  CHECK(!Strategic(kDeployment, object, {{"spec", {{"$patch", "delete"}}}}).contains("spec"));
  Json order = Containers(Json::array({{{"name", "b"}, {"image", "b"}}}));
  order["spec"]["template"]["spec"]["$setElementOrder/containers"] = Json::array({{{"name", "b"}}, {{"name", "a"}}});
  CHECK(Strategic(kDeployment, Containers(Json::array({{{"name", "a"}, {"image", "a"}}})), order) ==
        Containers(Json::array({{{"name", "b"}, {"image", "b"}}, {{"name", "a"}, {"image", "a"}}})));
}

TEST_CASE("a strategic merge patch whose item lacks its key is refused") {
  const auto wrong =
      StrategicMergePatch(kDeployment, Containers(Json::array()), Containers(Json::array({{{"image", "x"}}})));
  REQUIRE(!wrong.ok());
  CHECK(wrong.error().message.find("merge key: name") != std::string::npos);
}

}  // namespace sluice::apiserver
