#include "tests/cluster/installation.h"

#include <chrono>
#include <cstdlib>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "compiler/base/check.h"
#include "reconciler/apiserver/yaml.h"
#include "reconciler/kubernetes/kubeconfig.h"
#include "tests/cluster/pod_keeper.h"
#include "tests/servers/process.h"

namespace sluice::cluster {
namespace {

// No scheduler looks at it.
std::string MakePod(Administrator& administrator, const std::string& name) {
  const Json pod = {
      {"apiVersion", "v1"},
      {"kind", "Pod"},
      {"metadata", {{"name", name}, {"namespace", "sluice-system"}}},
      {"spec",
       {{"schedulerName", "nobody"}, {"containers", Json::array({{{"name", "sluice"}, {"image", "sluice"}}})}}}};
  // The controller may not have made the namespace's default service account yet.
  for (int i = 0; i < 100; ++i) {
    const auto made = administrator.Ask(Create{pod, "test"});
    if (made) return Text(**made, {"metadata", "uid"});
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  fmt::print(stderr, "the pod {} is refused\n", name);
  std::abort();
}

}  // namespace

Administrator::Administrator(const std::string& kubeconfig)
    : access_(kubernetes::LoadKubeconfig(kubeconfig, {}).value(), kubernetes::ReadWholeFile),
      cluster_(Connect(kubeconfig, http_, loop_)) {
  loop_.SetWaiter(&http_);
}

Result<SharedJson> Administrator::Ask(Request request) {
  std::optional<Result<SharedJson>> answer;
  cluster_->Send(std::move(request), [&](Result<SharedJson> got) {
    answer.emplace(std::move(got));
    loop_.Stop();
  });
  loop_.Run();
  return std::move(*answer);
}

Result<Json> Administrator::Ask(kubernetes::ApiRequest request) {
  std::optional<Result<Json>> answer;
  client_.Send(std::move(request), [&](const kubernetes::Answer& answered) {
    if (answered.result.ok()) {
      answer.emplace(Json(*answered.result));
    } else {
      answer.emplace(answered.result.error());
    }
    loop_.Stop();
  });
  loop_.Run();
  return std::move(*answer);
}

std::vector<Json> Documents(const std::string& file) {
  std::vector<Json> documents;
  std::string document;
  bool says_something = false;
  const auto end = [&] {
    if (!std::exchange(says_something, false)) return document.clear();
    const Result<Json> read = apiserver::ReadYaml(document);
    if (!read) fmt::print(stderr, "{}: {}\n{}\n", file, read.error().message, document);
    SLUICE_CHECK(read.ok());
    documents.push_back(*read);
    document.clear();
  };
  const std::vector<std::string> lines = servers::ReadLines(file);
  SLUICE_CHECK(!lines.empty());
  for (const std::string& line : lines) {
    if (line == "---") {
      end();
    } else {
      document += line + "\n";
      says_something = says_something || (!line.empty() && line.front() != '#');
    }
  }
  end();
  return documents;
}

void ApplyFile(Administrator& administrator, const std::string& file) {
  for (const Json& object : Documents(file)) {
    const auto applied = administrator.Ask(Apply{object, "test", false});
    if (!applied) fmt::print(stderr, "{}: {}: {}\n", file, ToString(KeyOf(object)), applied.error().message);
    SLUICE_CHECK(applied.ok());
  }
}

std::string KubeconfigText(const std::string& server, const std::string& authorities, const Json& user) {
  const Json kubeconfig = {
      {"current-context", "sluice"},
      {"clusters",
       Json::array({{{"name", "sluice"}, {"cluster", {{"server", server}, {"certificate-authority", authorities}}}}})},
      {"users", Json::array({{{"name", "sluice"}, {"user", user}}})},
      {"contexts", Json::array({{{"name", "sluice"}, {"context", {{"cluster", "sluice"}, {"user", "sluice"}}}}})}};
  return kubeconfig.dump();
}

std::map<std::string, std::string> Install(Administrator& administrator, const std::string& authorities,
                                           const std::string& account) {
  for (const char* file : {"crds/rollouts.yaml", "crds/rolloutbundles.yaml", "crds/rolloutcommands.yaml", "rbac.yaml",
                           "people.yaml", "admission.yaml"}) {
    ApplyFile(administrator, std::string(SLUICE_SOURCE_DIR) + "/deploy/" + file);
  }
  const auto token = administrator.Ask(kubernetes::ApiRequest{
      "POST", "/api/v1/namespaces/sluice-system/serviceaccounts/sluice/token", "application/json",
      R"({"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{}})"});
  SLUICE_CHECK(token.ok());
  servers::WriteFile(
      account, KubeconfigText(administrator.server(), authorities, {{"token", Text(*token, {"status", "token"})}}));
  std::map<std::string, std::string> pods;
  for (const char* pod : {"first", "second"}) pods[pod] = MakePod(administrator, pod);
  return pods;
}

}  // namespace sluice::cluster
