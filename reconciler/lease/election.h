// Who holds one Lease, decided from what was seen of it: no clock, no I/O. Times are the local clock's, which goes on
// while the process is stopped; another's `renewTime` is never held against it, only that it changed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "compiler/base/time.h"

namespace sluice::lease {

// As client-go has them: a holder that could not renew gives up before anyone else may take over.
struct Times {
  Duration duration{15'000};  // whole seconds; a lease that was not renewed for so long is free
  // Since the sending of the last renewal that succeeded.
  Duration renew_deadline() const { return duration * 2 / 3; }
  Duration retry() const { return duration * 2 / 15; }
  // Of a request, so that what began under the lease ends under it.
  Duration request() const { return duration - renew_deadline(); }
};

// What a coordination.k8s.io/v1 Lease says.
struct Record {
  std::string uid, resource_version;
  std::uint64_t version = 0;  // resource_version as a number (KEP-5504)
  std::string holder;         // "": nobody
  Duration duration{0};
  std::string acquired, renewed;  // as they stand there
  std::int64_t transitions = 0;
};

class Election {
 public:
  Election(std::string identity, Times times) : identity_(std::move(identity)), times_(times) {}

  // The lease as someone saw it at `now`; nullopt: there is none. What is older than what is known is ignored.
  void Seen(std::optional<Record> record, TimePoint now);
  // What was sent at `sent` is stored.
  void Renewed(Record stored, TimePoint sent);

  enum class Step {
    kWait,
    kTake,   // it is free, or was ours
    kRenew,  // time to
    kLost,   // held until now, and not any more
  };
  Step Next(TimePoint now) const;
  // When Next may say something else without anything being seen; only after kWait.
  std::optional<TimePoint> WakeAt() const;

  // Held: when it is lost unless it is renewed.
  std::optional<TimePoint> EndsAt() const;

  bool holds() const { return renewed_at_.has_value(); }
  // Whether a request that ends within Times::request may be begun.
  bool MayWrite(TimePoint now) const;
  // Whether the holder that is seen, whoever that is, may be taken for alive.
  bool IsAlive(TimePoint now) const;
  // Whether it is known if there is one.
  bool looked() const { return looked_; }
  const std::optional<Record>& record() const { return record_; }

 private:
  const std::string identity_;
  const Times times_;
  bool looked_ = false;
  std::optional<Record> record_;
  TimePoint changed_at_{};               // as seen here
  std::optional<TimePoint> renewed_at_;  // held: when the last renewal that succeeded was sent
};

}  // namespace sluice::lease
