// Server-side apply: who owns which field, and what an apply makes of an object (KEP-555,
// structured-merge-diff v4). Pure functions over JSON.
//
// A set of fields is a tree in the form of FieldsV1: "f:NAME" a member, `k:{"name":"x"}` the item of a keyed
// list, `v:VALUE` the member of a set, "." the item itself; a leaf is `{}`.
#pragma once

#include <string>
#include <vector>

#include "compiler/base/result.h"
#include "reconciler/embedded/fields.h"

namespace sluice::embedded {

// The fields that `object` names: without identity, what the server sets, and status.
Json FieldsOf(const Kind& kind, const Json& object);

Json UnionOf(const Json& a, const Json& b);
Json DifferenceOf(const Json& a, const Json& b);
Json IntersectionOf(const Json& a, const Json& b);
// kInvalid if a keyed list of what is to be applied has two items of the same keys.
Result<void> CheckKeys(const Kind& kind, const Json& wanted);
// ".spec.replicas", ".spec.template.spec.containers[name="web"].image", sorted.
std::vector<std::string> PathsOf(const Json& fields);

// `live` with everything that `wanted` says in its place.
Json Merged(const Kind& kind, const Json& live, const Json& wanted);
// The fields of `wanted` that `live` lacks or has another value for.
Json Differing(const Kind& kind, const Json& live, const Json& wanted);
// `object` without `fields`; a map that becomes empty goes too.
void RemoveFields(Json& object, const Json& fields);

// metadata.managedFields after `manager` created `object` with all its fields.
void OwnAll(Json& object, const std::string& manager, const std::string& time);

// Whether `fields` is a set of fields as above: what comes from outside may be anything.
bool IsFieldSet(const Json& fields);

// Who updates an object, and by which of its subresources ("scale"), if any: each is a manager of its own.
struct Updater {
  std::string manager;
  std::string subresource = {};
};

// metadata.managedFields after `by` made `after` of `before` by an update: what it changed is its own and no longer
// anyone else's. `given`, unless empty, are the managedFields that the update itself put in place.
Json OwnChanged(const Json& before, const Json& after, const Json& given, const Updater& by, const std::string& time);

// Fields of `wanted` that other managers hold at another value: what an apply by `manager` would take from them.
struct FieldConflict {
  std::string manager;
  std::string subresource;  // by which it was written, if by one
  std::string api_version;
  std::vector<std::string> paths;  // as PathsOf
};
std::vector<FieldConflict> ConflictsOf(const Json& live, const Json& wanted, const std::string& manager);

// The object after `manager` applied `wanted` to `live`, ownership included; kConflict names the other
// managers and fields unless `force`. `live` with the same bytes if nothing changes.
Result<Json> ApplyTo(const Json& live, const Json& wanted, const std::string& manager, bool force,
                     const std::string& time);

}  // namespace sluice::embedded
