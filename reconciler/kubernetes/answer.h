// What an API server's answer means: the table of Kubernetes' API conventions ("HTTP Status codes") and of what
// proxies put in between. Pure.
#pragma once

#include <optional>

#include "compiler/base/result.h"
#include "compiler/base/time.h"
#include "reconciler/cluster/json.h"
#include "reconciler/http/http.h"

namespace sluice::kubernetes {

struct Answer {
  Result<cluster::Json> result;
  // The server asks to come again after this time; nothing was changed.
  std::optional<Duration> retry_after;
  // The credentials were refused.
  bool refused = false;
  // There is no such resource, as opposed to no such object.
  bool no_resource = false;
};

// `writes`: a failure of the server leaves open what became of the request (kAmbiguous).
Answer Understand(const Result<http::HttpResponse>& response, bool writes, TimePoint now);

// What a Status object in a stream says ("ERROR" of a watch).
Error ErrorOfStatus(const cluster::Json& status, bool writes);

// Of a Retry-After header (RFC 9110 §10.2.3): seconds or a date; nullopt if it is neither. At most five minutes.
std::optional<Duration> RetryAfterOf(std::string_view header, TimePoint now);

}  // namespace sluice::kubernetes
