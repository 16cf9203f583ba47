#include "reconciler/cluster/packed_json.h"

#include <utility>

namespace sluice::cluster {

const Json& PackedJson::Get() const {
  static const Json kNull;
  if (held_ == nullptr) return kNull;
  if (held_->json == nullptr) held_->json = Share(Json::parse(std::exchange(held_->text, {})));
  return *held_->json;
}

void PackedJson::Pack() const {
  if (held_ == nullptr || held_->json == nullptr) return;
  // What is no UTF-8 has no place in JSON: it is replaced, as Kubernetes does.
  held_->text = held_->json->dump(-1, ' ', false, Json::error_handler_t::replace);
  held_->text.shrink_to_fit();
  held_->json = nullptr;
}

}  // namespace sluice::cluster
