#include "reconciler/loop/virtual_loop.h"

#include <algorithm>
#include <utility>

namespace sluice::loop {

void VirtualLoop::Post(std::function<void()> task) { posted_.push_back(std::move(task)); }

TimerId VirtualLoop::At(TimePoint time, std::function<void()> task) {
  const std::uint64_t id = next_++;
  const TimePoint due = std::max(time, now_);
  timers_.emplace(std::make_pair(due, id), std::move(task));
  due_.emplace(id, due);
  return static_cast<TimerId>(id);
}

void VirtualLoop::Cancel(TimerId timer) {
  const auto due = due_.find(static_cast<std::uint64_t>(timer));
  if (due != due_.end()) {
    timers_.erase({due->second, due->first});
    due_.erase(due);
  }
}

bool VirtualLoop::RunOne(TimePoint end) {
  if (!posted_.empty()) {
    const std::function<void()> task = std::move(posted_.front());
    posted_.pop_front();
    task();
    return true;
  }
  if (timers_.empty() || timers_.begin()->first.first > end) {
    return false;
  }
  const auto first = timers_.begin();
  now_ = first->first.first;
  const std::function<void()> task = std::move(first->second);
  due_.erase(first->first.second);
  timers_.erase(first);
  task();
  return true;
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
