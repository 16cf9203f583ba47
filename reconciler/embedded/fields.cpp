#include "reconciler/embedded/fields.h"

#include <charconv>
#include <functional>
#include <utility>

namespace sluice::embedded {

Object::Object(Json json) {
  ObjectKey key = cluster::KeyOf(json);
  std::string uid = UidOf(json);
  std::uint64_t version = VersionOf(json);
  held_ = std::make_shared<const Held>(Held{std::move(json), std::move(key), std::move(uid), version});
}

// The name tells most objects apart, and what it doesn't tell apart is few.
std::size_t KeyHash::operator()(const ObjectKey& key) const {
  const std::hash<std::string> hash;
  return hash(key.name) * 31 + hash(key.kind.kind);
}

Object PutIn(ObjectSet& objects, const Object& object) {
  auto node = objects.extract(object);
  if (node.empty()) {
    objects.insert(object);
    return nullptr;
  }
  Object before = std::exchange(node.value(), object);
  objects.insert(std::move(node));
  return before;
}

const Json* Find(const Json& json, Path path) {
  const Json* at = &json;
  for (std::string_view name : path) {
    if (!at->is_object()) return nullptr;
    auto found = at->find(name);
    if (found == at->end()) return nullptr;
    at = &*found;
  }
  return at;
}

std::string Text(const Json& json, Path path, std::string_view otherwise) {
  const Json* found = Find(json, path);
  return found != nullptr && found->is_string() ? found->get<std::string>() : std::string(otherwise);
}

bool Says(const Json& json, Path path, std::string_view text) {
  const Json* found = Find(json, path);
  const auto* said = found == nullptr ? nullptr : found->get_ptr<const std::string*>();
  return said != nullptr && *said == text;
}

std::int64_t Integer(const Json& json, Path path, std::int64_t otherwise) {
  const Json* found = Find(json, path);
  return found != nullptr && found->is_number() ? found->get<std::int64_t>() : otherwise;
}

bool Flag(const Json& json, Path path, bool otherwise) {
  const Json* found = Find(json, path);
  return found != nullptr && found->is_boolean() ? found->get<bool>() : otherwise;
}

const Json& List(const Json& json, Path path) {
  static const Json kEmpty = Json::array();
  const Json* found = Find(json, path);
  return found != nullptr && found->is_array() ? *found : kEmpty;
}

std::map<std::string, std::string> LabelsOf(const Json& object) {
  std::map<std::string, std::string> labels;
  const Json* found = Find(object, {"metadata", "labels"});
  if (found == nullptr || !found->is_object()) return labels;
  for (const auto& [name, value] : found->items()) {
    if (value.is_string()) labels[name] = value.get<std::string>();
  }
  return labels;
}

bool Selects(const Json& selector, const Json& object) {
  if (!selector.is_object() || selector.empty()) return false;
  const Json* labels = Find(object, {"metadata", "labels"});
  if (labels == nullptr || !labels->is_object()) return false;
  for (const auto& [name, value] : selector.items()) {
    auto found = labels->find(name);
    if (found == labels->end() || *found != value) return false;
  }
  return true;
}

bool HasLabels(const Json& object, const std::map<std::string, std::string>& labels) {
  if (labels.empty()) return true;
  const Json* own = Find(object, {"metadata", "labels"});
  if (own == nullptr || !own->is_object()) return false;
  for (const auto& [name, value] : labels) {
    auto found = own->find(name);
    if (found == own->end() || *found != value) return false;
  }
  return true;
}

bool Terminating(const Json& object) { return Find(object, {"metadata", "deletionTimestamp"}) != nullptr; }

const Json* ControllerOf(const Json& object) {
  for (const Json& owner : List(object, {"metadata", "ownerReferences"})) {
    if (Flag(owner, {"controller"})) return &owner;
  }
  return nullptr;
}

std::string UidOf(const Json& object) { return Text(object, {"metadata", "uid"}); }

std::uint64_t VersionOf(const Json& object) {
  std::string text = Text(object, {"metadata", "resourceVersion"});
  std::uint64_t version = 0;
  std::from_chars(text.data(), text.data() + text.size(), version);
  return version;
}

std::string Seconds(TimePoint time) {
  std::string text = FormatTime(std::chrono::floor<std::chrono::seconds>(time));
  auto point = text.find('.');
  return point == std::string::npos ? text : text.substr(0, point) + "Z";
}

TimePoint TimeAt(const Json& json, Path path, TimePoint otherwise) {
  TimePoint time = otherwise;
  ParseTime(Text(json, path), time);
  return time;
}

const Json* Condition(const Json& object, std::string_view type) {
  for (const Json& condition : List(object, {"status", "conditions"})) {
    if (Says(condition, {"type"}, type)) return &condition;
  }
  return nullptr;
}

void SetCondition(Json& conditions, Json condition, TimePoint now) {
  if (!conditions.is_array()) conditions = Json::array();
  for (Json& present : conditions) {
    if (Text(present, {"type"}) != Text(condition, {"type"})) continue;
    bool flipped = Text(present, {"status"}) != Text(condition, {"status"});
    condition["lastTransitionTime"] = flipped ? Seconds(now) : Text(present, {"lastTransitionTime"}, Seconds(now));
    present = std::move(condition);
    return;
  }
  condition["lastTransitionTime"] = Seconds(now);
  conditions.push_back(std::move(condition));
}

std::int64_t Scaled(const Json* value, std::int64_t total, bool up, std::int64_t otherwise) {
  if (value == nullptr) return otherwise;
  if (value->is_number_integer()) return value->get<std::int64_t>();
  if (!value->is_string()) return otherwise;
  std::string text = value->get<std::string>();
  std::int64_t percent = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), percent);
  if (error != std::errc() || end != text.data() + text.size() - 1 || *end != '%') return otherwise;
  return up ? (percent * total + 99) / 100 : percent * total / 100;
}

}  // namespace sluice::embedded
