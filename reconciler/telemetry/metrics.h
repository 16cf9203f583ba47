// Counters and gauges of the reconciler in Prometheus' text format.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::telemetry {

// The families that exist; metrics.cpp has their help texts.
inline constexpr std::string_view kRollouts = "sluice_rollouts";
inline constexpr std::string_view kMembers = "sluice_members";
inline constexpr std::string_view kDecisions = "sluice_decisions_total";
inline constexpr std::string_view kApiRequests = "sluice_api_requests_total";
inline constexpr std::string_view kActionFailures = "sluice_action_failures_total";
inline constexpr std::string_view kSamples = "sluice_gate_samples_total";
inline constexpr std::string_view kNotifications = "sluice_notifications_total";
inline constexpr std::string_view kNodesLeft = "sluice_nodes_left_total";
inline constexpr std::string_view kFetches = "sluice_git_fetches_total";
inline constexpr std::string_view kFetchErrors = "sluice_git_fetch_errors_total";
inline constexpr std::string_view kCompiles = "sluice_compiles_total";
inline constexpr std::string_view kSyncs = "sluice_syncs_total";
inline constexpr std::string_view kSyncFailures = "sluice_sync_failures_total";
inline constexpr std::string_view kLastSync = "sluice_last_sync_timestamp_seconds";
inline constexpr std::string_view kSourceStale = "sluice_source_stale";
inline constexpr std::string_view kDiagnostics = "sluice_source_errors";
inline constexpr std::string_view kInventory = "sluice_inventory_objects";
inline constexpr std::string_view kPruned = "sluice_pruned_objects_total";
inline constexpr std::string_view kReadyTime = "sluice_decision_seconds_total";

// Safe from any thread. A family that is not known is a bug (SLUICE_CHECK).
class Metrics {
 public:
  using Labels = std::vector<std::pair<std::string, std::string>>;

  void Count(std::string_view family, const Labels& labels = {}, double by = 1);
  void Set(std::string_view family, const Labels& labels, double value);
  // Forgets all series of a gauge, before it is set anew from a whole.
  void Clear(std::string_view family);

  double Get(std::string_view family, const Labels& labels = {}) const;
  // Prometheus text format 0.0.4: families and series in a fixed order.
  std::string Text() const;

 private:
  mutable std::mutex mutex_;                                                  // guards series_
  std::map<std::string, std::map<std::string, double>, std::less<>> series_;  // family → label text → value
};

}  // namespace sluice::telemetry
