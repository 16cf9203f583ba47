// The reconciler's Kubernetes client and the embedded cluster's REST API with no network between them: what goes over
// the wire can be broken, in virtual time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reconciler/apiserver/api_server.h"
#include "reconciler/http/http.h"
#include "reconciler/loop/loop.h"

namespace sluice::execute {

class Wire : public http::StreamingHttp {
 public:
  // What becomes of a request.
  struct Break {
    // Instead of the answer; none: nobody ever answers.
    std::optional<Result<http::HttpResponse>> answer;
    bool performed = false;  // before that
  };
  // nullopt: the request is handed on.
  using Breaks = std::function<std::optional<Break>(const http::HttpRequest& request)>;

  Wire(loop::Loop& loop, apiserver::ApiServer& server) : loop_(loop), server_(server) {}
  ~Wire() override;

  void Send(http::HttpRequest request, std::function<void(Result<http::HttpResponse>)> reply) override;
  http::StreamId Open(http::HttpRequest request, Handler handler) override;
  void Close(http::StreamId stream) override;

  // Of requests and streams that begin from now on; null: all is well.
  void Set(Breaks breaks) { breaks_ = std::move(breaks); }
  // Ends all streams, after these bytes.
  void Cut(const std::string& bytes = "");

  // "PATCH /apis/apps/v1/namespaces/shop/deployments/web", of all requests and streams, in their order.
  const std::vector<std::string>& log() const { return log_; }

 private:
  struct Open_;

  void HandOn(const http::HttpRequest& request, const serve::Answer& answer);
  void End(http::StreamId stream, Result<http::HttpResponse> end);

  loop::Loop& loop_;
  apiserver::ApiServer& server_;
  Breaks breaks_;
  std::vector<std::string> log_;
  std::map<http::StreamId, std::shared_ptr<Open_>> streams_;
  std::uint64_t next_ = 1;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// "/apis/apps/v1/namespaces/shop/deployments/web" of a request, without its query.
std::string PathOf(const http::HttpRequest& request);

}  // namespace sluice::execute
