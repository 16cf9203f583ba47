#include <fmt/format.h>

#include "compiler/base/hash.h"
#include "compiler/check/checker.h"
#include "compiler/check/request.h"

namespace sluice::check {
namespace {

// Where a function of a provider is, for messages.
std::string FunctionName(const Declared& declared, const syntax::ProviderFunction& function) {
  return fmt::format("`{}` of provider `{}`", function.name.text, declared.name);
}

graph::ExpressionPtr EitherOf(graph::ExpressionPtr a, graph::ExpressionPtr b) {
  if (!a || !b) {
    return a ? a : b;
  }
  auto either = std::make_shared<graph::Expression>();
  either->operation = graph::Operation::kOr;
  either->operands = {std::move(a), std::move(b)};
  return either;
}

// The body of one function of a provider.
class MeasurementBody {
 public:
  MeasurementBody(const Reader& reader, std::string name, Span name_span)
      : reader_(reader), name_(std::move(name)), name_span_(name_span) {
    auto asked = std::make_shared<Scope>(reader.scope());
    AddTimes(*asked);
    asked_ = asked;
    auto answered = std::make_shared<Scope>(asked_);
    answered->AddRoot("response", Type::Kind::kJson);
    answered_ = std::move(answered);
  }

  void operator()(const syntax::Request& request) {
    if (Once("request", request_span_, request.span)) {
      if (std::optional<graph::RequestTemplate> read = ReadRequest(request, reader_.In(asked_))) {
        measure_.request = std::move(*read);
        has_request_ = true;
      }
    }
  }
  void operator()(const syntax::ReadingClause& clause);
  void operator()(const syntax::Require& require) {
    if (!CheckRequire(require, reader_.scope(), reader_.site(), reader_.context())) {
      failed_ = true;
    }
  }
  void operator()(const syntax::Later& later) {
    ReportLater(later, reader_.context());
    later_ = true;
  }

  std::optional<graph::Measure> Finish(Span whole);

 private:
  bool Once(std::string_view word, Span& first, Span span) {
    if (!first.known()) {
      first = span;
      return true;
    }
    reader_.context()
        .Report(diagnostics::kDuplicateClause, span, fmt::format("{} has `{}` twice", name_, word))
        .Label(first, "the first one")
        .Emit();
    return false;
  }

  const Reader& reader_;
  bool later_ = false;
  std::string name_;
  Span name_span_;
  ScopePtr asked_, answered_;
  graph::Measure measure_;
  Span request_span_, value_span_, at_span_;
  bool has_request_ = false;
  bool failed_ = false;
};

void MeasurementBody::operator()(const syntax::ReadingClause& clause) {
  using What = syntax::ReadingClause::What;
  const Reader answered = reader_.In(answered_);
  switch (clause.what) {
    case What::kNoDataWhen:
      measure_.no_data_when =
          EitherOf(measure_.no_data_when, answered.Residual(clause.value, Type::Kind::kBool, "`no-data when`"));
      return;
    case What::kErrorWhen:
      measure_.error_when =
          EitherOf(measure_.error_when, answered.Residual(clause.value, Type::Kind::kBool, "`error when`"));
      return;
    case What::kValue:
      if (Once("value", value_span_, clause.span)) {
        measure_.value = answered.Residual(clause.value, Type(Type::Kind::kDecimal).Optional(), "`value`");
      }
      return;
    case What::kAt:
      if (Once("at", at_span_, clause.span)) {
        measure_.at = answered.Residual(clause.value, Type(Type::Kind::kDate).Optional(), "`at`");
      }
      return;
  }
}

std::optional<graph::Measure> MeasurementBody::Finish(Span whole) {
  if (!reader_.checker().Broken(whole)) {
    // A `read` would be what a request is.
    if (!request_span_.known() && !later_) {
      reader_.context()
          .Report(diagnostics::kMissingClause, name_span_, fmt::format("{} has no `request`", name_))
          .Emit();
    }
    if (!value_span_.known()) {
      reader_.context().Report(diagnostics::kMissingClause, name_span_, fmt::format("{} has no `value`", name_)).Emit();
    }
  }
  return has_request_ && measure_.value && !failed_ ? std::optional(measure_) : std::nullopt;
}

std::optional<graph::Value> Measurement(const Declared& declared, const syntax::ProviderFunction& function,
                                        const ScopePtr& arguments, Span site, Checker& checker) {
  const Reader reader(checker, arguments, site);
  MeasurementBody body(reader, FunctionName(declared, function), function.name.span);
  for (const syntax::ProviderItem& item : function.items) {
    std::visit(body, item);
  }
  std::optional<graph::Measure> measure = body.Finish(function.span);
  if (!measure) {
    return std::nullopt;
  }
  return graph::Value(std::shared_ptr<const graph::Handle>(std::make_shared<MeasurementHandle>(std::move(*measure))));
}

void CheckResult(const Declared& declared, const syntax::ProviderFunction& function, const ScopePtr& scope,
                 Checker& checker) {
  const Type result = ResolveType(function.result, scope, checker.context);
  if (result.is_error() || result == MeasurementType()) {
    return;
  }
  checker.context
      .Report(diagnostics::kWrongClauseValue, function.result.span,
              fmt::format("{} gives {}, it must give a measurement", FunctionName(declared, function), result.Phrase()))
      .Emit();
}

// Tells instances apart by what their parameters are bound to; "" without parameters.
std::string InstanceKey(const Scope& scope) {
  std::string bound;
  for (const Binding& binding : scope.bindings()) {
    bound += fmt::format("{}={}\n", binding.name, binding.value ? binding.value->ToText() : "");
  }
  return bound.empty() ? "" : "#" + Sha256(bound).substr(0, 8);
}

}  // namespace

Made MakeProvider(const Declared& declared, const ScopePtr& scope, Span site, Checker& checker) {
  const auto& provider = declared.as<syntax::Provider>();
  for (const syntax::Require& require : provider.requires_) {
    if (!CheckRequire(require, scope, site, checker.context)) {
      return std::nullopt;
    }
  }
  auto library = std::make_shared<Library>("metrics-source");
  for (const syntax::ProviderFunction& function : provider.functions) {
    library->Add(function.name.text, [&declared, &function, scope, &checker](Context& context) {
      std::shared_ptr<const Signature> signature =
          MakeSignature(function.name.text, function.name.span, function.parameters, MeasurementType(), scope, context);
      return MakeCallable(std::move(signature), scope,
                          [&declared, &function, &checker](const ScopePtr& arguments, Span call, Context&) {
                            return Measurement(declared, function, arguments, call, checker);
                          });
    });
    if (!site.known()) {
      // Each body once, before anything calls it.
      CheckResult(declared, function, scope, checker);
      std::shared_ptr<const Signature> signature = MakeSignature(
          function.name.text, function.name.span, function.parameters, MeasurementType(), scope, checker.context);
      Measurement(declared, function, UnboundScope(*signature, scope), {}, checker);
    }
  }
  return graph::Value(std::shared_ptr<const graph::Handle>(std::move(library)));
}

Made MakeDialect(const Declared& declared, const ScopePtr& scope, Span site, Checker& checker) {
  auto library = std::make_shared<Library>("dialect");
  // Functions see the parameters of their instance: instances with other parameters are other functions.
  const std::string instance = InstanceKey(*scope);
  for (const syntax::FunctionDeclaration& function : declared.as<syntax::Dialect>().functions) {
    const std::string qualified =
        fmt::format("{}/{}{}.{}", declared.module->path(), declared.name, instance, function.name.text);
    library->Add(function.name.text, [&function, scope, qualified](Context& context) {
      return MakeFunction(function, scope, qualified, context);
    });
    if (!site.known()) {
      MakeFunction(function, scope, qualified, checker.context);
    }
  }
  return graph::Value(std::shared_ptr<const graph::Handle>(std::move(library)));
}

}  // namespace sluice::check
