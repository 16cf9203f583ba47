#include "reconciler/kubernetes/kubeconfig.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "compiler/base/base64.h"
#include "compiler/base/text.h"
#include "reconciler/cluster/json.h"

namespace sluice::kubernetes {
namespace {

constexpr const char* kServiceAccount = "/var/run/secrets/kubernetes.io/serviceaccount/";
constexpr std::size_t kMaxKubeconfig = std::size_t{1024} * 1024;

using Names = std::initializer_list<std::string_view>;

// What the file says, as far as it was read without an error.
class Reader {
 public:
  Reader(const std::string& path, const KubeconfigOptions& options) : path_(path), options_(options) {}

  Result<Connection> Read(const YAML::Node& root) {
    if (!root.IsMap()) return Wrong(root, "is no kubeconfig: no map");
    Known(root, "the file",
          {"apiVersion", "kind", "clusters", "users", "contexts", "current-context", "preferences", "extensions"});
    std::string context = options_.context.empty() ? Text(root, "current-context") : options_.context;
    if (context.empty()) return Wrong(root, "has no current-context: name a context");
    const YAML::Node used = Entry(root, "contexts", "context", context, root["current-context"]);
    Known(used, "context `" + context + "`", {"cluster", "user", "namespace", "extensions"});
    const std::string cluster = Text(used, "cluster");
    ReadCluster(Entry(root, "clusters", "cluster", cluster, Member(used, "cluster")), cluster);
    if (const std::string user = Text(used, "user"); !user.empty()) {
      ReadUser(Entry(root, "users", "user", user, Member(used, "user")), user);
    }
    if (const std::string name = Text(used, "namespace"); !name.empty()) connection_.namespace_ = name;
    if (error_) return *error_;
    return connection_;
  }

 private:
  Error Wrong(const YAML::Node& node, const std::string& what) {
    const int line = node.IsDefined() && !node.Mark().is_null() ? node.Mark().line + 1 : 0;
    Error error{ErrorCode::kInvalid, line > 0 ? fmt::format("{}:{}: {}", path_, line, what) : path_ + ": " + what};
    if (!error_) error_ = error;
    return error;
  }

  void Known(const YAML::Node& node, const std::string& where, Names names) {
    if (!node.IsDefined() || !node.IsMap()) return;
    for (const auto& member : node) {
      const auto name = member.first.as<std::string>("");
      if (std::find(names.begin(), names.end(), name) != names.end()) continue;
      const std::vector<std::string> similar = SimilarNames(name, {names.begin(), names.end()});
      Wrong(member.first, fmt::format("{} has the unknown field `{}`{}", where, name,
                                      similar.empty() ? "" : "; there is " + JoinWords(similar)));
    }
  }

  std::string Text(const YAML::Node& node, const char* name) {
    if (!node.IsDefined() || !node.IsMap()) return "";
    const YAML::Node value = node[name];
    if (!value.IsDefined() || value.IsNull()) return "";
    if (value.IsScalar()) return value.Scalar();
    Wrong(value, fmt::format("`{}` must be a text", name));
    return "";
  }

  bool Flag(const YAML::Node& node, const char* name) {
    const std::string text = Text(node, name);
    if (text.empty() || text == "false") return false;
    if (text != "true") Wrong(node[name], fmt::format("`{}` must be true or false", name));
    return text == "true";
  }

  static YAML::Node Member(const YAML::Node& node, const std::string& name) {
    return node.IsDefined() && node.IsMap() ? node[name] : YAML::Node(YAML::NodeType::Undefined);
  }

  // The name of a member, where it stands.
  static YAML::Node NameOf(const YAML::Node& node, const std::string& name) {
    for (const auto& member : node) {
      if (member.first.as<std::string>("") == name) return member.first;
    }
    return node;
  }

  // The `member` of the entry of that name in a list of entries; `blamed` named it.
  YAML::Node Entry(const YAML::Node& root, const char* list, const char* member, const std::string& name,
                   const YAML::Node& blamed) {
    std::vector<std::string> names;
    if (root[list].IsDefined() && root[list].IsSequence()) {
      for (const YAML::Node& entry : root[list]) {
        names.push_back(Text(entry, "name"));
        if (names.back() != name) continue;
        if (!entry[member].IsDefined()) Wrong(entry, fmt::format("the entry `{}` has no `{}`", name, member));
        return entry[member];
      }
    }
    const std::vector<std::string> similar = SimilarNames(name, names);
    Wrong(blamed, fmt::format("there is no {} `{}`{}", member, name,
                              similar.empty() ? "" : "; there is " + JoinWords(similar)));
    return YAML::Node(YAML::NodeType::Undefined);
  }

  void ReadCluster(const YAML::Node& node, const std::string& name) {
    if (!node.IsDefined()) return;
    const std::string where = "cluster `" + name + "`";
    Known(node, where,
          {"server", "certificate-authority", "certificate-authority-data", "insecure-skip-tls-verify",
           "tls-server-name", "proxy-url", "disable-compression", "extensions"});
    connection_.server = Text(node, "server");
    while (connection_.server.ends_with('/')) connection_.server.pop_back();
    const bool http = connection_.server.starts_with("http://") || connection_.server.starts_with("https://");
    if (!http) Wrong(node, where + " has no server that is an http or https URL");
    connection_.server_name = Text(node, "tls-server-name");
    connection_.proxy = Text(node, "proxy-url");
    connection_.authorities = TextOrFile(node, "certificate-authority");
    if (const cluster::Json config = ConfigOf(node); !config.is_null()) cluster_config_ = config.dump();
    connection_.insecure = Flag(node, "insecure-skip-tls-verify");
    if (connection_.insecure && !options_.insecure) {
      Wrong(node["insecure-skip-tls-verify"],
            where + " asks to believe any server (insecure-skip-tls-verify): give its certificate-authority");
    }
  }

  void ReadUser(const YAML::Node& node, const std::string& name) {
    if (!node.IsDefined()) return;
    const std::string where = "user `" + name + "`";
    for (const char* runs : {"exec", "auth-provider"}) {
      if (options_.exec && std::string_view(runs) == "exec") continue;
      if (node.IsMap() && node[runs].IsDefined()) {
        Wrong(NameOf(node, runs), fmt::format("{} gets its credentials from a program (`{}`), which is not run here: "
                                              "give a token or a client certificate",
                                              where, runs));
      }
    }
    for (const char* passes : {"username", "password"}) {
      if (node.IsMap() && node[passes].IsDefined()) {
        Wrong(NameOf(node, passes), where +
                                        " has a name and password, which no API server takes any more: give a token or "
                                        "a client certificate");
      }
    }
    Known(node, where,
          {"token", "tokenFile", "client-certificate", "client-certificate-data", "client-key", "client-key-data",
           "exec", "auth-provider", "username", "password", "extensions"});
    connection_.token = http::Secret(Text(node, "token"));
    if (connection_.token.empty()) connection_.token_file = Beside(Text(node, "tokenFile"));
    connection_.certificate = TextOrFile(node, "client-certificate");
    const Material key = TextOrFile(node, "client-key");
    connection_.key = http::Secret(key.text);
    connection_.key_file = key.file;
    if (connection_.certificate.empty() != key.empty()) {
      Wrong(node, where + " has a client certificate without its key, or a key without its certificate");
    }
    const bool has_token = !connection_.token.empty() || !connection_.token_file.empty();
    if (options_.exec && !has_token) ReadPlugin(Member(node, "exec"), name, where + "'s exec");
  }

  void ReadPlugin(const YAML::Node& node, const std::string& user, const std::string& where) {
    if (!node.IsDefined() || node.IsNull()) return;
    if (!node.IsMap()) {
      Wrong(node, where + " must be a map");
      return;
    }
    Known(node, where,
          {"apiVersion", "command", "args", "env", "installHint", "provideClusterInfo", "interactiveMode"});
    ExecPlugin plugin;
    plugin.user = user;
    plugin.api_version = Text(node, "apiVersion");
    if (plugin.api_version != "client.authentication.k8s.io/v1" &&
        plugin.api_version != "client.authentication.k8s.io/v1beta1") {
      Wrong(node, where + " has no apiVersion client.authentication.k8s.io/v1 or client.authentication.k8s.io/v1beta1");
    }
    plugin.command = Text(node, "command");
    if (plugin.command.empty()) Wrong(node, where + " has no command");
    if (plugin.command.find('/') != std::string::npos) plugin.command = Beside(plugin.command);
    for (const YAML::Node& argument : Items(node, "args")) {
      if (!argument.IsScalar()) Wrong(argument, where + " has an argument that is no text");
      plugin.arguments.push_back(argument.IsScalar() ? argument.Scalar() : "");
    }
    for (const YAML::Node& variable : Items(node, "env")) {
      Known(variable, where + "'s env", {"name", "value"});
      plugin.environment.emplace_back(Text(variable, "name"), Text(variable, "value"));
      if (plugin.environment.back().first.empty()) Wrong(variable, where + " has a variable without a name");
    }
    plugin.install_hint = Text(node, "installHint");
    plugin.provide_cluster_info = Flag(node, "provideClusterInfo");
    if (plugin.provide_cluster_info) plugin.cluster_config = cluster_config_;
    const std::string mode = Text(node, "interactiveMode");
    const bool may_be_left_out = plugin.api_version.ends_with("/v1beta1");
    if (mode == "Never") plugin.input = ExecPlugin::Input::kNever;
    if (mode == "Always") plugin.input = ExecPlugin::Input::kAlways;
    if (mode != "Never" && mode != "Always" && mode != "IfAvailable" && !(mode.empty() && may_be_left_out)) {
      Wrong(node, where + " needs an interactiveMode: Never, IfAvailable or Always");
    }
    connection_.plugin = std::move(plugin);
  }

  // Of a list that may be missing.
  std::vector<YAML::Node> Items(const YAML::Node& node, const char* name) {
    const YAML::Node list = node[name];
    if (!list.IsDefined() || list.IsNull()) return {};
    if (list.IsSequence()) return {list.begin(), list.end()};
    Wrong(list, fmt::format("`{}` must be a list", name));
    return {};
  }

  // What the cluster's entry keeps for a program that gives credentials.
  static cluster::Json ConfigOf(const YAML::Node& cluster) {
    if (!cluster["extensions"].IsDefined() || !cluster["extensions"].IsSequence()) return {};
    for (const YAML::Node& each : cluster["extensions"]) {
      const bool is_it = each.IsMap() && each["name"].IsDefined() && each["name"].IsScalar() &&
                         each["name"].Scalar() == "client.authentication.k8s.io/exec";
      if (is_it) return ToJson(each["extension"], 0);
    }
    return {};
  }

  static cluster::Json ToJson(const YAML::Node& node, int depth) {
    constexpr int kMostDepth = 50;
    if (!node.IsDefined() || node.IsNull() || depth > kMostDepth) return {};
    if (node.IsMap()) {
      cluster::Json object = cluster::Json::object();
      for (const auto& member : node) object[member.first.as<std::string>("")] = ToJson(member.second, depth + 1);
      return object;
    }
    if (node.IsSequence()) {
      cluster::Json array = cluster::Json::array();
      for (const YAML::Node& item : node) array.push_back(ToJson(item, depth + 1));
      return array;
    }
    const std::string& text = node.Scalar();
    if (node.Tag() == "!") return text;  // in quotes
    if (text == "true" || text == "false") return text == "true";
    const cluster::Json number = cluster::ParseJson(text);
    return number.is_number() ? number : cluster::Json(text);
  }

  Material TextOrFile(const YAML::Node& node, const std::string& name) {
    Material material;
    const std::string data = Text(node, (name + "-data").c_str());
    if (data.empty()) {
      material.file = Beside(Text(node, name.c_str()));
      return material;
    }
    const auto decoded = Base64(data);
    if (!decoded || decoded->find("-----BEGIN ") == std::string::npos) {
      Wrong(node[name + "-data"], fmt::format("`{}-data` is no PEM in base64", name));
      return material;
    }
    material.text = *decoded;
    return material;
  }

  static std::optional<std::string> Base64(const std::string& text) {
    std::string packed;
    for (const char c : text) {
      if (c != '\n' && c != '\r' && c != ' ') packed += c;
    }
    return FromBase64(packed);
  }

  std::string Beside(const std::string& file) const {
    if (file.empty() || file.front() == '/') return file;
    const std::size_t slash = path_.rfind('/');
    return slash == std::string::npos ? file : path_.substr(0, slash + 1) + file;
  }

  const std::string& path_;
  const KubeconfigOptions& options_;
  Connection connection_;
  std::string cluster_config_;  // JSON; see ExecPlugin
  std::optional<Error> error_;  // the first
};

}  // namespace

Result<Connection> ReadKubeconfig(const std::string& text, const std::string& path, const KubeconfigOptions& options) {
  if (text.size() > kMaxKubeconfig) return Error{ErrorCode::kTooLarge, path + " has more than 1 MiB"};
  try {
    return Reader(path, options).Read(YAML::Load(text));
  } catch (const YAML::Exception& wrong) {
    // What the parser says of the text may repeat it, and it holds secrets: where it stands is enough.
    const int line = wrong.mark.is_null() ? 0 : wrong.mark.line + 1;
    return Error{ErrorCode::kInvalid, fmt::format("{}:{}: is no YAML that a kubeconfig can be", path, line)};
  }
}

Result<Connection> LoadKubeconfig(const std::string& paths, const KubeconfigOptions& options) {
  const std::string path = paths.substr(0, paths.find(':'));
  const Result<std::string> text = ReadWholeFile(path);
  if (!text) return text.error();
  return ReadKubeconfig(*text, path, options);
}

Result<Connection> InCluster(const std::function<std::string(const std::string&)>& environment, const ReadFile& read) {
  std::string host = environment("KUBERNETES_SERVICE_HOST");
  const std::string port = environment("KUBERNETES_SERVICE_PORT");
  if (host.empty() || port.empty()) {
    return Error{ErrorCode::kInvalid,
                 "this is no pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set; outside of the "
                 "cluster name a kubeconfig"};
  }
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  Connection connection;
  connection.server = "https://" + host + ":" + port;
  const std::string directory = kServiceAccount;
  connection.token_file = directory + "token";
  connection.authorities.file = directory + "ca.crt";
  if (const auto name = read(directory + "namespace")) connection.namespace_ = *name;
  return connection;
}

}  // namespace sluice::kubernetes
