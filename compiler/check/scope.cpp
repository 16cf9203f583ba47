#include "compiler/check/scope.h"

#include <array>

#include "compiler/graph/expression.h"

namespace sluice::check {
namespace {

struct KindWord {
  std::string_view word;
  const Type& (*type)();
};

const Type& NoType() {
  static const Type kType;
  return kType;
}

constexpr std::array<KindWord, kDeclarationKinds> kKinds = {{{"let", NoType},
                                                             {"fn", NoType},
                                                             {"service", ServiceType},
                                                             {"route", RouteType},
                                                             {"object", ObjectType},
                                                             {"gate", GateType},
                                                             {"router", RouterType},
                                                             {"provider", ProviderType},
                                                             {"dialect", DialectType},
                                                             {"channel", ChannelType},
                                                             {"rollout", RolloutType},
                                                             {"strategy", StrategyType}}};

}  // namespace

std::string_view DeclarationWord(DeclarationKind kind) { return kKinds[static_cast<std::size_t>(kind)].word; }
const Type& InstanceType(DeclarationKind kind) { return kKinds[static_cast<std::size_t>(kind)].type(); }

const Declared* Module::Find(DeclarationKind kind, std::string_view name) const {
  const auto& names = by_name_[static_cast<std::size_t>(kind)];
  const auto at = names.find(name);
  return at != names.end() ? at->second : nullptr;
}

const ScopePtr& Module::FileScope(source::FileId file) const {
  static const ScopePtr kNone;
  const auto at = file_scopes_.find(file);
  return at != file_scopes_.end() ? at->second : kNone;
}

const std::map<std::string, ImportBinding, std::less<>>& Module::imports(source::FileId file) const {
  static const std::map<std::string, ImportBinding, std::less<>> kNone;
  const auto at = imports_.find(file);
  return at != imports_.end() ? at->second : kNone;
}

const syntax::DefaultDeclaration* Module::FindDefault(std::string_view name) const {
  const auto at = defaults_.find(name);
  return at != defaults_.end() ? at->second : nullptr;
}

void Scope::AddRoot(std::string name, Type type) {
  graph::Value value(graph::MakeRoot(name));
  Add({std::move(name), std::move(type), std::move(value), {}});
}

const Binding* Scope::Find(std::string_view name) const {
  for (const Scope* scope = this; scope != nullptr; scope = scope->parent_.get()) {
    for (auto binding = scope->bindings_.rbegin(); binding != scope->bindings_.rend(); ++binding) {
      if (binding->name == name) {
        return &*binding;
      }
    }
  }
  return nullptr;
}

std::vector<std::string> Scope::Names() const {
  std::vector<std::string> names;
  for (const Scope* scope = this; scope != nullptr; scope = scope->parent_.get()) {
    for (const Binding& binding : scope->bindings_) {
      names.push_back(binding.name);
    }
  }
  return names;
}

}  // namespace sluice::check
