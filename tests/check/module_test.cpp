#include <catch2/catch.hpp>

#include "tests/check/evaluate_text.h"

namespace sluice::check {
namespace {

std::string LetText(PlanSet& set, const std::string& name, const std::string& module) {
  const std::optional<graph::Value> value = set.Let(name, module);
  return value ? value->ToText() : "nothing";
}

TEST_CASE("a directory is a module, and its files share one scope") {
  PlanSet set(Files{{"shop/a.plan", "let one = two - 1\n"},
                    {"shop/b.plan", "import team.names\nlet two = names.base + 1\n"},
                    {"team/names/n.plan", "let base = 1\n"}});
  CHECK(set.Diagnostics() == "");
  CHECK(LetText(set, "one", "shop") == "1");
}

TEST_CASE("an import binds its last name in its own file only") {
  PlanSet set(Files{{"shop/a.plan", "import team\nlet one = team.x\n"},
                    {"shop/b.plan", "let two = team.x\n"},
                    {"team/n.plan", "let x = 1\n"}});
  CHECK(set.Diagnostics() == "shop/b.plan:1:11 SL1001 nothing is called `team` here\n");
  CHECK(LetText(set, "one", "shop") == "1");
}

TEST_CASE("imports that lead nowhere, twice, or in a circle") {
  PlanSet set(Files{{"a/a.plan", "import b\nimport nowhere\nlet x = b.y\n"},
                    {"b/b.plan", "import a\nimport c\nimport other.c\nlet y = 1\nlet z = c.q\n"},
                    {"c/c.plan", "let r = 1\n"},
                    {"other/c/c.plan", "let r = 1\n"}});
  CHECK(set.Diagnostics() ==
        "a/a.plan:1:1 SL5002 modules `a` and `b` import each other\n"
        "a/a.plan:2:8 SL5001 there is no module `nowhere`\n"
        "b/b.plan:3:1 SL5006 `c` is bound twice\n"
        "b/b.plan:5:11 SL1002 `c` declares no `q`\n");
}

TEST_CASE("one name stands for one let or fn, and may stand for one of each other kind") {
  PlanSet set(Files{{"a/a.plan",
                     "let x = 1\n"
                     "fn x(y: int) = y\n"
                     "service x { image \"a/b:1\" }\n"
                     "gate g = g2\n"
                     "gate g2 = g\n"},
                    {"a/b.plan", "service x { image \"a/b:1\" }\n"}});
  CHECK(set.Diagnostics() ==
        "a/a.plan:2:4 SL5003 there are two fns called `x` in module `a`\n"
        "a/b.plan:1:9 SL5003 there are two services called `x` in module `a`\n");
}

TEST_CASE("declarations are repeated by for and left out by when") {
  PlanSet set(Files{{"p.plan",
                     "let names = [\"a\", \"b\"]\n"
                     "service \"web-${n}-${i}\" for n in names for i in range(0, 2) when n == \"a\" or i == 1 {\n"
                     "  image \"a/b:${i}\"\n"
                     "}\n"
                     "service off when count(names) > 5 { image \"a/b:1\" }\n"
                     "service \"twice\" for n in names { image \"a/b:1\" }\n"}});
  CHECK(set.Diagnostics() == "6:9 SL5003 there are two services called `twice`\n");
  std::string names;
  for (const auto& declared : set.modules().Find("")->declarations()) {
    if (declared->kind == DeclarationKind::kService) {
      names += declared->name + " ";
    }
  }
  CHECK(names == "web-a-0 web-a-1 web-b-1 twice ");
}

TEST_CASE("what is unused is a warning, what other modules use is not") {
  PlanSet set(Files{{"a/a.plan", "import b\nimport c\nlet x = b.used(1)\n"},
                    {"b/b.plan", "fn used(y: int) = y\nfn unused(y: int) = y\n"},
                    {"c/c.plan", "let z = 1\n"}});
  ReportUnused(set.modules(), set.checker().context);
  CHECK(set.Diagnostics() ==
        "a/a.plan:2:1 SL5004 `c` is not used\n"
        "a/a.plan:3:5 SL5005 let `x` is not used\n"
        "b/b.plan:2:4 SL5005 fn `unused` is not used\n"
        "c/c.plan:1:5 SL5005 let `z` is not used\n");
}

TEST_CASE("a comprehension that explodes ends in a diagnostic") {
  PlanSet memory(Files{{"p.plan", "let a = [for x in range(0, 90000): [for y in [0]: range(0, 9000)]]\n"}});
  CHECK(memory.Diagnostics() == "1:36 SL9102 the values of the plan set take more than 128 MiB\n");
  PlanSet text(Files{{"p.plan",
                      "fn twice(t: string) -> string = \"${t}${t}\"\n"
                      "fn much(t: string) -> string = twice(twice(twice(twice(twice(twice(t))))))\n"
                      "let a = much(much(much(much(much(much(\"0123456789\"))))))\n"}});
  CHECK(text.Diagnostics() == "1:33 SL9102 the values of the plan set take more than 128 MiB\n");
}

TEST_CASE("a function that calls itself is found before anything hangs") {
  PlanSet set(Files{{"p.plan",
                     "fn f(n: int) -> list<int> = f(n + 1)\n"
                     "service \"web-${n}\" for n in f(0) { image \"a/b:1\" }\n"
                     "let x = f(1)\n"}});
  CHECK(set.Diagnostics() == "1:4 SL1401 `f` needs itself\n");
}

TEST_CASE("calls nested too deeply end in a diagnostic") {
  std::string text = "fn f0(x: int) -> int = x\n";
  for (int i = 1; i < 3000; ++i) {
    text += "fn f" + std::to_string(i) + "(x: int) -> int = f" + std::to_string(i - 1) + "(x)\n";
  }
  PlanSet set(Files{{"p.plan", text + "let x = f2999(1)\n"}});
  CHECK(set.Diagnostics().find("SL9103 calls and expressions are nested more than 2000 deep") != std::string::npos);
}

}  // namespace
}  // namespace sluice::check
