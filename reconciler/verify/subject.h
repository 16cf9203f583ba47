// What is explored: one rollout's graph, those of other versions and of edits, and answers of its gates.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "compiler/base/result.h"
#include "compiler/graph/graph.h"

namespace sluice::verify {

// Which graph of Subject::graphs is what.
inline constexpr std::size_t kBefore = 0, kCandidate = 1, kNext = 2, kFirstEdit = 3;
// "the candidate"; "" for an edit.
std::string_view RoleWords(std::size_t which);

// Values of a gate's measures by name, with which it passes or fails.
using Measured = std::vector<std::pair<std::string, graph::Value>>;
struct GateAnswers {
  std::optional<Measured> pass, fail;
};

struct Subject {
  // The version before, the plan's own, one after it; then edits of the plan's own at the same revision.
  std::vector<std::shared_ptr<const graph::Graph>> graphs;
  std::vector<std::string> edits;    // what each edit does, for people
  std::vector<GateAnswers> answers;  // by the index of the gate, the same in all graphs
  // The router says itself when it followed, and so may take any time. Else it is taken at its word.
  bool router_tells = false;
  Duration window{};  // the longest that a sample is of account
  Duration waits{};   // the longest that pods are kept
  Duration lag{};     // the longest that a write to the router is of account
  // What the exploration can't tell, each a sentence.
  std::vector<std::string> left_out;
};

// kInvalid for what can't be explored, with the reason. The graphs: as in simulate::Subject.
Result<Subject> MakeSubject(graph::Graph before, graph::Graph candidate, graph::Graph next);

// The status that a controller may write on an object of the router once it took up `generation`: in all the shapes
// that are usual, with each condition that `settled` names.
graph::Value FollowedStatus(const graph::Graph& graph, const graph::Value& object, std::int64_t generation);

}  // namespace sluice::verify
