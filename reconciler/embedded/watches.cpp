#include "reconciler/embedded/watches.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace sluice::embedded {

using cluster::EventType;
using cluster::WatchId;

struct Watches::Watcher {
  cluster::ListObjects what;
  Handler handler;
  std::vector<Change> pending;
  ObjectSet known;  // as delivered
  bool relist = true;
  bool cancelled = false;
  loop::TimerId timer = loop::TimerId::kNone;
};

namespace {

// What a watcher is told of an object that its labels don't fit any more: as it last fitted, at the version of the
// change.
Object LeftBehind(const Change& change) {
  Json object = *change.before;
  object["metadata"]["resourceVersion"] = Text(*change.object, {"metadata", "resourceVersion"});
  return {change.before.key(), std::move(object), change.before.size()};
}

}  // namespace

Watches::Watches(loop::Loop& loop, Store& store, Lag lag, std::uint64_t seed, std::function<bool()> may_deliver)
    : loop_(loop), store_(store), lag_(lag), random_(seed, "watches"), may_deliver_(std::move(may_deliver)) {
  store_.Observe([this](const Change& change) { OnChange(change); });
}

Watches::~Watches() {
  for (const auto& [id, watcher] : watchers_) loop_.Cancel(watcher->timer);
}

WatchId Watches::Watch(cluster::ListObjects what, Handler handler) {
  auto watcher = std::make_shared<Watcher>();
  watcher->what = std::move(what);
  watcher->handler = std::move(handler);
  std::uint64_t id = next_++;
  watchers_[id] = watcher;
  by_kind_[watcher->what.kind][id] = watcher;
  Schedule(watcher);
  return static_cast<WatchId>(id);
}

void Watches::Cancel(WatchId id) {
  auto found = watchers_.find(static_cast<std::uint64_t>(id));
  if (found == watchers_.end()) return;
  found->second->cancelled = true;
  loop_.Cancel(found->second->timer);
  by_kind_[found->second->what.kind].erase(found->first);
  watchers_.erase(found);
}

void Watches::Expire() {
  for (const auto& [id, watcher] : watchers_) {
    watcher->pending.clear();
    watcher->relist = true;
    Schedule(watcher);
  }
}

void Watches::OnChange(const Change& change) {
  static const Kind kAll;
  const ObjectKey& key = change.object.key();
  for (const Kind* kind : {&key.kind, &kAll}) {
    auto found = by_kind_.find(*kind);
    if (found == by_kind_.end()) continue;
    for (const auto& [id, watcher] : found->second) {
      const std::string& only = watcher->what.namespace_;
      if (watcher->relist || (!only.empty() && only != key.namespace_)) continue;
      watcher->pending.push_back(change);
      Schedule(watcher);
    }
  }
}

void Watches::Schedule(const std::shared_ptr<Watcher>& watcher) {
  if (watcher->timer != loop::TimerId::kNone) return;
  watcher->timer = loop_.After(random_.Within(lag_), [this, watcher] { Deliver(watcher); });
}

void Watches::Deliver(const std::shared_ptr<Watcher>& watcher) {
  watcher->timer = loop::TimerId::kNone;
  if (!may_deliver_()) return;
  if (watcher->relist) {
    Relist(*watcher);
    return;
  }
  const std::vector<Change> batch = std::exchange(watcher->pending, {});
  for (const Change& change : batch) {
    if (watcher->cancelled) return;
    Give(*watcher, change);
  }
}

void Watches::Give(Watcher& watcher, const Change& change) {
  bool fits = change.type != EventType::kDeleted && HasLabels(*change.object, watcher.what.labels);
  if (fits) {
    bool fresh = PutIn(watcher.known, change.object) == nullptr;
    watcher.handler(fresh ? EventType::kAdded : EventType::kModified, change.object);
  } else if (watcher.known.erase(change.object) > 0) {
    watcher.handler(EventType::kDeleted, change.type == EventType::kDeleted ? change.object : LeftBehind(change));
  }
}

// A first list and a list after 410 are the same: what vanished, then what is there, in no particular order.
void Watches::Relist(Watcher& watcher) {
  std::vector<Object> present = store_.List(watcher.what.kind, watcher.what.namespace_, watcher.what.labels);
  random_.Shuffle(present);
  auto before = std::exchange(watcher.known, {});
  watcher.known.insert(present.begin(), present.end());
  watcher.relist = false;
  std::vector<Object> gone;
  for (const Object& object : before) {
    auto now = watcher.known.find(object);
    if (now == watcher.known.end() || now->uid() != object.uid()) gone.push_back(object);
  }
  std::sort(gone.begin(), gone.end(), [](const Object& a, const Object& b) { return a.key() < b.key(); });
  for (const Object& object : gone) {
    if (!watcher.cancelled) watcher.handler(EventType::kDeleted, object);
  }
  for (const Object& object : present) {
    if (watcher.cancelled) return;
    auto was = before.find(object);
    bool same = was != before.end() && was->uid() == object.uid();
    if (same && was->version() == object.version()) continue;
    watcher.handler(same ? EventType::kModified : EventType::kAdded, object);
  }
  if (!watcher.cancelled) watcher.handler(EventType::kSynced, nullptr);
}

}  // namespace sluice::embedded
