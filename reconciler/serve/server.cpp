#include "reconciler/serve/server.h"

#include <chrono>
#include <future>
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

}  // namespace

struct Server::Parts {
  explicit Parts(loop::Loop& the_loop) : loop(the_loop) {}

  void Dispatch(const httplib::Request& from, httplib::Response& to) const {
    const Handler* handler = Find(from.path);
    Response response{404, "text/plain", "nothing is here\n"};
    if (handler != nullptr) {
      // The loop may run the task after this thread has given up: both share the promise.
      auto promise = std::make_shared<std::promise<Response>>();
      std::future<Response> answer = promise->get_future();
      loop.Post([handler, promise, request = Convert(from)] {
        (*handler)(request, [promise](Response ready) { promise->set_value(std::move(ready)); });
      });
      response = answer.wait_for(kAnswerTimeout) == std::future_status::ready
                     ? answer.get()
                     : Response{504, "text/plain", "the reconciler did not answer in time\n"};
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
    parts_->server.stop();
    parts_->thread.join();
  }
}

}  // namespace sluice::serve
