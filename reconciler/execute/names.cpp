#include "reconciler/execute/names.h"

#include <array>

#include "reconciler/execute/status_codec.h"

namespace sluice::execute {

std::string_view PhaseName(decide::Phase phase) {
  constexpr std::array<std::string_view, 5> kNames = {"idle", "progressing", "going-back", "settled", "waiting"};
  return kNames[static_cast<std::size_t>(phase)];
}

std::string_view HoldName(decide::Hold hold) {
  constexpr std::array<std::string_view, 11> kNames = {
      "",        "Held",    "StableDown", "TrafficUnsettled", "FirstInstallFailed", "RollbackFailed", "EditDeferred",
      "Blocked", "Stalled", "Paused",     "Ejected"};
  static_assert(kNames.size() == static_cast<std::size_t>(decide::Hold::kEjected) + 1);
  return kNames[static_cast<std::size_t>(hold)];
}

std::string_view OutcomeName(graph::Outcome outcome) {
  constexpr std::array<std::string_view, 5> kNames = {"pass", "fail", "no-data", "error", "timeout"};
  return kNames[static_cast<std::size_t>(outcome)];
}

std::string_view LeftAs(const decide::NodeRecord& record) {
  return record.exception.empty() ? OutcomeName(record.outcome) : "skipped";
}

std::string_view LeftAs(const decide::RunRecord::NodeResult& result) {
  return result.skipped ? "skipped" : OutcomeName(result.outcome);
}

}  // namespace sluice::execute
