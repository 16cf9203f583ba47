#include "reconciler/cluster/cluster.h"

namespace sluice::cluster {
namespace {

// "" where the member is absent or no text: objects come from outside.
std::string Member(const Json& object, const char* name) {
  if (!object.is_object()) return "";
  auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

ObjectKey KeyOf(const Json& object) {
  ObjectKey key;
  key.kind = {Member(object, "apiVersion"), Member(object, "kind")};
  if (!object.is_object()) return key;
  auto metadata = object.find("metadata");
  if (metadata == object.end()) return key;
  key.namespace_ = Member(*metadata, "namespace");
  key.name = Member(*metadata, "name");
  return key;
}

std::string ToString(const ObjectKey& key) {
  std::string text = key.kind.api_version + "/" + key.kind.kind + "/";
  if (!key.namespace_.empty()) text += key.namespace_ + "/";
  return text + key.name;
}

}  // namespace sluice::cluster
