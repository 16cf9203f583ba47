// A rollout's status as JSON: what stands in Rollout.status.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "compiler/base/result.h"
#include "reconciler/cluster/json.h"
#include "reconciler/decide/status.h"

namespace sluice::execute {

// What etcd and every watcher must carry per rollout at most.
inline constexpr std::size_t kMaxStatusBytes = 64 * 1024;

// Where a kept revision's bundle is.
struct BundleRef {
  decide::Revision revision;
  std::string name;  // of the RolloutBundle
  std::string digest;
  friend bool operator==(const BundleRef&, const BundleRef&) = default;
};

// What the status object holds beside the core's status.
struct StoredStatus {
  decide::Status status;
  std::vector<BundleRef> bundles;  // accepted, stable's and those of kept promoted revisions
  friend bool operator==(const StoredStatus&, const StoredStatus&) = default;
};

// Fields that have their initial value are left out. Over the limit evidence goes first, oldest run first,
// then times, then whole runs of the history; never what was done in the present run.
cluster::Json EncodeStatus(const StoredStatus& stored);

// kInvalid with the field's path for what this version cannot read: another schema, a wrong type. An empty
// or absent status is an initial one.
Result<StoredStatus> DecodeStatus(const cluster::Json& json);

// Names as they stand in status, metrics and messages.
std::string_view PhaseName(decide::Phase phase);       // "progressing"
std::string_view HoldName(decide::Hold hold);          // "Held"; "" for none
std::string_view OutcomeName(graph::Outcome outcome);  // "no-data"

}  // namespace sluice::execute
