// HTTP over libcurl's multi interface, driven by the loop.
#pragma once

#include <memory>

#include "reconciler/http/http.h"
#include "reconciler/loop/real_loop.h"

namespace sluice::http {

// Give it to RealLoop::SetWaiter. http and https only, no redirects, no proxy but the environment's, at most
// 64 requests at once; the rest wait their turn. Messages of errors never show an address or a header.
class CurlHttp : public Http, public loop::Waiter {
 public:
  explicit CurlHttp(loop::Loop& loop);
  ~CurlHttp() override;

  void Send(HttpRequest request, std::function<void(Result<HttpResponse>)> reply) override;

  void Wait(Duration timeout) override;
  void Wake() override;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace sluice::http
