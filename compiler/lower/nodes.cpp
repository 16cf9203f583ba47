#include "compiler/lower/nodes.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "compiler/base/overloaded.h"
#include "compiler/lower/node_maker.h"
#include "compiler/lower/verb_nodes.h"

namespace sluice::lower {
namespace {

bool MovesTraffic(const check::Verb& verb) {
  return std::visit(Overloaded{[](const check::Weight&) { return true; }, [](const check::Replicas&) { return true; },
                               [](const check::MatchLine&) { return true; }, [](const check::Mirror&) { return true; },
                               [](const check::Hold&) { return false; }, [](const check::Check&) { return false; },
                               [](const check::Pause&) { return false; }, [](const check::Run&) { return false; },
                               [](const check::Notify&) { return false; }, [](const check::Promote&) { return false; }},
                    verb.verb);
}

}  // namespace

bool NodeMaker::Run() {
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

void NodeMaker::AddStep(const OrderedStep& ordered) {
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
bool NodeMaker::Joins(const Transition& transition, const check::Verb& verb) {
  return MovesTraffic(verb) && (verb.word == "match" || transition.Find(verb.word) == nullptr);
}

std::string NodeMaker::PathOf(const check::Step& step) const { return rollout_.name + "/" + step.name; }

// Of steps side by side only one branch may move traffic or pods: movers must follow one another.
void NodeMaker::CheckOneBranchMoves(const std::vector<OrderedStep>& order) {
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
          .Report(
              diagnostics::kBranchesMoveTraffic, step.span,
              fmt::format("steps `{}` and `{}` run side by side and both move traffic or pods", other.name, step.name))
          .Label(other.span, "the other one")
          .Note(fmt::format("let one wait for the other: `after {}`", other.name));
      well_ = false;
    }
    last = i;
  }
}

bool NodeMaker::Claim(const check::Verb& verb, const check::Step& step, const std::string& path) {
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

graph::Node& NodeMaker::Append(std::string path, std::string step, source::Span span) {
  Node& node = graph_.nodes.emplace_back();
  node.path = std::move(path);
  node.step = std::move(step);
  node.after = current_;
  current_ = {static_cast<NodeId>(graph_.nodes.size() - 1)};
  graph_.spans.push_back(LineOf(sources_, span));
  return node;
}

std::string NodeMaker::VerbPath(const std::string& base, const check::Verb& verb) const {
  return base + "/" + verb.as.value_or(verb.word);
}

void NodeMaker::AddVerb(const check::Step& step, const check::Verb& verb) {
  const std::string path = VerbPath(PathOf(step), verb);
  if (!Claim(verb, step, path)) {
    return;
  }
  if (!std::holds_alternative<check::Notify>(verb.verb)) {
    ForbidAfterPromotion(step, verb);
  }
  Node& node = Append(path, step.name, verb.span);
  std::visit(Overloaded{[&](const check::Hold& hold) { Fill(node, hold, gates_); },
                        [&](const check::Check& check) { Fill(node, check, gates_, graph_.policies.deadline); },
                        [&](const check::Pause& pause) { Fill(node, pause, graph_.policies.deadline); },
                        [&](const check::Run& run) { Fill(node, run, graph_); },
                        [&](const check::Notify& notify) { Fill(node, notify); },
                        [&](const check::Promote&) { FillPromotion(node, step, verb); }, [](const check::Weight&) {},
                        [](const check::Replicas&) {}, [](const check::MatchLine&) {}, [](const check::Mirror&) {}},
             verb.verb);
}

void NodeMaker::AddBlock(const std::vector<check::Verb>& verbs, const std::string& name, const std::string& words,
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
