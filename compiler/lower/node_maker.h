// Makes the nodes of one rollout: steps (nodes.cpp), what moves traffic and pods (transitions.cpp), the promotion and
// what stands around it (promotion.cpp). Private to this folder.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "compiler/lower/gates.h"
#include "compiler/lower/nodes.h"
#include "compiler/lower/order.h"
#include "compiler/lower/place.h"
#include "compiler/lower/shares.h"

namespace sluice::lower {

// How long pods may take to become ready (the Deployment's own progressDeadlineSeconds).
inline constexpr Duration kReadyBound{600'000};

// Verbs that stand together and change the split: one move of pods, one of traffic.
struct Transition {
  const check::Step* step = nullptr;
  std::vector<const check::Verb*> verbs;

  const check::Verb* Find(std::string_view word) const {
    for (const check::Verb* verb : verbs) {
      if (verb->word == word) {
        return verb;
      }
    }
    return nullptr;
  }
};

class NodeMaker {
 public:
  NodeMaker(const check::Rollout& rollout, bool whole, const CapacityRules& rules, const source::SourceSet& sources,
            graph::Graph& graph, diagnostics::Emitter& emitter)
      : rollout_(rollout),
        whole_(whole),
        rules_(rules),
        sources_(sources),
        graph_(graph),
        emitter_(emitter),
        gates_(graph.gates),
        pods_{rules.limits.replicas, 0} {}

  // False if a mistake was reported that leaves no graph.
  bool Run();

 private:
  using Node = graph::Node;
  using NodeId = graph::NodeId;

  // Steps, and the nodes that they come to.
  void AddStep(const OrderedStep& ordered);
  static bool Joins(const Transition& transition, const check::Verb& verb);
  std::string PathOf(const check::Step& step) const;
  void CheckOneBranchMoves(const std::vector<OrderedStep>& order);
  bool Claim(const check::Verb& verb, const check::Step& step, const std::string& path);
  Node& Append(std::string path, std::string step, source::Span span);
  std::string VerbPath(const std::string& base, const check::Verb& verb) const;
  void AddVerb(const check::Step& step, const check::Verb& verb);
  void AddBlock(const std::vector<check::Verb>& verbs, const std::string& name, const std::string& words,
                std::vector<Node>& nodes, std::vector<graph::PlanLine>& spans);

  // Pods and traffic.
  void AddTransition(const Transition& transition);
  std::string TransitionPath(const Transition& transition, const check::Verb& lead) const;
  void ApplyVerbs(const Transition& transition);
  void CheckWeightOnce(const VerbSite& site, const Number& share);
  void AddScale(const check::Step& step, const std::string& path, source::Span span, const graph::Pods& to,
                const Number& share);
  Duration ScaleBound(const graph::Pods& to) const;
  void AddTraffic(const check::Step& step, const std::string& path, source::Span span, const Number& share);
  void AddSharedMoves(const check::Step& step, const std::string& base, source::Span span, const check::Verb& lead,
                      const graph::Pods& to);

  // The promotion and the end.
  void FillPromotion(Node& node, const check::Step& step, const check::Verb& verb);
  void ForbidAfterPromotion(const check::Step& step, const check::Verb& verb);
  void CheckReachesAll();
  void AddEnd();
  std::vector<NodeId> Leaves() const;

  void Require(bool well) { well_ = well_ && well; }

  const check::Rollout& rollout_;
  const bool whole_;
  const CapacityRules& rules_;
  const source::SourceSet& sources_;
  graph::Graph& graph_;
  diagnostics::Emitter& emitter_;
  GateCollector gates_;
  graph::Pods pods_;                                            // after the nodes so far
  Split split_;                                                 // after the verbs so far
  Number carried_;                                              // share after the nodes so far
  std::vector<NodeId> current_;                                 // what the next node waits for
  std::vector<std::vector<NodeId>> ends_;                       // by ordered step: the nodes after which it is done
  std::map<std::string, const check::Step*> paths_;             // of each node, the step that has it
  std::set<std::pair<source::FileId, std::uint32_t>> refused_;  // lines of strategies
  std::pair<const check::Step*, const check::Verb*> last_weight_{};
  const check::Verb* promotion_ = nullptr;  // a written one
  bool well_ = true;
};

}  // namespace sluice::lower
