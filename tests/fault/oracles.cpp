#include "tests/fault/oracles.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <sstream>
#include <string_view>

#include <fmt/format.h>

#include "compiler/graph/names.h"
#include "reconciler/decide/decide.h"
#include "reconciler/execute/status_codec.h"
#include "reconciler/sync/inventory.h"

namespace sluice::execute {
namespace {

using cluster::Json;

constexpr const char* kEntries = "entries";  // of an inventory's data
constexpr std::size_t kMostOfLine = 600;

std::string LabelOf(const Json& object, const char* label) {
  return cluster::Text(object, {"metadata", "labels", label});
}

// Bundles are named by their content and collected by who walks the rollout; what a rollout has taken is its own.
bool IsListed(const Json& object) {
  return !LabelOf(object, graph::kPlanSetLabel).empty() && !cluster::Says(object, {"kind"}, graph::kBundleKind) &&
         cluster::Find(object, {"metadata", "annotations", graph::kOwnerAnnotation}) == nullptr;
}

bool IsOfService(const Json& object) { return !LabelOf(object, graph::kServiceLabel).empty(); }

// Uids by key.
std::map<std::string, std::string> EntriesOf(const Json& chunk) {
  std::map<std::string, std::string> entries;
  const std::string text = cluster::Text(chunk, {"data", kEntries});
  if (LabelOf(chunk, sync::kInventoryLabel).empty() || text.empty()) return entries;
  const Json rows = cluster::ParseJson(text);
  for (const Json& row : rows) {
    entries[cluster::ToString({{row[0], row[1]}, row[2], row[3]})] = row[4];
  }
  return entries;
}

}  // namespace

bool IsOfControllers(const cluster::Kind& kind) {
  static constexpr std::array<std::string_view, 8> kKinds = {
      "Pod", "ReplicaSet", "EndpointSlice", "Event", "Lease", "ControllerRevision", "PersistentVolumeClaim", "Node"};
  return std::find(kKinds.begin(), kKinds.end(), kind.kind) != kKinds.end();
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
  // Given by an API server that has addresses to give.
  if (cluster::Says(plain, {"kind"}, "Service")) {
    plain["spec"].erase("clusterIP");
    plain["spec"].erase("clusterIPs");
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

void Witness::Begin(const std::vector<Json>& objects) {
  for (const Json& object : objects) {
    const std::string name = cluster::ToString(cluster::KeyOf(object));
    there_[name] = {cluster::Text(object, {"metadata", "uid"}), IsListed(object), IsOfService(object), 0};
    SeeInventory(name, object);
    SeeRollout(name, object);
  }
}

void Witness::See(cluster::EventType type, const Json& object) {
  const cluster::ObjectKey key = cluster::KeyOf(object);
  if (IsOfControllers(key.kind) || key.kind.kind == graph::kCommandKind) return;
  const std::string name = cluster::ToString(key);
  if (type == cluster::EventType::kDeleted) {
    if (key.kind.kind != graph::kBundleKind) ++gone[name];
    return SeeGone(name, object);
  }
  SeeRollout(name, object);
  There& there = there_[name];
  const std::string uid = cluster::Text(object, {"metadata", "uid"});
  if (there.uid != uid) there = {uid, false, false, 0};
  there.listed = IsListed(object);
  there.of_service = IsOfService(object);
  SeeEpoch(name, object, there);
  SeeInventory(name, object);
  if (type != cluster::EventType::kAdded) return;
  if (key.kind.kind != graph::kBundleKind) ++made[name];
  if (!IsListed(object)) return;
  const bool listed =
      std::any_of(inventory_.begin(), inventory_.end(), [&](const auto& chunk) { return chunk.second.contains(name); });
  if (!listed) broken.push_back("made before the inventory named it: " + name);
}

void Witness::SeeInventory(const std::string& name, const Json& chunk) {
  if (LabelOf(chunk, sync::kInventoryLabel).empty()) return;
  auto& known = inventory_[name];
  auto entries = EntriesOf(chunk);
  for (const auto& [entry, uid] : known) {
    if (entries.contains(entry) || uid.empty()) continue;
    const auto found = there_.find(entry);
    if (found == there_.end() || found->second.uid != uid || !found->second.listed) continue;
    // What a rollout takes over is marked by it a little later.
    if (found->second.of_service && !rollouts_.empty()) continue;
    broken.push_back("left the inventory while it was there: " + entry);
  }
  known = std::move(entries);
}

void Witness::SeeRollout(const std::string& name, const Json& rollout) {
  if (!cluster::Says(rollout, {"kind"}, graph::kRolloutKind)) return;
  rollouts_[name] = {cluster::Text(rollout, {"metadata", "uid"}), cluster::Text(rollout, {"status", "stable"}),
                     cluster::Find(rollout, {"metadata", "deletionTimestamp"}) != nullptr};
}

void Witness::SeeGone(const std::string& name, const Json& object) {
  there_.erase(name);
  rollouts_.erase(name);
  if (!cluster::Says(object, {"kind"}, "Deployment")) return;
  const std::string revision = LabelOf(object, graph::kRevisionLabel);
  const std::string owner = cluster::Text(object, {"metadata", "annotations", graph::kOwnerAnnotation});
  if (revision.empty() || owner.empty() || excused_.contains(cluster::Text(object, {"metadata", "uid"}))) return;
  for (const auto& [rollout, state] : rollouts_) {
    if (state.uid == owner && state.stable == revision && !state.ends) {
      broken.push_back("stable's Deployment was deleted: " + name);
    }
  }
}

// A process that another followed writes nothing any more, not even what it sent before. Who lets go of an object takes
// the mark off.
void Witness::SeeEpoch(const std::string& name, const Json& object, There& there) {
  const std::string written = cluster::Text(object, {"metadata", "annotations", graph::kEpochAnnotation});
  const std::int64_t epoch = cluster::Says(object, {"kind"}, graph::kRolloutKind)
                                 ? cluster::Integer(object, {"status", "epoch"}, 0)
                                 : std::atoll(written.c_str());
  if (epoch != 0 && epoch < there.epoch) {
    broken.push_back(fmt::format("written by epoch {} after epoch {}: {}", epoch, there.epoch, name));
  }
  there.epoch = epoch;
}

}  // namespace sluice::execute
