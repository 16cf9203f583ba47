#include "reconciler/sync/worker.h"

#include <utility>

namespace sluice::sync {

ThreadWorker::ThreadWorker(loop::Loop& loop) : loop_(loop), thread_([this] { Work(); }) {}

ThreadWorker::~ThreadWorker() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    jobs_.clear();
  }
  wake_.notify_all();
  thread_.join();
}

void ThreadWorker::Run(std::function<void()> job, std::function<void()> done) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.emplace_back(std::move(job), std::move(done));
  }
  wake_.notify_all();
}

void ThreadWorker::Work() {
  for (;;) {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return stop_ || !jobs_.empty(); });
    if (stop_) return;
    auto [job, done] = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
    loop_.Post(std::move(done));
  }
}

void LoopWorker::Run(std::function<void()> job, std::function<void()> done) {
  loop_.Post([job = std::move(job), done = std::move(done)] {
    job();
    done();
  });
}

}  // namespace sluice::sync
