#include "reconciler/apiserver/writes.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "compiler/base/hash.h"
#include "reconciler/apiserver/core_events.h"
#include "reconciler/apiserver/patches.h"
#include "reconciler/apiserver/scales.h"
#include "reconciler/embedded/kinds.h"
#include "reconciler/embedded/ownership.h"

namespace sluice::apiserver {
namespace {

using cluster::Find;
using cluster::Text;
using embedded::Object;
using embedded::Store;

bool IsDefinition(const Call& call) { return call.resource.kind.kind == "CustomResourceDefinition"; }

Json Stored(const Call& call, Json object) {
  return call.resource.kind == call.resource.stored() ? std::move(object) : FromCoreEvent(std::move(object));
}

serve::Response Answer(const Call& call, const Result<Object>& written, int code, TimePoint now) {
  if (!written) return Respond(StatusOf(written.error(), call.subject()));
  return {code, "application/json", RenderObject(call.resource, *Served(call.resource, *written), call.view, now)};
}

// What `write` answers, done or rehearsed.
template <typename Write>
Result<Object> Carry(const Call& call, Store& store, Write write) {
  return call.dry_run() ? store.Rehearse(write) : write();
}

// What the controller of CustomResourceDefinitions does: names are taken at once, and served from then on.
Result<Object> Establish(const Call& call, Store& store, Result<Object> written, TimePoint now) {
  if (!written || !IsDefinition(call) || call.dry_run()) return written;
  if (Find(**written, {"status", "conditions"}) != nullptr) return written;
  Json conditions = Json::array();
  for (const char* type : {"NamesAccepted", "Established"}) {
    conditions.push_back({{"type", type},
                          {"status", "True"},
                          {"reason", "InitialNamesAccepted"},
                          {"message", "the initial names have been accepted"},
                          {"lastTransitionTime", embedded::Seconds(now)}});
  }
  const Json* names = Find(**written, {"spec", "names"});
  Json status = {{"conditions", std::move(conditions)}, {"acceptedNames", names == nullptr ? Json() : *names}};
  status["storedVersions"] = Json::array();
  for (const Json& version : cluster::List(**written, {"spec", "versions"})) {
    if (cluster::Flag(version, {"storage"})) status["storedVersions"].push_back(Text(version, {"name"}));
  }
  return store.SetStatus(**written, std::move(status));
}

// What is wrong with the object beyond the store's rules.
Result<void> Check(const Call& call, const Json& object) {
  const std::string wrong = IsDefinition(call) ? WrongDefinition(object) : "";
  return wrong.empty() ? Result<void>() : Error{ErrorCode::kInvalid, wrong};
}

Result<Object> Replace(const Call& call, Store& store, Json object, TimePoint now) {
  object = Stored(call, std::move(object));
  if (auto checked = Check(call, object); !checked.ok()) return std::move(checked).error();
  Result<Object> written = Carry(call, store, [&] { return store.Replace(object, call.manager(), now); });
  return Establish(call, store, std::move(written), now);
}

// The status of `object` in the place of the one there is. Without a version of its own it is meant for the newest.
Result<Object> ReplaceStatus(const Call& call, Store& store, Json object, TimePoint now) {
  object = Stored(call, std::move(object));
  const Object live = store.Find(call.key());
  if (live != nullptr && Text(object, {"metadata", "resourceVersion"}).empty()) {
    object["metadata"]["resourceVersion"] = std::to_string(live.version());
  }
  return Carry(call, store, [&] { return store.ReplaceStatus(object, now); });
}

// spec.replicas of the Scale in the place of the workload's.
Result<Object> ReplaceScale(const Call& call, Store& store, const Json& scale, TimePoint now) {
  const Json* replicas = Find(scale, {"spec", "replicas"});
  if (replicas != nullptr && !replicas->is_number_integer()) {
    return Error{ErrorCode::kInvalid, "spec.replicas: must be an integer"};
  }
  const std::int64_t wanted = replicas == nullptr ? 0 : replicas->get<std::int64_t>();
  const std::string version = Text(scale, {"metadata", "resourceVersion"});
  return Carry(call, store, [&] { return store.Scale(call.key(), wanted, version, call.manager(), now); });
}

Result<Object> ReplacePart(const Call& call, Store& store, Json object, TimePoint now) {
  if (call.subresource == "status") return ReplaceStatus(call, store, std::move(object), now);
  if (call.subresource == "scale") return ReplaceScale(call, store, object, now);
  return Replace(call, store, std::move(object), now);
}

serve::Response AnswerPart(const Call& call, const Result<Object>& written, TimePoint now) {
  if (call.subresource != "scale" || !written) return Answer(call, written, 200, now);
  return {200, "application/json", Dump(ScaleOf(**written))};
}

serve::Response UnsupportedType(const Call& call, const std::string& supported) {
  return Respond(
      FailureStatus(415, "UnsupportedMediaType",
                    fmt::format("the body of the request was in an unknown format ({}) - accepted media types "
                                "include: {}",
                                call.content_type(), supported)));
}

bool JsonOrYaml(const Call& call) {
  const std::string type = call.content_type();
  return type.empty() || type == "application/json" || type == "application/yaml";
}

// --- server-side apply

// As Kubernetes merges lists of conditions; who owns which field of a status is not recorded.
serve::Response ApplyStatus(const Call& call, Store& store, const Json& wanted, TimePoint now) {
  const Object live = store.Find(call.key());
  if (live == nullptr) return Respond(StatusOf({ErrorCode::kNotFound, ""}, call.subject()));
  const Json* status = Find(wanted, {"status"});
  Json patch = {{"status", status == nullptr ? Json::object() : *status}};
  Result<Json> merged = StrategicMergePatch(call.resource.stored(), *live, patch);
  if (!merged) return Respond(StatusOf(merged.error(), call.subject()));
  if (const Json* version = Find(wanted, {"metadata", "resourceVersion"})) {
    (*merged)["metadata"]["resourceVersion"] = *version;
  }
  return Answer(call, ReplaceStatus(call, store, *std::move(merged), now), 200, now);
}

serve::Response Apply(const Call& call, Store& store, TimePoint now) {
  if (call.Query("fieldManager").empty()) {
    return Respond(
        StatusOf({ErrorCode::kInvalid, "fieldManager: Required value: is required for apply patch"}, call.subject()));
  }
  OrRefusal<Json> body = ReadBody(call);
  if (const auto* refusal = std::get_if<Refusal>(&body)) return Respond(refusal->status);
  if (call.subresource == "status") return ApplyStatus(call, store, std::get<Json>(body), now);
  const Json wanted = Stored(call, std::get<Json>(std::move(body)));
  if (Find(wanted, {"metadata", "managedFields"}) != nullptr) {
    return Respond(FailureStatus(400, "BadRequest", "metadata.managedFields must be nil"));
  }
  if (auto checked = Check(call, wanted); !checked.ok()) return Respond(StatusOf(checked.error(), call.subject()));
  const Object live = store.Find(call.key());
  Result<Object> applied =
      Carry(call, store, [&] { return store.Apply(wanted, call.manager(), call.Asks("force"), now); });
  if (!applied && applied.error().code == ErrorCode::kConflict && live != nullptr && !call.Asks("force")) {
    const auto conflicts = embedded::ConflictsOf(*live, wanted, call.manager());
    if (!conflicts.empty() && applied.error().message.find("other field managers") != std::string::npos) {
      return Respond(ConflictStatus(conflicts));
    }
  }
  applied = Establish(call, store, std::move(applied), now);
  return Answer(call, applied, live == nullptr ? 201 : 200, now);
}

// --- the other patches

Result<Json> Patched(const Call& call, const Json& live, const Json& patch) {
  const std::string type = call.content_type();
  if (type == "application/json-patch+json") return JsonPatch(live, patch);
  if (type == "application/strategic-merge-patch+json") {
    return StrategicMergePatch(call.resource.kind, live, patch);
  }
  if (!patch.is_object()) return Error{ErrorCode::kInvalid, "a merge patch is an object"};
  return MergePatch(live, patch);
}

// A patch may not make another object of it.
Result<void> CheckIdentity(const Json& before, const Json& after) {
  if (!after.is_object()) return Error{ErrorCode::kInvalid, "the patch leaves no object"};
  for (const char* name : {"apiVersion", "kind"}) {
    if (Text(before, {name}) != Text(after, {name})) {
      return Error{ErrorCode::kInvalid, fmt::format("{}: Invalid value: field is immutable", name)};
    }
  }
  for (const char* name : {"name", "namespace"}) {
    if (Text(before, {"metadata", name}) != Text(after, {"metadata", name})) {
      return Error{ErrorCode::kInvalid, fmt::format("metadata.{}: Invalid value: field is immutable", name)};
    }
  }
  return {};
}

// --- deletion

// What a delete without a policy leaves behind: the pods of Jobs, as they were before there were policies.
bool OrphansUnasked(const Call& call, const Json& body) {
  const Json* asked = Find(body, {"orphanDependents"});
  if (asked != nullptr && asked->is_boolean()) return asked->get<bool>();
  return call.resource.kind == embedded::kJob;
}

OrRefusal<embedded::DeleteOptions> ReadDeleteOptions(const Call& call) {
  const auto bad = [](const std::string& message) { return Refusal{FailureStatus(400, "BadRequest", message)}; };
  Json body = call.request.body.empty() ? Json::object() : cluster::ParseJson(call.request.body);
  if (!body.is_object()) return bad("the body of a delete is DeleteOptions in JSON");
  embedded::DeleteOptions options;
  // A precondition that can't be read is no reason to delete without it.
  const std::array<std::pair<const char*, std::string*>, 2> preconditions = {
      {{"uid", &options.uid}, {"resourceVersion", &options.version}}};
  for (const auto& [name, into] : preconditions) {
    const Json* value = Find(body, {"preconditions", name});
    if (value != nullptr && !value->is_string() && !value->is_null()) {
      return bad(fmt::format("preconditions.{}: must be a string", name));
    }
    *into = Text(body, {"preconditions", name});
  }
  const std::string policy = Text(body, {"propagationPolicy"}, call.Query("propagationPolicy"));
  if (policy == "Foreground") {
    options.propagation = embedded::Propagation::kForeground;
  } else if (policy == "Orphan" || (policy.empty() && OrphansUnasked(call, body))) {
    options.propagation = embedded::Propagation::kOrphan;
  } else if (!policy.empty() && policy != "Background") {
    return Refusal{FailureStatus(422, "Invalid", fmt::format("propagationPolicy: Unsupported value: \"{}\"", policy))};
  }
  if (const Json* grace = Find(body, {"gracePeriodSeconds"}); grace != nullptr && grace->is_number_integer()) {
    options.grace_seconds = grace->get<std::int64_t>();
  } else if (call.Query("gracePeriodSeconds") == "0") {
    options.grace_seconds = 0;
  }
  if (const Json* dry = Find(body, {"dryRun"}); dry != nullptr && !cluster::List(*dry, {}).empty()) {
    if (cluster::List(*dry, {}) != Json::array({"All"})) return bad("dryRun: supported values: \"All\"");
  }
  return options;
}

bool DryRun(const Call& call) {
  return call.dry_run() || !cluster::List(cluster::ParseJson(call.request.body), {"dryRun"}).empty();
}

// Objects of a kind go with its definition.
void DeleteDefined(const Json& definition, Store& store, TimePoint now) {
  for (const Json& version : cluster::List(definition, {"spec", "versions"})) {
    const Kind kind{Text(definition, {"spec", "group"}) + "/" + Text(version, {"name"}),
                    Text(definition, {"spec", "names", "kind"})};
    for (const Object& object : store.List(kind, "", {})) (void)store.Delete(object.key(), object.uid(), "", now);
  }
}

Result<void> Delete(const Call& call, Store& store, const Object& object, const embedded::DeleteOptions& options,
                    TimePoint now) {
  const cluster::ObjectKey& key = object.key();
  auto done = store.Delete(key, options, now);
  if (done.ok() && IsDefinition(call) && BuiltInResource(key.kind) != nullptr) DeleteDefined(*object, store, now);
  return done;
}

}  // namespace

serve::Response CreateObject(const Call& call, Store& store, TimePoint now) {
  if (!JsonOrYaml(call)) return UnsupportedType(call, "application/json, application/yaml");
  OrRefusal<Json> body = ReadBody(call);
  if (const auto* refusal = std::get_if<Refusal>(&body)) return Respond(refusal->status);
  Json object = Stored(call, std::get<Json>(std::move(body)));
  Json& metadata = object["metadata"];
  const std::string prefix = Text(metadata, {"generateName"});
  if (Text(metadata, {"name"}).empty() && !prefix.empty()) {
    metadata["name"] = prefix + Sha256(prefix + std::to_string(store.version()) + call.namespace_).substr(0, 5);
  }
  Call named = call;
  named.name = Text(metadata, {"name"});
  if (named.name.empty()) {
    return Respond(StatusOf({ErrorCode::kInvalid, "metadata.name: Required value: name or generateName is required"},
                            named.subject()));
  }
  if (!Text(metadata, {"resourceVersion"}).empty()) {
    return Respond(FailureStatus(400, "BadRequest", "resourceVersion should not be set on objects to be created"));
  }
  if (auto checked = Check(call, object); !checked.ok()) return Respond(StatusOf(checked.error(), named.subject()));
  Result<Object> made = Carry(call, store, [&] { return store.Create(object, call.manager(), now); });
  return Answer(named, Establish(call, store, std::move(made), now), 201, now);
}

serve::Response UpdateObject(const Call& call, Store& store, TimePoint now) {
  if (!JsonOrYaml(call)) return UnsupportedType(call, "application/json, application/yaml");
  Call scale = call;
  if (call.subresource == "scale") scale.resource.kind = {"autoscaling/v1", "Scale"};
  OrRefusal<Json> body = ReadBody(scale);
  if (const auto* refusal = std::get_if<Refusal>(&body)) return Respond(refusal->status);
  return AnswerPart(call, ReplacePart(call, store, std::get<Json>(std::move(body)), now), now);
}

serve::Response PatchObject(const Call& call, Store& store, TimePoint now) {
  const std::string type = call.content_type();
  if (type == "application/apply-patch+yaml" && call.subresource != "scale") return Apply(call, store, now);
  const bool strategic = type == "application/strategic-merge-patch+json" && !call.resource.custom;
  if (type != "application/json-patch+json" && type != "application/merge-patch+json" && !strategic) {
    return UnsupportedType(call,
                           "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml" +
                               std::string(call.resource.custom ? "" : ", application/strategic-merge-patch+json"));
  }
  const Json patch = cluster::ParseJson(call.request.body);
  if (patch.is_discarded()) {
    return Respond(FailureStatus(400, "BadRequest", "the body of the request is no JSON, or nests too deep"));
  }
  const Object live = store.Find(call.key());
  if (live == nullptr) return Respond(StatusOf({ErrorCode::kNotFound, ""}, call.subject()));
  const Json before = call.subresource == "scale" ? ScaleOf(*live) : *Served(call.resource, live);
  Result<Json> after = Patched(call, before, patch);
  if (!after) return Respond(StatusOf(after.error(), call.subject()));
  if (auto same = CheckIdentity(before, *after); !same.ok()) return Respond(StatusOf(same.error(), call.subject()));
  return AnswerPart(call, ReplacePart(call, store, *std::move(after), now), now);
}

serve::Response DeleteObject(const Call& call, Store& store, TimePoint now) {
  const auto options = ReadDeleteOptions(call);
  if (const auto* refusal = std::get_if<Refusal>(&options)) return Respond(refusal->status);
  const Object live = store.Find(call.key());
  if (live == nullptr) return Respond(StatusOf({ErrorCode::kNotFound, ""}, call.subject()));
  if (DryRun(call)) return Answer(call, live, 200, now);
  const auto done = Delete(call, store, live, std::get<embedded::DeleteOptions>(options), now);
  if (!done.ok()) return Respond(StatusOf(done.error(), call.subject()));
  const Object left = store.Find(call.key());
  if (left != nullptr && left.uid() == live.uid()) return Answer(call, left, 200, now);
  return Respond(DeletedStatus(call.subject(), live.uid()));
}

serve::Response DeleteCollection(const Call& call, Store& store, TimePoint now) {
  const auto selection = ReadSelection(call);
  if (const auto* refusal = std::get_if<Refusal>(&selection)) return Respond(refusal->status);
  const auto options = ReadDeleteOptions(call);
  if (const auto* refusal = std::get_if<Refusal>(&options)) return Respond(refusal->status);
  std::vector<cluster::SharedJson> deleted;
  for (const Object& object : store.List(call.resource.stored(), call.namespace_, {})) {
    const cluster::SharedJson served = Served(call.resource, object);
    const Selection& wanted = std::get<Selection>(selection);
    if (!wanted.labels.Matches(*served) || !wanted.fields.Matches(*served)) continue;
    deleted.push_back(served);
    if (!DryRun(call)) (void)Delete(call, store, object, std::get<embedded::DeleteOptions>(options), now);
  }
  return {200, "application/json",
          RenderList(call.resource, deleted, {store.version(), "", std::nullopt}, call.view, now)};
}

}  // namespace sluice::apiserver
