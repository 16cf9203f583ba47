// An API server that answers what a test says, when it says so, in virtual time.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "reconciler/cluster/json.h"
#include "reconciler/http/http.h"
#include "reconciler/loop/virtual_loop.h"

namespace sluice::kubernetes {

class Server : public http::StreamingHttp {
 public:
  struct Asked {
    http::HttpRequest request;
    std::function<void(Result<http::HttpResponse>)> reply;
  };
  struct Stream {
    http::HttpRequest request;
    Handler handler;
    http::StreamId id;
  };

  explicit Server(loop::VirtualLoop& loop) : loop_(loop) {}

  void Send(http::HttpRequest request, std::function<void(Result<http::HttpResponse>)> reply) override;
  http::StreamId Open(http::HttpRequest request, Handler handler) override;
  void Close(http::StreamId stream) override;

  // Lets what is due now happen, then takes the oldest request that has no answer; its path and query.
  std::string Next();
  bool Idle();
  // Answers the request that Next took.
  void Answer(int status, const cluster::Json& body, std::vector<std::pair<std::string, std::string>> headers = {});
  void Fail(Error error);
  // Answers the discovery of core/v1 with configmaps.
  void AnswerDiscovery();

  // The path and query of the open stream, without its timeoutSeconds; "" if none is open.
  std::string Watching();
  std::size_t open() const { return streams_.size(); }
  void Push(const cluster::Json& event);
  void PushText(std::string_view text);
  void End(Result<http::HttpResponse> end = http::HttpResponse{200, ""});

  const http::HttpRequest& taken() const { return taken_.request; }
  std::size_t asked = 0, opened = 0;

 private:
  void Settle() { loop_.RunFor(Duration(0)); }

  loop::VirtualLoop& loop_;
  std::deque<Asked> waiting_;
  Asked taken_;
  std::vector<Stream> streams_;
};

cluster::Json StatusJson(int code, const std::string& reason);

}  // namespace sluice::kubernetes
