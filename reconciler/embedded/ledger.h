// Where requests went: the truth about traffic, for tests, simulations and people. No part of the cluster
// reads it.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>

#include "compiler/base/time.h"

namespace sluice::embedded {

struct Carried {
  std::int64_t requests = 0;
  std::int64_t failed = 0;    // of these, answered with 5xx
  std::int64_t mirrored = 0;  // copies on top, answers thrown away

  Carried& operator+=(const Carried& other);
  friend bool operator==(const Carried&, const Carried&) = default;
};

// One load in one tick. Destinations are "NAMESPACE/SERVICE@REVISION" by the pods' labels, or
// "NAMESPACE/REPLICASET" of pods without them.
struct LedgerRow {
  TimePoint at{};
  std::string load;  // "shop.example.com/checkout", "shop/checkout"
  std::map<std::string, Carried> to;
  std::int64_t lost = 0;  // no ready endpoint, or a pod that was gone
};

class Ledger {
 public:
  explicit Ledger(Duration retention) : retention_(retention) {}

  void Add(LedgerRow row);

  // Oldest first.
  const std::deque<LedgerRow>& rows() const { return rows_; }
  // Since the start, by load.
  const std::map<std::string, LedgerRow>& sums() const { return sums_; }
  // All loads together.
  Carried TotalTo(const std::string& destination) const;
  std::int64_t TotalLost() const;
  std::int64_t Total() const;

 private:
  Duration retention_;
  std::deque<LedgerRow> rows_;
  std::map<std::string, LedgerRow> sums_;
};

}  // namespace sluice::embedded
