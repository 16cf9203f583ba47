#include "reconciler/execute/conditions.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "reconciler/execute/names.h"
#include "reconciler/execute/status_codec.h"

namespace sluice::execute {
namespace {

using cluster::Json;
using decide::Phase;

// metav1.Condition: times in seconds, reasons in CamelCase.
std::string SecondsOf(TimePoint now) {
  std::string text = FormatTime(now);
  const std::size_t point = text.find('.');
  return point == std::string::npos ? text : text.substr(0, point) + "Z";
}

Json Condition(const char* type, bool status, const std::string& reason, const std::string& message, const Json& before,
               TimePoint now) {
  const char* value = status ? "True" : "False";
  std::string since = SecondsOf(now);
  for (const Json& old : cluster::List(before, {})) {
    if (cluster::Says(old, {"type"}, type) && cluster::Says(old, {"status"}, value)) {
      since = cluster::Text(old, {"lastTransitionTime"}, since);
    }
  }
  return {{"type", type}, {"status", value}, {"reason", reason}, {"message", message}, {"lastTransitionTime", since}};
}

std::string ReasonOf(const decide::Status& status) {
  if (status.hold != decide::Hold::kNone) return std::string(HoldName(status.hold));
  switch (status.phase) {
    case Phase::kIdle:
      return "Idle";
    case Phase::kProgressing:
      return "Progressing";
    case Phase::kGoingBack:
      return "GoingBack";
    case Phase::kSettled:
      return "Settled";
    case Phase::kWaiting:
      return "Waiting";
  }
  return "Unknown";
}

}  // namespace

std::string Summary(const decide::Status& status, const std::vector<decide::Reason>& reasons) {
  if (status.hold != decide::Hold::kNone && !status.hold_reason.empty()) return status.hold_reason;
  if (status.phase == Phase::kSettled) return fmt::format("revision {} is stable", status.stable);
  if (!reasons.empty()) {
    const auto trouble = std::find_if(reasons.begin(), reasons.end(),
                                      [](const decide::Reason& reason) { return !reason.trouble.empty(); });
    const decide::Reason& first = trouble == reasons.end() ? reasons[0] : *trouble;
    return fmt::format("{}{}{}{}{}", first.node, first.node.empty() ? "" : ": ", first.text,
                       first.until ? ", until " : "", first.until ? SecondsOf(*first.until) : "");
  }
  if (status.phase == Phase::kGoingBack) return fmt::format("going back to {}: {}", status.stable, status.back_reason);
  if (status.phase == Phase::kProgressing) return fmt::format("revision {} is rolled out", status.candidate);
  return "nothing was rolled out yet";
}

std::string StepUnderWay(const decide::Status& status) {
  if (status.phase != Phase::kProgressing) return "";
  std::set<std::string> steps;
  for (const auto& [path, record] : status.nodes) {
    if (record.state != decide::NodeState::kActive) continue;
    // ROLLOUT/STEP/NODE; what is of no step has two parts.
    const std::size_t begin = path.find('/');
    const std::size_t end = path.rfind('/');
    if (begin != end) steps.insert(path.substr(begin + 1, end - begin - 1));
  }
  return fmt::format("{}", fmt::join(steps, ", "));
}

std::string CandidateShare(const decide::Status& status) {
  if (status.candidate.empty() || status.candidate == status.stable) return "";
  const auto share = status.applied.shares.find(status.candidate);
  return share == status.applied.shares.end() ? "0%" : share->second.ToPercent(1);
}

Json Conditions(const decide::Status& status, const std::string& summary, const std::string& rejected,
                const Json& before, TimePoint now) {
  const bool ready = status.phase == Phase::kSettled && status.hold == decide::Hold::kNone && rejected.empty();
  const bool stalled = !rejected.empty() || status.hold == decide::Hold::kStalled || status.phase == Phase::kWaiting ||
                       status.hold == decide::Hold::kBlocked || status.hold == decide::Hold::kTrafficUnsettled ||
                       status.hold == decide::Hold::kStableDown;
  const std::string reason = rejected.empty() ? ReasonOf(status) : kBundleRejected;
  const std::string message = rejected.empty() ? summary : rejected;
  Json conditions = Json::array();
  conditions.push_back(Condition("Ready", ready, reason, message, before, now));
  if (!ready && !stalled) conditions.push_back(Condition("Reconciling", true, reason, message, before, now));
  if (stalled) conditions.push_back(Condition("Stalled", true, reason, message, before, now));
  return conditions;
}

}  // namespace sluice::execute
