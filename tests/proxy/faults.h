// What may become of a request on its way to an API server and back, drawn by a seed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/base/time.h"

namespace sluice::proxy {

// A request as its sender meant it.
struct Asked {
  std::string method, path, query;  // the path without its query

  bool IsWatch() const { return query.find("watch=true") != std::string::npos; }
  bool IsList() const { return !IsWatch() && query.find("limit=") != std::string::npos; }
  bool IsWrite() const { return method != "GET"; }
  // Leases and Events: what is written all the time, whatever is done.
  bool IsAside() const;
};

enum class Fault {
  kNone,
  kReset,            // the connection is reset, nothing was handed on
  kAnswerDropped,    // handed on; the connection is closed instead of the answer
  kConflict,         // 409, nothing was handed on
  kExists,           // 409 AlreadyExists of a creation
  kTooManyRequests,  // 429 with Retry-After
  kUnavailable,      // 503, nothing was handed on
  kInternalError,    // 500 from behind what was carried out
  kPageInstead,      // handed on; an HTML page with 200
  kBadGateway,       // a page with 502, nothing was handed on
  kTruncated,        // handed on; half of the answer, as if it were all
  kCutOff,           // handed on; half of the answer, and the connection is closed
  kAnswerLate,       // handed on; answered after a time
  kRequestLate,      // handed on after a time, if its sender is still there or not
  kGoneList,         // 410 of a list
  kGonePage,         // 410 of a list's next page
  kGoneWatch,        // 410 of a watch
  kGoneEvent,        // an event of a watch that says 410
  kNoStreamedList,   // 422: this server has no lists in watches
  kWatchCut,         // in the middle of an event
  kWatchStalled,     // nothing comes for a time
  kFewPerPage,       // a list has one object a page
};

// What becomes of one request.
struct Fate {
  Fault fault = Fault::kNone;
  Duration lasts{0};       // of what takes a time
  std::size_t events = 0;  // of a watch, before that
};

// All that a run must have reached; "answer dropped".
struct FaultKind {
  Fault fault = Fault::kNone;
  std::string_view name;
};
const std::vector<FaultKind>& FaultKinds();
std::string_view NameOf(Fault fault);

// The same for the same seed, number and request, whatever became of others.
Fate Draw(std::uint64_t seed, std::uint64_t number, const Asked& asked);

}  // namespace sluice::proxy
