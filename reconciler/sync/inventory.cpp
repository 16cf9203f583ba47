#include "reconciler/sync/inventory.h"

#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "compiler/base/hash.h"

namespace sluice::sync {
namespace {

using cluster::Json;
using cluster::ObjectKey;

std::string NameOf(const std::string& hash, std::size_t chunk) {
  return fmt::format("sluice-inventory-{}-{}", hash, chunk);
}

// [apiVersion, kind, namespace, name, uid, keep]
Result<std::map<ObjectKey, InventoryEntry>> DecodeEntries(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_array()) return Error{ErrorCode::kInvalid, "no list of objects"};
  std::map<ObjectKey, InventoryEntry> entries;
  for (const Json& row : json) {
    if (!row.is_array() || row.size() != 6 || !row[5].is_boolean()) return Error{ErrorCode::kInvalid, "a bad entry"};
    for (std::size_t i = 0; i < 5; ++i) {
      if (!row[i].is_string()) return Error{ErrorCode::kInvalid, "a bad entry"};
    }
    entries[{{row[0], row[1]}, row[2], row[3]}] = {row[4], row[5]};
  }
  return entries;
}

}  // namespace

std::size_t Inventory::size() const {
  std::size_t count = 0;
  for (const Chunk& chunk : chunks_) count += chunk.entries.size();
  return count;
}

const InventoryEntry* Inventory::Find(const ObjectKey& key) const {
  for (const Chunk& chunk : chunks_) {
    const auto found = chunk.entries.find(key);
    if (found != chunk.entries.end()) return &found->second;
  }
  return nullptr;
}

std::map<ObjectKey, InventoryEntry> Inventory::Entries() const {
  std::map<ObjectKey, InventoryEntry> all;
  for (const Chunk& chunk : chunks_) all.insert(chunk.entries.begin(), chunk.entries.end());
  return all;
}

void Inventory::Put(const ObjectKey& key, InventoryEntry entry) {
  Chunk* room = nullptr;
  for (Chunk& chunk : chunks_) {
    const auto found = chunk.entries.find(key);
    if (found != chunk.entries.end()) {
      chunk.changed = chunk.changed || !(found->second == entry);
      found->second = std::move(entry);
      return;
    }
    if (room == nullptr && chunk.entries.size() < kPerChunk) room = &chunk;
  }
  if (room == nullptr) room = &chunks_.emplace_back();
  room->entries[key] = std::move(entry);
  room->changed = true;
}

void Inventory::Remove(const ObjectKey& key) {
  for (Chunk& chunk : chunks_) {
    if (chunk.entries.erase(key) > 0) chunk.changed = true;
  }
}

bool Inventory::changed() const {
  for (const Chunk& chunk : chunks_) {
    if (chunk.changed) return true;
  }
  return false;
}

Json Inventory::Encode(std::size_t chunk, const std::string& namespace_, const std::string& hash) const {
  Json rows = Json::array();
  for (const auto& [key, entry] : chunks_[chunk].entries) {
    rows.push_back({key.kind.api_version, key.kind.kind, key.namespace_, key.name, entry.uid, entry.keep});
  }
  const std::string text = rows.dump();
  Json metadata = {{"name", NameOf(hash, chunk)}, {"namespace", namespace_}, {"labels", {{kInventoryLabel, hash}}}};
  if (!chunks_[chunk].resource_version.empty()) metadata["resourceVersion"] = chunks_[chunk].resource_version;
  return {{"apiVersion", "v1"},
          {"kind", "ConfigMap"},
          {"metadata", std::move(metadata)},
          {"data", {{"entries", text}, {"checksum", Sha256(text)}}}};
}

void Inventory::Stored(std::size_t chunk, const std::string& resource_version) {
  chunks_[chunk].resource_version = resource_version;
  chunks_[chunk].changed = false;
}

Result<Inventory> Inventory::Decode(const std::vector<Json>& config_maps, const std::string& hash) {
  std::map<std::size_t, const Json*> found;
  const std::string prefix = fmt::format("sluice-inventory-{}-", hash);
  for (const Json& object : config_maps) {
    const std::string name = object.at("metadata").value("name", "");
    std::size_t chunk = 0;
    const char* end = name.data() + name.size();
    if (name.rfind(prefix, 0) != 0 || std::from_chars(name.data() + prefix.size(), end, chunk).ptr != end) continue;
    found[chunk] = &object;
  }
  Inventory inventory;
  for (const auto& [number, object] : found) {
    if (number != inventory.chunks_.size()) {
      return Error{ErrorCode::kInvalid, fmt::format("the inventory's part {} is missing", inventory.chunks_.size())};
    }
    const Json data = object->value("data", Json::object());
    const std::string text = data.value("entries", "");
    if (Sha256(text) != data.value("checksum", "")) {
      return Error{ErrorCode::kInvalid, fmt::format("the inventory's part {} has a wrong checksum", number)};
    }
    auto entries = DecodeEntries(text);
    if (!entries) return std::move(entries).error().Within(fmt::format("the inventory's part {}", number));
    inventory.chunks_.push_back(
        {std::move(entries).value(), object->at("metadata").value("resourceVersion", ""), false});
  }
  return inventory;
}

}  // namespace sluice::sync
