#include "reconciler/apiserver/scales.h"

#include <string>

namespace sluice::apiserver {

using cluster::Json;

Json ScaleOf(const Json& workload) {
  Json metadata = Json::object();
  for (const char* name : {"name", "namespace", "uid", "resourceVersion", "creationTimestamp"}) {
    if (const Json* value = cluster::Find(workload, {"metadata", name})) metadata[name] = *value;
  }
  std::string selector;
  const Json* labels = cluster::Find(workload, {"spec", "selector", "matchLabels"});
  if (labels != nullptr && labels->is_object()) {
    for (const auto& [name, value] : labels->items()) {
      if (value.is_string()) selector += (selector.empty() ? "" : ",") + name + "=" + value.get<std::string>();
    }
  }
  return {{"kind", "Scale"},
          {"apiVersion", "autoscaling/v1"},
          {"metadata", std::move(metadata)},
          {"spec", {{"replicas", cluster::Integer(workload, {"spec", "replicas"})}}},
          {"status", {{"replicas", cluster::Integer(workload, {"status", "replicas"})}, {"selector", selector}}}};
}

}  // namespace sluice::apiserver
