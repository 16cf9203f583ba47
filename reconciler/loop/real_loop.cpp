#include "reconciler/loop/real_loop.h"

#include <algorithm>
#include <ctime>
#include <utility>

namespace sluice::loop {
namespace {

// A signal handler cannot notify a condition variable: the loop looks for a stop at least this often.
constexpr Duration kLongestWait{500};

// Goes on while the machine is suspended, unlike the steady clock: a hold is not longer for it.
std::int64_t BootMilliseconds() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

}  // namespace

RealLoop::RealLoop()
    : start_(std::chrono::floor<Duration>(std::chrono::system_clock::now())), boot_start_ms_(BootMilliseconds()) {}

TimePoint RealLoop::Now() const { return start_ + Duration(BootMilliseconds() - boot_start_ms_); }

void RealLoop::Post(std::function<void()> task) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    posted_.push_back(std::move(task));
  }
  wake_.notify_one();
  if (waiter_ != nullptr) {
    waiter_->Wake();
  }
}

TimerId RealLoop::At(TimePoint time, std::function<void()> task) {
  const std::uint64_t id = next_++;
  timers_.emplace(std::make_pair(time, id), std::move(task));
  due_.emplace(id, time);
  return static_cast<TimerId>(id);
}

void RealLoop::Cancel(TimerId timer) {
  const auto due = due_.find(static_cast<std::uint64_t>(timer));
  if (due != due_.end()) {
    timers_.erase({due->second, due->first});
    due_.erase(due);
  }
}

bool RealLoop::Drain() {
  std::deque<std::function<void()>> tasks;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    tasks.swap(posted_);
  }
  bool worked = !tasks.empty();
  for (const std::function<void()>& task : tasks) {
    task();
  }
  while (!timers_.empty() && timers_.begin()->first.first <= Now()) {
    const auto first = timers_.begin();
    const std::function<void()> task = std::move(first->second);
    due_.erase(first->first.second);
    timers_.erase(first);
    task();
    worked = true;
  }
  return worked;
}

Duration RealLoop::UntilNextTimer() const {
  if (timers_.empty()) {
    return kLongestWait;
  }
  return std::clamp(timers_.begin()->first.first - Now(), Duration(0), kLongestWait);
}

void RealLoop::Run() {
  while (!stop_.load()) {
    if (Drain()) {
      continue;
    }
    const Duration wait = UntilNextTimer();
    if (waiter_ != nullptr) {
      waiter_->Wait(wait);
      continue;
    }
    std::unique_lock<std::mutex> lock(mutex_);
    wake_.wait_for(lock, wait, [this] { return !posted_.empty() || stop_.load(); });
  }
  stop_.store(false);
}

void RealLoop::Stop() {
  stop_.store(true);
  wake_.notify_one();
  if (waiter_ != nullptr) {
    waiter_->Wake();
  }
}

}  // namespace sluice::loop
