#include "reconciler/kubernetes/kubeconfig.h"

#include <map>

#include <catch2/catch.hpp>

namespace sluice::kubernetes {
namespace {

constexpr const char* kWhole = R"(apiVersion: v1
kind: Config
current-context: shop
clusters:
- name: shop
  cluster:
    server: https://shop.example.com:6443/k8s/
    certificate-authority-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==
    tls-server-name: kubernetes
    proxy-url: http://proxy.example.com:3128
- name: other
  cluster:
    server: https://other.example.com
users:
- name: deployer
  user:
    token: s3cr3t-canary
- name: plugin
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: get-token
contexts:
- name: shop
  context:
    cluster: shop
    user: deployer
    namespace: checkout
- name: plugged
  context:
    cluster: other
    user: plugin
)";

// The file with one of its texts replaced.
std::string With(const std::string& from, const std::string& to) {
  std::string text = kWhole;
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

std::string WhyNot(const std::string& text, const KubeconfigOptions& options = {}) {
  const auto read = ReadKubeconfig(text, "/home/me/.kube/config", options);
  REQUIRE(!read.ok());
  CHECK(read.error().message.find("s3cr3t-canary") == std::string::npos);
  return read.error().message;
}

TEST_CASE("a kubeconfig says where the server is and who asks") {
  const auto read = ReadKubeconfig(kWhole, "/home/me/.kube/config", {});
  REQUIRE(read.ok());
  CHECK(read->server == "https://shop.example.com:6443/k8s");
  CHECK(read->authorities.text == "-----BEGIN CERTIFICATE-----\n");
  CHECK(read->server_name == "kubernetes");
  CHECK(read->proxy == "http://proxy.example.com:3128");
  CHECK(read->token.Reveal() == "s3cr3t-canary");
  CHECK(read->namespace_ == "checkout");
}

TEST_CASE("files are beside the kubeconfig") {
  const auto read = ReadKubeconfig(
      With("certificate-authority-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==", "certificate-authority: ca.crt"),
      "/home/me/.kube/config", {});
  REQUIRE(read.ok());
  CHECK(read->authorities.file == "/home/me/.kube/ca.crt");
}

TEST_CASE("what is wrong with a kubeconfig is said with file and line") {
  CHECK(WhyNot(With("tls-server-name", "tls-servername")) ==
        "/home/me/.kube/config:9: cluster `shop` has the unknown field `tls-servername`; there is tls-server-name");
  CHECK(WhyNot(With("current-context: shop", "current-context: shpo")) ==
        "/home/me/.kube/config:3: there is no context `shpo`; there is shop");
  CHECK(WhyNot(With("    user: deployer", "    user: nobody")) ==
        "/home/me/.kube/config:27: there is no user `nobody`");
  CHECK(WhyNot(With("https://shop.example.com:6443/k8s/", "shop.example.com")).find("no server that is an http") !=
        std::string::npos);
  CHECK(WhyNot(With("LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==", "s3cr3t-canary")) ==
        "/home/me/.kube/config:8: `certificate-authority-data` is no PEM in base64");
  CHECK(WhyNot(With("current-context: shop", "current-context: [")).find("is no YAML") != std::string::npos);
  CHECK(WhyNot("").find("is no kubeconfig") != std::string::npos);
  CHECK(WhyNot("[1, 2]").find("is no kubeconfig") != std::string::npos);
  CHECK(WhyNot(With("    token: s3cr3t-canary", "    token: {a: s3cr3t-canary}")) ==
        "/home/me/.kube/config:17: `token` must be a text");
  CHECK(WhyNot(With("    token: s3cr3t-canary", "    client-certificate: a.crt")).find("without its key") !=
        std::string::npos);
}

TEST_CASE("a program that gives credentials is refused, but only where its user is used") {
  CHECK(ReadKubeconfig(kWhole, "k", {}).ok());
  const std::string why = WhyNot(kWhole, {"plugged", false});
  CHECK(why.find("/home/me/.kube/config:20: user `plugin` gets its credentials from a program (`exec`)") == 0);
}

TEST_CASE("a server that nobody is to verify is believed only if that was asked for") {
  const std::string text = With("    tls-server-name: kubernetes", "    insecure-skip-tls-verify: true");
  CHECK(WhyNot(text).find("config:9: cluster `shop` asks to believe any server") != std::string::npos);
  const auto read = ReadKubeconfig(text, "k", {"", true});
  REQUIRE(read.ok());
  CHECK(read->insecure);
}

TEST_CASE("a pod finds its API server by its environment") {
  std::map<std::string, std::string> variables = {{"KUBERNETES_SERVICE_HOST", "fd00::1"},
                                                  {"KUBERNETES_SERVICE_PORT", "443"}};
  const auto environment = [&](const std::string& name) { return variables[name]; };
  const auto read = [](const std::string& path) -> Result<std::string> { return path.substr(path.rfind('/') + 1); };
  const auto inside = InCluster(environment, read);
  REQUIRE(inside.ok());
  CHECK(inside->server == "https://[fd00::1]:443");
  CHECK(inside->token_file == "/var/run/secrets/kubernetes.io/serviceaccount/token");
  CHECK(inside->authorities.file == "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt");
  CHECK(inside->namespace_ == "namespace");
  variables.clear();
  CHECK(InCluster(environment, read).error().message.find("this is no pod") == 0);
}

TEST_CASE("a token file is read again in time, and an empty moment leaves what was read before") {
  Connection connection;
  connection.server = "https://a";
  connection.token_file = "token";
  connection.authorities.file = "ca";
  std::map<std::string, std::string> files = {{"token", " one \n"}, {"ca", "-----BEGIN CERTIFICATE-----1"}};
  Access access(connection, [&](const std::string& path) -> Result<std::string> {
    if (!files.contains(path)) return Error{ErrorCode::kNotFound, "cannot read " + path};
    return files[path];
  });
  const TimePoint start{std::chrono::hours(1)};
  const auto first = access.At(start);
  REQUIRE(first.ok());
  CHECK(first->token.Reveal() == "one");
  files["token"] = "two";
  CHECK(access.At(start + Duration(59'999))->token.Reveal() == "one");
  CHECK(access.At(start + Duration(60'000))->token.Reveal() == "two");
  SECTION("refused: at once") {
    files["token"] = "three";
    CHECK(access.Refused(start + Duration(61'000)));
    CHECK(access.At(start + Duration(61'001))->token.Reveal() == "three");
    // What was read after the refused request was sent is not read again for it.
    files["token"] = "four";
    CHECK(access.Refused(start + Duration(61'000)));
    CHECK(access.At(start + Duration(61'002))->token.Reveal() == "three");
  }
  SECTION("empty or gone") {
    files["token"] = "";
    CHECK(access.At(start + Duration(120'000))->token.Reveal() == "two");
    files.erase("token");
    CHECK(access.At(start + Duration(180'000))->token.Reveal() == "two");
  }
  SECTION("an authority that is replaced") {
    files["ca"] = "half of one";
    CHECK(access.At(start + Duration(300'000))->tls == first->tls);
    files["ca"] = "-----BEGIN CERTIFICATE-----2";
    CHECK(access.At(start + Duration(600'000))->tls->authorities == "-----BEGIN CERTIFICATE-----2");
  }
}

TEST_CASE("a token that could never be read is an error that names the file") {
  Connection connection;
  connection.token_file = "/run/token";
  Access access(connection, [](const std::string& path) -> Result<std::string> {
    return Error{ErrorCode::kNotFound, "cannot read " + path};
  });
  CHECK(access.At(TimePoint{}).error().message == "cannot read /run/token");
}

}  // namespace
}  // namespace sluice::kubernetes
