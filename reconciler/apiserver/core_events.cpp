#include "reconciler/apiserver/core_events.h"

#include <array>
#include <utility>

namespace sluice::apiserver {
namespace {

using cluster::Json;

// By their names in events.k8s.io/v1 and in v1.
constexpr std::array<std::pair<const char*, const char*>, 7> kFields = {{
    {"regarding", "involvedObject"},
    {"note", "message"},
    {"reportingController", "reportingComponent"},
    {"deprecatedCount", "count"},
    {"deprecatedFirstTimestamp", "firstTimestamp"},
    {"deprecatedLastTimestamp", "lastTimestamp"},
    {"deprecatedSource", "source"},
}};

void Rename(Json& object, const char* from, const char* to) {
  if (!object.contains(from)) return;
  Json value = std::move(object[from]);
  object.erase(from);
  object[to] = std::move(value);
}

}  // namespace

Json ToCoreEvent(Json event) {
  if (!event.is_object()) return event;
  for (const auto& [ours, core] : kFields) Rename(event, ours, core);
  event["apiVersion"] = "v1";
  return event;
}

Json FromCoreEvent(Json event) {
  if (!event.is_object()) return event;
  for (const auto& [ours, core] : kFields) Rename(event, core, ours);
  event["apiVersion"] = "events.k8s.io/v1";
  return event;
}

}  // namespace sluice::apiserver
