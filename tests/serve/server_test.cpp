#include "reconciler/serve/server.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include <arpa/inet.h>
#include <catch2/catch.hpp>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "reconciler/loop/real_loop.h"

namespace sluice::serve {
namespace {

// A connection to a server on this machine, as bytes.
class Caller {
 public:
  explicit Caller(int port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{10, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~Caller() { ::close(socket_); }
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;

  bool connected() const { return connected_; }
  void Send(const std::string& text) const { (void)::send(socket_, text.data(), text.size(), MSG_NOSIGNAL); }
  // What comes until `end` is in it, or the connection ends.
  std::string Receive(const std::string& end = "\r\n\r\n\r\n") {
    char some[4096];
    while (got_.find(end) == std::string::npos) {
      const ssize_t size = ::recv(socket_, some, sizeof some, 0);
      if (size <= 0) break;
      got_.append(some, static_cast<std::size_t>(size));
    }
    return got_;
  }
  // Whether the other side has ended, within ten seconds.
  bool Ended() {
    char some[65536];
    for (;;) {
      const ssize_t size = ::recv(socket_, some, sizeof some, 0);
      if (size <= 0) return size == 0 || errno == ECONNRESET;
    }
  }

 private:
  int socket_;
  bool connected_ = false;
  std::string got_;
};

// A loop on a thread of its own and a server on a free port.
struct Served {
  explicit Served(ServerLimits limits = {}) : server(loop, limits) {}
  void Start() {
    const auto started = server.Start("127.0.0.1", 0);
    REQUIRE(started.ok());
    port = *started;
    thread = std::thread([this] { loop.Run(); });
  }
  ~Served() {
    server.Stop();
    loop.Stop();
    if (thread.joinable()) thread.join();
  }
  loop::RealLoop loop;
  Server server;
  int port = 0;
  std::thread thread;
};

bool Eventually(const std::function<bool()>& done) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

constexpr const char* kGet = "GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n";

}  // namespace

TEST_CASE("who still waits for an answer when the server ends gets one") {
  loop::RealLoop loop;
  Server server(loop);
  Answer never;
  server.Handle("/", [&](const Request&, Answer answer) {
    never = std::move(answer);
    loop.Stop();
  });
  const auto port = server.Start("127.0.0.1", 0);
  REQUIRE(port.ok());
  std::string got;
  std::thread client([&] {
    Caller caller(*port);
    caller.Send(kGet);
    got = caller.Receive("is ending");
  });
  loop.Run();
  server.Stop();
  client.join();
  CHECK(got.starts_with("HTTP/1.1 503"));
  never(Response{});  // too late, and no harm
}

TEST_CASE("a handler is told path, query, headers and body, decoded") {
  Served served;
  Request heard;
  served.server.Handle("/a", [&](const Request& request, const Answer& answer) {
    heard = request;
    answer({200, "text/plain", "yes"});
  });
  served.Start();
  Caller caller(served.port);
  caller.Send(
      "POST /a%2Fb?x=1%202&y=a+b&x=2 HTTP/1.1\r\nHost: localhost\r\nX-Some: Thing\r\nContent-Length: 3\r\n\r\nabc");
  CHECK(caller.Receive("yes").find("200") != std::string::npos);
  CHECK(heard.method == "POST");
  CHECK(heard.path == "/a/b");
  CHECK(heard.query["x"] == "1 2");
  CHECK(heard.query["y"] == "a b");
  CHECK(heard.headers["x-some"] == "Thing");
  CHECK(heard.body == "abc");
  // The connection is good for others.
  caller.Send("HEAD /a HTTP/1.1\r\nHost: localhost\r\n\r\n");
  caller.Send("GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(caller.Receive("NotFound").find("404") != std::string::npos);
}

TEST_CASE("a body over the limit, half a request and what is no HTTP are refused") {
  ServerLimits limits;
  limits.body_bytes = 10;
  limits.request = Duration(200);
  Served served(limits);
  served.server.Handle("/", [](const Request&, const Answer& answer) { answer({}); });
  served.Start();
  Caller large(served.port);
  large.Send("POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 11\r\n\r\n01234567890");
  CHECK(large.Receive("limit is 10").starts_with("HTTP/1.1 413"));
  Caller odd(served.port);
  odd.Send("\x16\x03\x01 what\r\n\r\n");
  CHECK(odd.Receive("BadRequest").starts_with("HTTP/1.1 400"));
  Caller half(served.port);
  half.Send("POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n01");
  CHECK(half.Ended());
}

TEST_CASE("a stream goes on until it ends, and its pieces arrive whole") {
  Served served;
  std::shared_ptr<Stream> held;
  std::atomic<bool> begun{false};
  served.server.Handle("/", [&](const Request&, const Answer& answer) {
    Response response;
    response.stream = [&](std::shared_ptr<Stream> stream) {
      stream->Write(std::make_shared<const std::string>("one\n"));
      held = std::move(stream);
      begun = true;
    };
    answer(std::move(response));
  });
  served.Start();
  Caller caller(served.port);
  caller.Send(kGet);
  CHECK(caller.Receive("one\n\r\n").find("4\r\none\n\r\n") != std::string::npos);
  served.loop.Post([&] {
    held->Write(std::make_shared<const std::string>("two\n"));
    held->End();
  });
  CHECK(caller.Receive("0\r\n\r\n").find("4\r\ntwo\n\r\n0\r\n\r\n") != std::string::npos);
  CHECK(caller.Ended());
}

TEST_CASE("a reader that goes is heard of") {
  Served served;
  std::shared_ptr<Stream> held;
  std::atomic<bool> closed{false};
  served.server.Handle("/", [&](const Request&, const Answer& answer) {
    Response response;
    response.stream = [&](std::shared_ptr<Stream> stream) {
      held = std::move(stream);
      held->on_closed = [&] { closed = true; };
    };
    answer(std::move(response));
  });
  served.Start();
  {
    Caller caller(served.port);
    caller.Send(kGet);
    CHECK(caller.Receive("\r\n\r\n").starts_with("HTTP/1.1 200"));
  }
  CHECK(Eventually([&] { return closed.load(); }));
}

TEST_CASE("a reader that doesn't read has no room, blocks nobody, and is cut in the end") {
  ServerLimits limits;
  limits.stream_bytes = 64 * 1024;
  limits.write = Duration(300);
  Served served(limits);
  std::shared_ptr<Stream> held;
  std::atomic<std::size_t> written{0};
  std::atomic<bool> closed{false};
  served.server.Handle("/x", [&](const Request&, const Answer& answer) {
    Response response;
    response.stream = [&](std::shared_ptr<Stream> stream) {
      held = std::move(stream);
      const auto write = [&] {
        static const auto kPiece = std::make_shared<const std::string>(std::string(16 * 1024, 'x'));
        while (held->room()) {
          held->Write(kPiece);
          written += kPiece->size();
        }
      };
      held->on_room = write;
      held->on_closed = [&] { closed = true; };
      write();
    };
    answer(std::move(response));
  });
  served.server.Handle("/y", [](const Request&, const Answer& answer) { answer({200, "text/plain", "here"}); });
  served.Start();
  Caller slow(served.port);
  slow.Send(kGet);
  REQUIRE(Eventually([&] { return written > 0; }));
  Caller other(served.port);
  other.Send("GET /y HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(other.Receive("here").starts_with("HTTP/1.1 200"));
  CHECK(Eventually([&] { return closed.load(); }));
  // What the kernel takes, and no more than a stream may hold.
  CHECK(written < 32 * 1024 * 1024);
}

TEST_CASE("which hosts are this machine alone") {
  CHECK(MeansLoopback("127.0.0.1"));
  CHECK(MeansLoopback("127.8.0.1"));
  CHECK(MeansLoopback("::1"));
  CHECK(MeansLoopback("localhost"));
  CHECK_FALSE(MeansLoopback("0.0.0.0"));
  CHECK_FALSE(MeansLoopback("::"));
  CHECK_FALSE(MeansLoopback("192.0.2.1"));
  CHECK_FALSE(MeansLoopback(""));
}

}  // namespace sluice::serve
