#include "reconciler/sync/inventory.h"

#include <algorithm>
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

std::string ChecksumOf(const std::string& entries, const std::string& parts) { return Sha256(parts + '\n' + entries); }

Error Missing(const std::string& hash, std::size_t chunk) {
  return Error{ErrorCode::kInvalid,
               fmt::format("the inventory's part {0} is missing: nothing is changed until ConfigMap {1} is restored; "
                           "without any part of it and without ConfigMap sluice-source-{2} it begins anew, and what "
                           "git no longer has stays",
                           chunk, NameOf(hash, chunk), hash)};
}

// [apiVersion, kind, namespace, name, uid, keep]
Result<std::map<ObjectKey, InventoryEntry>> DecodeEntries(const std::string& text) {
  const Json json = cluster::ParseJson(text);
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

std::optional<std::size_t> ReadCount(const std::string& text) {
  std::size_t count = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, failed] = std::from_chars(text.data(), end, count);
  if (text.empty() || failed != std::errc() || stopped != end) return std::nullopt;
  return count;
}

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

std::optional<std::size_t> Inventory::NextToStore() const {
  if (!chunks_.empty() && chunks_.front().resource_version.empty()) return 0;
  for (std::size_t chunk = 1; chunk < chunks_.size(); ++chunk) {
    if (chunks_[chunk].changed) return chunk;
  }
  if (!chunks_.empty() && chunks_.front().changed) return 0;
  return std::nullopt;
}

Json Inventory::Encode(std::size_t chunk, const std::string& namespace_, const std::string& hash) const {
  Json rows = Json::array();
  for (const auto& [key, entry] : chunks_[chunk].entries) {
    rows.push_back({key.kind.api_version, key.kind.kind, key.namespace_, key.name, entry.uid, entry.keep});
  }
  const std::string text = rows.dump();
  const std::string parts = chunk == 0 ? std::to_string(std::max<std::size_t>(1, stored_chunks())) : "";
  Json metadata = {{"name", NameOf(hash, chunk)}, {"namespace", namespace_}, {"labels", {{kInventoryLabel, hash}}}};
  if (!chunks_[chunk].resource_version.empty()) metadata["resourceVersion"] = chunks_[chunk].resource_version;
  return {{"apiVersion", "v1"},
          {"kind", "ConfigMap"},
          {"metadata", std::move(metadata)},
          {"data", {{"entries", text}, {"parts", parts}, {"checksum", ChecksumOf(text, parts)}}}};
}

std::size_t Inventory::stored_chunks() const {
  return static_cast<std::size_t>(std::count_if(chunks_.begin(), chunks_.end(),
                                                [](const Chunk& chunk) { return !chunk.resource_version.empty(); }));
}

void Inventory::Stored(std::size_t chunk, const std::string& resource_version) {
  // The first one says how many there are, once they are.
  if (chunk > 0 && chunks_[chunk].resource_version.empty()) chunks_.front().changed = true;
  chunks_[chunk].resource_version = resource_version;
  chunks_[chunk].changed = false;
}

Result<Inventory> Inventory::Decode(const std::vector<Json>& config_maps, const std::string& hash,
                                    std::size_t at_least) {
  std::map<std::size_t, const Json*> found;
  const std::string prefix = fmt::format("sluice-inventory-{}-", hash);
  for (const Json& object : config_maps) {
    const std::string name = object.at("metadata").value("name", "");
    if (name.rfind(prefix, 0) != 0) continue;
    if (const auto chunk = ReadCount(name.substr(prefix.size()))) found[*chunk] = &object;
  }
  Inventory inventory;
  for (const auto& [number, object] : found) {
    if (number != inventory.chunks_.size()) return Missing(hash, inventory.chunks_.size());
    const std::string text = cluster::Text(*object, {"data", "entries"});
    const std::string parts = cluster::Text(*object, {"data", "parts"});
    if (!cluster::Says(*object, {"data", "checksum"}, ChecksumOf(text, parts))) {
      return Error{ErrorCode::kInvalid, fmt::format("the inventory's part {} has a wrong checksum: nothing is changed "
                                                    "until ConfigMap {} is restored",
                                                    number, NameOf(hash, number))};
    }
    if (number == 0) at_least = std::max(at_least, ReadCount(parts).value_or(1));
    auto entries = DecodeEntries(text);
    if (!entries) return std::move(entries).error().Within(fmt::format("the inventory's part {}", number));
    inventory.chunks_.push_back(
        {std::move(entries).value(), object->at("metadata").value("resourceVersion", ""), false});
  }
  if (inventory.chunks_.size() < at_least) return Missing(hash, inventory.chunks_.size());
  return inventory;
}

}  // namespace sluice::sync
