// What deploy/ gives a cluster: who may say what, and that the reconciler may do what it needs and nothing else.
#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/cluster/scene.h"

namespace sluice::cluster {
namespace {

namespace fs = std::filesystem;

const Kind kCommand{"sluice.dev/v1alpha1", "RolloutCommand"};
const Kind kDeployments{"apps/v1", "Deployment"};

Json CommandOf(const std::string& name, const std::string& who, const Json& groups) {
  return {{"apiVersion", kCommand.api_version},
          {"kind", kCommand.kind},
          {"metadata", {{"name", name}, {"namespace", "web"}}},
          {"spec", {{"rollout", "other"}, {"verb", "abort"}, {"who", who}, {"groups", groups}}}};
}

std::string WhyNot(const Result<SharedJson>& answer, ErrorCode code) {
  REQUIRE(!answer.ok());
  CHECK(answer.error().code == code);
  return answer.error().message;
}

TEST_CASE("the API server vouches for who gave a command") {
  auto plane = ControlPlane::Start();
  if (plane == nullptr) return;
  Scene scene(std::move(plane));
  using Catch::Matchers::Contains;

  // Before the roles are bound nothing may be told or read.
  CHECK_THAT(
      WhyNot(scene.AskAs("alice", Create{CommandOf("early", "alice", Json::array()), "test"}), ErrorCode::kForbidden),
      Contains("cannot create resource"));
  scene.Bind("sluice-operator");

  const auto own = scene.AskAs("alice", Create{CommandOf("own", "alice", Json::array({"people"})), "test"});
  REQUIRE(own.ok());
  CHECK_THAT(
      WhyNot(scene.AskAs("alice", Create{CommandOf("lie", "bob", Json::array()), "test"}), ErrorCode::kForbidden),
      Contains("spec.who is \"bob\" and the API server knows who asks as \"alice\""));
  CHECK_THAT(WhyNot(scene.AskAs("alice", Create{CommandOf("lie", "alice", Json::array({"people", "sre"})), "test"}),
                    ErrorCode::kForbidden),
             Contains("spec.groups has \"sre\" and the API server does not know \"alice\" to be in it"));
  // Nor may an administrator speak for others, or change what was said; what isn't said may be changed.
  CHECK_THAT(WhyNot(scene.Ask(Create{CommandOf("lie", "alice", Json::array()), "test"}), ErrorCode::kForbidden),
             Contains("nobody speaks for others"));
  CHECK_THAT(
      WhyNot(scene.Ask(cluster::Apply{CommandOf("lie", "bob", Json::array()), "test", false}), ErrorCode::kForbidden),
      Contains("nobody speaks for others"));
  Json changed = CommandOf("own", "admin", Json::array({"people"}));
  CHECK_THAT(WhyNot(scene.Ask(cluster::Apply{changed, "other", true}), ErrorCode::kInvalid),
             Contains("a command is never changed: give another one"));
  changed.erase("spec");
  changed["metadata"]["labels"]["seen"] = "true";
  CHECK(scene.Ask(cluster::Apply{changed, "other", true}).ok());

  // Through the program, to a rollout that waits for someone of the group.
  scene.CommitVersion("1");
  REQUIRE(scene.Reconcile() == 0);
  scene.Commit({{"plans/web.plan",
                 Write({.tag = "2", .first_step = R"(pause until approved by "people" within 4m else rollback)"})}});
  servers::Server running(scene.Command("first", false), scene.log());
  REQUIRE(scene.Shows("waits for approval by people"));
  const auto lied = scene.Person({"approve", "web", "--namespace", "web", "--as", "bob"}, "alice");
  CHECK_THAT(lied.first, Contains("spec.who is \"bob\"") && Contains("leave out --as, or write \"alice\""));
  CHECK(lied.second == 1);
  const auto claimed = scene.Person({"approve", "web", "--namespace", "web", "--group", "sre"}, "alice");
  CHECK_THAT(claimed.first, Contains("spec.groups has \"sre\""));
  CHECK(claimed.second == 1);
  CHECK(List(scene.Rollout(), {"status", "approvals"}).empty());
  const auto approved = scene.Person({"approve", "web", "--namespace", "web"}, "bob");
  CHECK(approved.first == "approve web: accepted\n");
  CHECK(approved.second == 0);
  const Json waited = scene.Rollout();
  const Json& approvals = List(waited, {"status", "approvals"});
  REQUIRE(approvals.size() == 1);
  CHECK_THAT(approvals.at(0).dump(), Contains("\"bob\""));
  REQUIRE(scene.Shows("web (web)  settled"));
  const std::string status = scene.Rollout()["status"].dump();
  CHECK_THAT(status, Contains("\"bob\"") && !Contains("alice"));
}

TEST_CASE("people's credentials may come from a program, the reconciler's may not") {
  auto plane = ControlPlane::Start();
  if (plane == nullptr) return;
  Scene scene(std::move(plane));
  using Catch::Matchers::Contains;
  scene.Bind("sluice-operator");
  scene.CommitVersion("1");
  REQUIRE(scene.Reconcile() == 0);

  const std::string program = scene.scratch() + "/get-token";
  const std::string token = servers::ReadLines(scene.plane().directory() + "/user-alice.token").front();
  const auto gives = [&](const std::string& status) {
    servers::WriteFile(program,
                       fmt::format(R"(#!/bin/sh
echo "$KUBERNETES_EXEC_INFO" >> "$0.told"
[ "$WHAT" = fail ] && exit 7
printf '%s\n' '{{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{}}}'
)",
                                   status),
                       0700);
  };
  Json exec = {{"apiVersion", "client.authentication.k8s.io/v1"},
               {"command", program},
               {"interactiveMode", "Never"},
               {"provideClusterInfo", true}};
  const auto ask = [&] {
    return scene.PersonBy(scene.KubeconfigWith({{"exec", exec}}, "plugged"), {"status", "web", "--namespace", "web"});
  };
  gives(Json{{"token", token}}.dump());
  const auto shown = ask();
  CHECK_THAT(shown.first, Contains("web:1"));
  CHECK(shown.second == 0);
  const std::vector<std::string> told = servers::ReadLines(program + ".told");
  REQUIRE(told.size() == 1);
  CHECK_THAT(told.front(), Contains("\"certificate-authority-data\"") && Contains("\"interactive\":false"));
  // By certificate: an administrator's.
  gives(Json{{"clientCertificateData", servers::ReadFile(scene.plane().directory() + "/admin-by-certificate.crt")},
             {"clientKeyData", servers::ReadFile(scene.plane().directory() + "/admin-by-certificate.key")}}
            .dump());
  CHECK(ask().second == 0);
  // A token that is refused is asked for anew, once.
  gives(R"({"token":"s3cr3t-canary"})");
  const auto refused = ask();
  CHECK(refused.second != 0);
  CHECK_THAT(refused.first, Contains("the server refused the credentials") && !Contains("s3cr3t-canary"));
  CHECK(servers::ReadLines(program + ".told").size() == 4);
  exec["env"] = Json::array({{{"name", "WHAT"}, {"value", "fail"}}});
  const auto failed = ask();
  CHECK_THAT(failed.first, Contains("user `sluice`: the program `" + program + "` ended with status 7"));

  const std::string log = scene.scratch() + "/refused";
  CHECK(servers::Run({std::string(SLUICE_BINARY), "reconcile", "--repo", "/nowhere", "--cluster",
                      scene.KubeconfigWith({{"exec", exec}}, "plugged"), "--listen", "127.0.0.1:0"},
                     log) != 0);
  CHECK_THAT(servers::ReadFile(log), Contains("gets its credentials from a program (`exec`), which is not run here"));
}

// One of the words of a rule: "create sluice.dev/rollouts", "update sluice.dev/rollouts/status", "get /services". With
// where it holds: "" everywhere, or a namespace.
struct Right {
  std::string namespace_, what;
  friend auto operator<=>(const Right&, const Right&) = default;
};

std::string ToString(const Right& right) {
  return right.what + (right.namespace_.empty() ? "" : " in " + right.namespace_);
}

// What the roles give the reconciler.
std::set<Right> Given(Scene& scene) {
  std::set<Right> given;
  const auto add = [&](const Json& role) {
    for (const Json& rule : List(role, {"rules"})) {
      for (const Json& group : List(rule, {"apiGroups"})) {
        for (const Json& resource : List(rule, {"resources"})) {
          for (const Json& verb : List(rule, {"verbs"})) {
            given.insert({Text(role, {"metadata", "namespace"}),
                          fmt::format("{} {}/{}", verb.get<std::string>(), group.get<std::string>(),
                                      resource.get<std::string>())});
          }
        }
      }
    }
  };
  const std::string group = "rbac.authorization.k8s.io/v1";
  add(**scene.Ask(Get{{{group, "ClusterRole"}, "", "sluice"}}));
  add(**scene.Ask(Get{{{group, "Role"}, "sluice-system", "sluice-leases"}}));
  return given;
}

struct Audit {
  std::set<Right> used;  // with the namespace of each request
  std::set<std::string> refused;
};

// What the service account has asked for, by the API server's own log.
Audit ReadAudit(const Scene& scene) {
  Audit audit;
  for (const std::string& line : servers::ReadLines(scene.plane().directory() + "/logs/audit")) {
    const Json event = ParseJson(line);
    if (!Says(event, {"user", "username"}, "system:serviceaccount:sluice-system:sluice")) continue;
    const Json what = event.value("objectRef", Json());
    if (!what.is_object()) continue;  // discovery, which everybody may ask for
    const std::string subresource = Text(what, {"subresource"});
    const Right right{Text(what, {"namespace"}),
                      fmt::format("{} {}/{}{}{}", Text(event, {"verb"}), Text(what, {"apiGroup"}),
                                  Text(what, {"resource"}), subresource.empty() ? "" : "/", subresource)};
    const std::int64_t code = Integer(event, {"responseStatus", "code"});
    // An apply of what isn't there yet asks the authorizer for another right, which isn't logged by itself.
    if (code == 201 && right.what.starts_with("patch ")) {
      audit.used.insert({right.namespace_, "create" + right.what.substr(5)});
    }
    if (code == 403) {
      audit.refused.insert(ToString(right) + ": " + Text(event, {"responseStatus", "message"}));
    } else {
      audit.used.insert(right);
    }
  }
  return audit;
}

// Rights that the scenarios here need not use, and why they are given.
const std::map<std::string, std::string>& Spared() {
  static const std::map<std::string, std::string> spared = [] {
    std::map<std::string, std::string> table;
    // This one streams; KubernetesCluster lists first where a server refuses that.
    for (const char* kind :
         {"sluice.dev/rollouts", "sluice.dev/rolloutbundles", "sluice.dev/rolloutcommands", "apps/deployments",
          "apps/statefulsets", "/services", "/pods", "/configmaps", "policy/poddisruptionbudgets",
          "autoscaling/horizontalpodautoscalers", "batch/jobs", "discovery.k8s.io/endpointslices",
          "gateway.networking.k8s.io/httproutes", "coordination.k8s.io/leases in sluice-system"}) {
      table[fmt::format("list {}", kind)] = "not every API server sends a list as the beginning of a watch";
    }
    for (const char* kind :
         {"apps/deployments", "/services", "/configmaps", "policy/poddisruptionbudgets",
          "autoscaling/horizontalpodautoscalers", "batch/jobs", "gateway.networking.k8s.io/httproutes"}) {
      table[fmt::format("get {}", kind)] = "whose is it, that was there already when it was to be made?";
    }
    table["get /pods"] = "read back after a deletion that another got ahead of";
    table["get coordination.k8s.io/leases in sluice-system"] = "read back after a write that another got ahead of";
    return table;
  }();
  return spared;
}

constexpr const char* kLegacy = R"(apiVersion: apps/v1
kind: Deployment
metadata: { name: legacy, namespace: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: legacy } }
  template:
    metadata: { labels: { app: legacy } }
    spec: { containers: [{ name: app, image: "example.com/legacy:1" }] }
)";

std::string Store(const std::string& tag) {
  return fmt::format(R"(apiVersion: apps/v1
kind: StatefulSet
metadata: {{ name: store, namespace: web }}
spec:
  replicas: 2
  serviceName: store
  selector: {{ matchLabels: {{ app: store }} }}
  template:
    metadata: {{ labels: {{ app: store }} }}
    spec: {{ containers: [{{ name: app, image: "example.com/store:{}" }}] }}
)",
                     tag);
}

TEST_CASE("the reconciler needs each of its rights and no other") {
  auto plane = ControlPlane::Start({"--audit"});
  if (plane == nullptr) return;
  Scene scene(std::move(plane));
  const std::string gateway = ControlPlane::GatewayDefinitions();
  if (gateway.empty())
    return servers::PrintSkipped("no definitions of the Gateway API: tests/cluster/build.sh gateway");
  scene.Apply(gateway + "/gateway.networking.k8s.io_httproutes.yaml");

  // By pods, and by an HTTPRoute.
  const auto commit = [&](const std::string& tag) {
    scene.Commit({{"plans/web.plan", Write({.tag = tag,
                                            .clauses = "on removal delete",
                                            .first_step = R"(run job { image "shop/smoke:1" } within 1m  hold 1s)",
                                            .replicas = "4 to 8 at cpu 70%"})},
                  {"plans/shop.plan", Write({.tag = tag,
                                             .service = "shop",
                                             .declarations = R"(import std.routers

route shop { namespace "web"  host "shop.example.com"  via routers.gateway("infra/public") }
)",
                                             .clauses = "through  shop\n  on removal delete"})}});
  };
  const auto walk = [&](int status) {
    servers::Server one(scene.Command("first"), scene.log());
    servers::Server other(scene.Command("second"), scene.log());
    const int ended = Ended(one);
    const int also = Ended(other);
    INFO(servers::ReadFile(scene.log()));
    REQUIRE(ended == status);
    REQUIRE(also == status);
  };
  commit("1");
  walk(0);
  commit("2");
  walk(0);
  CHECK(scene.Ready() == "web:2 4, web:2 4");
  // A person takes a bad version back; the next one takes its place.
  commit("bad");
  {
    servers::Server running(scene.Command("first", false), scene.log());
    REQUIRE(scene.Shows("CrashLoopBackOff"));
    CHECK(scene.Person({"abort", "web"}).first == "abort web: accepted\n");
    REQUIRE(scene.Shows("Held"));
  }
  commit("3");
  walk(0);
  // Out of git: everything goes.
  scene.Commit({{"plans/web.plan", Write({.tag = "3", .clauses = "on removal delete"})}});
  walk(0);
  scene.Commit({{"plans/other.plan", Write({.tag = "3", .service = "other"})}});
  walk(0);
  const auto left = scene.Ask(ListObjects{kDeployments, "web", {}});
  CHECK(List(**left, {"items"}).size() == 1);

  // What ran before Sluice did.
  const std::string legacy = scene.scratch() + "/legacy.yaml";
  servers::WriteFile(legacy, kLegacy);
  scene.Apply(legacy);
  scene.Commit({{"plans/other.plan", Write({.tag = "3", .service = "other"})},
                {"plans/k8s/legacy.yaml", kLegacy},
                {"plans/legacy.plan",
                 "service legacy from \"k8s/legacy.yaml\"\n"
                 "rollout legacy {\n  deploy legacy\n  step full { weight 100% }\n}\n"}});
  walk(0);

  // A StatefulSet, and a version of it that never is ready.
  const auto store = [&](const std::string& tag) {
    scene.Commit({{"plans/k8s/store.yaml", Store(tag)},
                  {"plans/store.plan",
                   "service store from \"k8s/store.yaml\"\n"
                   "rollout store {\n  deploy store\n  step full { weight 100% }\n}\n"}});
  };
  store("1");
  walk(0);
  store("bad");
  {
    servers::Server running(scene.Command("first", false), scene.log());
    REQUIRE(scene.Shows("CrashLoopBackOff", "store"));
    CHECK(scene.Person({"abort", "store"}).first == "abort store: accepted\n");
    REQUIRE(scene.Shows("Held", "store"));
  }

  const Audit audit = ReadAudit(scene);
  CHECK(audit.refused == std::set<std::string>());
  std::set<Right> everywhere;  // used, where a right in one namespace wouldn't do
  for (const Right& used : audit.used) {
    if (used.namespace_ != "sluice-system") everywhere.insert({"", used.what});
  }
  std::set<std::string> needless;
  for (const Right& given : Given(scene)) {
    const bool used = given.namespace_.empty() ? everywhere.contains(given) : audit.used.contains(given);
    const bool twice = !given.namespace_.empty() && everywhere.contains({"", given.what});
    if ((!used || twice) && !Spared().contains(ToString(given))) needless.insert(ToString(given));
  }
  CHECK(needless == std::set<std::string>());
}

TEST_CASE("one file installs everything on a fresh cluster, and again") {
  const auto kubectl = servers::FindProgram("kubectl");
  if (!kubectl) return servers::PrintSkipped("kubectl is not installed");
  auto plane = ControlPlane::Start();
  if (plane == nullptr) return;
  const git::ScratchDirectory scratch;
  // Its answer, and its exit status.
  const auto ask = [&, kubeconfig = plane->kubeconfig()](std::vector<std::string> words) {
    words.insert(words.begin(), {*kubectl, "--kubeconfig", kubeconfig});
    const std::string out = scratch.path() + "/kubectl";
    fs::remove(out);
    const int status = servers::Run(words, out);
    return std::pair(servers::ReadFile(out), status);
  };
  for (int i = 0; i < 2; ++i) {
    const auto applied =
        ask({"apply", "--server-side", "--filename", std::string(SLUICE_SOURCE_DIR) + "/deploy/install.yaml"});
    INFO(applied.first);
    REQUIRE(applied.second == 0);
  }
  Scene scene(std::move(plane));
  // Its pods are let in where nothing is that has more rights than it needs.
  REQUIRE(ask({"label", "namespace", "sluice-system", "pod-security.kubernetes.io/enforce=restricted"}).second == 0);
  const std::string deployment = "deployment/sluice";
  REQUIRE(ask({"--namespace", "sluice-system", "rollout", "restart", deployment}).second == 0);
  const auto ready = ask({"--namespace", "sluice-system", "rollout", "status", deployment, "--timeout=60s"});
  INFO(ready.first);
  CHECK(ready.second == 0);

  // A link by that name is kubectl's plugin.
  const std::string links = scene.scratch() + "/links";
  fs::create_directory(links);
  fs::create_symlink(SLUICE_BINARY, links + "/kubectl-sluice");
  scene.CommitVersion("1");
  REQUIRE(scene.Reconcile() == 0);
  const auto plugin = [&](const std::vector<std::string>& words) {
    std::vector<std::string> command = {"/usr/bin/env", "PATH=" + links + ":/usr/bin:/bin",
                                        "KUBECONFIG=" + scene.plane().kubeconfig(), *kubectl, "sluice"};
    command.insert(command.end(), words.begin(), words.end());
    const std::string out = links + "/out";
    fs::remove(out);
    const int status = servers::Run(command, out);
    return std::pair(servers::ReadFile(out), status);
  };
  using Catch::Matchers::Contains;
  const auto shown = plugin({"status", "web"});
  CHECK_THAT(shown.first, Contains("web:1"));
  CHECK(shown.second == 0);
  CHECK_THAT(plugin({"status", "wbe"}).first, Contains("kubectl sluice: there is no rollout `wbe`; there is web"));
  CHECK_THAT(plugin({"stats"}).first, Contains("kubectl sluice --help lists the commands"));
  CHECK_THAT(plugin({"--help"}).first, Contains("Usage: kubectl sluice "));
}

TEST_CASE("the chart gives what the one file has") {
  const auto helm = servers::FindProgram("helm");
  if (!helm) return servers::PrintSkipped("helm is not installed");
  const git::ScratchDirectory scratch;
  const std::string deploy = std::string(SLUICE_SOURCE_DIR) + "/deploy";
  const auto templated = [&](const std::vector<std::string>& more) {
    const std::string out = fmt::format("{}/out{}", scratch.path(), more.size());
    std::vector<std::string> command = {"/bin/sh",        "-c",     R"("$0" "$@" 2>/dev/null)", *helm,
                                        "template",       "sluice", deploy + "/chart",          "--include-crds",
                                        "--kube-version", "v1.35.4"};
    command.insert(command.end(), more.begin(), more.end());
    REQUIRE(servers::Run(command, out) == 0);
    std::map<ObjectKey, Json> objects;
    for (const Json& object : Documents(out)) objects[KeyOf(object)] = object;
    return objects;
  };
  std::map<ObjectKey, Json> wanted;
  for (const Json& object : Documents(deploy + "/install.yaml")) wanted[KeyOf(object)] = object;
  const auto objects = templated({});
  for (const auto& [key, object] : wanted) {
    INFO(ToString(key));
    REQUIRE(objects.contains(key));
    CHECK(objects.at(key) == object);
  }
  CHECK(objects.size() == wanted.size());

  auto changed =
      templated({"--set", "config.SLUICE_REPOSITORY=https://git.example.com/shop.git", "--set", "replicas=3"});
  CHECK(changed.size() == wanted.size() + 1);
  CHECK(Text(changed[{{"v1", "ConfigMap"}, "sluice-system", "sluice"}], {"data", "SLUICE_REPOSITORY"}) ==
        "https://git.example.com/shop.git");
  CHECK(Integer(changed[{kDeployments, "sluice-system", "sluice"}], {"spec", "replicas"}) == 3);
}

}  // namespace
}  // namespace sluice::cluster
