// Programs that a kubeconfig names for credentials (`users[].user.exec`): what they are told and what they answer.
// Pure; whoever allows them runs them.
// https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/base/result.h"
#include "compiler/base/time.h"
#include "reconciler/http/http.h"

namespace sluice::kubernetes {

struct Connection;

struct ExecPlugin {
  enum class Input { kNever, kIfAvailable, kAlways };  // whether it may ask the person at the terminal

  std::string user;         // of the kubeconfig: whose credentials
  std::string api_version;  // "client.authentication.k8s.io/v1" or "…/v1beta1"
  std::string command;      // a path, or a name without a slash that is looked for in PATH
  std::vector<std::string> arguments;
  std::vector<std::pair<std::string, std::string>> environment;  // beside ours; may hold secrets
  Input input = Input::kIfAvailable;
  std::string install_hint;
  bool provide_cluster_info = false;
  std::string cluster_config;  // JSON that the cluster's entry keeps for the program; "": none
};

struct ExecCredential {
  http::Secret token;       // or:
  std::string certificate;  // PEM, with `key`
  http::Secret key;
  std::optional<TimePoint> expires;  // none: when it is refused
};

// Runs one: what it printed. `info` is the text of KUBERNETES_EXEC_INFO for a program that may, or may not, ask the
// person. Nothing that it printed may stand in an error.
using RunPlugin =
    std::function<Result<std::string>(const ExecPlugin& plugin, const std::function<std::string(bool asks)>& info)>;

// An ExecCredential object with the input of the program. `authorities`: PEM, those of the connection.
std::string ExecInfo(const ExecPlugin& plugin, const Connection& connection, const std::string& authorities, bool asks);

// kInvalid, without a word of `output`, if that is no ExecCredential of the version that the plugin has, or holds
// nothing to show to a server.
Result<ExecCredential> ReadExecCredential(const ExecPlugin& plugin, const std::string& output);

}  // namespace sluice::kubernetes
