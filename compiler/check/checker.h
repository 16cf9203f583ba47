// What the checks of all declarations share.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "compiler/check/checked_plan.h"
#include "compiler/check/expression.h"
#include "compiler/check/handles.h"
#include "compiler/check/module.h"
#include "compiler/source/named_files.h"

namespace sluice::check {

// One check of a plan set. Makes declarations' values at their first use.
class Checker : public Instantiator {
 public:
  Checker(const source::SourceSet& sources, source::NamedFiles& named, diagnostics::Emitter& emitter,
          CheckedPlanSet& plan_set);

  std::optional<graph::Value> Instantiate(const Declared& declared, const ScopePtr& scope, Span site,
                                          Context& shared) override;

  // Whether an earlier phase found a mistake in this range: what seems to be missing there may just not
  // have been understood.
  bool Broken(Span span) const;

  // A mistake in a value of a declaration's body. Where the instance was made by a call (`site`), the value
  // came from there: it is reported there, with a label at the clause; unless the body alone is at fault,
  // which was reported when it was checked without a call.
  void Report(const diagnostics::Kind& kind, Span span, Span site, std::string message, std::string note = "");

  // Objects of YAML files that services are made `from`, by where they begin. Those that are no service's own are
  // objects of the plan set.
  struct YamlObject {
    StaticObject object;
    bool adopted = false;
  };

  CheckedPlanSet& plans;
  source::NamedFiles& named_files;
  std::map<std::pair<source::FileId, std::uint32_t>, YamlObject> yaml_objects;
  std::map<std::string, std::string> images;  // see CheckOptions
  // The one of `images` for a service that is declared there; null if it runs what the plan says.
  const std::string* OtherImage(const std::string& service, Span declared) const;
  Context context;

 private:
  std::vector<Span> broken_;
  std::set<std::tuple<const diagnostics::Kind*, source::FileId, std::uint32_t>> at_fault_;
};

// Reads the values of clauses. Each gives nothing where something was reported or is not known yet, also
// for a null expression. `what` names the clause for messages: "`weight`".
class Reader {
 public:
  Reader(Checker& checker, ScopePtr scope, Span site) : checker_(&checker), scope_(std::move(scope)), site_(site) {}

  Checker& checker() const { return *checker_; }
  Context& context() const { return checker_->context; }
  const ScopePtr& scope() const { return scope_; }
  Span site() const { return site_; }
  // The same in an inner scope.
  Reader In(ScopePtr scope) const {
    Reader inner = *this;
    inner.scope_ = std::move(scope);
    return inner;
  }
  // The same for a body that is not carried out: types are checked, nothing has a value.
  Reader TypesOnly() const {
    Reader checking = *this;
    checking.types_only_ = true;
    return checking;
  }
  bool types_only() const { return types_only_; }

  std::optional<graph::Value> Any(const syntax::ExpressionPtr& expression, const std::string& what) const;
  std::optional<graph::Value> Of(const syntax::ExpressionPtr& expression, const Type& type,
                                 const std::string& what) const;
  std::optional<std::string> Text(const syntax::ExpressionPtr& expression, const std::string& what) const;
  std::optional<std::vector<std::string>> Texts(const syntax::ExpressionPtr& expression, const std::string& what) const;
  std::optional<Number> Decimal(const syntax::ExpressionPtr& expression, const std::string& what) const;
  std::optional<Number> Bytes(const syntax::ExpressionPtr& expression, const std::string& what) const;
  // A ratio from `low` to `high`.
  std::optional<Number> Percent(const syntax::ExpressionPtr& expression, const std::string& what, const Number& low,
                                const Number& high) const;
  std::optional<std::int32_t> Int(const syntax::ExpressionPtr& expression, const std::string& what, std::int64_t low,
                                  std::int64_t high) const;
  // A count from 0 or a percent from 0% to `most`.
  std::optional<Amount> CountOrPercent(const syntax::ExpressionPtr& expression, const std::string& what,
                                       const Number& most) const;
  // At least `low`, at most 30 days.
  std::optional<Duration> Time(const syntax::ExpressionPtr& expression, const std::string& what, Duration low) const;
  // The handle of a declared kind; the value keeps it alive.
  template <typename T>
  std::optional<graph::Value> Handle(const syntax::ExpressionPtr& expression, const Type& type,
                                     const std::string& what) const {
    std::optional<graph::Value> value = Of(expression, type, what);
    return value && HandleOf<T>(*value) != nullptr ? value : std::nullopt;
  }
  graph::ExpressionPtr Residual(const syntax::ExpressionPtr& expression, const Type& type,
                                const std::string& what) const;

  void Report(const diagnostics::Kind& kind, Span span, std::string message, std::string note = "") const {
    checker_->Report(kind, span, site_, std::move(message), std::move(note));
  }

 private:
  std::optional<Number> Numeric(const syntax::ExpressionPtr& expression, const Type& type,
                                const std::string& what) const;

  Checker* checker_;
  ScopePtr scope_;
  Span site_;
  bool types_only_ = false;
};

// Which clauses a body has had so far.
class Clauses {
 public:
  Clauses(Checker& checker, const Declared& declared) : checker_(&checker), declared_(&declared) {}

  // Notes a clause that may stand once. False: it stood before, which is reported.
  bool Once(std::string_view word, Span span);
  bool Has(std::string_view word) const;
  // Reports that a clause is missing, unless it was not understood. `example` is put before the closing brace.
  void Missing(std::string_view word, const std::string& example,
               const diagnostics::Kind& kind = diagnostics::kMissingClause) const;

 private:
  struct Seen {
    std::string word;
    Span span;
  };
  Checker* checker_;
  const Declared* declared_;
  std::vector<Seen> seen_;
};

// "`later` is not carried out yet".
void ReportLater(const syntax::Later& later, Context& context);

// An expression that is what it says; never null.
graph::ExpressionPtr LiteralOf(graph::Value value);
// The entries of a map whose names are known. nullopt: they are not.
std::optional<std::vector<std::pair<std::string, graph::ExpressionPtr>>> EntriesOf(const graph::Expression& map);

// One declaration each: its body with the parameters of `scope` bound, or unbound for a check alone.
// nullopt: reported, or a parameter is not bound.
using Made = std::optional<graph::Value>;
Made MakeService(const Declared& declared, const ScopePtr& scope, Checker& checker);
Made MakeRoute(const Declared& declared, const ScopePtr& scope, Checker& checker);
Made MakeObject(const Declared& declared, const ScopePtr& scope, Checker& checker);
Made MakeGate(const Declared& declared, const ScopePtr& scope, Span site, Checker& checker);
Made MakeRouter(const Declared& declared, const ScopePtr& scope, Span site, Checker& checker);
Made MakeProvider(const Declared& declared, const ScopePtr& scope, Span site, Checker& checker);
Made MakeDialect(const Declared& declared, const ScopePtr& scope, Span site, Checker& checker);
Made MakeChannel(const Declared& declared, const ScopePtr& scope, Span site, Checker& checker);
Made MakeStrategy(const Declared& declared, const ScopePtr& scope, Span site, Checker& checker);
void CheckRollout(const Declared& declared, Checker& checker);

// Roles, for gates and messages: `candidate`, and `stable`, which is none before the first promotion.
void AddRoles(Scope& scope);
// `now`, and `since`, when traffic last moved; where parameters don't have these names.
void AddTimes(Scope& scope);

}  // namespace sluice::check
