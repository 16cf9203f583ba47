// Requests to one API server: who asks, how many at once, and what is sent again by itself.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <random>
#include <string>

#include "reconciler/http/http.h"
#include "reconciler/kubernetes/access.h"
#include "reconciler/kubernetes/answer.h"
#include "reconciler/loop/loop.h"

namespace sluice::kubernetes {

struct ApiRequest {
  std::string method = "GET";
  std::string path;          // with its query, encoded: "/api/v1/pods?limit=500"
  std::string content_type;  // of `body`
  std::string body;

  bool writes() const { return method != "GET"; }
};

// How many requests may be under way: falls to half when the server asks for less, at most once a second, and rises
// by one for as many answers as it is (additive increase, multiplicative decrease), up to where it began.
class InFlightLimit {
 public:
  explicit InFlightLimit(double most) : most_(most), limit_(most) {}
  bool HasRoom() const { return static_cast<double>(under_way_) < limit_; }
  void Begin() { ++under_way_; }
  void End(bool overloaded, TimePoint now);
  double limit() const { return limit_; }

 private:
  double most_, limit_;
  int under_way_ = 0;
  TimePoint fell_at_{};
};

struct ClientOptions {
  std::string user_agent = "sluice";                  // "sluice/0.1.0 (linux/amd64)"
  std::uint64_t seed = 1;                             // of the chance in pauses
  Duration deadline{30'000}, write_deadline{30'000};  // of a request
  bool ahead = false;                                 // of all others that wait for connections
};

// Answers come on the loop, exactly once, never from within Send. A request that the server asks to send again
// (429) is sent again, at most ten times; one whose credentials were refused once, if they may have been renewed.
class Client {
 public:
  Client(http::StreamingHttp& http, loop::Loop& loop, Access& access, ClientOptions options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void Send(ApiRequest request, std::function<void(Answer)> reply);

  // A stream on a connection of its own; see http::StreamingHttp::Open. kInvalid in `on_end` if there is no pass.
  http::StreamId Open(const std::string& path, Duration silence, http::StreamingHttp::Handler handler);
  void Close(http::StreamId stream) { http_.Close(stream); }
  // A stream that was opened at that time was answered by 401.
  void Refused(TimePoint asked_at) { access_.Refused(asked_at); }

  loop::Loop& loop() { return loop_; }
  // Up to `most`, evenly.
  Duration Within(Duration most);

 private:
  struct Job {
    ApiRequest request;
    std::function<void(Answer)> reply;
    int asked_again = 0;
    bool refused = false;
  };

  void Start();
  void Perform(const std::shared_ptr<Job>& job);
  void Answered(const std::shared_ptr<Job>& job, TimePoint asked_at, const Result<http::HttpResponse>& response);
  Result<http::HttpRequest> Dress(http::HttpRequest request);

  http::StreamingHttp& http_;
  loop::Loop& loop_;
  Access& access_;
  const ClientOptions options_;
  std::mt19937_64 random_;
  InFlightLimit writes_{32}, reads_{16};
  std::deque<std::shared_ptr<Job>> waiting_writes_, waiting_reads_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace sluice::kubernetes
