// Objects as no schema has them: each is refused or does no harm, and the cluster goes on.
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/embedded/world.h"

namespace sluice::embedded {
namespace {

const std::vector<Json>& OddValues() {
  static const std::vector<Json> kValues = {nullptr,
                                            5,
                                            -1,
                                            1.5,
                                            true,
                                            "x",
                                            "",
                                            Json::array(),
                                            Json::object(),
                                            {{"a", 1}},
                                            Json::array({nullptr}),
                                            Json::array({Json::object()}),
                                            Json::array({"a"}),
                                            {{"name", 5}}};
  return kValues;
}

// The pointers of everything within `json`.
void Pointers(const Json& json, const std::string& at, std::vector<std::string>& out) {
  if (!at.empty()) out.push_back(at);
  if (json.is_object()) {
    for (const auto& [name, member] : json.items()) {
      std::string escaped;
      for (char c : name) escaped += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
      Pointers(member, at + "/" + escaped, out);
    }
  }
  for (std::size_t i = 0; json.is_array() && i < json.size(); ++i) Pointers(json[i], fmt::format("{}/{}", at, i), out);
}

TEST_CASE("a field of another type than its schema's is refused or does no harm") {
  using namespace std::chrono_literals;
  constexpr std::size_t kEvery = 7;  // of all fields and values, coprime to the number of values
  TestWorld world;
  world.Apply(DeploymentOf("web", "shop/web:1", 2));
  Json set = DeploymentOf("db", "shop/db:1", 1);
  set["kind"] = "StatefulSet";
  world.Apply(set);
  world.Apply(ServiceOf("web", {{"app", "web"}}));
  world.Apply(RouteOf("web", {{"web", 1}}));
  world.Apply({{"apiVersion", "v1"},
               {"kind", "ConfigMap"},
               {"metadata", {{"name", "note"}, {"namespace", "shop"}}},
               {"data", {{"a", "b"}}}});
  world.Run(20s);
  REQUIRE(world.ReadyEndpoints("web") == 2);

  int refused = 0;
  int stored = 0;
  const auto count = [&](const Result<cluster::SharedJson>& answer) { ++(answer.ok() ? stored : refused); };
  std::size_t tried = 0;
  for (const Json& object : world.cluster->PeekAll(Kind{}, "shop")) {
    std::vector<std::string> pointers;
    Pointers(object, "", pointers);
    for (const std::string& pointer : pointers) {
      for (const Json& value : OddValues()) {
        if (++tried % kEvery != 0) continue;
        Json odd = object;
        odd[Json::json_pointer(pointer)] = value;
        world.cluster->Send(cluster::ReplaceStatus{odd}, count);
        Json fresh = odd;
        if (fresh["metadata"].is_object()) {
          for (const char* name : {"uid", "resourceVersion", "managedFields"}) {
            fresh["metadata"].erase(name);
            odd["metadata"].erase(name);
          }
          fresh["metadata"]["name"] = fmt::format("odd-{}", tried);
        }
        world.cluster->Send(cluster::Apply{odd, "odd", true}, count);
        world.cluster->Send(cluster::Create{fresh, "odd"}, count);
        world.Run(300ms);
        // Pods by the hundred would only take time.
        const Json made = world.cluster->Peek(cluster::KeyOf(fresh));
        if (!made.is_null()) world.Delete(made);
      }
    }
  }
  CHECK(refused > 1'000);
  CHECK(stored > 100);
  // What came through may have changed the Deployment; the cluster still does its work.
  world.Apply(DeploymentOf("after", "shop/web:1", 2));
  world.Apply(ServiceOf("after", {{"app", "after"}}));
  world.Run(60s);
  CHECK(world.ReadyEndpoints("after") == 2);
}

}  // namespace
}  // namespace sluice::embedded
