#include <fmt/format.h>

#include "compiler/base/text.h"
#include "compiler/check/steps.h"
#include "compiler/check/words.h"
#include "compiler/kubernetes/names.h"

namespace sluice::check {
namespace {

// `default.router`, as a plan would write it.
syntax::Expression DefaultRouter() {
  syntax::Member access;
  access.object = std::make_unique<syntax::Expression>();
  access.object->node = syntax::NameReference{"default"};
  access.name.text = "router";
  syntax::Expression whole;
  whole.node = std::move(access);
  return whole;
}

class RolloutBody {
 public:
  RolloutBody(const Declared& declared, Checker& checker, Rollout& rollout)
      : declared_(declared), reader_(checker, declared.scope, {}), clauses_(checker, declared), rollout_(rollout) {}

  void operator()(const syntax::RolloutClause& clause);
  void operator()(const syntax::CapacityClause& clause);
  void operator()(const syntax::DeadlineClause& clause);
  void operator()(const syntax::KeepPreviousClause& clause);
  void operator()(const syntax::FastTrackClause& clause);
  void operator()(const syntax::OnClause& clause);
  void operator()(const syntax::OnRemovalClause& clause);
  void operator()(const syntax::Step& step) { ReadStep(step, reader_, drafts_); }
  void operator()(const syntax::Require& require) { CheckRequire(require, reader_.scope(), {}, reader_.context()); }
  void operator()(const syntax::Later& later) { ReportLater(later, reader_.context()); }
  void Finish();

 private:
  // The service or route that a clause names: by an expression, or by text where its declaration is repeated.
  template <typename Handle>
  std::optional<graph::Value> Named(const syntax::ExpressionPtr& value, DeclarationKind kind, const std::string& what);
  std::optional<graph::Value> ByText(const syntax::ExpressionPtr& value, DeclarationKind kind, const std::string& what);
  void Deploy(const syntax::ExpressionPtr& value);
  void Through(const syntax::ExpressionPtr& value);
  void Using(const syntax::ExpressionPtr& value);
  void Watch(const syntax::ExpressionPtr& value);

  const Declared& declared_;
  Reader reader_;
  Clauses clauses_;
  Rollout& rollout_;
  std::vector<StepDraft> drafts_;
  Span deletes_span_;  // of `on removal delete`
};

std::optional<graph::Value> RolloutBody::ByText(const syntax::ExpressionPtr& value, DeclarationKind kind,
                                                const std::string& what) {
  std::optional<std::string> name = reader_.Text(value, what);
  if (!name) {
    return std::nullopt;
  }
  if (const Declared* declared = declared_.module->Find(kind, *name)) {
    declared->used = true;
    return ValueOf(*declared, reader_.context());
  }
  std::vector<std::string> names;
  for (const auto& declared : declared_.module->declarations()) {
    if (declared->kind == kind) {
      names.push_back(declared->name);
    }
  }
  diagnostics::Builder report = reader_.context().Report(
      diagnostics::kUnknownName, value->span, fmt::format("there is no {} `{}` here", DeclarationWord(kind), *name));
  const std::vector<std::string> similar = SimilarNames(*name, names);
  if (!similar.empty()) {
    report.Note(fmt::format("there is `{}`", similar.front()));
  }
  return std::nullopt;
}

template <typename Handle>
std::optional<graph::Value> RolloutBody::Named(const syntax::ExpressionPtr& value, DeclarationKind kind,
                                               const std::string& what) {
  if (std::holds_alternative<syntax::StringLiteral>(value->node)) {
    return ByText(value, kind, what);
  }
  return reader_.Handle<Handle>(value, InstanceType(kind), what);
}

void RolloutBody::Deploy(const syntax::ExpressionPtr& value) {
  rollout_.deploy_span = value->span;
  if (std::optional<graph::Value> service = Named<ServiceHandle>(value, DeclarationKind::kService, "`deploy`")) {
    rollout_.service = HandleOf<ServiceHandle>(*service)->service();
  }
}

void RolloutBody::Through(const syntax::ExpressionPtr& value) {
  rollout_.through_span = value->span;
  if (std::optional<graph::Value> route = Named<RouteHandle>(value, DeclarationKind::kRoute, "`through`")) {
    rollout_.route = HandleOf<RouteHandle>(*route)->route();
    rollout_.router = rollout_.route->router;
  }
}

void RolloutBody::Using(const syntax::ExpressionPtr& value) {
  std::optional<graph::Value> strategy = reader_.Handle<StrategyHandle>(value, StrategyType(), "`using`");
  if (!strategy) {
    rollout_.incomplete = true;
    return;
  }
  for (Suppression allow : HandleOf<StrategyHandle>(*strategy)->allowed()) {
    allow.declaration = value->span;
    allow.library = true;
    reader_.checker().plans.suppressions.push_back(std::move(allow));
  }
  // Seen from the rollout, all of a strategy stands where it is used.
  for (StepDraft draft : HandleOf<StrategyHandle>(*strategy)->steps()) {
    draft.step.span = value->span;
    for (Verb& verb : draft.step.verbs) {
      verb.span = value->span;
      verb.value_span = value->span;
    }
    drafts_.push_back(std::move(draft));
  }
}

void RolloutBody::Watch(const syntax::ExpressionPtr& value) {
  if (std::optional<graph::Value> gate = reader_.Handle<GateHandle>(value, GateType(), "`watch`")) {
    rollout_.watch = HandleOf<GateHandle>(*gate)->gate();
  }
}

void RolloutBody::operator()(const syntax::RolloutClause& clause) {
  const std::string& word = clause.word.text;
  if (!clauses_.Once(word, clause.word.span) || clause.value == nullptr) {
    return;
  }
  const Span span = clause.value->span;
  if (word == "deploy") {
    Deploy(clause.value);
  } else if (word == "through") {
    Through(clause.value);
  } else if (word == "using") {
    Using(clause.value);
  } else if (word == "watch") {
    Watch(clause.value);
  } else if (word == "tolerance") {
    if (std::optional<Number> share = reader_.Percent(clause.value, "`tolerance`", Number(0), Number(1))) {
      rollout_.tolerance = {*share, span};
    }
  } else if (word == "drain") {
    if (std::optional<Duration> time = reader_.Time(clause.value, "`drain`", Duration(0))) {
      rollout_.drain = {*time, span};
    }
  }
}

void RolloutBody::operator()(const syntax::CapacityClause& clause) {
  if (clauses_.Once("capacity", clause.span)) {
    rollout_.capacity_shared = {clause.what.text == "shared", clause.what.span};
  }
}

void RolloutBody::operator()(const syntax::DeadlineClause& clause) {
  if (!clauses_.Once("deadline", clause.span)) {
    return;
  }
  if (std::optional<Duration> time = reader_.Time(clause.value, "`deadline`", Duration(60'000))) {
    rollout_.deadline = {*time, clause.value->span};
  }
  rollout_.deadline_else = clause.otherwise ? std::optional(DispositionOf(*clause.otherwise)) : std::nullopt;
}

void RolloutBody::operator()(const syntax::KeepPreviousClause& clause) {
  if (!clauses_.Once("keep previous", clause.span)) {
    return;
  }
  if (std::optional<Duration> time = reader_.Time(clause.value, "`keep previous`", Duration(0))) {
    rollout_.keep_previous = {*time, clause.value->span};
  }
}

void RolloutBody::operator()(const syntax::FastTrackClause& clause) {
  if (!clauses_.Once("fast-track", clause.span)) {
    return;
  }
  // The executor keeps at most so many bundles of promoted revisions.
  if (std::optional<std::int32_t> count = reader_.Int(clause.revisions, "`fast-track`", 0, 10)) {
    rollout_.fast_track = {*count, clause.revisions->span};
  }
}

void RolloutBody::operator()(const syntax::OnClause& clause) {
  const bool failure = clause.event == syntax::OnClause::Event::kFailure;
  if (!clauses_.Once(failure ? "on failure" : "on success", clause.span)) {
    return;
  }
  std::vector<Verb>& verbs = failure ? rollout_.on_failure : rollout_.on_success;
  verbs = ReadVerbs(clause.verbs, reader_);
  rollout_.incomplete = rollout_.incomplete || verbs.size() < clause.verbs.size();
  rollout_.hold_on_failure = rollout_.hold_on_failure || (failure && clause.hold);
}

void RolloutBody::operator()(const syntax::OnRemovalClause& clause) {
  if (clauses_.Once("on removal", clause.span)) {
    rollout_.delete_on_removal = clause.what.text != "orphan";
    deletes_span_ = rollout_.delete_on_removal ? clause.what.span : Span();
  }
}

void RolloutBody::Finish() {
  clauses_.Missing("deploy", "deploy SERVICE");
  if (deletes_span_.known() && rollout_.service != nullptr && rollout_.service->adopted) {
    reader_.context()
        .Report(
            diagnostics::kAdoptionRefused, deletes_span_,
            fmt::format("service `{}` was there before its rollout, which doesn't delete it", rollout_.service->name))
        .Label(rollout_.service->adopted->span, "it is taken over by this")
        .Note("write `on removal orphan`, or leave it out")
        .Emit();
  }
  if (drafts_.empty() && !clauses_.Has("using")) {
    clauses_.Missing("step", "step full { weight 100% }");
    rollout_.incomplete = true;
  }
  rollout_.steps = ResolveSteps(std::move(drafts_), declared_.name, reader_.checker());
  for (const Step& step : rollout_.steps) {
    rollout_.incomplete = rollout_.incomplete || step.incomplete;
  }
  if (!clauses_.Has("through")) {
    static const syntax::Expression kDefaultRouter = DefaultRouter();
    std::optional<graph::Value> router = Evaluate(
        kDefaultRouter, declared_.scope, Expected{RouterType(), "a rollout", Stage::kCompileTime}, reader_.context());
    const RouterHandle* handle = router ? HandleOf<RouterHandle>(*router) : nullptr;
    rollout_.router = handle != nullptr ? handle->router() : nullptr;
  }
  if (rollout_.service != nullptr && rollout_.route != nullptr && !rollout_.route->namespace_.empty() &&
      rollout_.route->namespace_ != rollout_.service->namespace_) {
    reader_.context()
        .Report(diagnostics::kOtherNamespace, rollout_.through_span,
                fmt::format("route `{}` lies in namespace `{}`, service `{}` in `{}`", rollout_.route->name,
                            rollout_.route->namespace_, rollout_.service->name, rollout_.service->namespace_))
        .Label(rollout_.route->span, "the route")
        .Label(rollout_.service->span, "the service")
        .Note("a rollout writes objects of its own namespace only")
        .Emit();
  }
}

}  // namespace

void CheckRollout(const Declared& declared, Checker& checker) {
  auto rollout = std::make_unique<Rollout>();
  rollout->name = declared.name;
  rollout->span = declared.name_span;
  rollout->declaration = declared.syntax->keyword;
  if (std::optional<std::string> fault = kubernetes::FaultOfServiceName(declared.name, kubernetes::kMaxServiceName)) {
    checker.context
        .Report(diagnostics::kRefusedName, declared.name_span,
                fmt::format("rollout name `{}` {}", declared.name, *fault))
        .Emit();
  }
  RolloutBody body(declared, checker, *rollout);
  for (const syntax::RolloutItem& item : declared.as<syntax::Rollout>().items) {
    std::visit(body, item);
  }
  body.Finish();
  checker.plans.rollouts.push_back(std::move(rollout));
}

}  // namespace sluice::check
