#include "reconciler/apiserver/history.h"

#include <algorithm>
#include <utility>

namespace sluice::apiserver {

using cluster::Kind;
using embedded::Change;
using embedded::Object;

namespace {

// The first place with a version after `version`.
auto PlaceAfter(const std::deque<Change>& changes, std::uint64_t version) {
  return std::upper_bound(changes.begin(), changes.end(), version,
                          [](std::uint64_t than, const Change& change) { return than < change.object.version(); });
}

}  // namespace

void History::Add(const Change& change) {
  Log& log = logs_.try_emplace(change.object.key().kind, Log{start_, {}, 0}).first->second;
  log.changes.push_back(change);
  log.bytes += change.object.size().all;
  bytes_ += change.object.size().all;
  if (log.changes.size() > limits_.changes) DropOldest(log);
  while (bytes_ > limits_.bytes) {
    // Who makes most of the noise forgets first: a quiet kind's watchers don't suffer from a loud one.
    const auto most = std::max_element(logs_.begin(), logs_.end(),
                                       [](const auto& a, const auto& b) { return a.second.bytes < b.second.bytes; });
    DropOldest(most->second);
  }
}

void History::DropOldest(Log& log) {
  const Change& oldest = log.changes.front();
  log.floor = oldest.object.version();
  log.bytes -= oldest.object.size().all;
  bytes_ -= oldest.object.size().all;
  log.changes.pop_front();
}

bool History::Covers(const Kind& kind, std::uint64_t version) const {
  const auto log = logs_.find(kind);
  return version >= (log == logs_.end() ? start_ : log->second.floor);
}

const Change* History::After(const Kind& kind, std::uint64_t version) const {
  const auto log = logs_.find(kind);
  if (log == logs_.end()) return nullptr;
  const auto at = PlaceAfter(log->second.changes, version);
  return at == log->second.changes.end() ? nullptr : &*at;
}

std::vector<Object> History::ListAt(const embedded::Store& store, const Kind& kind, const std::string& namespace_,
                                    std::uint64_t version) const {
  std::vector<Object> now = store.List(kind, namespace_, {});
  const auto log = logs_.find(kind);
  if (log == logs_.end()) return now;
  // What stood at the place of each object that changed since, before its first change.
  std::map<std::pair<std::string, std::string>, Object> then;
  for (auto at = PlaceAfter(log->second.changes, version); at != log->second.changes.end(); ++at) {
    const cluster::ObjectKey& key = at->object.key();
    if (namespace_.empty() || key.namespace_ == namespace_) then.try_emplace({key.namespace_, key.name}, at->before);
  }
  if (then.empty()) return now;
  for (const Object& object : now) then.try_emplace({object.key().namespace_, object.key().name}, object);
  std::vector<Object> objects;
  for (auto& [name, object] : then) {
    if (object != nullptr) objects.push_back(std::move(object));
  }
  return objects;
}

}  // namespace sluice::apiserver
