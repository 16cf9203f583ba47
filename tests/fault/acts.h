// What somebody does to a reconciler, and how it shows that it is over: for stories.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

#include "compiler/graph/names.h"
#include "tests/fault/play.h"

namespace sluice::execute {

using Deed = std::function<void(Scene&)>;
using Moment = std::function<bool(const Scene&)>;

inline Deed Commits(git::MemoryRepository::Files files) {
  return [files = std::move(files)](Scene& scene) { scene.repository.Commit(files); };
}
inline Deed Commits(const std::string& plan) { return Commits(git::MemoryRepository::Files{{"checkout.plan", plan}}); }
inline Deed Commands(const std::string& verb, cluster::Json more = cluster::Json::object()) {
  return [verb, more = std::move(more)](Scene& scene) { scene.Command("checkout", verb, more); };
}

inline bool Installed(const Scene& scene) { return scene.StatusOf("checkout").phase == decide::Phase::kSettled; }
inline bool IsHeld(const Scene& scene) { return scene.StatusOf("checkout").hold == decide::Hold::kHeld; }
inline bool Gone(const Scene& scene) {
  return scene.Object(graph::kApiVersion, graph::kRolloutKind, "checkout").is_null();
}
// A candidate is in that node of the rollout.
inline Moment In(const std::string& node) {
  return [node](const Scene& scene) {
    const decide::Status status = scene.StatusOf("checkout");
    const auto found = status.nodes.find("checkout/" + node);
    return !status.candidate.empty() && found != status.nodes.end() &&
           found->second.state == decide::NodeState::kActive;
  };
}
// So many runs have come to their end.
inline Moment SettledAfter(std::size_t runs) {
  return [runs](const Scene& scene) {
    const decide::Status status = scene.StatusOf("checkout");
    return status.phase == decide::Phase::kSettled && status.history.size() >= runs;
  };
}
// And nothing is left of what ran before: a version that comes back then is made anew.
inline Moment AloneAfter(std::size_t runs) {
  return [runs, settled = SettledAfter(runs)](const Scene& scene) {
    const decide::Status status = scene.StatusOf("checkout");
    return settled(scene) &&
           std::all_of(status.promoted.begin(), status.promoted.end(), [&](const decide::Revision& revision) {
             const std::string name = "checkout-" + revision;
             return revision == status.stable || (scene.Object("apps/v1", "Deployment", name).is_null() &&
                                                  scene.Object("v1", "Service", name).is_null());
           });
  };
}

}  // namespace sluice::execute
