// A loop whose time jumps to the next timer: days in milliseconds, the same order every time.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <queue>
#include <unordered_map>
#include <utility>
#include <vector>

#include "reconciler/loop/loop.h"

namespace sluice::loop {

// Single-threaded; `Post` too may be called on its thread only.
class VirtualLoop : public Loop {
 public:
  explicit VirtualLoop(TimePoint start) : now_(start) {}

  TimePoint Now() const override { return now_; }
  void Post(std::function<void()> task) override;
  TimerId At(TimePoint time, std::function<void()> task) override;
  void Cancel(TimerId timer) override;

  // Runs everything due up to and including `end`, then stands at `end`.
  void RunUntil(TimePoint end);
  void RunFor(Duration duration) { RunUntil(now_ + duration); }
  // Runs until `done` or `end`, whichever comes first; whether it was `done`.
  bool RunUntil(const std::function<bool()>& done, TimePoint end);

 private:
  using Due = std::pair<TimePoint, std::uint64_t>;  // and the timer's number: of one time, the first set is first

  bool RunOne(TimePoint end);

  TimePoint now_;
  std::uint64_t next_ = 1;
  std::deque<std::function<void()>> posted_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;  // cancelled ones too, until their time
  std::unordered_map<std::uint64_t, std::function<void()>> timers_;
};

}  // namespace sluice::loop
