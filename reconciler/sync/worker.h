// Where what blocks runs: git and the compiler, one job at a time, off the loop.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "reconciler/loop/loop.h"

namespace sluice::sync {

class Worker {
 public:
  virtual ~Worker() = default;
  // Runs `job` on the worker, then `done` on the loop.
  virtual void Run(std::function<void()> job, std::function<void()> done) = 0;
};

// One thread. Its end waits for the job that runs and drops those that have not begun, with their `done`.
class ThreadWorker : public Worker {
 public:
  explicit ThreadWorker(loop::Loop& loop);
  ~ThreadWorker() override;
  void Run(std::function<void()> job, std::function<void()> done) override;

 private:
  void Work();

  loop::Loop& loop_;
  std::mutex mutex_;  // guards jobs_ and stop_
  std::condition_variable wake_;
  std::deque<std::pair<std::function<void()>, std::function<void()>>> jobs_;
  bool stop_ = false;
  std::thread thread_;
};

// Runs everything in a later turn of the loop: for virtual time.
class LoopWorker : public Worker {
 public:
  explicit LoopWorker(loop::Loop& loop) : loop_(loop) {}
  void Run(std::function<void()> job, std::function<void()> done) override;

 private:
  loop::Loop& loop_;
};

}  // namespace sluice::sync
