#include "tests/servers/https_server.h"

#include <cstdlib>

#include <fmt/format.h>

namespace sluice::servers {

std::unique_ptr<HttpsServer> HttpsServer::Start(const std::string& root) {
  if (!HavePrograms({"python3", "openssl", "git", "git-http-backend"})) return nullptr;
  std::unique_ptr<HttpsServer> made(new HttpsServer);
  const std::string& d = made->scratch_.path();
  if (!made->MakeCertificates()) {
    PrintSkipped("openssl made no certificates: " + made->Log());
    return nullptr;
  }
  setenv("SLUICE_TEST_SECRET", kSecret, 1);
  setenv("SLUICE_OTHER_HOST", "127.0.0.1", 1);
  made->server_ = std::make_unique<Server>(
      std::vector<std::string>{*FindProgram("python3"), SLUICE_SOURCE_DIR "/tests/servers/git_https_server.py", root,
                               d + "/server.pem", d + "/server.key", d + "/requests.log"},
      d + "/server.log");
  made->port_ = made->server_->ReadFirstLine();
  if (made->port_.empty()) {
    PrintSkipped("the HTTPS server didn't start: " + made->Log());
    return nullptr;
  }
  return made;
}

bool HttpsServer::MakeCertificates() {
  const std::string openssl = *FindProgram("openssl");
  const std::string& d = scratch_.path();
  const auto run = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), openssl);
    return Run(arguments, d + "/server.log") == 0;
  };
  const auto authority = [&](const std::string& name) {
    return run({"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=Test authority " + name, "-keyout", d + "/" + name + ".key", "-out",
                d + "/" + name + ".pem"});
  };
  WriteFile(d + "/names", "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
  return authority("ca") && authority("other-ca") &&
         run({"req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost",
              "-keyout", d + "/server.key", "-out", d + "/server.csr"}) &&
         run({"x509", "-req", "-in", d + "/server.csr", "-CA", d + "/ca.pem", "-CAkey", d + "/ca.key",
              "-CAcreateserial", "-days", "2", "-extfile", d + "/names", "-out", d + "/server.pem"});
}

std::string HttpsServer::Url(const std::string& kind, const std::string& repository) const {
  return fmt::format("https://localhost:{}/{}/{}", port_, kind, repository);
}

}  // namespace sluice::servers
