#include <array>

#include <fmt/format.h>

#include "compiler/graph/builtins.h"
#include "compiler/graph/evaluator.h"

namespace sluice::graph {
namespace {

constexpr std::size_t kMaxText = 1 << 20;

}  // namespace

Evaluation Evaluator::Run(const Expression& expression) {
  locals_.clear();
  frame_ = 0;
  depth_ = 0;
  Value value;
  return Eval(expression, value) ? ValueOf(std::move(value)) : failure_;
}

bool Evaluator::Fail(Evaluation failure) {
  failure_ = std::move(failure);
  return false;
}

bool Evaluator::Take(Evaluation evaluation, Value& out) {
  if (evaluation.kind != Evaluation::Kind::kValue) {
    return Fail(std::move(evaluation));
  }
  out = std::move(evaluation.value);
  return true;
}

bool Evaluator::Spend(std::size_t steps) {
  steps_ += static_cast<std::int64_t>(steps);
  return steps_ <= kMaxRunTimeSteps || Fail(Failure(fmt::format("takes more than {} steps", kMaxRunTimeSteps)));
}

bool Evaluator::Eval(const Expression& expression, Value& out) {
  if (expression.operation == Operation::kLiteral) {
    out = expression.literal;
    return true;
  }
  if (++depth_ > kMaxRunTimeDepth) {
    return Fail(Failure("nested too deeply"));
  }
  const bool ok = Spend(1) && EvalNode(expression, out);
  --depth_;
  return ok;
}

bool Evaluator::EvalCondition(const Expression& expression, bool& out) {
  Value value;
  if (!Eval(expression, value)) {
    return false;
  }
  const bool* flag = value.as_bool();
  if (flag == nullptr) {
    return Fail(value.is_none() ? NoData("the condition is missing")
                                : Failure(fmt::format("a condition is true or false, not {}", value.KindName())));
  }
  out = *flag;
  return true;
}

bool Evaluator::EvalNode(const Expression& expression, Value& out) {  // NOLINT(readability-function-size): one switch
  const auto& operands = expression.operands;
  switch (expression.operation) {
    case Operation::kLiteral:
      out = expression.literal;
      return true;
    case Operation::kLocal:
      for (std::size_t i = locals_.size(); i > frame_; --i) {
        if (locals_[i - 1].first == expression.name) {
          out = locals_[i - 1].second;
          return true;
        }
      }
      return Fail(Failure(fmt::format("`{}` has no value here", expression.name)));
    case Operation::kRoot: {
      const auto root = roots_.find(expression.name);
      out = root != roots_.end() ? root->second : Value();
      return true;
    }
    case Operation::kMember:
      if (!Eval(*operands[0], out)) {
        return false;
      }
      out = MemberOf(out, expression.name);
      return true;
    case Operation::kIndex: {
      Value index;
      if (!Eval(*operands[0], out) || !Eval(*operands[1], index)) {
        return false;
      }
      out = IndexOf(out, index);
      return true;
    }
    case Operation::kCall:
      return EvalCall(expression, out);
    case Operation::kBuiltin:
      return EvalBuiltin(expression, out);
    case Operation::kIf: {
      bool condition = false;
      return EvalCondition(*operands[0], condition) && Eval(*operands[condition ? 1 : 2], out);
    }
    case Operation::kOr:
    case Operation::kAnd:
    case Operation::kNot:
      return EvalLogic(expression, out);
    case Operation::kCoalesce:
      return EvalCoalesce(expression, out);
    case Operation::kNegate:
      return Eval(*operands[0], out) && Take(Negate(out), out);
    case Operation::kList:
      return EvalList(expression, out);
    case Operation::kMap:
      return EvalMap(expression, out);
    case Operation::kListFor:
    case Operation::kMapFor:
      return EvalFor(expression, out);
    case Operation::kAll:
    case Operation::kAny:
      return EvalQuantifier(expression, out);
    case Operation::kInterpolate:
      return EvalInterpolation(expression, out);
    case Operation::kConvert:
      return Eval(*operands[0], out) && Take(Convert(expression.name, out), out);
    case Operation::kEqual:
    case Operation::kNotEqual:
    case Operation::kLess:
    case Operation::kLessEqual:
    case Operation::kGreater:
    case Operation::kGreaterEqual:
    case Operation::kIn:
    case Operation::kNotIn:
    case Operation::kAdd:
    case Operation::kSubtract:
    case Operation::kMultiply:
    case Operation::kDivide: {
      Value left;
      Value right;
      if (!Eval(*operands[0], left) || !Eval(*operands[1], right)) {
        return false;
      }
      return Take(ApplyBinary(expression.operation, left, right, Arithmetic::kRounded), out) && Spend(SizeInSteps(out));
    }
  }
  return Fail(Failure("unknown operation"));
}

bool Evaluator::EvalLogic(const Expression& expression, Value& out) {
  bool left = false;
  if (!EvalCondition(*expression.operands[0], left)) {
    return false;
  }
  if (expression.operation == Operation::kNot) {
    out = Value(!left);
    return true;
  }
  const bool decided = left == (expression.operation == Operation::kOr);
  if (!decided && !EvalCondition(*expression.operands[1], left)) {
    return false;
  }
  out = Value(left);
  return true;
}

bool Evaluator::EvalCoalesce(const Expression& expression, Value& out) {
  const std::size_t locals = locals_.size();
  const std::size_t frame = frame_;
  const int depth = depth_;
  if (Eval(*expression.operands[0], out)) {
    return !out.is_none() || Eval(*expression.operands[1], out);
  }
  if (failure_.kind != Evaluation::Kind::kNoData) {
    return false;
  }
  locals_.resize(locals);
  frame_ = frame;
  depth_ = depth;
  return Eval(*expression.operands[1], out);
}

bool Evaluator::EvalCall(const Expression& expression, Value& out) {
  const auto found = functions_.find(expression.name);
  if (found == functions_.end() || found->second.parameters.size() != expression.operands.size()) {
    return Fail(Failure(
        fmt::format("there is no function `{}` with {} arguments", expression.name, expression.operands.size())));
  }
  const Function& function = found->second;
  // Arguments see the caller's locals; the body sees its parameters only.
  std::vector<Value> arguments(expression.operands.size());
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (!Eval(*expression.operands[i], arguments[i])) {
      return false;
    }
  }
  const std::size_t caller = frame_;
  frame_ = locals_.size();
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    locals_.emplace_back(function.parameters[i], std::move(arguments[i]));
  }
  const bool ok = Eval(*function.body, out);
  if (ok) {
    locals_.resize(frame_);
    frame_ = caller;
  }
  return ok;
}

bool Evaluator::EvalBuiltin(const Expression& expression, Value& out) {
  const Builtin* builtin = FindBuiltin(expression.name);
  if (builtin == nullptr || expression.operands.empty()) {
    return Fail(Failure(fmt::format("there is no function `{}`", expression.name)));
  }
  constexpr std::size_t kFew = 4;
  std::array<Value, kFew> few;
  std::vector<Value> many(expression.operands.size() > kFew ? expression.operands.size() : 0);
  Value* arguments = many.empty() ? few.data() : many.data();
  std::size_t size = 0;
  for (std::size_t i = 0; i < expression.operands.size(); ++i) {
    if (!Eval(*expression.operands[i], arguments[i])) {
      return false;
    }
    size += SizeInSteps(arguments[i]);
  }
  if (!AcceptsCount(*builtin, expression.operands.size())) {
    return Fail(Failure(fmt::format("`{}` doesn't take {} arguments", expression.name, expression.operands.size())));
  }
  return Spend(size) &&
         Take(builtin->implementation({arguments, expression.operands.size(), Arithmetic::kRounded}), out) &&
         Spend(SizeInSteps(out));
}

bool Evaluator::EvalList(const Expression& expression, Value& out) {
  List items(expression.operands.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!Eval(*expression.operands[i], items[i])) {
      return false;
    }
  }
  out = Value(std::move(items));
  return true;
}

bool Evaluator::PutEntry(Map& map, const Value& key, Value value) {
  const std::string* text = key.as_string();
  if (text == nullptr) {
    return Fail(key.is_none() ? NoData("a key is missing")
                              : Failure(fmt::format("a key is text, not {}", key.KindName())));
  }
  if (!value.is_none()) {
    map.Set(*text, std::move(value));
  }
  return true;
}

bool Evaluator::EvalMap(const Expression& expression, Value& out) {
  Map map;
  map.Reserve(expression.operands.size() / 2);
  for (std::size_t i = 0; i + 1 < expression.operands.size(); i += 2) {
    Value key;
    Value value;
    if (!Eval(*expression.operands[i], key) || !Eval(*expression.operands[i + 1], value) ||
        !PutEntry(map, key, std::move(value))) {
      return false;
    }
  }
  out = Value(std::move(map));
  return true;
}

template <typename Body>
bool Evaluator::ForEach(const Expression& expression, const Value& in, Body body) {
  const List* list = in.as_list();
  const Map* map = in.as_map();
  if (list == nullptr && map == nullptr) {
    return in.is_none() ||
           Fail(Failure(fmt::format("`for` goes through a list or a map, not through {}", in.KindName())));
  }
  const std::size_t count = list != nullptr ? list->size() : map->size();
  const bool two = expression.variables.size() > 1;
  const std::size_t base = locals_.size();
  bool ok = true;
  for (std::size_t i = 0; i < count && ok; ++i) {
    const Value first = list == nullptr ? Value(map->entries()[i].first)
                        : two           ? Value(static_cast<std::int64_t>(i))
                                        : (*list)[i];
    locals_.emplace_back(expression.variables[0], first);
    if (two) {
      locals_.emplace_back(expression.variables[1], list != nullptr ? (*list)[i] : map->entries()[i].second);
    }
    ok = Spend(1) && body();
    locals_.resize(base);
  }
  return ok;
}

bool Evaluator::EvalFor(const Expression& expression, Value& out) {
  const bool to_map = expression.operation == Operation::kMapFor;
  Value in;
  if (!Eval(*expression.operands[0], in)) {
    return false;
  }
  List items;
  Map map;
  const bool ok = ForEach(expression, in, [&] {
    bool wanted = false;
    if (!EvalCondition(*expression.operands[1], wanted)) {
      return false;
    }
    if (!wanted) {
      return true;
    }
    Value key;
    Value value;
    if (!to_map) {
      return Eval(*expression.operands[2], items.emplace_back());
    }
    return Eval(*expression.operands[2], key) && Eval(*expression.operands[3], value) &&
           PutEntry(map, key, std::move(value));
  });
  out = to_map ? Value(std::move(map)) : Value(std::move(items));
  return ok;
}

bool Evaluator::EvalQuantifier(const Expression& expression, Value& out) {
  const bool all = expression.operation == Operation::kAll;
  Value in;
  if (!Eval(*expression.operands[0], in)) {
    return false;
  }
  if (in.is_none() && all) {
    return Fail(NoData("the list is missing"));
  }
  bool result = all;
  const bool ok = ForEach(expression, in, [&] {
    if (result != all) {
      return true;
    }
    bool holds = false;
    if (!EvalCondition(*expression.operands[1], holds)) {
      return false;
    }
    result = holds;
    return true;
  });
  out = Value(result);
  return ok;
}

bool Evaluator::EvalInterpolation(const Expression& expression, Value& out) {
  std::string text;
  for (const ExpressionPtr& part : expression.operands) {
    Value value;
    if (!Eval(*part, value) || !AppendText(text, value, failure_)) {
      return false;
    }
    if (text.size() > kMaxText) {
      return Fail(Failure("the text is longer than 1 MiB"));
    }
  }
  const std::size_t size = text.size();
  out = Value(std::move(text));
  return Spend(size / 16);
}

Evaluation Evaluate(const Expression& expression, const FunctionTable& functions, const Roots& roots) {
  return Evaluator(functions, roots).Run(expression);
}

}  // namespace sluice::graph
