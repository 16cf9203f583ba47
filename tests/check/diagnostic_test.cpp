#include <catch2/catch.hpp>

#include "tests/check/evaluate_text.h"

namespace sluice::check {
namespace {

struct Case {
  const char* expression;
  const char* diagnostics;
};

const char* const kDeclarations =
    "let total: int = 10\n"
    "let used-by = total\n"
    "fn double(x: decimal) -> decimal = x * 2\n"
    "fn limited(max: percent in 0%..100%) -> percent = max\n"
    "fn divided(by: int) -> decimal = 1 / by\n"
    "fn mapped(of: map<int>) -> int = of.a\n";

void Expect(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    INFO(c.expression);
    const Evaluated result = EvaluateText(c.expression, kDeclarations);
    CHECK(result.diagnostics == c.diagnostics);
    CHECK_FALSE(result.value);
  }
}

TEST_CASE("unknown names") {
  Expect({{"totl + 1", "2:1 SL1001 nothing is called `totl` here\n"},
          {"total-1", "2:1 SL1001 nothing is called `total-1` here\n"},
          {"lower(infra/public)", "2:7 SL0017 `infra/public` has no quotes\n"},
          {"lower(infra/3.4)", "2:7 SL0017 `infra/3.4` has no quotes\n"},
          {"gates.latency(p99: 1s)", "2:1 SL1001 nothing is called `gates` here\n"},
          {"candidate.imag", "2:11 SL1002 `candidate` is a revision and has no `imag`\n"},
          {"{ a: 1 }.b", "2:10 SL1002 `{ a: 1 }` is a map and has no `b`\n"},
          {"[1].first", "2:5 SL1002 `[1]` is a list of whole numbers and has no members\n"},
          {"(default.nothing)", "2:10 SL1002 there is no default called `nothing`\n"}});
}

TEST_CASE("units don't mix") {
  Expect({{"5% + 1", "2:1 SL1102 a percent and a whole number can't be added\n"},
          {"5m - 5%", "2:1 SL1102 a duration and a percent can't be subtracted\n"},
          {"5m * 5m", "2:1 SL1102 a duration and a duration can't be multiplied\n"},
          {"value <= 5", "2:1 SL1102 a percent and a whole number can't be compared\n"},
          {"1 == \"a\"", "2:1 SL1102 a whole number and text can't be compared\n"},
          {"true < false", "2:1 SL1102 true or false has no order\n"},
          {"1 in [\"a\"]", "2:1 SL1102 a whole number can't be in a list of texts\n"},
          {"-true", "2:1 SL1102 true or false can't be negated\n"},
          {"min(1, 5%)", "2:1 SL1102 `min` takes values of one unit, these are a whole number and a percent\n"}});
}

TEST_CASE("types of arguments and conditions") {
  Expect({{"double(\"a\")", "2:8 SL1101 `x` takes a number, `\"a\"` is text\n"},
          {"limited(5)", "2:9 SL1101 `max` takes a percent, `5` is a number\n"},
          {"if 1 then 2 else 3", "2:4 SL1101 `if` takes true or false, `1` is a number\n"},
          {"not 1", "2:5 SL1101 `not` takes true or false, `1` is a number\n"},
          {"1 and true", "2:1 SL1101 `and` takes true or false, `1` is a number\n"},
          {"[for x in 5: x]", "2:11 SL1101 `for` goes through a list or a map, `5` is a whole number\n"},
          {"split(1, \",\")", "2:7 SL1101 `text` of `split` takes text, `1` is a number\n"},
          {"response.json.a + 1",
           "2:1 SL1101 `response.json.a` is data whose type only shows at run time; it can't be calculated with\n"},
          {"double(response.json)", "2:8 SL1101 `x` takes a number, `response.json` is data\n"},
          {"double", "2:1 SL1106 a value is needed, `double` is a function\n"},
          {"total(1)", "2:1 SL1106 `total` is a whole number and can't be called\n"},
          {"double(none)", "2:8 SL1104 `x` takes a number, not none\n"},
          {"divided(2.5)", "2:9 SL1103 `by` takes a whole number, `2.5` is 2.5\n"}});
}

TEST_CASE("arguments of calls") {
  Expect({{"double()", "2:1 SL1201 `double` needs `x`\n"},
          {"double(y: 1)", "2:8 SL1202 `double` has no parameter `y`\n"},
          {"double(1, 2)", "2:11 SL1202 `double` takes 1 argument\n"},
          {"double(1, x: 2)", "2:11 SL1203 `x` is given twice\n"},
          {"count()", "2:1 SL1201 `count` takes of\n"},
          {"count(of: [1])", "2:7 SL1202 arguments of `count` have no labels\n"},
          {"limited(120%)", "2:9 SL1204 `max` is 120%, it must lie between 0% and 100%\n"},
          {"limited(max: 0% - 1%)", "2:14 SL1204 `max` is -1%, it must lie between 0% and 100%\n"}});
}

TEST_CASE("values that have no result") {
  Expect({{"1 / 0", "2:5 SL1301 `0` is 0, and nothing can be divided by it\n"},
          {"value / 0%", "2:9 SL1301 `0%` is 0, and nothing can be divided by it\n"},
          {"divided(total - 10)", "7:38 SL1301 `by` is 0, and nothing can be divided by it\n"},
          {"900000000000000000 * 900000000000000000", "2:1 SL1302 the result doesn't fit a number\n"},
          {"range(1, 5, 0)", "2:1 SL1302 `range` with a step of 0 has no end\n"},
          {"range(1%, 5%)", "2:1 SL1302 `range` needs the step `by` here\n"},
          {"sqrt(0 - 1)", "2:1 SL1302 `sqrt` of `-1` isn't defined\n"},
          {"json(\"{\")", "2:1 SL1302 no JSON at byte 1: a key is missing\n"},
          {"number(\"abc\")", "2:1 SL1302 `abc` is no number\n"},
          {"min([])", "2:1 SL1104 `min` of an empty list\n"},
          {"[1, 2][2]", "2:1 SL1303 there is no item 2, the list has 2\n"},
          {"mapped({ b: 1 })", "8:34 SL1303 the map has no entry `a`\n"},
          {"\"${1 / 3}\"", "2:4 SL1304 `1 / 3` is 1/3, which has no end as a decimal\n"},
          {"2027-02-30", "2:1 SL0024 there is no day `2027-02-30`\n"},
          {"first([]) + 1", "2:1 SL1104 calculated with a value that is missing\n"}});
}

TEST_CASE("secrets stand alone") {
  Expect({{"\"token ${secret \"a\" key \"b\"}\"",
           "2:10 SL1105 `secret \"a\" key \"b\"` is a secret and can't be written into text\n"},
          {"(secret \"a\" key \"b\") == \"x\"", "2:1 SL1105 a secret can't be compared\n"},
          {"lower(secret \"a\" key \"b\")",
           "2:7 SL1105 `text` of `lower` takes text, `secret \"a\" key \"b\"` is a secret\n"}});
}

TEST_CASE("one mistake is one diagnostic, and all of them come at once") {
  Expect({{"[totl, totl.a.b, 5% + 1, double(totl)]",
           "2:2 SL1001 nothing is called `totl` here\n"
           "2:8 SL1001 nothing is called `totl` here\n"
           "2:18 SL1102 a percent and a whole number can't be added\n"
           "2:33 SL1001 nothing is called `totl` here\n"}});
}

TEST_CASE("branches that are not taken are checked") {
  Expect({{"if true then 1 else 5% + totl", "2:26 SL1001 nothing is called `totl` here\n"},
          {"[for x in []: x + \"a\" * 2]", "2:19 SL1102 text and a whole number can't be multiplied\n"}});
}

TEST_CASE("a value of the cluster says which name makes it one") {
  const Evaluated result = EvaluateText("\"${candidate.image}\"", "", {Type::Kind::kString, "`image`"});
  CHECK(result.diagnostics == "2:1 SL1305 `image` must be known when the plan is compiled\n");
}

TEST_CASE("bodies are checked without a call") {
  PlanSet set(Files{{"p.plan",
                     "fn f(x: percent) -> percent = x + 5\n"
                     "fn g(a: strng) -> int = a.b\n"
                     "fn h(a: int, a: int) = a\n"
                     "let unused = 1 / 0\n"
                     "fn k(a: percent in 0..1) -> percent = a\n"}});
  CHECK(set.Diagnostics() ==
        "1:31 SL1102 a percent and a whole number can't be added\n"
        "2:9 SL1004 there is no type `strng`\n"
        "3:14 SL1206 two parameters are called `a`\n"
        "4:18 SL1301 `0` is 0, and nothing can be divided by it\n"
        "5:20 SL1101 a bound takes a percent, `0` is a number\n"
        "5:23 SL1101 a bound takes a percent, `1` is a number\n");
}

TEST_CASE("ten million steps are evaluated, more are refused") {
  const auto diagnose = [](int times) {
    return PlanSet({{"a.plan", "let many = range(0, 10000)\nlet x = all n in range(0, " + std::to_string(times) +
                                   "): count(many) > n\nroute r { host if x then \"a.example.com\" else \"b\" }\n"}})
        .Diagnostics();
  };
  CHECK(diagnose(900).find("SL9101") == std::string::npos);
  CHECK(diagnose(1100).find("SL9101 the plan set takes more than 10 million steps to evaluate\n") != std::string::npos);
}

TEST_CASE("functions that call themselves are reported at the first in the source") {
  PlanSet set(Files{{"p.plan",
                     "fn even(n: int) -> bool = if n == 0 then true else odd(n - 1)\n"
                     "fn odd(n: int) -> bool = if n == 0 then false else even(n - 1)\n"
                     "fn own(n: int) = own(n)\n"
                     "let a = b\n"
                     "let b = a\n"
                     "let c = even(3)\n"}});
  CHECK(set.Diagnostics() ==
        "1:4 SL1401 `even` and `odd` need each other\n"
        "3:4 SL1401 `own` needs itself\n"
        "4:5 SL1401 `a` and `b` need each other\n");
}

}  // namespace
}  // namespace sluice::check
