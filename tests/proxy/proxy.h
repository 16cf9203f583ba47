// A reverse proxy before an API server, with whatever a network, a load balancer and a server under load do to
// requests: real connections, real processes on both sides.
//
// The fates of requests are drawn by a seed and their number. Their order is that in which they come in, which depends
// on real time: a seed leads to like runs, not to equal ones.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/proxy/faults.h"
#include "tests/proxy/view.h"

namespace sluice::proxy {

// When a process that sends a write is killed by it.
enum class Moment {
  kBeforeItIsHandedOn,  // it never is
  kBeforeTheAnswer,     // the server has carried it out
  kAfterTheAnswer,
  kWhileItIsHeld,  // it is handed on once the next process has written
};
std::string_view NameOf(Moment moment);

class Proxy {
 public:
  using Clock = std::chrono::steady_clock;

  struct Options {
    std::string server;       // "https://127.0.0.1:6443"
    std::string authorities;  // the file of the server's
    View view;
    std::uint64_t seed = 0;
  };
  // What was asked and what became of it.
  struct Entry {
    Clock::time_point at;
    int process = 0;  // which one asked, from 1
    Asked asked;
    Fault fault = Fault::kNone;
    std::optional<Moment> killed;
    int answered = 0;  // by the server; 0: it was not asked, or did not answer
  };

  explicit Proxy(Options options);
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  // "http://127.0.0.1:PORT"
  std::string url() const;

  // Whether requests that come in from now on have a fate. Nothing until told.
  void SetTroubled(bool troubled) { troubled_ = troubled; }
  // Whether every connection is reset.
  void SetDown(bool down) { down_ = down; }
  // Another process is the one that asks.
  void Begin() { ++process_; }
  // `kill` is called, on any thread, at the write of that number from now on, those of Asked::IsAside not counted.
  void KillAt(std::size_t write, Moment moment, std::function<void()> kill);
  void KillNobody();

  std::vector<Entry> log() const;
  std::map<std::string, int> reached() const;  // fates that made a difference

 private:
  class Connection;

  void Accept();
  void Reach(std::string_view what);

  const Options options_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> ends_ = false, troubled_ = false, down_ = false;
  std::atomic<int> process_ = 0;
  mutable std::mutex mutex_;
  std::vector<Entry> log_;  // behind mutex_, as all below
  std::map<std::string, int> reached_;
  std::size_t writes_ = 0;
  std::size_t kill_at_ = 0;  // 0: nobody
  Moment moment_ = Moment::kBeforeItIsHandedOn;
  std::function<void()> kill_;
  std::vector<std::thread> connections_;
  std::thread accepting_;
};

// "PATCH /apis/apps/v1/namespaces/shop/deployments/web: answer dropped, 200".
std::string ToString(const Proxy::Entry& entry);

}  // namespace sluice::proxy
