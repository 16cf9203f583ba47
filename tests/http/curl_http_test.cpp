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

// A socket on which programs of this machine may call.
class Listener {
 public:
  explicit Listener(int backlog) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(bind(socket_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(listen(socket_, backlog) == 0);
    getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/";
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() { close(socket_); }
  // Whoever waits in Accept, or comes to, goes on.
  void Shut() { shutdown(socket_, SHUT_RDWR); }
  int Accept() const { return accept(socket_, nullptr, nullptr); }
  const std::string& url() const { return url_; }

 private:
  const int socket_;
  std::string url_;
};

// Answers the first request of each connection and keeps it open; the second is read, and the connection is gone: as
// one that the server gave up just when a request was on its way.
class ForgetfulServer {
 public:
  ForgetfulServer() : thread_([this] { Serve(); }) {}
  ForgetfulServer(const ForgetfulServer&) = delete;
  ForgetfulServer& operator=(const ForgetfulServer&) = delete;
  ~ForgetfulServer() {
    listener_.Shut();
    thread_.join();
    for (std::thread& each : connections_) each.join();
  }
  const std::string& url() const { return listener_.url(); }
  int requests() const { return requests_; }
  int connections() const { return accepted_; }

 private:
  void Serve() {
    for (int peer = 0; (peer = listener_.Accept()) >= 0;) {
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

  Listener listener_{8};
  std::atomic<int> requests_{0}, accepted_{0};
  std::vector<std::thread> connections_;
  std::thread thread_;
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
  const Listener silent(256);
  ForgetfulServer server;
  Scene scene;
  for (int i = 0; i < 100; ++i) {
    HttpRequest request;
    request.url = silent.url();
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
}

TEST_CASE("a stream says that it began before there is anything to hear") {
  const Listener listener(8);
  Scene scene;
  HttpRequest request;
  request.url = listener.url();
  request.timeout = Duration(60'000);
  std::vector<std::string> parts;
  scene.http.Open(request, {[&](std::string_view part) {
                              parts.emplace_back(part);
                              scene.loop.Stop();
                            },
                            [&](const Result<HttpResponse>&) { scene.loop.Stop(); }});
  int peer = -1;
  std::thread server([&] {
    peer = listener.Accept();
    char buffer[4096];
    recv(peer, buffer, sizeof buffer, 0);
    const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    send(peer, head.data(), head.size(), MSG_NOSIGNAL);
  });
  scene.loop.Run();
  server.join();
  CHECK(parts == std::vector<std::string>{""});
  const std::string chunk = "5\r\nhello\r\n0\r\n\r\n";
  send(peer, chunk.data(), chunk.size(), MSG_NOSIGNAL);
  scene.loop.Run();
  CHECK(parts == std::vector<std::string>{"", "hello"});
  close(peer);
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
