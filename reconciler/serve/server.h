// The reconciler's one HTTP port.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "compiler/base/result.h"
#include "reconciler/loop/loop.h"

namespace sluice::serve {

struct Request {
  std::string method;
  std::string path;
  std::map<std::string, std::string> query;
  std::string body;
};
struct Response {
  int status = 200;
  std::string type = "application/json";
  std::string body;
};
using Answer = std::function<void(Response)>;
// Called on the loop's thread; answers exactly once, now or later.
using Handler = std::function<void(const Request&, Answer)>;

// Takes requests on threads of its own and hands each to the loop. A handler that doesn't answer within 30 s
// is answered for with 504, one that waits when Stop is called with 503.
class Server {
 public:
  explicit Server(loop::Loop& loop);
  ~Server();

  // Before Start. The longest prefix of a path decides; "/" takes what no other does.
  void Handle(std::string prefix, Handler handler);
  // Listens on `host`:`port` (0: any free one) and gives the port. kUnavailable if it can't.
  Result<int> Start(const std::string& host, int port);
  void Stop();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace sluice::serve
