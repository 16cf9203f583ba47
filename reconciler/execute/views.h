// The small part of each watched kind that a decision needs.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "compiler/graph/value.h"
#include "reconciler/cluster/cluster.h"
#include "reconciler/cluster/packed_json.h"
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
  std::string accepted;        // the digest that its status names
  cluster::PackedJson status;  // another one with each version
  friend bool operator==(const RolloutView&, const RolloutView&) = default;
};
std::optional<RolloutView> ViewRollout(const cluster::SharedJson& shared);

struct BundleView {
  std::string group;  // the rollout
  std::string digest, revision;
  friend bool operator==(const BundleView&, const BundleView&) = default;
};
std::optional<BundleView> ViewBundle(const cluster::Json& object);

struct CommandView {
  std::string group;  // the rollout
  std::string rollout_uid;
  decide::Command command;
  // Create-only: the same command is the same.
  friend bool operator==(const CommandView& a, const CommandView& b) { return a.command.uid == b.command.uid; }
};
std::optional<CommandView> ViewCommand(const cluster::Json& object);

struct DeploymentView {
  std::string group;  // the service
  std::string revision;
  std::int64_t generation = 0, observed_generation = 0, epoch = 0;
  std::int32_t spec_replicas = 0, pods = 0, ready = 0;
  std::string blocked;  // why it cannot make pods; or ""
  std::string owner;    // uid of the Rollout whose mark it carries; ""
  std::string rollout;  // its label; ""
  std::string adopted;  // graph::kAdoptedAnnotation; ""
  cluster::PackedJson object;
  // All pods that it asks for are there and ready, and no others are.
  bool is_complete() const { return observed_generation == generation && ready == spec_replicas && pods == ready; }
  // The generation counts changes of what else is read of it, its spec.
  friend bool operator==(const DeploymentView& a, const DeploymentView& b) {
    const auto rest = [](const DeploymentView& view) {
      return std::tie(view.group, view.revision, view.generation, view.observed_generation, view.epoch,
                      view.spec_replicas, view.pods, view.ready, view.blocked, view.owner, view.rollout, view.adopted);
    };
    return rest(a) == rest(b);
  }
};
std::optional<DeploymentView> ViewDeployment(const cluster::SharedJson& shared);

// `adopted` is the annotation's revision; `pods` and `ready` are those of all revisions.
struct StatefulSetView : DeploymentView {
  std::int32_t partition = 0, first_ordinal = 0;
  std::string below;                      // graph::kBelowAnnotation; ""
  bool keeps_template = false;            // graph::kAdoptedTemplateAnnotation
  std::string update_hash, current_hash;  // status.updateRevision, .currentRevision
  friend bool operator==(const StatefulSetView& a, const StatefulSetView& b) {
    const auto own = [](const StatefulSetView& view) {
      return std::tie(view.partition, view.first_ordinal, view.below, view.keeps_template, view.update_hash,
                      view.current_hash);
    };
    return static_cast<const DeploymentView&>(a) == static_cast<const DeploymentView&>(b) && own(a) == own(b);
  }
};
std::optional<StatefulSetView> ViewStatefulSet(const cluster::SharedJson& shared);

struct ServiceView {
  std::string group;     // the service
  std::string revision;  // label: NAME-REV; "" for NAME
  std::string selected;  // the revision that its selector names; ""
  graph::Value object;
  friend bool operator==(const ServiceView&, const ServiceView&) = default;
};
std::optional<ServiceView> ViewService(const cluster::Json& object);

struct SliceView {
  std::string group;              // the Service's name
  std::vector<std::string> pods;  // names of ready ones
  friend bool operator==(const SliceView&, const SliceView&) = default;
};
std::optional<SliceView> ViewSlice(const cluster::Json& object);

struct PodView {
  std::string group;  // the service
  std::string revision;
  std::string hash;  // of a StatefulSet's: `controller-revision-hash`
  bool ready = false;
  TimePoint unready_since{};  // or since it was made
  std::string evidence;       // why it is not ready: "CrashLoopBackOff: exit code 1"
  friend bool operator==(const PodView&, const PodView&) = default;
};
std::optional<PodView> ViewPod(const cluster::Json& object);
// Whatever its labels are.
PodView ReadPod(const cluster::Json& object);

// A pod of a Job of a rollout's.
struct JobPodView {
  std::string group;  // the Job
  std::string rollout;
  std::string words;  // "exit code 1: no such table: orders"; why it doesn't start: "ErrImagePull"; ""
  friend bool operator==(const JobPodView&, const JobPodView&) = default;
};
std::optional<JobPodView> ViewJobPod(const cluster::Json& object);

// An object with a rollout's label, of a kind that routers write, a Job, or what comes and goes with a revision.
struct OwnedView {
  std::string group;  // the rollout
  graph::Value object;
  graph::Value aside = {};  // of its status, what changes all the time: wakes nobody, and stands in for it when read
  friend bool operator==(const OwnedView& a, const OwnedView& b) { return a.group == b.group && a.object == b.object; }
};
std::optional<OwnedView> ViewOwned(const cluster::Json& object);

}  // namespace sluice::execute
