#include "reconciler/loop/virtual_loop.h"

#include <string>

#include <catch2/catch.hpp>

namespace sluice::loop {

TEST_CASE("time jumps from timer to timer, in order, and ends where it was told") {
  VirtualLoop loop{TimePoint(Duration(1000))};
  std::string order;
  loop.After(Duration(20), [&] { order += "c"; });
  loop.After(Duration(10), [&] { order += "a"; });
  loop.After(Duration(10), [&] {
    order += "b";
    loop.Post([&] { order += "p"; });
  });
  loop.After(Duration(500), [&] { order += "late"; });
  loop.RunFor(Duration(100));
  CHECK(order == "abpc");
  CHECK(loop.Now() == TimePoint(Duration(1100)));
}

TEST_CASE("a cancelled timer never runs, and cancelling twice is harmless") {
  VirtualLoop loop{TimePoint()};
  bool ran = false;
  const TimerId timer = loop.After(Duration(1), [&] { ran = true; });
  loop.Cancel(timer);
  loop.Cancel(timer);
  loop.RunFor(Duration(10));
  CHECK_FALSE(ran);
}

TEST_CASE("a timer in the past runs at once without turning time back") {
  VirtualLoop loop{TimePoint(Duration(1000))};
  TimePoint seen{};
  loop.At(TimePoint(Duration(5)), [&] { seen = loop.Now(); });
  loop.RunFor(Duration(0));
  CHECK(seen == TimePoint(Duration(1000)));
}

TEST_CASE("running until a condition stops at the moment it holds") {
  VirtualLoop loop{TimePoint()};
  int ticks = 0;
  std::function<void()> tick = [&] {
    ++ticks;
    loop.After(Duration(1000), tick);
  };
  loop.Post(tick);
  CHECK(loop.RunUntil([&] { return ticks == 5; }, TimePoint(Duration(60'000))));
  CHECK(loop.Now() == TimePoint(Duration(4000)));
  CHECK_FALSE(loop.RunUntil([] { return false; }, TimePoint(Duration(10'000))));
  CHECK(loop.Now() == TimePoint(Duration(10'000)));
}

}  // namespace sluice::loop
