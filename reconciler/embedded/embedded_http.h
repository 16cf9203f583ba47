// HTTP from inside the embedded cluster: its Prometheus, its Services, and beyond them the world outside.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "reconciler/embedded/random.h"
#include "reconciler/embedded/traffic.h"
#include "reconciler/http/http.h"
#include "reconciler/loop/loop.h"

namespace sluice::embedded {

// Scheme, host, port and the rest of an absolute URL.
struct Address {
  std::string scheme;
  std::string host;
  std::string port;    // "" if none is said
  std::string target;  // path and query, at least "/"
};
// kInvalid for what is no absolute http or https URL.
Result<Address> ParseAddress(const std::string& url);

// `prometheus.monitoring` answers from the embedded metrics; `NAME.NAMESPACE[.svc[.cluster.local]]` of a Service
// that the proxies know is answered by one of its pods, 200 or 500 by its image; a host of a route likewise.
// Everything else goes to `outside`.
class EmbeddedHttp : public http::Http {
 public:
  // All must outlive this.
  EmbeddedHttp(loop::Loop& loop, Traffic& traffic, http::Http& outside, std::uint64_t seed)
      : loop_(loop), traffic_(traffic), outside_(outside), random_(seed, "http") {}

  ~EmbeddedHttp() override { *alive_ = false; }

  void Send(http::HttpRequest request, std::function<void(Result<http::HttpResponse>)> reply) override;

  // The metrics store is down (kUnavailable), silent until its caller's timeout, or knows nothing of anything.
  enum class Trouble { kNone, kDown, kSlow, kEmpty };
  void SetPrometheus(Trouble trouble) { trouble_ = trouble; }

  // Whatever host is asked by Prometheus' HTTP API is this cluster's Prometheus: a simulated plan names its own.
  void AnswerEveryPrometheus() { every_prometheus_ = true; }

  // Asked before anybody else, with each request: what it gives is the answer.
  using First = std::function<std::optional<Result<http::HttpResponse>>(const http::HttpRequest& request)>;
  void AskFirst(First first) { first_ = std::move(first); }

 private:
  void AnswerQuery(const http::HttpRequest& request, const Address& address,
                   const std::function<void(Result<http::HttpResponse>)>& reply);

  loop::Loop& loop_;
  Traffic& traffic_;
  http::Http& outside_;
  Random random_;
  Trouble trouble_ = Trouble::kNone;
  bool every_prometheus_ = false;
  First first_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// Where nothing may go out: every request is kUnavailable.
class NoHttp : public http::Http {
 public:
  explicit NoHttp(loop::Loop& loop) : loop_(loop) {}
  void Send(http::HttpRequest request, std::function<void(Result<http::HttpResponse>)> reply) override;

 private:
  loop::Loop& loop_;
};

}  // namespace sluice::embedded
