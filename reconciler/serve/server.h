// The reconciler's one HTTP port.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "compiler/base/result.h"
#include "reconciler/loop/loop.h"

namespace sluice::serve {

struct Request {
  std::string method;
  std::string path;                            // decoded
  std::map<std::string, std::string> query;    // decoded; the first of each name
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

// A piece of an answer: many streams may hold the same.
using Piece = std::shared_ptr<const std::string>;

// An answer that goes on, in chunks. All on the loop's thread.
class Stream {
 public:
  virtual ~Stream() = default;
  // Whether the reader keeps up. One that doesn't is told of by `on_room`; what is written nevertheless is held in
  // memory until it reads.
  virtual bool room() const = 0;
  // Nothing is sent any more, whatever is written.
  virtual bool closed() const = 0;
  virtual void Write(Piece piece) = 0;
  // What was written still goes out; then the answer is complete.
  virtual void End() = 0;
  // Gives up: the connection is cut, so that the reader can't take what it has for the whole.
  virtual void Abort() = 0;

  // There is room again.
  std::function<void()> on_room;
  // Once: the reader has gone, or the server ends. Not after End or Abort.
  std::function<void()> on_closed;
};

struct Response {
  int status = 200;
  std::string type = "application/json";
  std::string body = {};
  // Instead of a body: is given the stream once, on the loop's thread.
  std::function<void(std::shared_ptr<Stream>)> stream = {};
};
using Answer = std::function<void(Response)>;
// Called on the loop's thread; answers exactly once, now or later.
using Handler = std::function<void(const Request&, Answer)>;

// The limits that protect the process from its callers.
struct ServerLimits {
  std::size_t connections = 20'000;
  std::size_t body_bytes = 3 * 1024 * 1024;  // as the Kubernetes API server's
  std::size_t stream_bytes = 256 * 1024;     // written to one stream and not yet read: beyond it there is no room
  Duration request{30'000};                  // from a request's first byte to its last
  Duration idle{120'000};                    // between two requests of a connection
  Duration answer{30'000};                   // of a handler
  Duration write{60'000};                    // in which a reader must take something
};

// Takes requests on one thread of its own, whatever the number of connections, and hands each to the loop. A handler
// that doesn't answer in time is answered for with 504, one that waits when Stop is called with 503. What the server
// itself refuses is answered with a Kubernetes `Status` object.
class Server {
 public:
  explicit Server(loop::Loop& loop, ServerLimits limits = {});
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

// Whether `host`, an address or a name, means this machine alone: every address it resolves to is a loopback one.
bool MeansLoopback(const std::string& host);

// A piece of a path or query with its %XX (and in a query "+") decoded.
std::string Decoded(std::string_view text, bool query);

}  // namespace sluice::serve
