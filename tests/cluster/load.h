// Requests at a constant rate, each of which is accounted for.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "compiler/base/time.h"

namespace sluice::cluster {

struct LoadOptions {
  std::string address = "192.168.77.1";  // numeric
  int port = 8080;
  std::string host;  // of the header
  std::vector<std::pair<std::string, std::string>> headers;
  int per_second = 100;
  double fresh = 0.2;  // of the requests: on a connection that is opened for them
  Duration timeout{5'000};
};

// What became of one request.
struct Answered {
  TimePoint sent, ended;
  bool fresh = false;   // the first one of its connection: nothing that was chosen before decided where it went
  int status = 0;       // 0: no answer
  std::string version;  // of the pod that answered; "" if none did
  std::string error;    // why there is no answer: "refused", "reset", "closed", "timeout", or another's text
  bool resent = false;  // once, because a kept connection was closed just then: as every client does (RFC 9112, 9.3.1)
  // Neither an answer nor a pod's own error: nobody was there to answer it.
  bool lost() const { return version.empty(); }
};

struct Counts {
  int requests = 0, lost = 0, failed = 0, resent = 0;  // failed: a pod's own 5xx
  std::map<std::string, int> versions;                 // of what was not lost
  std::map<std::string, int> kinds;                    // "200 of 1", "500 of bad"; lost ones with their time
  Duration slowest{0};
};
Counts Count(const std::vector<Answered>& answers);
// "1200 requests, 0 lost (200 of 1: 1100, 200 of 2: 100), slowest 12 ms"
std::string ToString(const Counts& counts);

// Sends in a thread of its own from its construction to Stop. The rate does not depend on the answers: what is slow or
// lost delays nothing that follows.
class Load {
 public:
  explicit Load(LoadOptions options);
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  // Returns when the last request is answered or given up.
  void Stop();
  // All that ended until now. `fresh_only`: see Answered::fresh.
  std::vector<Answered> answers() const;
  // Those that were sent and ended in between.
  std::vector<Answered> Between(TimePoint from, TimePoint to, bool fresh_only = false) const;

 private:
  struct Sender;

  std::unique_ptr<Sender> sender_;
  mutable std::mutex mutex_;
  std::vector<Answered> answers_;
  std::thread thread_;
};

// The counts that a share of `share` in `requests` independent ones leads to but once in 10,000 times.
std::pair<int, int> Bounds(int requests, double share);

}  // namespace sluice::cluster
