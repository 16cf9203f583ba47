// What git, people and others do in a walk.
#include <algorithm>

#include <fmt/format.h>

#include "compiler/graph/names.h"
#include "tests/fault/kinds.h"

namespace sluice::execute {
namespace {

using cluster::Json;

HappeningKind Commits(const std::string& name, int weight, const std::string& sort) {
  return {name, false, weight, [name, sort](Walk& walk, const Happening&) {
            walk.Reach(name);
            walk.Commit(walk.shape(), walk.FreshTag(sort));
          }};
}

HappeningKind Reverts() {
  return {"revert", false, 3, [](Walk& walk, const Happening& happening) {
            walk.Reach("revert");
            walk.Commit(walk.shape(), walk.tags()[happening.draw % walk.tags().size()]);
          }};
}

HappeningKind Edits() {
  return {"edit", false, 6, [](Walk& walk, const Happening& happening) {
            Dice dice(happening.draw);
            walk.Reach(walk.status().candidate.empty() ? "edit at rest" : "edit in a run");
            walk.Commit(Mutated(walk.shape(), dice), walk.tags().back());
          }};
}

HappeningKind Commits(const std::string& name, const git::MemoryRepository::Files& files) {
  return {name, false, 1, [name, files](Walk& walk, const Happening&) {
            walk.Reach(name);
            walk.scene.repository.Commit(files);
          }};
}

// Beyond all draws: there is one such at a time.
constexpr std::uint64_t kForced = 1'000'000;

HappeningKind Rewrites() {
  return {"force push", false, 1, [](Walk& walk, const Happening&) {
            walk.Reach("force push");
            if (walk.ends.contains(kForced)) return;
            const std::string before = walk.scene.repository.head();
            walk.scene.repository.Rewrite(FilesOf(walk.shape(), walk.FreshTag("good")));
            // Somebody puts it right in the end.
            walk.ends[kForced] = [&walk, before] { walk.scene.repository.Reset(before); };
          }};
}

HappeningKind Says(const std::string& verb, int weight = 1) {
  const std::string name = "command " + verb;
  return {name, false, weight, [name, verb](Walk& walk, const Happening&) {
            if (walk.scene.Object(graph::kApiVersion, graph::kRolloutKind, "checkout").is_null()) return;
            walk.Reach(name);
            walk.scene.Command("checkout", verb);
          }};
}

// One of those that there are; null: there is none.
Json AnyOf(const Walk& walk, const cluster::Kind& kind, std::uint64_t draw) {
  const std::vector<Json> all = walk.scene.embedded->PeekAll(kind, "shop");
  return all.empty() ? Json() : all[draw % all.size()];
}

HappeningKind Deletes(const std::string& name, const cluster::Kind& kind) {
  return {name, false, 1, [name, kind](Walk& walk, const Happening& happening) {
            const Json object = AnyOf(walk, kind, happening.draw);
            if (object.is_null()) return;
            walk.Reach(name);
            walk.Erase(object);
          }};
}

// That of what git wants. One that only a revision of before needs is known to nobody any more.
HappeningKind BundleGone() {
  return {"a bundle is deleted", false, 1, [](Walk& walk, const Happening&) {
            const Json rollout = walk.scene.Object(graph::kApiVersion, graph::kRolloutKind, "checkout");
            const std::string name = rollout.is_null() ? "" : cluster::Text(rollout, {"spec", "bundle"});
            if (name.empty()) return;
            walk.Reach("a bundle is deleted");
            walk.Erase(walk.scene.Object(graph::kApiVersion, graph::kBundleKind, name));
          }};
}

HappeningKind PodsGone() {
  return {"all pods deleted", false, 1, [](Walk& walk, const Happening&) {
            walk.Reach("all pods deleted");
            for (const Json& pod : walk.scene.embedded->PeekAll({"v1", "Pod"}, "shop")) walk.Erase(pod);
          }};
}

// As `kubectl edit` does it.
HappeningKind EditsByHand(const std::string& name, const cluster::Kind& kind, void (*edit)(Json&)) {
  return {name, false, 1, [name, kind, edit](Walk& walk, const Happening& happening) {
            Json object = AnyOf(walk, kind, happening.draw);
            if (object.is_null()) return;
            walk.Reach(name);
            object["metadata"].erase("managedFields");
            object["metadata"].erase("resourceVersion");
            object.erase("status");
            edit(object);
            walk.Edit(object);
          }};
}

}  // namespace

const std::vector<HappeningKind>& Deeds() {
  static const cluster::Kind kDeployments{"apps/v1", "Deployment"};
  static const std::vector<HappeningKind> all = {
      Commits("a good version", 6, "good"),
      Commits("a bad version", 3, "bad"),
      Commits("a version that crashes", 2, "crash"),
      Commits("a version that is never ready", 1, "never"),
      Reverts(),
      Edits(),
      Commits("a plan that doesn't compile", {{"checkout.plan", "rollout {"}}),
      Commits("an empty tree", {{"README.md", "nothing"}}),
      Rewrites(),
      Says("pause"),
      Says("resume"),
      Says("abort"),
      Says("retry"),
      Says("promote"),
      Says("undo"),
      Says("approve", 3),
      Deletes("a Deployment is deleted", kDeployments),
      Deletes("a route is deleted", {"gateway.networking.k8s.io/v1", "HTTPRoute"}),
      Deletes("a Service is deleted", {"v1", "Service"}),
      Deletes("a pod is deleted", {"v1", "Pod"}),
      BundleGone(),
      Deletes("a rollout is deleted", {graph::kApiVersion, graph::kRolloutKind}),
      PodsGone(),
      EditsByHand("a Deployment is scaled", kDeployments, [](Json& object) { object["spec"]["replicas"] = 1; }),
      EditsByHand("a Deployment gets another image", kDeployments,
                  [](Json& object) {
                    object["spec"]["template"]["spec"]["containers"][0]["image"] = "ghcr.io/acme/checkout:never-mine";
                  }),
      EditsByHand("a Deployment loses its mark", kDeployments,
                  [](Json& object) { object["metadata"]["annotations"][graph::kOwnerAnnotation] = "somebody"; }),
  };
  return all;
}

const HappeningKind* FindKind(const std::string& name) {
  for (const auto* kinds : {&Deeds(), &FaultKinds()}) {
    const auto found = std::find_if(kinds->begin(), kinds->end(), [&](const auto& kind) { return kind.name == name; });
    if (found != kinds->end()) return &*found;
  }
  return nullptr;
}

}  // namespace sluice::execute
