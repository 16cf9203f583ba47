// OpenSSH's server with host keys, a configuration and authorized keys of its own. It logs the present user
// in, and all that a login can do is to read a repository with git-upload-pack.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/git/fixture.h"
#include "tests/servers/process.h"

namespace sluice::servers {

class SshServer {
 public:
  // Prints "SKIPPED: …" and gives null if the machine has no sshd or OpenSSH's own client cannot log in.
  static std::unique_ptr<SshServer> Start();

  // "ssh://USER@127.0.0.1:PORT" and the path of a repository on this machine.
  std::string Url(const std::string& repository) const;
  std::string host() const;                               // "[127.0.0.1]:PORT"
  std::string KnownHosts(const std::string& key) const;   // the line for one of its host keys
  std::string Fingerprint(const std::string& key) const;  // "SHA256:…" of a key, by ssh-keygen
  std::string KeyFile(const std::string& name) const;     // private: user_ed25519, stranger …
  const std::string& directory() const { return scratch_.path(); }
  std::vector<std::string> Commands() const { return ReadLines(directory() + "/commands.log"); }
  std::string Log() const { return ReadFile(directory() + "/sshd.log"); }
  void Stop() { server_->Kill(); }

 private:
  SshServer();
  bool MakeKeys();
  void Configure();
  bool CanLogIn() const;

  git::ScratchDirectory scratch_;
  int port_ = 0;
  std::unique_ptr<Server> server_;
};

}  // namespace sluice::servers
