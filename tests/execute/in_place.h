// A shop whose pods are those of a StatefulSet.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/execute/callers.h"
#include "tests/execute/scene.h"

namespace sluice::execute {

inline constexpr const char* kHalfThenFull = R"(  step half { weight 50%  hold 15s while healthy }
  step full { weight 100% }
)";

inline std::string InPlacePlan(const std::string& steps) {
  return fmt::format(R"(
import std.gates

service checkout from "k8s/*.yaml"
gate healthy = gates.error-rate(max: 1%, over: 10s, every: 2s)
rollout checkout {{
  deploy   checkout
  deadline 1h
  drain    2s
{}}}
)",
                     steps);
}

// Images whose tag is `never` run and are never ready.
inline embedded::World InPlaceWorld() {
  embedded::World world = Callers();
  embedded::ImageBehaviour never;
  never.pattern = "*:never";
  never.ready = false;
  world.images.insert(world.images.begin(), never);
  return world;
}

class InPlaceShop {
 public:
  explicit InPlaceShop(std::string management = "OrderedReady")
      : scene(InPlaceWorld()), management_(std::move(management)) {}

  // As a person does it who has only kubectl.
  void Apply(const std::string& tag) {
    Put(scene, LegacyInPlace(tag, management_));
    scene.RunFor(Duration(60'000));
    REQUIRE(cluster::Integer(Set(), {"status", "readyReplicas"}) == 4);
  }
  void Commit(const std::string& tag, const std::string& steps = kHalfThenFull) {
    CommitObjects(LegacyInPlace(tag, management_), steps);
  }
  void CommitObjects(const std::vector<cluster::Json>& objects, const std::string& steps = kHalfThenFull) {
    scene.repository.Commit({{"checkout.plan", InPlacePlan(steps)}, {"k8s/checkout.yaml", ToYaml(objects)}});
  }
  // As somebody does it with kubectl.
  void Edit(cluster::Json part) {
    part["metadata"]["namespace"] = "shop";
    scene.embedded->Send(cluster::Apply{std::move(part), "somebody", true},
                         [](const Result<cluster::SharedJson>& answer) { SLUICE_CHECK(answer.ok()); });
    scene.RunFor(Duration(100));
  }
  void EditSet(const cluster::Json& spec) {
    Edit({{"apiVersion", "apps/v1"}, {"kind", "StatefulSet"}, {"metadata", {{"name", "web"}}}, {"spec", spec}});
  }
  void Delete(const std::string& api_version, const std::string& kind, const std::string& name) {
    const cluster::Json object = scene.Object(api_version, kind, name);
    scene.embedded->Send(cluster::Delete{cluster::KeyOf(object), cluster::Text(object, {"metadata", "uid"}), ""},
                         [](const Result<cluster::SharedJson>& answer) { SLUICE_CHECK(answer.ok()); });
  }
  // The image's tag and the uid of each pod, by place.
  std::map<std::string, std::pair<std::string, std::string>> Pods() const {
    std::map<std::string, std::pair<std::string, std::string>> pods;
    for (const auto& pod : scene.embedded->PeekAll({"v1", "Pod"}, "shop")) {
      const std::string image = cluster::Text(cluster::List(pod, {"spec", "containers"}).at(0), {"image"});
      pods[cluster::Text(pod, {"metadata", "name"})] = {image.substr(image.rfind(':') + 1),
                                                        cluster::Text(pod, {"metadata", "uid"})};
    }
    return pods;
  }
  // "1 1 2 2"
  std::string Tags() const {
    std::string tags;
    for (const auto& [name, pod] : Pods()) tags += (tags.empty() ? "" : " ") + pod.first;
    return tags;
  }
  decide::Status Status() const { return scene.StatusOf("checkout"); }
  cluster::Json Set() const { return scene.Object("apps/v1", "StatefulSet", "web"); }
  std::int64_t Partition() const {
    return cluster::Integer(Set(), {"spec", "updateStrategy", "rollingUpdate", "partition"});
  }
  bool RunUntilAtRest(Duration at_most = Duration(1'800'000)) {
    const bool rests = scene.RunUntilAtRest(at_most);
    UNSCOPED_INFO(scene.reconciler->DescribeSource().dump(2));
    return rests;
  }
  bool RunUntilNode(const std::string& node) {
    const auto there = [&] {
      const decide::Status status = Status();
      return !status.candidate.empty() && status.nodes.contains("checkout/" + node);
    };
    scene.RunFor(Duration(2'000));
    return scene.RunUntil(there, Duration(600'000));
  }
  // Runs, is in git, and is taken over.
  void TakeOver() {
    Apply("1");
    Commit("1");
    scene.Start();
    REQUIRE(RunUntilAtRest());
    REQUIRE(Status().history.back()->outcome == "adopted");
  }

  Scene scene;

 private:
  std::string management_;
};

}  // namespace sluice::execute
