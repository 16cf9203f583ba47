#include "reconciler/embedded/garbage_collector.h"

#include <algorithm>

#include "reconciler/embedded/kinds.h"

namespace sluice::embedded {

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
  } else if (key.kind == kNamespace && object.terminating()) {
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
  const Json& owners = embedded::List(*object, {"metadata", "ownerReferences"});
  if (owners.empty() || object.terminating()) return;
  bool orphaned = std::none_of(owners.begin(), owners.end(), [&](const Json& owner) {
    Kind kind{Text(owner, {"apiVersion"}), Text(owner, {"kind"})};
    std::string namespace_ = ClusterScoped(kind) ? "" : key.namespace_;
    Object live = store_.Find({kind, namespace_, Text(owner, {"name"})});
    return live != nullptr && live.uid() == Text(owner, {"uid"});
  });
  if (orphaned) (void)store_.Delete(key, object.uid(), "", loop_.Now());
}

void GarbageCollector::Empty(const Json& namespace_) {
  ObjectKey key = cluster::KeyOf(namespace_);
  std::vector<Object> left = store_.List(Kind{}, key.name, {});
  if (left.empty()) {
    store_.Finish(key, UidOf(namespace_));
    return;
  }
  for (const Object& object : left) (void)store_.Delete(object.key(), object.uid(), "", loop_.Now());
}

}  // namespace sluice::embedded
