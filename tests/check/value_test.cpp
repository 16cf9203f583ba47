#include <catch2/catch.hpp>

#include "tests/check/evaluate_text.h"

namespace sluice::check {
namespace {

struct Case {
  const char* expression;
  const char* value;
};

void Expect(const std::vector<Case>& cases, const std::string& declarations = "") {
  for (const Case& c : cases) {
    INFO(c.expression);
    const Evaluated result = EvaluateText(c.expression, declarations);
    CHECK(result.diagnostics == "");
    CHECK(result.text == c.value);
  }
}

TEST_CASE("numbers are exact and keep their units") {
  Expect({{"1 + 2 * 3", "7"},
          {"(1 + 2) * 3", "9"},
          {"0.1 + 0.2", "0.3"},
          {"10 / 4", "2.5"},
          {"1 / 3 * 3", "1"},
          {"-2 - -3", "1"},
          {"5% + 0.5%", "5.5%"},
          {"90s + 1m", "2m30s"},
          {"256Mi + 256Mi", "512Mi"},
          {"1.5GB", "1500M"},
          {"2 * 5%", "10%"},
          {"10% * 1h", "6m"},
          {"1h / 4", "15m"},
          {"1h / 15m", "4"},
          {"5% / 0.1%", "50"},
          {"100% * 50%", "50%"},
          {"2027-03-02 + 1d", "2027-03-03"},
          {"2027-03-02 - 2027-03-01", "1d"}});
}

TEST_CASE("conditions look no further than they must") {
  Expect({{"1 < 2 and 2 <= 2 and 3 > 2 and 2 >= 2", "true"},
          {"false and 1 / 0 > 1", "false"},
          {"true or 1 / 0 > 1", "true"},
          {"not (1 == 2)", "true"},
          {"if 1 < 2 then \"a\" else \"b\"", "a"},
          {"\"a\" in [\"a\", \"b\"]", "true"},
          {"\"c\" not in [\"a\", \"b\"]", "true"},
          {"\"x\" in { x: 1 }", "true"},
          {"\"ell\" in \"hello\"", "true"},
          {"none == none", "true"},
          {"5m > 299s", "true"},
          {"\"a\" != \"b\"", "true"}});
}

TEST_CASE("text takes values as their reader expects them") {
  Expect({{R"("${90s} ${5%} ${256Mi} ${0.25} ${true}")", "1m30s 5% 256Mi 0.25 true"},
          {R"("a" + "b")", "ab"},
          {R"("${"in ${1 + 1}"}")", "in 2"},
          {R"("$${x}")", "${x}"},
          {R"("${[1, "a"]}")", R"([1,"a"])"},
          {R"("${{ a: 1 b: [true] }}")", R"({"a":1,"b":[true]})"},
          {R"("${2027-03-02}")", "2027-03-02"}});
}

TEST_CASE("lists and maps are built, joined and taken apart") {
  Expect({{"[for x in [1, 2, 3] if x > 1: x * 2]", "[4,6]"},
          {"[for i, x in [\"a\", \"b\"]: \"${i}${x}\"]", R"(["0a","1b"])"},
          {"{ for k, v in { a: 1 b: 2 }: \"${k}!\": v + 1 }", R"({"a!":2,"b!":3})"},
          {"[1] + [2]", "[1,2]"},
          {"{ a: 1 b: 1 } + { b: 2 }", R"({"a":1,"b":2})"},
          {"merge({ a: { b: 1 } }, { a: { c: 2 } })", R"({"a":{"b":1,"c":2}})"},
          {"{ a: none b: 1 }", R"({"b":1})"},
          {"{ a: { b: 7 } }.a.b", "7"},
          {"[1, 2][1]", "2"},
          {"all x in [1, 2]: x > 0", "true"},
          {"any x in [1, 2]: x > 1", "true"},
          {"all x in []: x == 1", "true"},
          {"count([for s in range(0%, 100%, 25%): s])", "4"},
          {"range(0, 3)", "[0,1,2]"},
          {"none ?? 3", "3"},
          {"{ a: 1 }[\"a\"] ?? 2", "1"}});
}

TEST_CASE("the built-in functions") {
  Expect({{"count(\"äb\")", "2"},
          {"join([1, \"a\"], \"-\")", "1-a"},
          {"split(\"a,b,\", \",\")", R"(["a","b",""])"},
          {"replace(\"a.b.c\", \".\", \"-\")", "a-b-c"},
          {"lower(\"ABC\")", "abc"},
          {"trim(\"  a b \")", "a b"},
          {"regex-escape(\"a.b-c_d\")", "a\\.b\\-c_d"},
          {"url-encode(\"a b/ü\")", "a%20b%2F%C3%BC"},
          {"base64(\"ab\")", "YWI="},
          {"base64(\"abc\")", "YWJj"},
          {"base64(\"a\")", "YQ=="},
          {"json(\"{\\\"a\\\": [1, 2]}\").a[1]", "2"},
          {"csv(\"a,b\\n1,\\\"x,\\\"\\\"y\\\"\\n\")", R"([{"a":"1","b":"x,\"y"}])"},
          {"keys({ b: 1 a: 2 })", R"(["b","a"])"},
          {"min(3, 1, 2)", "1"},
          {"max([1s, 1m])", "1m"},
          {"sum([1%, 2%])", "3%"},
          {"round(2.5)", "3"},
          {"round(-2.5)", "-3"},
          {"floor(2.9)", "2"},
          {"ceil(2.1)", "3"},
          {"round(33.3%, 1%)", "33%"},
          {"ceil(61s, 1m)", "2m"},
          {"at([1, 2], 1)", "2"},
          {"at([1, 2], 5) ?? 9", "9"},
          {"first([1, 2])", "1"},
          {"last([1, 2])", "2"},
          {"sorted([3, 1, 2])", "[1,2,3]"},
          {"epoch(1790000000)", "2026-09-21T14:13:20.000Z"},
          {"number(\"1.5e2\")", "150"},
          {"sqrt(2)", "1.414213562373"},
          {"ln(10)", "2.302585092994"},
          {"exp(1)", "2.718281828459"},
          {"ln(exp(0.5))", "0.5"}});
}

TEST_CASE("let, fn and parameters with defaults") {
  Expect({{"double(4)", "8"},
          {"greet(\"Ada\")", "hello Ada"},
          {"greet(name: \"Ada\", word: \"bye\")", "bye Ada"},
          {"base + 1", "11"},
          {"scaled(3)", "30"},
          {"either(none)", "none given"},
          {"either(\"x\")", "x"},
          {"area({ width: 2 height: 3 })", "6"}},
         "let base: int = 10\n"
         "fn double(x: decimal) -> decimal = x * 2\n"
         "fn greet(name: string, word: string = \"hello\") -> string = \"${word} ${name}\"\n"
         "fn scaled(x: int, by: int = base) = x * by\n"
         "fn either(x: string?) -> string = x ?? \"none given\"\n"
         "fn area(of: { width: int, height: int }) -> int = of.width * of.height\n");
}

TEST_CASE("what the cluster must evaluate is left over, everything known folded in") {
  Expect(
      {{"\"${candidate.name}-${1 + 1}\"", R"json(["text",[".","name",["@","candidate"]],"-2"])json"},
       {"value <= 1% + 1%", R"json(["<=",["@","value"],{"%":"0.02"}])json"},
       {"true and value > 1%", R"json([">",["@","value"],{"%":"0.01"}])json"},
       {"if false then candidate.name else \"x\"", "x"},
       {"[for b in split.backends: round(b.weight / 0.1%)]",
        R"json(["for",["b.1"],[".","backends",["@","split"]],true,["b","round",["/",[".","weight",["$","b.1"]],{"%":"0.001"}]]])json"},
       {"first([1, 2]) + count(response.json.items)",
        R"json(["+",1,["b","count",[".","items",[".","json",["@","response"]]]]])json"},
       {"any p in response.json.parents: p.ok == true",
        R"json(["any",["p.1"],[".","parents",[".","json",["@","response"]]],["==",[".","ok",["$","p.1"]],true]])json"}});
}

TEST_CASE("functions that residuals call stand once in the table") {
  graph::FunctionTable functions;
  const Evaluated result = EvaluateText("[name-of(candidate), name-of(stable ?? candidate)]",
                                        "let suffix = \"x\"\n"
                                        "fn name-of(r: revision) -> string = \"${r.name}-${suffix}\"\n",
                                        {Type::Kind::kAny, "", Stage::kRunTime}, &functions);
  CHECK(result.diagnostics == "");
  CHECK(
      result.text ==
      R"json(["list",["f","name-of",["@","candidate"]],["f","name-of",["??",["@","stable"],["@","candidate"]]]])json");
  REQUIRE(functions.size() == 1);
  CHECK(functions.begin()->second.parameters == std::vector<std::string>{"r"});
}

TEST_CASE("loops of a function don't capture the variables of its caller") {
  const std::string declarations = "fn same(x: json, others: json) -> json = [for x2 in others if x2 == x: x2]\n";
  graph::FunctionTable functions;
  const Evaluated result = EvaluateText("[for x in response.a: [for x2 in response.b: same(x2, response.a)]]",
                                        declarations, {Type::Kind::kAny, "", Stage::kRunTime}, &functions);
  REQUIRE(result.value);
  const graph::Value response = *graph::DecodeValue(R"({"a":[1,2],"b":[2,3]})");
  const graph::Evaluation run = graph::Evaluate(**result.value->as_residual(), functions, {{"response", response}});
  CHECK(run.value.ToText() == "[[[2],[]],[[2],[]]]");
}

}  // namespace
}  // namespace sluice::check
