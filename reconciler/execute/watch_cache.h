// What was last seen of the objects of one kind, as small typed views.
#pragma once

#include <charconv>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reconciler/cluster/cluster.h"
#include "reconciler/loop/loop.h"

namespace sluice::execute {

// Namespace and name.
using Name = std::pair<std::string, std::string>;

// Identity and version of an object.
struct Identity {
  Name name;
  std::string uid;
  std::string resource_version;
  std::uint64_t version = 0;  // the same as a number; Kubernetes orders them so (KEP-5504)
  bool deleting = false;
  TimePoint seen_at{};  // when this version was seen first
};

inline Identity IdentityOf(const cluster::Json& object) {
  Identity identity;
  const auto metadata = object.find("metadata");
  if (metadata == object.end()) return identity;
  identity.name = {metadata->value("namespace", ""), metadata->value("name", "")};
  identity.uid = metadata->value("uid", "");
  identity.resource_version = metadata->value("resourceVersion", "");
  const std::string& text = identity.resource_version;
  std::from_chars(text.data(), text.data() + text.size(), identity.version);
  identity.deleting = metadata->contains("deletionTimestamp");
  return identity;
}

// `View` has a `std::string group`: objects are found by namespace and group, and `==`: whether two states of an
// object look alike. A watch that lags behind our own writes never takes back what an answer has shown.
template <typename View>
class WatchCache {
 public:
  struct Entry {
    Identity id;
    View view;
    bool confirmed = false;  // by the watch
  };
  // nullopt: the object is of no interest.
  using Project = std::function<std::optional<View>(const cluster::SharedJson&)>;
  // An object came, went, began to go, or looks otherwise than before.
  using Changed = std::function<void(const Name& name, const View& view)>;
  // All were listed: for the first time, or again.
  using Listed = std::function<void()>;

  WatchCache(cluster::Cluster& cluster, loop::Loop& loop, cluster::ListObjects what, Project project, Changed changed,
             Listed listed)
      : cluster_(cluster),
        loop_(loop),
        what_(std::move(what)),
        project_(std::move(project)),
        changed_(std::move(changed)),
        listed_(std::move(listed)) {
    watch_ = cluster_.Watch(what_, [this](const cluster::Event& event) { Handle(event); });
  }
  ~WatchCache() { cluster_.Cancel(watch_); }
  WatchCache(const WatchCache&) = delete;
  WatchCache& operator=(const WatchCache&) = delete;

  // The first list is complete.
  bool synced() const { return synced_; }
  const cluster::Kind& kind() const { return what_.kind; }
  const std::map<Name, Entry>& entries() const { return entries_; }
  const Entry* Find(const Name& name) const {
    const auto found = entries_.find(name);
    return found == entries_.end() ? nullptr : &found->second;
  }
  std::vector<const Entry*> InGroup(const std::string& namespace_, const std::string& group) const {
    std::vector<const Entry*> found;
    const auto names = groups_.find({namespace_, group});
    if (names == groups_.end()) return found;
    found.reserve(names->second.size());
    for (const auto& [name, entry] : names->second) found.push_back(entry);
    return found;
  }

  // Takes an answer's object at once.
  void Learn(const cluster::SharedJson& object) { Store(object, false); }
  // The object was deleted, or found missing: it counts as going until the watch says so too.
  void MarkDeleting(const Name& name, const std::string& uid) {
    const auto found = entries_.find(name);
    if (found == entries_.end() || found->second.id.uid != uid) return;
    found->second.id.deleting = true;
    // What only an answer has shown, no watch will ever take away.
    if (!found->second.confirmed) Remove(found);
  }
  // The object was looked for and isn't there.
  void MarkMissing(const Name& name) {
    const auto found = entries_.find(name);
    if (found != entries_.end()) Remove(found);
  }

 private:
  void Handle(const cluster::Event& event) {
    if (event.type == cluster::EventType::kSynced) return Synced();
    if (event.type != cluster::EventType::kDeleted) return Store(event.object, true);
    const Identity gone = IdentityOf(*event.object);
    const auto found = entries_.find(gone.name);
    if (found != entries_.end() && found->second.id.uid == gone.uid) Remove(found);
  }

  void Synced() {
    synced_ = true;
    for (auto entry = entries_.begin(); entry != entries_.end();) {
      const auto next = std::next(entry);
      if (!entry->second.confirmed) Remove(entry);
      entry = next;
    }
    listed_();
  }

  void Store(const cluster::SharedJson& object, bool from_watch) {
    Identity id = IdentityOf(*object);
    const auto found = entries_.find(id.name);
    if (found != entries_.end()) {
      Identity& old = found->second.id;
      if (from_watch && old.uid == id.uid) found->second.confirmed = true;
      if (old.version > id.version) return;
      if (old.version == id.version && old.uid == id.uid) return;
    }
    auto view = project_(object);
    if (!view) {
      if (found != entries_.end()) Remove(found);
      return;
    }
    id.seen_at = loop_.Now();
    const Name name = id.name;
    if (found == entries_.end()) {
      Entry& entry = entries_[name] = Entry{std::move(id), std::move(*view), from_watch};
      groups_[{name.first, entry.view.group}][name.second] = &entry;
      return changed_(name, entry.view);
    }
    Entry& entry = found->second;
    const bool same_object = entry.id.uid == id.uid;
    const bool news = !same_object || entry.id.deleting != id.deleting || !(entry.view == *view);
    if (entry.view.group != view->group) {
      Ungroup(entry);
      groups_[{name.first, view->group}][name.second] = &entry;
    }
    entry = Entry{std::move(id), std::move(*view), from_watch || (entry.confirmed && same_object)};
    if (news) changed_(name, entry.view);
  }

  void Ungroup(const Entry& entry) {
    const auto group = groups_.find({entry.id.name.first, entry.view.group});
    if (group == groups_.end()) return;
    group->second.erase(entry.id.name.second);
    if (group->second.empty()) groups_.erase(group);
  }

  void Remove(typename std::map<Name, Entry>::iterator entry) {
    Ungroup(entry->second);
    const Entry gone = std::move(entry->second);
    entries_.erase(entry);
    changed_(gone.id.name, gone.view);
  }

  cluster::Cluster& cluster_;
  loop::Loop& loop_;
  const cluster::ListObjects what_;
  const Project project_;
  const Changed changed_;
  const Listed listed_;
  cluster::WatchId watch_ = cluster::WatchId::kNone;
  bool synced_ = false;
  std::map<Name, Entry> entries_;
  std::map<std::pair<std::string, std::string>, std::map<std::string, const Entry*>> groups_;  // into entries_
};

}  // namespace sluice::execute
