#include <fmt/format.h>

#include "compiler/check/checker.h"
#include "compiler/check/request.h"

namespace sluice::check {
namespace {

std::optional<graph::Value> MakeAlias(const Declared& declared, const syntax::Channel& syntax, const ScopePtr& scope,
                                      Checker& checker) {
  const Reader reader(checker, scope, {});
  std::optional<graph::Value> value = reader.Handle<ChannelHandle>(syntax.alias, ChannelType(), "a channel");
  if (!value) {
    return std::nullopt;
  }
  // People know it by the name that the plan gives it.
  auto named = std::make_shared<ChannelInstance>(*HandleOf<ChannelHandle>(*value)->channel());
  named->name = declared.name;
  return graph::Value(std::shared_ptr<const graph::Handle>(std::make_shared<ChannelHandle>(std::move(named))));
}

}  // namespace

Made MakeChannel(const Declared& declared, const ScopePtr& scope, Span site, Checker& checker) {
  const auto& syntax = declared.as<syntax::Channel>();
  if (syntax.alias) {
    return MakeAlias(declared, syntax, scope, checker);
  }
  auto telling = std::make_shared<Scope>(scope);
  telling->AddRoot("message", Type::Kind::kString);
  telling->AddRoot("event", Type::Kind::kJson);
  const Reader reader(checker, telling, site);
  Clauses clauses(checker, declared);
  std::optional<graph::RequestTemplate> request;
  for (const syntax::ProviderItem& item : syntax.items) {
    if (const auto* clause = std::get_if<syntax::Request>(&item)) {
      if (clauses.Once("request", clause->span)) {
        request = ReadRequest(*clause, reader);
      }
    } else if (const auto* require = std::get_if<syntax::Require>(&item)) {
      CheckRequire(*require, scope, site, checker.context);
    } else if (const auto* later = std::get_if<syntax::Later>(&item)) {
      ReportLater(*later, checker.context);
    } else if (const auto* reading = std::get_if<syntax::ReadingClause>(&item)) {
      checker.context
          .Report(diagnostics::kContradictingClauses, reading->span,
                  fmt::format("channel `{}` reads an answer; a channel only tells", declared.name))
          .Emit();
    }
  }
  clauses.Missing("request", "request POST url { body json { text: message } }");
  if (!request) {
    return std::nullopt;
  }
  auto instance = std::make_shared<ChannelInstance>();
  instance->name = declared.name;
  instance->request = std::move(*request);
  instance->span = site.known() ? site : declared.name_span;
  return graph::Value(std::shared_ptr<const graph::Handle>(std::make_shared<ChannelHandle>(std::move(instance))));
}

}  // namespace sluice::check
