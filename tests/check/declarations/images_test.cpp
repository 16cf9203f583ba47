// Compiling with other images than the plans say: what ran before.
#include <map>
#include <string>

#include <catch2/catch.hpp>

#include "compiler/compile.h"
#include "compiler/diagnostics/render.h"
#include "compiler/graph/codec.h"

namespace sluice {
namespace {

using Files = std::map<std::string, std::string>;

Files WithImage(const std::string& image) {
  return {{"web/web.plan",
           "import std.routers\n"
           "service web {\n  image \"" +
               image +
               "\"\n  replicas 4\n  port http 8080\n  probe ready http \"/\"\n}\n"
               "route shop { host \"a.example\"  via routers.gateway(\"infra/public\") }\n"
               "rollout web { deploy web  through shop  step full { weight 100% } }\n"},
          {"mail/mail.plan", "service mail {\n  image \"mail:1\"\n  probe ready exec [\"true\"]\n}\n"}};
}

Files WithManifest(const std::string& kind, const std::string& image) {
  return {
      {"web.plan", "service web from \"web.yaml\"\nrollout web { deploy web  step full { weight 100% } }\n"},
      {"web.yaml",
       "apiVersion: apps/v1\nkind: " + kind +
           "\nmetadata: { name: web }\nspec:\n  replicas: 4\n  serviceName: web\n"
           "  selector: { matchLabels: { app: web } }\n"
           "  template:\n    metadata: { labels: { app: web } }\n    spec:\n      containers:\n"
           "      - { name: web, image: \"" +
           image +
           "\", readinessProbe: { exec: { command: [\"true\"] } } }\n      - { name: proxy, image: \"proxy:1\" }\n"}};
}

// Everything that a cluster gets of it.
std::string Output(const Compilation& compilation) {
  std::string text = diagnostics::RenderShort(compilation.emitter.Sorted(), compilation.sources);
  for (const graph::Graph& graph : compilation.graphs) {
    text += graph::EncodeGraph(graph, true) + "\n";
  }
  for (const manifest::Manifest& manifest : compilation.manifests) {
    text += manifest::ToYaml(manifest.object) + "\n";
  }
  return text;
}

std::string Compiled(const Files& files, const CompileOptions& options = {}, CompileCache* cache = nullptr) {
  return Output(*Compile(source::MemoryTree(files), cache, options));
}

TEST_CASE("a service with another image is what its plan with that image is, and nothing else changes") {
  const CompileOptions before{{{"web/web", "web:1"}, {"web/nobody", "x:1"}, {"web", "x:1"}, {"mail/web", "x:1"}}};
  const std::string now = Compiled(WithImage("web:2"));
  CHECK(now.find("image: mail:1") != std::string::npos);
  CHECK(Compiled(WithImage("web:2"), before) == Compiled(WithImage("web:1")));
  CHECK(Compiled(WithImage("web:2"), before) != now);
  CHECK(Compiled(WithImage("web:2"), {{{"web/web", "web:2"}}}) == now);
}

TEST_CASE("another image is that of the first container of a workload that is taken over") {
  for (const std::string kind : {"Deployment", "StatefulSet"}) {
    CAPTURE(kind);
    const std::string before = Compiled(WithManifest(kind, "web:2"), {{{"web", "web:1"}}});
    CHECK(before == Compiled(WithManifest(kind, "web:1")));
    CHECK(before != Compiled(WithManifest(kind, "web:2")));
    CHECK(before.find("proxy:1") != std::string::npos);
    CHECK(before.find("error[") == std::string::npos);
  }
}

TEST_CASE("a cache keeps nothing of a compile with other images") {
  CompileCache cache;
  const CompileOptions before{{{"web/web", "web:1"}}};
  const std::string now = Compiled(WithImage("web:2"), {}, &cache);
  CHECK(Compiled(WithImage("web:2"), before, &cache) == Compiled(WithImage("web:1")));
  CHECK(Compiled(WithImage("web:2"), {}, &cache) == now);
}

TEST_CASE("another image that nobody can pull is a mistake at the clause that says one") {
  CHECK(Compiled(WithImage("web:2"), {{{"web/web", "web 1"}}}).find("web/web.plan:3:9: error[SL3002]") == 0);
}

}  // namespace
}  // namespace sluice
