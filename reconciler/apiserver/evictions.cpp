#include "reconciler/apiserver/evictions.h"

#include "reconciler/embedded/disruptions.h"

namespace sluice::apiserver {
namespace {

serve::Response TooMany(const std::string& why) {
  Json status =
      FailureStatus(429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.");
  status["details"]["causes"] = Json::array({{{"reason", "DisruptionBudget"}, {"message", why}}});
  return Respond(status);
}

}  // namespace

serve::Response EvictPod(const Call& call, embedded::Store& store, TimePoint now) {
  const Json body = cluster::ParseJson(call.request.body);
  if (!cluster::Says(body, {"kind"}, "Eviction")) {
    return Respond(FailureStatus(400, "BadRequest", "the body is a policy/v1 Eviction in JSON"));
  }
  const std::string name = cluster::Text(body, {"metadata", "name"}, call.name);
  if (name != call.name) {
    return Respond(FailureStatus(400, "BadRequest", "name in URL does not match name in Eviction object"));
  }
  embedded::DeleteOptions options;
  options.uid = cluster::Text(body, {"deleteOptions", "preconditions", "uid"});
  options.version = cluster::Text(body, {"deleteOptions", "preconditions", "resourceVersion"});
  if (const Json* grace = cluster::Find(body, {"deleteOptions", "gracePeriodSeconds"});
      grace != nullptr && grace->is_number_integer()) {
    options.grace_seconds = grace->get<std::int64_t>();
  }
  const bool dry = call.dry_run() || !cluster::List(body, {"deleteOptions", "dryRun"}).empty();
  if (dry) return Respond(FailureStatus(400, "BadRequest", "dryRun is not served for evictions"));
  const Result<void> evicted = embedded::Evict(store, call.key(), options, now);
  if (!evicted.ok() && evicted.error().code == ErrorCode::kUnavailable) return TooMany(evicted.error().message);
  if (!evicted.ok() && evicted.error().code == ErrorCode::kInvalid) {
    return Respond(FailureStatus(500, "InternalError", evicted.error().message));
  }
  if (!evicted.ok()) return Respond(StatusOf(evicted.error(), call.subject()));
  return {201, "application/json",
          Dump({{"kind", "Status"}, {"apiVersion", "v1"}, {"metadata", Json::object()}, {"status", "Success"}})};
}

}  // namespace sluice::apiserver
