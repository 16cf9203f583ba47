// git_https_server.py with a certificate of an authority of its own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/git/fixture.h"
#include "tests/servers/process.h"

namespace sluice::servers {

class HttpsServer {
 public:
  static constexpr const char* kSecret = "hunter2-sesame";

  // Serves the repositories below `root`. Prints "SKIPPED: …" and gives null if the machine has no Python,
  // OpenSSL or git.
  static std::unique_ptr<HttpsServer> Start(const std::string& root);

  // `kind` as git_https_server.py names it.
  std::string Url(const std::string& kind, const std::string& repository) const;
  std::string AuthorityFile() const { return scratch_.path() + "/ca.pem"; }
  std::string OtherAuthorityFile() const { return scratch_.path() + "/other-ca.pem"; }
  // "METHOD HOST PATH STATUS USER" of each request so far.
  std::vector<std::string> Requests() const { return ReadLines(scratch_.path() + "/requests.log"); }
  std::string Log() const { return ReadFile(scratch_.path() + "/server.log"); }
  void Stop() { server_->Kill(); }

 private:
  HttpsServer() = default;
  bool MakeCertificates();

  git::ScratchDirectory scratch_;
  std::string port_;
  std::unique_ptr<Server> server_;
};

}  // namespace sluice::servers
