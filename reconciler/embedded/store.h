// The API server's memory: objects at versions, and the rules by which a write changes them. Every call
// answers at once and changes nothing else: controllers, watches and the state file hear of a change through
// `Observe` and act in turns of their own.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/base/result.h"
#include "compiler/base/time.h"
#include "reconciler/embedded/fields.h"
#include "reconciler/embedded/ownership.h"

namespace sluice::embedded {

// One committed write. `object` of a deletion is the last state under the version of the deletion; `before` is what
// stood there, nullptr for a new one.
struct Change {
  cluster::EventType type = cluster::EventType::kAdded;
  Object object;
  Object before;
};

// What becomes of those that an object owns (metav1.DeletionPropagation).
enum class Propagation {
  kBackground,  // they go after it
  kForeground,  // it goes after them
  kOrphan,      // they stay, without it as owner
};

// metav1.DeleteOptions. "" stands for any uid and version; without a grace period the object's own.
struct DeleteOptions {
  std::string uid, version;
  Propagation propagation = Propagation::kBackground;
  std::optional<std::int64_t> grace_seconds = {};
};

class Store {
 public:
  // `seed` decides uids; see Options::create_namespaces.
  Store(std::uint64_t seed, bool create_namespaces) : seed_(seed), create_namespaces_(create_namespaces) {}

  // Called within each commit, in the order of the calls to Observe; must not write.
  void Observe(std::function<void(const Change&)> observer) { observers_.push_back(std::move(observer)); }

  std::uint64_t version() const { return version_; }
  std::size_t size() const;  // objects of all kinds
  // nullptr if there is none.
  Object Find(const ObjectKey& key) const;
  // Kind{} for all kinds, namespace "" for all. By kind, namespace and name.
  std::vector<Object> List(const Kind& kind, const std::string& namespace_, const cluster::LabelSelector& labels) const;

  // `manager` "" leaves no trace in managedFields: the cluster's own controllers.
  Result<Object> Create(Json object, const std::string& manager, TimePoint now);
  Result<Object> Apply(Json wanted, const std::string& manager, bool force, TimePoint now);
  Result<Object> ReplaceStatus(Json object, TimePoint now);
  // The same by a controller that saw `seen`.
  Result<Object> SetStatus(const Json& seen, Json status);
  // PUT by a client: the object is as said but for its status and what only the server sets; what `manager` changes
  // is its own from then on. uid and version as in Apply; managedFields, where given, replace those there are.
  Result<Object> Replace(Json object, const std::string& manager, TimePoint now);
  // PUT of the subresource `scale`: spec.replicas, which is the manager's own from then on, as of that subresource.
  // `version` "" stands for any.
  Result<Object> Scale(const ObjectKey& key, std::int64_t replicas, const std::string& version,
                       const std::string& manager, TimePoint now);
  // PUT of everything but status, by a controller: metadata.resourceVersion as in ReplaceStatus.
  Result<Object> Update(Json object, TimePoint now);
  // Two phases where there are finalizers or a pod that runs, see Finish. `uid` "" is kInvalid.
  Result<void> Delete(const ObjectKey& key, const std::string& uid, const std::string& version, TimePoint now);
  Result<void> Delete(const ObjectKey& key, const DeleteOptions& options, TimePoint now);
  // The end of a pod or Namespace that Delete marked: what the kubelet and the namespace controller do. A pod with
  // finalizers stays until they are gone.
  void Finish(const ObjectKey& key, const std::string& uid, TimePoint now);

  // What `write`, a call of the above, would answer; nothing is written (dryRun=All). A new object has no version.
  Result<Object> Rehearse(const std::function<Result<Object>()>& write);

  // Puts an object in place as it was (state file); observers hear nothing.
  void Restore(Json object);
  void RestoreDeletion(const ObjectKey& key, std::uint64_t version);

 private:
  using Names = std::pair<std::string, std::string>;  // namespace, name

  Result<void> Admit(const ObjectKey& key, const Json& object, TimePoint now);
  Result<Object> Insert(const ObjectKey& key, Json object, TimePoint now);
  Result<Object> ReplaceBy(const Updater& by, Json object, TimePoint now);
  Result<Object> Put(const ObjectKey& key, const Object& before, Json after, TimePoint now);
  Result<Object> PutStatus(const ObjectKey& key, const Object& live, Json status);
  void Hurry(const Object& live, std::int64_t grace);
  // `bytes` is about as long as the object is.
  Object Commit(cluster::EventType type, const ObjectKey& key, Json object, Object::Size size);

  std::uint64_t seed_;
  bool create_namespaces_;
  std::uint64_t version_ = 1;  // no object has cluster::kOnlyCreate
  bool rehearsing_ = false;
  std::map<Kind, std::map<Names, Object>> objects_;
  std::vector<std::function<void(const Change&)>> observers_;
};

}  // namespace sluice::embedded
