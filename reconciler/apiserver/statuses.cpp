#include "reconciler/apiserver/statuses.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace sluice::apiserver {
namespace {

struct Code {
  int code;
  const char* reason;
};

// Kubernetes API conventions, "Response Status Kind".
Code CodeOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid:
      return {422, "Invalid"};
    case ErrorCode::kNotFound:
      return {404, "NotFound"};
    case ErrorCode::kExists:
      return {409, "AlreadyExists"};
    case ErrorCode::kConflict:
      return {409, "Conflict"};
    case ErrorCode::kGone:
      return {410, "Expired"};
    case ErrorCode::kForbidden:
      return {403, "Forbidden"};
    case ErrorCode::kUnauthorized:
      return {401, "Unauthorized"};
    case ErrorCode::kTooLarge:
      return {413, "RequestEntityTooLarge"};
    case ErrorCode::kAmbiguous:
      return {500, "InternalError"};
    case ErrorCode::kUnavailable:
    case ErrorCode::kCancelled:
      return {503, "ServiceUnavailable"};
  }
  return {500, "InternalError"};
}

// What the store says, without the key that it puts in front.
std::string_view Words(std::string_view message, const Subject& subject) {
  if (subject.resource == nullptr) return message;
  const std::string prefix = subject.resource->stored().api_version + "/" + subject.resource->stored().kind + "/";
  if (!message.starts_with(prefix)) return message;
  const std::size_t end = message.find(": ");
  return end == std::string_view::npos ? message : message.substr(end + 2);
}

std::string Quoted(const Subject& subject) {
  return fmt::format("{} \"{}\"", subject.resource->group_resource(), subject.name);
}

std::string MessageOf(const Error& error, const Subject& subject) {
  const std::string_view words = Words(error.message, subject);
  if (subject.resource == nullptr) return error.message;
  const Resource& resource = *subject.resource;
  switch (error.code) {
    case ErrorCode::kNotFound:
      // Of another object, such as the namespace, the store says it as Kubernetes does.
      return error.message.find("namespaces \"") == 0 ? error.message : Quoted(subject) + " not found";
    case ErrorCode::kExists:
      return Quoted(subject) + " already exists";
    case ErrorCode::kConflict:
      return words.starts_with("the object has been modified")
                 ? fmt::format(
                       "Operation cannot be fulfilled on {}: the object has been modified; please apply your "
                       "changes to the latest version and try again",
                       Quoted(subject))
                 : fmt::format("Operation cannot be fulfilled on {}: {}", Quoted(subject), words);
    case ErrorCode::kForbidden:
      return fmt::format("{} is forbidden: {}", Quoted(subject), words);
    case ErrorCode::kInvalid:
      return fmt::format("{}{}{} \"{}\" is invalid: {}", resource.kind.kind, resource.group().empty() ? "" : ".",
                         resource.group(), subject.name, words);
    default:
      return std::string(words);
  }
}

Json DetailsOf(const Subject& subject) {
  Json details = Json::object();
  if (subject.resource == nullptr) return details;
  if (!subject.name.empty()) details["name"] = subject.name;
  if (!subject.resource->group().empty()) details["group"] = subject.resource->group();
  details["kind"] = subject.resource->plural;
  return details;
}

// "spec.selector: Invalid value: …" names a field and, by Kubernetes' words, why.
Json CauseOf(std::string_view words) {
  static constexpr std::array<std::pair<std::string_view, const char*>, 5> kReasons = {{
      {"Required value", "FieldValueRequired"},
      {"Invalid value", "FieldValueInvalid"},
      {"Unsupported value", "FieldValueNotSupported"},
      {"Forbidden", "FieldValueForbidden"},
      {"must be", "FieldValueTypeInvalid"},
  }};
  const std::size_t colon = words.find(": ");
  if (colon == std::string_view::npos || words.substr(0, colon).find(' ') != std::string_view::npos) return {};
  const std::string_view message = words.substr(colon + 2);
  const char* reason = "FieldValueInvalid";
  for (const auto& [begin, name] : kReasons) {
    if (message.starts_with(begin)) reason = name;
  }
  return {{"reason", reason}, {"message", std::string(message)}, {"field", std::string(words.substr(0, colon))}};
}

// Several stand in brackets, one after another: each begins with its field and its reason.
Json CausesOf(std::string_view words) {
  static constexpr std::array<std::string_view, 4> kBegins = {
      ": Required value", ": Invalid value: ", ": Unsupported value: ", ": Forbidden: "};
  const auto begins = [&](std::size_t at) {
    const std::size_t end = words.find_first_of(": ", at);
    return end != std::string_view::npos && std::any_of(kBegins.begin(), kBegins.end(), [&](std::string_view begin) {
             return words.substr(end).starts_with(begin);
           });
  };
  if (words.starts_with('[') && words.ends_with(']') && begins(1)) {
    words = words.substr(1, words.size() - 2);
  }
  Json causes = Json::array();
  for (std::size_t from = 0; from < words.size();) {
    std::size_t end = words.find(", ", from);
    while (end != std::string_view::npos && !begins(end + 2)) end = words.find(", ", end + 2);
    if (Json cause = CauseOf(words.substr(from, end - from)); !cause.is_null()) causes.push_back(std::move(cause));
    from = end == std::string_view::npos ? words.size() : end + 2;
  }
  return causes;
}

}  // namespace

Json FailureStatus(int code, const std::string& reason, const std::string& message) {
  return {{"kind", "Status"},    {"apiVersion", "v1"}, {"metadata", Json::object()},
          {"status", "Failure"}, {"message", message}, {"reason", reason},
          {"code", code}};
}

Json StatusOf(const Error& error, const Subject& subject) {
  const Code code = CodeOf(error.code);
  Json status = FailureStatus(code.code, code.reason, MessageOf(error, subject));
  Json details = DetailsOf(subject);
  if (error.code == ErrorCode::kInvalid) {
    if (subject.resource != nullptr) details["kind"] = subject.resource->kind.kind;
    if (Json causes = CausesOf(Words(error.message, subject)); !causes.empty()) details["causes"] = std::move(causes);
  }
  if (error.code == ErrorCode::kForbidden && error.message.find("is being terminated") != std::string::npos) {
    details["causes"] = Json::array({{{"reason", "NamespaceTerminating"},
                                      {"message", "the namespace is being terminated"},
                                      {"field", "metadata.namespace"}}});
  }
  if (!details.empty()) status["details"] = std::move(details);
  return status;
}

Json ConflictStatus(const std::vector<embedded::FieldConflict>& conflicts) {
  Json causes = Json::array();
  std::string text;
  for (const embedded::FieldConflict& conflict : conflicts) {
    const std::string by =
        conflict.subresource.empty() ? "" : fmt::format(" with subresource \"{}\"", conflict.subresource);
    const std::string with = fmt::format("conflict with \"{}\"{} using {}", conflict.manager, by, conflict.api_version);
    for (const std::string& path : conflict.paths) {
      causes.push_back({{"reason", "FieldManagerConflict"}, {"message", with}, {"field", path}});
    }
    if (!text.empty()) text += '\n';
    text += with + (conflict.paths.size() == 1 ? fmt::format(": {}", conflict.paths.front())
                                               : fmt::format(":\n- {}", fmt::join(conflict.paths, "\n- ")));
  }
  const std::size_t count = causes.size();
  Json status = FailureStatus(409, "Conflict",
                              fmt::format("Apply failed with {} conflict{}: {}{}", count, count == 1 ? "" : "s",
                                          conflicts.size() > 1 ? "conflicts:\n" : "", text));
  status["details"] = {{"causes", std::move(causes)}};
  return status;
}

Json ExpiredStatus(const std::string& message) { return FailureStatus(410, "Expired", message); }

Json TooNewStatus(std::uint64_t wanted, std::uint64_t present) {
  Json status =
      FailureStatus(504, "Timeout", fmt::format("Too large resource version: {}, current: {}", wanted, present));
  status["details"] = {
      {"causes", Json::array({{{"reason", "ResourceVersionTooLarge"}, {"message", "Too large resource version"}}})},
      {"retryAfterSeconds", 1}};
  return status;
}

Json DeletedStatus(const Subject& subject, const std::string& uid) {
  Json details = DetailsOf(subject);
  details["uid"] = uid;
  return {{"kind", "Status"},
          {"apiVersion", "v1"},
          {"metadata", Json::object()},
          {"status", "Success"},
          {"details", std::move(details)}};
}

std::string Dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

serve::Response Respond(const Json& status) {
  const Json* code = cluster::Find(status, {"code"});
  return {code == nullptr ? 200 : code->get<int>(), "application/json", Dump(status) + "\n"};
}

}  // namespace sluice::apiserver
