#include "reconciler/lease/record.h"

#include <charconv>

namespace sluice::lease {
namespace {

using cluster::Json;

// metav1.MicroTime is read with six digits and no others.
std::string MicroTime(TimePoint time) {
  std::string text = FormatTime(time);
  const std::size_t point = text.find('.');
  const std::size_t digits = point == std::string::npos ? 0 : text.size() - point - 2;
  text.pop_back();
  if (point == std::string::npos) text += '.';
  return text + std::string(6 - digits, '0') + "Z";
}

std::int64_t Whole(const Json& spec, const char* name) {
  const auto found = spec.find(name);
  return found != spec.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

}  // namespace

Record ReadLease(const Json& object) {
  Record record;
  record.uid = cluster::Text(object, {"metadata", "uid"});
  record.resource_version = cluster::Text(object, {"metadata", "resourceVersion"});
  const std::string& version = record.resource_version;
  std::from_chars(version.data(), version.data() + version.size(), record.version);
  record.holder = cluster::Text(object, {"spec", "holderIdentity"});
  record.acquired = cluster::Text(object, {"spec", "acquireTime"});
  record.renewed = cluster::Text(object, {"spec", "renewTime"});
  if (const Json* spec = cluster::Find(object, {"spec"}); spec != nullptr && spec->is_object()) {
    record.duration = Duration(1000) * Whole(*spec, "leaseDurationSeconds");
    record.transitions = Whole(*spec, "leaseTransitions");
  }
  return record;
}

Json RenewedLease(const cluster::ObjectKey& key, const std::optional<Record>& before, const std::string& holder,
                  const Times& times, const Owner& owner, TimePoint now) {
  const bool goes_on = before && before->holder == holder && !before->acquired.empty();
  Json metadata = {{"name", key.name}, {"namespace", key.namespace_}, {"labels", {{kLeaseLabel, "true"}}}};
  if (before) {
    metadata["uid"] = before->uid;
    metadata["resourceVersion"] = before->resource_version;
  }
  if (!owner.uid.empty()) {
    metadata["ownerReferences"] =
        Json::array({{{"apiVersion", "v1"}, {"kind", "Pod"}, {"name", owner.name}, {"uid", owner.uid}}});
  }
  Json spec = {{"holderIdentity", holder},
               {"leaseDurationSeconds", times.duration.count() / 1000},
               {"acquireTime", goes_on ? before->acquired : MicroTime(now)},
               {"renewTime", MicroTime(now)},
               {"leaseTransitions", !before ? 0 : before->transitions + (goes_on ? 0 : 1)}};
  return {{"apiVersion", key.kind.api_version},
          {"kind", key.kind.kind},
          {"metadata", std::move(metadata)},
          {"spec", std::move(spec)}};
}

}  // namespace sluice::lease
