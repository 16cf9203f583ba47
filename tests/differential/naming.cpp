#include "tests/differential/naming.h"

#include <functional>
#include <iterator>
#include <utility>

#include <fmt/format.h>

namespace sluice::cluster {
namespace {

// Calls `visit` with each object in `said`.
void EachObject(Json& json, const std::function<void(Json&)>& visit) {
  if (json.is_object() && json.contains("metadata") && json.contains("kind")) return visit(json);
  if (!json.is_structured()) return;
  if (json.is_array()) {
    for (Json& inner : cluster::Items(json)) EachObject(inner, visit);
    return;
  }
  const Json members = json;
  for (const auto& [name, inner] : members.items()) EachObject(json[name], visit);
}

void ReplaceAll(std::string& text, const std::string& what, const std::string& with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

// Of maps it doesn't count who owns them, only who owns what is in them.
void DropDots(Json& fields) {
  std::vector<std::string> emptied;
  const Json members = fields;
  for (const auto& [name, member] : members.items()) {
    if (!member.is_object() || name == ".") continue;
    Json& inner = fields[name];
    const bool leaf = member.empty();
    if (name.starts_with("f:")) inner.erase(".");
    DropDots(inner);
    if (inner.empty() && !leaf) emptied.push_back(name);
  }
  for (const std::string& name : emptied) fields.erase(name);
}

// Nor whose the maps and lists themselves are that an update leaves empty.
void DropContainers(Json& fields) {
  std::vector<std::string> emptied;
  const Json members = fields;
  for (const auto& [name, member] : members.items()) {
    static const std::set<std::string> kContainers = {"f:labels",
                                                      "f:annotations",
                                                      "f:data",
                                                      "f:binaryData",
                                                      "f:ports",
                                                      "f:env",
                                                      "f:finalizers",
                                                      "f:ownerReferences",
                                                      "f:rollingUpdate",
                                                      "f:resources",
                                                      "f:requests",
                                                      "f:ordinals",
                                                      "f:sessionAffinityConfig",
                                                      "f:clientIP",
                                                      "f:behavior",
                                                      "f:scaleDown"};
    Json& inner = fields[name];
    const bool leaf = member.empty();
    DropContainers(inner);
    if (inner.empty() && (!leaf || kContainers.contains(name))) emptied.push_back(name);
  }
  for (const std::string& name : emptied) fields.erase(name);
}

}  // namespace

void Naming::Note(Json& said) {
  EachObject(said, [this](Json& object) {
    const std::string uid = Text(object, {"metadata", "uid"});
    if (uid.empty()) return;
    if (!versions_.contains(uid)) uids_.push_back(uid);
    versions_[uid].insert(std::stoull(Text(object, {"metadata", "resourceVersion"}, "0")));
  });
}

void Naming::Apply(Json& said) const {
  EachObject(said, [this](Json& object) { Plain(object); });
  std::string text = said.dump();
  for (std::size_t i = 0; i < uids_.size(); ++i) ReplaceAll(text, uids_[i], fmt::format("uid {}", i + 1));
  ReplaceAll(text, space_, "namespace");
  said = cluster::ParseJson(text);
}

void Naming::Plain(Json& object) const {
  Json& metadata = object["metadata"];
  const auto of_uid = versions_.find(Text(object, {"metadata", "uid"}));
  if (of_uid != versions_.end()) {
    const auto version = of_uid->second.find(std::stoull(Text(object, {"metadata", "resourceVersion"}, "0")));
    metadata["resourceVersion"] = fmt::format("version {}", std::distance(of_uid->second.begin(), version) + 1);
  }
  for (const char* time : {"creationTimestamp", "deletionTimestamp"}) {
    if (metadata.contains(time)) metadata[time] = "time";
  }
  Json managers = Json::object();
  for (const Json& entry : List(object, {"metadata", "managedFields"})) {
    Json fields = entry.value("fieldsV1", Json::object());
    DropDots(fields);
    std::string name =
        fmt::format("{} {} {}", Text(entry, {"manager"}), Text(entry, {"operation"}), Text(entry, {"apiVersion"}));
    if (entry.contains("subresource")) name += " " + Text(entry, {"subresource"});
    if (Says(entry, {"operation"}, "Update")) DropContainers(fields);
    if (!fields.empty()) managers[name] = std::move(fields);
  }
  metadata["managedFields"] = std::move(managers);
}

}  // namespace sluice::cluster
