#include "reconciler/kubernetes/exec_credential.h"

#include <map>

#include <catch2/catch.hpp>

#include "reconciler/cluster/json.h"
#include "reconciler/kubernetes/kubeconfig.h"

namespace sluice::kubernetes {
namespace {

using cluster::Json;

std::string Kubeconfig(const std::string& exec, const std::string& extensions = "") {
  return R"(current-context: shop
clusters:
- name: shop
  cluster:
    server: https://shop.example.com
    certificate-authority-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==
)" + extensions +
         R"(contexts: [{name: shop, context: {cluster: shop, user: me}}]
users:
- name: me
  user:
    exec:
)" + exec;
}

constexpr const char* kExec = R"(      apiVersion: client.authentication.k8s.io/v1
      command: bin/get-token
      args: [--for, shop]
      env: [{name: PROFILE, value: s3cr3t-canary}]
      interactiveMode: Never
      installHint: apt install get-token
      provideClusterInfo: true
)";

constexpr const char* kExtensions = R"(    extensions:
    - name: other
      extension: {a: b}
    - name: client.authentication.k8s.io/exec
      extension: {audience: "06", retries: 3, deep: [true, null]}
)";

Result<Connection> Read(const std::string& text) {
  return ReadKubeconfig(text, "/home/me/.kube/config", {.context = "", .exec = true});
}

std::string WhyNot(const std::string& exec) {
  const auto read = Read(Kubeconfig(exec));
  REQUIRE(!read.ok());
  CHECK(read.error().message.find("s3cr3t-canary") == std::string::npos);
  return read.error().message;
}

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

TEST_CASE("a kubeconfig names a program for credentials") {
  const auto read = Read(Kubeconfig(kExec, kExtensions));
  REQUIRE(read.ok());
  REQUIRE(read->plugin);
  const ExecPlugin& plugin = *read->plugin;
  CHECK(plugin.user == "me");
  CHECK(plugin.command == "/home/me/.kube/bin/get-token");
  CHECK(plugin.arguments == std::vector<std::string>{"--for", "shop"});
  CHECK(plugin.environment == std::vector<std::pair<std::string, std::string>>{{"PROFILE", "s3cr3t-canary"}});
  CHECK(plugin.input == ExecPlugin::Input::kNever);
  const Json info = cluster::ParseJson(ExecInfo(plugin, *read, read->authorities.text, false));
  CHECK(info == cluster::ParseJson(R"({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
    "spec": {"interactive": false, "cluster": {"server": "https://shop.example.com",
      "certificate-authority-data": "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==",
      "config": {"audience": "06", "retries": 3, "deep": [true, null]}}}})"));
  // A name is looked for in PATH, and the program hears of the cluster only if it is to.
  const auto other = Read(Kubeconfig(Replaced(Replaced(kExec, "bin/get-token", "get-token"), "provideClusterInfo: true",
                                              "provideClusterInfo: false")));
  REQUIRE(other.ok());
  CHECK(other->plugin->command == "get-token");
  CHECK(cluster::ParseJson(ExecInfo(*other->plugin, *other, "", true))["spec"] == Json{{"interactive", true}});
  // A token that stands there is enough.
  const auto static_token = Read(Kubeconfig(kExec) + "    token: abc\n");
  REQUIRE(static_token.ok());
  CHECK(!static_token->plugin);
}

TEST_CASE("what is wrong with the program's entry is said with file and line") {
  CHECK(WhyNot(Replaced(kExec, "installHint", "installHnt")) ==
        "/home/me/.kube/config:17: user `me`'s exec has the unknown field `installHnt`; there is installHint");
  CHECK(WhyNot(Replaced(kExec, "io/v1", "io/v1alpha1")).find("has no apiVersion client.authentication.k8s.io/v1 or") !=
        std::string::npos);
  CHECK(WhyNot(Replaced(kExec, "      interactiveMode: Never\n", "")).find("needs an interactiveMode") !=
        std::string::npos);
  CHECK(Read(Kubeconfig(Replaced(Replaced(kExec, "      interactiveMode: Never\n", ""), "io/v1", "io/v1beta1"))).ok());
  CHECK(WhyNot(Replaced(kExec, "command: bin/get-token", "command: \"\"")).find("has no command") != std::string::npos);
  CHECK(WhyNot(Replaced(kExec, "[--for, shop]", "--for")).find("`args` must be a list") != std::string::npos);
}

TEST_CASE("what the program prints is taken if it is what it should be, and never repeated") {
  const ExecPlugin plugin = *Read(Kubeconfig(kExec))->plugin;
  const auto answer = [&](const std::string& status, const std::string& version = "v1") {
    return ReadExecCredential(plugin, R"({"apiVersion": "client.authentication.k8s.io/)" + version +
                                          R"(", "kind": "ExecCredential", "status": )" + status + "}");
  };
  const auto good = answer(R"({"token": "abc", "expirationTimestamp": "2026-01-01T00:00:00Z"})");
  REQUIRE(good.ok());
  CHECK(good->token.Reveal() == "abc");
  TimePoint expires;
  REQUIRE(ParseTime("2026-01-01T00:00:00Z", expires));
  CHECK(good->expires == expires);
  const auto certificate = answer(R"({"clientCertificateData": "c", "clientKeyData": "k"})");
  REQUIRE(certificate.ok());
  CHECK(certificate->certificate == "c");
  CHECK(!certificate->expires);
  for (const auto& [wrong, why] : std::map<std::string, std::string>{
           {R"({"token": ""})", "gave neither a token nor a client certificate with its key"},
           {R"({"clientKeyData": "s3cr3t-canary"})", "gave a client certificate without its key, or a key without"},
           {R"({"token": "s3cr3t-canary\r\nHost: x"})", "gave a token with blanks or line ends in it"},
           {R"({"token": "s3cr3t-canary", "expirationTimestamp": "soon"})", "no time of RFC 3339"}}) {
    const auto refused = answer(wrong);
    REQUIRE(!refused.ok());
    CHECK(refused.error().message.find("user `me`: the program `/home/me/.kube/bin/get-token` ") == 0);
    CHECK(refused.error().message.find(why) != std::string::npos);
    CHECK(refused.error().message.find("s3cr3t-canary") == std::string::npos);
  }
  CHECK(answer(R"({"token": "abc"})", "v1beta1").error().message.find("of another version") != std::string::npos);
  CHECK(ReadExecCredential(plugin, "s3cr3t-canary").error().message.find("printed no ExecCredential") !=
        std::string::npos);
}

TEST_CASE("the program is asked again when what it gave expires or is refused") {
  const Connection connection = *Read(Kubeconfig(kExec));
  int asked = 0;
  Access access(connection, ReadWholeFile, [&](const ExecPlugin&, const std::function<std::string(bool)>&) {
    ++asked;
    return Result<std::string>(R"({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
      "status": {"token": "token-)" +
                               std::to_string(asked) + R"(", "clientKeyData": "k",
      "clientCertificateData": "-----BEGIN CERTIFICATE-----)" +
                               std::to_string(asked) + R"(",
      "expirationTimestamp": "2026-01-01T00:0)" +
                               std::to_string(asked) + R"(:00Z"}})");
  });
  TimePoint start;
  REQUIRE(ParseTime("2026-01-01T00:00:00Z", start));
  CHECK(access.At(start)->token.Reveal() == "token-1");
  CHECK(access.At(start + Duration(59'999))->tls->certificate == "-----BEGIN CERTIFICATE-----1");
  CHECK(asked == 1);
  const auto second = access.At(start + Duration(60'000));
  CHECK(second->token.Reveal() == "token-2");
  CHECK(second->tls->certificate == "-----BEGIN CERTIFICATE-----2");
  CHECK(access.Refused(start + Duration(61'000)));
  CHECK(access.At(start + Duration(62'000))->token.Reveal() == "token-3");
  // What was given after the refused request was sent is not asked for again.
  CHECK(access.Refused(start + Duration(61'000)));
  CHECK(access.At(start + Duration(63'000))->token.Reveal() == "token-3");
  // One that is refused at once, too: no more questions for a while.
  CHECK(!access.Refused(start + Duration(64'000)));
  CHECK(access.At(start + Duration(65'000))->token.Reveal() == "token-3");
  CHECK(access.Refused(start + Duration(125'000)));
  CHECK(access.At(start + Duration(126'000))->token.Reveal() == "token-4");
}

TEST_CASE("without anybody to run it the program is refused by name") {
  Access access(*Read(Kubeconfig(kExec)), ReadWholeFile);
  CHECK(access.At(TimePoint{}).error().message == "user `me`: programs for credentials are not run here");
}

}  // namespace
}  // namespace sluice::kubernetes
