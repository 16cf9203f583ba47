#include "tests/fault/lens.h"

#include <algorithm>
#include <utility>

namespace sluice::execute {
namespace {

using cluster::Event;
using cluster::EventType;
using cluster::Json;
using cluster::SharedJson;

std::string UidOf(const SharedJson& object) { return cluster::Text(*object, {"metadata", "uid"}); }
std::string VersionOf(const SharedJson& object) { return cluster::Text(*object, {"metadata", "resourceVersion"}); }

}  // namespace

// One of the cluster's own watches, kept for all processes that watch the same.
struct Lens::Source {
  cluster::ListObjects what;
  cluster::WatchId id = cluster::WatchId::kNone;
  bool synced = false;
  Objects truth, shown;  // `shown` is what is frozen
};

struct Lens::Watcher {
  Source& source;
  cluster::EventHandler handler;
  Objects told;
  TimePoint last{};  // of what is on its way
  bool cancelled = false;
};

Lens::Lens(loop::Loop& loop, cluster::Cluster& inner, std::uint64_t seed) : loop_(loop), inner_(inner), dice_(seed) {}

Lens::~Lens() {
  for (const auto& [id, watcher] : watchers_) watcher->cancelled = true;
  for (const auto& source : sources_) inner_.Cancel(source->id);
}

void Lens::Set(const Trouble& trouble) {
  const bool thawed = trouble_.frozen && !trouble.frozen;
  const bool whole = trouble_.drops != 0 && trouble.drops == 0;
  if (trouble.frozen && !trouble_.frozen) {
    for (const auto& source : sources_) source->shown = source->truth;
  }
  trouble_ = trouble;
  if (!thawed && !whole) return;
  for (const auto& [id, watcher] : watchers_) {
    if (watcher->source.synced) List(watcher);
  }
}

Lens::Source& Lens::SourceOf(const cluster::ListObjects& what) {
  for (const auto& source : sources_) {
    const cluster::ListObjects& had = source->what;
    if (had.kind == what.kind && had.namespace_ == what.namespace_ && had.labels == what.labels) return *source;
  }
  sources_.push_back(std::make_unique<Source>());
  Source& source = *sources_.back();
  source.what = what;
  source.id = inner_.Watch(what, [this, &source](const Event& event) { Hear(source, event); });
  return source;
}

void Lens::Hear(Source& source, const Event& event) {
  const bool first = event.type == EventType::kSynced && !source.synced;
  if (event.type == EventType::kSynced) {
    source.synced = true;
    if (first && trouble_.frozen) source.shown = source.truth;
  } else if (event.type == EventType::kDeleted) {
    source.truth.erase(cluster::KeyOf(*event.object));
  } else {
    source.truth[cluster::KeyOf(*event.object)] = event.object;
  }
  if (!source.synced) return;
  for (const auto& [id, watcher] : watchers_) {
    if (&watcher->source != &source) continue;
    if (event.type == EventType::kSynced) {
      if (first || !trouble_.frozen) List(watcher);
    } else if (trouble_.frozen) {
      ++disturbed_;
    } else {
      Offer(watcher, event);
    }
  }
}

void Lens::Later(Watcher& watcher, std::function<void()> tell) {
  Duration late(0);
  if (trouble_.late > Duration(0)) {
    late = Duration(dice_.Between(0, trouble_.late.count()));
    ++disturbed_;
  }
  watcher.last = std::max(watcher.last, loop_.Now() + late);
  loop_.At(watcher.last, std::move(tell));
}

void Lens::Offer(const std::shared_ptr<Watcher>& watcher, const Event& event) {
  if (trouble_.drops != 0 && dice_.OneIn(trouble_.drops)) {
    ++disturbed_;
    return;
  }
  const bool twice = trouble_.repeats != 0 && dice_.OneIn(trouble_.repeats);
  if (twice) ++disturbed_;
  const auto tell = [watcher, gone = event.type == EventType::kDeleted, object = event.object] {
    if (watcher->cancelled) return;
    const auto told = watcher->told.find(cluster::KeyOf(*object));
    if (gone) {
      if (told == watcher->told.end()) return;
      watcher->told.erase(told);
      return watcher->handler({EventType::kDeleted, object});
    }
    bool fresh = told == watcher->told.end();
    // Another object of that name: the end of the one before was lost.
    if (!fresh && UidOf(told->second) != UidOf(object)) {
      const SharedJson before = told->second;
      watcher->handler({EventType::kDeleted, before});
      fresh = true;
    }
    watcher->told[cluster::KeyOf(*object)] = object;
    if (!watcher->cancelled) watcher->handler({fresh ? EventType::kAdded : EventType::kModified, object});
  };
  Later(*watcher, tell);
  if (twice) Later(*watcher, tell);
}

void Lens::List(const std::shared_ptr<Watcher>& watcher) {
  Later(*watcher, [this, watcher] {
    if (watcher->cancelled) return;
    const Objects present = trouble_.frozen ? watcher->source.shown : watcher->source.truth;
    const Objects before = std::exchange(watcher->told, present);
    for (const auto& [key, object] : before) {
      const auto now = present.find(key);
      const bool gone = now == present.end() || UidOf(now->second) != UidOf(object);
      if (gone && !watcher->cancelled) watcher->handler({EventType::kDeleted, object});
    }
    for (const auto& [key, object] : present) {
      if (watcher->cancelled) return;
      const auto was = before.find(key);
      const bool same = was != before.end() && UidOf(was->second) == UidOf(object);
      if (same && VersionOf(was->second) == VersionOf(object)) continue;
      watcher->handler({same ? EventType::kModified : EventType::kAdded, object});
    }
    const SharedJson nothing;
    if (!watcher->cancelled) watcher->handler({EventType::kSynced, nothing});
  });
}

cluster::WatchId Lens::Watch(cluster::ListObjects what, cluster::EventHandler handler) {
  Source& source = SourceOf(what);
  const std::uint64_t id = next_++;
  const auto watcher = std::make_shared<Watcher>(Watcher{source, std::move(handler), {}, {}, false});
  watchers_.emplace(id, watcher);
  if (source.synced) List(watcher);
  return static_cast<cluster::WatchId>(id);
}

void Lens::Cancel(cluster::WatchId watch) {
  const auto found = watchers_.find(static_cast<std::uint64_t>(watch));
  if (found == watchers_.end()) return;
  found->second->cancelled = true;
  watchers_.erase(found);
}

std::map<cluster::Kind, std::string> Lens::Unwatched() const {
  std::map<cluster::Kind, std::string> kinds;
  if (!trouble_.frozen || !trouble_.told) return kinds;
  for (const auto& source : sources_) kinds[source->what.kind] = "injected";
  return kinds;
}

std::optional<Result<SharedJson>> Lens::Read(const cluster::Request& request) const {
  if (!trouble_.frozen || !trouble_.stale_reads) return std::nullopt;
  const auto* get = std::get_if<cluster::Get>(&request);
  if (get == nullptr) return std::nullopt;
  for (const auto& source : sources_) {
    const cluster::ListObjects& what = source->what;
    if (what.kind != get->key.kind || !what.labels.empty() || !source->synced) continue;
    if (!what.namespace_.empty() && what.namespace_ != get->key.namespace_) continue;
    const auto found = source->shown.find(get->key);
    if (found == source->shown.end()) return Result<SharedJson>(Error{ErrorCode::kNotFound, "not found"});
    return Result<SharedJson>(found->second);
  }
  return std::nullopt;
}

}  // namespace sluice::execute
