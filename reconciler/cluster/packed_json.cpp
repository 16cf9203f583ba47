#include "reconciler/cluster/packed_json.h"

#include <utility>

namespace sluice::cluster {

const Json& PackedJson::Get() const {
  static const Json kNull;
  if (held_ == nullptr) return kNull;
  if (held_->json == nullptr) held_->json = Share(Json::from_cbor(std::exchange(held_->packed, {})));
  return *held_->json;
}

void PackedJson::Pack() const {
  if (held_ == nullptr || held_->json == nullptr) return;
  held_->packed = Json::to_cbor(*held_->json);
  held_->packed.shrink_to_fit();
  held_->json = nullptr;
}

}  // namespace sluice::cluster
