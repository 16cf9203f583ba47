// Where an API server is, and how to show it who asks.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "compiler/base/result.h"
#include "compiler/base/time.h"
#include "reconciler/http/http.h"
#include "reconciler/kubernetes/exec_credential.h"

namespace sluice::kubernetes {

// A text as such, or the file that holds it and may be replaced while we run. Empty: neither.
struct Material {
  std::string text;
  std::string file;
  bool empty() const { return text.empty() && file.empty(); }
};

// One API server and one user, as a kubeconfig or a pod's service account describes them.
struct Connection {
  std::string server;       // "https://10.96.0.1:443", without a slash at its end
  Material authorities;     // PEM; empty: the system's
  Material certificate;     // PEM, with `key`
  http::Secret token, key;  // texts; or:
  std::string token_file, key_file;
  std::string server_name;  // see http::Tls
  std::string proxy;
  std::string namespace_ = "default";
  bool insecure = false;
  std::optional<ExecPlugin> plugin;  // that gives token, or certificate and key, where there is no token
};

// The file's bytes, or why they can't be read.
using ReadFile = std::function<Result<std::string>(const std::string& path)>;
// Of the file system; at most 1 MiB.
Result<std::string> ReadWholeFile(const std::string& path);

// Files are read again when they may have changed: the token once a minute and after it was refused, certificates
// every five minutes (the kubelet replaces a token at four fifths of its life, a rotated authority is trusted beside
// the old one for longer than that). What can't be read or is empty for a moment leaves what was read before. A plugin
// is asked when what it gave expires or was refused, and waited for.
class Access {
 public:
  // `run` is needed where the connection has a plugin.
  Access(Connection connection, ReadFile read, RunPlugin run = nullptr);

  struct Pass {
    std::shared_ptr<const http::Tls> tls;
    http::Secret token;  // may be empty
  };
  // Fails only if a file could never be read, or the plugin gives nothing.
  Result<Pass> At(TimePoint now);
  // A request that showed the pass of `asked_at` was answered by 401. Whether another try may do better.
  bool Refused(TimePoint asked_at);

  const Connection& connection() const { return connection_; }

 private:
  Result<void> AskPlugin(TimePoint now);
  Result<void> ReadTls();
  Result<void> ReadToken();

  const Connection connection_;
  const ReadFile read_;
  const RunPlugin run_;
  std::optional<ExecCredential> given_;  // by the plugin
  TimePoint given_at_{};
  bool given_anew_ = false;  // in place of a refused one
  Pass pass_;
  bool tls_read_ = false, token_read_ = false;
  TimePoint tls_read_at_{}, token_read_at_{};
};

}  // namespace sluice::kubernetes
