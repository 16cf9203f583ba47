#include "reconciler/kubernetes/answer.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "compiler/base/text.h"
#include "reconciler/http/date.h"

namespace sluice::kubernetes {
namespace {

using cluster::Json;
using cluster::Text;

constexpr Duration kMostRetryAfter{300'000};
// It is stored in conditions and events; a refused object may be repeated in it as a whole.
constexpr std::size_t kMostMessage = 2'000;

// An apply that carries the uid of an object which gave way to another of its name.
bool IsOtherObject(const Json& status) {
  for (const Json& cause : cluster::List(status, {"details", "causes"})) {
    if (cluster::Says(cause, {"field"}, "metadata.uid")) return true;
  }
  return false;
}

// A field of another type than the schema's: the server has no code of its own for it.
bool IsMistyped(const Json& status) {
  return Text(status, {"reason"}).empty() &&
         Text(status, {"message"}).starts_with("failed to create typed patch object");
}

ErrorCode CodeOf(int code, const Json& status, bool writes) {
  switch (code) {
    case 401:
      return ErrorCode::kUnauthorized;
    case 403:
      return ErrorCode::kForbidden;
    case 404:
      // A proxy before the server says it of anything while it starts: what is gone must be known to be.
      return cluster::Says(status, {"reason"}, "NotFound") ? ErrorCode::kNotFound : ErrorCode::kUnavailable;
    case 409:
      return cluster::Says(status, {"reason"}, "AlreadyExists") ? ErrorCode::kExists : ErrorCode::kConflict;
    case 410:
      return ErrorCode::kGone;
    case 413:
      return ErrorCode::kTooLarge;
    case 422:
      return IsOtherObject(status) ? ErrorCode::kConflict : ErrorCode::kInvalid;
    case 429:
      return ErrorCode::kUnavailable;
    default:
      break;
  }
  if (code < 500 || IsMistyped(status)) return ErrorCode::kInvalid;
  return writes ? ErrorCode::kAmbiguous : ErrorCode::kUnavailable;
}

// A proxy's page is of no use to who reads a log.
std::string MessageOf(int status, const Json& body) {
  if (status == 401) return "the server refused the credentials (401)";
  std::string message = Text(body, {"message"});
  if (message.empty()) return fmt::format("the server answered {} without a reason", status);
  return CutText(message, kMostMessage);
}

}  // namespace

std::optional<Duration> RetryAfterOf(std::string_view header, TimePoint now) {
  if (header.empty()) return std::nullopt;
  std::int64_t seconds = 0;
  const auto [end, wrong] = std::from_chars(header.data(), header.data() + header.size(), seconds);
  if (wrong == std::errc() && end == header.data() + header.size()) {
    return std::clamp(Duration(std::min<std::int64_t>(seconds, 1'000) * 1'000), Duration(0), kMostRetryAfter);
  }
  const auto date = http::ParseDate(std::string(header));
  if (!date) return std::nullopt;
  return std::clamp(*date - now, Duration(0), kMostRetryAfter);
}

Error ErrorOfStatus(const Json& status, bool writes) {
  const int code = static_cast<int>(cluster::Integer(status, {"code"}, 500));
  return Error{CodeOf(code, status, writes), MessageOf(code, status)};
}

Answer Understand(const Result<http::HttpResponse>& response, bool writes, TimePoint now) {
  if (!response) return {response.error(), std::nullopt, false, false};
  Json body = cluster::ParseJson(response->body);
  const bool readable = !body.is_discarded();
  if (!readable) body = Json();
  int status = response->status;
  // A Status object says what happened even where the code of a gateway before it says otherwise.
  const bool is_status = cluster::Says(body, {"kind"}, "Status") && cluster::Says(body, {"apiVersion"}, "v1");
  if (is_status && cluster::Says(body, {"status"}, "Failure")) {
    status = static_cast<int>(cluster::Integer(body, {"code"}, status));
  }
  if (status >= 200 && status < 300) {
    if (readable) return {std::move(body), std::nullopt, false, false};
    return {Error{writes ? ErrorCode::kAmbiguous : ErrorCode::kUnavailable, "the answer is no JSON"}, std::nullopt,
            false, false};
  }
  Answer answer{Error{CodeOf(status, body, writes), MessageOf(status, body)}, std::nullopt, status == 401, false};
  if (status == 429 || status == 503) {
    answer.retry_after = RetryAfterOf(http::HeaderOf(*response, "retry-after"), now);
    // "Nothing was changed" is what 429 says (KEP-1040); a 503 may come from behind the change.
    if (status == 429 && !answer.retry_after) answer.retry_after = Duration(1'000);
    if (status == 503 && writes) answer.retry_after.reset();
  }
  // Of an object that isn't there, the Status names it in its details.
  answer.no_resource = status == 404 && Text(body, {"details", "name"}).empty();
  return answer;
}

}  // namespace sluice::kubernetes
