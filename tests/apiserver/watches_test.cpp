#include <catch2/catch.hpp>

#include "tests/apiserver/api.h"

namespace sluice::apiserver {
namespace {

using Strings = std::vector<std::string>;
using std::chrono::seconds;

std::string VersionOf(const Json& object) { return object["metadata"]["resourceVersion"]; }

const std::string kMaps = kConfigMaps;

}  // namespace

TEST_CASE("a watch without a version begins with what is there and goes on") {
  Api api;
  api.Ask("POST", kMaps, ConfigMapOf("a"));
  const auto reader = api.Watch(kMaps);
  CHECK(reader->Types() == Strings{"ADDED"});
  api.Ask("POST", kMaps, ConfigMapOf("b"));
  api.Patch(kMaps + "/b", "application/merge-patch+json", {{"data", {{"k", "v"}}}});
  api.Ask("DELETE", kMaps + "/b");
  api.Ask("POST", "/api/v1/namespaces/other/configmaps", ConfigMapOf("c"));
  api.Wait(seconds(1));
  CHECK(reader->Types() == Strings{"ADDED", "ADDED", "MODIFIED", "DELETED"});
  CHECK(reader->pieces[3]["object"]["data"]["k"] == "v");
}

TEST_CASE("a watch from a version misses nothing after it and tells nothing before it") {
  Api api;
  api.Ask("POST", kMaps, ConfigMapOf("a"));
  const std::string from = VersionOf(api.Ask("GET", kMaps).body);
  api.Ask("POST", kMaps, ConfigMapOf("b"));
  api.Ask("DELETE", kMaps + "/a");
  const auto reader = api.Watch(kMaps + "?resourceVersion=" + from);
  REQUIRE(reader->Types() == Strings{"ADDED", "DELETED"});
  CHECK(reader->pieces[0]["object"]["metadata"]["name"] == "b");
  // The deletion has a version of its own: where the next watch goes on.
  CHECK(std::stoull(VersionOf(reader->pieces[1]["object"])) > std::stoull(VersionOf(reader->pieces[0]["object"])));
}

TEST_CASE("an object that leaves or enters a selection is deleted or added for its watcher") {
  Api api;
  const auto reader = api.Watch(kMaps + "?labelSelector=app%3Dweb");
  api.Ask("POST", kMaps, ConfigMapOf("a"));
  const auto label = [&](const Json& value) {
    api.Patch(kMaps + "/a", "application/merge-patch+json", {{"metadata", {{"labels", {{"app", value}}}}}});
  };
  label("web");
  label("db");
  label("web");
  label(nullptr);
  api.Wait(seconds(1));
  CHECK(reader->Types() == Strings{"ADDED", "DELETED", "ADDED", "DELETED"});
}

TEST_CASE("a streaming list ends with its bookmark") {
  Api api;
  api.Ask("POST", kMaps, ConfigMapOf("a"));
  const std::string ask = "?sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
  const auto reader = api.Watch(kMaps + ask);
  REQUIRE(reader->Types() == Strings{"ADDED", "BOOKMARK"});
  const Json& bookmark = reader->pieces[1]["object"];
  CHECK(bookmark["kind"] == "ConfigMap");
  CHECK(bookmark["metadata"]["annotations"]["k8s.io/initial-events-end"] == "true");
  CHECK(VersionOf(bookmark) == VersionOf(api.Ask("GET", kMaps).body));
  CHECK(api.Watch(kMaps + "?sendInitialEvents=true") == nullptr);
  CHECK(api.refused["code"] == 422);
  CHECK(api.Watch(kMaps + "?sendInitialEvents=true&resourceVersionMatch=NotOlderThan") == nullptr);
}

TEST_CASE("bookmarks come while nothing happens, for those who want them, and with the end") {
  Api api;
  const auto wants = api.Watch(kMaps + "?allowWatchBookmarks=true&timeoutSeconds=90");
  const auto does_not = api.Watch(kMaps + "?timeoutSeconds=90");
  api.Ask("POST", "/api/v1/namespaces/other/secrets",
          {{"apiVersion", "v1"}, {"kind", "Secret"}, {"metadata", {{"name", "s"}}}});
  api.Wait(seconds(80));
  CHECK(wants->Types() == Strings{"BOOKMARK"});
  CHECK(!wants->ended);
  api.Wait(seconds(15));
  CHECK(wants->Types() == Strings{"BOOKMARK", "BOOKMARK"});
  CHECK(wants->ended);
  CHECK(does_not->Types().empty());
  CHECK(does_not->ended);
}

TEST_CASE("a version that is forgotten is told as 410, one that is not there yet as 504") {
  Api api;
  for (int i = 0; i < 10'050; ++i) {
    api.Patch(kMaps + "/a?fieldManager=t", "application/apply-patch+yaml", [&] {
      Json object = ConfigMapOf("a", {{"i", std::to_string(i)}});
      return object;
    }());
  }
  const auto old = api.Watch(kMaps + "?resourceVersion=1");
  REQUIRE(old->Types() == Strings{"ERROR"});
  CHECK(old->pieces[0]["object"]["code"] == 410);
  CHECK(old->pieces[0]["object"]["reason"] == "Expired");
  CHECK(old->ended);
  CHECK(api.Watch(kMaps + "?resourceVersion=99999999") == nullptr);
  CHECK(api.refused["code"] == 504);
}

TEST_CASE("a reader that falls behind is cut, and nothing waits for it meanwhile") {
  Api api;
  const auto slow = api.Watch(kMaps);
  const auto quick = api.Watch(kMaps);
  slow->most = 1;
  for (int i = 0; i < 10'100; ++i) {
    api.Patch(kMaps + "/a?fieldManager=t", "application/apply-patch+yaml",
              ConfigMapOf("a", {{"i", std::to_string(i)}}));
  }
  api.Wait(seconds(1));
  CHECK(quick->pieces.size() == 10'100);
  CHECK(slow->pieces.size() == 1);
  CHECK(slow->aborted);
}

TEST_CASE("a reader that reads slowly hears everything in the end") {
  Api api;
  for (int i = 0; i < 20; ++i) api.Ask("POST", kMaps, ConfigMapOf("m" + std::to_string(i)));
  const auto reader = api.Watch(kMaps + "?timeoutSeconds=86400");
  const auto slow = api.Watch(kMaps + "?timeoutSeconds=86400");
  CHECK(reader->pieces.size() == 20);
  slow->pieces.resize(1);
  slow->most = 5;
  std::size_t heard = 20;
  for (int i = 0; i < 10; ++i) api.Ask("DELETE", kMaps + "/m" + std::to_string(i));
  api.Wait(seconds(1));
  for (int i = 0; i < 10; ++i) {
    heard += slow->pieces.size() - (i == 0 ? 1 : 0);
    slow->pieces.clear();
    slow->on_room();
  }
  CHECK(heard == 30);
}

TEST_CASE("a table's watch tells its columns once") {
  Api api;
  const auto reader = api.Watch(kMaps, {{"accept", "application/json;as=Table;v=v1;g=meta.k8s.io"}});
  api.Ask("POST", kMaps, ConfigMapOf("a"));
  api.Ask("POST", kMaps, ConfigMapOf("b"));
  api.Wait(seconds(1));
  REQUIRE(reader->pieces.size() == 2);
  CHECK(reader->pieces[0]["object"]["columnDefinitions"].size() == 3);
  CHECK(reader->pieces[1]["object"]["columnDefinitions"].is_null());
  CHECK(reader->pieces[1]["object"]["rows"][0]["cells"][0] == "b");
}

TEST_CASE("a reader that has gone is forgotten") {
  Api api;
  const auto reader = api.Watch(kMaps);
  reader->gone = true;
  const auto call = reader->on_closed;
  call();
  CHECK(reader->on_closed == nullptr);
  api.Ask("POST", kMaps, ConfigMapOf("a"));
  api.Wait(seconds(1));
  CHECK(reader->pieces.empty());
}

}  // namespace sluice::apiserver
