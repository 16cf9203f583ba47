#include "reconciler/loop/virtual_loop.h"

#include <algorithm>
#include <utility>

namespace sluice::loop {

void VirtualLoop::Post(std::function<void()> task) { posted_.push_back(std::move(task)); }

TimerId VirtualLoop::At(TimePoint time, std::function<void()> task) {
  const std::uint64_t id = next_++;
  due_.emplace(std::max(time, now_), id);
  timers_.emplace(id, std::move(task));
  return static_cast<TimerId>(id);
}

void VirtualLoop::Cancel(TimerId timer) { timers_.erase(static_cast<std::uint64_t>(timer)); }

bool VirtualLoop::RunOne(TimePoint end) {
  if (!posted_.empty()) {
    const std::function<void()> task = std::move(posted_.front());
    posted_.pop_front();
    task();
    return true;
  }
  while (!due_.empty() && due_.top().first <= end) {
    const auto [time, id] = due_.top();
    due_.pop();
    const auto timer = timers_.find(id);
    if (timer == timers_.end()) continue;  // cancelled
    now_ = time;
    const std::function<void()> task = std::move(timer->second);
    timers_.erase(timer);
    task();
    return true;
  }
  return false;
}

void VirtualLoop::RunUntil(TimePoint end) {
  while (RunOne(end)) {
  }
  now_ = std::max(now_, end);
}

bool VirtualLoop::RunUntil(const std::function<bool()>& done, TimePoint end) {
  while (!done()) {
    if (!RunOne(end)) {
      now_ = std::max(now_, end);
      return done();
    }
  }
  return true;
}

}  // namespace sluice::loop
