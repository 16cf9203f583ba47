#include "reconciler/kubernetes/answer.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

namespace sluice::kubernetes {
namespace {

using cluster::Json;

const TimePoint kNow{std::chrono::hours(24) * 20'000};

Answer Of(int status, const std::string& body, bool writes = true,
          std::vector<std::pair<std::string, std::string>> headers = {}) {
  return Understand(Result<http::HttpResponse>(http::HttpResponse{status, body, std::move(headers)}), writes, kNow);
}

std::string StatusText(int code, const std::string& reason, const std::string& more = "") {
  return fmt::format(
      R"({{"kind":"Status","apiVersion":"v1","status":"Failure","message":"because","reason":"{}","code":{}{}}})",
      reason, code, more);
}

TEST_CASE("each code of the API has one meaning") {
  struct Case {
    int code;
    std::string reason;
    ErrorCode write, read;
  };
  const std::vector<Case> cases = {
      {400, "BadRequest", ErrorCode::kInvalid, ErrorCode::kInvalid},
      {401, "Unauthorized", ErrorCode::kUnauthorized, ErrorCode::kUnauthorized},
      {403, "Forbidden", ErrorCode::kForbidden, ErrorCode::kForbidden},
      {404, "NotFound", ErrorCode::kNotFound, ErrorCode::kNotFound},
      {405, "MethodNotAllowed", ErrorCode::kInvalid, ErrorCode::kInvalid},
      {409, "Conflict", ErrorCode::kConflict, ErrorCode::kConflict},
      {409, "AlreadyExists", ErrorCode::kExists, ErrorCode::kExists},
      {410, "Expired", ErrorCode::kGone, ErrorCode::kGone},
      {413, "RequestEntityTooLarge", ErrorCode::kTooLarge, ErrorCode::kTooLarge},
      {415, "UnsupportedMediaType", ErrorCode::kInvalid, ErrorCode::kInvalid},
      {422, "Invalid", ErrorCode::kInvalid, ErrorCode::kInvalid},
      {429, "TooManyRequests", ErrorCode::kUnavailable, ErrorCode::kUnavailable},
      {500, "InternalError", ErrorCode::kAmbiguous, ErrorCode::kUnavailable},
      {503, "ServiceUnavailable", ErrorCode::kAmbiguous, ErrorCode::kUnavailable},
      {504, "Timeout", ErrorCode::kAmbiguous, ErrorCode::kUnavailable},
  };
  for (const Case& each : cases) {
    INFO(each.code << " " << each.reason);
    const std::string body = StatusText(each.code, each.reason);
    CHECK(Of(each.code, body, true).result.error().code == each.write);
    CHECK(Of(each.code, body, false).result.error().code == each.read);
    CHECK(Of(each.code, body).result.error().message ==
          (each.code == 401 ? "the server refused the credentials (401)" : "because"));
    // In 200 a Status counts as what it says.
    CHECK(Of(200, body, true).result.error().code == each.write);
    CHECK(Of(each.code, body).refused == (each.code == 401));
  }
}

TEST_CASE("a proxy's page is no reason, and half a body no answer") {
  CHECK(Of(502, "<html>Bad gateway</html>").result.error().code == ErrorCode::kAmbiguous);
  CHECK(Of(502, "<html>Bad gateway</html>").result.error().message == "the server answered 502 without a reason");
  CHECK(Of(403, "").result.error().message == "the server answered 403 without a reason");
  CHECK(Of(200, R"({"kind":"Pod","meta)", true).result.error().code == ErrorCode::kAmbiguous);
  CHECK(Of(200, R"({"kind":"Pod","meta)", false).result.error().code == ErrorCode::kUnavailable);
  CHECK(Of(302, "").result.error().code == ErrorCode::kInvalid);
  CHECK(Of(200, R"({"kind":"Pod"})").result.ok());
  CHECK(Of(200, R"({"kind":"Status","apiVersion":"v1","status":"Success"})").result.ok());
}

TEST_CASE("what came of a request that was lost is what the transport says") {
  const Answer lost = Understand(Error{ErrorCode::kAmbiguous, "no answer within 30s"}, true, kNow);
  CHECK(lost.result.error().code == ErrorCode::kAmbiguous);
  CHECK(!lost.retry_after);
}

TEST_CASE("an apply with another object's uid is a conflict, one with a mistyped field is wrong for good") {
  const std::string causes =
      R"(,"details":{"name":"a","causes":[{"reason":"FieldValueInvalid","field":"metadata.uid"}]})";
  CHECK(Of(422, StatusText(422, "Invalid", causes)).result.error().code == ErrorCode::kConflict);
  const std::string mistyped =
      R"({"kind":"Status","apiVersion":"v1","status":"Failure","code":500,)"
      R"("message":"failed to create typed patch object (a/b; /v1, Kind=C): .data.a: expected string"})";
  CHECK(Of(500, mistyped).result.error().code == ErrorCode::kInvalid);
}

TEST_CASE("no such resource is told from no such object") {
  CHECK(Of(404, StatusText(404, "NotFound", R"(,"details":{})"), false).no_resource);
  CHECK(Of(404, "404 page not found", false).no_resource);
  CHECK(Of(404, "404 page not found", false).result.error().code == ErrorCode::kUnavailable);
  CHECK(Of(404, R"({"error":"no route"})", false).result.error().code == ErrorCode::kUnavailable);
  CHECK(!Of(404, StatusText(404, "NotFound", R"(,"details":{"name":"web","kind":"pods"})"), false).no_resource);
}

TEST_CASE("a reason that is too long to be kept is cut before a character") {
  const std::string told = Of(422, Json{{"message", std::string(1'996, 'x') + "äää"}}.dump()).result.error().message;
  CHECK(told == std::string(1'996, 'x') + "…");
}

TEST_CASE("the server says when to come again") {
  CHECK(Of(429, "", true, {{"retry-after", "7"}}).retry_after == Duration(7'000));
  CHECK(Of(429, "", true).retry_after == Duration(1'000));
  CHECK(Of(503, "", false, {{"retry-after", "2"}}).retry_after == Duration(2'000));
  // What stands behind a 503 may have written.
  CHECK(!Of(503, "", true, {{"retry-after", "2"}}).retry_after);
  CHECK(!Of(500, "", false, {{"retry-after", "2"}}).retry_after);
  CHECK(RetryAfterOf("Wed, 21 Oct 2015 07:28:00 GMT", TimePoint(std::chrono::seconds(1'445'412'470))) ==
        Duration(10'000));
  CHECK(RetryAfterOf("Wed, 21 Oct 2015 07:28:00 GMT", kNow) == Duration(0));
  CHECK(RetryAfterOf("999999999999", kNow) == Duration(300'000));
  CHECK(RetryAfterOf("-3", kNow) == Duration(0));
  CHECK(!RetryAfterOf("soon", kNow));
  CHECK(!RetryAfterOf("", kNow));
}

}  // namespace
}  // namespace sluice::kubernetes
