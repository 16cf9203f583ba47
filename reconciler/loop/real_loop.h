// The loop of a running process: real time, tasks from other threads, and a hook for libcurl's sockets.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>

#include "reconciler/loop/loop.h"

namespace sluice::loop {

// Something that waits for file descriptors in the loop's stead (libcurl's multi interface).
class Waiter {
 public:
  virtual ~Waiter() = default;
  // Blocks at most `timeout`, or until there is work or Wake is called; then does the work there is.
  virtual void Wait(Duration timeout) = 0;
  // From any thread: makes a Wait that runs, or the next one, return at once.
  virtual void Wake() = 0;
};

class RealLoop : public Loop {
 public:
  RealLoop();

  TimePoint Now() const override;
  void Post(std::function<void()> task) override;
  TimerId At(TimePoint time, std::function<void()> task) override;
  void Cancel(TimerId timer) override;

  // At most one; must outlive Run.
  void SetWaiter(Waiter* waiter) { waiter_ = waiter; }
  // Runs until Stop; may then be called again.
  void Run();
  // From any thread or a task; not from a signal handler (see StopFromSignal).
  void Stop();
  // Async-signal-safe: Run returns within a second at the latest.
  void StopFromSignal() { stop_.store(true); }

 private:
  bool Drain();
  Duration UntilNextTimer() const;

  TimePoint start_;
  std::int64_t boot_start_ms_ = 0;
  std::atomic<bool> stop_{false};
  Waiter* waiter_ = nullptr;
  std::uint64_t next_ = 1;
  std::map<std::pair<TimePoint, std::uint64_t>, std::function<void()>> timers_;
  std::map<std::uint64_t, TimePoint> due_;

  std::mutex mutex_;  // guards posted_
  std::condition_variable wake_;
  std::deque<std::function<void()>> posted_;
};

}  // namespace sluice::loop
