#include "reconciler/kubernetes/exec_credential.h"

#include <algorithm>

#include <fmt/format.h>

#include "compiler/base/base64.h"
#include "reconciler/cluster/json.h"
#include "reconciler/kubernetes/access.h"

namespace sluice::kubernetes {
namespace {

using cluster::Json;
using cluster::Text;

Error Unusable(const ExecPlugin& plugin, const std::string& why) {
  return Error{ErrorCode::kInvalid, fmt::format("user `{}`: the program `{}` {}", plugin.user, plugin.command, why)};
}

// In a header of HTTP it would end the header.
bool FitsHeader(const std::string& token) {
  return std::none_of(token.begin(), token.end(), [](char c) { return static_cast<unsigned char>(c) < 0x21U; });
}

}  // namespace

std::string ExecInfo(const ExecPlugin& plugin, const Connection& connection, const std::string& authorities,
                     bool asks) {
  Json spec = {{"interactive", asks}};
  if (plugin.provide_cluster_info) {
    Json cluster = {{"server", connection.server}};
    if (!connection.server_name.empty()) cluster["tls-server-name"] = connection.server_name;
    if (!connection.proxy.empty()) cluster["proxy-url"] = connection.proxy;
    if (!authorities.empty()) cluster["certificate-authority-data"] = ToBase64(authorities);
    if (connection.insecure) cluster["insecure-skip-tls-verify"] = true;
    if (!plugin.cluster_config.empty()) cluster["config"] = cluster::ParseJson(plugin.cluster_config);
    spec["cluster"] = std::move(cluster);
  }
  return Json{{"apiVersion", plugin.api_version}, {"kind", "ExecCredential"}, {"spec", std::move(spec)}}.dump(
      -1, ' ', false, Json::error_handler_t::replace);
}

Result<ExecCredential> ReadExecCredential(const ExecPlugin& plugin, const std::string& output) {
  const Json answer = cluster::ParseJson(output);
  if (answer.is_discarded() || !cluster::Says(answer, {"kind"}, "ExecCredential")) {
    return Unusable(plugin, "printed no ExecCredential");
  }
  if (!cluster::Says(answer, {"apiVersion"}, plugin.api_version)) {
    return Unusable(plugin,
                    "printed an ExecCredential of another version than the kubeconfig's, " + plugin.api_version);
  }
  ExecCredential credential;
  credential.token = http::Secret(Text(answer, {"status", "token"}));
  credential.certificate = Text(answer, {"status", "clientCertificateData"});
  credential.key = http::Secret(Text(answer, {"status", "clientKeyData"}));
  if (credential.certificate.empty() != credential.key.empty()) {
    return Unusable(plugin, "gave a client certificate without its key, or a key without its certificate");
  }
  if (credential.token.empty() && credential.certificate.empty()) {
    return Unusable(plugin, "gave neither a token nor a client certificate with its key");
  }
  if (!FitsHeader(credential.token.Reveal())) return Unusable(plugin, "gave a token with blanks or line ends in it");
  if (const std::string expires = Text(answer, {"status", "expirationTimestamp"}); !expires.empty()) {
    if (!ParseTime(expires, credential.expires.emplace())) {
      return Unusable(plugin, "gave an expirationTimestamp that is no time of RFC 3339");
    }
  }
  return credential;
}

}  // namespace sluice::kubernetes
