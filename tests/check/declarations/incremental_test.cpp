// A compile with a cache comes to what a compile without one does, whatever changed before.
#include <random>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "compiler/compile.h"
#include "compiler/diagnostics/render.h"
#include "compiler/graph/codec.h"

namespace sluice {
namespace {

using Files = std::map<std::string, std::string>;

// All that a compile says, as text.
std::string Everything(const Compilation& compilation) {
  std::string text = diagnostics::RenderShort(compilation.emitter.Sorted(), compilation.sources);
  for (const graph::Graph& graph : compilation.graphs) {
    text += graph::EncodeGraph(graph, true) + "\n";
  }
  if (compilation.ok()) {
    for (const manifest::Manifest& manifest : compilation.manifests) {
      text += fmt::format("{} {} {}\n{}", manifest::FileName(manifest), manifest.keep, manifest.executor_only,
                          manifest::ToYaml(manifest.object));
    }
  }
  return text;
}

std::string Service(const std::string& name, int tag, const std::string& more = "") {
  return fmt::format(R"(service {0} {{
  namespace "shop"
  image     "ghcr.io/acme/{0}:{1}"
  replicas  10
  port      http 8080
  probe     ready http "/readyz"
  {2}
}}
)",
                     name, tag, more);
}

std::string Rollout(const std::string& name, int minutes, const std::string& gate) {
  return fmt::format(R"(rollout {0} {{
  deploy {0}
  watch  {2}
  step half {{ weight 50%  hold {1}m }}
  step full {{ weight 100% }}
}}
)",
                     name, minutes, gate);
}

// Four modules; `shop` and `cart` use `shared`, the others stand alone.
Files PlanSet() {
  return {{"shared/gates.plan", "import std.gates\ngate healthy = gates.error-rate(max: 1%, over: 2m)\n"},
          {"shop/web.plan", "import shared\n" + Service("web", 1) + Rollout("web", 5, "shared.healthy")},
          {"cart/cart.plan", "import shared\n" + Service("cart", 1) + Rollout("cart", 5, "shared.healthy")},
          {"mail/mail.plan", Service("mail", 1)},
          {"pay/pay.plan",
           "import std.gates\n" + Service("pay", 1) + Rollout("pay", 5, "gates.error-rate(max: 2%, over: 2m)")}};
}

// One of the changes that people make, good and bad ones.
void Edit(Files& files, std::mt19937& random) {
  const int number = static_cast<int>(random() % 50);
  switch (random() % 12) {
    case 0:
      files["shop/web.plan"] =
          "import shared\n" + Service("web", number) + Rollout("web", 1 + number, "shared.healthy");
      return;
    case 1:
      files["shared/gates.plan"] =
          fmt::format("import std.gates\ngate healthy = gates.error-rate(max: {}%, over: 2m)\n", 1 + number % 5);
      return;
    case 2:
      files["mail/mail.plan"] = Service("mail", number);
      return;
    case 3:  // of a name that another module has
      files["mail/mail.plan"] = Service("pay", number);
      return;
    case 4:  // a mistake
      files["pay/pay.plan"] = Service("pay", number, "replicas 5%");
      return;
    case 5:  // a warning, and sometimes one that is allowed
      files["pay/pay.plan"] = (number % 2 == 0 ? "" : "@allow(unused-import, reason: \"soon\")\n") +
                              std::string("import shared\n") + Service("pay", number);
      return;
    case 6:  // one more file before all others: every number of a file changes
      files["aa/first.plan"] = Service("first", number);
      return;
    case 7:
      files.erase("aa/first.plan");
      return;
    case 8:  // reaches every module
      files["root.plan"] = fmt::format(
          "import std.providers\ndefault metrics = providers.prometheus(url: \"http://p{}.example\")\n", number);
      return;
    case 9:
      files.erase("root.plan");
      return;
    case 10:  // a file that no longer parses
      files["cart/cart.plan"] =
          number % 3 == 0 ? "service cart {\n"
                          : "import shared\n" + Service("cart", number) + Rollout("cart", 2, "shared.healthy");
      return;
    default:
      files["pay/pay.plan"] = PlanSet()["pay/pay.plan"];
      files["mail/mail.plan"] = PlanSet()["mail/mail.plan"];
      return;
  }
}

TEST_CASE("with a cache every edit of a plan set comes to the same as without one") {
  for (const std::uint32_t seed : {1U, 2U, 3U}) {
    std::mt19937 random(seed);
    CompileCache cache;
    Files files = PlanSet();
    int good = 0;
    for (int edit = 0; edit < 40; ++edit) {
      INFO("seed " << seed << ", edit " << edit);
      const auto whole = Compile(source::MemoryTree(files));
      REQUIRE(Everything(*Compile(source::MemoryTree(files), &cache)) == Everything(*whole));
      good += whole->ok() ? 1 : 0;
      Edit(files, random);
    }
    // Both kinds were seen.
    CHECK(good > 5);
    CHECK(good < 40);
  }
}

}  // namespace
}  // namespace sluice
