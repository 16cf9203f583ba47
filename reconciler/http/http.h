// The port to HTTP, for measurements, webhooks and notifications, and for the API server.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compiler/base/result.h"
#include "compiler/base/time.h"

namespace sluice::http {

inline constexpr std::size_t kMaxAnswerBytes = 1024 * 1024;

// Text that must not be printed: tokens, passwords. Streams, formatters and JSON refuse it by type.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  const std::string& Reveal() const { return text_; }
  bool empty() const { return text_.empty(); }

 private:
  std::string text_;
};

// Whom a connection trusts and as whom it appears; PEM texts.
struct Tls {
  std::string authorities;  // "": the system's
  std::string certificate;  // ours; "": none
  Secret key;               // of `certificate`
  std::string server_name;  // that the server's certificate must be for; "": the URL's host
  bool insecure = false;    // whoever answers is believed
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;  // with its query, encoded
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<std::pair<std::string, Secret>> secret_headers;
  std::string body;
  Duration timeout{10'000};
  std::size_t max_answer_bytes = kMaxAnswerBytes;
  std::shared_ptr<const Tls> tls;  // nullptr: the system's authorities, nobody in particular
  std::string proxy;               // "http://…", "socks5://…"; "": the environment's
  // What changes something is sent on a connection of its own: on one that was kept it may be sent twice.
  bool fresh = true;
  // Never waits for others to give their connections back.
  bool ahead = false;
};
struct HttpResponse {
  int status = 0;
  std::string body;                                               // at most max_answer_bytes; a longer one is kTooLarge
  std::vector<std::pair<std::string, std::string>> headers = {};  // names in lower case
};

// The first header of that name, in lower case; "" if there is none.
std::string_view HeaderOf(const HttpResponse& response, std::string_view name);

// Answers on the loop's thread, exactly once, never from within Send. Redirects are not followed. kUnavailable: the
// request, or one that changes nothing, was not answered; kAmbiguous: one that may change something (not GET or
// HEAD) was begun to be sent and its answer is lost.
class Http {
 public:
  virtual ~Http() = default;
  virtual void Send(HttpRequest request, std::function<void(Result<HttpResponse>)> reply) = 0;
};

enum class StreamId : std::uint64_t { kNone = 0 };

// Answers that come in parts for as long as the server wants.
class StreamingHttp : public Http {
 public:
  struct Handler {
    // Of an answer of 200, as it comes; the first is empty and says that there is one.
    std::function<void(std::string_view part)> on_part;
    std::function<void(Result<HttpResponse> end)> on_end;  // once; the body of a 200 is in its parts
  };
  // `request.timeout` is how long the server may be silent. Nothing is called from within Open.
  virtual StreamId Open(HttpRequest request, Handler handler) = 0;
  // Nothing is called of it any more, not even if what calls this is of its own handler.
  virtual void Close(StreamId stream) = 0;
};

}  // namespace sluice::http
