#include "reconciler/embedded/garbage_collector.h"

#include <algorithm>

#include "reconciler/embedded/kinds.h"

namespace sluice::embedded {
namespace {

bool HasFinalizer(const Json& object, std::string_view finalizer) {
  const Json& all = embedded::List(object, {"metadata", "finalizers"});
  return std::find(all.begin(), all.end(), finalizer) != all.end();
}

bool Waits(const Json& object) {
  return HasFinalizer(object, kOrphanFinalizer) || HasFinalizer(object, kForegroundFinalizer);
}

// Where the owner is that an owner reference of `dependent` names.
ObjectKey OwnerKey(const Json& owner, const ObjectKey& dependent) {
  Kind kind{Text(owner, {"apiVersion"}), Text(owner, {"kind"})};
  const std::string namespace_ = ClusterScoped(kind) ? "" : dependent.namespace_;
  return {std::move(kind), namespace_, Text(owner, {"name"})};
}

}  // namespace

GarbageCollector::GarbageCollector(loop::Loop& loop, Store& store, Watches& watches, const Lag& lag, std::uint64_t seed)
    : loop_(loop),
      store_(store),
      watches_(watches),
      queue_(loop, lag, seed, "garbage collector", [this](const ObjectKey& key) { Reconcile(key); }),
      watch_(watches.Watch({}, [this](cluster::EventType type, const Object& object) { OnEvent(type, object); })) {}

GarbageCollector::~GarbageCollector() { watches_.Cancel(watch_); }

void GarbageCollector::OnEvent(cluster::EventType type, const Object& object) {
  if (type == cluster::EventType::kSynced) return;
  const ObjectKey& key = object.key();
  bool gone = type == cluster::EventType::kDeleted;
  for (const Json& owner : embedded::List(*object, {"metadata", "ownerReferences"})) {
    auto& of_owner = dependents_[Text(owner, {"uid"})];
    if (gone) {
      of_owner.erase(key);
      queue_.Add(OwnerKey(owner, key));  // it may have waited for this one
    } else if (of_owner.insert(key).second) {
      queue_.Add(key);  // its owner may have gone before it came
    }
  }
  if (gone) {
    auto orphans = dependents_.find(object.uid());
    if (orphans != dependents_.end()) {
      for (const ObjectKey& orphan : orphans->second) queue_.Add(orphan);
      dependents_.erase(orphans);
    }
    ObjectKey within{kNamespace, "", key.namespace_};
    Object namespace_ = key.namespace_.empty() ? nullptr : store_.Find(within);
    if (namespace_ != nullptr && namespace_.terminating()) queue_.Add(within);
  } else if (object.terminating() && (key.kind == kNamespace || Waits(*object))) {
    queue_.Add(key);
  }
}

// Real garbage collectors ask the API server itself before they delete; so does this one.
void GarbageCollector::Reconcile(const ObjectKey& key) {
  Object object = store_.Find(key);
  if (object == nullptr) return;
  if (key.kind == kNamespace) {
    if (object.terminating()) Empty(*object);
    return;
  }
  if (object.terminating()) {
    if (HasFinalizer(*object, kOrphanFinalizer)) return OrphanDependents(object);
    if (HasFinalizer(*object, kForegroundFinalizer)) DeleteDependents(object);
    return;
  }
  const Json& owners = embedded::List(*object, {"metadata", "ownerReferences"});
  if (owners.empty()) return;
  bool orphaned = std::none_of(owners.begin(), owners.end(), [&](const Json& owner) {
    Object live = store_.Find(OwnerKey(owner, key));
    return live != nullptr && live.uid() == Text(owner, {"uid"});
  });
  if (orphaned) (void)store_.Delete(key, object.uid(), "", loop_.Now());
}

std::set<ObjectKey> GarbageCollector::DependentsOf(const std::string& uid) const {
  const auto found = dependents_.find(uid);
  return found == dependents_.end() ? std::set<ObjectKey>() : found->second;
}

// A dependent that has dependents of its own waits for them in turn.
void GarbageCollector::DeleteDependents(const Object& owner) {
  bool left = false;
  for (const ObjectKey& key : DependentsOf(owner.uid())) {
    const Object dependent = store_.Find(key);
    if (dependent == nullptr) continue;
    left = true;
    if (dependent.terminating()) continue;
    const bool leaf = DependentsOf(dependent.uid()).empty();
    const Propagation propagation = leaf ? Propagation::kBackground : Propagation::kForeground;
    (void)store_.Delete(key, DeleteOptions{dependent.uid(), "", propagation}, loop_.Now());
  }
  if (!left) DropFinalizer(owner, kForegroundFinalizer);
}

void GarbageCollector::OrphanDependents(const Object& owner) {
  for (const ObjectKey& key : DependentsOf(owner.uid())) {
    const Object dependent = store_.Find(key);
    if (dependent == nullptr) continue;
    Json freed = *dependent;
    Json& owners = freed["metadata"]["ownerReferences"];
    for (std::size_t i = owners.size(); i-- > 0;) {
      if (Text(owners[i], {"uid"}) == owner.uid()) owners.erase(i);
    }
    if (owners.empty()) freed["metadata"].erase("ownerReferences");
    (void)store_.Update(std::move(freed), loop_.Now());
  }
  DropFinalizer(owner, kOrphanFinalizer);
}

void GarbageCollector::DropFinalizer(const Object& object, const std::string& finalizer) {
  Json freed = *object;
  Json& all = freed["metadata"]["finalizers"];
  for (std::size_t i = all.size(); i-- > 0;) {
    if (all[i] == finalizer) all.erase(i);
  }
  if (all.empty()) freed["metadata"].erase("finalizers");
  (void)store_.Update(std::move(freed), loop_.Now());
}

void GarbageCollector::Empty(const Json& namespace_) {
  ObjectKey key = cluster::KeyOf(namespace_);
  std::vector<Object> left = store_.List(Kind{}, key.name, {});
  if (left.empty()) {
    store_.Finish(key, UidOf(namespace_), loop_.Now());
    return;
  }
  for (const Object& object : left) (void)store_.Delete(object.key(), object.uid(), "", loop_.Now());
}

}  // namespace sluice::embedded
