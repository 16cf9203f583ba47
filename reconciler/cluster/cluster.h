// The port to Kubernetes: objects as JSON, asynchronous, three methods. Everything the reconciler does to
// a cluster goes through here; `EmbeddedCluster` and `KubernetesCluster`
// implement it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "compiler/base/result.h"
#include "reconciler/cluster/json.h"

namespace sluice::cluster {

// A kind of object: "apps/v1" "Deployment".
struct Kind {
  std::string api_version;
  std::string kind;
  friend auto operator<=>(const Kind&, const Kind&) = default;
};

// One object. `namespace_` is "" for what has none.
struct ObjectKey {
  Kind kind;
  std::string namespace_;
  std::string name;
  friend auto operator<=>(const ObjectKey&, const ObjectKey&) = default;
};

// Of an object's apiVersion, kind, metadata.namespace and metadata.name.
ObjectKey KeyOf(const Json& object);
std::string ToString(const ObjectKey& key);  // "apps/v1/Deployment/shop/checkout-1a2b3c4d"

struct Get {
  ObjectKey key;
};
// Labels that objects have, with this value or (nullopt) with any.
using LabelSelector = std::map<std::string, std::optional<std::string>>;

// All objects of a kind, in one namespace or ("") in all, that have `labels`. The answer is complete or an
// error; never a part.
struct ListObjects {
  Kind kind;
  std::string namespace_;
  LabelSelector labels;
  // Members of the objects that whoever watches doesn't read: a watch may leave them out.
  std::vector<std::string> unread = {};
};
// kExists if it is there.
struct Create {
  Json object;
  std::string manager;
};
// Server-side apply (KEP-555): `object` is the whole of what `manager` wants. metadata.uid and
// metadata.resourceVersion, where given, must be those of the object: kConflict otherwise (also for a uid
// where there is no object). Another manager's field is kConflict unless `force`. No change: no new version.
// Where there is no object, the version isn't looked at; one that no object ever has makes an Apply create or fail.
inline constexpr const char* kOnlyCreate = "1";
struct Apply {
  Json object;
  std::string manager;
  bool force = false;
};
// PUT: the object is as it is said here, whoever wrote what it leaves out; kNotFound where there is none. Its status
// and what the server alone sets stay. metadata.resourceVersion must be the object's, metadata.uid, where given, too:
// kConflict otherwise.
struct Replace {
  Json object;
  std::string manager;
};
// PUT of the status subresource; metadata.resourceVersion must be the object's: kConflict otherwise.
struct ReplaceStatus {
  Json object;
};
// kConflict if uid or, where given, version differ. kNotFound is what a caller wants to hear. Dependents
// go in the background, or `foreground`: before it, which stays until then.
struct Delete {
  ObjectKey key;
  std::string uid;
  std::string resource_version;  // "" for any
  bool foreground = false;
};
using Request = std::variant<Get, ListObjects, Create, Apply, Replace, ReplaceStatus, Delete>;

// The object after the request (Get, Create, Apply, Replace, ReplaceStatus), { items, resourceVersion } for a list,
// JSON's null for a delete.
using Reply = std::function<void(Result<SharedJson>)>;

enum class EventType { kAdded, kModified, kDeleted, kSynced };
// kSynced comes once, after the objects that were there at the start (as kAdded), and again after a
// relist; what vanished meanwhile was given as kDeleted before it. `object` is nullptr for it only. Lives as long
// as the handler's call.
struct Event {
  EventType type;
  const SharedJson& object;
};
using EventHandler = std::function<void(const Event&)>;

enum class WatchId : std::uint64_t { kNone = 0 };

// All methods on the loop's thread; answers and events come on it too, never from within the call.
// A reply comes exactly once. Watches reconnect by themselves and never end but by Cancel.
class Cluster {
 public:
  virtual ~Cluster() = default;
  virtual void Send(Request request, Reply reply) = 0;
  virtual WatchId Watch(ListObjects what, EventHandler handler) = 0;
  virtual void Cancel(WatchId watch) = 0;
  // The kinds that can't be watched at present, and why: what was told of them may be old.
  virtual std::map<Kind, std::string> Unwatched() const = 0;
};

}  // namespace sluice::cluster
