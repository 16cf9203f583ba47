// `test` blocks beside what a plan set comes to, and their conditions over facts.
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include <catch2/catch.hpp>

#include "compiler/check/test_facts.h"
#include "compiler/compile.h"
#include "compiler/diagnostics/render.h"
#include "compiler/graph/codec.h"

namespace sluice {
namespace {

using Files = std::map<std::string, std::string>;
using graph::Value;

const char* const kWeb = R"(import std.routers

service web {
  image "ghcr.io/acme/web:1.0"
  replicas 4
  port http 8080
  probe ready http "/readyz"
}
route shop { host "shop.example.com"  via routers.gateway("infra/public") }
rollout web {
  deploy web
  through shop
  step half { weight 50%  hold 10m }
  step full { weight 100% }
}
)";

std::string Short(const Compilation& compilation) {
  return diagnostics::RenderShort(compilation.emitter.Sorted(), compilation.sources);
}

std::string Output(const Compilation& compilation) {
  std::string text = Short(compilation);
  for (const graph::Graph& graph : compilation.graphs) {
    text += graph::EncodeGraph(graph, true) + "\n";
  }
  for (const manifest::Manifest& manifest : compilation.manifests) {
    text += manifest::ToYaml(manifest.object) + "\n";
  }
  return text;
}

std::unique_ptr<Compilation> WithTests(const std::string& tests, CompileCache* cache = nullptr) {
  return Compile(source::MemoryTree(Files{{"web.plan", kWeb + tests}}), cache);
}

TEST_CASE("what a plan set comes to does not depend on its tests") {
  const std::string without = Output(*WithTests(""));
  const auto with = WithTests(
      "fn twice(of: duration) -> duration = 2 * of\n"
      "test \"a\" {\n  simulate web { candidate crashes }\n  expect elapsed < twice(elapsed) + twice(1m)\n}\n");
  REQUIRE(with->plans.tests.size() == 1);
  CHECK(Output(*with) == without);
  CHECK(with->plans.functions.count("twice") == 1);
}

TEST_CASE("a compile in parts finds the mistakes in tests") {
  const Files files = {
      {"shop/web.plan",
       std::string(kWeb) + "test \"a\" {\n  simulate web { candidate crash }\n  expect outcom is held\n}\n"},
      {"mail/mail.plan", "service mail {\n  image \"mail:1\"\n  probe ready exec [\"true\"]\n}\n"}};
  CompileCache cache;
  const std::string whole = Short(*Compile(source::MemoryTree(files)));
  CHECK(whole.find("error[SL2005]: `candidate` does not know `crash`") != std::string::npos);
  CHECK(whole.find("error[SL1001]: nothing is called `outcom` here") != std::string::npos);
  CHECK(Short(*Compile(source::MemoryTree(files), &cache)) == whole);
  Files right = files;
  right["shop/web.plan"] =
      std::string(kWeb) +
      "test \"a\" {\n  simulate web as one { }\n  simulate web as two { }\n  expect one.outcome is held\n}\n";
  const std::string warned = Output(*Compile(source::MemoryTree(right)));
  CHECK(warned.find("SL2602") != std::string::npos);
  for (int again = 0; again < 2; ++again) {
    CHECK(Output(*Compile(source::MemoryTree(right), &cache)) == warned);
  }
}

TEST_CASE("a test of one directory may be called as one of another") {
  const std::string test = "test \"a\" {\n  simulate web { }\n  expect outcome is held\n}\n";
  std::string other = std::string(kWeb) + test;
  for (std::size_t at = other.find("web {"); at != std::string::npos; at = other.find("web {", at + 1)) {
    other.replace(at, 3, "two");
  }
  other.replace(other.find("deploy web"), 10, "deploy two");
  other.replace(other.find("shop.example"), 4, "next");
  const auto compilation =
      Compile(source::MemoryTree(Files{{"a/web.plan", kWeb + test}, {"b/two.plan", std::move(other)}}));
  INFO(Short(*compilation));
  REQUIRE(compilation->plans.tests.size() == 2);
  CHECK(compilation->plans.tests[0].scenarios[0].rollout == "web");
  CHECK(compilation->plans.tests[1].scenarios[0].rollout == "two");
}

// What the first expectation of a test comes to.
graph::Evaluation Expect(const std::string& condition, const graph::Roots& roots,
                         const std::string& simulations = "simulate web { }") {
  const auto compilation = WithTests("test \"a\" { " + simulations + "  expect " + condition + " }\n");
  INFO(Short(*compilation));
  REQUIRE(compilation->plans.tests.size() == 1);
  return graph::Evaluate(*compilation->plans.tests[0].expectations[0].condition, compilation->plans.functions, roots);
}

TEST_CASE("a condition of one scenario reads its facts by their names") {
  graph::Map entered;
  entered.Set("half", Value::Milliseconds(Duration(1000)));
  const graph::Roots roots = {{"outcome", Value("rolled-back")},
                              {"entered", Value(entered)},
                              {"max-weight", Value::Percent(Number::Ratio(1, 2))}};
  CHECK(Expect("outcome is rolled-back", roots).value == Value(true));
  CHECK(Expect("outcome in [promoted, held]", roots).value == Value(false));
  CHECK(Expect("max-weight <= 50% and entered[\"half\"] < 2s", roots).value == Value(true));
  CHECK(Expect("\"full\" not in entered and entered[\"full\"] is none", roots).value == Value(true));
  CHECK(Expect("entered[\"full\"] > entered[\"half\"]", roots).kind == graph::Evaluation::Kind::kNoData);
}

TEST_CASE("a condition of several scenarios reads facts behind the scenarios' names") {
  const auto scenario = [](const char* outcome) {
    graph::Map facts;
    facts.Set("outcome", Value(outcome));
    return Value(facts);
  };
  const graph::Roots roots = {{"bad", scenario("rolled-back")}, {"good", scenario("promoted")}};
  const std::string both = "simulate web as bad { }  simulate web as good { }";
  CHECK(Expect("bad.outcome is rolled-back and good.outcome is promoted", roots, both).value == Value(true));
  CHECK(Expect("all each in [bad, good]: each.outcome is promoted", roots, both).value == Value(false));
}

TEST_CASE("each fact is there at the time that the table says") {
  REQUIRE(check::TestFacts().size() == 21);
  for (const check::Fact& fact : check::TestFacts()) {
    const std::string name(fact.name);
    CAPTURE(name);
    CHECK((fact.end || fact.moment));
    const auto fits = [&](const std::string& over) {
      return WithTests("test \"a\" { simulate web { }  expect " + over + name + " is not none }\n")->ok();
    };
    CHECK(fits("") == fact.end);
    for (const char* over : {"always ", "never ", "eventually "}) {
      CHECK(fits(over) == fact.moment);
    }
  }
}

// From "## Tests" to the next chapter.
std::string ChapterOfTests() {
  std::ifstream file(std::string(SLUICE_SOURCE_DIR) + "/grammar/README.md");
  std::ostringstream text;
  text << file.rdbuf();
  const std::size_t begin = text.str().find("\n## Tests\n");
  REQUIRE(begin != std::string::npos);
  return text.str().substr(begin, text.str().find("\n## ", begin + 1) - begin);
}

TEST_CASE("the reference has every fact and every outcome, and its sample is right") {
  const std::string chapter = ChapterOfTests();
  for (const check::Fact& fact : check::TestFacts()) {
    const std::string name(fact.name);
    CAPTURE(name);
    CHECK((chapter.find("`" + name + "`") != std::string::npos || chapter.find("`" + name + "[") != std::string::npos));
  }
  for (const std::string& outcome : check::TestOutcomes()) {
    CHECK(chapter.find("| `" + outcome + "` |") != std::string::npos);
  }
  const std::size_t begin = chapter.find("```\n") + 4;
  std::string plan = kWeb;
  plan.replace(plan.find("rollout web"), 11, "rollout checkout");
  plan.replace(plan.find("  step half"), 0,
               "  step ramp for share in [10%, 20%] { weight share }\n"
               "  step sign-off { pause until approved by \"sre\" within 1d }\n");
  const auto compilation = Compile(
      source::MemoryTree(Files{{"web.plan", plan + chapter.substr(begin, chapter.find("```", begin) - begin)}}));
  INFO(Short(*compilation));
  CHECK(compilation->plans.tests.size() == 2);
}

}  // namespace
}  // namespace sluice
