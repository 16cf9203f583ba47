// A Lease as JSON.
#pragma once

#include <map>
#include <string>

#include "reconciler/cluster/cluster.h"
#include "reconciler/lease/election.h"

namespace sluice::lease {

inline const cluster::Kind kLeaseKind{"coordination.k8s.io/v1", "Lease"};
// On every Lease of ours: "true".
inline constexpr const char* kLeaseLabel = "sluice.dev/lease";

Record ReadLease(const cluster::Json& object);

// The pod that goes with a lease: once the pod is deleted, so is the lease. Empty where there is none.
struct Owner {
  std::string name, uid;
};

// The lease `before` renewed or taken by `holder` at `now`, to be applied; to be created where there is none.
cluster::Json RenewedLease(const cluster::ObjectKey& key, const std::optional<Record>& before,
                           const std::string& holder, const Times& times, const Owner& owner, TimePoint now);

}  // namespace sluice::lease
