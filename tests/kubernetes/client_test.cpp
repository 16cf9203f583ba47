#include "reconciler/kubernetes/client.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/kubernetes/server.h"

namespace sluice::kubernetes {
namespace {

struct Scene {
  static Connection ToApi() {
    Connection connection;
    connection.server = "https://api";
    connection.token_file = "token";
    return connection;
  }
  Access MakeAccess() {
    return {connection, [this](const std::string&) -> Result<std::string> { return token; }};
  }
  std::function<void(Answer)> Keep() {
    return [this](Answer answer) { answers.push_back(std::move(answer)); };
  }

  std::string token = "one";
  Connection connection = ToApi();
  loop::VirtualLoop loop{TimePoint(std::chrono::hours(1000))};
  Server server{loop};
  Access access = MakeAccess();
  Client client{server, loop, access, kubernetes::ClientOptions{.user_agent = "sluice/9 (linux/amd64)"}};
  std::vector<Answer> answers;
};

std::string HeaderIn(const http::HttpRequest& request, const std::string& name) {
  for (const auto& [key, value] : request.headers) {
    if (key == name) return value;
  }
  for (const auto& [key, value] : request.secret_headers) {
    if (key == name) return value.Reveal();
  }
  return "";
}

TEST_CASE("a request says who asks and shows the pass") {
  Scene scene;
  scene.client.Send({"PATCH", "/a", "application/apply-patch+yaml", "{}"}, scene.Keep());
  CHECK(scene.server.Next() == "/a");
  CHECK(HeaderIn(scene.server.taken(), "Authorization") == "Bearer one");
  CHECK(HeaderIn(scene.server.taken(), "User-Agent") == "sluice/9 (linux/amd64)");
  CHECK(HeaderIn(scene.server.taken(), "Content-Type") == "application/apply-patch+yaml");
  CHECK(scene.server.taken().timeout == Duration(30'000));
  scene.server.Answer(200, {{"kind", "A"}});
  REQUIRE(scene.answers.size() == 1);
  CHECK(scene.answers[0].result.ok());
}

TEST_CASE("a refused pass is read again once, then the refusal is the answer") {
  Scene scene;
  scene.client.Send({"GET", "/a", "", ""}, scene.Keep());
  scene.server.Next();
  scene.token = "two";
  scene.server.Answer(401, StatusJson(401, "Unauthorized"));
  CHECK(scene.server.Next() == "/a");
  CHECK(HeaderIn(scene.server.taken(), "Authorization") == "Bearer two");
  scene.server.Answer(401, StatusJson(401, "Unauthorized"));
  CHECK(scene.server.Idle());
  REQUIRE(scene.answers.size() == 1);
  CHECK(scene.answers[0].result.error().code == ErrorCode::kUnauthorized);
}

TEST_CASE("a request that the server asks to send again is, after its time, ten times at most") {
  Scene scene;
  scene.client.Send({"PATCH", "/a", "", "{}"}, scene.Keep());
  for (int i = 0; i <= 10; ++i) {
    REQUIRE(scene.server.Next() == "/a");
    scene.server.Answer(429, {}, {{"retry-after", "2"}});
    CHECK(scene.server.Idle());
    scene.loop.RunFor(Duration(1'999));
    CHECK(scene.server.Idle());
    CHECK(scene.answers.size() == (i == 10 ? 1 : 0));
    scene.loop.RunFor(Duration(1'001));
  }
  CHECK(scene.server.Idle());
  CHECK(scene.answers.at(0).result.error().code == ErrorCode::kUnavailable);
}

TEST_CASE("so many are under way at once: others wait, in order; reads don't wait for writes") {
  Scene scene;
  for (int i = 0; i < 40; ++i) scene.client.Send({"PATCH", fmt::format("/w{}", i), "", "{}"}, scene.Keep());
  for (int i = 0; i < 20; ++i) scene.client.Send({"GET", fmt::format("/r{}", i), "", ""}, scene.Keep());
  CHECK(scene.server.asked == 32 + 16);
  CHECK(scene.server.Next() == "/w0");
  scene.server.Answer(200, {{"kind", "A"}});
  CHECK(scene.server.asked == 32 + 16 + 1);
}

TEST_CASE("the limit falls to half on overload, once a second, and comes back by steps") {
  InFlightLimit limit(32);
  const TimePoint start{std::chrono::hours(1)};
  for (int i = 0; i < 10; ++i) limit.Begin();
  limit.End(true, start);
  CHECK(limit.limit() == 16);
  limit.End(true, start + Duration(999));
  CHECK(limit.limit() == 16);
  limit.End(true, start + Duration(1'000));
  CHECK(limit.limit() == 8);
  for (int i = 0; i < 2'000; ++i) {
    limit.Begin();
    limit.End(false, start + Duration(2'000));
  }
  CHECK(limit.limit() == 32);
  for (int i = 0; i < 100; ++i) {
    limit.Begin();
    limit.End(true, start + std::chrono::minutes(i));
  }
  CHECK(limit.limit() == 1);
}

TEST_CASE("a pass that can't be had is an error, and none is sent without it") {
  Scene scene;
  Connection connection = scene.connection;
  Access none(connection, [](const std::string& path) -> Result<std::string> {
    return Error{ErrorCode::kNotFound, "cannot read " + path};
  });
  Client client(scene.server, scene.loop, none, kubernetes::ClientOptions{.user_agent = "sluice"});
  client.Send({"GET", "/a", "", ""}, scene.Keep());
  CHECK(scene.answers.empty());
  CHECK(scene.server.Idle());
  REQUIRE(scene.answers.size() == 1);
  CHECK(scene.answers[0].result.error().message == "cannot read token");
  CHECK(scene.server.asked == 0);
}

}  // namespace
}  // namespace sluice::kubernetes
