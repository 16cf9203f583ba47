#include "tests/servers/ssh_server.h"

#include <filesystem>

#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sluice::servers {
namespace {

std::string UserName() {
  const passwd* user = getpwuid(geteuid());
  return user == nullptr ? "" : user->pw_name;
}

constexpr const char* kConfiguration = R"(ListenAddress 127.0.0.1
Port {0}
HostKey {1}/host_ed25519
HostKey {1}/host_ecdsa
HostKey {1}/host_rsa
AuthorizedKeysFile {1}/authorized_keys
PidFile none
LogLevel VERBOSE
StrictModes no
UsePAM no
UseDNS no
PubkeyAuthentication yes
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
PermitUserRC no
PermitTTY no
)";

}  // namespace

SshServer::SshServer() = default;

std::unique_ptr<SshServer> SshServer::Start() {
  if (!HavePrograms({"sshd", "ssh", "ssh-keygen", "git-shell", "git-upload-pack"})) return nullptr;
  // Made by the service, which doesn't run here.
  if (geteuid() == 0) mkdir("/run/sshd", 0755);
  std::unique_ptr<SshServer> made(new SshServer);
  if (!made->MakeKeys()) {
    PrintSkipped("ssh-keygen made no keys: " + ReadFile(made->directory() + "/keygen.log"));
    return nullptr;
  }
  made->Configure();
  const std::string& d = made->directory();
  made->server_ = std::make_unique<Server>(
      std::vector<std::string>{*FindProgram("sshd"), "-D", "-e", "-f", d + "/sshd_config"}, d + "/sshd.log");
  if (!made->server_->WaitUntilListening(made->port_) || !made->CanLogIn()) {
    PrintSkipped("sshd lets nobody in: " + made->Log() + ReadFile(d + "/client.log"));
    return nullptr;
  }
  std::filesystem::remove(d + "/commands.log");
  return made;
}

bool SshServer::MakeKeys() {
  const std::string keygen = *FindProgram("ssh-keygen");
  const auto make = [&](const char* name, const char* type, const char* bits, const char* passphrase) {
    return Run({keygen, "-q", "-t", type, "-b", bits, "-N", passphrase, "-C", name, "-f", KeyFile(name)},
               directory() + "/keygen.log") == 0;
  };
  return make("host_ed25519", "ed25519", "256", "") && make("host_ecdsa", "ecdsa", "256", "") &&
         make("host_rsa", "rsa", "2048", "") && make("user_ed25519", "ed25519", "256", "") &&
         make("user_locked", "ed25519", "256", "open sesame") && make("user_rsa", "rsa", "2048", "") &&
         make("user_ecdsa", "ecdsa", "256", "") && make("stranger", "ed25519", "256", "");
}

void SshServer::Configure() {
  std::string keys;
  for (const char* name : {"user_ed25519", "user_locked", "user_rsa", "user_ecdsa"}) {
    keys += fmt::format("restrict,command=\"{}/tests/servers/git_login.sh {}\" {}", SLUICE_SOURCE_DIR, directory(),
                        ReadFile(KeyFile(name) + ".pub"));
  }
  WriteFile(directory() + "/authorized_keys", keys);
  port_ = FreePort();
  WriteFile(directory() + "/sshd_config", fmt::format(kConfiguration, port_, directory()));
  WriteFile(directory() + "/known_hosts", KnownHosts("host_ed25519"));
}

bool SshServer::CanLogIn() const {
  Run({*FindProgram("ssh"), "-F", "none", "-i", KeyFile("user_ed25519"), "-o", "BatchMode=yes", "-o",
       "UserKnownHostsFile=" + directory() + "/known_hosts", "-o", "ConnectTimeout=10", "-p", std::to_string(port_),
       UserName() + "@127.0.0.1", "probe"},
      directory() + "/client.log");
  return Commands().size() == 1;
}

std::string SshServer::Url(const std::string& repository) const {
  return fmt::format("ssh://{}@127.0.0.1:{}{}", UserName(), port_, repository);
}

std::string SshServer::host() const { return fmt::format("[127.0.0.1]:{}", port_); }

std::string SshServer::KnownHosts(const std::string& key) const {
  return host() + " " + ReadFile(KeyFile(key) + ".pub");
}

std::string SshServer::Fingerprint(const std::string& key) const {
  const std::string out = directory() + "/fingerprint";
  std::filesystem::remove(out);
  Run({*FindProgram("ssh-keygen"), "-l", "-E", "sha256", "-f", KeyFile(key) + ".pub"}, out);
  const std::string line = ReadFile(out);
  const std::size_t from = line.find("SHA256:");
  return from == std::string::npos ? "" : line.substr(from, line.find(' ', from) - from);
}

std::string SshServer::KeyFile(const std::string& name) const { return directory() + "/" + name; }

}  // namespace sluice::servers
