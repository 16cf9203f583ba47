// The objects that make the split: as the router wants them for the applied one, and those of earlier splits and
// routers that are still there.
#pragma once

#include <string>
#include <vector>

#include "reconciler/decide/context.h"

namespace sluice::decide {

struct RouteObject {
  std::string name;       // in the router
  bool wanted = true;     // by its `when`
  graph::Value manifest;  // none if it is not wanted
  ObjectName object;      // whom the manifest names
  std::string error;      // why it can't be made; or ""
};

// Whether objects of the router's make the split, and there is one.
bool RouteIsOurs(const Context& context);

// Those of the applied split, in the order in which they are to be written: as declared, reversed where the
// candidate loses. Empty unless RouteIsOurs.
std::vector<RouteObject> RouteObjects(const Context& context);

// Null if it is not there.
const ObservedObject* SeenOf(const Context& context, const RouteObject& object);
// There, ours, and as the applied split wants it; true of one that isn't wanted.
bool InPlace(const Context& context, const RouteObject& object);

// Names an object in the status, before it is written.
void Remember(Context& context, const ObjectName& object);

// Objects that were written, are there, are this rollout's, and that neither `wanted` nor the service itself
// names. None while something of `wanted` can't be made: it might be among them.
std::vector<const ObservedObject*> Unwanted(const Context& context, const std::vector<RouteObject>& wanted);
void DeleteRouteObject(Context& context, const ObservedObject& object, const std::string& why);
// Takes what is gone, or somebody else's by now, out of the status.
void ForgetGone(Context& context, const std::vector<RouteObject>& wanted);

}  // namespace sluice::decide
