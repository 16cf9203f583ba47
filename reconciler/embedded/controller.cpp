#include "reconciler/embedded/controller.h"

#include <algorithm>
#include <utility>

namespace sluice::embedded {
namespace {

std::string LabelKey(const Kind& kind, const std::string& namespace_, const std::string& name,
                     const std::string& value) {
  return kind.kind + "\n" + namespace_ + "\n" + name + "=" + value;
}

// How much of a name generateName keeps.
constexpr std::size_t kMaxGeneratedName = 58;

// Kubernetes' names are of letters and digits that spell nothing.
std::string Suffix(std::uint64_t number) {
  static constexpr std::string_view kLetters = "bcdfghjklmnpqrstvwxz2456789";
  std::string text;
  for (int i = 0; i < 5; ++i, number /= kLetters.size()) text += kLetters[number % kLetters.size()];
  return text;
}

}  // namespace

View::View(Watches& watches, std::vector<Kind> kinds, FindBy find_by, OnChange on_change)
    : watches_(watches), find_by_(find_by), on_change_(std::move(on_change)), waiting_(kinds.size()) {
  for (Kind& kind : kinds) {
    ids_.push_back(watches_.Watch({std::move(kind), "", {}},
                                  [this](cluster::EventType type, const Object& object) { OnEvent(type, object); }));
  }
}

View::~View() {
  for (cluster::WatchId id : ids_) watches_.Cancel(id);
}

Object View::Find(const ObjectKey& key) const {
  auto found = objects_.find(key);
  return found == objects_.end() ? nullptr : *found;
}

std::vector<Object> View::OfKind(const Kind& kind) const {
  std::vector<Object> of_kind;
  for (const Object& object : objects_) {
    if (object.key().kind == kind) of_kind.push_back(object);
  }
  std::sort(of_kind.begin(), of_kind.end(), [](const Object& a, const Object& b) { return a.key() < b.key(); });
  return of_kind;
}

std::vector<Object> View::OwnedBy(const std::string& uid) const {
  std::vector<Object> owned;
  auto found = index_.find(uid);
  if (found == index_.end()) return owned;
  for (const ObjectKey& key : found->second) owned.push_back(*objects_.find(key));
  return owned;
}

std::vector<Object> View::Selected(const Kind& kind, const std::string& namespace_, const Json& selector) const {
  std::vector<Object> selected;
  if (!selector.is_object() || selector.empty()) return selected;
  const std::set<ObjectKey>* least = nullptr;
  for (const auto& [name, value] : selector.items()) {
    if (!value.is_string()) return selected;
    auto found = index_.find(LabelKey(kind, namespace_, name, value.get<std::string>()));
    if (found == index_.end()) return selected;
    if (least == nullptr || found->second.size() < least->size()) least = &found->second;
  }
  for (const ObjectKey& key : *least) {
    const Object& object = *objects_.find(key);
    if (Selects(selector, *object)) selected.push_back(object);
  }
  return selected;
}

void View::AssumeDeleted(const ObjectKey& key, const std::string& uid) {
  auto found = objects_.find(key);
  if (found == objects_.end() || found->uid() != uid) return;
  deleted_.insert(uid);
  Drop(key);
}

void View::AssumeLeft(const Object& object, const Object& left) {
  if (left == nullptr || left.uid() != object.uid()) {
    AssumeDeleted(object.key(), object.uid());
  } else {
    Assume(left);
  }
}

void View::OnEvent(cluster::EventType type, const Object& object) {
  if (type == cluster::EventType::kSynced) {
    if (waiting_ > 0 && --waiting_ == 0) {
      std::vector<Object> present(objects_.begin(), objects_.end());
      std::sort(present.begin(), present.end(), [](const Object& a, const Object& b) { return a.key() < b.key(); });
      for (const Object& each : present) on_change_(each.key(), nullptr, each);
    }
    return;
  }
  if (type != cluster::EventType::kDeleted) {
    if (deleted_.contains(object.uid())) return;
    auto before = Put(object);
    if (before && synced()) on_change_(object.key(), *before, object);
    return;
  }
  deleted_.erase(object.uid());
  auto found = objects_.find(object.key());
  if (found != objects_.end() && found->uid() == object.uid()) Drop(object.key());
}

std::optional<Object> View::Put(const Object& object) {
  const ObjectKey& key = object.key();
  Object before = Find(key);
  if (before != nullptr && before.version() >= object.version()) return std::nullopt;
  if (before == nullptr || !IndexedAlike(*before, *object)) {
    if (before != nullptr) Index(key, *before, false);
    Index(key, *object, true);
  }
  PutIn(objects_, object);
  return before;
}

void View::Drop(const ObjectKey& key) {
  const auto node = objects_.extract(objects_.find(key));
  const Object& before = node.value();
  Index(before.key(), *before, false);
  if (synced()) on_change_(before.key(), before, nullptr);
}

// Most writes touch neither labels nor owners.
bool View::IndexedAlike(const Json& a, const Json& b) const {
  if (find_by_ == FindBy::kKey) return true;
  const char* name = find_by_ == FindBy::kOwner ? "ownerReferences" : "labels";
  const Json* of_a = embedded::Find(a, {"metadata", name});
  const Json* of_b = embedded::Find(b, {"metadata", name});
  return of_a == nullptr || of_b == nullptr ? of_a == of_b : *of_a == *of_b;
}

void View::Index(const ObjectKey& key, const Json& object, bool add) {
  auto change = [&](const std::string& name) {
    if (add) {
      index_[name].insert(key);
      return;
    }
    auto found = index_.find(name);
    found->second.erase(key);
    if (found->second.empty()) index_.erase(found);
  };
  const Json* owner = find_by_ == FindBy::kOwner ? ControllerOf(object) : nullptr;
  if (owner != nullptr) change(Text(*owner, {"uid"}));
  if (find_by_ != FindBy::kLabels) return;
  for (const auto& [name, value] : LabelsOf(object)) change(LabelKey(key.kind, key.namespace_, name, value));
}

Queue::~Queue() {
  for (const auto& [key, turn] : turns_) loop_.Cancel(turn.timer);
}

void Queue::AddAt(const ObjectKey& key, TimePoint time) {
  auto [found, fresh] = turns_.try_emplace(key, Turn{time});
  if (!fresh) {
    if (found->second.at <= time) return;
    loop_.Cancel(found->second.timer);
  }
  found->second.at = time;
  found->second.timer = loop_.At(time, [this, key] {
    turns_.erase(key);
    work_(key);
  });
}

Json PodOf(const Json& owner, const Json& pod_template, const std::string& name) {
  Json pod = pod_template;
  pod["apiVersion"] = "v1";
  pod["kind"] = "Pod";
  Json& metadata = pod["metadata"];
  metadata["namespace"] = Text(owner, {"metadata", "namespace"});
  metadata["name"] = name;
  metadata["ownerReferences"] = Json::array();
  metadata["ownerReferences"].push_back(ControllerReference(owner));
  return pod;
}

Json PodOf(const Json& owner, std::uint64_t number) {
  const std::string prefix = (Text(owner, {"metadata", "name"}) + "-").substr(0, kMaxGeneratedName);
  return PodOf(owner, *Find(owner, {"spec", "template"}), prefix + Suffix(number));
}

std::optional<TimePoint> AvailableFrom(const Object& pod, std::int64_t min_ready_seconds) {
  if (!pod.ready()) return std::nullopt;
  if (min_ready_seconds <= 0) return TimePoint{};
  return TimeAt(*Condition(*pod, "Ready"), {"lastTransitionTime"}) + std::chrono::seconds(min_ready_seconds);
}

Json ControllerReference(const Json& owner) {
  ObjectKey key = cluster::KeyOf(owner);
  return JsonOf("apiVersion", key.kind.api_version, "blockOwnerDeletion", true, "controller", true, "kind",
                key.kind.kind, "name", key.name, "uid", UidOf(owner));
}

}  // namespace sluice::embedded
