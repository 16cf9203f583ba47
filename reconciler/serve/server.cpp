#include "reconciler/serve/server.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>
#include <utility>

#include "reconciler/serve/connection.h"

namespace sluice::serve {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

// For answers that are on their way when the server ends.
constexpr std::chrono::seconds kFarewell{1};
// Before the next try where a connection could not be taken, for want of file descriptors.
constexpr std::chrono::milliseconds kAcceptAgain{50};

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string Decoded(std::string_view text, bool query) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const int high = text[at] == '%' && at + 2 < text.size() ? HexDigit(text[at + 1]) : -1;
    const int low = high >= 0 ? HexDigit(text[at + 2]) : -1;
    if (low >= 0) {
      out += static_cast<char>(high * 16 + low);
      at += 2;
    } else {
      out += query && text[at] == '+' ? ' ' : text[at];
    }
  }
  return out;
}

bool MeansLoopback(const std::string& host) {
  asio::io_context io;
  error_code error;
  const auto found = tcp::resolver(io).resolve(host, "", error);
  return !error && !found.empty() && std::all_of(found.begin(), found.end(), [](const auto& entry) {
    return entry.endpoint().address().is_loopback();
  });
}

struct Server::Parts {
  Parts(loop::Loop& loop, ServerLimits limits)
      : context{loop, limits, handlers, nullptr}, acceptor(io), again(io), farewell(io) {
    context.gate = std::make_shared<Gate>(io);
  }

  Result<int> Listen(const std::string& host, int port) {
    error_code error;
    const auto found = tcp::resolver(io).resolve(host, std::to_string(port), tcp::resolver::passive, error);
    if (!error) {
      const tcp::endpoint address = found.begin()->endpoint();
      acceptor.open(address.protocol(), error);
      if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
      if (!error) acceptor.bind(address, error);
      if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    }
    if (error) {
      return Error{ErrorCode::kUnavailable, "cannot listen on " + host + ":" + std::to_string(port) + ": " +
                                                error.message() + "; is the port in use?"};
    }
    return acceptor.local_endpoint().port();
  }

  void Accept() {
    acceptor.async_accept([this](error_code error, tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (error || context.connections >= context.limits.connections) {
        return AcceptLater();  // the socket, if there is one, closes: the caller hears that at once
      }
      socket.set_option(tcp::no_delay(true), error);
      const auto connection = std::make_shared<Connection>(std::move(socket), context);
      open.insert(connection);
      Forget();
      connection->Read();
      Accept();
    });
  }
  void AcceptLater() {
    again.expires_after(kAcceptAgain);
    again.async_wait([this](error_code error) {
      if (!error) Accept();
    });
  }
  // The list of connections is only for Stop; those that are gone leave it when it has doubled.
  void Forget() {
    if (open.size() < 2 * context.connections + 64) return;
    std::erase_if(open, [](const auto& each) { return each.expired(); });
  }

  // On the server's thread; it ends when nothing is left to do.
  void End() {
    error_code ignored;
    acceptor.close(ignored);
    again.cancel();
    for (const auto& each : open) {
      if (const auto connection = each.lock()) connection->End();
    }
    farewell.expires_after(kFarewell);
    farewell.async_wait([this](error_code error) {
      if (!error) io.stop();
    });
    WaitForConnections();
  }
  void WaitForConnections() {
    if (context.connections == 0) return io.stop();
    again.expires_after(std::chrono::milliseconds(2));
    again.async_wait([this](error_code) { WaitForConnections(); });
  }

  std::map<std::string, Handler> handlers;  // constant once the server has started
  Context context;
  asio::io_context io{1};  // takes the connections along, which need what stands above
  tcp::acceptor acceptor;
  asio::steady_timer again, farewell;
  std::set<std::weak_ptr<Connection>, std::owner_less<>> open;
  std::thread thread;
};

Server::Server(loop::Loop& loop, ServerLimits limits) : parts_(std::make_unique<Parts>(loop, limits)) {}

Server::~Server() {
  Stop();
  parts_->context.gate->Close();
}

void Server::Handle(std::string prefix, Handler handler) {
  parts_->handlers.emplace(std::move(prefix), std::move(handler));
}

Result<int> Server::Start(const std::string& host, int port) {
  Result<int> listening = parts_->Listen(host, port);
  if (!listening) return listening;
  parts_->Accept();
  parts_->thread = std::thread([this] { parts_->io.run(); });
  return listening;
}

void Server::Stop() {
  if (!parts_->thread.joinable()) return;
  parts_->context.gate->Post([this] { parts_->End(); });
  parts_->thread.join();
  parts_->context.gate->Close();
}

}  // namespace sluice::serve
