// What must be known before anything is deleted. Each proof is a type that only its check can make, so that
// code without the check doesn't compile. An error, a partial list or an empty tree proves nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reconciler/git/repository.h"
#include "reconciler/sync/inventory.h"
#include "reconciler/sync/live.h"
#include "reconciler/sync/plan_set.h"

namespace sluice::sync {

// The commit was fetched and verified, and follows the one in use (or was accepted although it doesn't).
class VerifiedSource {
 public:
  static std::optional<VerifiedSource> Check(const Result<git::Snapshot>& fetched, bool accept_rewritten);
  const std::string& commit() const { return commit_; }

 private:
  explicit VerifiedSource(std::string commit) : commit_(std::move(commit)) {}
  std::string commit_;
};

// The plan set at that commit compiles without an error and is not empty.
class CompleteCompile {
 public:
  static std::optional<CompleteCompile> Check(const VerifiedSource& source, const Compiled& compiled);
  const std::string& commit() const { return commit_; }

 private:
  explicit CompleteCompile(std::string commit) : commit_(std::move(commit)) {}
  std::string commit_;
};

// The lists of all kinds that the plan set has or had are complete.
class CompleteList {
 public:
  static std::optional<CompleteList> Check(const LiveObjects& live, const Inventory& inventory);

 private:
  CompleteList() = default;
};

// Everything that the plan set wants was written, is there and is healthy.
class AllHealthy {
 public:
  static std::optional<AllHealthy> Check(const CompleteList& list, const LiveObjects& live,
                                         const std::vector<WantedObject>& wanted);

 private:
  AllHealthy() = default;
};

// Nobody else syncs this plan set: its inventory is stored as this process knows it.
class OwnInventory {
 public:
  static std::optional<OwnInventory> Check(const Inventory& inventory);

 private:
  OwnInventory() = default;
};

struct PruneProofs {
  CompleteCompile compile;
  CompleteList list;
  AllHealthy healthy;
  OwnInventory inventory;
};

}  // namespace sluice::sync
