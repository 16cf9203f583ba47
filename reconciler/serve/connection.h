// One connection of the server: requests are read, handed on, answered, one after the other. Private to this folder.
#pragma once

#include <atomic>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>  // which Asio 1.74 needs in C++20 and doesn't include

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "reconciler/serve/server.h"

namespace sluice::serve {

// The way to the server's thread for those who may outlive it.
class Gate {
 public:
  explicit Gate(boost::asio::io_context& io) : io_(&io) {}

  // Runs `task` on the server's thread; drops it if that has ended.
  template <typename Task>
  void Post(Task task) {
    const std::lock_guard lock(mutex_);
    if (io_ != nullptr) boost::asio::post(*io_, std::move(task));
  }
  void Close() {
    const std::lock_guard lock(mutex_);
    io_ = nullptr;
  }

 private:
  std::mutex mutex_;
  boost::asio::io_context* io_;
};

class ConnectionStream;

// What connections share; outlives them.
struct Context {
  loop::Loop& loop;
  const ServerLimits limits;
  const std::map<std::string, Handler>& handlers;
  std::shared_ptr<Gate> gate;
  std::size_t connections = 0;
};

// All on the server's thread.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(boost::asio::ip::tcp::socket socket, Context& context);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void Read();
  // The handler's answer to request number `number`.
  void Respond(std::uint64_t number, Response response);
  // The server ends: who waits is told so.
  void End();

  // For the stream of this connection.
  void Push(Piece piece);
  void FinishStream();
  void Cut();

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  void OnHeader(boost::beast::error_code error);
  void OnRequest(boost::beast::error_code error);
  void Dispatch();
  void Refuse(int status, const char* reason, const std::string& message);
  void Write(Response response, bool keep_alive);
  void Linger();
  void DrainReader();
  void BeginStream(const Response& response);
  void WatchReader();
  void WriteQueued();
  void OnWritten(boost::beast::error_code error, std::size_t taken);

  Context& context_;
  boost::beast::tcp_stream socket_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  boost::asio::steady_timer answer_timer_;
  std::uint64_t number_ = 0;  // of the request that is being answered
  bool waiting_ = false;      // for the handler's answer
  bool keep_alive_ = false;
  bool head_ = false;  // of that request: no body is answered
  bool ending_ = false;

  std::shared_ptr<ConnectionStream> stream_;
  std::deque<Piece> queue_;
  std::size_t writing_ = 0;  // pieces of the queue that are on their way
  std::deque<std::string> frames_;
  bool finish_ = false;
  std::array<char, 4096> ignored_{};
};

}  // namespace sluice::serve
