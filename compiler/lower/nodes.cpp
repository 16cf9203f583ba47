#include "compiler/lower/nodes.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "compiler/lower/gates.h"
#include "compiler/lower/order.h"
#include "compiler/lower/place.h"
#include "compiler/lower/shares.h"

namespace sluice::lower {
namespace {

using graph::Disposition;
using graph::Node;
using graph::NodeId;
using graph::Outcome;

// How long pods may take to become ready (the Deployment's own progressDeadlineSeconds), and each further
// round of them where they have to make room for one another.
constexpr Duration kReadyBound{600'000};
constexpr Duration kRoundBound{60'000};
// How long an accepted route may take to be settled.
constexpr Duration kSettleBound{600'000};

template <typename... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <typename... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

bool MovesTraffic(const check::Verb& verb) {
  return std::visit(Overloaded{[](const check::Weight&) { return true; }, [](const check::Replicas&) { return true; },
                               [](const check::MatchLine&) { return true; }, [](const check::Mirror&) { return true; },
                               [](const check::Hold&) { return false; }, [](const check::Check&) { return false; },
                               [](const check::Pause&) { return false; }, [](const check::Notify&) { return false; },
                               [](const check::Promote&) { return false; }},
                    verb.verb);
}

void SetOutcome(Node& node, Outcome outcome, Disposition disposition) {
  node.outcomes[static_cast<int>(outcome)] = disposition;
}

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

  bool Run() {
    if (rollout_.watch) {
      graph_.watch = gates_.Add(*rollout_.watch);
    }
    const auto order = OrderSteps(rollout_, emitter_);
    if (!order) {
      return false;
    }
    CheckOneBranchMoves(*order);
    for (const OrderedStep& step : *order) {
      AddStep(step);
    }
    CheckReachesAll();
    AddEnd();
    AddBlock(rollout_.on_failure, "on-failure", "on failure", graph_.on_failure, graph_.failure_spans);
    AddBlock(rollout_.on_success, "on-success", "on success", graph_.on_success, graph_.success_spans);
    return well_;
  }

 private:
  // ------------------------------------------------------------------------------------- steps

  void AddStep(const OrderedStep& ordered) {
    const check::Step& step = *ordered.step;
    current_.clear();
    for (const std::size_t before : ordered.after) {
      current_.insert(current_.end(), ends_[before].begin(), ends_[before].end());
    }
    std::sort(current_.begin(), current_.end());
    current_.erase(std::unique(current_.begin(), current_.end()), current_.end());
    for (std::size_t i = 0; i < step.verbs.size();) {
      if (!MovesTraffic(step.verbs[i])) {
        AddVerb(step, step.verbs[i]);
        ++i;
        continue;
      }
      Transition transition{&step, {}};
      while (i < step.verbs.size() && Joins(transition, step.verbs[i])) {
        transition.verbs.push_back(&step.verbs[i++]);
      }
      AddTransition(transition);
    }
    ends_.push_back(current_);
  }

  // A verb of a kind that the transition has already begins another one; only matches may be several.
  static bool Joins(const Transition& transition, const check::Verb& verb) {
    return MovesTraffic(verb) && (verb.word == "match" || transition.Find(verb.word) == nullptr);
  }

  std::string PathOf(const check::Step& step) const { return rollout_.name + "/" + step.name; }

  // Of steps side by side only one branch may move traffic or pods: movers must follow one another.
  void CheckOneBranchMoves(const std::vector<OrderedStep>& order) {
    std::vector<std::set<std::size_t>> ancestors(order.size());
    std::optional<std::size_t> last;
    for (std::size_t i = 0; i < order.size(); ++i) {
      for (const std::size_t before : order[i].after) {
        ancestors[i].insert(before);
        ancestors[i].insert(ancestors[before].begin(), ancestors[before].end());
      }
      const check::Step& step = *order[i].step;
      if (std::none_of(step.verbs.begin(), step.verbs.end(), MovesTraffic)) {
        continue;
      }
      if (last && !ancestors[i].contains(*last)) {
        const check::Step& other = *order[*last].step;
        emitter_
            .Report(diagnostics::kBranchesMoveTraffic, step.span,
                    fmt::format("steps `{}` and `{}` run side by side and both move traffic or pods", other.name,
                                step.name))
            .Label(other.span, "the other one")
            .Note(fmt::format("let one wait for the other: `after {}`", other.name));
        well_ = false;
      }
      last = i;
    }
  }

  // ------------------------------------------------------------------------------------- nodes

  bool Claim(const check::Verb& verb, const check::Step& step, const std::string& path) {
    const auto [known, added] = paths_.try_emplace(path, &step);
    if (added) {
      return true;
    }
    well_ = false;
    if (known->second != &step && known->second->name == step.name) {
      return false;  // two steps of one name, which was reported
    }
    if (verb.as) {
      emitter_
          .Report(diagnostics::kVerbNeedsName, verb.span,
                  fmt::format("step `{}` has two verbs named `{}`", step.name, *verb.as))
          .Emit();
    } else {
      emitter_
          .Report(diagnostics::kVerbNeedsName, verb.span,
                  fmt::format("step `{}` has a second `{}` without a name", step.name, verb.word))
          .Note("a running rollout finds its place by names: give one of them `as NAME`")
          .Fix("name it", diagnostics::Safety::kPlaceholder, source::Span{verb.span.file, verb.span.end, verb.span.end},
               " as NAME");
    }
    return false;
  }

  Node& Append(std::string path, std::string step, source::Span span) {
    Node& node = graph_.nodes.emplace_back();
    node.path = std::move(path);
    node.step = std::move(step);
    node.after = current_;
    current_ = {static_cast<NodeId>(graph_.nodes.size() - 1)};
    graph_.spans.push_back(LineOf(sources_, span));
    return node;
  }

  // ------------------------------------------------------------------------------------- transitions

  void AddTransition(const Transition& transition) {
    ApplyVerbs(transition);
    const check::Step& step = *transition.step;
    const check::Verb* weight = transition.Find("weight");
    const check::Verb& lead = weight != nullptr ? *weight : *transition.verbs.front();
    const std::string base = TransitionPath(transition, lead);
    if (!Claim(lead, step, base)) {
      return;
    }
    const graph::Pods to = PodsFor(rules_, split_);
    const bool splits =
        rules_.capacity != Capacity::kPods &&
        (weight != nullptr || transition.Find("match") != nullptr || transition.Find("mirror") != nullptr);
    const bool scales = !(to == pods_) || weight != nullptr || transition.Find("replicas") != nullptr;
    const source::Span span = lead.span;
    if (rules_.capacity == Capacity::kShared && split_.share != carried_) {
      AddSharedMoves(step, base, span, lead, to);
    } else if (to.candidate < pods_.candidate && splits) {
      AddTraffic(step, base + "/traffic", span, split_.share);
      AddScale(step, base + "/scale", span, to, split_.share);
    } else {
      if (scales) {
        AddScale(step, base + "/scale", span, to, split_.share);
      }
      if (splits) {
        AddTraffic(step, base + "/traffic", span, split_.share);
      }
    }
    carried_ = split_.share;
  }

  // Weights are what a step is about: their nodes stand directly under it.
  std::string TransitionPath(const Transition& transition, const check::Verb& lead) const {
    const std::string path = PathOf(*transition.step);
    for (const check::Verb* verb : transition.verbs) {
      if (verb->as) {
        return path + "/" + *verb->as;
      }
    }
    return lead.word == "weight" ? path : path + "/" + lead.word;
  }

  void ApplyVerbs(const Transition& transition) {
    bool matches_replaced = false;
    for (const check::Verb* verb : transition.verbs) {
      const VerbSite site{rollout_, rules_, *transition.step, *verb, sources_, emitter_};
      if (const auto* weight = std::get_if<check::Weight>(&verb->verb)) {
        split_.share = weight->share;
        last_weight_ = {transition.step, verb};
        CheckWeightOnce(site, weight->share);
        ForbidAfterPromotion(*transition.step, *verb);
      } else if (const auto* match = std::get_if<check::MatchLine>(&verb->verb)) {
        if (!std::exchange(matches_replaced, true)) {
          split_.matches.clear();
        }
        if (!match->match.conditions.empty()) {
          split_.matches.push_back(match->match);
          Require(CheckMatch(site, match->match));
        }
        ForbidAfterPromotion(*transition.step, *verb);
      } else if (const auto* mirror = std::get_if<check::Mirror>(&verb->verb)) {
        split_.mirror = mirror->share;
        Require(CheckMirror(site, mirror->share));
        ForbidAfterPromotion(*transition.step, *verb);
      } else if (const auto* replicas = std::get_if<check::Replicas>(&verb->verb)) {
        split_.replicas = replicas->amount;
        ForbidAfterPromotion(*transition.step, *verb);
      }
    }
    if (const check::Verb* verb = transition.Find("replicas")) {
      const VerbSite site{rollout_, rules_, *transition.step, *verb, sources_, emitter_};
      Require(CheckReplicas(site, *split_.replicas, split_.share));
    }
  }

  // Of the weights that one line of a strategy comes to, the first that cannot be had speaks for all.
  void CheckWeightOnce(const VerbSite& site, const Number& share) {
    const source::Span& line = site.verb.definition;
    if (IsFromStrategy(site.verb) && refused_.contains({line.file, line.begin})) {
      return;
    }
    if (!CheckWeight(site, share)) {
      refused_.insert({line.file, line.begin});
      well_ = false;
    }
  }

  void AddScale(const check::Step& step, const std::string& path, source::Span span, const graph::Pods& to,
                const Number& share) {
    const graph::PodLimits& limits = rules_.limits;
    graph::ScaleNode scale;
    scale.pods = to;
    scale.min_ready = std::max(0, limits.replicas - limits.unavailable);
    scale.max_pods = std::max(pods_.stable + pods_.candidate, to.stable + to.candidate);
    if (rules_.capacity != Capacity::kFull) {
      scale.max_pods = std::max(scale.max_pods, limits.replicas + limits.surge);
    }
    scale.share = share;
    scale.achieved = rules_.capacity == Capacity::kPods ? graph::AchievedShare(to) : share;
    Node& node = Append(path, step.name, span);
    node.does = scale;
    node.bound = ScaleBound(to);
    pods_ = to;
  }

  Duration ScaleBound(const graph::Pods& to) const {
    if (rules_.capacity == Capacity::kFull) {
      return kReadyBound;
    }
    const std::int32_t swapped = std::max(0, to.candidate - pods_.candidate) + std::max(0, to.stable - pods_.stable);
    const std::int32_t at_once = std::max(1, rules_.limits.surge + rules_.limits.unavailable);
    return kReadyBound + kRoundBound * ((swapped + at_once - 1) / at_once);
  }

  void AddTraffic(const check::Step& step, const std::string& path, source::Span span, const Number& share) {
    Node& node = Append(path, step.name, span);
    node.does = graph::TrafficNode{share, split_.matches, split_.mirror};
    node.bound = kSettleBound;
  }

  void AddSharedMoves(const check::Step& step, const std::string& base, source::Span span, const check::Verb& lead,
                      const graph::Pods& to) {
    const auto moves = SharedMoves(rules_.limits, pods_, carried_, to, split_.share, kMaxMoves);
    if (!moves) {
      ReportAt(emitter_, diagnostics::kTooManyMoves, step, lead,
               fmt::format("with `capacity shared` this step takes more than {} moves of pods and traffic", kMaxMoves))
          .Note(fmt::format("a surge of {} and {} unavailable move {} of {} pods at a time", rules_.limits.surge,
                            rules_.limits.unavailable, std::max(1, rules_.limits.surge + rules_.limits.unavailable),
                            rules_.limits.replicas));
      well_ = false;
      return;
    }
    for (std::size_t i = 0; i < moves->size(); ++i) {
      const Move& move = (*moves)[i];
      const bool last = i + 1 == moves->size();
      const std::string suffix = last ? "" : fmt::format("[{}]", PercentText(move.share));
      AddScale(step, fmt::format("{}/scale{}", base, suffix), span, move.pods, move.share);
      AddTraffic(step, fmt::format("{}/traffic{}", base, suffix), span, move.share);
    }
    if (!(pods_ == to)) {
      AddScale(step, base + "/shrink", span, to, split_.share);
    }
  }

  // ------------------------------------------------------------------------------------- other verbs

  std::string VerbPath(const std::string& base, const check::Verb& verb) const {
    return base + "/" + verb.as.value_or(verb.word);
  }

  void AddVerb(const check::Step& step, const check::Verb& verb) {
    const std::string path = VerbPath(PathOf(step), verb);
    if (!Claim(verb, step, path)) {
      return;
    }
    if (!std::holds_alternative<check::Notify>(verb.verb)) {
      ForbidAfterPromotion(step, verb);
    }
    Node& node = Append(path, step.name, verb.span);
    std::visit(Overloaded{[&](const check::Hold& hold) { Fill(node, hold); },
                          [&](const check::Check& check) { Fill(node, check); },
                          [&](const check::Pause& pause) { Fill(node, pause); },
                          [&](const check::Notify& notify) { Fill(node, notify); },
                          [&](const check::Promote&) { FillPromotion(node, step, verb); }, [](const check::Weight&) {},
                          [](const check::Replicas&) {}, [](const check::MatchLine&) {}, [](const check::Mirror&) {}},
               verb.verb);
  }

  void FillElse(Node& node, const check::GateExpression* gate, const std::optional<Disposition>& otherwise) {
    const GateElse said = gate != nullptr ? ElseOf(*gate) : GateElse{};
    SetOutcome(node, Outcome::kNoData, otherwise.value_or(said.no_data));
    SetOutcome(node, Outcome::kError, otherwise.value_or(said.error));
    SetOutcome(node, Outcome::kTimeout, otherwise.value_or(Disposition::kRollback));
  }

  void Fill(Node& node, const check::Hold& hold) {
    graph::HoldNode does{hold.duration, std::nullopt};
    if (hold.guard) {
      does.guard = gates_.Add(*hold.guard);
      node.bound = hold.duration + VerdictTime(*hold.guard);
    }
    FillElse(node, hold.guard.get(), hold.otherwise);
    node.does = std::move(does);
  }

  void Fill(Node& node, const check::Check& check) {
    node.does = graph::CheckNode{gates_.Add(*check.gate)};
    node.bound = check.within.value_or(graph_.policies.deadline);
    FillElse(node, check.gate.get(), check.otherwise);
  }

  void Fill(Node& node, const check::Pause& pause) {
    node.does = graph::PauseNode{pause.approver.value_or(""), pause.quorum};
    node.bound = pause.within.value_or(graph_.policies.deadline);
    FillElse(node, nullptr, pause.otherwise);
  }

  // A notification never fails a rollout.
  static void Fill(Node& node, const check::Notify& notify) {
    graph::NotifyNode does;
    if (notify.channel) {
      does.request = notify.channel->request;
      does.channel = notify.channel->name;
    }
    does.message = notify.message;
    node.does = std::move(does);
    for (Disposition& outcome : node.outcomes) {
      outcome = Disposition::kNext;
    }
  }

  // ------------------------------------------------------------------------------------- promotion

  void FillPromotion(Node& node, const check::Step& step, const check::Verb& verb) {
    node.does = graph::PromoteNode{};
    node.bound = kReadyBound;
    if (promotion_ != nullptr) {
      return;  // the second one is reported
    }
    promotion_ = &verb;
    if (split_.share != Number(1)) {
      ReportAt(emitter_, diagnostics::kPromoteBelowFull, step, verb,
               fmt::format("`promote` at {} of the traffic", PercentText(split_.share)))
          .Note("the promotion must change nothing for users: set `weight 100%` before it");
      well_ = false;
    }
  }

  void ForbidAfterPromotion(const check::Step& step, const check::Verb& verb) {
    if (promotion_ == nullptr) {
      return;
    }
    ReportAt(emitter_, diagnostics::kVerbAfterPromote, step, verb,
             fmt::format("`{}` stands behind `promote`, where only `notify` may stand", verb.word))
        .Label(promotion_->span, "the candidate is stable from here on");
    well_ = false;
  }

  void CheckReachesAll() {
    if (promotion_ != nullptr || (split_.share == Number(1) && last_weight_.second != nullptr)) {
      return;
    }
    well_ = false;
    if (!whole_) {
      return;
    }
    if (last_weight_.second == nullptr) {
      emitter_
          .Report(diagnostics::kNeverReachesAll, rollout_.span,
                  fmt::format("rollout `{}` never gives the candidate any traffic", rollout_.name))
          .Note("end it with `step full { weight 100% }`");
      return;
    }
    const auto& [step, verb] = last_weight_;
    auto report =
        ReportAt(emitter_, diagnostics::kNeverReachesAll, *step, *verb,
                 fmt::format("rollout `{}` ends at {} of the traffic", rollout_.name, PercentText(split_.share)));
    report.Note(
        "the candidate becomes stable at the end, with all of the traffic: end with `step full { weight 100% }`");
    if (IsLiteral(*step, *verb, sources_)) {
      report.Fix("end with all of the traffic", diagnostics::Safety::kUncertain, verb->value_span, "100%");
    }
  }

  // The implied promotion, and what takes away the old revision: behind everything else.
  void AddEnd() {
    if (promotion_ == nullptr) {
      current_ = Leaves();
      Node& node = Append(rollout_.name + "/promote", "", rollout_.span);
      node.does = graph::PromoteNode{};
      node.bound = kReadyBound;
    }
    current_ = Leaves();
    Append(rollout_.name + "/retire", "", rollout_.span).does = graph::RetireNode{graph_.policies.keep_previous};
  }

  std::vector<NodeId> Leaves() const {
    std::vector<bool> has_successor(graph_.nodes.size(), false);
    for (const Node& node : graph_.nodes) {
      for (const NodeId before : node.after) {
        has_successor[before] = true;
      }
    }
    std::vector<NodeId> leaves;
    for (NodeId id = 0; id < graph_.nodes.size(); ++id) {
      if (!has_successor[id]) {
        leaves.push_back(id);
      }
    }
    return leaves;
  }

  // ------------------------------------------------------------------------------------- blocks

  void AddBlock(const std::vector<check::Verb>& verbs, const std::string& name, const std::string& words,
                std::vector<Node>& nodes, std::vector<graph::PlanLine>& spans) {
    check::Step block;
    block.name = block.base_name = words;
    for (const check::Verb& verb : verbs) {
      const auto* notify = std::get_if<check::Notify>(&verb.verb);
      if (notify == nullptr) {
        emitter_
            .Report(diagnostics::kVerbNotHere, verb.span,
                    fmt::format("`{}` in `{}`, where only `notify` may stand", verb.word, words))
            .Note("these verbs run when the outcome is settled and cannot change it");
        well_ = false;
        continue;
      }
      const std::string path = VerbPath(rollout_.name + "/" + name, verb);
      if (!Claim(verb, block, path)) {
        continue;
      }
      Node& node = nodes.emplace_back();
      node.path = path;
      Fill(node, *notify);
      if (nodes.size() > 1) {
        node.after = {static_cast<NodeId>(nodes.size() - 2)};
      }
      spans.push_back(LineOf(sources_, verb.span));
    }
  }

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

}  // namespace

bool AddNodes(const check::Rollout& rollout, bool whole, const CapacityRules& rules, const source::SourceSet& sources,
              graph::Graph& graph, diagnostics::Emitter& emitter) {
  return NodeMaker(rollout, whole, rules, sources, graph, emitter).Run();
}

graph::PlanLine LineOf(const source::SourceSet& sources, source::Span span) {
  if (!span.known()) {
    return {};
  }
  const source::Position begin = sources.Begin(span);
  return graph::PlanLine{sources.file(span.file).path(), begin.line, begin.column};
}

}  // namespace sluice::lower
