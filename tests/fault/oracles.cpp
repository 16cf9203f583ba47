#include "tests/fault/oracles.h"

#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>

#include <fmt/format.h>

#include "compiler/graph/names.h"
#include "reconciler/cluster/cluster.h"

namespace sluice::execute {
namespace {

using cluster::Json;

constexpr const char* kEntries = "entries";  // of an inventory's data
constexpr std::size_t kMostOfLine = 600;

bool IsOfControllers(const cluster::Kind& kind) {
  static constexpr std::array<std::string_view, 8> kKinds = {
      "Pod", "ReplicaSet", "EndpointSlice", "Event", "Lease", "ControllerRevision", "PersistentVolumeClaim", "Node"};
  return std::find(kKinds.begin(), kKinds.end(), kind.kind) != kKinds.end();
}

std::string LabelOf(const Json& object, const char* label) {
  return cluster::Text(object, {"metadata", "labels", label});
}

// Bundles are named by their content and collected by who walks the rollout; what a rollout has taken is its own.
bool IsListed(const Json& object) {
  return !LabelOf(object, graph::kPlanSetLabel).empty() && !cluster::Says(object, {"kind"}, graph::kBundleKind) &&
         cluster::Find(object, {"metadata", "annotations", graph::kOwnerAnnotation}) == nullptr;
}

// Uids by key.
std::map<std::string, std::string> EntriesOf(const Json& chunk) {
  std::map<std::string, std::string> entries;
  const std::string text = cluster::Text(chunk, {"data", kEntries});
  if (LabelOf(chunk, sync::kInventoryLabel).empty() || text.empty()) return entries;
  for (const Json& row : Json::parse(text)) {
    entries[cluster::ToString({{row[0], row[1]}, row[2], row[3]})] = row[4];
  }
  return entries;
}

}  // namespace

std::vector<Json> ObjectsOf(const Scene& scene) {
  std::vector<Json> all;
  for (const embedded::Object& object : scene.embedded->store().List({}, "", {})) {
    if (!IsOfControllers(object.key().kind)) all.push_back(*object);
  }
  return all;
}

std::string Wanted(const Json& object) {
  Json plain = object;
  plain.erase("status");
  Json& metadata = plain["metadata"];
  for (const char* field : {"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields"}) {
    metadata.erase(field);
  }
  if (metadata.contains("annotations")) {
    for (const char* name : {graph::kEpochAnnotation, decide::kSplitAnnotation, graph::kOwnerAnnotation}) {
      metadata["annotations"].erase(name);
    }
  }
  // Of a Job, what it has from its uid and from the time at which it was made.
  if (cluster::Says(plain, {"kind"}, graph::kJobKind)) {
    plain["spec"].erase("selector");
    plain["spec"].erase("activeDeadlineSeconds");
    plain["spec"]["template"].erase("metadata");
    metadata["labels"].erase("controller-uid");
    metadata["labels"].erase("batch.kubernetes.io/controller-uid");
  }
  // The inventory and the source's state are looked at by what they say of objects.
  const Json labels = metadata.value("labels", Json::object());
  if (labels.contains(sync::kInventoryLabel) || labels.contains(graph::kSourceLabel)) plain.erase("data");
  return plain.dump();
}

std::string LinesDiffer(const std::string& wanted, const std::string& found) {
  const auto lines = [](const std::string& text) {
    std::istringstream in(text);
    std::set<std::string> all;
    for (std::string line; std::getline(in, line);) all.insert(line.substr(0, kMostOfLine));
    return all;
  };
  const std::set<std::string> should = lines(wanted), is = lines(found);
  std::string text;
  for (const std::string& line : is) text += should.contains(line) ? "" : "\n+ " + line;
  for (const std::string& line : should) text += is.contains(line) ? "" : "\n- " + line;
  return text.empty() && wanted != found ? "in long lines" : text;
}

std::string InventoryDiffers(const std::vector<Json>& objects) {
  std::map<std::string, std::string> uids, entries;
  std::string text;
  for (const Json& object : objects) {
    uids[cluster::ToString(cluster::KeyOf(object))] = object.at("metadata").at("uid");
    entries.merge(EntriesOf(object));
  }
  for (const auto& [key, uid] : entries) {
    if (!uids.contains(key) || uids[key] != uid) text += "listed and not there: " + key + " ";
  }
  for (const Json& object : objects) {
    const std::string key = cluster::ToString(cluster::KeyOf(object));
    if (IsListed(object) && !entries.contains(key)) {
      text += "there and not listed: " + key + " ";
    }
  }
  return text;
}

std::string Summary(const decide::Status& status) {
  std::string text = fmt::format("{} {} stable {} candidate {}, promoted", PhaseName(status.phase),
                                 HoldName(status.hold), status.stable, status.candidate);
  for (const auto& revision : status.promoted) text += " " + revision;
  text += ", held";
  for (const auto& held : status.held) text += " " + held.revision + (held.lifted ? " (lifted)" : "");
  text += ", routed";
  for (const auto& [revision, share] : status.applied.shares) text += fmt::format(" {} {}", revision, share.ToString());
  text += ", pods";
  for (const auto& [revision, pods] : status.applied.pods) text += fmt::format(" {} {}", revision, pods);
  for (const auto& run : status.history)
    text += fmt::format("; run {} of {} {}", run->run, run->revision, run->outcome);
  return text;
}

void Witness::Attend(Scene& scene) {
  for (const Json& object : ObjectsOf(scene)) SeeInventory(scene, object);
  scene.embedded->Observe([this, &scene](const embedded::Change& change) { See(scene, change); });
}

void Witness::See(const Scene& scene, const embedded::Change& change) {
  const cluster::ObjectKey& key = change.object.key();
  if (IsOfControllers(key.kind) || key.kind.kind == graph::kCommandKind) return;
  const std::string name = cluster::ToString(key);
  if (change.type == cluster::EventType::kDeleted) {
    if (key.kind.kind != graph::kBundleKind) ++gone[name];
    return;
  }
  SeeInventory(scene, *change.object);
  if (change.type != cluster::EventType::kAdded) return;
  if (key.kind.kind != graph::kBundleKind) ++made[name];
  if (!IsListed(*change.object)) return;
  const bool listed =
      std::any_of(inventory_.begin(), inventory_.end(), [&](const auto& chunk) { return chunk.second.contains(name); });
  if (!listed) broken.push_back("made before the inventory named it: " + name);
}

void Witness::SeeInventory(const Scene& scene, const Json& chunk) {
  if (LabelOf(chunk, sync::kInventoryLabel).empty()) return;
  auto& known = inventory_[cluster::ToString(cluster::KeyOf(chunk))];
  auto entries = EntriesOf(chunk);
  for (const auto& [name, uid] : known) {
    if (entries.contains(name) || uid.empty()) continue;
    const auto rollouts = scene.embedded->PeekAll({graph::kApiVersion, graph::kRolloutKind});
    for (const Json& object : ObjectsOf(scene)) {
      const bool same = cluster::ToString(cluster::KeyOf(object)) == name && object.at("metadata").at("uid") == uid;
      // What a rollout takes over is marked by it a little later.
      const bool taken = !LabelOf(object, graph::kServiceLabel).empty() && !rollouts.empty();
      if (same && IsListed(object) && !taken) {
        broken.push_back("left the inventory while it was there: " + name);
      }
    }
  }
  known = std::move(entries);
}

}  // namespace sluice::execute
