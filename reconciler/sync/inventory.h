// What belongs to a plan set in the cluster: what may be deleted when the plan set no longer names it.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reconciler/cluster/cluster.h"

namespace sluice::sync {

struct InventoryEntry {
  std::string uid;    // "" until it was seen
  bool keep = false;  // never pruned
  friend bool operator==(const InventoryEntry&, const InventoryEntry&) = default;
};

// A number of parts that was written by us; nullopt for any other text.
std::optional<std::size_t> ReadCount(const std::string& text);

// Entries in chunks, each a ConfigMap. An entry stays in its chunk for life, so that a change writes only
// the chunks it touches and each of these writes leaves the whole valid. The first chunk says how many there are, and
// is written after those it counts: a lost one is noticed wherever it was, and one that a crash left uncounted is read
// all the same.
class Inventory {
 public:
  static constexpr std::size_t kPerChunk = 512;

  struct Chunk {
    std::map<cluster::ObjectKey, InventoryEntry> entries;
    std::string resource_version;  // "" : not stored yet
    bool changed = false;
  };

  const std::vector<Chunk>& chunks() const { return chunks_; }
  std::size_t size() const;
  const InventoryEntry* Find(const cluster::ObjectKey& key) const;
  // All entries, by key.
  std::map<cluster::ObjectKey, InventoryEntry> Entries() const;

  // Adds or changes an entry.
  void Put(const cluster::ObjectKey& key, InventoryEntry entry);
  void Remove(const cluster::ObjectKey& key);
  bool changed() const;

  // The chunk to be stored next, in an order in which a crash leaves no hole; nullopt: all are.
  std::optional<std::size_t> NextToStore() const;
  // The chunk as a ConfigMap, named by the plan set's hash.
  cluster::Json Encode(std::size_t chunk, const std::string& namespace_, const std::string& hash) const;
  void Stored(std::size_t chunk, const std::string& resource_version);
  // How many chunks are known to be stored; never falls.
  std::size_t stored_chunks() const;
  // From the ConfigMaps of a complete list. kInvalid for a chunk whose checksum is wrong or that is missing: then
  // nothing may be applied or pruned, for what it held would be forgotten. `at_least`: how many chunks there were once.
  static Result<Inventory> Decode(const std::vector<cluster::Json>& config_maps, const std::string& hash,
                                  std::size_t at_least);

 private:
  std::vector<Chunk> chunks_;
};

inline constexpr const char* kInventoryLabel = "sluice.dev/inventory";

}  // namespace sluice::sync
