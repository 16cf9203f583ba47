#include "reconciler/execute/conditions.h"

#include <fmt/format.h>

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
    return reasons[0].node.empty() ? reasons[0].text : fmt::format("{}: {}", reasons[0].node, reasons[0].text);
  }
  if (status.phase == Phase::kGoingBack) return fmt::format("going back to {}: {}", status.stable, status.back_reason);
  if (status.phase == Phase::kProgressing) return fmt::format("revision {} is rolled out", status.candidate);
  return "nothing was rolled out yet";
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
