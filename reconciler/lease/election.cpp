#include "reconciler/lease/election.h"

#include <utility>

namespace sluice::lease {

void Election::Seen(std::optional<Record> record, TimePoint now) {
  const bool stale = record && record_ && record->version < record_->version;
  if (stale) return;
  const bool same = looked_ && record.has_value() == record_.has_value() &&
                    (!record || record->resource_version == record_->resource_version);
  looked_ = true;
  if (same) return;
  record_ = std::move(record);
  changed_at_ = now;
}

void Election::Renewed(Record stored, TimePoint sent) {
  looked_ = true;
  record_ = std::move(stored);
  changed_at_ = sent;
  renewed_at_ = sent;
}

Election::Step Election::Next(TimePoint now) const {
  if (renewed_at_) {
    const bool taken = record_ && record_->holder != identity_;
    if (taken || now >= *EndsAt()) return Step::kLost;
    return now >= *renewed_at_ + times_.retry() ? Step::kRenew : Step::kWait;
  }
  if (!looked_) return Step::kWait;
  return !IsAlive(now) || record_->holder == identity_ ? Step::kTake : Step::kWait;
}

std::optional<TimePoint> Election::WakeAt() const {
  if (renewed_at_) return *renewed_at_ + times_.retry();
  if (record_) return changed_at_ + record_->duration;
  return std::nullopt;
}

std::optional<TimePoint> Election::EndsAt() const {
  if (!renewed_at_) return std::nullopt;
  return *renewed_at_ + times_.renew_deadline();
}

bool Election::MayWrite(TimePoint now) const {
  return renewed_at_ && (!record_ || record_->holder == identity_) && now + times_.request() < *EndsAt();
}

bool Election::IsAlive(TimePoint now) const {
  return record_ && !record_->holder.empty() && now < changed_at_ + record_->duration;
}

}  // namespace sluice::lease
