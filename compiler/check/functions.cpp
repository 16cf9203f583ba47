// Checks of a module's `let` and `fn`, and of what nothing uses.

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "compiler/check/module.h"
#include "compiler/check/state.h"
#include "compiler/diagnostics/diagnostic.h"

namespace sluice::check {
namespace {

using Calls = std::map<const Declared*, std::vector<std::pair<const Declared*, Span>>>;

// The way of calls from one function back to itself. Each entry is a function and where it is called.
bool FindWayBack(const Calls& calls, const Declared* from, const Declared* to, std::set<const Declared*>& visited,
                 std::vector<std::pair<const Declared*, Span>>& way) {
  const auto at = calls.find(from);
  if (at == calls.end()) {
    return false;
  }
  for (const auto& [callee, site] : at->second) {
    if (callee != to && !visited.insert(callee).second) {
      continue;
    }
    way.emplace_back(callee, site);
    if (callee == to || FindWayBack(calls, callee, to, visited, way)) {
      return true;
    }
    way.pop_back();
  }
  return false;
}

// The calls among functions that lead back to themselves, or to one that does: what calls nothing of these is
// taken away until nothing more can be.
Calls EndlessCalls(const Calls& calls) {
  std::map<const Declared*, std::size_t> callees;
  std::map<const Declared*, std::vector<const Declared*>> callers;
  std::vector<const Declared*> ending;
  for (const auto& [caller, sites] : calls) {
    callees[caller] += sites.size();
    for (const auto& [callee, site] : sites) {
      callers[callee].push_back(caller);
      if (calls.count(callee) == 0 && callees.try_emplace(callee, 0).second) {
        ending.push_back(callee);
      }
    }
  }
  while (!ending.empty()) {
    const Declared* gone = ending.back();
    ending.pop_back();
    for (const Declared* caller : callers[gone]) {
      if (--callees[caller] == 0) {
        ending.push_back(caller);
      }
    }
  }
  Calls endless;
  for (const auto& [caller, sites] : calls) {
    if (callees[caller] > 0) {
      endless.emplace(caller, sites);
    }
  }
  return endless;
}

void ReportRecursion(const ModuleSet& modules, Context& context) {
  const Calls calls = EndlessCalls(context.state().calls);
  std::set<const Declared*> reported;
  for (const auto& [path, module] : modules.modules()) {
    for (const auto& declared : module->declarations()) {
      std::set<const Declared*> visited;
      std::vector<std::pair<const Declared*, Span>> way;
      if (declared->kind != DeclarationKind::kFunction || reported.count(declared.get()) != 0 ||
          !FindWayBack(calls, declared.get(), declared.get(), visited, way)) {
        continue;
      }
      std::vector<CycleMember> members;
      for (const auto& [callee, site] : way) {
        reported.insert(callee);
        members.push_back({&callee->as<syntax::FunctionDeclaration>(), callee->name, callee->name_span, site});
      }
      ReportCycle(std::move(members), context);
    }
  }
}

// A line that holds nothing but the import, with its line end.
Span WholeLine(Span span, const Context& context) {
  const std::string_view text = context.sources().file(span.file).text();
  Span line = span;
  while (line.end < text.size() && text[line.end] != '\n') {
    if (text[line.end] != ' ' && text[line.end] != '\r' && text[line.end] != ';') {
      return span;
    }
    ++line.end;
  }
  if (line.end < text.size()) {
    ++line.end;
  }
  return line;
}

void ReportUnusedImports(const Module& module, Context& context) {
  for (const syntax::PlanFile* file : module.files()) {
    for (const auto& [name, import] : module.imports(file->file)) {
      if (import.module != nullptr && !import.used) {
        context.Report(diagnostics::kUnusedImport, import.syntax->span, fmt::format("`{}` is not used", name))
            .Fix("take the import out", diagnostics::Safety::kSafe, WholeLine(import.syntax->span, context), "");
      }
    }
  }
}

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

bool HoldsWord(std::string_view text, std::string_view word) {
  for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at == 0 || !IsNameCharacter(text[at - 1])) && (end == text.size() || !IsNameCharacter(text[end]))) {
      return true;
    }
  }
  return false;
}

// By the words of the declaration's text: bodies are evaluated only as far as a call needs them, so bindings
// that were never read prove nothing.
void ReportUnusedParameters(const Declared& declared, Context& context) {
  const std::vector<syntax::Parameter>* parameters = ParametersOf(declared);
  if (parameters == nullptr) {
    return;
  }
  const Span whole = declared.syntax->span;
  for (const syntax::Parameter& parameter : *parameters) {
    const Span name = parameter.name.span;
    const std::string before = context.Text({whole.file, whole.begin, name.begin});
    const std::string behind = context.Text({whole.file, name.end, whole.end});
    if (!HoldsWord(before, parameter.name.text) && !HoldsWord(behind, parameter.name.text)) {
      context
          .Report(diagnostics::kUnusedVariable, name,
                  fmt::format("{} `{}` does not use its parameter `{}`", DeclarationWord(declared.kind), declared.name,
                              parameter.name.text))
          .Emit();
    }
  }
}

}  // namespace

void CheckFunctions(const ModuleSet& modules, Context& context) {
  const auto each = [&](DeclarationKind kind, const std::function<void(const Declared&)>& visit) {
    for (const auto& [path, module] : modules.modules()) {
      for (const auto& declared : module->declarations()) {
        if (declared->kind == kind) {
          visit(*declared);
        }
      }
    }
  };
  each(DeclarationKind::kFunction, [&](const Declared& declared) {
    TypeOf(declared, context);
    ValueOf(declared, context);
  });
  ReportRecursion(modules, context);
  each(DeclarationKind::kLet, [&](const Declared& declared) { ValueOf(declared, context); });
}

void ReportUnused(const ModuleSet& modules, Context& context) {
  if (context.emitter().has_errors()) {
    return;  // what was not understood may have used it
  }
  for (const auto& [path, module] : modules.modules()) {
    if (module->is_stdlib()) {
      continue;
    }
    ReportUnusedImports(*module, context);
    for (const auto& declared : module->declarations()) {
      ReportUnusedParameters(*declared, context);
      const bool reported = declared->kind == DeclarationKind::kLet || declared->kind == DeclarationKind::kFunction ||
                            declared->kind == DeclarationKind::kGate;
      if (reported && !declared->used) {
        context
            .Report(diagnostics::kUnusedDeclaration, declared->name_span,
                    fmt::format("{} `{}` is not used", DeclarationWord(declared->kind), declared->name))
            .Emit();
      }
    }
  }
}

}  // namespace sluice::check
