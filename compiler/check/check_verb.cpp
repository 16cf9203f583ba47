#include <fmt/format.h>

#include "compiler/check/check_job.h"
#include "compiler/check/steps.h"
#include "compiler/check/words.h"

namespace sluice::check {
namespace {

using diagnostics::Safety;
using Checked = std::variant<Weight, Replicas, MatchLine, Mirror, Hold, Check, Pause, Run, Notify, Promote>;

// Reads one verb. A verb with a mistake in it gives nothing.
class VerbReader {
 public:
  VerbReader(const Reader& reader, const syntax::Verb& verb) : reader_(reader), verb_(verb) {}

  std::optional<Checked> operator()(const syntax::WeightVerb& verb) const {
    std::optional<Number> share = reader_.Percent(verb.share, "`weight`", Number(0), Number(1));
    return share ? std::optional<Checked>(Weight{*share}) : std::nullopt;
  }
  std::optional<Checked> operator()(const syntax::ReplicasVerb& verb) const {
    std::optional<Amount> amount = reader_.CountOrPercent(verb.amount, "`replicas`", Number(10));
    return amount ? std::optional<Checked>(Replicas{*amount}) : std::nullopt;
  }
  std::optional<Checked> operator()(const syntax::MatchVerb& verb) const;
  std::optional<Checked> operator()(const syntax::MirrorVerb& verb) const {
    if (!verb.share) {
      return Mirror{Number(0)};
    }
    std::optional<Number> share = reader_.Percent(verb.share, "`mirror`", Number(0), Number(1));
    return share ? std::optional<Checked>(Mirror{*share}) : std::nullopt;
  }
  std::optional<Checked> operator()(const syntax::HoldVerb& verb) const;
  std::optional<Checked> operator()(const syntax::CheckVerb& verb) const;
  std::optional<Checked> operator()(const syntax::PauseVerb& verb) const;
  std::optional<Checked> operator()(const syntax::RunVerb& verb) const;
  std::optional<Checked> operator()(const syntax::NotifyVerb& verb) const;
  std::optional<Checked> operator()(const syntax::PromoteVerb&) const { return Promote{}; }
  std::optional<Checked> operator()(const syntax::RollbackVerb&) const {
    reader_.context()
        .Report(diagnostics::kVerbNotHere, verb_.span, "`rollback` is no verb: a failure goes back without it")
        .Note("`on failure` runs when all is back; with `hold` as its first word the candidate stays where it is")
        .Fix("leave it out", Safety::kUncertain, verb_.span, "")
        .Emit();
    return std::nullopt;
  }
  std::optional<Checked> operator()(const syntax::Later& later) const {
    ReportLater(later, reader_.context());
    return std::nullopt;
  }

 private:
  std::optional<graph::MatchCondition> Condition(const syntax::MatchCondition& condition) const;
  GatePtr GateOf(const syntax::ExpressionPtr& expression, const char* what) const;
  void MissingBound(const char* example) const;
  std::optional<graph::Disposition> Otherwise(const std::optional<syntax::Else>& otherwise) const {
    return otherwise ? std::optional(DispositionOf(*otherwise)) : std::nullopt;
  }

  const Reader& reader_;
  const syntax::Verb& verb_;
};

GatePtr VerbReader::GateOf(const syntax::ExpressionPtr& expression, const char* what) const {
  std::optional<graph::Value> value = reader_.Handle<GateHandle>(expression, GateType(), what);
  return value ? HandleOf<GateHandle>(*value)->gate() : nullptr;
}

void VerbReader::MissingBound(const char* example) const {
  if (reader_.checker().Broken(verb_.span)) {
    return;
  }
  const Span end{verb_.span.file, verb_.span.end, verb_.span.end};
  reader_.context()
      .Report(diagnostics::kMissingBound, verb_.span,
              fmt::format("`{}` has no `within`, it could wait for ever", verb_.word.text))
      .Fix(fmt::format("add `{}`", example), Safety::kPlaceholder, end, fmt::format(" {}", example))
      .Emit();
}

std::optional<graph::MatchCondition> VerbReader::Condition(const syntax::MatchCondition& condition) const {
  using What = syntax::MatchCondition::What;
  static constexpr const char* kWhats[] = {"header", "cookie", "query", "method", "source"};
  static constexpr const char* kTests[] = {"is", "matches", "in"};
  graph::MatchCondition result;
  result.what = kWhats[static_cast<std::size_t>(condition.what)];
  result.test = kTests[static_cast<std::size_t>(condition.test)];
  const std::string what = fmt::format("`match {}`", result.what);
  if (condition.what != What::kMethod && condition.what != What::kSource) {
    std::optional<std::string> name = reader_.Text(condition.name, what);
    if (!name) {
      return std::nullopt;
    }
    result.name = *name;
  }
  if (condition.test == syntax::MatchCondition::Test::kIn) {
    std::optional<std::vector<std::string>> values = reader_.Texts(condition.value, what);
    if (!values) {
      return std::nullopt;
    }
    result.values = std::move(*values);
    return result;
  }
  std::optional<std::string> value = reader_.Text(condition.value, what);
  if (!value) {
    return std::nullopt;
  }
  result.values.push_back(std::move(*value));
  return result;
}

std::optional<Checked> VerbReader::operator()(const syntax::MatchVerb& verb) const {
  MatchLine line;
  bool complete = true;
  for (const syntax::MatchCondition& condition : verb.conditions) {
    if (std::optional<graph::MatchCondition> read = Condition(condition)) {
      line.match.conditions.push_back(std::move(*read));
    } else {
      complete = false;
    }
  }
  return complete ? std::optional<Checked>(std::move(line)) : std::nullopt;
}

std::optional<Checked> VerbReader::operator()(const syntax::HoldVerb& verb) const {
  std::optional<Duration> duration = reader_.Time(verb.duration, "`hold`", Duration(0));
  GatePtr guard = verb.guard ? GateOf(verb.guard, "`while`") : nullptr;
  if (!duration || (verb.guard && !guard)) {
    return std::nullopt;
  }
  return Hold{*duration, std::move(guard), Otherwise(verb.otherwise)};
}

std::optional<Checked> VerbReader::operator()(const syntax::CheckVerb& verb) const {
  Check check;
  check.gate = GateOf(verb.gate, "`check`");
  check.within = reader_.Time(verb.within, "`within`", Duration(1000));
  check.otherwise = Otherwise(verb.otherwise);
  if (!verb.within) {
    MissingBound("within 10m else rollback");
  }
  return check.gate && check.within ? std::optional<Checked>(std::move(check)) : std::nullopt;
}

std::optional<Checked> VerbReader::operator()(const syntax::PauseVerb& verb) const {
  Pause pause;
  pause.approver = reader_.Text(verb.approver, "`approved by`");
  pause.within = reader_.Time(verb.within, "`within`", Duration(1000));
  pause.otherwise = Otherwise(verb.otherwise);
  if (verb.quorum) {
    pause.quorum = reader_.Int(verb.quorum, "`quorum`", 1, 100).value_or(1);
  }
  if (!verb.within) {
    MissingBound("within 24h else rollback");
  }
  if (!verb.approver && !reader_.checker().Broken(verb_.span)) {
    const Span word = verb.approved.value_or(verb_.word.span);
    const Span behind{word.file, word.end, word.end};
    const std::string missing = verb.approved ? "by \"GROUP\"" : "until approved by \"GROUP\"";
    reader_.context()
        .Report(diagnostics::kMissingApprover, word, "`pause` does not say who may end it")
        .Fix(fmt::format("add `{}`", missing), Safety::kPlaceholder, behind, " " + missing)
        .Emit();
  } else if (pause.approver && pause.approver->empty()) {
    reader_.Report(diagnostics::kMissingApprover, verb.approver->span, "the group that approves has an empty name");
  }
  return pause.within && pause.approver ? std::optional<Checked>(std::move(pause)) : std::nullopt;
}

std::optional<Checked> VerbReader::operator()(const syntax::RunVerb& verb) const {
  Run run;
  // Not `stable`: a first install runs its Jobs, and has none.
  auto running = std::make_shared<Scope>(reader_.scope());
  running->AddRoot("candidate", RevisionType());
  running->AddRoot("step", Type::Kind::kString);
  AddTimes(*running);
  const std::optional<graph::Value> value = reader_.In(running).Handle<JobHandle>(verb.job, JobType(), "`run`");
  std::optional<Job> job = value ? ReadJob(*HandleOf<JobHandle>(*value), reader_) : std::nullopt;
  const std::optional<Duration> within = reader_.Time(verb.within, "`within`", Duration(1000));
  if (verb.retry) {
    run.retries = reader_.Int(verb.retry, "`retry`", 0, 10).value_or(0);
  }
  run.otherwise = Otherwise(verb.otherwise);
  if (!verb.within) {
    MissingBound("within 10m");
  }
  if (!job || !within) {
    return std::nullopt;
  }
  if (job->timeout && job->timeout->value > *within) {
    reader_.Report(diagnostics::kContradictingClauses, job->timeout->span,
                   fmt::format("one attempt may take {}, all of them together {}", FormatDuration(job->timeout->value),
                               FormatDuration(*within)),
                   "`within` bounds all attempts, `timeout` a single one");
    return std::nullopt;
  }
  run.job = *std::move(job);
  run.within = *within;
  return run;
}

std::optional<Checked> VerbReader::operator()(const syntax::NotifyVerb& verb) const {
  std::optional<graph::Value> channel = reader_.Handle<ChannelHandle>(verb.channel, ChannelType(), "`notify`");
  auto telling = std::make_shared<Scope>(reader_.scope());
  AddRoles(*telling);
  for (const char* root : {"step", "reason"}) {
    telling->AddRoot(root, Type::Kind::kString);
  }
  AddTimes(*telling);
  graph::ExpressionPtr message = reader_.In(telling).Residual(verb.message, Type::Kind::kString, "`notify`");
  if (!channel || !message) {
    return std::nullopt;
  }
  return Notify{HandleOf<ChannelHandle>(*channel)->channel(), std::move(message)};
}

// The first value of a verb: where an author would change it.
Span ValueSpan(const syntax::Verb& verb) {
  auto span = [&](const syntax::ExpressionPtr& expression) { return expression ? expression->span : verb.span; };
  struct First {
    decltype(span)& of;
    const syntax::Verb& verb;
    Span operator()(const syntax::WeightVerb& v) const { return of(v.share); }
    Span operator()(const syntax::ReplicasVerb& v) const { return of(v.amount); }
    Span operator()(const syntax::MatchVerb& v) const {
      return v.conditions.empty() ? verb.span : v.conditions[0].span;
    }
    Span operator()(const syntax::MirrorVerb& v) const { return of(v.share); }
    Span operator()(const syntax::HoldVerb& v) const { return of(v.duration); }
    Span operator()(const syntax::CheckVerb& v) const { return of(v.gate); }
    Span operator()(const syntax::PauseVerb& v) const { return of(v.approver); }
    Span operator()(const syntax::RunVerb& v) const { return of(v.job); }
    Span operator()(const syntax::NotifyVerb& v) const { return of(v.channel); }
    Span operator()(const syntax::PromoteVerb&) const { return verb.span; }
    Span operator()(const syntax::RollbackVerb&) const { return verb.span; }
    Span operator()(const syntax::Later&) const { return verb.span; }
  };
  return std::visit(First{span, verb}, verb.verb);
}

}  // namespace

std::vector<Verb> ReadVerbs(const std::vector<syntax::Verb>& verbs, const Reader& reader) {
  std::vector<Verb> result;
  for (const syntax::Verb& syntax : verbs) {
    std::optional<Checked> checked = std::visit(VerbReader(reader, syntax), syntax.verb);
    if (!checked) {
      continue;
    }
    Verb verb;
    verb.verb = std::move(*checked);
    verb.word = syntax.word.text;
    verb.as = syntax.as ? std::optional(syntax.as->text) : std::nullopt;
    verb.definition = syntax.span;
    verb.span = reader.site().known() ? reader.site() : syntax.span;
    verb.value_span = reader.site().known() ? reader.site() : ValueSpan(syntax);
    result.push_back(std::move(verb));
  }
  return result;
}

}  // namespace sluice::check
