// The port to HTTP, for measurements, webhooks and notifications.
#pragma once

#include <functional>
#include <string>
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

struct HttpRequest {
  std::string method = "GET";
  std::string url;  // with its query, encoded
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<std::pair<std::string, Secret>> secret_headers;
  std::string body;
  Duration timeout{10'000};
  std::size_t max_answer_bytes = kMaxAnswerBytes;
};
struct HttpResponse {
  int status = 0;
  std::string body;  // at most max_answer_bytes; a longer one is kTooLarge
};

// Answers on the loop's thread, exactly once, never from within Send. Redirects are not followed.
class Http {
 public:
  virtual ~Http() = default;
  virtual void Send(HttpRequest request, std::function<void(Result<HttpResponse>)> reply) = 0;
};

}  // namespace sluice::http
