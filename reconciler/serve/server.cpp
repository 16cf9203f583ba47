#include "reconciler/serve/server.h"

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <httplib.h>

namespace sluice::serve {
namespace {

constexpr std::chrono::seconds kAnswerTimeout{30};
constexpr std::size_t kMaxRequestBytes = 4 * 1024 * 1024;

Request Convert(const httplib::Request& from) {
  Request request{from.method, from.path, {}, from.body};
  for (const auto& [name, value] : from.params) {
    request.query.emplace(name, value);
  }
  return request;
}

// Where the server's threads wait for what the loop answers. The loop may answer after its thread has given up, or
// after the server is gone: whoever comes last takes it down.
class Counter {
 public:
  using Place = std::shared_ptr<std::optional<Response>>;

  void Answer(const Place& place, Response response) {
    const std::lock_guard lock(mutex_);
    *place = std::move(response);
    changed_.notify_all();
  }
  Response Wait(const Place& place) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kAnswerTimeout, [&] { return place->has_value() || closed_; });
    if (*place) return **place;
    return closed_ ? Response{503, "text/plain", "the reconciler is ending\n"}
                   : Response{504, "text/plain", "the reconciler did not answer in time\n"};
  }
  // Nobody waits from now on: the loop may have ended.
  void Close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool closed_ = false;
};

}  // namespace

struct Server::Parts {
  explicit Parts(loop::Loop& the_loop) : loop(the_loop) {}

  void Dispatch(const httplib::Request& from, httplib::Response& to) const {
    const Handler* handler = Find(from.path);
    Response response{404, "text/plain", "nothing is here\n"};
    if (handler != nullptr) {
      const auto place = std::make_shared<std::optional<Response>>();
      loop.Post([handler, place, counter = counter, request = Convert(from)] {
        (*handler)(request, [place, counter](Response ready) { counter->Answer(place, std::move(ready)); });
      });
      response = counter->Wait(place);
    }
    to.status = response.status;
    to.set_content(response.body, response.type);
  }

  const Handler* Find(const std::string& path) const {
    const Handler* found = nullptr;
    std::size_t longest = 0;
    for (const auto& [prefix, handler] : handlers) {
      if (path.starts_with(prefix) && prefix.size() >= longest) {
        found = &handler;
        longest = prefix.size();
      }
    }
    return found;
  }

  loop::Loop& loop;
  std::shared_ptr<Counter> counter = std::make_shared<Counter>();
  std::map<std::string, Handler> handlers;  // constant once the server has started
  httplib::Server server;
  std::thread thread;
};

Server::Server(loop::Loop& loop) : parts_(std::make_unique<Parts>(loop)) {}

Server::~Server() { Stop(); }

void Server::Handle(std::string prefix, Handler handler) {
  parts_->handlers.emplace(std::move(prefix), std::move(handler));
}

Result<int> Server::Start(const std::string& host, int port) {
  httplib::Server& server = parts_->server;
  server.set_payload_max_length(kMaxRequestBytes);
  server.new_task_queue = [] { return new httplib::ThreadPool(4); };
  const auto dispatch = [this](const httplib::Request& from, httplib::Response& to) { parts_->Dispatch(from, to); };
  server.Get(".*", dispatch);
  server.Post(".*", dispatch);
  server.Put(".*", dispatch);
  server.Patch(".*", dispatch);
  server.Delete(".*", dispatch);
  if (port == 0) {
    port = server.bind_to_any_port(host);
  } else if (!server.bind_to_port(host, port)) {
    port = -1;
  }
  if (port <= 0) {
    return Error{ErrorCode::kUnavailable, "cannot listen on " + host + "; is the port in use?"};
  }
  parts_->thread = std::thread([this] { parts_->server.listen_after_bind(); });
  return port;
}

void Server::Stop() {
  if (parts_->thread.joinable()) {
    parts_->counter->Close();
    parts_->server.stop();
    parts_->thread.join();
  }
}

}  // namespace sluice::serve
