#include "tests/cluster/load.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <deque>
#include <utility>  // which Asio 1.74 needs in C++20 and doesn't include

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>
#include <sys/socket.h>

namespace sluice::cluster {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr double kOutside = 1e-4;
// Then a connection has served long enough: what balances connections and not requests gets to choose again.
constexpr int kRequestsOfConnection = 50;

TimePoint WallClock() { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }

std::string NameOf(const error_code& error) {
  if (error == beast::error::timeout) return "timeout";
  if (error == asio::error::connection_refused) return "refused";
  if (error == asio::error::connection_reset || error == asio::error::broken_pipe) return "reset";
  if (error == http::error::end_of_stream || error == http::error::partial_message) return "closed";
  return error.message();
}

struct Connection {
  beast::tcp_stream stream;
  beast::flat_buffer buffer;
  int requests = 0;
};

// As any client looks before it uses a connection again: the server may have closed it.
bool IsOpen(Connection& connection) {
  char byte = 0;
  const int socket = connection.stream.socket().native_handle();
  return recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

}  // namespace

struct Load::Sender {
  Load& load;
  const LoadOptions options;
  asio::io_context context{1};
  const asio::ip::tcp::endpoint server{asio::ip::make_address(options.address),
                                       static_cast<unsigned short>(options.port)};
  std::deque<std::unique_ptr<Connection>> idle = {};
  std::atomic<bool> stopping = false;

  void Run() {
    asio::co_spawn(context, Begin(), asio::detached);
    context.run();
  }

  asio::awaitable<void> Begin() {
    asio::steady_timer timer(context, std::chrono::steady_clock::now());
    const auto pause = std::chrono::microseconds(1'000'000 / options.per_second);
    double fresh = 0;
    while (!stopping) {
      fresh += options.fresh;
      asio::co_spawn(context, One(fresh >= 1), asio::detached);
      if (fresh >= 1) fresh -= 1;
      timer.expires_at(timer.expiry() + pause);
      co_await timer.async_wait(asio::use_awaitable);
    }
  }

  std::unique_ptr<Connection> Idle() {
    while (!idle.empty()) {
      std::unique_ptr<Connection> last = std::move(idle.back());
      idle.pop_back();
      if (IsOpen(*last)) return last;
    }
    return nullptr;
  }

  asio::awaitable<void> One(bool fresh) {
    Answered answered;
    answered.sent = WallClock();
    std::unique_ptr<Connection> connection = fresh ? nullptr : Idle();
    answered.fresh = connection == nullptr;
    if (connection == nullptr) {
      connection = std::make_unique<Connection>(Connection{beast::tcp_stream(context), {}, 0});
    }
    error_code error = co_await Exchange(*connection, answered);
    if (error && !answered.fresh && error != beast::error::timeout) {
      answered.resent = answered.fresh = true;
      connection = std::make_unique<Connection>(Connection{beast::tcp_stream(context), {}, 0});
      error = co_await Exchange(*connection, answered);
    }
    answered.ended = WallClock();
    if (error) {
      answered.error = NameOf(error);
    } else if (!fresh && ++connection->requests < kRequestsOfConnection && connection->stream.socket().is_open()) {
      idle.push_back(std::move(connection));
    }
    const std::lock_guard lock(load.mutex_);
    load.answers_.push_back(std::move(answered));
  }

  asio::awaitable<error_code> Exchange(Connection& connection, Answered& answered) {
    error_code error;
    const auto token = [&] { return asio::redirect_error(asio::use_awaitable, error); };
    connection.stream.expires_after(options.timeout);
    if (answered.fresh) {
      co_await connection.stream.async_connect(server, token());
      if (error) co_return error;
      connection.stream.socket().set_option(asio::ip::tcp::no_delay(true), error);
    }
    http::request<http::empty_body> request(http::verb::get, "/", 11);
    request.set(http::field::host, options.host);
    for (const auto& [name, value] : options.headers) request.set(name, value);
    co_await http::async_write(connection.stream, request, token());
    if (error) co_return error;
    http::response<http::string_body> response;
    co_await http::async_read(connection.stream, connection.buffer, response, token());
    if (error) co_return error;
    connection.stream.expires_never();
    answered.status = static_cast<int>(response.result_int());
    answered.version = std::string(response["X-Version"]);
    if (!response.keep_alive()) connection.stream.close();
    co_return error;
  }
};

Load::Load(LoadOptions options) : sender_(new Sender{*this, std::move(options)}) {
  thread_ = std::thread([this] { sender_->Run(); });
}

Load::~Load() { Stop(); }

void Load::Stop() {
  sender_->stopping = true;
  if (thread_.joinable()) thread_.join();
}

std::vector<Answered> Load::answers() const {
  const std::lock_guard lock(mutex_);
  return answers_;
}

std::vector<Answered> Load::Between(TimePoint from, TimePoint to, bool fresh_only) const {
  std::vector<Answered> found;
  const std::lock_guard lock(mutex_);
  std::copy_if(answers_.begin(), answers_.end(), std::back_inserter(found),
               [&](const Answered& one) { return one.sent >= from && one.ended <= to && (one.fresh || !fresh_only); });
  return found;
}

Counts Count(const std::vector<Answered>& answers) {
  Counts counts;
  for (const Answered& one : answers) {
    ++counts.requests;
    counts.slowest = std::max(counts.slowest, one.ended - one.sent);
    if (one.resent) ++counts.resent;
    if (one.lost()) {
      ++counts.lost;
      // Each by itself: when it was sent is where to look.
      ++counts.kinds[fmt::format("{} at {}", one.status == 0 ? one.error : fmt::format("{} of nobody", one.status),
                                 FormatTime(one.sent).substr(11, 12))];
      continue;
    }
    if (one.status >= 500) ++counts.failed;
    ++counts.versions[one.version];
    ++counts.kinds[fmt::format("{} of {}", one.status, one.version)];
  }
  return counts;
}

std::string ToString(const Counts& counts) {
  std::string kinds;
  for (const auto& [kind, count] : counts.kinds) {
    kinds += fmt::format("{}{}: {}", kinds.empty() ? "" : ", ", kind, count);
  }
  return fmt::format("{} requests, {} lost, {} sent again ({}), slowest {}", counts.requests, counts.lost,
                     counts.resent, kinds, FormatDuration(counts.slowest));
}

std::pair<int, int> Bounds(int requests, double share) {
  if (share <= 0) return {0, 0};
  if (share >= 1) return {requests, requests};
  const auto chance = [&](int count) {
    return std::exp(std::lgamma(requests + 1) - std::lgamma(count + 1) - std::lgamma(requests - count + 1) +
                    count * std::log(share) + (requests - count) * std::log(1 - share));
  };
  int low = 0, high = requests;
  for (double below = chance(low); below < kOutside / 2 && low < requests; below += chance(low)) ++low;
  for (double above = chance(high); above < kOutside / 2 && high > 0; above += chance(high)) --high;
  return {low, high};
}

}  // namespace sluice::cluster
