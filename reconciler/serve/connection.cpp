#include "reconciler/serve/connection.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include <fmt/format.h>

#include "reconciler/cluster/json.h"

namespace sluice::serve {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

namespace {

constexpr std::size_t kMaxHeaderBytes = 64 * 1024;
constexpr std::size_t kMostPiecesAtOnce = 64;
constexpr std::chrono::seconds kLinger{2};

// The longest prefix of `path` that somebody handles.
const Handler* FindHandler(const std::map<std::string, Handler>& handlers, const std::string& path) {
  const Handler* found = nullptr;
  std::size_t longest = 0;
  for (const auto& [prefix, handler] : handlers) {
    if (path.starts_with(prefix) && prefix.size() >= longest) {
      found = &handler;
      longest = prefix.size();
    }
  }
  return found;
}

void ReadQuery(std::string_view text, std::map<std::string, std::string>& query) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view one = text.substr(0, end);
    const std::size_t equals = std::min(one.find('='), one.size());
    if (!one.empty()) {
      query.emplace(Decoded(one.substr(0, equals), true), Decoded(one.substr(std::min(equals + 1, one.size())), true));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

Request Convert(http::request<http::string_body>&& from) {
  Request request;
  request.method = std::string(from.method_string());
  const std::string target(from.target());
  const std::size_t question = std::min(target.find('?'), target.size());
  request.path = Decoded(std::string_view(target).substr(0, question), false);
  ReadQuery(std::string_view(target).substr(std::min(question + 1, target.size())), request.query);
  for (const auto& field : from) {
    std::string name(field.name_string());
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const auto [at, fresh] = request.headers.emplace(std::move(name), std::string(field.value()));
    if (!fresh) at->second += ", " + std::string(field.value());
  }
  request.body = std::move(from.body());
  return request;
}

}  // namespace

// The loop's end of a stream. The connection may be gone before it, and it before the connection.
class ConnectionStream : public Stream, public std::enable_shared_from_this<ConnectionStream> {
 public:
  ConnectionStream(std::weak_ptr<Connection> connection, Context& context)
      : connection_(std::move(connection)),
        loop_(context.loop),
        gate_(context.gate),
        most_(context.limits.stream_bytes) {}

  bool room() const override { return queued_.load() < most_; }
  bool closed() const override { return closed_; }

  void Write(Piece piece) override {
    if (closed_ || ended_) return;
    if (queued_.fetch_add(piece->size()) + piece->size() >= most_) wants_room_.store(true);
    gate_->Post([connection = connection_, piece = std::move(piece)]() mutable {
      if (auto alive = connection.lock()) alive->Push(std::move(piece));
    });
  }
  void End() override {
    if (std::exchange(ended_, true)) return;
    gate_->Post([connection = connection_] {
      if (auto alive = connection.lock()) alive->FinishStream();
    });
  }
  void Abort() override {
    ended_ = closed_ = true;
    gate_->Post([connection = connection_] {
      if (auto alive = connection.lock()) alive->Cut();
    });
  }

  // From the server's thread.
  void Sent(std::size_t bytes) {
    const bool room = queued_.fetch_sub(bytes) - bytes < most_ / 2;
    if (!room || !wants_room_.exchange(false)) return;
    loop_.Post([self = shared_from_this()] {
      const auto call = self->on_room;  // it may put another in its place
      if (!self->closed_ && !self->ended_ && call) call();
    });
  }
  void Gone() {
    loop_.Post([self = shared_from_this()] {
      if (std::exchange(self->closed_, true) || self->ended_) return;
      const auto call = self->on_closed;
      if (call) call();
    });
  }

 private:
  const std::weak_ptr<Connection> connection_;
  loop::Loop& loop_;
  const std::shared_ptr<Gate> gate_;
  const std::size_t most_;
  std::atomic<std::size_t> queued_{0};
  std::atomic<bool> wants_room_{false};
  bool ended_ = false, closed_ = false;  // the loop's
};

Connection::Connection(asio::ip::tcp::socket socket, Context& context)
    : context_(context), socket_(std::move(socket)), answer_timer_(socket_.get_executor()) {
  ++context_.connections;
}

Connection::~Connection() {
  --context_.connections;
  if (stream_ != nullptr) stream_->Gone();
}

void Connection::Read() {
  if (ending_) return Cut();
  parser_.emplace();
  parser_->header_limit(kMaxHeaderBytes);
  parser_->body_limit(context_.limits.body_bytes);
  // The first request has less time than the next ones: nobody opens a connection for nothing.
  socket_.expires_after(number_ == 0 ? context_.limits.request : context_.limits.idle);
  http::async_read_header(socket_, buffer_, *parser_,
                          [self = shared_from_this()](beast::error_code error, std::size_t) { self->OnHeader(error); });
}

void Connection::OnHeader(beast::error_code error) {
  if (error) return OnRequest(error);
  if (beast::iequals(parser_->get()[http::field::expect], "100-continue")) {
    const auto go_on = std::make_shared<http::response<http::empty_body>>(http::status::continue_, 11);
    http::async_write(socket_, *go_on, [self = shared_from_this(), go_on](beast::error_code failed, std::size_t) {
      if (failed) return self->Cut();
      self->parser_->get().erase(http::field::expect);
      self->OnHeader({});
    });
    return;
  }
  socket_.expires_after(context_.limits.request);
  http::async_read(socket_, buffer_, *parser_,
                   [self = shared_from_this()](beast::error_code failed, std::size_t) { self->OnRequest(failed); });
}

void Connection::OnRequest(beast::error_code error) {
  ++number_;
  if (error == http::error::body_limit) {
    keep_alive_ = false;
    return Refuse(413, "RequestEntityTooLarge",
                  fmt::format("Request entity too large: limit is {}", context_.limits.body_bytes));
  }
  if (error == http::error::end_of_stream || error == beast::error::timeout || error == asio::error::eof ||
      error == http::error::partial_message || (error && error.category() == asio::error::get_system_category())) {
    return Cut();
  }
  if (error) {
    keep_alive_ = false;
    return Refuse(400, "BadRequest", "no HTTP request: " + error.message());
  }
  keep_alive_ = parser_->get().keep_alive();
  head_ = parser_->get().method() == http::verb::head;
  Dispatch();
}

void Connection::Dispatch() {
  auto request = std::make_shared<Request>(Convert(parser_->release()));
  const Handler* handler = FindHandler(context_.handlers, request->path);
  if (handler == nullptr) return Refuse(404, "NotFound", "the server could not find the requested resource");
  if (ending_) return Refuse(503, "ServiceUnavailable", "the server is ending");
  waiting_ = true;
  socket_.expires_never();
  answer_timer_.expires_after(context_.limits.answer);
  answer_timer_.async_wait([self = shared_from_this(), number = number_](beast::error_code error) {
    if (error || number != self->number_ || !self->waiting_) return;
    self->Refuse(504, "Timeout", "the server did not answer in time");
  });
  Answer answer = [connection = weak_from_this(), number = number_, gate = context_.gate](Response response) {
    gate->Post([connection, number, response = std::move(response)]() mutable {
      if (auto alive = connection.lock()) alive->Respond(number, std::move(response));
    });
  };
  context_.loop.Post([handler, request, answer = std::move(answer)] { (*handler)(*request, answer); });
}

void Connection::Respond(std::uint64_t number, Response response) {
  if (number != number_ || !waiting_) return;  // it was answered for already
  waiting_ = false;
  answer_timer_.cancel();
  if (response.stream != nullptr) {
    BeginStream(response);
  } else {
    Write(std::move(response), keep_alive_ && !ending_);
  }
}

void Connection::Refuse(int status, const char* reason, const std::string& message) {
  waiting_ = false;
  answer_timer_.cancel();
  const cluster::Json body = {{"kind", "Status"},    {"apiVersion", "v1"}, {"metadata", cluster::Json::object()},
                              {"status", "Failure"}, {"reason", reason},   {"message", message},
                              {"code", status}};
  Write({status, "application/json", body.dump(-1, ' ', false, cluster::Json::error_handler_t::replace) + "\n"},
        keep_alive_ && !ending_);
}

void Connection::Write(Response response, bool keep_alive) {
  auto answer = std::make_shared<http::response<http::string_body>>();
  answer->result(static_cast<unsigned>(response.status));
  answer->version(11);
  answer->set(http::field::content_type, response.type);
  answer->set(http::field::cache_control, "no-cache, private");
  answer->body() = std::move(response.body);
  answer->keep_alive(keep_alive);
  answer->prepare_payload();
  if (head_) answer->body().clear();  // the length is that of what a GET would be answered
  socket_.expires_after(context_.limits.write);
  http::async_write(socket_, *answer,
                    [self = shared_from_this(), answer, keep_alive](beast::error_code error, std::size_t) {
                      if (error) return self->Cut();
                      return keep_alive ? self->Read() : self->Linger();
                    });
}

void Connection::End() {
  ending_ = true;
  if (waiting_) {
    Refuse(503, "ServiceUnavailable", "the server is ending");
  } else if (stream_ != nullptr) {
    FinishStream();
  } else {
    socket_.cancel();
  }
}

// A connection that is closed while its caller still sends is reset, and the caller may lose the answer with it.
void Connection::Linger() {
  if (ending_) return Cut();
  beast::error_code ignored;
  socket_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  socket_.expires_after(kLinger);
  DrainReader();
}

void Connection::DrainReader() {
  socket_.async_read_some(asio::buffer(ignored_), [self = shared_from_this()](beast::error_code error, std::size_t) {
    return error || self->ending_ ? self->Cut() : self->DrainReader();
  });
}

void Connection::Cut() {
  answer_timer_.cancel();
  beast::error_code ignored;
  socket_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  socket_.close();
}

// --- an answer that goes on

void Connection::BeginStream(const Response& response) {
  stream_ = std::make_shared<ConnectionStream>(weak_from_this(), context_);
  socket_.expires_never();
  frames_.push_back(
      fmt::format("HTTP/1.1 {} OK\r\nContent-Type: {}\r\nCache-Control: no-cache, private\r\n"
                  "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
                  response.status, response.type));
  WatchReader();
  WriteQueued();
  context_.loop.Post([start = response.stream, stream = stream_] {
    if (!stream->closed()) start(stream);
  });
}

// Nothing is expected of the reader any more; this is how its end is heard of.
void Connection::WatchReader() {
  socket_.socket().async_read_some(asio::buffer(ignored_),
                                   [self = shared_from_this()](beast::error_code error, std::size_t) {
                                     if (error) return self->Cut();
                                     self->WatchReader();
                                   });
}

void Connection::Push(Piece piece) {
  if (finish_ || piece->empty()) return;
  queue_.push_back(std::move(piece));
  WriteQueued();
}

void Connection::FinishStream() {
  finish_ = true;
  WriteQueued();
}

void Connection::WriteQueued() {
  if (writing_ > 0 || (frames_.empty() && queue_.empty() && !finish_)) return;
  // Each piece is a chunk: its length, itself, and the end of its line.
  const std::size_t taken = std::min(queue_.size(), kMostPiecesAtOnce);
  const bool last = finish_ && taken == queue_.size();
  for (std::size_t i = 0; i < taken; ++i) {
    frames_.push_back(fmt::format("{}{:x}\r\n", i == 0 ? "" : "\r\n", queue_[i]->size()));
  }
  frames_.push_back(std::string(taken > 0 ? "\r\n" : "") + (last ? "0\r\n\r\n" : ""));
  std::vector<asio::const_buffer> buffers;
  std::size_t frame = 0;
  for (; frame + taken + 1 < frames_.size(); ++frame)
    buffers.emplace_back(frames_[frame].data(), frames_[frame].size());
  for (std::size_t i = 0; i < taken; ++i, ++frame) {
    buffers.emplace_back(frames_[frame].data(), frames_[frame].size());
    buffers.emplace_back(queue_[i]->data(), queue_[i]->size());
  }
  buffers.emplace_back(frames_.back().data(), frames_.back().size());
  writing_ = taken + 1;
  socket_.expires_after(context_.limits.write);
  asio::async_write(socket_, buffers, [self = shared_from_this(), taken, last](beast::error_code error, std::size_t) {
    if (error || last) return self->Cut();
    self->OnWritten(error, taken);
  });
}

void Connection::OnWritten(beast::error_code /*error*/, std::size_t taken) {
  socket_.expires_never();
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < taken; ++i) {
    bytes += queue_.front()->size();
    queue_.pop_front();
  }
  frames_.clear();
  writing_ = 0;
  if (bytes > 0) stream_->Sent(bytes);
  WriteQueued();
}

}  // namespace sluice::serve
