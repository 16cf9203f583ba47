#include "compiler/graph/validate.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace sluice::graph {
namespace {

constexpr int kMaxGateDepth = 64;

Error Wrong(const Node& node, const std::string& what) {
  return Error{ErrorCode::kInvalid, fmt::format("node {}: {}", node.path, what)};
}

bool IsMover(const Node& node) {
  return std::holds_alternative<ScaleNode>(node.does) || std::holds_alternative<TrafficNode>(node.does);
}

bool IsShare(const Number& number) { return !number.overflowed() && number >= Number(0) && number <= Number(1); }

constexpr std::int32_t kMostReplicas = 1'000'000;

// Which nodes come before each, as rows of bits.
class Ancestors {
 public:
  explicit Ancestors(const std::vector<Node>& nodes) : words_((nodes.size() + 63) / 64), bits_(nodes.size() * words_) {
    for (std::size_t id = 0; id < nodes.size(); ++id) {
      for (const NodeId before : nodes[id].after) {
        for (std::size_t word = 0; word < words_; ++word) {
          bits_[id * words_ + word] |= bits_[before * words_ + word];
        }
        bits_[id * words_ + before / 64] |= std::uint64_t{1} << (before % 64);
      }
    }
  }
  bool IsBefore(std::size_t a, std::size_t b) const { return (bits_[b * words_ + a / 64] >> (a % 64) & 1) != 0; }

 private:
  std::size_t words_;
  std::vector<std::uint64_t> bits_;
};

class Validator {
 public:
  explicit Validator(const Graph& graph) : graph_(graph) {}

  Result<void> Run() {
    if (graph_.schema != kSchemaVersion) {
      return Error{ErrorCode::kInvalid, fmt::format("schema {} is not {}", graph_.schema, kSchemaVersion)};
    }
    if (graph_.autoscaler && !IsAutoscaler(*graph_.autoscaler)) {
      return Error{ErrorCode::kInvalid, "its autoscaler's numbers contradict each other"};
    }
    if (graph_.nodes.empty()) {
      return Error{ErrorCode::kInvalid, "a graph without nodes"};
    }
    for (const auto* nodes : {&graph_.nodes, &graph_.on_failure, &graph_.on_success}) {
      for (std::size_t id = 0; id < nodes->size(); ++id) {
        if (auto result = CheckOne((*nodes)[id], id); !result) {
          return result;
        }
      }
    }
    if (graph_.watch) {
      if (auto result = CheckTree(*graph_.watch, 0); !result) {
        return Error(result.error()).Within("watch");
      }
    }
    if (auto result = CheckShape(); !result) {
      return result;
    }
    return CheckTime();
  }

 private:
  // A count that a service may have, or its pods, up to ten times over.
  static bool IsAmount(const Amount& amount) {
    return !amount.number.overflowed() && amount.number >= Number(0) &&
           amount.number <= Number(amount.percent ? 10 : kMostReplicas);
  }
  static bool IsAutoscaler(const Autoscaler& autoscaler) {
    return autoscaler.min >= 1 && autoscaler.min <= autoscaler.max && autoscaler.max <= kMostReplicas &&
           IsAmount(autoscaler.surge) && IsAmount(autoscaler.unavailable);
  }

  Result<void> CheckOne(const Node& node, std::size_t id) {
    if (node.path.empty() || !paths_.insert(node.path).second) {
      return Wrong(node, "its path is empty or another node's");
    }
    for (const NodeId before : node.after) {
      if (before >= id) {
        return Wrong(node, fmt::format("it comes after node {}, which is not before it", before));
      }
    }
    if (node.bound && node.bound->count() < 0) {
      return Wrong(node, "its bound is negative");
    }
    for (const Disposition outcome : node.outcomes) {
      if (outcome > Disposition::kFail) {
        return Wrong(node, "an outcome leads nowhere");
      }
    }
    if (node.outcomes[static_cast<int>(Outcome::kPass)] != Disposition::kNext) {
      return Wrong(node, "passing does not lead on");
    }
    return CheckAction(node);
  }

  Result<void> CheckAction(const Node& node) {
    if (const auto* scale = std::get_if<ScaleNode>(&node.does)) {
      const bool counts = scale->pods.stable >= 0 && scale->pods.candidate >= 0 && scale->min_ready >= 0 &&
                          std::int64_t{scale->pods.stable} + scale->pods.candidate <= scale->max_pods;
      const bool least = std::all_of(scale->least.begin(), scale->least.end(), IsAmount);
      return counts && least && IsShare(scale->share) && IsShare(scale->achieved)
                 ? Result<void>()
                 : Wrong(node, "its pods contradict each other");
    }
    if (const auto* traffic = std::get_if<TrafficNode>(&node.does)) {
      if (graph_.router.shares_by_pods) {
        return Wrong(node, "shares are made by pods, there is no traffic to move");
      }
      return IsShare(traffic->share) && IsShare(traffic->mirror) ? Result<void>()
                                                                 : Wrong(node, "a share is not in 0..1");
    }
    if (const auto* hold = std::get_if<HoldNode>(&node.does)) {
      if (hold->duration.count() < 0) {
        return Wrong(node, "a negative duration");
      }
      return hold->guard ? InNode(node, CheckTree(*hold->guard, 0)) : Result<void>();
    }
    if (const auto* check = std::get_if<CheckNode>(&node.does)) {
      return node.bound ? InNode(node, CheckTree(check->gate, 0)) : Wrong(node, "it waits without a bound");
    }
    if (const auto* pause = std::get_if<PauseNode>(&node.does)) {
      return node.bound && pause->quorum >= 1 ? Result<void>() : Wrong(node, "it waits without a bound or a quorum");
    }
    if (const auto* notify = std::get_if<NotifyNode>(&node.does)) {
      return notify->message && notify->request.url ? Result<void>() : Wrong(node, "no message or no receiver");
    }
    if (const auto* run = std::get_if<RunNode>(&node.does)) {
      const bool times = run->retries >= 0 && (!run->timeout || run->timeout->count() > 0);
      return run->job && node.bound && times ? Result<void>() : Wrong(node, "no Job, no bound, or a negative number");
    }
    return {};
  }

  static Result<void> InNode(const Node& node, const Result<void>& result) {
    return result ? Result<void>() : Result<void>(Wrong(node, result.error().message));
  }

  Result<void> CheckTree(const GateTree& tree, int depth) const {
    if (depth > kMaxGateDepth) {
      return Error{ErrorCode::kInvalid, "gates are nested too deeply"};
    }
    if (tree.kind == GateTree::Kind::kGate) {
      return tree.gate < graph_.gates.size() && tree.children.empty()
                 ? Result<void>()
                 : Error{ErrorCode::kInvalid, fmt::format("there is no gate {}", tree.gate)};
    }
    const std::size_t least = tree.kind == GateTree::Kind::kNot ? 1 : 2;
    if (tree.children.size() < least || (tree.kind == GateTree::Kind::kNot && tree.children.size() > 1)) {
      return Error{ErrorCode::kInvalid, "a combination of gates without gates"};
    }
    for (const GateTree& child : tree.children) {
      if (auto result = CheckTree(child, depth + 1); !result) {
        return result;
      }
    }
    return {};
  }

  // `after` only points back, so there is no cycle and every node reaches a node without successors.
  Result<void> CheckShape() const {
    const std::vector<Node>& nodes = graph_.nodes;
    const Ancestors ancestors(nodes);
    std::optional<std::size_t> mover, promotion;
    for (std::size_t id = 0; id < nodes.size(); ++id) {
      if (nodes[id].after.empty() && id > 0) {
        return Wrong(nodes[id], "a second entry");
      }
      if (std::holds_alternative<PromoteNode>(nodes[id].does)) {
        if (promotion) {
          return Wrong(nodes[id], "a second promotion");
        }
        promotion = id;
      }
      if (!IsMover(nodes[id])) {
        continue;
      }
      if (mover && !ancestors.IsBefore(*mover, id)) {
        return Wrong(nodes[id], fmt::format("it moves traffic or pods side by side with {}", nodes[*mover].path));
      }
      mover = id;
    }
    if (!promotion) {
      return Error{ErrorCode::kInvalid, "it never promotes"};
    }
    if (mover && !ancestors.IsBefore(*mover, *promotion)) {
      return Wrong(nodes[*mover], "it moves traffic or pods after the promotion");
    }
    return {};
  }

  Result<void> CheckTime() const {
    const Duration longest = LongestPath(graph_);
    if (longest <= graph_.policies.deadline) {
      return {};
    }
    return Error{ErrorCode::kInvalid, fmt::format("it takes up to {}, its deadline is {}", FormatDuration(longest),
                                                  FormatDuration(graph_.policies.deadline))};
  }

  const Graph& graph_;
  std::set<std::string> paths_;
};

Duration TimeOf(const Node& node) {
  if (const auto* hold = std::get_if<HoldNode>(&node.does)) {
    return hold->duration;
  }
  if (std::holds_alternative<CheckNode>(node.does) || std::holds_alternative<RunNode>(node.does)) {
    return node.bound.value_or(Duration{});
  }
  return {};
}

}  // namespace

Result<void> Validate(const Graph& graph) { return Validator(graph).Run(); }

std::vector<PathPart> LongestPathParts(const Graph& graph) {
  struct Best {
    Duration total{};
    std::optional<NodeId> before;
  };
  std::vector<Best> best(graph.nodes.size());
  std::optional<NodeId> last;
  for (NodeId id = 0; id < graph.nodes.size(); ++id) {
    for (const NodeId before : graph.nodes[id].after) {
      if (!best[id].before || best[before].total > best[id].total) {
        best[id] = {best[before].total, before};
      }
    }
    best[id].total += TimeOf(graph.nodes[id]);
    if (!last || best[id].total > best[*last].total) {
      last = id;
    }
  }
  std::vector<PathPart> parts;
  for (std::optional<NodeId> id = last; id; id = best[*id].before) {
    if (const Duration time = TimeOf(graph.nodes[*id]); time.count() > 0) {
      parts.push_back({*id, time});
    }
  }
  std::reverse(parts.begin(), parts.end());
  return parts;
}

Duration LongestPath(const Graph& graph) {
  Duration total{};
  for (const PathPart& part : LongestPathParts(graph)) {
    total += part.duration;
  }
  return total;
}

}  // namespace sluice::graph
