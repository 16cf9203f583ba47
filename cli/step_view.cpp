#include "cli/step_view.h"

#include <vector>

#include <fmt/format.h>

#include "compiler/graph/draw.h"
#include "reconciler/execute/names.h"
#include "reconciler/execute/status_codec.h"

namespace sluice::cli {
namespace {

using decide::NodeRecord;
using decide::NodeState;
using graph::Node;
using graph::NodeId;

// The nodes of the graph in their order, grouped by step; those of no step form a group of their own.
struct Group {
  std::string step;
  std::vector<NodeId> nodes;
};

std::vector<Group> Groups(const graph::Graph& graph) {
  std::vector<Group> groups;
  for (NodeId id = 0; id < graph.nodes.size(); ++id) {
    const std::string& step = graph.nodes[id].step;
    if (groups.empty() || groups.back().step != step) {
      groups.push_back({step, {}});
    }
    groups.back().nodes.push_back(id);
  }
  return groups;
}

const NodeRecord* RecordOf(const decide::Status& status, const Node& node) {
  const auto found = status.nodes.find(node.path);
  return found == status.nodes.end() ? nullptr : &found->second;
}

enum class Progress { kTodo, kActive, kDone, kFailed };

Progress ProgressOf(const NodeRecord* record) {
  if (record == nullptr) {
    return Progress::kTodo;
  }
  if (record->state == NodeState::kActive) {
    return Progress::kActive;
  }
  return record->outcome == graph::Outcome::kPass || !record->exception.empty() ? Progress::kDone : Progress::kFailed;
}

Progress ProgressOf(const graph::Graph& graph, const decide::Status& status, const Group& group) {
  std::size_t done = 0;
  bool begun = false;
  for (const NodeId id : group.nodes) {
    const Progress progress = ProgressOf(RecordOf(status, graph.nodes[id]));
    if (progress == Progress::kFailed) {
      return Progress::kFailed;
    }
    done += progress == Progress::kDone ? 1 : 0;
    begun = begun || progress != Progress::kTodo;
  }
  if (done == group.nodes.size()) {
    return Progress::kDone;
  }
  return begun ? Progress::kActive : Progress::kTodo;
}

const char* Mark(Progress progress) {
  switch (progress) {
    case Progress::kTodo:
      return "·";
    case Progress::kActive:
      return "▸";
    case Progress::kDone:
      return "✓";
    case Progress::kFailed:
      return "✗";
  }
  return " ";
}

const char* ProgressName(Progress progress) {
  switch (progress) {
    case Progress::kTodo:
      return "pending";
    case Progress::kActive:
      return "active";
    case Progress::kDone:
      return "done";
    case Progress::kFailed:
      return "failed";
  }
  return "";
}

// When a node that is under way ends at the latest, as far as that is known.
std::optional<TimePoint> Until(const Node& node, const NodeRecord& record) {
  if (const auto* hold = std::get_if<graph::HoldNode>(&node.does); hold != nullptr && record.settled_at) {
    return *record.settled_at + hold->duration;
  }
  if (const auto* hold = std::get_if<graph::HoldNode>(&node.does)) {
    return record.entered_at + hold->duration;
  }
  return record.deadline;
}

std::string Clock(TimePoint time) { return FormatTime(time).substr(11, 8); }

std::string NodeLine(const graph::Graph& graph, NodeId id, const NodeRecord* record, TimePoint now) {
  const Node& node = graph.nodes[id];
  const Progress progress = ProgressOf(record);
  std::string line = fmt::format("      {} {}", Mark(progress), graph::NodeText(graph, node));
  if (progress == Progress::kActive) {
    line += fmt::format("  since {}", Clock(record->entered_at));
    if (const std::optional<TimePoint> until = Until(node, *record)) {
      line += fmt::format(
          ", until {}{}", Clock(*until),
          *until > now ? " (" + FormatDuration(std::chrono::ceil<std::chrono::seconds>(*until - now)) + ")" : "");
    }
  } else if (record != nullptr && record->left_at) {
    line += "  " + Clock(*record->left_at);
    if (progress == Progress::kFailed) {
      line += fmt::format(" {}", execute::OutcomeName(record->outcome));
    }
  }
  if (record != nullptr && !record->evidence.empty()) {
    line += "  " + record->evidence;
  }
  if (record != nullptr && !record->exception.empty()) {
    line += "  (" + record->exception + ")";
  }
  if (id < graph.spans.size() && progress != Progress::kDone) {
    line += fmt::format("  {}:{}", graph.spans[id].file, graph.spans[id].line);
  }
  return line + "\n";
}

}  // namespace

std::string PresentStep(const graph::Graph& graph, const decide::Status& status) {
  for (const Node& node : graph.nodes) {
    if (ProgressOf(RecordOf(status, node)) == Progress::kActive) {
      return node.step;
    }
  }
  return "";
}

std::string RenderStepsText(const graph::Graph& graph, const decide::Status& status, TimePoint now) {
  std::string out;
  for (const Group& group : Groups(graph)) {
    const Progress progress = ProgressOf(graph, status, group);
    const std::string name = group.step.empty() ? "end" : group.step;
    out += fmt::format("  {} {}\n", Mark(progress), name);
    if (progress == Progress::kDone || progress == Progress::kTodo) {
      continue;
    }
    for (const NodeId id : group.nodes) {
      out += NodeLine(graph, id, RecordOf(status, graph.nodes[id]), now);
    }
  }
  return out;
}

nlohmann::ordered_json StepsJson(const graph::Graph& graph, const decide::Status& status) {
  nlohmann::ordered_json steps = nlohmann::ordered_json::array();
  for (const Group& group : Groups(graph)) {
    nlohmann::ordered_json nodes = nlohmann::ordered_json::array();
    for (const NodeId id : group.nodes) {
      const Node& node = graph.nodes[id];
      const NodeRecord* record = RecordOf(status, node);
      nlohmann::ordered_json json = {
          {"path", node.path}, {"what", graph::NodeText(graph, node)}, {"state", ProgressName(ProgressOf(record))}};
      if (record != nullptr) {
        json["enteredAt"] = FormatTime(record->entered_at);
        json["evidence"] = record->evidence;
        if (record->left_at) {
          json["leftAt"] = FormatTime(*record->left_at);
          json["outcome"] = execute::LeftAs(*record);
        } else if (const std::optional<TimePoint> until = Until(node, *record)) {
          json["until"] = FormatTime(*until);
        }
      }
      if (id < graph.spans.size()) {
        json["line"] = fmt::format("{}:{}", graph.spans[id].file, graph.spans[id].line);
      }
      nodes.push_back(std::move(json));
    }
    steps.push_back({{"step", group.step.empty() ? "end" : group.step},
                     {"state", ProgressName(ProgressOf(graph, status, group))},
                     {"nodes", std::move(nodes)}});
  }
  return steps;
}

}  // namespace sluice::cli
