#include "tests/check/evaluate_text.h"

#include <fmt/format.h>

#include "compiler/graph/expression_codec.h"

namespace sluice::check {
namespace {

std::string Directory(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

}  // namespace

PlanSet::PlanSet(const Files& files) {
  std::vector<ModuleFile> module_files;
  parsed_.reserve(files.size());
  for (const auto& [path, text] : files) {
    const source::FileId id = sources_.Add(path, text);
    parsed_.push_back(syntax::Parse(sources_, id, emitter_));
    module_files.push_back({path, &parsed_.back()});
  }
  checker_ = std::make_unique<Checker>(sources_, named_files_, emitter_, plans_);
  modules_ = BuildModules(module_files, checker_->context);
  CheckFunctions(modules_, checker_->context);
}

std::optional<graph::Value> PlanSet::Let(const std::string& name, const std::string& module) {
  const Module* found = modules_.Find(module);
  const Declared* declared = found != nullptr ? found->Find(DeclarationKind::kLet, name) : nullptr;
  return declared != nullptr ? ValueOf(*declared, checker_->context) : std::nullopt;
}

std::string PlanSet::Diagnostics() const {
  std::string text;
  for (const diagnostics::Diagnostic& diagnostic : emitter_.Sorted()) {
    const source::Position at = sources_.Begin(diagnostic.span);
    const std::string path = sources_.file(diagnostic.span.file).path();
    text += fmt::format("{}{}:{} {} {}\n", Directory(path).empty() ? "" : path + ":", at.line, at.column,
                        diagnostic.kind->code, diagnostic.message);
  }
  return text;
}

Evaluated EvaluateText(const std::string& expression, const std::string& declarations, const Expected& expected,
                       graph::FunctionTable* functions) {
  // The expression stands alone on the first line, so that columns are its own.
  PlanSet set(Files{{"plan.plan", "default x =\n" + expression + "\n" + declarations}});
  const Module& module = *set.modules().Find("");
  const syntax::DefaultDeclaration* declaration = module.FindDefault("x");
  Evaluated result;
  if (declaration != nullptr && declaration->value != nullptr) {
    auto scope = std::make_shared<Scope>(module.FileScope(module.files()[0]->file));
    scope->AddRoot("candidate", RevisionType());
    scope->AddRoot("stable", RevisionType().Optional());
    scope->AddRoot("split", SplitType());
    scope->AddRoot("value", Type::Kind::kPercent);
    scope->AddRoot("response", Type::Kind::kJson);
    scope->AddRoot("object", Type::Map(Type::Kind::kJson));
    result.value = Evaluate(*declaration->value, scope, expected, set.checker().context);
  }
  if (result.value && result.value->is_residual()) {
    result.text = graph::EncodeExpression(**result.value->as_residual());
  } else if (result.value) {
    result.text = result.value->ToText();
  }
  result.diagnostics = set.Diagnostics();
  if (functions != nullptr) {
    *functions = set.functions();
  }
  return result;
}

}  // namespace sluice::check
