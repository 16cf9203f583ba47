#include "compiler/base/result.h"

#include <cstdio>
#include <cstdlib>

namespace sluice {

std::string_view ErrorCodeName(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid:
      return "invalid";
    case ErrorCode::kNotFound:
      return "not found";
    case ErrorCode::kExists:
      return "exists";
    case ErrorCode::kConflict:
      return "conflict";
    case ErrorCode::kGone:
      return "gone";
    case ErrorCode::kForbidden:
      return "forbidden";
    case ErrorCode::kUnauthorized:
      return "unauthorized";
    case ErrorCode::kUnavailable:
      return "unavailable";
    case ErrorCode::kAmbiguous:
      return "ambiguous";
    case ErrorCode::kTooLarge:
      return "too large";
    case ErrorCode::kCancelled:
      return "cancelled";
  }
  return "unknown";
}

Error Error::Within(std::string_view context) && { return Error{code, std::string(context) + ": " + message}; }

void CheckFailed(const char* file, int line, const char* condition) {
  std::fprintf(stderr, "%s:%d: internal error: check failed: %s\n", file, line, condition);
  std::abort();
}

}  // namespace sluice
