#include "reconciler/sync/proofs.h"

#include <algorithm>

#include "reconciler/sync/health.h"

namespace sluice::sync {

std::optional<VerifiedSource> VerifiedSource::Check(const Result<git::Snapshot>& fetched, bool accept_rewritten) {
  if (!fetched.ok() || (fetched->rewritten && !accept_rewritten)) return std::nullopt;
  return VerifiedSource(fetched->commit);
}

std::optional<CompleteCompile> CompleteCompile::Check(const VerifiedSource& source, const Compiled& compiled) {
  if (!compiled.mistakes.empty() || compiled.plan_files == 0) return std::nullopt;
  if (compiled.graphs.empty() && compiled.objects.empty()) return std::nullopt;
  return CompleteCompile(source.commit());
}

std::optional<CompleteList> CompleteList::Check(const LiveObjects& live, const Inventory& inventory) {
  for (const auto& [key, entry] : inventory.Entries()) {
    if (!live.watches(key.kind)) return std::nullopt;
  }
  if (!live.synced()) return std::nullopt;
  return CompleteList();
}

std::optional<AllHealthy> AllHealthy::Check(const CompleteList&, const LiveObjects& live,
                                            const std::vector<WantedObject>& wanted) {
  const bool healthy = std::all_of(wanted.begin(), wanted.end(), [&](const WantedObject& object) {
    const cluster::Json* found = live.Find(object.key);
    return found != nullptr && HealthOf(*found) == Health::kCurrent;
  });
  if (!healthy) return std::nullopt;
  return AllHealthy();
}

std::optional<OwnInventory> OwnInventory::Check(const Inventory& inventory) {
  if (inventory.changed()) return std::nullopt;
  return OwnInventory();
}

}  // namespace sluice::sync
