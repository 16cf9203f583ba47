#include "reconciler/cluster/cluster.h"

namespace sluice::cluster {

ObjectKey KeyOf(const Json& object) {
  return {{Text(object, {"apiVersion"}), Text(object, {"kind"})},
          Text(object, {"metadata", "namespace"}),
          Text(object, {"metadata", "name"})};
}

std::string ToString(const ObjectKey& key) {
  std::string text = key.kind.api_version + "/" + key.kind.kind + "/";
  if (!key.namespace_.empty()) text += key.namespace_ + "/";
  return text + key.name;
}

}  // namespace sluice::cluster
