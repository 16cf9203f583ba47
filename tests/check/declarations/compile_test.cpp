#include "compiler/compile.h"

#include <catch2/catch.hpp>

#include "compiler/check/check.h"
#include "compiler/diagnostics/render.h"
#include "compiler/stdlib.h"
#include "compiler/syntax/parse.h"

namespace sluice {
namespace {

const char* const kWeb = R"(service web {
  image "ghcr.io/acme/web:1.0"
  port  http 8080
  probe ready http "/readyz"
}
)";

using Files = std::map<std::string, std::string>;

std::string Short(const Compilation& compilation) {
  return diagnostics::RenderShort(compilation.emitter.Sorted(), compilation.sources);
}

// Entries that no file in memory can be.
class OddTree : public source::MemoryTree {
 public:
  OddTree(Files files, std::vector<source::Entry> odd) : MemoryTree(std::move(files)), odd_(std::move(odd)) {}

  Result<std::vector<source::Entry>> List() const override {
    Result<std::vector<source::Entry>> entries = MemoryTree::List();
    for (const source::Entry& entry : odd_) {
      entries->push_back(entry);
    }
    return entries;
  }

 private:
  std::vector<source::Entry> odd_;
};

class BrokenTree : public source::FileTree {
 public:
  Result<std::vector<source::Entry>> List() const override { return Error{ErrorCode::kNotFound, "no such directory"}; }
  Result<std::string> Read(const std::string&, std::size_t) const override {
    return Error{ErrorCode::kNotFound, "no such file"};
  }
};

class UnreadableFile : public source::MemoryTree {
 public:
  UnreadableFile() : MemoryTree(Files{{"a.plan", kWeb}}) {}
  Result<std::string> Read(const std::string&, std::size_t) const override {
    return Error{ErrorCode::kForbidden, "permission denied"};
  }
};

TEST_CASE("a plan set without a mistake gives objects") {
  const auto compilation = Compile(source::MemoryTree(Files{{"web.plan", kWeb}}));
  CHECK(Short(*compilation) == "");
  REQUIRE(compilation->plans.services.size() == 1);
  CHECK(compilation->plans.services[0]->ports[0].number == 8080);
  CHECK(compilation->plan_files == 1);
  CHECK_FALSE(compilation->manifests.empty());
}

TEST_CASE("a tree without a plan is a mistake") {
  const auto compilation = Compile(source::MemoryTree(Files{{"README.md", "# plans"}}));
  CHECK(Short(*compilation).find("SL2390") != std::string::npos);
  CHECK(compilation->plan_files == 0);
}

TEST_CASE("a tree that cannot be listed is a mistake that says why") {
  const std::string text = Short(*Compile(BrokenTree()));
  CHECK(text.find("SL2391") != std::string::npos);
  CHECK(text.find("no such directory") != std::string::npos);
}

TEST_CASE("a file that cannot be read is a mistake at its name") {
  const std::string text = Short(*Compile(UnreadableFile()));
  CHECK(text.find("a.plan:1:1: error[SL2391]") == 0);
  CHECK(text.find("permission denied") != std::string::npos);
}

TEST_CASE("links and submodules that could hold plans are refused, others are nobody's business") {
  const OddTree tree({{"web.plan", kWeb}}, {{"linked.plan", source::EntryKind::kSymlink, ""},
                                            {"module.d", source::EntryKind::kSubmodule, ""},
                                            {"teams/common", source::EntryKind::kSymlink, ""},
                                            {"teams/.shared", source::EntryKind::kSymlink, ""},
                                            {"LICENSE.md", source::EntryKind::kSymlink, ""}});
  const std::string text = Short(*Compile(tree));
  CHECK(text.find("linked.plan:1:1: error[SL2392]: `linked.plan` is a symbolic link") != std::string::npos);
  CHECK(text.find("module.d:1:1: error[SL2392]: `module.d` is a submodule") != std::string::npos);
  CHECK(text.find("teams/common:1:1: error[SL2392]: `teams/common` is a symbolic link") != std::string::npos);
  CHECK(text.find("teams/.shared:1:1: error[SL2392]: `teams/.shared` is a symbolic link") != std::string::npos);
  CHECK(text.find("LICENSE.md") == std::string::npos);
}

TEST_CASE("a file over the limit is refused and the rest is still checked") {
  const std::string large(syntax::kMaxFileBytes + 1, '\n');
  const std::string text = Short(*Compile(source::MemoryTree(Files{{"a.plan", large}, {"b.plan", "service b { }\n"}})));
  CHECK(text.find("a.plan:1:1: error[SL9201]") == 0);
  CHECK(text.find("b.plan:1:9: error[SL2001]") != std::string::npos);
}

TEST_CASE("sources over the limit together are refused") {
  Files files;
  for (int i = 0; i < 33; ++i) {
    files["a" + std::to_string(i) + ".plan"] = std::string(syntax::kMaxFileBytes, '\n');
  }
  CHECK(Short(*Compile(source::MemoryTree(files))).find("SL9202") != std::string::npos);
}

TEST_CASE("a compile with a cache gives what one without gives") {
  CompileCache cache;
  const Files before = {{"a.plan", kWeb}, {"b.plan", "service b { }\n"}};
  const std::string first = Short(*Compile(source::MemoryTree(before), &cache));
  CHECK(Short(*Compile(source::MemoryTree(before), &cache)) == first);
  Files after = before;
  after["a.plan"] = "service a { }\n";
  CHECK(Short(*Compile(source::MemoryTree(after), &cache)) == Short(*Compile(source::MemoryTree(after))));
  // Every file behind a new one gets another number.
  after["0.plan"] = "service zero { imagee \"x:1\" }\n";
  CHECK(Short(*Compile(source::MemoryTree(after), &cache)) == Short(*Compile(source::MemoryTree(after))));
}

TEST_CASE("what a file of the stdlib is called after is offered wherever its name stands alone") {
  int offered = 0;
  for (const StdlibFile& file : StdlibFiles()) {
    const std::size_t slash = file.path.rfind('/');
    const std::string library(file.path.substr(0, slash));
    if (library == "std") {
      continue;
    }
    const std::string name(file.path.substr(slash + 1, file.path.size() - slash - 1 - std::string(".plan").size()));
    CAPTURE(file.path);
    const std::string module = library.substr(4);
    const auto bare = Compile(source::MemoryTree(Files{{"a.plan", "let x = " + name + "\n"}}));
    const std::string text = diagnostics::RenderText(bare->emitter.Sorted(), bare->sources, false);
    CHECK(text.find("write `" + module + "." + name + "` and import it: `import std." + module + "`") !=
          std::string::npos);
    const std::string use = "import std." + module + "\nlet x = " + module + "." + name + "\n";
    const auto full = Compile(source::MemoryTree(Files{{"a.plan", use}}));
    CHECK(diagnostics::RenderText(full->emitter.Sorted(), full->sources, false).find("declares no") ==
          std::string::npos);
    ++offered;
  }
  CHECK(offered > 10);
}

const char* const kConfigured = R"(service web {
  image "ghcr.io/acme/web:1.0"
  probe ready exec ["true"]
  config "/etc/web" from "config/web/*"
}
)";

const graph::Value* ObjectOf(const Compilation& compilation, const std::string& kind) {
  for (const manifest::Manifest& manifest : compilation.manifests) {
    if (manifest.kind == kind) {
      return &manifest.object;
    }
  }
  return nullptr;
}

TEST_CASE("files that `config` names become an immutable ConfigMap that the pods mount") {
  const Files files{{"a.plan", kConfigured},     {"config/web/app.yaml", "a: 1\n"}, {"config/web/logo", "\xff\xfe"},
                    {"config/web/.hidden", "x"}, {"config/web/deeper/b", "x"},      {"config/other", "x"}};
  const auto compilation = Compile(source::MemoryTree(files));
  CHECK(Short(*compilation) == "");
  const graph::Value* config = ObjectOf(*compilation, "ConfigMap");
  const graph::Value* deployment = ObjectOf(*compilation, "Deployment");
  REQUIRE(config != nullptr);
  REQUIRE(deployment != nullptr);
  CHECK(config->Field("immutable") == graph::Value(true));
  CHECK(config->Field("data").ToText() == R"({"app.yaml":"a: 1\n"})");
  CHECK(config->Field("binaryData").ToText() == R"({"logo":"//4="})");
  const graph::Value pod = deployment->Path({"spec", "template", "spec"});
  const graph::Value volume = pod.Field("volumes").as_list()->front();
  CHECK(volume.Path({"configMap", "name"}) == config->Path({"metadata", "name"}));
  const graph::Value mount = pod.Field("containers").as_list()->front().Field("volumeMounts").as_list()->front();
  CHECK(mount.Field("mountPath").ToText() == "/etc/web");
  CHECK(mount.Field("name") == volume.Field("name"));
  SECTION("another content has another name") {
    Files other = files;
    other["config/web/app.yaml"] = "a: 2\n";
    const auto changed = Compile(source::MemoryTree(other));
    CHECK(ObjectOf(*changed, "ConfigMap")->Path({"metadata", "name"}) != config->Path({"metadata", "name"}));
  }
  SECTION("what it doesn't name changes nothing") {
    Files other = files;
    other["config/other"] = "y";
    other["config/web/.hidden"] = "y";
    const auto same = Compile(source::MemoryTree(other));
    CHECK(*ObjectOf(*same, "ConfigMap") == *config);
  }
}

TEST_CASE("a compile that keeps what it knows sees that a named file changed") {
  const std::string alone = "service mail {\n  image \"m:1\"\n  probe ready exec [\"true\"]\n}\n";
  Files files{{"shop/a.plan", kConfigured}, {"mail/b.plan", alone}, {"config/web/a", "1"}};
  CompileCache cache;
  const auto data = [&] {
    const auto compilation = Compile(source::MemoryTree(files), &cache);
    CHECK(Short(*compilation) == Short(*Compile(source::MemoryTree(files))));
    const graph::Value* config = ObjectOf(*compilation, "ConfigMap");
    return config == nullptr ? "" : config->Field("data").ToText();
  };
  CHECK(data() == R"({"a":"1"})");
  CHECK(data() == R"({"a":"1"})");
  files["config/web/a"] = "2";
  CHECK(data() == R"({"a":"2"})");
  files["config/web/b"] = "3";
  CHECK(data() == R"({"a":"2","b":"3"})");
  files.erase("config/web/a");
  CHECK(data() == R"({"b":"3"})");
  files.erase("config/web/b");
  CHECK(data() == "");
}

TEST_CASE("files that `config` can't take are told at its line") {
  const auto told = [](const std::string& path, const std::string& pattern, const Files& more,
                       std::vector<source::Entry> odd = {}) {
    Files files = more;
    files["shop/a.plan"] = "service web {\n  image \"w:1\"\n  probe ready exec [\"true\"]\n  config \"" + path +
                           "\" from \"" + pattern + "\"\n}\n";
    const auto compilation = Compile(OddTree(files, std::move(odd)));
    return diagnostics::RenderText(compilation->emitter.Sorted(), compilation->sources, false);
  };
  const auto says = [](const std::string& text, const std::string& part) {
    INFO(text);
    CHECK(text.find(part) != std::string::npos);
    CHECK(text.find("shop/a.plan:4:") != std::string::npos);
  };
  says(told("/etc", "config/*", {}), "there is no file `config/*`");
  says(told("/etc", "config/*", {{"shop/config/a", "x"}}), "write `shop/config/*`");
  says(told("/etc", "shop/config", {{"shop/config/a", "x"}}), "write `shop/config/*`");
  for (const char* pattern : {"/etc/passwd", "../secret", "config/../../x", "", "./config/a", "config//a"}) {
    says(told("/etc", pattern, {}), "takes no files from");
  }
  for (const char* path : {"etc", "/", "//", "", "/a:b", "/etc/../x", "/etc//x"}) {
    says(told(path, "config/a", {{"config/a", "x"}}), "takes an absolute directory");
  }
  says(told("/etc", "config/*", {{"config/a b", "x"}}), "the file's name `a b`");
  says(told("/etc", "config/*/a", {{"config/x/a", "1"}, {"config/y/a", "2"}}), "`config/x/a` and `config/y/a`");
  says(told("/etc", "config/*", {{"config/a", std::string(1 << 20, 'x')}, {"config/b", "y"}}), "more than 1000 KiB");
  says(told("/etc", "config/*", {}, {{"config/link", source::EntryKind::kSymlink, ""}}), "`config/link` is no regular");
}

// A service with a rollout through `router` and these clauses.
std::unique_ptr<Compilation> WithClauses(const std::string& clauses, const std::string& router,
                                         const std::string& rollout = "") {
  return Compile(source::MemoryTree(
      Files{{"a.plan",
             "import std.routers\nservice web {\n  image \"w:1\"\n  replicas 4\n  port http 8080\n"
             "  probe ready http \"/readyz\"\n" +
                 clauses + "\n}\nroute shop { host \"a.example\"  via routers." + router +
                 " }\nrollout web { deploy web  through shop  " + rollout + "\n  step full { weight 100% } }\n"}}));
}

// The object of that kind whose name begins so, as YAML.
std::string Yaml(const Compilation& compilation, const std::string& kind, const std::string& name = "") {
  for (const manifest::Manifest& manifest : compilation.manifests) {
    if (manifest.kind == kind && manifest.name.starts_with(name)) {
      return manifest::ToYaml(manifest.object);
    }
  }
  return "";
}

bool Has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_CASE("what a patch says stands in the object beside what the clauses say") {
  const auto compilation = WithClauses(R"(patch Deployment {
    metadata: { annotations: { share: 50% } }
    spec: { revisionHistoryLimit: 3  template: { spec: {
      volumes: [{ name: "cache"  emptyDir: { sizeLimit: 1Gi } }]
      containers: [
        { name: "web"  ports: [{ name: "http"  hostPort: 80 }]  volumeMounts: [{ name: "cache"  mountPath: "/c" }]
          readinessProbe: { failureThreshold: 2 } },
        { name: "proxy"  image: "proxy:1"  resources: { requests: { memory: "1024Mi"  cpu: "1000m" } } },
      ] } } }
  }
  patch Service { spec: { type: "LoadBalancer"  ports: [{ name: "http"  nodePort: 30080  appProtocol: "h2c" }] } })",
                                       "gateway(\"infra/public\")");
  INFO(Short(*compilation));
  REQUIRE(compilation->ok());
  const std::string deployment = Yaml(*compilation, "Deployment");
  INFO(deployment);
  for (const char* part :
       {"    share: \"50%\"\n", "  revisionHistoryLimit: 3\n", "        sizeLimit: \"1Gi\"\n",
        "            memory: \"1Gi\"\n", "            cpu: \"1\"\n",
        "        - name: http\n          containerPort: 8080\n          hostPort: 80\n",
        "          failureThreshold: 2\n", "      - name: proxy\n        image: proxy:1\n", "        image: w:1\n"}) {
    CAPTURE(part);
    CHECK(Has(deployment, part));
  }
  // Beside the ports' own, what both kinds of Service get, and what NAME alone gets.
  const std::string stable = Yaml(*compilation, "Service", "web"), revision = Yaml(*compilation, "Service", "web-");
  INFO(stable + revision);
  for (const std::string& each : {stable, revision}) {
    CHECK(Has(each, "    port: 8080\n    targetPort: http\n"));
    CHECK(Has(each, "    appProtocol: h2c\n"));
  }
  CHECK((Has(stable, "  type: LoadBalancer\n") && Has(stable, "    nodePort: 30080\n")));
  CHECK((!Has(revision, "LoadBalancer") && !Has(revision, "nodePort")));
}

TEST_CASE("a patch of the pods is another revision, one of the Deployment alone is none") {
  const auto revision = [](const std::string& clauses) {
    const auto compilation = WithClauses(clauses, "gateway(\"infra/public\")");
    REQUIRE(compilation->ok());
    return compilation->graphs.begin()->workload.revision;
  };
  const std::string bare = revision("");
  CHECK(revision("patch Deployment { spec: { revisionHistoryLimit: 3 } }") == bare);
  CHECK(revision("patch Deployment { spec: { template: { spec: { hostname: \"a\" } } } }") != bare);
}

TEST_CASE("pods that are the share themselves keep their drain, though a patch says less") {
  const auto pods = [](const std::string& spec) {
    const auto compilation =
        WithClauses("patch Deployment { spec: { template: { spec: " + spec + " } } }", "replicas()", "drain 20s");
    INFO(Short(*compilation));
    REQUIRE(compilation->ok());
    return Yaml(*compilation, "Deployment");
  };
  const std::string less = pods(
      "{ terminationGracePeriodSeconds: 5  containers: [{ name: \"web\"  lifecycle: { preStop: { exec: { command: "
      "[\"a\"] } } } "
      "}] }");
  CHECK(Has(less, "terminationGracePeriodSeconds: 50\n"));
  CHECK((Has(less, "exec:") && !Has(less, "sleep:")));
  CHECK(Has(pods("{ terminationGracePeriodSeconds: 500 }"), "terminationGracePeriodSeconds: 500\n"));
}

TEST_CASE("a patch of another shape than the object is told, whatever it is") {
  const std::vector<std::pair<std::string, std::string>> odd = {
      {"Deployment", "spec: 1"},
      {"Deployment", "spec: []"},
      {"Deployment", "metadata: 1"},
      {"Deployment", "metadata: { labels: 1 }"},
      {"Deployment", "metadata: { labels: [\"a\"] }"},
      {"Deployment", "spec: { template: 1 }"},
      {"Deployment", "spec: { template: [] }"},
      {"Deployment", "spec: { template: { metadata: 1 } }"},
      {"Deployment", "spec: { template: { metadata: { labels: 1 } } }"},
      {"Deployment", "spec: { template: { spec: [] } }"},
      {"Deployment", "spec: { template: { spec: { containers: { a: 1 } } } }"},
      {"Deployment", "spec: { template: { spec: { containers: [1] } } }"},
      {"Deployment", "spec: { template: { spec: { containers: [{ image: \"x\" }] } } }"},
      {"Deployment", "spec: { template: { spec: { volumes: 1 } } }"},
      {"Deployment", "spec: { template: { spec: { volumes: [{ name: \"sluice-config\" }] } } }"},
      {"Deployment", "spec: { template: { spec: { containers: [{ name: \"web\"  lifecycle: 1 }] } } }"},
      {"Deployment",
       "spec: { template: { spec: { containers: [{ name: \"web\"  readinessProbe: { exec: { command: "
       "[\"a\"] } } }] } } }"},
      {"Deployment",
       "spec: { template: { spec: { containers: [{ name: \"web\"  env: [{ name: \"A\"  value: \"x\" }] }] } } }"},
      {"Service", "spec: 1"},
      {"Service", "spec: { ports: 1 }"},
      {"Service", "spec: { ports: [\"a\"] }"},
      {"PodDisruptionBudget", "spec: { minAvailable: 1 }"},
  };
  for (const char* router : {"gateway(\"infra/public\")", "selector()", "replicas()"}) {
    for (const auto& [kind, said] : odd) {
      CAPTURE(router, kind, said);
      const std::string clauses =
          "  config \"/c\" from \"a.plan\"\n  disruption 1\n  env { A: secret \"a\" key \"b\" }\n  patch " + kind +
          " { " + said + " }";
      // The drain's handler is there only where shares are made by pods.
      const bool wrong = !Has(said, "lifecycle: 1") || std::string(router) == "replicas()";
      CHECK(Has(Short(*WithClauses(clauses, router)), "a.plan:10:") == wrong);
    }
  }
}

TEST_CASE("the stdlib has no mistake, used or not") {
  source::SourceSet sources;
  diagnostics::Emitter emitter;
  std::vector<syntax::PlanFile> parsed;
  parsed.reserve(StdlibFiles().size());
  std::vector<check::ModuleFile> files;
  for (const StdlibFile& file : StdlibFiles()) {
    const source::FileId id = sources.Add(std::string(file.path), std::string(file.text));
    parsed.push_back(syntax::Parse(sources, id, emitter));
    files.push_back({std::string(file.path), &parsed.back()});
  }
  REQUIRE(files.size() > 10);
  const source::MemoryTree none({});
  const std::vector<source::Entry> entries;
  source::NamedFiles named(none, entries, sources);
  check::CheckPlanSet(files, sources, named, emitter, {.libraries = true, .images = {}});
  CHECK(diagnostics::RenderShort(emitter.Sorted(), sources) == "");
}

}  // namespace
}  // namespace sluice
