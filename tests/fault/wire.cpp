#include "tests/fault/wire.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace sluice::execute {
namespace {

Error Silence() { return {ErrorCode::kUnavailable, "no answer in time"}; }

std::string Target(const http::HttpRequest& request) {
  const std::size_t host = request.url.find("://") + 3;
  const std::size_t path = request.url.find('/', host);
  return path == std::string::npos ? "/" : request.url.substr(path);
}

serve::Request Received(const http::HttpRequest& request) {
  serve::Request received;
  received.method = request.method;
  const std::string target = Target(request);
  const std::size_t query = target.find('?');
  received.path = serve::Decoded(target.substr(0, query), false);
  for (std::size_t at = query; at != std::string::npos;) {
    const std::size_t begin = at + 1, end = target.find('&', begin);
    const std::string pair = target.substr(begin, end == std::string::npos ? end : end - begin);
    const std::size_t equals = pair.find('=');
    received.query.emplace(serve::Decoded(pair.substr(0, equals), true),
                           equals == std::string::npos ? "" : serve::Decoded(pair.substr(equals + 1), true));
    at = end;
  }
  const auto add = [&](std::string name, const std::string& value) {
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    received.headers.emplace(std::move(name), value);
  };
  for (const auto& [name, value] : request.headers) add(name, value);
  for (const auto& [name, value] : request.secret_headers) add(name, value.Reveal());
  received.body = request.body;
  return received;
}

bool Reads(const http::HttpRequest& request) { return request.method == "GET" || request.method == "HEAD"; }

}  // namespace

std::string PathOf(const http::HttpRequest& request) {
  const std::string target = Target(request);
  return target.substr(0, target.find('?'));
}

// One that is open, and the server's end of it.
struct Wire::Open_ : serve::Stream {
  Open_(Wire& wire, http::StreamId id, Handler handler) : wire_(wire), id_(id), handler_(std::move(handler)) {}

  bool room() const override { return true; }
  bool closed() const override { return closed_; }
  void Write(serve::Piece piece) override {
    const auto self = Self();
    if (self == nullptr) return;
    wire_.loop_.Post([self, piece] {
      if (!self->closed_) self->handler_.on_part(*piece);
    });
  }
  void End() override { wire_.End(id_, http::HttpResponse{200, ""}); }
  void Abort() override { wire_.End(id_, Silence()); }

  std::shared_ptr<Open_> Self() const {
    const auto found = wire_.streams_.find(id_);
    return found == wire_.streams_.end() ? nullptr : found->second;
  }

  Wire& wire_;
  const http::StreamId id_;
  const Handler handler_;
  bool closed_ = false;
};

Wire::~Wire() { *alive_ = false; }

void Wire::HandOn(const http::HttpRequest& request, const serve::Answer& answer) {
  loop_.Post([this, alive = alive_, received = Received(request), answer] {
    if (*alive) server_.Handle(received, answer);
  });
}

void Wire::Send(http::HttpRequest request, std::function<void(Result<http::HttpResponse>)> reply) {
  log_.push_back(request.method + " " + PathOf(request));
  const std::optional<Break> broken = breaks_ ? breaks_(request) : std::nullopt;
  const auto answer = [this, alive = alive_, reply](Result<http::HttpResponse> said) {
    loop_.Post([alive, reply, said = std::move(said)]() mutable {
      if (*alive) reply(std::move(said));
    });
  };
  if (!broken) {
    return HandOn(request, [answer](serve::Response response) {
      answer(http::HttpResponse{response.status, std::move(response.body), {{"content-type", response.type}}});
    });
  }
  if (broken->performed) {
    HandOn(request, [](const serve::Response&) {});
  }
  if (broken->answer) return answer(*broken->answer);
  loop_.After(request.timeout, [answer, reads = Reads(request)] {
    answer(Error{reads ? ErrorCode::kUnavailable : ErrorCode::kAmbiguous, Silence().message});
  });
}

http::StreamId Wire::Open(http::HttpRequest request, Handler handler) {
  log_.push_back("WATCH " + PathOf(request));
  const auto id = http::StreamId{next_++};
  const auto stream = std::make_shared<Open_>(*this, id, std::move(handler));
  streams_.emplace(id, stream);
  const std::optional<Break> broken = breaks_ ? breaks_(request) : std::nullopt;
  if (broken && broken->answer) {
    loop_.Post([this, alive = alive_, id, end = *broken->answer] {
      if (*alive) End(id, end);
    });
  } else if (broken) {
    loop_.After(request.timeout, [this, alive = alive_, id] {
      if (*alive) End(id, Silence());
    });
  } else {
    HandOn(request, [this, id](serve::Response response) {
      const auto found = streams_.find(id);
      if (found == streams_.end()) return;
      const std::shared_ptr<Open_> open = found->second;
      if (response.status == 200) open->handler_.on_part("");
      if (open->closed_) return;
      if (response.stream) return response.stream(open);
      if (response.status == 200) open->handler_.on_part(response.body);
      End(id, http::HttpResponse{response.status, response.status == 200 ? "" : std::move(response.body)});
    });
  }
  return id;
}

void Wire::End(http::StreamId stream, Result<http::HttpResponse> end) {
  const auto found = streams_.find(stream);
  if (found == streams_.end()) return;
  const std::shared_ptr<Open_> open = found->second;
  // Behind the parts that are on their way.
  loop_.Post([this, alive = alive_, open, stream, end = std::move(end)]() mutable {
    if (!*alive || open->closed_) return;
    open->closed_ = true;
    streams_.erase(stream);
    if (open->on_closed) open->on_closed();
    open->handler_.on_end(std::move(end));
  });
}

void Wire::Close(http::StreamId stream) {
  const auto found = streams_.find(stream);
  if (found == streams_.end()) return;
  const std::shared_ptr<Open_> open = found->second;
  streams_.erase(found);
  open->closed_ = true;
  if (open->on_closed) open->on_closed();
}

void Wire::Cut(const std::string& bytes) {
  const auto streams = streams_;
  for (const auto& [id, open] : streams) {
    if (!bytes.empty()) open->Write(std::make_shared<const std::string>(bytes));
    End(id, Silence());
  }
}

}  // namespace sluice::execute
