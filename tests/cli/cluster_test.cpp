// `sluice cluster` as a process: who may reach it, what survives it, and kubectl where there is one.
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/cli/process.h"

namespace sluice::test {
namespace {

namespace fs = std::filesystem;

const std::string kMaps = "/api/v1/namespaces/default/configmaps";

Ended Curl(const std::string& arguments) { return Shell("curl -s -m 10 " + arguments); }

// The status of a POST of a ConfigMap, "000" if there was no answer.
std::string Post(const std::string& server, const std::string& name) {
  return Curl(
             "-o /dev/null -w '%{http_code}' -H 'Content-Type: application/json' -d '{\"apiVersion\":\"v1\",\"kind\":"
             "\"ConfigMap\",\"metadata\":{\"name\":\"" +
             name + "\"}}' " + server + kMaps)
      .out;
}

// kubectl as tests/cluster builds it, or the one on the PATH; "" if there is none.
std::string Kubectl() {
  const char* cache = std::getenv("SLUICE_CACHE");  // NOLINT(concurrency-mt-unsafe)
  const char* home = std::getenv("HOME");           // NOLINT(concurrency-mt-unsafe)
  const fs::path built = cache != nullptr ? fs::path(cache) : fs::path(home == nullptr ? "/" : home) / ".cache/sluice";
  std::error_code ignored;
  for (const auto& version : fs::directory_iterator(built / "cluster", ignored)) {
    if (fs::exists(version.path() / "kubectl", ignored)) return (version.path() / "kubectl").string();
  }
  const std::string found = Shell("command -v kubectl").out;
  return found.substr(0, found.find('\n'));
}

constexpr const char* kWeb = R"(apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "shop/web:1"}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
)";

bool Has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("an address that others reach is refused unless that is asked for") {
  for (const char* listen : {":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:0"}) {
    for (const char* command : {"cluster", "reconcile --repo . --cluster memory"}) {
      const Ended refused = Sluice(fmt::format("{} --listen {}", command, listen));
      CHECK(refused.status == 2);
      CHECK(Has(refused.err, "--insecure"));
    }
  }
  CHECK(Sluice("cluster --listen here").status == 2);
  CHECK(Sluice("cluster --nothing").status == 2);
  CHECK(Has(Sluice("cluster --help").out, "--kubeconfig"));
  const Scratch scratch;
  const Background open(scratch, "cluster --insecure --listen 0.0.0.0:0");
  CHECK(!open.server().empty());
  CHECK(Has(open.Log(), "no authentication"));
}

TEST_CASE("the kubeconfig leads to it, and nobody else's is overwritten") {
  const Scratch scratch;
  const std::string path = (scratch / "kubeconfig").string();
  for (int round = 0; round < 2; ++round) {
    Background cluster(scratch, "cluster --listen 127.0.0.1:0 --kubeconfig " + path);
    CHECK(Has(scratch.Read("kubeconfig"), cluster.server()));
    CHECK(cluster.End(SIGTERM) == 0);
  }
  scratch.Write("kubeconfig", "apiVersion: v1\nkind: Config\n");
  const Ended refused = Sluice("cluster --listen 127.0.0.1:0 --kubeconfig " + path);
  CHECK(refused.status == 1);
  CHECK(Has(refused.err, "name another file"));
  CHECK(scratch.Read("kubeconfig") == "apiVersion: v1\nkind: Config\n");
}

TEST_CASE("kill -9 in the middle of writes loses none that was answered, and versions go on") {
  const Scratch scratch;
  const std::string arguments = "cluster --listen 127.0.0.1:0 --state " + (scratch / "state").string();
  int answered = 0;
  for (int round = 0; round < 4; ++round) {
    Background cluster(scratch, arguments);
    REQUIRE(!cluster.server().empty());
    for (int i = 0; i < answered; ++i) {
      CAPTURE(round, i);
      CHECK(Curl("-o /dev/null -w '%{http_code}' " + cluster.server() + kMaps + "/m" + std::to_string(i)).out == "200");
    }
    for (int i = 0; i < 10; ++i) {
      REQUIRE(Eventually(10, [&] { return Post(cluster.server(), "m" + std::to_string(answered)) == "201"; }));
      ++answered;
    }
    CHECK(cluster.End(SIGKILL) == 128 + SIGKILL);
  }
  // A watch from before is told to list again, not left without what it missed.
  Background cluster(scratch, arguments);
  const Ended watched = Curl("'" + cluster.server() + kMaps + "?watch=true&resourceVersion=1'");
  CHECK(Has(watched.out, "\"code\":410"));
}

TEST_CASE("a watch is no reason to end late") {
  const Scratch scratch;
  Background cluster(scratch, "cluster --listen 127.0.0.1:0");
  const Ended begun = Shell("curl -s -N -m 20 '" + cluster.server() + kMaps + "?watch=true' >/dev/null & sleep 0.3");
  CHECK(begun.status == 0);
  const auto before = std::chrono::steady_clock::now();
  CHECK(cluster.End(SIGTERM) == 0);
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(3));
}

TEST_CASE("kubectl gets, describes, applies, waits, watches and deletes") {
  const std::string kubectl = Kubectl();
  if (kubectl.empty()) {
    std::cout << "SKIPPED: kubectl against `sluice cluster`: there is no kubectl (tests/cluster builds one)\n";
    return;
  }
  const Scratch scratch;
  scratch.Write("web.yaml", kWeb);
  std::string other = kWeb;
  other.replace(other.find("web:1"), 5, "web:9");
  scratch.Write("other.yaml", other);
  const Background cluster(scratch, "cluster --listen 127.0.0.1:0 --kubeconfig " + (scratch / "kubeconfig").string());
  REQUIRE(!cluster.server().empty());
  const auto ask = [&](const std::string& arguments) {
    return Shell("cd " + scratch.path().string() + " && HOME=" + scratch.path().string() + " timeout 30 " + kubectl +
                 " --kubeconfig kubeconfig " + arguments);
  };
  const auto says = [&](const std::string& arguments, const std::string& what) {
    const Ended ended = ask(arguments);
    INFO(arguments << "\n" << ended.out << ended.err);
    CHECK(ended.status == 0);
    CHECK(Has(ended.out + ended.err, what));
  };
  says("api-resources", "rollouts");
  says("apply -f web.yaml", "deployment.apps/web created");
  says("apply -f web.yaml", "deployment.apps/web unchanged");
  says("wait --for=condition=Available deployment/web --timeout=20s", "condition met");
  says("rollout status deployment/web", "successfully rolled out");
  says("get deployments", "2/2");
  says("get pods -o wide -l app=web", "node-");
  says("describe deployment web", "2 available");
  says("scale deployment/web --replicas=1", "scaled");
  says("scale deployment/web --replicas=2", "scaled");
  says("label deployment/web team=shop", "labeled");
  says("apply --server-side -f web.yaml", "serverside-applied");
  const Ended conflict = ask("apply --server-side --field-manager=other -f other.yaml");
  CHECK(conflict.status == 1);
  CHECK(Has(conflict.err, "conflict with \"kubectl\""));
  says("patch deployment web -p '{\"spec\":{\"paused\":true}}'", "patched");
  says("get deployments -w --request-timeout=2s -o name", "deployment.apps/web");
  says("delete deployment web --cascade=foreground", "deleted");
  says("get pods", "No resources found");
  const Ended missing = ask("get deployment web");
  CHECK(missing.status == 1);
  CHECK(Has(missing.err, "deployments.apps \"web\" not found"));
}

}  // namespace sluice::test
