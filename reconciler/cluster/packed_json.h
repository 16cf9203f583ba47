// JSON that is kept for long and seldom read.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "reconciler/cluster/json.h"

namespace sluice::cluster {

// An object, or a part of one, that takes a sixth of its memory while nobody reads it. Copies are one and the same:
// what packs or reads one does so with all. For one thread.
class PackedJson {
 public:
  PackedJson() = default;  // null
  explicit PackedJson(SharedJson json) : held_(std::make_shared<Held>(Held{std::move(json), {}})) {}

  // Never null.
  const Json& Get() const;
  // Keeps it packed until it is read again. References that Get gave are of no use any more.
  void Pack() const;

  // Two that were made apart are never equal, even if they say the same.
  friend bool operator==(const PackedJson&, const PackedJson&) = default;

 private:
  struct Held {
    SharedJson json;                   // null while it is packed
    std::vector<std::uint8_t> packed;  // CBOR (RFC 8949): written and read at a third of the cost of text
  };
  std::shared_ptr<Held> held_;
};

}  // namespace sluice::cluster
