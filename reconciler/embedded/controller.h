// What a controller inside the cluster is made of: a lagged view of some kinds and a queue of keys. It sees
// the store like any client, late, and acts in turns of its own.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "reconciler/embedded/watches.h"

namespace sluice::embedded {

// Objects of some kinds as the watches told them, and the controller's own writes at once.
class View {
 public:
  // What objects can be found by, beside their keys.
  enum class FindBy { kKey, kOwner, kLabels };
  // `before` is null for a new object, `now` null for one that is gone.
  using OnChange = std::function<void(const ObjectKey& key, const Object& before, const Object& now)>;

  View(Watches& watches, std::vector<Kind> kinds, FindBy find_by, OnChange on_change);
  ~View();
  View(const View&) = delete;
  View& operator=(const View&) = delete;

  // All kinds have been listed.
  bool synced() const { return waiting_ == 0; }
  Object Find(const ObjectKey& key) const;
  // By key.
  std::vector<Object> OfKind(const Kind& kind) const;
  // FindBy::kOwner: objects that `uid` controls; by key.
  std::vector<Object> OwnedBy(const std::string& uid) const;
  // FindBy::kLabels: objects of a kind in a namespace with all labels of `selector`, a JSON object; none for an empty
  // one.
  std::vector<Object> Selected(const Kind& kind, const std::string& namespace_, const Json& selector) const;

  // The answer to an own write: older events about the object are ignored from now on. `on_change` does not hear
  // of it: who wrote knows what is left to do.
  void Assume(const Object& object) { (void)Put(object); }
  void AssumeDeleted(const ObjectKey& key, const std::string& uid);
  // After an own write that may have ended `object`: `left` is what there is now under its key.
  void AssumeLeft(const Object& object, const Object& left);

 private:
  void OnEvent(cluster::EventType type, const Object& object);
  // What stood there before, or nothing if this is no news.
  std::optional<Object> Put(const Object& object);
  void Drop(const ObjectKey& key);
  bool IndexedAlike(const Json& a, const Json& b) const;
  void Index(const ObjectKey& key, const Json& object, bool add);

  Watches& watches_;
  const FindBy find_by_;
  OnChange on_change_;
  std::size_t waiting_;
  std::vector<cluster::WatchId> ids_;
  ObjectSet objects_;
  std::unordered_map<std::string, std::set<ObjectKey>> index_;  // by the owner's uid, or "KIND\nNAMESPACE\nNAME=VALUE"
  std::unordered_set<std::string> deleted_;                     // uids that this controller deleted
};

// Keys to look at, each once however often it is added, each after a lag of its own.
class Queue {
 public:
  Queue(loop::Loop& loop, Lag lag, std::uint64_t seed, const std::string& name,
        std::function<void(const ObjectKey&)> work)
      : loop_(loop), lag_(lag), random_(seed, name), work_(std::move(work)) {}
  ~Queue();
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  void Add(const ObjectKey& key) { AddAt(key, loop_.Now() + random_.Within(lag_)); }
  // Not later than `time`; an earlier turn that is due anyway stands.
  void AddAt(const ObjectKey& key, TimePoint time);

 private:
  struct Turn {
    TimePoint at;
    loop::TimerId timer = loop::TimerId::kNone;
  };

  loop::Loop& loop_;
  Lag lag_;
  Random random_;
  std::function<void(const ObjectKey&)> work_;
  std::unordered_map<ObjectKey, Turn, KeyHash> turns_;
};

// How soon a pod that the API server refused is tried again.
inline constexpr Duration kTryPodAgain{5'000};

// A new pod by `pod_template`, which `owner` controls.
Json PodOf(const Json& owner, const Json& pod_template, const std::string& name);
// The same by spec.template of `owner`. `number` decides the end of its name.
Json PodOf(const Json& owner, std::uint64_t number);

// Since when a pod is available, or will be if it stays ready; nullopt if it isn't ready.
std::optional<TimePoint> AvailableFrom(const Object& pod, std::int64_t min_ready_seconds);

// An owner reference by which `owner` controls what carries it.
Json ControllerReference(const Json& owner);

}  // namespace sluice::embedded
