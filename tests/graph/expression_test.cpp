#include "compiler/graph/expression.h"

#include <random>

#include <catch2/catch.hpp>

#include "compiler/graph/codec.h"
#include "compiler/graph/expression_codec.h"
#include "compiler/graph/value_codec.h"

namespace sluice::graph {
namespace {

// Random expressions over the roots `a` (a map), `b` (a list of numbers), `c` (a number) and one function.
class Random {
 public:
  explicit Random(std::uint32_t seed) : engine_(seed) {}

  ExpressionPtr Make(int depth) {
    const int which = Pick(depth > 0 ? 16 : 5);
    switch (which) {
      case 0:
        return MakeLiteral(Value(Pick(5)));
      case 1:
        return MakeLiteral(Literal());
      case 2:
        return MakeRoot(std::string(1, "abc"[Pick(3)]));
      case 3:
        return locals_.empty() ? MakeLiteral(Value(2))
                               : MakeLocal(locals_[static_cast<std::size_t>(Pick(Size(locals_)))]);
      case 4:
        return MakeRoot("c");
      case 5:
      case 6:
        return MakeNode(Binary(), {Make(depth - 1), Make(depth - 1)});
      case 7:
        return MakeNode(Operation::kMember, {Make(depth - 1)}, Pick(2) == 0 ? "x" : "y");
      case 8:
        return MakeNode(Operation::kIndex, {Make(depth - 1), Make(depth - 1)});
      case 9:
        return MakeNode(Operation::kIf, {Make(depth - 1), Make(depth - 1), Make(depth - 1)});
      case 10:
        return MakeNode(Operation::kList, {Make(depth - 1), Make(depth - 1)});
      case 11:
        return MakeNode(Operation::kMap, {MakeLiteral("x"), Make(depth - 1), MakeLiteral("y"), Make(depth - 1)});
      case 12:
        return Loop(Pick(2) == 0 ? Operation::kListFor : Operation::kAll, depth);
      case 13:
        return MakeNode(Operation::kInterpolate, {MakeLiteral("n"), Make(depth - 1)});
      case 14:
        return MakeNode(Operation::kBuiltin, {Make(depth - 1)}, Pick(2) == 0 ? "count" : "number");
      default:
        return MakeNode(Operation::kCall, {Make(depth - 1)}, "twice");
    }
  }

 private:
  template <typename T>
  static int Size(const T& items) {
    return static_cast<int>(items.size());
  }
  int Pick(int below) { return std::uniform_int_distribution<int>(0, below - 1)(engine_); }

  Value Literal() {
    switch (Pick(6)) {
      case 0:
        return Value(true);
      case 1:
        return Value();
      case 2:
        return Value("x");
      case 3:
        return Value::Percent(Number::Ratio(1, 3));
      case 4:
        return Value(List{Value(1), Value("q")});
      default:
        return Value(false);
    }
  }

  Operation Binary() {
    static constexpr Operation kAll[] = {Operation::kOr,       Operation::kAnd,    Operation::kEqual,
                                         Operation::kNotEqual, Operation::kLess,   Operation::kGreaterEqual,
                                         Operation::kIn,       Operation::kAdd,    Operation::kSubtract,
                                         Operation::kMultiply, Operation::kDivide, Operation::kCoalesce};
    return kAll[Pick(static_cast<int>(std::size(kAll)))];
  }

  ExpressionPtr Loop(Operation operation, int depth) {
    const ExpressionPtr in = Make(depth - 1);
    locals_.push_back("v" + std::to_string(locals_.size()));
    const std::string variable = locals_.back();
    std::vector<ExpressionPtr> operands = {in, Make(depth - 1)};
    if (operation == Operation::kListFor) {
      operands.push_back(Make(depth - 1));
    }
    locals_.pop_back();
    return MakeNode(operation, std::move(operands), "", {variable});
  }

  std::mt19937 engine_;
  std::vector<std::string> locals_;
};

FunctionTable Functions() {
  FunctionTable functions;
  functions["twice"] = {{"n"}, MakeNode(Operation::kAdd, {MakeLocal("n"), MakeLocal("n")})};
  return functions;
}

Roots AllRoots() {
  Map a;
  a.Set("x", Value(3));
  a.Set("z", Value("text"));
  return {{"a", Value(a)}, {"b", Value(List{Value(1), Value(2)})}, {"c", Value(7)}};
}

bool Same(const Evaluation& a, const Evaluation& b) { return a.kind == b.kind && a.value == b.value; }

TEST_CASE("reducing first and evaluating the rest is evaluating all") {
  const FunctionTable functions = Functions();
  const Roots all = AllRoots();
  const Roots some = {{"a", all.at("a")}, {"c", all.at("c")}};
  for (std::uint32_t seed = 0; seed < 4000; ++seed) {
    const ExpressionPtr expression = Random(seed).Make(5);
    const Evaluation whole = Evaluate(*expression, functions, all);
    const Evaluation rest = Evaluate(*Reduce(expression, functions, some), functions, all);
    INFO("seed " << seed << ": " << EncodeExpression(*expression));
    REQUIRE(Same(whole, rest));
  }
}

TEST_CASE("with every root bound reducing leaves a literal wherever there is a value") {
  const FunctionTable functions = Functions();
  for (std::uint32_t seed = 0; seed < 1000; ++seed) {
    const ExpressionPtr expression = Random(seed).Make(4);
    const Evaluation whole = Evaluate(*expression, functions, AllRoots());
    const ExpressionPtr reduced = Reduce(expression, functions, AllRoots());
    INFO("seed " << seed << ": " << EncodeExpression(*expression));
    if (whole.kind == Evaluation::Kind::kValue && RootsOf(*reduced, functions).empty() &&
        reduced->operation == Operation::kLiteral) {
      REQUIRE(reduced->literal == whole.value);
    }
    if (whole.kind != Evaluation::Kind::kValue) {
      REQUIRE(reduced->operation != Operation::kLiteral);
    }
  }
}

TEST_CASE("expressions are read as they were written, and written the same again") {
  for (std::uint32_t seed = 0; seed < 2000; ++seed) {
    const ExpressionPtr expression = Random(seed).Make(5);
    const std::string text = EncodeExpression(*expression);
    const Result<ExpressionPtr> read = DecodeExpression(text);
    INFO("seed " << seed << ": " << text);
    REQUIRE(read.ok());
    REQUIRE(SameExpression(*expression, **read));
    REQUIRE(EncodeExpression(**read) == text);
  }
}

TEST_CASE("what is no expression is refused") {
  const char* text = GENERATE(R"(["if",1,2])", R"(["unknown",1])", R"([1,2])", R"([])", R"(["."])", R"([".",1,2])",
                              R"(["for",[],1,true,2])", R"(["for",["a","b","c"],1,true,2])", R"(["map",1])",
                              R"({"x":1})", R"({"n":"1/0"})", R"({"n":"a"})", R"({"s":["a"]})", R"({"n":"1","b":"2"})");
  INFO(text);
  CHECK_FALSE(DecodeExpression(text).ok());
}

TEST_CASE("an expression nested deeper than the limit is refused, one at the limit is read and evaluated") {
  const auto nested = [](int levels) {
    std::string text = "true";
    for (int i = 0; i < levels; ++i) {
      text = "[\"not\"," + text + "]";
    }
    return text;
  };
  CHECK_FALSE(DecodeExpression(nested(kMaxExpressionDepth + 1)).ok());
  const Result<ExpressionPtr> read = DecodeExpression(nested(kMaxExpressionDepth));
  REQUIRE(read.ok());
  CHECK(Evaluate(**read, {}, {}).value == Value(true));
}

TEST_CASE("evaluation ends: by steps, by depth, by the size of texts") {
  FunctionTable functions;
  functions["own"] = {{"n"}, MakeNode(Operation::kCall, {MakeLocal("n")}, "own")};
  functions["double"] = {{"t"}, MakeNode(Operation::kInterpolate, {MakeLocal("t"), MakeLocal("t")})};
  const Evaluation endless = Evaluate(*MakeNode(Operation::kCall, {MakeLiteral(1)}, "own"), functions, {});
  CHECK(endless.kind == Evaluation::Kind::kError);
  CHECK(endless.message == "nested too deeply");

  ExpressionPtr text = MakeLiteral("0123456789abcdef");
  for (int i = 0; i < 40; ++i) {
    text = MakeNode(Operation::kCall, {text}, "double");
  }
  const Evaluation long_text = Evaluate(*text, functions, {});
  CHECK(long_text.kind == Evaluation::Kind::kError);

  const ExpressionPtr range = MakeNode(Operation::kBuiltin, {MakeLiteral(0), MakeLiteral(10'000)}, "range");
  const ExpressionPtr inner = MakeNode(Operation::kListFor, {range, MakeLiteral(true), MakeLocal("x")}, "", {"x"});
  const ExpressionPtr outer = MakeNode(Operation::kListFor, {range, MakeLiteral(true), inner}, "", {"y"});
  const Evaluation many = Evaluate(*outer, {}, {});
  CHECK(many.kind == Evaluation::Kind::kError);
  CHECK(many.message == "takes more than 1000000 steps");
}

struct Channel {
  const char* expression;
  Evaluation::Kind kind;
  const char* text;  // the value's text, or the message
};

TEST_CASE("missing data is no data, nonsense is an error") {
  using Kind = Evaluation::Kind;
  const Channel channel = GENERATE(
      Channel{R"(["b","number",[".","v",["@","r"]]])", Kind::kNoData, "the number is missing"},
      Channel{R"(["b","number",[".","nan",["@","r"]]])", Kind::kNoData, "the number is `NaN`"},
      Channel{R"(["b","number",[".","inf",["@","r"]]])", Kind::kNoData, "the number is `+Inf`"},
      Channel{R"(["b","number",[".","word",["@","r"]]])", Kind::kError, "`abc` is no number"},
      Channel{R"(["b","number",[".","text",["@","r"]]])", Kind::kValue, "0.125"},
      Channel{R"(["+",1,[".","v",["@","r"]]])", Kind::kNoData, "calculated with a value that is missing"},
      Channel{R"(["<",1,[".","v",["@","r"]]])", Kind::kNoData, "compared with a value that is missing"},
      Channel{R"(["<",{"%":"0.5"},1])", Kind::kError, "a percent `50%` and a number `1` can't be compared"},
      Channel{R"(["??",["b","number",null],0])", Kind::kValue, "0"},
      Channel{R"(["??",["b","number","x"],0])", Kind::kError, "`x` is no number"},
      Channel{R"(["b","count",[".","v",["@","r"]]])", Kind::kValue, "0"},
      Channel{R"([".","a",[".","v",["@","r"]]])", Kind::kValue, "none"},
      Channel{R"(["[]",["l",[1,2]],5])", Kind::kValue, "none"},
      Channel{R"(["all",["x"],[".","v",["@","r"]],true])", Kind::kNoData, "the list is missing"},
      Channel{R"(["for",["x"],[".","v",["@","r"]],true,1])", Kind::kValue, "[]"},
      Channel{R"(["/",1,0])", Kind::kNoData, "division by zero"},
      Channel{R"(["text","a",[".","v",["@","r"]]])", Kind::kNoData, "a part of the text is missing"},
      Channel{R"(["text","a",{"s":["db","password"]}])", Kind::kError, "a secret has no text"},
      Channel{R"(["as","ratio","0.05"])", Kind::kValue, "5%"}, Channel{R"(["as","percent",5])", Kind::kValue, "5%"},
      Channel{R"(["as","seconds",0.25])", Kind::kValue, "250ms"},
      Channel{R"(["as","milliseconds","250"])", Kind::kValue, "250ms"},
      Channel{R"(["as","bytes",1024])", Kind::kValue, "1Ki"},
      Channel{R"(["as","number",null])", Kind::kNoData, "the number is missing"});
  Map r;
  r.Set("nan", Value("NaN"));
  r.Set("inf", Value("+Inf"));
  r.Set("word", Value("abc"));
  r.Set("text", Value("0.125"));
  const Result<ExpressionPtr> expression = DecodeExpression(channel.expression);
  INFO(channel.expression);
  REQUIRE(expression.ok());
  const Evaluation result = Evaluate(**expression, {}, {{"r", Value(r)}});
  CHECK(result.kind == channel.kind);
  CHECK((result.kind == Kind::kValue ? result.value.ToText() : result.message) == channel.text);
}

TEST_CASE("at run time what doesn't fit a number is rounded to twelve digits") {
  const Value third(Number::Ratio(1, 3'000'000'007));
  const Value other(Number::Ratio(1, 3'000'000'019));
  const ExpressionPtr product = MakeNode(
      Operation::kMultiply, {MakeNode(Operation::kAdd, {MakeLiteral(third), MakeLiteral(other)}), MakeLiteral(third)});
  const Evaluation result = Evaluate(*product, {}, {});
  REQUIRE(result.kind == Evaluation::Kind::kValue);
  CHECK(result.value.as_quantity()->number == Number(0));
  const ExpressionPtr sum = MakeNode(Operation::kAdd, {MakeLiteral(Value(Number::Ratio(1, 3'037'000'507))),
                                                       MakeLiteral(Value(Number::Ratio(2, 4'294'967'291)))});
  const Evaluation added = Evaluate(*sum, {}, {});
  REQUIRE(added.kind == Evaluation::Kind::kValue);
  CHECK(added.value.ToText() == "0.000000000795");
}

}  // namespace
}  // namespace sluice::graph
