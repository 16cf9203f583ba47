#include "reconciler/embedded/ledger.h"

#include <utility>

namespace sluice::embedded {

Carried& Carried::operator+=(const Carried& other) {
  requests += other.requests;
  failed += other.failed;
  mirrored += other.mirrored;
  return *this;
}

void Ledger::Add(LedgerRow row) {
  LedgerRow& sum = sums_[row.load];
  sum.load = row.load;
  sum.at = row.at;
  sum.lost += row.lost;
  for (const auto& [destination, carried] : row.to) sum.to[destination] += carried;
  while (!rows_.empty() && rows_.front().at < row.at - retention_) rows_.pop_front();
  rows_.push_back(std::move(row));
}

Carried Ledger::TotalTo(const std::string& destination) const {
  Carried total;
  for (const auto& [load, sum] : sums_) {
    auto found = sum.to.find(destination);
    if (found != sum.to.end()) total += found->second;
  }
  return total;
}

std::int64_t Ledger::TotalLost() const {
  std::int64_t total = 0;
  for (const auto& [load, sum] : sums_) total += sum.lost;
  return total;
}

std::int64_t Ledger::Total() const {
  std::int64_t total = TotalLost();
  for (const auto& [load, sum] : sums_) {
    for (const auto& [destination, carried] : sum.to) total += carried.requests;
  }
  return total;
}

}  // namespace sluice::embedded
