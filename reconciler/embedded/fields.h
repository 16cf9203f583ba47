// Reading objects that someone else wrote: nothing here fails on a missing or oddly typed member.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "compiler/base/time.h"
#include "reconciler/cluster/cluster.h"

namespace sluice::embedded {

using cluster::Json;
using cluster::Kind;
using cluster::ObjectKey;

// An object at one version, or none: shared, never changed. Nobody holds a reference into the store. What everyone
// asks of it is read once.
class Object {
 public:
  // About as long as its JSON, and of that its status.
  struct Size {
    std::size_t all = 0;
    std::size_t status = 0;
  };

  Object(std::nullptr_t = nullptr) {}  // NOLINT(google-explicit-constructor): as a pointer
  // `key` is that of `json`.
  Object(ObjectKey key, Json json, Size size);

  const Json& operator*() const { return held_->json; }
  const Json* operator->() const { return &held_->json; }
  // nullptr for none.
  cluster::SharedJson json() const { return held_ == nullptr ? nullptr : cluster::SharedJson(held_, &held_->json); }
  const Json* get() const { return held_ == nullptr ? nullptr : &held_->json; }
  friend bool operator==(const Object& object, std::nullptr_t) { return object.held_ == nullptr; }

  // Of one that is there.
  const ObjectKey& key() const { return held_->key; }
  const std::string& uid() const { return held_->uid; }
  std::uint64_t version() const { return held_->version; }
  Size size() const { return held_->size; }
  // Whether it is to be deleted.
  bool terminating() const { return held_->terminating; }
  // Of a pod: whether its condition Ready is True, and its phase.
  bool ready() const { return held_->ready; }
  const std::string& phase() const { return held_->phase; }
  // Of a pod: whether its containers have ended for good.
  bool ended() const { return held_->phase == "Succeeded" || held_->phase == "Failed"; }

 private:
  struct Held {
    Held(ObjectKey its_key, Json object, Size its_size);

    Json json;
    ObjectKey key;
    std::string uid;
    std::uint64_t version;
    Size size;
    bool terminating;
    bool ready;
    std::string phase;
  };
  std::shared_ptr<const Held> held_;
};

struct KeyHash {
  using is_transparent = void;
  std::size_t operator()(const ObjectKey& key) const;
  std::size_t operator()(const Object& object) const { return (*this)(object.key()); }
};

// Objects by their keys, one of each: no key has to be copied.
struct SameKey {
  using is_transparent = void;
  bool operator()(const Object& a, const Object& b) const { return a.key() == b.key(); }
  bool operator()(const ObjectKey& a, const Object& b) const { return a == b.key(); }
  bool operator()(const Object& a, const ObjectKey& b) const { return a.key() == b; }
};
using ObjectSet = std::unordered_set<Object, KeyHash, SameKey>;

// Puts `object` in the place of the one with its key. That one, or nullptr.
Object PutIn(ObjectSet& objects, const Object& object);

using cluster::Find;
using cluster::Flag;
using cluster::Integer;
using cluster::Items;
using cluster::List;
using cluster::MemberOf;
using cluster::Path;
using cluster::Says;
using cluster::Text;

inline void PutMembers(Json::object_t& /*members*/) {}
template <typename Value, typename... Rest>
void PutMembers(Json::object_t& members, std::string_view name, Value&& value, Rest&&... rest) {
  members.emplace_hint(members.end(), name, std::forward<Value>(value));
  PutMembers(members, std::forward<Rest>(rest)...);
}

// The object with these members: name, value, name, value …, quickest in the order of the names. Of a list in braces
// each would be copied, and its name and value first put into a list of their own.
template <typename... NamesAndValues>
Json JsonOf(NamesAndValues&&... members) {
  Json::object_t object;
  object.reserve(sizeof...(members) / 2);
  PutMembers(object, std::forward<NamesAndValues>(members)...);
  return object;
}

// Sets a member that isn't there.
void Default(Json& object, const char* name, Json value);
// A count in a status, where Kubernetes leaves out a 0.
void SetCount(Json& status, const char* name, std::int64_t count);

// metadata.labels; members that are no text are left out.
std::map<std::string, std::string> LabelsOf(const Json& object);
// Whether metadata.labels holds all of `selector` (a JSON object of texts). An empty selector fits nothing.
bool Selects(const Json& selector, const Json& object);
bool HasLabels(const Json& object, const cluster::LabelSelector& labels);

bool Terminating(const Json& object);
// The owner reference with `controller: true`, or nullptr.
const Json* ControllerOf(const Json& object);
std::string UidOf(const Json& object);
std::uint64_t VersionOf(const Json& object);

// Kubernetes' metav1.Time: whole seconds, "2027-03-02T10:00:00Z".
std::string Seconds(TimePoint time);
// The time at `path`, or `otherwise`.
TimePoint TimeAt(const Json& json, Path path, TimePoint otherwise = {});

// An entry of status.conditions by its type, or nullptr.
const Json* Condition(const Json& object, std::string_view type);
// Puts a condition in the list: lastTransitionTime moves only when the status does.
void SetCondition(Json& conditions, Json condition, TimePoint now);

// An int-or-percent field of `total`, rounded up or down.
std::int64_t Scaled(const Json* value, std::int64_t total, bool up, std::int64_t otherwise);

}  // namespace sluice::embedded
