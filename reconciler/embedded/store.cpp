#include "reconciler/embedded/store.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "reconciler/embedded/canonical.h"
#include "reconciler/embedded/job_kind.h"
#include "reconciler/embedded/kinds.h"
#include "reconciler/embedded/quota.h"
#include "reconciler/embedded/random.h"
#include "reconciler/embedded/schema.h"

namespace sluice::embedded {
namespace {

using cluster::EventType;

// etcd's limit on a request as Kubernetes sets it.
constexpr std::size_t kMaxObjectBytes = 1536 * 1024;
constexpr bool kNew = true;

Error NotFound(const ObjectKey& key) { return {ErrorCode::kNotFound, fmt::format("{} not found", ToString(key))}; }

Error Moved(const ObjectKey& key) {
  return {ErrorCode::kConflict,
          fmt::format("{}: the object has been modified; apply the change to the latest version", ToString(key))};
}

Error OtherUid(const ObjectKey& key, const std::string& is, const std::string& wanted) {
  return {ErrorCode::kConflict, fmt::format("{}: uid is {}, not {}", ToString(key), is, wanted)};
}

Error TooLarge(const ObjectKey& key) {
  return {ErrorCode::kTooLarge, fmt::format("{}: larger than {} bytes", ToString(key), kMaxObjectBytes)};
}

std::string Uid(std::uint64_t seed, std::uint64_t version) {
  std::uint64_t high = Mix(seed, fmt::format("uid {} high", version));
  std::uint64_t low = Mix(seed, fmt::format("uid {} low", version));
  return fmt::format("{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}", high >> 32, (high >> 16) & 0xffff, high & 0xfff,
                     low >> 52, low & 0xffffffffffff);
}

// About as long as its JSON, without writing it.
std::size_t SizeOf(const Json& json) {
  if (const auto* text = json.get_ptr<const std::string*>()) return text->size() + 2;
  std::size_t size = 8;
  if (const auto* object = json.get_ptr<const Json::object_t*>()) {
    for (const auto& [name, member] : *object) size += name.size() + 4 + SizeOf(member);
  } else if (const auto* array = json.get_ptr<const Json::array_t*>()) {
    for (const Json& item : *array) size += 1 + SizeOf(item);
  }
  return size;
}

Object::Size SizesOf(const Json& object) {
  const auto status = object.find("status");
  return {SizeOf(object), status == object.end() ? 0 : SizeOf(*status)};
}

// What takes part in `metadata.generation`: everything but metadata and status.
bool SameSpec(const Json& a, const Json& b) {
  const auto covers = [](const Json& one, const Json& other) {
    const auto& members = one.get_ref<const Json::object_t&>();
    return std::all_of(members.begin(), members.end(), [&](const auto& entry) {
      const auto& [name, member] = entry;
      if (name == "metadata" || name == "status") return true;
      const auto found = other.find(name);
      return found != other.end() && *found == member;
    });
  };
  const auto names = [](const Json& of) { return of.size() - of.count("metadata") - of.count("status"); };
  return names(a) == names(b) && covers(a, b);
}

// Those of a Deployment count as its spec does (deploymentStrategy.PrepareForUpdate).
bool SameAnnotations(const Kind& kind, const Json& a, const Json& b) {
  if (kind != kDeployment) return true;
  const Json* one = embedded::Find(a, {"metadata", "annotations"});
  const Json* other = embedded::Find(b, {"metadata", "annotations"});
  return one == nullptr || other == nullptr ? one == other : *one == *other;
}

// A copy of an object without its status, which is about to be replaced.
Json WithoutStatus(const Json& object) {
  Json::object_t members;
  for (const auto& [name, member] : object.get_ref<const Json::object_t&>()) {
    if (name != "status") members.emplace_hint(members.end(), name, member);
  }
  return members;
}

// What an update changes of the metadata.
constexpr std::array<const char*, 4> kUpdatedMetadata = {"labels", "annotations", "ownerReferences", "finalizers"};

// Whether an update with `object` leaves `live` as it is.
bool UpToDate(const Json& live, const Json& object) {
  for (const auto& [name, member] : object.items()) {
    if (name == "status" || name == "metadata") continue;
    auto present = live.find(name);
    if (present == live.end() || *present != member) return false;
  }
  return std::all_of(kUpdatedMetadata.begin(), kUpdatedMetadata.end(), [&](const char* name) {
    const Json* is = embedded::Find(live, {"metadata", name});
    const Json* wanted = embedded::Find(object, {"metadata", name});
    return is == nullptr || wanted == nullptr ? is == wanted : *is == *wanted;
  });
}

// The metadata of `live` after an update with `object`.
Json UpdatedMetadata(const Json& live, const Json& object) {
  Json metadata = live.value("metadata", Json::object());
  for (const char* name : kUpdatedMetadata) {
    const Json* value = embedded::Find(object, {"metadata", name});
    if (value != nullptr) {
      metadata[name] = *value;
    } else {
      metadata.erase(name);
    }
  }
  return metadata;
}

bool Finalized(const Json& object) { return List(object, {"metadata", "finalizers"}).empty(); }

// Whoever deletes asks the garbage collector for what is to happen first.
const char* FinalizerOf(Propagation propagation) {
  switch (propagation) {
    case Propagation::kBackground:
      return nullptr;
    case Propagation::kForeground:
      return kForegroundFinalizer;
    case Propagation::kOrphan:
      return kOrphanFinalizer;
  }
  return nullptr;
}

// metadata.finalizers of what is deleted like that: an earlier deletion's wish gives way.
Json FinalizersFor(const Json& object, Propagation propagation) {
  Json finalizers = Json::array();
  for (const Json& each : embedded::List(object, {"metadata", "finalizers"})) {
    if (each != kForegroundFinalizer && each != kOrphanFinalizer) finalizers.push_back(each);
  }
  if (const char* wish = FinalizerOf(propagation)) finalizers.push_back(wish);
  return finalizers;
}

// How long a pod may serve on. One without a node, or whose containers have ended, has nothing to wait for
// (podStrategy.CheckGracefulDelete).
std::int64_t GraceOf(const Object& pod, const DeleteOptions& options) {
  if (Text(*pod, {"spec", "nodeName"}).empty() || pod.ended()) return 0;
  const std::int64_t own = Integer(*pod, {"spec", "terminationGracePeriodSeconds"}, 30);
  return std::max<std::int64_t>(0, options.grace_seconds.value_or(own));
}

// What is to be stored, as the server keeps it; kInvalid if it may not be.
Result<void> MakeReady(const ObjectKey& key, Json& object, bool is_new) {
  if (!object.is_object()) return Validate(key, object);
  if (auto typed = CheckTypes(key.kind, object); !typed.ok()) return typed;
  if (is_new) object["metadata"].erase("uid");
  Canonicalize(key.kind, object);
  FillDefaults(key.kind, object);
  return Validate(key, object);
}

// Of what is to be deleted: whether it is gone only when a controller says so.
bool TwoPhase(const ObjectKey& key, const Json& object) {
  if (key.kind == kNamespace) return true;
  return key.kind == kPod && Integer(object, {"metadata", "deletionGracePeriodSeconds"}) > 0;
}

}  // namespace

std::size_t Store::size() const {
  std::size_t size = 0;
  for (const auto& [kind, objects] : objects_) size += objects.size();
  return size;
}

Object Store::Find(const ObjectKey& key) const {
  auto of_kind = objects_.find(key.kind);
  if (of_kind == objects_.end()) return nullptr;
  auto found = of_kind->second.find({key.namespace_, key.name});
  return found == of_kind->second.end() ? nullptr : found->second;
}

std::vector<Object> Store::List(const Kind& kind, const std::string& namespace_,
                                const cluster::LabelSelector& labels) const {
  std::vector<Object> found;
  for (const auto& [of, objects] : objects_) {
    if (!kind.kind.empty() && of != kind) continue;
    for (auto at = objects.lower_bound({namespace_, ""}); at != objects.end(); ++at) {
      if (!namespace_.empty() && at->first.first != namespace_) break;
      if (HasLabels(*at->second, labels)) found.push_back(at->second);
    }
  }
  return found;
}

Result<void> Store::Admit(const ObjectKey& key, const Json& object, TimePoint now) {
  if (key.namespace_.empty()) return {};
  ObjectKey namespace_key{kNamespace, "", key.namespace_};
  Object namespace_ = Find(namespace_key);
  if (namespace_ != nullptr && namespace_.terminating()) {
    return Error{ErrorCode::kForbidden,
                 fmt::format("{}: namespace {} is being terminated", ToString(key), key.namespace_)};
  }
  if (namespace_ == nullptr) {
    if (!create_namespaces_) {
      return Error{ErrorCode::kNotFound, fmt::format("namespaces \"{}\" not found", key.namespace_)};
    }
    Json fresh = {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", key.namespace_}}}};
    auto made = Insert(namespace_key, std::move(fresh), now);
    if (!made.ok()) return made.error();
  }
  return key.kind == kPod ? CheckQuota(*this, object) : Result<void>();
}

Object Store::Commit(EventType type, const ObjectKey& key, Json object, Object::Size size) {
  if (rehearsing_) return {key, std::move(object), size};
  object["metadata"]["resourceVersion"] = std::to_string(++version_);
  Object shared(key, std::move(object), size);
  Object before = Find(key);
  if (type == EventType::kDeleted) {
    objects_[key.kind].erase({key.namespace_, key.name});
  } else {
    objects_[key.kind][{key.namespace_, key.name}] = shared;
  }
  Change change{type, shared, std::move(before)};
  for (const auto& observer : observers_) observer(change);
  return shared;
}

Result<Object> Store::Insert(const ObjectKey& key, Json object, TimePoint now) {
  const Object::Size size = SizesOf(object);
  if (size.all > kMaxObjectBytes) return TooLarge(key);
  if (auto admitted = Admit(key, object, now); !admitted.ok()) return admitted.error();
  Json& metadata = object["metadata"];
  metadata["uid"] = Uid(seed_, version_ + 1);
  metadata["creationTimestamp"] = Seconds(now);
  metadata.erase("deletionTimestamp");
  metadata.erase("deletionGracePeriodSeconds");
  if (HasGeneration(key.kind)) metadata["generation"] = 1;
  FillGenerated(key.kind, object);
  FillStatus(key.kind, object);
  return Commit(EventType::kAdded, key, std::move(object), size);
}

Result<Object> Store::Create(Json object, const std::string& manager, TimePoint now) {
  const ObjectKey key = cluster::KeyOf(object);
  if (object.is_object() && !manager.empty()) object.erase("status");
  if (auto valid = MakeReady(key, object, kNew); !valid.ok()) return valid.error();
  if (Find(key) != nullptr) return Error{ErrorCode::kExists, fmt::format("{} already exists", ToString(key))};
  object["metadata"].erase("managedFields");
  // A Job's labels are its maker's, also where it left them to the server.
  const bool takes = key.kind == kJob && TakesLabels(object);
  if (takes) TakeLabels(object);
  OwnAll(object, manager, Seconds(now));
  if (takes) object["metadata"].erase("labels");
  return Insert(key, std::move(object), now);
}

Result<Object> Store::Apply(Json wanted, const std::string& manager, bool force, TimePoint now) {
  ObjectKey key = cluster::KeyOf(wanted);
  if (manager.empty()) return Error{ErrorCode::kInvalid, "fieldManager is required for apply"};
  if (key.name.empty()) return Error{ErrorCode::kInvalid, "metadata.name is required for apply"};
  if (auto typed = CheckTypes(key.kind, wanted); !typed.ok()) return typed.error();
  FillTexts(key.kind, wanted);
  if (auto keyed = CheckKeys(key.kind, wanted); !keyed.ok()) return keyed.error();
  std::string uid = UidOf(wanted);
  std::string version = Text(wanted, {"metadata", "resourceVersion"});
  Object live = Find(key);
  if (live == nullptr) {
    if (!uid.empty()) {
      return Error{ErrorCode::kConflict, fmt::format("{}: there is no object with that uid", ToString(key))};
    }
    Json identity = {{"apiVersion", key.kind.api_version}, {"kind", key.kind.kind}};
    identity["metadata"] = {{"name", key.name}};
    if (!key.namespace_.empty()) identity["metadata"]["namespace"] = key.namespace_;
    auto made = ApplyTo(identity, wanted, manager, force, Seconds(now));
    if (!made.ok()) return made.error();
    if (auto valid = MakeReady(key, made.value(), kNew); !valid.ok()) return valid.error();
    return Insert(key, std::move(made).value(), now);
  }
  auto applied = ApplyTo(*live, wanted, manager, force, Seconds(now));
  if (!applied.ok()) return std::move(applied).error().Within(ToString(key));
  if (!uid.empty() && uid != live.uid()) return OtherUid(key, live.uid(), uid);
  if (!version.empty() && version != Text(*live, {"metadata", "resourceVersion"})) return Moved(key);
  return Put(key, live, std::move(applied).value(), now);
}

Result<Object> Store::Rehearse(const std::function<Result<Object>()>& write) {
  rehearsing_ = true;
  Result<Object> answer = write();
  rehearsing_ = false;
  return answer;
}

Result<Object> Store::Replace(Json object, const std::string& manager, TimePoint now) {
  return ReplaceBy({manager}, std::move(object), now);
}

Result<Object> Store::Scale(const ObjectKey& key, std::int64_t replicas, const std::string& version,
                            const std::string& manager, TimePoint now) {
  const Object live = Find(key);
  if (live == nullptr) return NotFound(key);
  Json object = *live;
  object["spec"]["replicas"] = replicas;
  object["metadata"]["resourceVersion"] = version;
  object["metadata"].erase("managedFields");
  return ReplaceBy({manager, "scale"}, std::move(object), now);
}

Result<Object> Store::ReplaceBy(const Updater& by, Json object, TimePoint now) {
  const ObjectKey key = cluster::KeyOf(object);
  if (auto typed = CheckTypes(key.kind, object); !typed.ok()) return typed.error();
  const Object live = Find(key);
  if (live == nullptr) return NotFound(key);
  const std::string uid = UidOf(object);
  if (!uid.empty() && uid != live.uid()) return OtherUid(key, live.uid(), uid);
  const std::string version = Text(object, {"metadata", "resourceVersion"});
  if (!version.empty() && version != Text(*live, {"metadata", "resourceVersion"})) return Moved(key);
  Canonicalize(key.kind, object);
  // What the server fills in is nobody's change.
  FillDefaults(key.kind, object);
  Json after = std::move(object);
  const Json given = embedded::List(after, {"metadata", "managedFields"});
  for (const Json& entry : given) {
    if (IsFieldSet(entry.value("fieldsV1", Json::object()))) continue;
    return Error{ErrorCode::kInvalid,
                 fmt::format("{}: metadata.managedFields: Invalid value: fieldsV1 is no set of fields", ToString(key))};
  }
  after["metadata"] = UpdatedMetadata(*live, after);
  after.erase("status");
  if (const auto status = live->find("status"); status != live->end()) after["status"] = *status;
  Json managed = OwnChanged(*live, after, given, by, Seconds(now));
  after["metadata"].erase("managedFields");
  if (!managed.empty()) after["metadata"]["managedFields"] = std::move(managed);
  return Put(key, live, std::move(after), now);
}

Result<Object> Store::Update(Json object, TimePoint now) {
  ObjectKey key = cluster::KeyOf(object);
  Object live = Find(key);
  if (live == nullptr) return NotFound(key);
  if (VersionOf(object) != live.version()) return Moved(key);
  if (UpToDate(*live, object)) return live;
  // Everything but metadata and status is the new object's where it names it.
  Json metadata = UpdatedMetadata(*live, object);
  Json after = std::move(object);
  after["metadata"] = std::move(metadata);
  after.erase("status");
  for (const auto& [name, member] : live->items()) {
    if (!after.contains(name)) after[name] = member;
  }
  return Put(key, live, std::move(after), now);
}

Result<Object> Store::Put(const ObjectKey& key, const Object& before, Json after, TimePoint /*now*/) {
  if (auto valid = MakeReady(key, after, !kNew); !valid.ok()) return valid.error();
  if (auto valid = ValidateChange(key.kind, *before, after); !valid.ok()) return valid.error();
  const Object::Size size = SizesOf(after);
  if (size.all > kMaxObjectBytes) return TooLarge(key);
  if (after == *before) return before;
  if (HasGeneration(key.kind) && !(SameSpec(*before, after) && SameAnnotations(key.kind, *before, after))) {
    after["metadata"]["generation"] = Integer(*before, {"metadata", "generation"}) + 1;
  }
  if (Terminating(after) && Finalized(after) && !Finalized(*before) && !TwoPhase(key, after)) {
    // Who asked is told of the object as it would be, at the version that it had.
    const Object last(key, std::move(after), size);
    Commit(EventType::kDeleted, key, *before, before.size());
    return last;
  }
  return Commit(EventType::kModified, key, std::move(after), size);
}

Result<Object> Store::ReplaceStatus(Json object, TimePoint /*now*/) {
  ObjectKey key = cluster::KeyOf(object);
  Object live = Find(key);
  if (live == nullptr) return NotFound(key);
  std::string uid = UidOf(object);
  if (VersionOf(object) != live.version() || (!uid.empty() && uid != live.uid())) return Moved(key);
  if (auto typed = CheckTypes(key.kind, object); !typed.ok()) return typed.error();
  Canonicalize(key.kind, object);
  DropZeroCounts(key.kind, object);
  FillStatus(key.kind, object);
  return PutStatus(key, live, object.contains("status") ? std::move(object["status"]) : Json());
}

Result<Object> Store::SetStatus(const Json& seen, Json status) {
  ObjectKey key = cluster::KeyOf(seen);
  Object live = Find(key);
  if (live == nullptr) return NotFound(key);
  if (live.get() != &seen && (VersionOf(seen) != live.version() || UidOf(seen) != live.uid())) return Moved(key);
  return PutStatus(key, live, std::move(status));
}

// Most of what controllers write is what stands there already: that costs no copy.
Result<Object> Store::PutStatus(const ObjectKey& key, const Object& live, Json status) {
  auto present = live->find("status");
  if (present == live->end() ? status.is_null() : *present == status) return live;
  const std::size_t bytes = status.is_null() ? 0 : SizeOf(status);
  const Object::Size size{live.size().all - live.size().status + bytes, bytes};
  if (size.all > kMaxObjectBytes) return TooLarge(key);
  Json after = WithoutStatus(*live);
  if (!status.is_null()) after["status"] = std::move(status);
  return Commit(EventType::kModified, key, std::move(after), size);
}

Result<void> Store::Delete(const ObjectKey& key, const std::string& uid, const std::string& version, TimePoint now) {
  if (uid.empty()) return Error{ErrorCode::kInvalid, fmt::format("{}: a delete names the uid", ToString(key))};
  return Delete(key, DeleteOptions{uid, version}, now);
}

Result<void> Store::Delete(const ObjectKey& key, const DeleteOptions& options, TimePoint now) {
  Object live = Find(key);
  if (live == nullptr) return NotFound(key);
  if (!options.uid.empty() && options.uid != live.uid()) return OtherUid(key, live.uid(), options.uid);
  if (!options.version.empty() && options.version != Text(*live, {"metadata", "resourceVersion"})) return Moved(key);
  const std::int64_t grace = key.kind == kPod ? GraceOf(live, options) : 0;
  const bool at_once = key.kind != kNamespace && grace == 0;
  const Json finalizers = FinalizersFor(*live, options.propagation);
  if (finalizers.empty() && at_once) {
    Commit(EventType::kDeleted, key, *live, live.size());
    return {};
  }
  Json after = *live;
  if (finalizers.empty()) {
    after["metadata"].erase("finalizers");
  } else {
    after["metadata"]["finalizers"] = finalizers;
  }
  if (live.terminating()) {
    if (Integer(*live, {"metadata", "deletionGracePeriodSeconds"}) > grace) {
      Hurry(live, grace);
    } else if (finalizers != embedded::List(*live, {"metadata", "finalizers"})) {
      Commit(EventType::kModified, key, std::move(after), live.size());
    }
    return {};
  }
  after["metadata"]["deletionGracePeriodSeconds"] = grace;
  after["metadata"]["deletionTimestamp"] = Seconds(now + std::chrono::seconds(grace));
  if (HasGeneration(key.kind)) {
    after["metadata"]["generation"] = Integer(after, {"metadata", "generation"}) + 1;
  }
  if (key.kind == kNamespace) after["status"]["phase"] = "Terminating";
  Commit(EventType::kModified, key, std::move(after), live.size());
  return {};
}

// A shorter grace period counts from the moment when the pod was told to end.
void Store::Hurry(const Object& live, std::int64_t grace) {
  Json after = *live;
  const std::int64_t sooner = Integer(after, {"metadata", "deletionGracePeriodSeconds"}) - grace;
  const TimePoint was = TimeAt(after, {"metadata", "deletionTimestamp"});
  after["metadata"]["deletionGracePeriodSeconds"] = grace;
  after["metadata"]["deletionTimestamp"] = Seconds(was - std::chrono::seconds(sooner));
  Commit(EventType::kModified, live.key(), std::move(after), live.size());
}

void Store::Finish(const ObjectKey& key, const std::string& uid, TimePoint now) {
  Object live = Find(key);
  if (live == nullptr || uid != live.uid()) return;
  if (key.kind == kNamespace) {
    Commit(EventType::kDeleted, key, *live, live.size());
  } else {
    (void)Delete(key, DeleteOptions{.uid = uid, .version = "", .grace_seconds = 0}, now);
  }
}

void Store::Restore(Json object) {
  ObjectKey key = cluster::KeyOf(object);
  version_ = std::max(version_, VersionOf(object));
  const Object::Size size = SizesOf(object);
  objects_[key.kind][{key.namespace_, key.name}] = Object(key, std::move(object), size);
}

void Store::RestoreDeletion(const ObjectKey& key, std::uint64_t version) {
  version_ = std::max(version_, version);
  objects_[key.kind].erase({key.namespace_, key.name});
}

}  // namespace sluice::embedded
