#include "reconciler/embedded/prometheus_api.h"

#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include <nlohmann/json.hpp>

#include "reconciler/embedded/promql_eval.h"

namespace sluice::embedded {
namespace {

// Answers keep the order of members that Prometheus has.
using Ordered = nlohmann::ordered_json;
using http::HttpResponse;

constexpr std::int64_t kMaxPoints = 11'000;  // Prometheus' limit on a range query

int Hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string Decode(const std::string& text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      decoded += ' ';
    } else if (text[i] == '%' && i + 2 < text.size() && Hex(text[i + 1]) >= 0 && Hex(text[i + 2]) >= 0) {
      decoded += static_cast<char>(Hex(text[i + 1]) * 16 + Hex(text[i + 2]));
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

HttpResponse Fail(int status, const char* type, const std::string& message) {
  Ordered answer = {{"status", "error"}, {"errorType", type}, {"error", message}};
  return {status, answer.dump()};
}

HttpResponse Succeed(const char* type, Ordered result) {
  Ordered answer = {{"status", "success"}, {"data", {{"resultType", type}, {"result", std::move(result)}}}};
  return {200, answer.dump()};
}

double SecondsOf(std::int64_t ms) { return static_cast<double>(ms) / 1000; }

Ordered Point(std::int64_t at_ms, double value) { return Ordered::array({SecondsOf(at_ms), FormatValue(value)}); }

Ordered LabelsJson(const Labels& labels) {
  Ordered json = Ordered::object();
  for (const auto& [name, value] : labels) json[name] = value;
  return json;
}

// Seconds since the epoch with a fraction, or RFC 3339.
std::optional<std::int64_t> ParseInstant(const std::string& text) {
  double seconds = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error == std::errc() && end == text.data() + text.size() && std::fabs(seconds) < 1e12) {
    return static_cast<std::int64_t>(std::llround(seconds * 1000));
  }
  TimePoint time{};
  if (!ParseTime(text, time)) return std::nullopt;
  return time.time_since_epoch().count();
}

HttpResponse AnswerQuery(const std::map<std::string, std::string>& parameters, const TimeSeries& series,
                         TimePoint now) {
  std::int64_t at_ms = now.time_since_epoch().count();
  if (auto time = parameters.find("time"); time != parameters.end()) {
    auto parsed = ParseInstant(time->second);
    if (!parsed) return Fail(400, "bad_data", "invalid parameter \"time\": cannot parse \"" + time->second + "\"");
    at_ms = *parsed;
  }
  auto query = parameters.find("query");
  auto expression = promql::Parse(query == parameters.end() ? "" : query->second);
  if (!expression.ok()) {
    return Fail(400, "bad_data", "invalid parameter \"query\": " + expression.error().message);
  }
  auto value = promql::Evaluate(*expression, series, at_ms);
  if (!value.ok()) return Fail(422, "execution", value.error().message);
  if (const auto* number = std::get_if<double>(&*value)) return Succeed("scalar", Point(at_ms, *number));
  if (const auto* text = std::get_if<std::string>(&*value)) {
    return Succeed("string", Ordered::array({SecondsOf(at_ms), *text}));
  }
  Ordered result = Ordered::array();
  if (const auto* vector = std::get_if<promql::Vector>(&*value)) {
    for (const promql::Element& each : *vector) {
      result.push_back({{"metric", LabelsJson(each.labels)}, {"value", Point(at_ms, each.value)}});
    }
    return Succeed("vector", std::move(result));
  }
  for (const promql::RangeElement& each : std::get<promql::Matrix>(*value)) {
    Ordered values = Ordered::array();
    for (const auto& [at, sample] : each.samples) values.push_back(Point(at, sample));
    result.push_back({{"metric", LabelsJson(each.labels)}, {"values", std::move(values)}});
  }
  return Succeed("matrix", std::move(result));
}

std::optional<std::int64_t> ParseStep(const std::string& text) {
  auto expression = promql::Parse(text);  // "15", "0.5", "1m30s"
  if (!expression.ok() || expression->kind != promql::Expression::Kind::kNumber) return std::nullopt;
  if (!(expression->number > 0) || expression->number > 1e9) return std::nullopt;
  return static_cast<std::int64_t>(expression->number * 1000);
}

HttpResponse AnswerRange(const std::map<std::string, std::string>& parameters, const TimeSeries& series) {
  auto text = [&](const char* name) {
    auto found = parameters.find(name);
    return found == parameters.end() ? std::string() : found->second;
  };
  auto start = ParseInstant(text("start"));
  auto end = ParseInstant(text("end"));
  auto step = ParseStep(text("step"));
  if (!start) return Fail(400, "bad_data", "invalid parameter \"start\"");
  if (!end || *end < *start) return Fail(400, "bad_data", "invalid parameter \"end\"");
  if (!step || *step < 1) return Fail(400, "bad_data", "invalid parameter \"step\"");
  if ((*end - *start) / *step > kMaxPoints) {
    return Fail(400, "bad_data", "exceeded maximum resolution of 11,000 points per timeseries");
  }
  auto expression = promql::Parse(text("query"));
  if (!expression.ok()) {
    return Fail(400, "bad_data", "invalid parameter \"query\": " + expression.error().message);
  }
  if (expression->type != promql::Type::kScalar && expression->type != promql::Type::kVector) {
    return Fail(400, "bad_data", "invalid expression type for range query, must be scalar or instant vector");
  }
  std::map<Labels, Ordered> rows;
  for (std::int64_t at = *start; at <= *end; at += *step) {
    auto value = promql::Evaluate(*expression, series, at);
    if (!value.ok()) return Fail(422, "execution", value.error().message);
    promql::Vector vector;
    if (const auto* number = std::get_if<double>(&*value)) {
      vector.push_back({{}, *number});
    } else {
      vector = std::get<promql::Vector>(std::move(value).value());
    }
    for (const promql::Element& each : vector) rows[each.labels].push_back(Point(at, each.value));
  }
  Ordered result = Ordered::array();
  for (auto& [labels, values] : rows) {
    result.push_back({{"metric", LabelsJson(labels)}, {"values", std::move(values)}});
  }
  return Succeed("matrix", std::move(result));
}

}  // namespace

std::string FormatValue(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  std::array<char, 400> buffer{};
  auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed);
  return error == std::errc() ? std::string(buffer.data(), end) : "NaN";
}

std::map<std::string, std::string> Parameters(const std::string& text) {
  std::map<std::string, std::string> parameters;
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t end = std::min(text.find('&', at), text.size());
    std::string part = text.substr(at, end - at);
    std::size_t equals = part.find('=');
    if (!part.empty()) {
      std::string value = equals == std::string::npos ? "" : part.substr(equals + 1);
      parameters[Decode(part.substr(0, equals))] = Decode(value);
    }
    at = end + 1;
  }
  return parameters;
}

HttpResponse AnswerPrometheus(const std::string& target, const std::string& form, const TimeSeries& series,
                              TimePoint now) {
  std::size_t mark = target.find('?');
  std::string path = target.substr(0, mark);
  auto parameters = Parameters(mark == std::string::npos ? "" : target.substr(mark + 1));
  for (auto& [name, value] : Parameters(form)) parameters[name] = value;
  if (path == "/api/v1/query") return AnswerQuery(parameters, series, now);
  if (path == "/api/v1/query_range") return AnswerRange(parameters, series);
  if (path == "/-/healthy" || path == "/-/ready") return {200, "Prometheus Server is Healthy.\n"};
  return {404, "404 page not found\n"};
}

}  // namespace sluice::embedded
