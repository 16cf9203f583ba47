#include <fmt/format.h>

#include "compiler/check/evaluation.h"
#include "compiler/diagnostics/diagnostic.h"

namespace sluice::check {
namespace {

using graph::Operation;
using graph::Value;

// Counts the residual comprehensions around what is evaluated.
class Nested {
 public:
  explicit Nested(int& depth) : depth_(depth) { ++depth_; }
  ~Nested() { --depth_; }
  Nested(const Nested&) = delete;
  Nested& operator=(const Nested&) = delete;

 private:
  int& depth_;
};

}  // namespace

template <typename Body>
bool Evaluation::ForEach(const std::vector<syntax::Name>& variables, const Value& in, Span span, const Body& body) {
  const graph::List* list = in.as_list();
  const graph::Map* map = in.as_map();
  if (list == nullptr && map == nullptr) {
    return Finish(graph::Failure(fmt::format("`for` goes through a list or a map, not through {}", in.KindName())),
                  span)
        .has_value();
  }
  const bool two = variables.size() > 1;
  const std::size_t count = list != nullptr ? list->size() : map->size();
  for (std::size_t i = 0; i < count; ++i) {
    Value first = list == nullptr ? Value(map->entries()[i].first)
                  : two           ? Value(static_cast<std::int64_t>(i))
                                  : (*list)[i];
    auto scope = std::make_shared<Scope>(scope_);
    scope->Add({variables[0].text, Type::Kind::kAny, std::move(first), variables[0].span});
    if (two) {
      scope->Add({variables[1].text, Type::Kind::kAny, list != nullptr ? (*list)[i] : map->entries()[i].second,
                  variables[1].span});
    }
    if (!context_.Spend(1, span) || !body(ScopePtr(std::move(scope)))) {
      return false;
    }
  }
  return true;
}

Evaluation::Open Evaluation::OpenLoop(const std::vector<syntax::Name>& variables) {
  Open open;
  auto scope = std::make_shared<Scope>(scope_);
  for (const syntax::Name& variable : variables) {
    // Unique among the loops around it, so that no function's residual captures it.
    std::string name = fmt::format("{}.{}", variable.text, state_.residual_loops + 1);
    scope->Add({variable.text, Type::Kind::kAny, Value(graph::MakeLocal(name)), variable.span});
    open.variables.push_back(std::move(name));
  }
  open.scope = std::move(scope);
  return open;
}

Evaluation::Result Evaluation::ResidualLoop(const syntax::Comprehension& comprehension, const Value& in, Span span) {
  const Open open = OpenLoop(comprehension.variables);
  const Nested nested(state_.residual_loops);
  Evaluation inner(open.scope, context_);
  const Result condition = comprehension.condition != nullptr ? inner.Eval(*comprehension.condition) : Value(true);
  const Result key = comprehension.key != nullptr ? inner.Eval(*comprehension.key) : Value();
  const Result value = inner.Eval(*comprehension.value);
  if (!condition || !key || !value) {
    return std::nullopt;
  }
  return comprehension.key != nullptr
             ? MakeResidual(Operation::kMapFor, {in, *condition, *key, *value}, span, "", open.variables)
             : MakeResidual(Operation::kListFor, {in, *condition, *value}, span, "", open.variables);
}

Evaluation::Result Evaluation::Of(const syntax::Comprehension& comprehension, const Node& expression, const Facts*) {
  const Result in = Eval(*comprehension.in);
  if (!in) {
    return std::nullopt;
  }
  if (in->is_residual()) {
    return ResidualLoop(comprehension, *in, expression.span);
  }
  const bool to_map = comprehension.key != nullptr;
  std::vector<Value> items;  // of a map: key, value, key, value …
  bool residual = false;
  bool open_condition = false;
  const auto add = [&](Result value) {
    if (!value) {
      return false;
    }
    residual = residual || value->is_residual();
    state_.produced += sizeof(Value) + SizeOf(*value);
    items.push_back(*std::move(value));
    return context_.Spend(0, expression.span);
  };
  const bool ok =
      in->is_none() || ForEach(comprehension.variables, *in, comprehension.in->span, [&](const ScopePtr& scope) {
        Evaluation inner(scope, context_);
        if (comprehension.condition != nullptr) {
          const Result wanted = inner.Eval(*comprehension.condition);
          open_condition = wanted && wanted->is_residual();
          if (!wanted || open_condition) {
            return false;
          }
          if (wanted->as_bool() == nullptr || !*wanted->as_bool()) {
            return wanted->as_bool() != nullptr;
          }
        }
        return (!to_map || add(inner.Eval(*comprehension.key))) && add(inner.Eval(*comprehension.value));
      });
  if (open_condition) {
    return ResidualLoop(comprehension, *in, expression.span);
  }
  if (!ok) {
    return std::nullopt;
  }
  if (residual) {
    return MakeResidual(to_map ? Operation::kMap : Operation::kList, items, expression.span);
  }
  if (!to_map) {
    return Value(graph::List(std::move(items)));
  }
  graph::Map map;
  map.Reserve(items.size() / 2);
  for (std::size_t i = 0; i < items.size(); i += 2) {
    if (items[i].as_string() == nullptr) {
      return Finish(graph::Failure("a key is text"), comprehension.key->span);
    }
    if (!items[i + 1].is_none()) {
      map.Set(*items[i].as_string(), std::move(items[i + 1]));
    }
  }
  return Value(std::move(map));
}

Evaluation::Result Evaluation::ResidualQuantifier(const syntax::Quantifier& quantifier, const Value& in, Span span) {
  const Open open = OpenLoop(quantifier.variables);
  const Nested nested(state_.residual_loops);
  const Result condition = Evaluation(open.scope, context_).Eval(*quantifier.condition);
  if (!condition) {
    return std::nullopt;
  }
  return MakeResidual(quantifier.all ? Operation::kAll : Operation::kAny, {in, *condition}, span, "", open.variables);
}

Evaluation::Result Evaluation::Of(const syntax::Quantifier& quantifier, const Node& expression, const Facts*) {
  const Result in = Eval(*quantifier.in);
  if (!in) {
    return std::nullopt;
  }
  if (in->is_residual()) {
    return ResidualQuantifier(quantifier, *in, expression.span);
  }
  bool residual = false;
  bool decided = false;
  const bool ok = in->is_none() || ForEach(quantifier.variables, *in, quantifier.in->span, [&](const ScopePtr& scope) {
                    if (decided) {
                      return true;
                    }
                    const Result holds = Evaluation(scope, context_).Eval(*quantifier.condition);
                    residual = holds && holds->is_residual();
                    if (!holds || residual || holds->as_bool() == nullptr) {
                      return false;
                    }
                    decided = *holds->as_bool() != quantifier.all;
                    return true;
                  });
  if (residual) {
    return ResidualQuantifier(quantifier, *in, expression.span);
  }
  return ok ? Result(Value(decided != quantifier.all)) : std::nullopt;
}

}  // namespace sluice::check
