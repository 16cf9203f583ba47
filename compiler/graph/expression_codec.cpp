#include "compiler/graph/expression_codec.h"

#include <algorithm>
#include <array>

#include "compiler/graph/json_reader.h"
#include "compiler/graph/value_codec.h"

namespace sluice::graph {
namespace {

constexpr std::size_t kUnbounded = 1'000'000;

// How an operation is written: its word, what stands behind the word, and how many operands it has.
struct Form {
  Operation operation;
  std::string_view word;
  bool name = false;
  bool variables = false;
  std::size_t least = 0;
  std::size_t most = 0;
};

constexpr std::array kForms = {
    Form{Operation::kLocal, "$", true, false, 0, 0},
    Form{Operation::kRoot, "@", true, false, 0, 0},
    Form{Operation::kMember, ".", true, false, 1, 1},
    Form{Operation::kIndex, "[]", false, false, 2, 2},
    Form{Operation::kCall, "f", true, false, 0, kUnbounded},
    Form{Operation::kBuiltin, "b", true, false, 1, kUnbounded},
    Form{Operation::kIf, "if", false, false, 3, 3},
    Form{Operation::kOr, "or", false, false, 2, 2},
    Form{Operation::kAnd, "and", false, false, 2, 2},
    Form{Operation::kNot, "not", false, false, 1, 1},
    Form{Operation::kEqual, "==", false, false, 2, 2},
    Form{Operation::kNotEqual, "!=", false, false, 2, 2},
    Form{Operation::kLess, "<", false, false, 2, 2},
    Form{Operation::kLessEqual, "<=", false, false, 2, 2},
    Form{Operation::kGreater, ">", false, false, 2, 2},
    Form{Operation::kGreaterEqual, ">=", false, false, 2, 2},
    Form{Operation::kIn, "in", false, false, 2, 2},
    Form{Operation::kNotIn, "not in", false, false, 2, 2},
    Form{Operation::kAdd, "+", false, false, 2, 2},
    Form{Operation::kSubtract, "-", false, false, 2, 2},
    Form{Operation::kMultiply, "*", false, false, 2, 2},
    Form{Operation::kDivide, "/", false, false, 2, 2},
    Form{Operation::kNegate, "neg", false, false, 1, 1},
    Form{Operation::kCoalesce, "??", false, false, 2, 2},
    Form{Operation::kList, "list", false, false, 0, kUnbounded},
    Form{Operation::kMap, "map", false, false, 0, kUnbounded},
    Form{Operation::kListFor, "for", false, true, 3, 3},
    Form{Operation::kMapFor, "for:", false, true, 4, 4},
    Form{Operation::kAll, "all", false, true, 2, 2},
    Form{Operation::kAny, "any", false, true, 2, 2},
    Form{Operation::kInterpolate, "text", false, false, 0, kUnbounded},
    Form{Operation::kConvert, "as", true, false, 1, 1},
};

// The forms stand in the order of the operations, behind the literal.
static_assert([] {
  for (std::size_t i = 0; i < kForms.size(); ++i) {
    if (static_cast<std::size_t>(kForms[i].operation) != i + 1) {
      return false;
    }
  }
  return true;
}());

const Form* FormOf(Operation operation) {
  return operation == Operation::kLiteral ? nullptr : &kForms[static_cast<std::size_t>(operation) - 1];
}

const Form* FormOf(std::string_view word) {
  const auto at = std::find_if(kForms.begin(), kForms.end(), [&](const Form& form) { return form.word == word; });
  return at != kForms.end() ? &*at : nullptr;
}

void AppendNames(std::string& out, const std::vector<std::string>& names) {
  out += '[';
  const char* separator = "";
  for (const std::string& name : names) {
    out += separator;
    AppendJsonString(out, name);
    separator = ",";
  }
  out += ']';
}

Error NoExpression(const std::string& what) { return Error{ErrorCode::kInvalid, "no expression: " + what}; }

Result<std::vector<std::string>> ReadNames(const Value& json) {
  const List* list = json.as_list();
  std::vector<std::string> names;
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    if ((*list)[i].as_string() == nullptr) {
      return NoExpression("a variable is a name");
    }
    names.push_back(*(*list)[i].as_string());
  }
  return names.size() == 1 || names.size() == 2 ? Result<std::vector<std::string>>(names)
                                                : NoExpression("one or two variables are needed");
}

Result<ExpressionPtr> Read(const Value& json, int depth);

// The operation's word is at the front of `items`; what it takes follows.
Result<ExpressionPtr> ReadForm(const Form& form, const List& items, int depth) {
  auto expression = std::make_shared<Expression>();
  expression->operation = form.operation;
  std::size_t at = 1;
  if (form.name || form.variables) {
    if (at == items.size()) {
      return NoExpression("a name is missing");
    }
    const Value& head = items[at++];
    if (form.name && head.as_string() == nullptr) {
      return NoExpression("a name is text");
    }
    if (form.name) {
      expression->name = *head.as_string();
    } else {
      Result<std::vector<std::string>> names = ReadNames(head);
      if (!names) {
        return std::move(names).error();
      }
      expression->variables = *std::move(names);
    }
  }
  const std::size_t count = items.size() - at;
  if (count < form.least || count > form.most || (form.operation == Operation::kMap && count % 2 != 0)) {
    return NoExpression("`" + std::string(form.word) + "` with " + std::to_string(count) + " operands");
  }
  for (; at < items.size(); ++at) {
    Result<ExpressionPtr> operand = Read(items[at], depth - 1);
    if (!operand) {
      return operand;
    }
    expression->operands.push_back(*std::move(operand));
  }
  return ExpressionPtr(std::move(expression));
}

Result<ExpressionPtr> ReadLiteral(const Value& json) {
  Result<Value> value = ExactValue(json);
  if (!value) {
    return std::move(value).error();
  }
  return MakeLiteral(*std::move(value));
}

Result<ExpressionPtr> Read(const Value& json, int depth) {
  const List* items = json.as_list();
  if (items == nullptr) {
    return ReadLiteral(json);
  }
  const std::string* word = !items->empty() ? (*items)[0].as_string() : nullptr;
  if (depth <= 0 || word == nullptr) {
    return NoExpression(depth <= 0 ? "nested too deeply" : "an operation has a word");
  }
  if (*word == "l") {
    return items->size() == 2 ? ReadLiteral((*items)[1]) : NoExpression("`l` takes one list");
  }
  const Form* form = FormOf(*word);
  return form != nullptr ? ReadForm(*form, *items, depth) : NoExpression("unknown operation `" + *word + "`");
}

}  // namespace

void AppendExpression(std::string& out, const Expression& expression) {
  const Form* form = FormOf(expression.operation);
  if (form == nullptr) {
    const bool list = expression.literal.as_list() != nullptr;
    out += list ? "[\"l\"," : "";
    AppendExactValue(out, expression.literal);
    out += list ? "]" : "";
    return;
  }
  out += '[';
  AppendJsonString(out, form->word);
  if (form->name) {
    out += ',';
    AppendJsonString(out, expression.name);
  }
  if (form->variables) {
    out += ',';
    AppendNames(out, expression.variables);
  }
  for (const ExpressionPtr& operand : expression.operands) {
    out += ',';
    AppendExpression(out, *operand);
  }
  out += ']';
}

std::string EncodeExpression(const Expression& expression) {
  std::string out;
  AppendExpression(out, expression);
  return out;
}

Result<ExpressionPtr> ExpressionOf(const Value& json) { return Read(json, kMaxExpressionDepth); }

Result<ExpressionPtr> DecodeExpression(std::string_view json) {
  Result<Value> value = ReadJson(json, kMaxExpressionJsonDepth);
  return value ? ExpressionOf(*value) : std::move(value).error();
}

}  // namespace sluice::graph
