#include "tests/embedded/world.h"

#include <optional>

#include <fmt/format.h>

#include "reconciler/embedded/fields.h"

namespace sluice::embedded {

TestWorld::TestWorld(Options options) {
  auto opened = EmbeddedCluster::Open(loop, std::move(options));
  cluster = std::move(opened).value();
}

Result<Json> TestWorld::TryApply(const Json& object, bool force) {
  auto answer = std::make_shared<std::optional<Result<Json>>>();
  cluster->Send(cluster::Apply{object, "test", force}, [answer](const Result<cluster::SharedJson>& result) {
    *answer = result ? Result<Json>(**result) : result.error();
  });
  loop.RunUntil([answer] { return answer->has_value(); }, loop.Now() + Duration(1000));
  return **answer;
}

Json TestWorld::Apply(const Json& object) { return TryApply(object).value(); }

void TestWorld::Delete(const Json& object) {
  ObjectKey key = cluster::KeyOf(object);
  bool done = false;
  cluster->Send(cluster::Delete{key, UidOf(cluster->Peek(key)), ""},
                [&](const Result<cluster::SharedJson>&) { done = true; });
  loop.RunUntil([&] { return done; }, loop.Now() + Duration(1000));
}

std::string TestWorld::Counts(const std::string& deployment) const {
  Json live = cluster->Peek({{"apps/v1", "Deployment"}, "shop", deployment});
  return fmt::format("replicas {}, updated {}, ready {}", Integer(live, {"status", "replicas"}),
                     Integer(live, {"status", "updatedReplicas"}), Integer(live, {"status", "readyReplicas"}));
}

std::string TestWorld::ConditionOf(const std::string& deployment, const std::string& type) const {
  Json live = cluster->Peek({{"apps/v1", "Deployment"}, "shop", deployment});
  const Json* condition = Condition(live, type);
  return condition == nullptr ? "none" : Text(*condition, {"status"}) + " " + Text(*condition, {"reason"});
}

std::int64_t TestWorld::ReadyEndpoints(const std::string& service) const {
  std::int64_t ready = 0;
  for (const Json& slice : cluster->PeekAll({"discovery.k8s.io/v1", "EndpointSlice"}, "shop")) {
    if (Text(slice, {"metadata", "labels", "kubernetes.io/service-name"}) != service) continue;
    for (const Json& endpoint : List(slice, {"endpoints"})) ready += Flag(endpoint, {"conditions", "ready"}) ? 1 : 0;
  }
  return ready;
}

Json DeploymentOf(const std::string& name, const std::string& image, int replicas) {
  Json container = {{"name", "main"}, {"image", image}};
  Json labels = {{"app", name}};
  return {{"apiVersion", "apps/v1"},
          {"kind", "Deployment"},
          {"metadata", {{"name", name}, {"namespace", "shop"}}},
          {"spec",
           {{"replicas", replicas},
            {"selector", {{"matchLabels", labels}}},
            {"template", {{"metadata", {{"labels", labels}}}, {"spec", {{"containers", Json::array({container})}}}}}}}};
}

Json ServiceOf(const std::string& name, const Json& selector) {
  return {{"apiVersion", "v1"},
          {"kind", "Service"},
          {"metadata", {{"name", name}, {"namespace", "shop"}}},
          {"spec", {{"selector", selector}, {"ports", Json::array({{{"name", "http"}, {"port", 80}}})}}}};
}

Json RouteOf(const std::string& name, const std::vector<std::pair<std::string, int>>& backends) {
  Json references = Json::array();
  for (const auto& [service, weight] : backends) {
    references.push_back({{"name", service}, {"port", 80}, {"weight", weight}});
  }
  return {{"apiVersion", "gateway.networking.k8s.io/v1"},
          {"kind", "HTTPRoute"},
          {"metadata", {{"name", name}, {"namespace", "shop"}}},
          {"spec",
           {{"parentRefs", Json::array({{{"name", "public"}, {"namespace", "infra"}}})},
            {"hostnames", Json::array({"shop.example.com"})},
            {"rules", Json::array({{{"backendRefs", references}}})}}}};
}

ImageBehaviour Image(const std::string& pattern) {
  ImageBehaviour image;
  image.pattern = pattern;
  return image;
}

}  // namespace sluice::embedded
