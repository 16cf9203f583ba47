// The small part of each watched kind that a decision needs.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compiler/graph/value.h"
#include "reconciler/cluster/cluster.h"
#include "reconciler/decide/observed.h"

namespace sluice::execute {

// Present on a Rollout while its executor has something to put in order after a deletion.
inline constexpr const char* kFinalizer = "sluice.dev/executor";

struct RolloutView {
  std::string group;  // ""
  std::string bundle, digest, revision;
  std::string repository, commit, file;
  std::int64_t generation = 0;
  bool has_finalizer = false;
  std::shared_ptr<const cluster::Json> status;  // never null
};
std::optional<RolloutView> ViewRollout(const cluster::Json& object);

struct BundleView {
  std::string group;  // the rollout
  std::string digest, revision;
};
std::optional<BundleView> ViewBundle(const cluster::Json& object);

struct CommandView {
  std::string group;  // the rollout
  std::string rollout_uid;
  decide::Command command;
};
std::optional<CommandView> ViewCommand(const cluster::Json& object);

struct DeploymentView {
  std::string group;  // the service
  std::string revision;
  std::int64_t generation = 0, observed_generation = 0, epoch = 0;
  std::int32_t spec_replicas = 0, pods = 0, ready = 0;
  std::string blocked;  // why it cannot make pods; or ""
  graph::Value object;  // metadata and spec
};
std::optional<DeploymentView> ViewDeployment(const cluster::Json& object);

struct ServiceView {
  std::string group;     // the service
  std::string revision;  // label: NAME-REV; "" for NAME
  std::string selected;  // the revision that its selector names; ""
  graph::Value object;
};
std::optional<ServiceView> ViewService(const cluster::Json& object);

struct SliceView {
  std::string group;              // the Service's name
  std::vector<std::string> pods;  // names of ready ones
};
std::optional<SliceView> ViewSlice(const cluster::Json& object);

struct PodView {
  std::string group;  // the service
  std::string revision;
  bool ready = false;
  std::string evidence;  // why it is not ready: "CrashLoopBackOff: exit code 1"
};
std::optional<PodView> ViewPod(const cluster::Json& object);

// An object of a kind that routers write.
struct RoutedView {
  std::string group;  // the rollout
  graph::Value object;
};
std::optional<RoutedView> ViewRouted(const cluster::Json& object);

}  // namespace sluice::execute
