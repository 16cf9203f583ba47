// The objects of a rollout as they are to be, and the writes that make them so.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "compiler/graph/value.h"
#include "reconciler/decide/context.h"

namespace sluice::decide {

// `value` with what stands at `path` replaced; maps on the way are made.
graph::Value With(const graph::Value& value, std::initializer_list<std::string_view> path, graph::Value leaf);

// Whether everything that `wanted` says is in `found` as said: maps field by field, lists item by item with
// the same length (items may carry defaults that the server added). An empty map or list may be absent.
bool Contains(const graph::Value& found, const graph::Value& wanted);

// Our mark: rollout label, owner and epoch annotations.
graph::Value Marked(const Context& context, const graph::Value& object);
// Without it.
graph::Value Unmarked(const graph::Value& object);
// Whether it carries our mark: this very Rollout made it, or took it over.
bool IsOurs(const Context& context, const graph::Value& object);
// graph::kEpochAnnotation of an object; 0 if it has none.
std::int64_t EpochOf(const graph::Value& object);

// Emits the write of one revision's Deployment with so many pods, and before it of the ConfigMaps that are missing. A
// revision that no bundle describes can only be deleted, once it has no traffic.
void WriteDeployment(Context& context, const Revision& revision, std::int32_t pods);

// Services: NAME-REV of every revision with pods, and NAME, whose selector follows the router's address. A NAME-REV
// for which the plan has none any more goes once no route leads to it.
void WriteServices(Context& context);
// Service NAME while it stands on `revision`, and NAME-REV; none where there is none, or no bundle describes it.
graph::Value AddressOf(const Context& context, const Revision& revision);
graph::Value RevisionService(const Context& context, const Revision& revision);
// The companion of that name; null without one.
const graph::Value* PlannedCompanion(const graph::Workload& workload, const ObjectName& name);
// The autoscaler of a revision, for the pods that are planned for it; once a decision.
void WriteAutoscaler(Context& context, const Revision& revision);

// Companions of the revisions that have a Deployment, as their plans say; those of one that has none go.
void WriteCompanions(Context& context);
// All of them, or those of one revision. True once there are none.
bool DeleteCompanions(Context& context);
bool DeleteCompanions(Context& context, const ObservedRevision& seen, const std::string& why);
// Whether NAME selects what the router's address wants.
bool AddressInPlace(const Context& context);
// Whether NAME stands on `revision` and holds exactly its ready pods (true where the router says what NAME is).
bool StableServiceMoved(const Context& context, const Revision& revision);

}  // namespace sluice::decide
