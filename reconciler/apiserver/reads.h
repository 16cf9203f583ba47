// get, list and what a watch begins with.
#pragma once

#include "reconciler/apiserver/call.h"
#include "reconciler/apiserver/history.h"
#include "reconciler/apiserver/watch_hub.h"

namespace sluice::apiserver {

serve::Response GetObject(const Call& call, const embedded::Store& store, TimePoint now);
serve::Response ListObjects(const Call& call, const embedded::Store& store, const History& history, TimePoint now);

// Whether a GET is a watch.
bool IsWatch(const Call& call);
// `chance` in [0, 1) spreads the ends of watches that don't say when they want to end.
OrRefusal<WatchRequest> BeginWatch(const Call& call, const embedded::Store& store, double chance);

}  // namespace sluice::apiserver
