// libcurl behind the port, against a server that counts what reaches it.
#include "reconciler/http/curl_http.h"

#include <atomic>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "reconciler/loop/real_loop.h"

namespace sluice::http {
namespace {

// Answers the first request of each connection and keeps it open; the second is read, and the connection is gone: as
// one that the server gave up just when a request was on its way.
class ForgetfulServer {
 public:
  ForgetfulServer() {
    listener_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(listen(listener_, 8) == 0);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }
  ForgetfulServer(const ForgetfulServer&) = delete;
  ForgetfulServer& operator=(const ForgetfulServer&) = delete;
  ~ForgetfulServer() {
    shutdown(listener_, SHUT_RDWR);
    close(listener_);
    thread_.join();
    for (std::thread& each : connections_) each.join();
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }
  int requests() const { return requests_; }
  int connections() const { return accepted_; }

 private:
  void Serve() {
    for (int peer = 0; (peer = accept(listener_, nullptr, nullptr)) >= 0;) {
      ++accepted_;
      connections_.emplace_back([this, peer] {
        const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        if (ReadRequest(peer)) {
          send(peer, answer.data(), answer.size(), MSG_NOSIGNAL);
          ReadRequest(peer);
        }
        close(peer);
      });
    }
  }
  // Requests come in one piece: head and body are small.
  bool ReadRequest(int peer) {
    char buffer[4096];
    const bool read = recv(peer, buffer, sizeof buffer, 0) > 0;
    if (read) ++requests_;
    return read;
  }

  int listener_ = -1, port_ = 0;
  std::atomic<int> requests_{0}, accepted_{0};
  std::thread thread_;
  std::vector<std::thread> connections_;
};

struct Scene {
  Scene() { loop.SetWaiter(&http); }
  Result<HttpResponse> Ask(const std::string& method, const std::string& url) {
    HttpRequest request;
    request.method = method;
    request.url = url;
    if (method == "POST") request.body = "{}";
    std::optional<Result<HttpResponse>> answer;
    http.Send(request, [&](Result<HttpResponse> got) {
      answer.emplace(std::move(got));
      loop.Stop();
    });
    loop.Run();
    return *answer;
  }
  loop::RealLoop loop;
  CurlHttp http{loop};
};

TEST_CASE("what changes something is sent once, whatever connections were kept") {
  ForgetfulServer server;
  Scene scene;
  for (int i = 0; i < 3; ++i) {
    const auto answer = scene.Ask("POST", server.url());
    REQUIRE(answer.ok());
    CHECK(answer->status == 200);
  }
  CHECK(server.requests() == 3);
}

TEST_CASE("what only reads goes on kept connections, and is asked again where one was gone") {
  ForgetfulServer server;
  Scene scene;
  for (int i = 0; i < 3; ++i) REQUIRE(scene.Ask("GET", server.url()).ok());
  CHECK(server.requests() > 3);
  CHECK(server.connections() < server.requests());
}

TEST_CASE("what goes ahead doesn't wait for connections that others hold") {
  // Takes connections and says nothing.
  const int silent = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(bind(silent, reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(listen(silent, 256) == 0);
  getsockname(silent, reinterpret_cast<sockaddr*>(&address), &size);
  const std::string nobody = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/";

  ForgetfulServer server;
  Scene scene;
  for (int i = 0; i < 100; ++i) {
    HttpRequest request;
    request.url = nobody;
    request.timeout = Duration(60'000);
    scene.http.Send(request, [](const Result<HttpResponse>&) {});
  }
  scene.loop.After(Duration(200), [&] { scene.loop.Stop(); });
  scene.loop.Run();
  for (const bool ahead : {false, true}) {
    HttpRequest request;
    request.url = server.url();
    request.ahead = ahead;
    auto answered = std::make_shared<bool>(false);
    scene.http.Send(request, [answered](const Result<HttpResponse>& got) { *answered = got.ok(); });
    scene.loop.After(Duration(1'000), [&] { scene.loop.Stop(); });
    scene.loop.Run();
    CHECK(*answered == ahead);
  }
  close(silent);
}

TEST_CASE("the environment's proxy is not asked for this very machine") {
  ForgetfulServer server;
  // Nothing listens there.
  REQUIRE(setenv("http_proxy", "http://127.0.0.1:9", 1) == 0);
  Scene scene;
  CHECK(scene.Ask("GET", server.url()).ok());
  const auto outside = scene.Ask("GET", "http://sluice.invalid/");
  REQUIRE_FALSE(outside.ok());
  // It was looked for at the proxy, not by its name.
  CHECK(outside.error().message.find("resolve") == std::string::npos);
  unsetenv("http_proxy");
}

}  // namespace
}  // namespace sluice::http
