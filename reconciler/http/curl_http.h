// HTTP over libcurl's multi interface, driven by the loop.
#pragma once

#include <memory>

#include "reconciler/http/http.h"
#include "reconciler/loop/real_loop.h"

namespace sluice::http {

// Give it to RealLoop::SetWaiter. http and https only, no redirects, no proxy but the request's and the
// environment's, at most 64 requests at once beside streams; the rest wait their turn.
// A peer that vanished without a word is noticed within 20 s. Messages of errors never show an address or a header.
class CurlHttp : public StreamingHttp, public loop::Waiter {
 public:
  explicit CurlHttp(loop::Loop& loop);
  ~CurlHttp() override;

  void Send(HttpRequest request, std::function<void(Result<HttpResponse>)> reply) override;
  StreamId Open(HttpRequest request, Handler handler) override;
  void Close(StreamId stream) override;

  void Wait(Duration timeout) override;
  void Wake() override;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace sluice::http
