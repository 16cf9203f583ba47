#include "reconciler/verify/promises.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace sluice::verify {
namespace {

// The nodes that come before the promotion on some path, with it.
std::set<graph::NodeId> BeforePromotion(const graph::Graph& graph) {
  std::set<graph::NodeId> before;
  for (graph::NodeId id = static_cast<graph::NodeId>(graph.nodes.size()); id-- > 0;) {
    if (!std::holds_alternative<graph::PromoteNode>(graph.nodes[id].does) && !before.contains(id)) continue;
    before.insert(graph.nodes[id].after.begin(), graph.nodes[id].after.end());
  }
  return before;
}

bool HasGate(const graph::Node& node) {
  const auto* hold = std::get_if<graph::HoldNode>(&node.does);
  return std::holds_alternative<graph::CheckNode>(node.does) || (hold != nullptr && hold->guard);
}

// Whether some text in it names `name`.
bool Names(const graph::Value& value, const std::string& name) {
  if (const std::string* text = value.as_string()) return text->find(name) != std::string::npos;
  if (const graph::List* list = value.as_list()) {
    return std::any_of(list->begin(), list->end(), [&](const graph::Value& one) { return Names(one, name); });
  }
  if (const graph::Map* map = value.as_map()) {
    return std::any_of(map->entries().begin(), map->entries().end(),
                       [&](const auto& entry) { return Names(entry.second, name); });
  }
  return false;
}

std::string Role(const Subject& subject, const Revision& revision) {
  for (std::size_t i = 0; i < kFirstEdit; ++i) {
    if (subject.graphs[i]->workload.revision == revision) return std::string(RoleWords(i));
  }
  return revision;
}

}  // namespace

void CheckPromotion(const State& before, const decide::Decision& decision, std::vector<std::string>& broken) {
  const decide::Status& after = decision.status;
  const bool promotes = !after.stable.empty() && after.stable != before.status.stable &&
                        after.run == before.status.run && after.stable == before.status.candidate;
  if (!promotes || after.history.empty()) return;
  const graph::Graph& graph = before.world.plan();
  for (const graph::NodeId id : BeforePromotion(graph)) {
    const graph::Node& node = graph.nodes[id];
    if (!HasGate(node)) continue;
    for (const auto& result : after.history.back()->nodes) {
      if (result.path != node.path || result.skipped || result.outcome == graph::Outcome::kPass) continue;
      broken.push_back(fmt::format("the candidate is promoted without a pass of {}", node.path));
    }
  }
}

void CheckRoutes(const State& state, const decide::Decision& decision, const Subject& subject,
                 std::vector<std::string>& broken) {
  const decide::Applied& split = state.status.applied;
  const decide::Applied& after = decision.status.applied;
  const graph::Graph& graph = state.world.plan();
  const bool is_over = after.sequence != split.sequence || after.settled_at;
  bool any = false;
  const bool in_place = std::all_of(state.world.objects.begin(), state.world.objects.end(), [&](const auto& entry) {
    const WorldObject& object = entry.second;
    any = any || object.routes;
    return !object.routes || (object.split == split.sequence && object.followed == object.generation);
  });
  if (split.settled_at || !is_over || !any || !in_place || !state.world.Routes()) return;
  const auto named = [&](const Revision& revision) {
    return std::any_of(state.world.objects.begin(), state.world.objects.end(), [&](const auto& entry) {
      return entry.second.routes && (entry.second.edited || Names(entry.second.object.Field("spec"), revision));
    });
  };
  for (const auto& [revision, share] : split.shares) {
    const bool way_back = revision == state.status.stable && graph.router.address != graph::Router::Address::kRouter;
    if ((share > Number(0) || way_back) && !named(revision)) {
      broken.push_back(fmt::format("the objects of router {} lead nowhere to {}, which has {} of the traffic{}",
                                   graph.router.name, Role(subject, revision), share.ToPercent(),
                                   share > Number(0) ? "" : " and takes all of it on the way back"));
    }
  }
}

RequestsInFlight::RequestsInFlight(const World& before) {
  for (const auto& [revision, of] : before.pods) {
    if (of.ready > 0 && before.MayGetRequests(revision)) pods_[revision] = of.spec;
  }
}

void RequestsInFlight::Check(const World& after, const Subject& subject, std::vector<std::string>& broken) const {
  for (const auto& [revision, wanted] : pods_) {
    const auto found = after.pods.find(revision);
    const bool gone = found == after.pods.end() || !found->second.exists || found->second.spec == 0;
    if (wanted > 0 && gone) {
      broken.push_back(
          fmt::format("the pods of {} are taken away while routers still send it requests: they didn't follow yet",
                      Role(subject, revision)));
    }
  }
}

}  // namespace sluice::verify
