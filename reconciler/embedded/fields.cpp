#include "reconciler/embedded/fields.h"

#include <charconv>
#include <functional>
#include <utility>

namespace sluice::embedded {

namespace {

bool Ready(const Json& pod) {
  const Json* condition = Condition(pod, "Ready");
  return condition != nullptr && Says(*condition, {"status"}, "True");
}

}  // namespace

Object::Object(ObjectKey key, Json json, Size size)
    : held_(std::make_shared<const Held>(std::move(key), std::move(json), size)) {}

Object::Held::Held(ObjectKey its_key, Json object, Size its_size)
    : json(std::move(object)),
      key(std::move(its_key)),
      uid(UidOf(json)),
      version(VersionOf(json)),
      size(its_size),
      terminating(Terminating(json)),
      ready(Ready(json)),
      phase(Text(json, {"status", "phase"})) {}

// The name tells most objects apart, and what it doesn't tell apart is few.
std::size_t KeyHash::operator()(const ObjectKey& key) const {
  const std::hash<std::string> hash;
  return hash(key.name) * 31 + hash(key.kind.kind);
}

Object PutIn(ObjectSet& objects, const Object& object) {
  const auto [found, fresh] = objects.insert(object);
  // The set's order hangs on the key alone, and that is the same.
  return fresh ? nullptr : std::exchange(const_cast<Object&>(*found), object);
}

void Default(Json& object, const char* name, Json value) {
  if (!object.contains(name)) object[name] = std::move(value);
}

void SetCount(Json& status, const char* name, std::int64_t count) {
  if (count == 0) {
    status.erase(name);
  } else {
    status[name] = count;
  }
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

bool HasLabels(const Json& object, const cluster::LabelSelector& labels) {
  if (labels.empty()) return true;
  const Json* own = Find(object, {"metadata", "labels"});
  if (own == nullptr || !own->is_object()) return false;
  for (const auto& [name, value] : labels) {
    auto found = own->find(name);
    if (found == own->end() || (value && *found != *value)) return false;
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
  const auto same = [&](const Json& other, const char* name) {
    const Json* a = Find(condition, {name});
    const Json* b = Find(other, {name});
    return a != nullptr && b != nullptr && *a == *b;
  };
  for (Json& present : Items(conditions)) {
    if (!same(present, "type")) continue;
    const bool flipped = !same(present, "status");
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
