#include <chrono>
#include <filesystem>

#include "tests/servers/git_checks.h"
#include "tests/servers/ssh_server.h"

namespace sluice::servers {
namespace {

using git::FetchRequest;

// A repository of two commits behind an SSH server, and our copy of it.
struct Setup {
  std::unique_ptr<SshServer> server = SshServer::Start();
  git::ScratchDirectory scratch;
  std::string remote_path = scratch.path() + "/remote";
  git::TestRepository remote{remote_path};
  std::string first = remote.Commit("main", {{"plans/a.plan", "1"}}, "");

  FetchRequest Request(const std::string& key = "user_ed25519") const {
    FetchRequest request = RequestOf(scratch.path() + "/copy", server->Url(remote_path));
    request.credentials.ssh_key_file = server->KeyFile(key);
    request.credentials.known_hosts_file = server->directory() + "/known_hosts";
    return request;
  }
  // The same with a known_hosts file of this text.
  FetchRequest Knowing(const std::string& lines) const {
    FetchRequest request = Request();
    request.credentials.known_hosts_file = scratch.path() + "/known_hosts";
    WriteFile(request.credentials.known_hosts_file, lines);
    return request;
  }
};

TEST_CASE("a key and the host's known key are enough to fetch over SSH") {
  const Setup setup;
  if (!setup.server) return;
  for (const char* key : {"user_ed25519", "user_ecdsa"}) {
    CAPTURE(key, setup.server->Log());
    auto snapshot = Open(setup.Request(key)).Fetch("");
    INFO((snapshot.ok() ? "" : snapshot.error().message));
    REQUIRE(snapshot.ok());
    CHECK(snapshot->commit == setup.first);
    CHECK(*snapshot->files->Read("a.plan", 10) == "1");
  }
}

TEST_CASE("a key with a passphrase opens with it and with no other") {
  const Setup setup;
  if (!setup.server) return;
  FetchRequest request = setup.Request("user_locked");
  request.credentials.ssh_passphrase = "open sesame";
  CHECK(Open(request).Fetch("").ok());
  request.credentials.ssh_passphrase = "close sesame";
  const Error error = Refused(request);
  CAPTURE(error.message);
  CHECK(error.code == ErrorCode::kUnauthorized);
}

TEST_CASE("known_hosts may hash the host, hold several keys and other hosts") {
  const Setup setup;
  if (!setup.server) return;
  const std::string line = setup.server->KnownHosts("host_ed25519");
  const std::string rsa = setup.server->KnownHosts("host_rsa");
  const std::string hashed = setup.scratch.path() + "/hashed";
  WriteFile(hashed, line);
  REQUIRE(Run({*FindProgram("ssh-keygen"), "-H", "-f", hashed}, setup.scratch.path() + "/hash.log") == 0);
  REQUIRE(ReadFile(hashed).rfind("|1|", 0) == 0);
  const std::string key = line.substr(line.find(' '));
  const std::vector<std::string> files = {ReadFile(hashed),
                                          rsa + line,
                                          line + rsa,
                                          "# comment\n\nexample.org" + rsa.substr(rsa.find(' ')) + line,
                                          "example.org," + setup.server->host() + key,
                                          "[127.0.0.*]:*" + key};
  for (const std::string& lines : files) {
    CAPTURE(lines, setup.server->Log());
    const auto fetched = Open(setup.Knowing(lines)).Fetch("");
    INFO((fetched.ok() ? "" : fetched.error().message));
    CHECK(fetched.ok());
  }
}

TEST_CASE("a host whose key isn't the known one is refused by type and fingerprint") {
  const Setup setup;
  if (!setup.server) return;
  const std::string shown = setup.server->Fingerprint("host_ed25519");
  const std::string known = setup.server->Fingerprint("stranger");
  REQUIRE(shown.size() == 50);
  const Error error = Refused(setup.Knowing(setup.server->KnownHosts("stranger")));
  CAPTURE(error.message);
  CHECK(error.code == ErrorCode::kUnauthorized);
  CHECK(Says(error, setup.server->host()));
  CHECK(Says(error, "it shows ssh-ed25519 " + shown));
  CHECK(Says(error, "known is ssh-ed25519 " + known));
  CHECK(setup.server->Commands().empty());
}

TEST_CASE("a host that known_hosts doesn't name is refused, and so is one without a file") {
  const Setup setup;
  if (!setup.server) return;
  const std::string line = setup.server->KnownHosts("host_ed25519");
  const std::string key = line.substr(line.find(' '));
  // A port that isn't 22 is part of the name.
  for (const std::string& lines :
       std::vector<std::string>{"", "example.org" + key, "127.0.0.1" + key, "[127.0.0.1]:1" + key,
                                "!" + setup.server->host() + ",[127.0.0.*]:*" + key}) {
    CAPTURE(lines);
    const Error error = Refused(setup.Knowing(lines));
    CAPTURE(error.message);
    CHECK(error.code == ErrorCode::kUnauthorized);
    CHECK(Says(error, "is not known"));
    CHECK((Says(error, "ssh-ed25519 " + setup.server->Fingerprint("host_ed25519")) ||
           Says(error, "ecdsa-sha2-nistp256 " + setup.server->Fingerprint("host_ecdsa"))));
  }
  FetchRequest request = setup.Request();
  request.credentials.known_hosts_file = setup.scratch.path() + "/nowhere";
  CHECK(Says(Refused(request), "no known_hosts file"));
  CHECK(Says(Refused(setup.Knowing("@revoked " + line + line)), "revoked"));
  CHECK(setup.server->Commands().empty());
}

TEST_CASE("a file of known hosts is read anew at each fetch") {
  const Setup setup;
  if (!setup.server) return;
  const FetchRequest request = setup.Knowing("");
  git::GitRepository repository = Open(request);
  CHECK_FALSE(repository.Fetch("").ok());
  WriteFile(request.credentials.known_hosts_file, setup.server->KnownHosts("host_ed25519"));
  CHECK(repository.Fetch("").ok());
}

TEST_CASE("a host that has several keys shows the one that is known") {
  const Setup setup;
  if (!setup.server) return;
  for (const char* key : {"host_ed25519", "host_ecdsa"}) {
    CAPTURE(key, setup.server->Log());
    const auto fetched = Open(setup.Knowing(setup.server->KnownHosts(key))).Fetch("");
    INFO((fetched.ok() ? "" : fetched.error().message));
    CHECK(fetched.ok());
  }
}

// libssh2 1.10 knows RSA only with SHA-1, which OpenSSH no longer offers.
TEST_CASE("where only a host's RSA key is known, the message says what it shows instead") {
  const Setup setup;
  if (!setup.server) return;
  const Error error = Refused(setup.Knowing(setup.server->KnownHosts("host_rsa")));
  CAPTURE(error.message);
  CHECK(error.code == ErrorCode::kUnauthorized);
  CHECK(Says(error, "it shows ecdsa-sha2-nistp256 " + setup.server->Fingerprint("host_ecdsa")));
  CHECK(Says(error, "known is ssh-rsa " + setup.server->Fingerprint("host_rsa")));
}

TEST_CASE("a key that the server doesn't accept, or that isn't there, is refused") {
  const Setup setup;
  if (!setup.server) return;
  const Error error = Refused(setup.Request("stranger"));
  CAPTURE(error.message);
  CHECK(error.code == ErrorCode::kUnauthorized);
  const Error missing = Refused(setup.Request("nowhere"));
  CAPTURE(missing.message);
  CHECK(missing.code == ErrorCode::kUnauthorized);
  CHECK(Says(missing, "cannot read the key"));
  FetchRequest request = setup.Request();
  request.credentials.ssh_key_file.clear();
  const Error none = Refused(request);
  CAPTURE(none.message);
  CHECK(none.code == ErrorCode::kUnauthorized);
  CHECK(Says(none, "asks for an SSH key"));
  CHECK(setup.server->Commands().empty());
}

TEST_CASE("a repository that isn't there or is empty, and a branch that isn't, are not found") {
  const Setup setup;
  if (!setup.server) return;
  FetchRequest request = setup.Request();
  request.url = setup.server->Url(setup.scratch.path() + "/nowhere");
  const Error missing = Refused(request);
  CAPTURE(missing.message);
  CHECK(missing.code == ErrorCode::kNotFound);

  const std::string empty = setup.scratch.path() + "/empty";
  const git::TestRepository no_commits(empty);
  request.url = setup.server->Url(empty);
  const Error nothing = Refused(request);
  CAPTURE(nothing.message);
  CHECK(nothing.code == ErrorCode::kNotFound);
  CHECK(Says(nothing, "the repository is empty"));

  request = setup.Request();
  request.ref = "mian";
  const Error branch = Refused(request);
  CHECK(branch.code == ErrorCode::kNotFound);
  CHECK(Says(branch, "there is `main`"));
}

TEST_CASE("a server that hangs or stops in mid-pack costs its deadline, and the last good commit stays") {
  Setup setup;
  if (!setup.server) return;
  auto good = Open(setup.Request()).Fetch("");
  REQUIRE(good.ok());
  setup.remote.Commit("main", {{"plans/a.plan", std::string(300'000, 'x')}}, setup.first);

  FetchRequest request = setup.Request();
  request.url = setup.server->Url(setup.scratch.path() + "/hang.git");
  request.timeout = Duration(1'500);
  const auto before = std::chrono::steady_clock::now();
  const Error hung = Refused(request);
  CAPTURE(hung.message);
  CHECK(hung.code == ErrorCode::kUnavailable);
  CHECK(Says(hung, "no answer within 1s500ms"));
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(8));

  request.url = setup.server->Url(setup.scratch.path() + "/cut.git");
  request.timeout = Duration(10'000);
  const Error cut = Refused(request);
  CAPTURE(cut.message);
  CHECK(cut.code == ErrorCode::kUnavailable);

  setup.server->Stop();
  const Error down = Refused(setup.Request());
  CAPTURE(down.message);
  CHECK(down.code == ErrorCode::kUnavailable);
  CHECK(*good->files->Read("a.plan", 10) == "1");
}

TEST_CASE("branches that move, vanish or are rewritten, and tags that move, are seen over SSH") {
  Setup setup;
  if (!setup.server) return;
  git::GitRepository main = Open(setup.Request());
  auto good = main.Fetch("");
  REQUIRE(good.ok());

  const std::string second = setup.remote.Commit("main", {{"plans/a.plan", "2"}}, setup.first);
  auto next = main.Fetch(setup.first);
  REQUIRE(next.ok());
  CHECK(next->commit == second);
  CHECK_FALSE(next->rewritten);

  const std::string other = setup.remote.Commit("main", {{"plans/a.plan", "other"}}, setup.first);
  auto forced = main.Fetch(second);
  REQUIRE(forced.ok());
  CHECK(forced->commit == other);
  CHECK(forced->rewritten);

  FetchRequest request = setup.Request();
  request.ref = "v1";
  setup.remote.Tag("v1", setup.first, true);
  CHECK(Open(request).Fetch("")->commit == setup.first);
  setup.remote.Tag("v1", other, true);
  CHECK(Open(request).Fetch(setup.first)->commit == other);

  setup.remote.Commit("next", {{"plans/a.plan", "n"}}, setup.first);
  setup.remote.DeleteBranch("main");
  CHECK(Refused(setup.Request()).code == ErrorCode::kNotFound);
  CHECK(*good->files->Read("a.plan", 10) == "1");
  CHECK(*forced->files->Read("a.plan", 10) == "other");
}

TEST_CASE("an unchanged branch costs one command over SSH a tick") {
  Setup setup;
  if (!setup.server) return;
  git::GitRepository repository = Open(setup.Request());
  REQUIRE(repository.Fetch("").ok());
  for (std::size_t tick = 1; tick <= 3; ++tick) {
    REQUIRE(repository.Fetch(setup.first).ok());
    CHECK(setup.server->Commands().size() == 1 + tick);
  }
}

}  // namespace
}  // namespace sluice::servers
