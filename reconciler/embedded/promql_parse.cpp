#include "reconciler/embedded/promql_parse.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <set>

#include <fmt/format.h>

#include "reconciler/embedded/promql_functions.h"
#include "reconciler/embedded/promql_lex.h"

namespace sluice::embedded::promql {
namespace {

constexpr int kMaxDepth = 100;

// Loosest first; `^` binds to the right.
int Precedence(const std::string& op) {
  static const std::map<std::string, int> kLevels = {
      {"or", 1}, {"and", 2}, {"unless", 2}, {"==", 3}, {"!=", 3}, {"<", 3}, {"<=", 3},    {">", 3},
      {">=", 3}, {"+", 4},   {"-", 4},      {"*", 5},  {"/", 5},  {"%", 5}, {"atan2", 5}, {"^", 6}};
  auto found = kLevels.find(op);
  return found == kLevels.end() ? 0 : found->second;
}

bool IsSet(const std::string& op) { return op == "and" || op == "or" || op == "unless"; }
const std::set<std::string>& Aggregations() {
  static const std::set<std::string> kNames = {"sum",    "avg",    "min",  "max",     "count",   "group",
                                               "stddev", "stdvar", "topk", "bottomk", "quantile"};
  return kNames;
}
bool TakesParameter(const std::string& name) { return name == "topk" || name == "bottomk" || name == "quantile"; }

const char* TypeName(Type type) {
  static constexpr std::array<const char*, 4> kNames = {"scalar", "instant vector", "range vector", "string"};
  return kNames[static_cast<std::size_t>(type)];
}

class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  Result<Expression> Run() {
    Expression expression = Binary(1);
    if (error_.empty() && Now().kind != TokenKind::kEnd) Unexpected("");
    if (!error_.empty()) return Error{ErrorCode::kInvalid, error_};
    return expression;
  }

 private:
  const Token& Now() const { return tokens_[at_]; }
  bool Is(std::string_view text) const {
    return (Now().kind == TokenKind::kOperator || Now().kind == TokenKind::kIdentifier) && Now().text == text;
  }
  bool Take(std::string_view text) {
    if (!Is(text)) return false;
    ++at_;
    return true;
  }
  void Fail(std::size_t at, const std::string& what) {
    if (error_.empty()) error_ = fmt::format("1:{}: parse error: {}", at + 1, what);
    at_ = tokens_.size() - 1;
  }
  void Unexpected(const std::string& where) {
    std::string what = Now().kind == TokenKind::kEnd ? "end of input" : fmt::format("\"{}\"", Now().text);
    Fail(Now().at, fmt::format("unexpected {}{}", what, where.empty() ? "" : " in " + where));
  }
  void Expect(std::string_view text, const std::string& where) {
    if (!Take(text)) Unexpected(where);
  }

  Expression Binary(int least) {
    if (++depth_ > kMaxDepth) Fail(Now().at, "expression nests too deeply");
    Expression left = Unary();
    while (error_.empty()) {
      std::string op = Now().kind == TokenKind::kOperator || Now().kind == TokenKind::kIdentifier ? Now().text : "";
      int level = Precedence(op);
      if (level == 0 || level < least) break;
      std::size_t at = Now().at;
      ++at_;
      Expression both;
      both.kind = Expression::Kind::kBinary;
      both.name = op;
      both.return_bool = Take("bool");
      if (both.return_bool && !IsComparison(op)) Fail(at, "bool modifier can only be used on comparison operators");
      ReadMatching(both);
      both.children.push_back(std::move(left));
      both.children.push_back(Binary(op == "^" ? level : level + 1));
      Check(both, at);
      left = std::move(both);
    }
    --depth_;
    return left;
  }

  void ReadMatching(Expression& both) {
    if (IsSet(both.name)) both.matching.group = Matching::Group::kSet;
    if (Is("on") || Is("ignoring")) {
      both.matching.on = Take("on");
      if (!both.matching.on) ++at_;
      both.matching.labels = Names();
      if (Is("group_left") || Is("group_right")) {
        if (IsSet(both.name)) Fail(Now().at, fmt::format("no grouping allowed for \"{}\" operation", both.name));
        both.matching.group = Take("group_left") ? Matching::Group::kLeft : Matching::Group::kRight;
        if (both.matching.group == Matching::Group::kRight) ++at_;
        if (Is("(")) both.matching.include = Names();
      }
    }
  }

  std::vector<std::string> Names() {
    std::vector<std::string> names;
    Expect("(", "grouping opts");
    while (error_.empty() && !Is(")")) {
      if (Now().kind != TokenKind::kIdentifier) Unexpected("grouping opts");
      names.push_back(Now().text);
      if (error_.empty()) ++at_;
      if (!Take(",") && !Is(")")) Unexpected("grouping opts");
    }
    Expect(")", "grouping opts");
    return names;
  }

  void Check(Expression& both, std::size_t at) {
    if (!error_.empty()) return;
    Type left = both.children[0].type;
    Type right = both.children[1].type;
    for (Type type : {left, right}) {
      if (type != Type::kScalar && type != Type::kVector) {
        Fail(at, "binary expression must contain only scalar and instant vector types");
        return;
      }
    }
    bool scalars = left == Type::kScalar && right == Type::kScalar;
    bool any_scalar = left == Type::kScalar || right == Type::kScalar;
    if (IsSet(both.name) && any_scalar) {
      Fail(at, fmt::format("set operator \"{}\" not allowed in binary scalar expression", both.name));
    }
    if (scalars && IsComparison(both.name) && !both.return_bool) {
      Fail(at, "comparisons between scalars must use BOOL modifier");
    }
    if (any_scalar && (both.matching.on || !both.matching.labels.empty())) {
      Fail(at, "vector matching only allowed between instant vectors");
    }
    both.type = scalars ? Type::kScalar : Type::kVector;
  }

  Expression Unary() {
    std::size_t at = Now().at;
    if (Take("+")) return Unary();
    if (!Take("-")) return Postfix();
    Expression negated;
    negated.kind = Expression::Kind::kNegate;
    negated.children.push_back(Binary(6));  // -a ^ b is -(a ^ b)
    negated.type = negated.children[0].type;
    if (negated.type != Type::kScalar && negated.type != Type::kVector) {
      Fail(at, fmt::format("unary expression only allowed on expressions of type scalar or instant vector, got {}",
                           TypeName(negated.type)));
    }
    return negated;
  }

  double Seconds(const std::string& where) {
    if (Now().kind != TokenKind::kDuration && Now().kind != TokenKind::kNumber) Unexpected(where);
    double seconds = Now().number;
    if (error_.empty()) ++at_;
    return seconds;
  }

  Expression Postfix() {
    Expression expression = Primary();
    while (error_.empty()) {
      std::size_t at = Now().at;
      bool selector = expression.kind == Expression::Kind::kSelector;
      if (Take("[")) {
        double seconds = Seconds("range selector");
        if (Now().text.starts_with(':')) Fail(Now().at, "subqueries are not supported by this server");
        Expect("]", "range selector");
        if (!selector || expression.range_ms > 0) Fail(at, "ranges only allowed for vector selectors");
        if (seconds <= 0) Fail(at, "duration must be greater than 0");
        expression.range_ms = static_cast<std::int64_t>(seconds * 1000);
        expression.type = Type::kRange;
      } else if (Take("offset")) {
        bool negative = Take("-");
        double seconds = Seconds("offset");
        if (!selector)
          Fail(at, "offset modifier must be preceded by an instant vector selector or range vector selector");
        expression.offset_ms = static_cast<std::int64_t>((negative ? -seconds : seconds) * 1000);
      } else if (Is("@")) {
        Fail(at, "the @ modifier is not supported by this server");
      } else {
        break;
      }
    }
    return expression;
  }

  Expression Primary() {
    const Token token = Now();
    Expression expression;
    if (token.kind == TokenKind::kNumber || token.kind == TokenKind::kDuration) {
      ++at_;
      expression.number = token.number;
      return expression;
    }
    if (token.kind == TokenKind::kString) {
      ++at_;
      expression.kind = Expression::Kind::kString;
      expression.type = Type::kString;
      expression.name = token.text;
      return expression;
    }
    if (Take("(")) {
      expression = Binary(1);
      Expect(")", "paren expression");
      return expression;
    }
    if (Is("{")) return Selector("");
    if (token.kind != TokenKind::kIdentifier) {
      Unexpected("");
      return expression;
    }
    ++at_;
    if (Aggregations().contains(token.text) && (Is("(") || Is("by") || Is("without"))) return Aggregate(token);
    if (Is("(")) return Call(token);
    std::string lower = token.text;
    std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) { return static_cast<char>(c | 0x20); });
    if (lower == "nan" || lower == "inf") {
      expression.number =
          lower == "nan" ? std::numeric_limits<double>::quiet_NaN() : std::numeric_limits<double>::infinity();
      return expression;
    }
    return Selector(token.text);
  }

  Expression Selector(const std::string& name) {
    std::size_t at = Now().at;
    Expression selector;
    selector.kind = Expression::Kind::kSelector;
    selector.type = Type::kVector;
    if (!name.empty()) selector.matchers.push_back({Matcher::Kind::kEqual, "__name__", name, nullptr});
    if (Take("{")) {
      while (error_.empty() && !Is("}")) {
        selector.matchers.push_back(ReadMatcher());
        if (!Take(",") && !Is("}")) Unexpected("label matching");
      }
      Expect("}", "label matching");
    }
    bool empty = std::all_of(selector.matchers.begin(), selector.matchers.end(),
                             [](const Matcher& each) { return each.Fits({}); });
    if (empty) Fail(at, "vector selector must contain at least one non-empty matcher");
    return selector;
  }

  Matcher ReadMatcher() {
    static const std::map<std::string, Matcher::Kind> kKinds = {{"=", Matcher::Kind::kEqual},
                                                                {"!=", Matcher::Kind::kNotEqual},
                                                                {"=~", Matcher::Kind::kMatches},
                                                                {"!~", Matcher::Kind::kNotMatches}};
    Matcher matcher;
    if (Now().kind != TokenKind::kIdentifier) {
      Unexpected("label matching");
      return matcher;
    }
    matcher.label = Now().text;
    ++at_;
    auto kind = kKinds.find(Now().text);
    if (Now().kind != TokenKind::kOperator || kind == kKinds.end()) {
      Unexpected("label matching");
      return matcher;
    }
    matcher.kind = kind->second;
    ++at_;
    if (Now().kind != TokenKind::kString) {
      Unexpected("label matching");
      return matcher;
    }
    matcher.value = Now().text;
    if (matcher.kind == Matcher::Kind::kMatches || matcher.kind == Matcher::Kind::kNotMatches) {
      auto pattern = Pattern::Parse(matcher.value);
      if (!pattern.ok()) {
        Fail(Now().at, pattern.error().message);
        matcher.kind = Matcher::Kind::kEqual;
        return matcher;
      }
      matcher.pattern = std::make_shared<const Pattern>(std::move(pattern).value());
    }
    ++at_;
    return matcher;
  }

  std::vector<Expression> Arguments(const std::string& name) {
    std::vector<Expression> arguments;
    Expect("(", fmt::format("call of {}", name));
    while (error_.empty() && !Is(")")) {
      arguments.push_back(Binary(1));
      if (!Take(",") && !Is(")")) Unexpected(fmt::format("call of {}", name));
    }
    Expect(")", fmt::format("call of {}", name));
    return arguments;
  }

  void ReadGrouping(Expression& aggregate) {
    aggregate.without = Is("without");
    ++at_;
    aggregate.grouping = Names();
  }

  Expression Aggregate(const Token& token) {
    Expression aggregate;
    aggregate.kind = Expression::Kind::kAggregate;
    aggregate.type = Type::kVector;
    aggregate.name = token.text;
    bool first = Is("by") || Is("without");
    if (first) ReadGrouping(aggregate);
    aggregate.children = Arguments(token.text);
    if (!first && (Is("by") || Is("without"))) ReadGrouping(aggregate);
    if (!error_.empty()) return aggregate;
    std::size_t wanted = TakesParameter(token.text) ? 2 : 1;
    if (aggregate.children.size() != wanted) {
      Fail(token.at, fmt::format("wrong number of arguments for aggregate expression provided, expected {}, got {}",
                                 wanted, aggregate.children.size()));
    } else if (aggregate.children.back().type != Type::kVector) {
      Fail(token.at, fmt::format("expected type instant vector in aggregation expression, got {}",
                                 TypeName(aggregate.children.back().type)));
    } else if (wanted == 2 && aggregate.children[0].type != Type::kScalar) {
      Fail(token.at, "expected type scalar in aggregation parameter");
    }
    return aggregate;
  }

  Expression Call(const Token& token) {
    Expression call;
    call.kind = Expression::Kind::kCall;
    call.name = token.text;
    const Signature* signature = SignatureOf(token.text);
    if (signature == nullptr) {
      Fail(token.at, fmt::format("unknown function with name \"{}\"", token.text));
      return call;
    }
    call.type = signature->result;
    call.children = Arguments(token.text);
    if (!error_.empty()) return call;
    std::size_t given = call.children.size();
    if (given < signature->least || given > signature->parameters.size()) {
      Fail(token.at,
           fmt::format("expected {} argument(s) in call to \"{}\", got {}",
                       given < signature->least ? signature->least : signature->parameters.size(), token.text, given));
      return call;
    }
    for (std::size_t i = 0; i < given; ++i) {
      if (call.children[i].type == signature->parameters[i]) continue;
      Fail(token.at, fmt::format("expected type {} in call to function \"{}\", got {}",
                                 TypeName(signature->parameters[i]), token.text, TypeName(call.children[i].type)));
      return call;
    }
    return call;
  }

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int depth_ = 0;
  std::string error_;
};

}  // namespace

bool IsComparison(const std::string& op) { return Precedence(op) == 3; }

Result<Expression> Parse(std::string_view query) {
  auto tokens = Lex(query);
  if (!tokens.ok()) return tokens.error();
  if (tokens->size() == 1)
    return Error{ErrorCode::kInvalid, "unknown position: parse error: no expression found in input"};
  return Parser(std::move(tokens).value()).Run();
}

}  // namespace sluice::embedded::promql
