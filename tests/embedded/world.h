// An embedded cluster in virtual time, and short ways to write into it and to read it.
#pragma once

#include <memory>
#include <string>

#include "reconciler/embedded/embedded_cluster.h"
#include "reconciler/loop/virtual_loop.h"

namespace sluice::embedded {

using cluster::Json;

// 2027-03-02T10:00:00Z.
inline constexpr TimePoint kStart{Duration(1'803'981'600'000)};

struct TestWorld {
  explicit TestWorld(Options options = {});

  // Requires that it succeeds.
  Json Apply(const Json& object);
  Result<Json> TryApply(const Json& object, bool force = true);
  void Delete(const Json& object);
  void Run(Duration duration) { loop.RunFor(duration); }

  // "replicas 3, updated 2, ready 3" of a Deployment's status, and its conditions.
  std::string Counts(const std::string& deployment) const;
  std::string ConditionOf(const std::string& deployment, const std::string& type) const;
  std::int64_t ReadyEndpoints(const std::string& service) const;
  std::vector<Json> Pods() const { return cluster->PeekAll({"v1", "Pod"}, "shop"); }

  loop::VirtualLoop loop{kStart};
  std::unique_ptr<EmbeddedCluster> cluster;
};

// In namespace shop, its pods labelled app=NAME.
Json DeploymentOf(const std::string& name, const std::string& image, int replicas);
Json ServiceOf(const std::string& name, const Json& selector);
// All of shop.example.com to these Services by weight.
Json RouteOf(const std::string& name, const std::vector<std::pair<std::string, int>>& backends);
ImageBehaviour Image(const std::string& pattern);

}  // namespace sluice::embedded
