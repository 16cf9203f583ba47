#include "tests/cluster/conformance.h"

#include <algorithm>
#include <optional>

namespace sluice::cluster {

Result<Json> Ask(Fixture& fixture, Request request) {
  auto answer = std::make_shared<std::optional<Result<Json>>>();
  fixture.cluster().Send(std::move(request), [answer](const Result<SharedJson>& result) {
    answer->emplace(result ? Result<Json>(**result) : result.error());
  });
  if (answer->has_value()) return Error{ErrorCode::kInvalid, "answered from within the call"};
  if (!fixture.Until([answer] { return answer->has_value(); })) return Error{ErrorCode::kInvalid, "no answer"};
  return **answer;
}

bool Told::synced() const {
  return std::any_of(events.begin(), events.end(), [](const Heard& event) { return event.type == EventType::kSynced; });
}

std::shared_ptr<Told> Listen(Fixture& fixture, ListObjects what) {
  auto told = std::make_shared<Told>();
  told->id = fixture.cluster().Watch(std::move(what), [told](const Event& event) {
    told->events.push_back({event.type, event.object == nullptr ? Json() : *event.object});
  });
  return told;
}

Json ConfigMap(Fixture& fixture, const std::string& name, Json data) {
  return {{"apiVersion", "v1"},
          {"kind", "ConfigMap"},
          {"metadata", {{"name", name}, {"namespace", fixture.namespace_()}}},
          {"data", std::move(data)}};
}

Json DeploymentOf(Fixture& fixture, const std::string& name, const std::string& image, int replicas) {
  Json container = {{"name", "main"}, {"image", image}};
  return {{"apiVersion", "apps/v1"},
          {"kind", "Deployment"},
          {"metadata", {{"name", name}, {"namespace", fixture.namespace_()}}},
          {"spec",
           {{"replicas", replicas},
            {"selector", {{"matchLabels", {{"app", name}}}}},
            {"template",
             {{"metadata", {{"labels", {{"app", name}}}}}, {"spec", {{"containers", Json::array({container})}}}}}}}};
}

Json ServiceOf(Fixture& fixture, const std::string& name, Json selector) {
  return {{"apiVersion", "v1"},
          {"kind", "Service"},
          {"metadata", {{"name", name}, {"namespace", fixture.namespace_()}}},
          {"spec", {{"selector", std::move(selector)}, {"ports", Json::array({{{"name", "http"}, {"port", 80}}})}}}};
}

}  // namespace sluice::cluster
