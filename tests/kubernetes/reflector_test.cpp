// What a watch tells while its server lists, cuts, forgets, refuses and lies; on the whole port.
#include "reconciler/kubernetes/reflector.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "reconciler/kubernetes/kubernetes_cluster.h"
#include "tests/kubernetes/server.h"

namespace sluice::kubernetes {
namespace {

using cluster::EventType;
using cluster::Json;

const cluster::Kind kMap{"v1", "ConfigMap"};
const std::string kStreamed =
    "/api/v1/configmaps?watch=true&allowWatchBookmarks=true&sendInitialEvents=true"
    "&resourceVersionMatch=NotOlderThan";

std::string WatchFrom(const std::string& version) {
  return "/api/v1/configmaps?watch=true&allowWatchBookmarks=true&resourceVersion=" + version;
}

Json Map(const std::string& name, int version, const std::string& uid = "") {
  return {{"apiVersion", "v1"},
          {"kind", "ConfigMap"},
          {"metadata",
           {{"name", name},
            {"namespace", "shop"},
            {"uid", uid.empty() ? "uid-" + name : uid},
            {"resourceVersion", std::to_string(version)}}}};
}
Json Event(const std::string& type, const Json& object) { return {{"type", type}, {"object", object}}; }
Json Bookmark(int version, bool end_of_list) {
  Json object = {
      {"kind", "ConfigMap"}, {"apiVersion", "v1"}, {"metadata", {{"resourceVersion", std::to_string(version)}}}};
  if (end_of_list) object["metadata"]["annotations"]["k8s.io/initial-events-end"] = "true";
  return Event("BOOKMARK", object);
}

struct Scene {
  Scene() {
    Connection connection;
    connection.server = "https://api";
    ClusterOptions options;
    options.trouble = [this](const cluster::Kind&, const std::string& message) { troubles.push_back(message); };
    cluster = std::make_unique<KubernetesCluster>(server, loop, Access(connection, ReadWholeFile), options);
  }

  void Watch() {
    id = cluster->Watch({kMap, "", {}}, [this](const cluster::Event& event) {
      static const char* const kNames[] = {"added", "modified", "deleted", "synced"};
      std::string text = kNames[static_cast<int>(event.type)];
      if (event.object != nullptr) {
        text += " " + cluster::Text(*event.object, {"metadata", "name"}) + " " +
                cluster::Text(*event.object, {"metadata", "uid"});
      }
      told.push_back(text);
    });
    CHECK(told.empty());
    server.AnswerDiscovery();
  }
  // Up to the end of a streamed list with a at 3 and b at 5, at version 7.
  void WatchTwo() {
    Watch();
    REQUIRE(server.Watching() == kStreamed);
    server.Push(Event("ADDED", Map("b", 5)));
    server.Push(Event("ADDED", Map("a", 3)));
    server.Push(Bookmark(7, true));
    REQUIRE(Told() == "added b uid-b, added a uid-a, synced");
  }
  std::string Told() {
    const std::vector<std::string> now = std::exchange(told, {});
    return fmt::format("{}", fmt::join(now, ", "));
  }

  loop::VirtualLoop loop{TimePoint(std::chrono::hours(1000))};
  Server server{loop};
  std::unique_ptr<KubernetesCluster> cluster;
  cluster::WatchId id = cluster::WatchId::kNone;
  std::vector<std::string> told, troubles;
};

TEST_CASE("a streamed list, then what changes; an end is taken up where it was, without a list") {
  Scene scene;
  scene.WatchTwo();
  scene.server.Push(Event("MODIFIED", Map("a", 9)));
  scene.server.Push(Event("DELETED", Map("b", 11)));
  CHECK(scene.Told() == "modified a uid-a, deleted b uid-b");
  scene.server.Push(Bookmark(20, false));
  scene.loop.RunFor(std::chrono::minutes(6));
  scene.server.End();
  CHECK(scene.server.Watching() == WatchFrom("20"));
  CHECK(scene.Told().empty());
  CHECK(scene.troubles.empty());
}

TEST_CASE("a stream that breaks is taken up after a pause at the last version, not at the list's objects'") {
  Scene scene;
  scene.WatchTwo();
  scene.server.End(Error{ErrorCode::kUnavailable, "reset"});
  CHECK(scene.server.open() == 0);
  scene.loop.RunFor(Duration(800));
  CHECK(scene.server.Watching() == WatchFrom("7"));
}

TEST_CASE("where the server has forgotten the version, everything is listed anew, and what vanished is told") {
  const bool as_event = GENERATE(true, false);
  Scene scene;
  scene.WatchTwo();
  if (as_event) {
    scene.server.Push(Event("ERROR", StatusJson(410, "Expired")));
  } else {
    scene.server.End(http::HttpResponse{410, StatusJson(410, "Expired").dump()});
  }
  REQUIRE(scene.server.Watching() == kStreamed);
  scene.server.Push(Event("ADDED", Map("a", 3)));
  scene.server.Push(Event("ADDED", Map("c", 12, "other")));
  CHECK(scene.Told() == "added c other");
  scene.server.Push(Bookmark(13, true));
  CHECK(scene.Told() == "deleted b uid-b, synced");
}

TEST_CASE("a server that forgets every version is asked less and less often") {
  Scene scene;
  scene.WatchTwo();
  for (int i = 0; i < 200 && scene.server.opened < 1'000; ++i) {
    if (scene.server.open() > 0) scene.server.Push(Event("ERROR", StatusJson(410, "Expired")));
    scene.loop.RunFor(Duration(1'000));
  }
  CHECK(scene.server.opened < 25);
}

TEST_CASE("an object under the name of another is another object") {
  Scene scene;
  scene.WatchTwo();
  scene.server.Push(Event("MODIFIED", Map("a", 9, "new")));
  CHECK(scene.Told() == "deleted a uid-a, added a new");
}

TEST_CASE("a server without streamed lists gives pages, whose items are told with their kind") {
  const int refusal = GENERATE(400, 415, 422);
  Scene scene;
  scene.Watch();
  scene.server.End(http::HttpResponse{refusal, StatusJson(refusal, "Invalid").dump()});
  REQUIRE(scene.server.Next() == "/api/v1/configmaps?limit=500");
  Json first = Map("a", 3);
  first.erase("kind");
  first.erase("apiVersion");
  scene.server.Answer(200, {{"items", Json::array({first})}, {"metadata", {{"continue", "x/y"}}}});
  CHECK(scene.Told() == "added a uid-a");
  REQUIRE(scene.server.Next() == "/api/v1/configmaps?limit=500&continue=x%2Fy");
  scene.server.Answer(200, {{"items", Json::array({Map("b", 5)})}, {"metadata", {{"resourceVersion", "8"}}}});
  CHECK(scene.Told() == "added b uid-b, synced");
  CHECK(scene.server.Watching() == WatchFrom("8"));
  // Pages that expire begin anew; nothing is taken for vanished before all were seen.
  scene.server.Push(Event("ERROR", StatusJson(410, "Expired")));
  REQUIRE(scene.server.Next() == "/api/v1/configmaps?limit=500");
  scene.server.Answer(200, {{"items", Json::array()}, {"metadata", {{"continue", "z"}}}});
  REQUIRE(scene.server.Next() == "/api/v1/configmaps?limit=500&continue=z");
  scene.server.Answer(410, StatusJson(410, "Expired"));
  CHECK(scene.Told().empty());
  scene.loop.RunFor(Duration(2'000));
  REQUIRE(scene.server.Next() == "/api/v1/configmaps?limit=500");
  scene.server.Answer(200, {{"items", Json::array({Map("b", 5)})}, {"metadata", {{"resourceVersion", "9"}}}});
  CHECK(scene.Told() == "deleted a uid-a, synced");
}

TEST_CASE("a streamed list that is cut off ends nothing and makes nothing vanish") {
  Scene scene;
  scene.WatchTwo();
  scene.server.Push(Event("ERROR", StatusJson(410, "Expired")));
  scene.server.Push(Event("ADDED", Map("a", 3)));
  scene.server.End();
  CHECK(scene.Told().empty());
  scene.loop.RunFor(Duration(2'000));
  CHECK(scene.server.Watching() == kStreamed);
}

TEST_CASE("a list that falls silent is asked for again, at last in pages; a watch may be silent") {
  Scene scene;
  scene.Watch();
  REQUIRE(scene.server.Watching() == kStreamed);
  // As long as something is heard, it may take its time.
  scene.loop.RunFor(Duration(29'000));
  scene.server.Push(Event("ADDED", Map("a", 3)));
  scene.loop.RunFor(Duration(30'500));
  CHECK(scene.server.opened == 1);
  CHECK(scene.troubles.empty());
  scene.loop.RunFor(Duration(2'000));
  REQUIRE(scene.troubles == std::vector<std::string>{"nothing was heard of the list for 30s"});
  CHECK(scene.server.opened == 2);
  CHECK(scene.server.Watching() == kStreamed);
  scene.loop.RunFor(Duration(65'000));
  CHECK(scene.server.opened == 3);
  CHECK(scene.server.open() == 0);
  REQUIRE(scene.server.Next() == "/api/v1/configmaps?limit=500");
  scene.server.Answer(200, {{"items", Json::array({Map("a", 3)})}, {"metadata", {{"resourceVersion", "9"}}}});
  CHECK(scene.Told() == "added a uid-a, synced");
  CHECK(scene.troubles.back().empty());
  scene.loop.RunFor(Duration(120'000));
  CHECK(scene.server.opened == 4);
  CHECK(scene.server.Watching() == WatchFrom("9"));
}

TEST_CASE("what is none of a watch's events ends the stream, and all is looked at again") {
  const std::string odd = GENERATE(R"({"type":"NEWS","object":{"metadata":{"resourceVersion":"9"}}})", "<html>",
                                   R"({"type":"ADDED"})", R"({"type":5,"object":[]})", "{]}");
  Scene scene;
  scene.WatchTwo();
  scene.server.PushText(odd);
  CHECK(scene.server.open() == 0);
  CHECK(scene.Told().empty());
  scene.loop.RunFor(Duration(2'000));
  const std::string again = scene.server.Watching();
  CHECK((again == kStreamed || again == kStreamed + "&resourceVersion=7"));
  REQUIRE(scene.troubles.size() == 1);
  scene.server.Push(Bookmark(9, true));
  CHECK(scene.Told() == "deleted a uid-a, deleted b uid-b, synced");
  CHECK(scene.troubles.back().empty());
}

TEST_CASE("who may not watch hears why, is asked less and less often, and goes on when it is allowed") {
  Scene scene;
  scene.Watch();
  for (int i = 0; i < 100; ++i) {
    if (scene.server.open() > 0) scene.server.End(http::HttpResponse{403, StatusJson(403, "Forbidden").dump()});
    scene.loop.RunFor(Duration(5'000));
  }
  CHECK(scene.server.opened < 40);
  CHECK(scene.troubles == std::vector<std::string>{"Forbidden"});
  CHECK(scene.told.empty());
  while (scene.server.open() == 0) scene.loop.RunFor(Duration(1'000));
  scene.server.Push(Bookmark(9, true));
  CHECK(scene.Told() == "synced");
  CHECK(scene.troubles.back().empty());
}

TEST_CASE("a watch that could not be had is no trouble any more once it began; a list only once it is whole") {
  Scene scene;
  scene.WatchTwo();
  const bool forgotten = GENERATE(false, true);
  scene.server.End(Error{ErrorCode::kUnavailable, "reset"});
  scene.loop.RunFor(Duration(2'000));
  REQUIRE(scene.server.open() == 1);
  scene.server.End(Error{ErrorCode::kUnavailable, "refused"});
  REQUIRE(scene.troubles == std::vector<std::string>{"refused"});
  CHECK(scene.cluster->Unwatched() == std::map<cluster::Kind, std::string>{{kMap, "refused"}});
  while (scene.server.open() == 0) scene.loop.RunFor(Duration(1'000));
  if (forgotten) {
    scene.server.End(http::HttpResponse{410, StatusJson(410, "Expired").dump()});
    while (scene.server.open() == 0) scene.loop.RunFor(Duration(1'000));
    scene.server.PushText("");
    CHECK(!scene.cluster->Unwatched().empty());
    scene.server.Push(Bookmark(13, true));
  } else {
    scene.server.PushText("");
  }
  CHECK(scene.cluster->Unwatched().empty());
  CHECK(scene.troubles.back().empty());
}

TEST_CASE("a kind that the server has not is an empty one, until it is defined") {
  Scene scene;
  scene.cluster->Watch({{"gateway.networking.k8s.io/v1", "HTTPRoute"}, "", {}}, [&](const cluster::Event& event) {
    scene.told.push_back(event.type == EventType::kSynced ? "synced" : "object");
  });
  REQUIRE(scene.server.Next() == "/apis/gateway.networking.k8s.io/v1");
  const Json others = {{"groupVersion", "apps/v1"}};
  SECTION("absent") {
    // As the server says it of a group that it has not: in plain words.
    scene.server.Answer(404, "404 page not found");
    CHECK(scene.Told().empty());
    REQUIRE(scene.server.Next() == "/apis");
    scene.server.Answer(200,
                        {{"kind", "APIGroupList"}, {"groups", Json::array({{{"versions", Json::array({others})}}})}});
    CHECK(scene.Told() == "synced");
    scene.loop.RunFor(Duration(30'000));
    REQUIRE(scene.server.Next() == "/apis/gateway.networking.k8s.io/v1");
    scene.server.Answer(
        200, {{"resources", Json::array({{{"name", "httproutes"}, {"kind", "HTTPRoute"}, {"namespaced", true}}})}});
    CHECK(scene.server.Watching().starts_with("/apis/gateway.networking.k8s.io/v1/httproutes?watch=true"));
  }
  SECTION("nothing is there, says a proxy before the server") {
    scene.server.Answer(404, "default backend");
    REQUIRE(scene.server.Next() == "/apis");
    scene.server.Answer(404, "default backend");
    CHECK(scene.Told().empty());
    CHECK(scene.troubles.size() == 1);
  }
  SECTION("the list of groups has it") {
    scene.server.Answer(404, StatusJson(404, "NotFound"));
    REQUIRE(scene.server.Next() == "/apis");
    const Json version = {{"groupVersion", "gateway.networking.k8s.io/v1"}};
    scene.server.Answer(200,
                        {{"kind", "APIGroupList"}, {"groups", Json::array({{{"versions", Json::array({version})}}})}});
    CHECK(scene.Told().empty());
    CHECK(scene.troubles.size() == 1);
  }
  SECTION("not known") {
    scene.server.Answer(503, StatusJson(503, "ServiceUnavailable"));
    CHECK(scene.Told().empty());
    CHECK(scene.troubles.size() == 1);
  }
}

TEST_CASE("a watch that is cancelled tells nothing any more, even from within") {
  Scene scene;
  scene.Watch();
  SECTION("outside") {
    scene.cluster->Cancel(scene.id);
    CHECK(scene.server.open() == 0);
    scene.loop.RunFor(std::chrono::hours(1));
    CHECK(scene.server.opened == 1);
    CHECK(scene.told.empty());
  }
  SECTION("from its handler") {
    int heard = 0;
    cluster::WatchId id = cluster::WatchId::kNone;
    id = scene.cluster->Watch({kMap, "", {}}, [&](const cluster::Event&) {
      ++heard;
      scene.cluster->Cancel(id);
    });
    scene.loop.RunFor(Duration(0));
    scene.server.PushText(Event("ADDED", Map("a", 3)).dump() + Event("ADDED", Map("b", 3)).dump());
    CHECK(heard == 1);
    CHECK(scene.server.open() == 1);
  }
  SECTION("before it began") {
    const cluster::WatchId early = scene.cluster->Watch({kMap, "", {}}, [&](const cluster::Event&) { FAIL(); });
    scene.cluster->Cancel(early);
    scene.loop.RunFor(Duration(0));
    CHECK(scene.server.opened == 1);
  }
  SECTION("with the whole cluster") {
    scene.cluster.reset();
    CHECK(scene.server.open() == 0);
    scene.loop.RunFor(std::chrono::hours(1));
  }
}

TEST_CASE("a list of many pages is whole or an error") {
  Scene scene;
  std::vector<Result<cluster::SharedJson>> answers;
  scene.cluster->Send(cluster::ListObjects{kMap, "shop", {}},
                      [&](const Result<cluster::SharedJson>& answer) { answers.push_back(answer); });
  CHECK(answers.empty());
  scene.server.AnswerDiscovery();
  REQUIRE(scene.server.Next() == "/api/v1/namespaces/shop/configmaps?limit=500");
  scene.server.Answer(200, {{"items", Json::array({Map("a", 3)})}, {"metadata", {{"continue", "x"}}}});
  REQUIRE(scene.server.Next() == "/api/v1/namespaces/shop/configmaps?limit=500&continue=x");
  SECTION("whole") {
    scene.server.Answer(200, {{"items", Json::array({Map("b", 3)})}, {"metadata", {{"resourceVersion", "5"}}}});
    REQUIRE(answers.size() == 1);
    CHECK(cluster::List(**answers[0], {"items"}).size() == 2);
  }
  SECTION("expired once: from the beginning") {
    scene.server.Answer(410, StatusJson(410, "Expired"));
    CHECK(answers.empty());
    REQUIRE(scene.server.Next() == "/api/v1/namespaces/shop/configmaps?limit=500");
    scene.server.Answer(200, {{"items", Json::array({Map("c", 3)})}, {"metadata", {{"resourceVersion", "5"}}}});
    REQUIRE(answers.size() == 1);
    CHECK(cluster::List(**answers[0], {"items"}).size() == 1);
  }
  SECTION("failed") {
    scene.server.Answer(500, StatusJson(500, "InternalError"));
    REQUIRE(answers.size() == 1);
    CHECK(answers[0].error().code == ErrorCode::kUnavailable);
  }
}

TEST_CASE("a kind that is not there: nothing to read, and not the time to write") {
  Scene scene;
  std::vector<ErrorCode> codes;
  const auto keep = [&](const Result<cluster::SharedJson>& answer) { codes.push_back(answer.error().code); };
  const Json object = {{"apiVersion", "v1"}, {"kind", "Gadget"}, {"metadata", {{"name", "a"}, {"namespace", "shop"}}}};
  scene.cluster->Send(cluster::Get{cluster::KeyOf(object)}, keep);
  scene.cluster->Send(cluster::Apply{object, "m", false}, keep);
  scene.server.AnswerDiscovery();
  CHECK(codes == std::vector{ErrorCode::kNotFound, ErrorCode::kUnavailable});
}

}  // namespace
}  // namespace sluice::kubernetes
