// create, update, patch, delete and deletecollection: from the request to the store's own rules, and back.
#pragma once

#include "reconciler/apiserver/call.h"

namespace sluice::apiserver {

// In one turn: what is read and what is written belong together.
serve::Response CreateObject(const Call& call, embedded::Store& store, TimePoint now);
serve::Response UpdateObject(const Call& call, embedded::Store& store, TimePoint now);
serve::Response PatchObject(const Call& call, embedded::Store& store, TimePoint now);
serve::Response DeleteObject(const Call& call, embedded::Store& store, TimePoint now);
serve::Response DeleteCollection(const Call& call, embedded::Store& store, TimePoint now);

}  // namespace sluice::apiserver
