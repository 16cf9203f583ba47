#include "compiler/check/check.h"

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "compiler/check/annotations.h"
#include "compiler/check/check_test.h"
#include "compiler/check/checker.h"

namespace sluice::check {
namespace {

// Everything that a declaration says is checked once, called or not.
void CheckDeclared(const Declared& declared, Checker& checker) {
  if (declared.kind == DeclarationKind::kLet || declared.kind == DeclarationKind::kFunction) {
    return;
  }
  if (declared.kind == DeclarationKind::kRollout) {
    CheckRollout(declared, checker);
    return;
  }
  const Type type = TypeOf(declared, checker.context);
  if (type.is(Type::Kind::kFunction)) {
    checker.Instantiate(declared, UnboundScope(*type.signature(), declared.scope), {}, checker.context);
  } else if (!type.is_error()) {
    ValueOf(declared, checker.context);
  }
}

void CheckFile(const syntax::PlanFile& file, const Module& module, Checker& checker) {
  ReadAnnotations(file, checker);
  for (const syntax::Declaration& declaration : file.declarations) {
    if (const auto* later = std::get_if<syntax::Later>(&declaration.declaration)) {
      ReportLater(*later, checker.context);
    } else if (const auto* binding = std::get_if<syntax::DefaultDeclaration>(&declaration.declaration)) {
      if (binding->value) {
        CheckType(*binding->value, module.FileScope(file.file), Expected{}, checker.context);
      }
    }
  }
}

void SortBySource(CheckedPlanSet& plans) {
  auto before = [](const Span& a, const Span& b) { return std::tie(a.file, a.begin) < std::tie(b.file, b.begin); };
  auto pointers = [&](const auto& a, const auto& b) { return before(a->span, b->span); };
  std::stable_sort(plans.services.begin(), plans.services.end(), pointers);
  std::stable_sort(plans.routes.begin(), plans.routes.end(), pointers);
  std::stable_sort(plans.rollouts.begin(), plans.rollouts.end(), pointers);
  std::stable_sort(plans.tests.begin(), plans.tests.end(),
                   [&](const Test& a, const Test& b) { return before(a.span, b.span); });
  std::stable_sort(plans.objects.begin(), plans.objects.end(),
                   [&](const StaticObject& a, const StaticObject& b) { return before(a.span, b.span); });
}

// ------------------------------------------------------------------------------- between declarations

// Names that are taken in the cluster: what comes second is reported.
class Taken {
 public:
  Taken(std::string_view word, Checker& checker) : word_(word), checker_(checker) {}

  void Take(const std::string& space, const std::string& name, Span span) {
    auto [entry, fresh] = spans_.try_emplace({space, name}, span);
    // Two of one directory were reported when the module was built.
    if (fresh || SameDirectory(entry->second, span)) {
      return;
    }
    checker_.context
        .Report(diagnostics::kSameNameInCluster, span,
                space.empty() ? fmt::format("there are two {} `{}`", word_, name)
                              : fmt::format("there are two {} `{}` in namespace `{}`", word_, name, space))
        .Label(entry->second, "the other one")
        .Emit();
  }

 private:
  bool SameDirectory(Span a, Span b) const {
    auto directory = [&](Span span) {
      const std::string& path = checker_.context.sources().file(span.file).path();
      const std::size_t slash = path.rfind('/');
      return slash == std::string::npos ? std::string() : path.substr(0, slash);
    };
    return directory(a) == directory(b);
  }

  std::string_view word_;
  Checker& checker_;
  std::map<std::pair<std::string, std::string>, Span> spans_;
};

void CheckNamesInCluster(Checker& checker) {
  Taken services("services", checker);
  for (const auto& service : checker.plans.services) {
    services.Take(service->namespace_, service->name, service->span);
  }
  Taken rollouts("rollouts", checker);
  for (const auto& rollout : checker.plans.rollouts) {
    if (rollout->service != nullptr) {
      rollouts.Take(rollout->service->namespace_, rollout->name, rollout->span);
    }
  }
}

void CheckObjects(Checker& checker) {
  std::map<std::tuple<std::string, std::string, std::string, std::string>, Span> taken;
  for (const StaticObject& object : checker.plans.objects) {
    const std::string kind = object.value.Field("kind").ToText();
    const std::string name = object.value.Path({"metadata", "name"}).ToText();
    auto [entry, fresh] = taken.try_emplace(
        {object.value.Field("apiVersion").ToText(), kind, object.value.Path({"metadata", "namespace"}).ToText(), name},
        object.span);
    if (!fresh && !name.empty()) {
      checker.context
          .Report(diagnostics::kSameNameInCluster, object.span,
                  fmt::format("there are two objects {} `{}`", kind, name))
          .Label(entry->second, "the other one")
          .Emit();
    }
  }
}

void CheckRolloutsTogether(Checker& checker) {
  std::map<const Service*, const Rollout*> by_service;
  std::map<const Route*, const Rollout*> by_route;
  for (const auto& rollout : checker.plans.rollouts) {
    if (rollout->service != nullptr) {
      auto [entry, fresh] = by_service.try_emplace(rollout->service, rollout.get());
      if (!fresh) {
        checker.context
            .Report(diagnostics::kServiceDeployedTwice, rollout->deploy_span,
                    fmt::format("rollouts `{}` and `{}` both deploy service `{}`", entry->second->name, rollout->name,
                                rollout->service->name))
            .Label(entry->second->deploy_span, "the other one")
            .Emit();
      }
    }
    if (rollout->route != nullptr) {
      auto [entry, fresh] = by_route.try_emplace(rollout->route, rollout.get());
      if (!fresh) {
        checker.context
            .Report(diagnostics::kRouteUsedTwice, rollout->through_span,
                    fmt::format("rollouts `{}` and `{}` both move the traffic of route `{}`", entry->second->name,
                                rollout->name, rollout->route->name))
            .Label(entry->second->through_span, "the other one")
            .Emit();
      }
    }
  }
}

}  // namespace

CheckedPlanSet CheckPlanSet(const std::vector<ModuleFile>& files, const source::SourceSet& sources,
                            source::NamedFiles& named, diagnostics::Emitter& emitter, const CheckOptions& options) {
  CheckedPlanSet plans;
  Checker checker(sources, named, emitter, plans);
  checker.images = options.images;
  const ModuleSet modules = BuildModules(files, checker.context);
  CheckFunctions(modules, checker.context);
  for (const auto& [path, module] : modules.modules()) {
    if (module->is_stdlib() && !options.libraries) {
      continue;
    }
    for (const syntax::PlanFile* file : module->files()) {
      CheckFile(*file, *module, checker);
    }
    for (const auto& declared : module->declarations()) {
      CheckDeclared(*declared, checker);
    }
    CheckTests(*module, checker);
  }
  for (auto& [place, found] : checker.yaml_objects) {
    if (!found.adopted) {
      plans.objects.push_back(std::move(found.object));
    }
  }
  SortBySource(plans);
  CheckNamesInCluster(checker);
  CheckObjects(checker);
  CheckRolloutsTogether(checker);
  ReportUnused(modules, checker.context);
  return plans;
}

}  // namespace sluice::check
