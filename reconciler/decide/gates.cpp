#include "reconciler/decide/gates.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "compiler/graph/split.h"
#include "reconciler/decide/revision.h"

namespace sluice::decide {
namespace {

// What a first answer may take: longer than a metrics store is asked.
constexpr Duration kFirstAnswer{60'000};

// Root of a named measure: { value: … }, as plans write `bad.value`.
graph::Value MeasureRoot(const graph::Gate& gate, const std::string& name, const graph::Value& value) {
  const bool named = std::any_of(gate.measures.begin(), gate.measures.end(),
                                 [&](const graph::Measure& measure) { return measure.name == name; });
  const bool wrapped = value.as_map() != nullptr && value.as_map()->Find("value") != nullptr;
  if (!named || name.empty() || wrapped) {
    return value;
  }
  graph::Map map;
  map.Set("value", value);
  return graph::Value(std::move(map));
}

Verdict FromEvaluation(const graph::Evaluation& evaluation, Verdict if_true, Verdict if_false) {
  switch (evaluation.kind) {
    case graph::Evaluation::Kind::kNoData:
      return Verdict::kNoData;
    case graph::Evaluation::Kind::kError:
      return Verdict::kError;
    case graph::Evaluation::Kind::kValue:
      break;
  }
  const bool* says = evaluation.value.as_bool();
  return says == nullptr ? Verdict::kError : *says ? if_true : if_false;
}

// What one sample says by itself, where `common` are the roots of all samples. kOpen: neither passing nor failing.
Verdict OfSample(const Context& context, const graph::Gate& gate, const graph::Roots& common, const Sample& sample) {
  if (sample.kind == graph::Evaluation::Kind::kNoData) {
    return Verdict::kNoData;
  }
  if (sample.kind == graph::Evaluation::Kind::kError || gate.pass == nullptr) {
    return Verdict::kError;
  }
  graph::Roots roots = common;
  for (const auto& [name, value] : sample.values) {
    roots.insert_or_assign(name.empty() ? "value" : name, MeasureRoot(gate, name, value));
  }
  const Verdict pass = FromEvaluation(graph::Evaluate(*gate.pass, context.graph.functions, roots), Verdict::kPass,
                                      gate.fail == nullptr ? Verdict::kFail : Verdict::kOpen);
  if (pass != Verdict::kOpen || gate.fail == nullptr) {
    return pass;
  }
  return FromEvaluation(graph::Evaluate(*gate.fail, context.graph.functions, roots), Verdict::kFail, Verdict::kOpen);
}

std::string Describe(const graph::Gate& gate, const Sample& sample) {
  std::string text = gate.name + ":";
  if (sample.kind != graph::Evaluation::Kind::kValue) {
    return text + (sample.kind == graph::Evaluation::Kind::kNoData ? " no data" : " error") +
           (sample.message.empty() ? "" : ", " + sample.message);
  }
  for (const auto& [name, value] : sample.values) {
    const graph::Value plain = value.as_map() != nullptr ? value.Field("value") : value;
    text += fmt::format(" {} {}", name.empty() ? "value" : name, plain.ToShortText());
  }
  return text;
}

// A gate's samples and what they say, told when it is first asked for: of the many that are kept the newest few decide.
class Series {
 public:
  Series(const Context& context, const graph::Gate& gate, const ObservedGate& observed)
      : context_(context), gate_(gate), observed_(observed), verdicts_(observed.samples.size()) {}

  const graph::Gate& gate() const { return gate_; }
  const std::vector<Sample>& samples() const { return observed_.samples; }
  Verdict VerdictOf(std::size_t sample) const {
    std::optional<Verdict>& verdict = verdicts_[sample];
    if (!verdict) {
      if (!roots_) {
        roots_ = RootsOf(context_, "", "");
      }
      verdict = OfSample(context_, gate_, *roots_, samples()[sample]);
    }
    return *verdict;
  }
  Verdict newest() const { return VerdictOf(samples().size() - 1); }

  // Since when the newest samples all say what the newest one does.
  TimePoint StreakSince() const {
    std::size_t first = samples().size() - 1;
    while (first > 0 && VerdictOf(first - 1) == newest()) {
      --first;
    }
    const TimePoint since = samples()[first].answered_at;
    const auto& streak = observed_.streak_since;
    return first == 0 && streak && *streak < since ? *streak : since;
  }

 private:
  const Context& context_;
  const graph::Gate& gate_;
  const ObservedGate& observed_;
  mutable std::optional<graph::Roots> roots_;
  mutable std::vector<std::optional<Verdict>> verdicts_;
};

// From when on a window may begin for a fail to count.
std::optional<TimePoint> FailsFrom(const Context& context) {
  const Status& status = context.status;
  return status.exposed_at ? status.exposed_at : status.applied.settled_at;
}

Judgement JudgeFails(const Context& context, const Series& series, const Look& look) {
  const std::optional<TimePoint> from = FailsFrom(context);
  std::int32_t looked = 0;
  std::int32_t failing = 0;
  const Sample* decisive = nullptr;
  for (std::size_t i = series.samples().size(); from && i-- > 0 && looked < std::max(1, series.gate().fail_of);) {
    const Sample& sample = series.samples()[i];
    const Verdict verdict = series.VerdictOf(i);
    if (verdict == Verdict::kNoData || verdict == Verdict::kError) {
      continue;
    }
    if (sample.at - series.gate().window < *from || sample.at < look.since) {
      break;
    }
    ++looked;
    if (verdict == Verdict::kFail) {
      ++failing;
      decisive = decisive == nullptr ? &sample : decisive;
    }
  }
  const std::int32_t enough = look.once ? 1 : std::max(1, series.gate().fail_count);
  if (failing < enough) {
    return {};
  }
  std::string evidence = Describe(series.gate(), *decisive);
  if (enough > 1) {
    evidence += fmt::format(" ({} of the last {} samples fail)", failing, looked);
  }
  return {Verdict::kFail, std::move(evidence), graph::Disposition::kNext};
}

Judgement JudgeNewest(const Context& context, const Series& series, const Look& look) {
  const graph::Gate& gate = series.gate();
  const Sample& newest = series.samples().back();
  const Verdict verdict = series.newest();
  const std::optional<TimePoint>& settled = context.status.applied.settled_at;
  if (verdict == Verdict::kPass) {
    const bool counts = settled && newest.at - gate.window >= *settled && newest.at >= look.since;
    return counts ? Judgement{Verdict::kPass, Describe(gate, newest), graph::Disposition::kNext} : Judgement{};
  }
  if (verdict != Verdict::kNoData && verdict != Verdict::kError) {
    return {};
  }
  const bool missing = verdict == Verdict::kNoData;
  const TimePoint since = std::max(series.StreakSince(), look.since);
  const Duration patience = missing ? gate.no_data_for : gate.error_for;
  if (context.now - since < patience) {
    return {};
  }
  return {verdict, fmt::format("{} (for {})", Describe(gate, newest), FormatDuration(context.now - since)),
          missing ? gate.no_data_else : gate.error_else};
}

Judgement JudgeGate(Context& context, const graph::Gate& gate, const ObservedGate& observed, const Look& look) {
  if (observed.samples.empty()) {
    return {};
  }
  const Series series(context, gate, observed);
  Judgement failed = JudgeFails(context, series, look);
  return failed.verdict == Verdict::kFail ? failed : JudgeNewest(context, series, look);
}

void Measure(Context& context, std::uint32_t gate, const GateKey& key, const ObservedGate* observed) {
  const Duration every = std::max(Duration{1'000}, context.graph.gates[gate].every);
  if (observed != nullptr && observed->asked_at) {
    return;
  }
  if (observed != nullptr && !observed->samples.empty()) {
    const TimePoint due = observed->samples.back().answered_at + every;
    if (due > context.now) {
      context.Wake(due);
      return;
    }
  }
  context.decision.actions.emplace_back(
      MeasureGate{key, observed == nullptr ? 1 : std::max<std::int64_t>(1, observed->next_sequence), gate});
}

Judgement Leaf(Context& context, const graph::GateTree& tree, const Look& look) {
  if (tree.gate >= context.graph.gates.size()) {
    return {Verdict::kError, "the graph names a gate that it doesn't have", graph::Disposition::kHold};
  }
  const graph::Gate& gate = context.graph.gates[tree.gate];
  const GateKey key{context.status.run, look.node, look.entry, gate.key};
  const auto found = context.seen.gates.find(key);
  Measure(context, tree.gate, key, found == context.seen.gates.end() ? nullptr : &found->second);
  return found == context.seen.gates.end() ? Judgement{} : JudgeGate(context, gate, found->second, look);
}

// The strongest verdict comes first. What is still open cannot save an `and` whose other part has no data, but it
// may yet be the part that passes an `or`.
constexpr Verdict kAndOrder[] = {Verdict::kFail, Verdict::kError, Verdict::kNoData, Verdict::kOpen, Verdict::kPass};
constexpr Verdict kOrOrder[] = {Verdict::kPass, Verdict::kOpen, Verdict::kError, Verdict::kNoData, Verdict::kFail};

Judgement Combine(const std::vector<Judgement>& parts, const Verdict (&order)[5]) {
  for (const Verdict verdict : order) {
    for (const Judgement& part : parts) {
      if (part.verdict == verdict) {
        return part;
      }
    }
  }
  return {};
}

}  // namespace

Judgement Judge(Context& context, const graph::GateTree& tree, const Look& look) {
  if (tree.kind == graph::GateTree::Kind::kGate) {
    return Leaf(context, tree, look);
  }
  std::vector<Judgement> parts;
  for (const graph::GateTree& child : tree.children) {
    parts.push_back(Judge(context, child, look));
  }
  if (tree.kind == graph::GateTree::Kind::kNot) {
    Judgement part = parts.empty() ? Judgement{} : std::move(parts.front());
    part.verdict = part.verdict == Verdict::kPass   ? Verdict::kFail
                   : part.verdict == Verdict::kFail ? Verdict::kPass
                                                    : part.verdict;
    part.evidence = part.evidence.empty() ? "" : "not " + part.evidence;
    return part;
  }
  return tree.kind == graph::GateTree::Kind::kAnd ? Combine(parts, kAndOrder) : Combine(parts, kOrOrder);
}

TimePoint FirstAnswersBy(const Context& context, const graph::GateTree& tree, const std::string& node,
                         std::int32_t entry) {
  if (tree.kind != graph::GateTree::Kind::kGate) {
    TimePoint by{};
    for (const graph::GateTree& child : tree.children) by = std::max(by, FirstAnswersBy(context, child, node, entry));
    return by;
  }
  // One that isn't there is never measured.
  if (tree.gate >= context.graph.gates.size()) return {};
  const auto found = context.seen.gates.find({context.status.run, node, entry, context.graph.gates[tree.gate].key});
  if (found == context.seen.gates.end()) return context.now + kFirstAnswer;
  return found->second.samples.empty() ? found->second.asked_at.value_or(context.now) + kFirstAnswer : TimePoint{};
}

graph::Roots RootsOf(const Context& context, const std::string& step, const std::string& reason) {
  graph::Roots roots;
  const Status& status = context.status;
  const auto role = [&](const char* name, const Revision& revision) {
    const graph::Workload* workload = revision.empty() ? nullptr : WorkloadOf(context, revision);
    if (workload != nullptr) {
      roots.emplace(name, graph::RoleValue(context.graph, *workload));
    }
  };
  role("stable", status.stable);
  // After the promotion and the way back messages still speak of the revision that the run was about.
  role("candidate", !status.candidate.empty() ? status.candidate
                    : status.history.empty()  ? Revision()
                                              : status.history.back()->revision);
  roots.emplace("step", graph::Value(step));
  roots.emplace("reason", graph::Value(reason));
  roots.emplace("now", graph::Value(context.now));
  if (status.applied.written_at) {
    roots.emplace("since", graph::Value(*status.applied.written_at));
  }
  return roots;
}

}  // namespace sluice::decide
