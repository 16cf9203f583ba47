#include "reconciler/lease/election.h"

#include <catch2/catch.hpp>

#include "reconciler/lease/record.h"

namespace sluice::lease {
namespace {

using Step = Election::Step;

constexpr TimePoint kStart{Duration(1'803'981'600'000)};
// Fifteen seconds: renewed for ten at the most, a try every two, a request five.
constexpr Times kTimes{};

TimePoint At(double seconds) { return kStart + Duration(static_cast<std::int64_t>(seconds * 1000)); }

Record Held(const std::string& holder, std::uint64_t version, const std::string& renewed = "whenever") {
  Record record;
  record.uid = "u";
  record.resource_version = std::to_string(version);
  record.version = version;
  record.holder = holder;
  record.duration = Duration(15'000);
  record.renewed = renewed;
  return record;
}

TEST_CASE("nothing is taken before it is known who holds it") {
  Election election("me", kTimes);
  CHECK(election.Next(At(0)) == Step::kWait);
  election.Seen(std::nullopt, At(0));
  CHECK(election.Next(At(0)) == Step::kTake);
}

TEST_CASE("another's lease ends by the local clock since it last changed here, whatever time it names") {
  Election election("me", kTimes);
  election.Seen(Held("other", 1, "1999-01-01T00:00:00.000000Z"), At(0));
  CHECK(election.Next(At(14.9)) == Step::kWait);
  CHECK(election.WakeAt() == At(15));
  // The same once more is no sign of life.
  election.Seen(Held("other", 1), At(10));
  CHECK(election.Next(At(15)) == Step::kTake);
  election.Seen(Held("other", 2), At(14));
  CHECK(election.Next(At(28.9)) == Step::kWait);
  CHECK(election.Next(At(29)) == Step::kTake);
}

TEST_CASE("what nobody holds, or who asks held before, is taken at once") {
  Election election("me", kTimes);
  election.Seen(Held("", 1), At(0));
  CHECK(election.Next(At(0)) == Step::kTake);
  election.Seen(Held("me", 2), At(0));
  CHECK(election.Next(At(0)) == Step::kTake);
  CHECK_FALSE(election.holds());
}

TEST_CASE("a held lease counts from the sending of its last renewal") {
  Election election("me", kTimes);
  election.Seen(std::nullopt, At(0));
  // Sent at 1, answered at 4: it lasts from 1.
  election.Renewed(Held("me", 1), At(1));
  REQUIRE(election.holds());
  CHECK(election.Next(At(2.9)) == Step::kWait);
  CHECK(election.Next(At(3)) == Step::kRenew);
  CHECK(election.Next(At(10.9)) == Step::kRenew);
  CHECK(election.Next(At(11)) == Step::kLost);

  // A write of at most five seconds is begun only where it ends within the ten.
  CHECK(election.MayWrite(At(5.9)));
  CHECK_FALSE(election.MayWrite(At(6)));
  // As if it had been stopped for a minute.
  CHECK_FALSE(election.MayWrite(At(61)));
  CHECK(election.Next(At(61)) == Step::kLost);
}

TEST_CASE("one whose lease another holds has lost it") {
  Election election("me", kTimes);
  election.Renewed(Held("me", 5), At(0));
  election.Seen(Held("other", 4), At(1));
  CHECK(election.MayWrite(At(1)));  // older than what is known
  election.Seen(Held("other", 6), At(1));
  CHECK_FALSE(election.MayWrite(At(1)));
  CHECK(election.Next(At(1)) == Step::kLost);
}

TEST_CASE("a lease that is deleted is renewed as if it had not been") {
  Election election("me", kTimes);
  election.Renewed(Held("me", 5), At(0));
  election.Seen(std::nullopt, At(1));
  CHECK(election.MayWrite(At(1)));
  CHECK(election.Next(At(2)) == Step::kRenew);
}

TEST_CASE("a lease is written as client-go reads it") {
  const cluster::ObjectKey key{kLeaseKind, "sluice-system", "sluice-sync-1"};
  const cluster::Json first = RenewedLease(key, std::nullopt, "me", kTimes, {"pod", "p1"}, At(0.25));
  CHECK(first.at("spec").at("renewTime") == "2027-03-02T10:00:00.250000Z");
  CHECK(first.at("spec").at("leaseDurationSeconds") == 15);
  CHECK(first.at("spec").at("leaseTransitions") == 0);
  CHECK_FALSE(first.at("metadata").contains("resourceVersion"));
  CHECK(first.at("metadata").at("ownerReferences").at(0).at("uid") == "p1");

  Record record = ReadLease(first);
  CHECK(record.holder == "me");
  CHECK(record.duration == Duration(15'000));
  record.uid = "u";
  record.resource_version = "7";
  const cluster::Json renewed = RenewedLease(key, record, "me", kTimes, {}, At(2));
  CHECK(renewed.at("spec").at("acquireTime") == "2027-03-02T10:00:00.250000Z");
  CHECK(renewed.at("spec").at("leaseTransitions") == 0);
  CHECK(renewed.at("metadata").at("resourceVersion") == "7");
  CHECK(renewed.at("metadata").at("uid") == "u");
  const cluster::Json taken = RenewedLease(key, record, "other", kTimes, {}, At(30));
  CHECK(taken.at("spec").at("acquireTime") == "2027-03-02T10:00:30.000000Z");
  CHECK(taken.at("spec").at("leaseTransitions") == 1);
}

}  // namespace
}  // namespace sluice::lease
