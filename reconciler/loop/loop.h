// The one event loop and the one clock. Everything of the reconciler runs on its thread.
#pragma once

#include <cstdint>
#include <functional>

#include "compiler/base/time.h"

namespace sluice::loop {

enum class TimerId : std::uint64_t { kNone = 0 };

// `Post` may be called from any thread; everything else only on the loop's.
class Loop {
 public:
  virtual ~Loop() = default;

  // Never goes back; milliseconds. Real: the wall clock at the start plus boot-time clock elapsed.
  virtual TimePoint Now() const = 0;
  // Runs `task` in a later turn, in the order of posting.
  virtual void Post(std::function<void()> task) = 0;
  // Runs `task` at `time` or as soon after as possible; timers of one instant in the order of setting.
  virtual TimerId At(TimePoint time, std::function<void()> task) = 0;
  TimerId After(Duration delay, std::function<void()> task) { return At(Now() + delay, std::move(task)); }
  virtual void Cancel(TimerId timer) = 0;
};

}  // namespace sluice::loop
