// metav1.Status: how every failure, and the success of a deletion, is told.
#pragma once

#include <string>
#include <vector>

#include "compiler/base/result.h"
#include "reconciler/apiserver/resources.h"
#include "reconciler/embedded/ownership.h"
#include "reconciler/serve/server.h"

namespace sluice::apiserver {

// What a request was about, for messages and `details`. `resource` nullptr: none that is served.
struct Subject {
  const Resource* resource = nullptr;
  std::string name;
};

// A Status of a failure, without details.
Json FailureStatus(int code, const std::string& reason, const std::string& message);

// The Status that Kubernetes answers where the store answers `error`: its code, its words, its details.
Json StatusOf(const Error& error, const Subject& subject);
// 409 with a cause for each field that another manager holds.
Json ConflictStatus(const std::vector<embedded::FieldConflict>& conflicts);
// 410: what was asked for is older than what is remembered.
Json ExpiredStatus(const std::string& message);
// 504: a version that is not there yet.
Json TooNewStatus(std::uint64_t wanted, std::uint64_t present);
// 200: what was deleted is gone.
Json DeletedStatus(const Subject& subject, const std::string& uid);

std::string Dump(const Json& json);
// An answer with a Status, under its code.
serve::Response Respond(const Json& status);

}  // namespace sluice::apiserver
