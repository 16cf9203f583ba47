#include <chrono>
#include <cstdlib>
#include <filesystem>

#include "tests/servers/git_checks.h"
#include "tests/servers/https_server.h"

namespace sluice::servers {
namespace {

using git::FetchRequest;

// A repository of one commit behind an HTTPS server whose authority the fetching process trusts.
struct Setup {
  git::ScratchDirectory scratch;
  std::string root = scratch.path() + "/served";
  git::TestRepository remote{root + "/shop.git"};
  std::string first = remote.Commit("main", {{"plans/a.plan", "1"}}, "");
  std::unique_ptr<HttpsServer> server = HttpsServer::Start(root);

  FetchRequest Request(const std::string& kind) const {
    FetchRequest request = RequestOf(scratch.path() + "/copy", server->Url(kind, "shop.git"));
    request.credentials.authorities_file = server->AuthorityFile();
    return request;
  }
  FetchRequest Request(const std::string& kind, const std::string& user, const std::string& password) const {
    FetchRequest request = Request(kind);
    request.credentials.username = user;
    request.credentials.password = password;
    return request;
  }
  bool AnyRequest(const std::string& with) const {
    for (const std::string& line : server->Requests()) {
      if (line.find(with) != std::string::npos) return true;
    }
    return false;
  }
};

TEST_CASE("a public repository is fetched over HTTPS") {
  const Setup setup;
  if (!setup.server) return;
  auto snapshot = Open(setup.Request("open")).Fetch("");
  INFO((snapshot.ok() ? "" : snapshot.error().message));
  REQUIRE(snapshot.ok());
  CHECK(snapshot->commit == setup.first);
  CHECK(*snapshot->files->Read("a.plan", 10) == "1");
}

TEST_CASE("basic authentication and a token open a repository") {
  const Setup setup;
  if (!setup.server) return;
  CHECK(Open(setup.Request("basic", "ann", HttpsServer::kSecret)).Fetch("").ok());
  CHECK(Open(setup.Request("token", "", HttpsServer::kSecret)).Fetch("").ok());
  CHECK(setup.AnyRequest("200 x-access-token"));
  FetchRequest request = setup.Request("basic");
  request.url.insert(request.url.find("localhost"), std::string("ann:") + HttpsServer::kSecret + "@");
  auto fetched = Open(request).Fetch("");
  INFO((fetched.ok() ? "" : fetched.error().message));
  CHECK(fetched.ok());
}

TEST_CASE("wrong credentials and none are refused, and no message holds one") {
  const Setup setup;
  if (!setup.server) return;
  for (const FetchRequest& request :
       {setup.Request("basic", "ann", "wrong-password"), setup.Request("basic", "bob", HttpsServer::kSecret),
        setup.Request("token", "", "wrong-token"), setup.Request("basic")}) {
    const Error error = Refused(request);
    CAPTURE(error.message);
    CHECK(error.code == ErrorCode::kUnauthorized);
    CHECK(Says(error, "https://localhost:"));
  }
  FetchRequest request = setup.Request("basic");
  request.url.insert(request.url.find("localhost"), "ann:in-the-address@");
  const Error error = Refused(request);
  CAPTURE(error.message);
  CHECK(error.code == ErrorCode::kUnauthorized);
  CHECK_FALSE(Says(error, "in-the-address"));
  CHECK_FALSE(Says(error, "ann"));
}

TEST_CASE("a certificate of an unknown authority is refused before credentials are sent") {
  const Setup setup;
  if (!setup.server) return;
  FetchRequest request = setup.Request("token", "", HttpsServer::kSecret);
  request.credentials.authorities_file = setup.server->OtherAuthorityFile();
  const Error other = Refused(request);
  CAPTURE(other.message);
  CHECK(other.code == ErrorCode::kUnauthorized);
  CHECK(Says(other, "certificate"));
  request.credentials.authorities_file.clear();
  const Error system = Refused(request);
  CAPTURE(system.message);
  CHECK(system.code == ErrorCode::kUnauthorized);
  CHECK(setup.server->Requests().empty());
  request.credentials.authorities_file = "/nowhere/ca.pem";
  CHECK(Says(Refused(request), "no certificate can be read from /nowhere/ca.pem"));
}

TEST_CASE("a redirect to another host doesn't get the token") {
  const Setup setup;
  if (!setup.server) return;
  auto fetched = Open(setup.Request("bounce", "", HttpsServer::kSecret)).Fetch("");
  CHECK_FALSE(fetched.ok());
  CHECK_FALSE(setup.AnyRequest("127.0.0.1 /token/shop.git/info/refs?service=git-upload-pack 200"));
}

TEST_CASE("what isn't a git repository is an error that says what answered") {
  const Setup setup;
  if (!setup.server) return;
  struct Case {
    const char* kind;
    ErrorCode code;
    const char* says;
  };
  for (const Case& c : {Case{"html", ErrorCode::kUnavailable, "content-type"},
                        Case{"missing", ErrorCode::kNotFound, "404"}, Case{"broken", ErrorCode::kUnavailable, "500"}}) {
    CAPTURE(c.kind);
    const Error error = Refused(setup.Request(c.kind, "", HttpsServer::kSecret));
    CAPTURE(error.message);
    CHECK(error.code == c.code);
    CHECK(Says(error, c.says));
  }
  FetchRequest request = setup.Request("open");
  request.url = setup.server->Url("open", "nowhere.git");
  const Error missing = Refused(request);
  CAPTURE(missing.message);
  CHECK(missing.code == ErrorCode::kNotFound);
}

TEST_CASE("an empty repository and a branch that isn't there are not found over HTTPS") {
  const Setup setup;
  if (!setup.server) return;
  const git::TestRepository no_commits(setup.root + "/empty.git");
  FetchRequest request = setup.Request("open");
  request.url = setup.server->Url("open", "empty.git");
  const Error empty = Refused(request);
  CAPTURE(empty.message);
  CHECK(empty.code == ErrorCode::kNotFound);
  CHECK(Says(empty, "the repository is empty"));
  request = setup.Request("open");
  request.ref = "mian";
  const Error branch = Refused(request);
  CAPTURE(branch.message);
  CHECK(branch.code == ErrorCode::kNotFound);
  CHECK(Says(branch, "there is `main`"));
}

TEST_CASE("a server that hangs, stops in mid-pack or is gone leaves the last good commit") {
  Setup setup;
  if (!setup.server) return;
  auto good = Open(setup.Request("open")).Fetch("");
  REQUIRE(good.ok());
  const std::string second = setup.remote.Commit("main", {{"plans/a.plan", std::string(300'000, 'x')}}, setup.first);

  FetchRequest request = setup.Request("hang", "", HttpsServer::kSecret);
  request.timeout = Duration(1'500);
  const auto before = std::chrono::steady_clock::now();
  const Error hung = Refused(request);
  CAPTURE(hung.message);
  CHECK(hung.code == ErrorCode::kUnavailable);
  CHECK(Says(hung, "no answer within 1s500ms"));
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(8));

  const Error cut = Refused(setup.Request("cut"));
  CAPTURE(cut.message);
  CHECK(cut.code == ErrorCode::kUnavailable);
  CHECK(setup.AnyRequest("POST localhost /cut/shop.git/git-upload-pack 200"));
  CHECK(Says(cut, "https://localhost:"));
  const Error closed = Refused(setup.Request("close"));
  CAPTURE(closed.message);
  CHECK(closed.code == ErrorCode::kUnavailable);
  CHECK(Says(closed, "https://localhost:"));
  CHECK(*good->files->Read("a.plan", 10) == "1");

  // Half a pack is no obstacle to the whole one.
  CHECK(Open(setup.Request("open")).Fetch(setup.first)->commit == second);

  setup.server->Stop();
  const Error down = Refused(setup.Request("open"));
  CAPTURE(down.message);
  CHECK(down.code == ErrorCode::kUnavailable);
  CHECK(*good->files->Read("a.plan", 10) == "1");
}

TEST_CASE("branches that move, vanish or are rewritten, and tags that move, are seen over HTTPS") {
  Setup setup;
  if (!setup.server) return;
  git::GitRepository main = Open(setup.Request("open"));
  auto good = main.Fetch("");
  REQUIRE(good.ok());
  const std::string other = setup.remote.Commit("other", {{"plans/a.plan", "other"}}, "");
  setup.remote.DeleteBranch("main");
  setup.remote.Commit("main", {{"plans/a.plan", "other"}, {"b", ""}}, other);
  auto forced = main.Fetch(setup.first);
  REQUIRE(forced.ok());
  CHECK(forced->rewritten);
  CHECK(*forced->files->Read("a.plan", 10) == "other");

  FetchRequest request = setup.Request("open");
  request.ref = "v1";
  setup.remote.Tag("v1", setup.first, false);
  CHECK(Open(request).Fetch("")->commit == setup.first);
  setup.remote.Tag("v1", other, false);
  CHECK(Open(request).Fetch(setup.first)->commit == other);

  setup.remote.DeleteBranch("main");
  CHECK(main.Fetch(forced->commit).error().code == ErrorCode::kNotFound);
  CHECK(*good->files->Read("a.plan", 10) == "1");
  CHECK(*forced->files->Read("a.plan", 10) == "other");
}

TEST_CASE("an unchanged branch costs one request a tick, two where the server asks who it is") {
  Setup setup;
  if (!setup.server) return;
  struct Case {
    const char* kind;
    std::size_t requests;
  };
  for (const Case& c : {Case{"open", 1}, Case{"token", 2}}) {
    CAPTURE(c.kind);
    git::GitRepository repository = Open(setup.Request(c.kind, "", HttpsServer::kSecret));
    REQUIRE(repository.Fetch("").ok());
    for (int tick = 0; tick < 3; ++tick) {
      const std::size_t before = setup.server->Requests().size();
      REQUIRE(repository.Fetch(setup.first).ok());
      CHECK(setup.server->Requests().size() == before + c.requests);
    }
  }
}

}  // namespace
}  // namespace sluice::servers
