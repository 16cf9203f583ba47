#include "reconciler/loop/real_loop.h"

#include <string>
#include <thread>

#include <catch2/catch.hpp>

namespace sluice::loop {

TEST_CASE("tasks from another thread and timers run on the loop's thread until it is stopped") {
  RealLoop loop;
  const std::thread::id here = std::this_thread::get_id();
  std::string order;
  std::thread poster([&] { loop.Post([&] { order += std::this_thread::get_id() == here ? "p" : "?"; }); });
  poster.join();
  loop.After(Duration(5), [&] { order += "t"; });
  loop.After(Duration(10), [&] { loop.Stop(); });
  const TimePoint before = loop.Now();
  loop.Run();
  CHECK(order == "pt");
  CHECK(loop.Now() - before >= Duration(10));
}

TEST_CASE("a loop that was stopped runs again") {
  RealLoop loop;
  int rounds = 0;
  for (int i = 0; i < 2; ++i) {
    loop.Post([&] {
      ++rounds;
      loop.Stop();
    });
    loop.Run();
  }
  CHECK(rounds == 2);
}

TEST_CASE("a stop from a signal handler ends the loop though nothing else happens") {
  RealLoop loop;
  loop.StopFromSignal();
  loop.Run();
  SUCCEED();
}

}  // namespace sluice::loop
