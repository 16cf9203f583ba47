// From names to what they stand for.

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "compiler/base/text.h"
#include "compiler/check/module.h"
#include "compiler/check/state.h"
#include "compiler/diagnostics/diagnostic.h"

namespace sluice::check {
namespace {

constexpr DeclarationKind kFirstInstance = DeclarationKind::kService;

std::vector<const Declared*> Instances(const Module& module, std::string_view name) {
  std::vector<const Declared*> found;
  for (int kind = static_cast<int>(kFirstInstance); kind < kDeclarationKinds; ++kind) {
    if (const Declared* declared = module.Find(static_cast<DeclarationKind>(kind), name)) {
      found.push_back(declared);
    }
  }
  return found;
}

const Declared* FunctionOrLet(const Module& module, std::string_view name) {
  const Declared* declared = module.Find(DeclarationKind::kLet, name);
  return declared != nullptr ? declared : module.Find(DeclarationKind::kFunction, name);
}

// Of several, the one whose instances are expected. Null: they can't be told apart.
const Declared* Meant(const std::vector<const Declared*>& found, const Type& expected) {
  if (found.size() == 1) {
    return found[0];
  }
  const auto at = std::find_if(found.begin(), found.end(), [&](const Declared* declared) {
    return !expected.name().empty() && InstanceType(declared->kind).name() == expected.name();
  });
  if (at != found.end()) {
    return *at;
  }
  // A rollout is no value: what shares its name is meant.
  const auto is_value = [](const Declared* declared) { return declared->kind != DeclarationKind::kRollout; };
  const bool one = std::count_if(found.begin(), found.end(), is_value) == 1;
  return one ? *std::find_if(found.begin(), found.end(), is_value) : nullptr;
}

Resolved ToResolved(const Declared& declared, Span use, Context& context) {
  declared.used = true;
  Context::State& state = context.state();
  if (declared.kind == DeclarationKind::kFunction && state.checking != nullptr) {
    state.calls[state.checking].emplace_back(&declared, use);
  }
  Resolved resolved;
  resolved.kind = Resolved::Kind::kDeclared;
  resolved.declared = &declared;
  return resolved;
}

void ReportAmbiguous(std::string_view name, Span span, const std::vector<const Declared*>& found, Context& context) {
  std::vector<std::string> kinds;
  for (const Declared* declared : found) {
    kinds.emplace_back(DeclarationWord(declared->kind));
  }
  auto builder = context.Report(diagnostics::kAmbiguousName, span,
                                fmt::format("`{}` is the name of a {}", name, JoinWords(kinds, "and a")));
  for (const Declared* declared : found) {
    builder.Label(declared->name_span, fmt::format("the {}", DeclarationWord(declared->kind)));
  }
}

std::vector<std::string> ModuleNames(const Module& module) {
  std::vector<std::string> names;
  for (const auto& declared : module.declarations()) {
    names.push_back(declared->name);
  }
  return names;
}

// Every name that could be written at this place.
std::vector<std::string> VisibleNames(const ScopePtr& scope) {
  std::vector<std::string> names = scope->Names();
  if (const Module* module = scope->module()) {
    const std::vector<std::string> declared = ModuleNames(*module);
    names.insert(names.end(), declared.begin(), declared.end());
    for (const auto& [name, import] : module->imports(scope->file())) {
      names.push_back(name);
    }
  }
  for (const graph::Builtin& builtin : graph::Builtins()) {
    names.emplace_back(builtin.name);
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

bool IsNumber(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// `a-b` where `a` and `b` are known: "a - b". Numbers count as known.
std::string Subtraction(std::string_view name, const std::vector<std::string>& visible) {
  const auto known = [&](std::string_view part) {
    return IsNumber(part) || std::binary_search(visible.begin(), visible.end(), std::string(part));
  };
  std::string text;
  for (std::size_t begin = 0; begin < name.size();) {
    // The longest part that is known.
    std::size_t end = name.size();
    while (end != std::string_view::npos && end > begin && !known(name.substr(begin, end - begin))) {
      end = end > begin ? name.rfind('-', end - 1) : std::string_view::npos;
    }
    if (end == std::string_view::npos || end <= begin) {
      return "";
    }
    text += (text.empty() ? "" : " - ") + std::string(name.substr(begin, end - begin));
    begin = end + 1;
  }
  return text;
}

void SuggestNames(diagnostics::Builder& builder, Span span, const std::vector<std::string>& similar) {
  for (const std::string& name : similar) {
    builder.Fix(fmt::format("write `{}`", name), diagnostics::Safety::kUncertain, span, name);
  }
}

std::string Did(const std::vector<std::string>& similar) {
  return similar.empty() ? "" : fmt::format("did you mean `{}`?", similar[0]);
}

// The import goes below the file's last one, else to its top.
std::pair<Span, std::string> ImportEdit(const std::string& name, Span span, const ScopePtr& scope,
                                        const Context& context) {
  const std::string import = "import std." + name;
  std::string edit = import + "\n\n";
  const bool marked = context.sources().file(span.file).text().substr(0, 3) == "\xEF\xBB\xBF";  // a byte order mark
  Span at{span.file, marked ? 3U : 0U, marked ? 3U : 0U};
  if (scope->module() != nullptr) {
    for (const auto& [bound, binding] : scope->module()->imports(span.file)) {
      at.begin = at.end = std::max(at.end, binding.syntax->span.end);
      edit = "\n" + import;
    }
  }
  return {at, edit};
}

void SuggestImport(diagnostics::Builder& builder, const std::string& name, Span span, const ScopePtr& scope,
                   const Context& context) {
  builder.Fix({fmt::format("import it: `import std.{}`", name),
               diagnostics::Safety::kSafe,
               {ImportEdit(name, span, scope, context)}});
}

// `canary(…)` for `strategies.canary(…)`.
void SuggestLibrary(diagnostics::Builder& builder, const std::string& library, const std::string& name, Span span,
                    const ScopePtr& scope, const Context& context) {
  const std::string full = library + "." + name;
  diagnostics::Fix fix{fmt::format("write `{}`", full), diagnostics::Safety::kSafe, {{span, full}}};
  const Module* module = scope->module();
  if (module == nullptr || module->imports(span.file).count(library) == 0) {
    fix.title += fmt::format(" and import it: `import std.{}`", library);
    fix.edits.push_back(ImportEdit(library, span, scope, context));
  }
  builder.At(fmt::format("`std.{}` has one", library)).Fix(std::move(fix));
}

// What the standard library will hold, by module.
bool IsLater(std::string_view module, std::string_view name) {
  static const std::map<std::string_view, std::set<std::string_view>> kLater = {
      {"std/routers", {"istio", "linkerd", "nginx", "traefik"}},
      {"std/providers", {"datadog", "cloudwatch", "newrelic", "graphite", "influxdb", "kubernetes"}},
      {"std/dialects", {"istio", "linkerd", "nginx", "envoy", "traefik"}},
      {"std/gates", {"saturation", "restarts", "compare", "drift", "webhook"}},
      {"std/strategies", {"exponential", "ab-test", "shadow"}},
      {"std/channels", {"slack", "teams", "pagerduty", "opsgenie", "alertmanager"}},
  };
  const auto found = kLater.find(module);
  return found != kLater.end() && found->second.count(name) != 0;
}

// Where a name of the cluster has a value; "" for other names.
std::string RootHint(std::string_view name) {
  static constexpr std::pair<std::string_view, std::string_view> kRoots[] = {
      {"candidate", "in gates, in the `settled` of a router, and in the messages of `notify`"},
      {"stable", "in gates, in the `settled` of a router, and in the messages of `notify`"},
      {"step", "in the messages of `notify`"},
      {"reason", "in the messages of `notify`"},
      {"now", "in gates, providers and the messages of `notify`"},
      {"since", "in gates, providers and the messages of `notify`"},
      {"value", "in the `pass` and `fail` of a gate whose `measure` has no name"},
      {"response", "in the clauses of a provider"},
      {"split", "in the objects of a router"},
      {"object", "in the `settled` of a router"},
      {"message", "in the request of a channel"},
      {"event", "in the request of a channel"}};
  for (const auto& [root, place] : kRoots) {
    if (root == name) {
      return fmt::format("`{}` has a value {}", root, place);
    }
  }
  return "";
}

void ReportUnknown(const std::string& name, Span span, const ScopePtr& scope, const Type& expected, Context& context) {
  if (name == "cluster") {
    context.Report(diagnostics::kNotYetSupported, span, "`cluster` is not carried out yet").Emit();
    return;
  }
  const std::vector<std::string> visible = VisibleNames(scope);
  auto builder = context.Report(diagnostics::kUnknownName, span, fmt::format("nothing is called `{}` here", name));
  if (IsLibrary(name)) {
    SuggestImport(builder, name, span, scope, context);
    return;
  }
  if (const std::string library = LibraryWith(name, context); !library.empty()) {
    SuggestLibrary(builder, library, name, span, scope, context);
    return;
  }
  if (const std::string root = RootHint(name); !root.empty()) {
    builder.Note(root);
    return;
  }
  const std::string subtraction = name.find('-') != std::string::npos ? Subtraction(name, visible) : "";
  if (!subtraction.empty() && subtraction != name) {
    builder.At("a name may hold dashes; a subtraction needs spaces")
        .Fix(fmt::format("subtract: `{}`", subtraction), diagnostics::Safety::kUncertain, span, subtraction);
    return;
  }
  const std::vector<std::string> similar = SimilarNames(name, visible);
  builder.At(Did(similar));
  SuggestNames(builder, span, similar);
  if (similar.empty() && expected.is(Type::Kind::kString)) {
    builder.At("a text stands in double quotes")
        .Fix("put it into quotes", diagnostics::Safety::kUncertain, span, fmt::format("\"{}\"", name));
  }
}

// `shop` of `shop.example.com` and of `shop/web`: what the whole begins with, if it is more than that name.
const std::string* FirstName(const syntax::Expression& expression) {
  const syntax::Expression* left = &expression;
  while (true) {
    if (const auto* member = std::get_if<syntax::Member>(&left->node)) {
      left = member->object.get();
    } else if (const auto* binary = std::get_if<syntax::Binary>(&left->node)) {
      left = binary->left.get();
    } else {
      break;
    }
    if (left == nullptr) {
      return nullptr;
    }
  }
  const auto* name = left == &expression ? nullptr : std::get_if<syntax::NameReference>(&left->node);
  return name == nullptr ? nullptr : &name->name;
}

bool IsVisible(std::string_view name, const ScopePtr& scope) {
  const std::vector<std::string> visible = VisibleNames(scope);
  return std::binary_search(visible.begin(), visible.end(), std::string(name));
}

}  // namespace

bool ReportUnquoted(const syntax::Expression& expression, const ScopePtr& scope, Context& context) {
  const std::string* first = FirstName(expression);
  const std::string text = first == nullptr ? "" : context.Text(expression.span);
  if (first == nullptr || IsVisible(*first, scope) || text.find_first_of(" \t\n\"") != std::string::npos) {
    return false;
  }
  context.Report(diagnostics::kUnquotedText, expression.span, fmt::format("`{}` has no quotes", text))
      .At("a text stands in double quotes")
      .Fix("put it into quotes", diagnostics::Safety::kSafe, expression.span, fmt::format("\"{}\"", text));
  return true;
}

Resolved ResolveName(const syntax::Expression& expression, const ScopePtr& scope, const Type& expected,
                     Context& context) {
  const std::string& name = std::get<syntax::NameReference>(expression.node).name;
  Resolved resolved;
  if (const Binding* binding = scope->Find(name)) {
    binding->used = true;
    resolved.kind = Resolved::Kind::kBinding;
    return resolved;
  }
  const Module* module = scope->module();
  if (module != nullptr) {
    if (const Declared* declared = FunctionOrLet(*module, name)) {
      return ToResolved(*declared, expression.span, context);
    }
    const std::vector<const Declared*> found = Instances(*module, name);
    if (const Declared* meant = found.empty() ? nullptr : Meant(found, expected)) {
      return ToResolved(*meant, expression.span, context);
    }
    const auto& imports = module->imports(scope->file());
    if (const auto import = imports.find(name); import != imports.end() && found.empty()) {
      import->second.used = true;
      resolved.module = import->second.module;
      resolved.kind = resolved.module != nullptr ? Resolved::Kind::kModule : Resolved::Kind::kUnknown;
      return resolved;
    }
    if (!found.empty()) {
      ReportAmbiguous(name, expression.span, found, context);
      return resolved;
    }
  }
  if (name == "default") {
    resolved.kind = Resolved::Kind::kDefaults;
  } else if (const graph::Builtin* builtin = graph::FindBuiltin(name)) {
    resolved.kind = Resolved::Kind::kBuiltin;
    resolved.builtin = builtin;
  } else {
    ReportUnknown(name, expression.span, scope, expected, context);
  }
  return resolved;
}

Resolved ResolveInModule(const Module& module, const syntax::Name& name, Span object, const Type& expected,
                         Context& context) {
  if (const Declared* declared = FunctionOrLet(module, name.text)) {
    return ToResolved(*declared, name.span, context);
  }
  const std::vector<const Declared*> found = Instances(module, name.text);
  if (found.empty() && IsLater(module.path(), name.text)) {
    context
        .Report(diagnostics::kNotYetSupported, name.span,
                fmt::format("`{}.{}` is not carried out yet", context.Text(object), name.text))
        .Emit();
    return {};
  }
  if (found.empty()) {
    const std::vector<std::string> similar = SimilarNames(name.text, ModuleNames(module));
    auto builder = context.Report(diagnostics::kUnknownMember, name.span,
                                  fmt::format("`{}` declares no `{}`", context.Text(object), name.text));
    builder.At(Did(similar));
    SuggestNames(builder, name.span, similar);
    return {};
  }
  if (const Declared* meant = Meant(found, expected)) {
    return ToResolved(*meant, name.span, context);
  }
  ReportAmbiguous(name.text, name.span, found, context);
  return {};
}

Resolved ResolveDefault(const syntax::Name& name, Context& context) {
  const auto& defaults = context.state().defaults;
  const auto at = defaults.find(name.text);
  if (at == defaults.end()) {
    std::vector<std::string> names;
    for (const auto& [known, declaration] : defaults) {
      names.push_back(known);
    }
    const std::vector<std::string> similar = SimilarNames(name.text, names);
    auto builder = context.Report(diagnostics::kUnknownMember, name.span,
                                  fmt::format("there is no default called `{}`", name.text));
    builder.At(Did(similar));
    SuggestNames(builder, name.span, similar);
    return {};
  }
  Resolved resolved;
  resolved.kind = Resolved::Kind::kDefault;
  resolved.default_declaration = at->second.declaration;
  return resolved;
}

}  // namespace sluice::check
