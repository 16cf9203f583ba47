#include "reconciler/kubernetes/mirror.h"

#include <vector>

namespace sluice::kubernetes {

using cluster::EventType;
using cluster::Json;
using cluster::Text;

void Mirror::BeginList() { ++list_; }

void Mirror::Saw(const cluster::SharedJson& object) {
  const Name name{Text(*object, {"metadata", "namespace"}), Text(*object, {"metadata", "name"})};
  const std::string uid = Text(*object, {"metadata", "uid"});
  const std::string version = Text(*object, {"metadata", "resourceVersion"});
  const auto found = known_.find(name);
  if (found != known_.end() && found->second.uid == uid) {
    found->second.list = list_;
    if (found->second.version == version) return;
    found->second.version = version;
    return tell_({EventType::kModified, object});
  }
  if (found != known_.end()) TellGone(name, found->second.uid);
  known_[name] = {uid, version, list_};
  tell_({EventType::kAdded, object});
}

void Mirror::Gone(const cluster::SharedJson& object) {
  const Name name{Text(*object, {"metadata", "namespace"}), Text(*object, {"metadata", "name"})};
  if (known_.erase(name) > 0) tell_({EventType::kDeleted, object});
}

void Mirror::EndList() {
  std::vector<std::pair<Name, std::string>> gone;
  for (const auto& [name, known] : known_) {
    if (known.list != list_) gone.emplace_back(name, known.uid);
  }
  for (const auto& [name, uid] : gone) {
    known_.erase(name);
    TellGone(name, uid);
  }
  tell_({EventType::kSynced, nullptr});
}

void Mirror::TellGone(const Name& name, const std::string& uid) {
  Json metadata = {{"name", name.second}, {"uid", uid}};
  if (!name.first.empty()) metadata["namespace"] = name.first;
  tell_({EventType::kDeleted,
         cluster::Share({{"apiVersion", kind_.api_version}, {"kind", kind_.kind}, {"metadata", std::move(metadata)}})});
}

}  // namespace sluice::kubernetes
