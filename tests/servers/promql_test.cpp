// The embedded cluster's PromQL held against Prometheus' own: the same samples, the same queries, the same
// moment, both answers of the HTTP API compared.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "reconciler/embedded/prometheus_api.h"
#include "reconciler/measure/request.h"
#include "tests/servers/ask.h"
#include "tests/servers/prometheus_server.h"

namespace sluice::servers {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t kNow = 1'767'225'600'000;  // of every query; nothing here depends on the clock
constexpr std::int64_t kBegin = kNow - 20 * 60'000;
constexpr std::int64_t kEnd = kNow + 30'000;

// Scrapes every 15 s, a little early or late, in a fixed pattern.
std::vector<std::int64_t> Times(std::int64_t from, std::int64_t to) {
  std::vector<std::int64_t> times;
  std::uint32_t state = 12345;
  for (std::int64_t at = kBegin; at < kEnd; at += 15'000) {
    state = state * 1'664'525 + 1'013'904'223;
    const std::int64_t jittered = at + (state >> 16) % 700;
    if (jittered >= from && jittered < to) times.push_back(jittered);
  }
  return times;
}

// A counter that rises by `rate` a second; at `reset` its process starts anew.
std::vector<HistorySample> Counter(double rate, std::int64_t from = kBegin, std::int64_t to = kEnd,
                                   std::int64_t reset = kEnd) {
  std::vector<HistorySample> samples;
  for (const std::int64_t at : Times(from, to)) {
    const std::int64_t since = at >= reset ? reset : kBegin - 100'000;
    samples.push_back({at, std::floor(rate * static_cast<double>(at - since) / 1000)});
  }
  return samples;
}

std::vector<HistorySample> Gauge(const std::vector<double>& values) {
  std::vector<HistorySample> samples;
  std::size_t next = 0;
  for (const std::int64_t at : Times(kBegin, kEnd)) samples.push_back({at, values[next++ % values.size()]});
  return samples;
}

void AddHistogram(std::vector<HistorySeries>& all, const std::string& revision, const std::vector<double>& rates) {
  const std::vector<std::string> bounds = {"0.1", "0.3", "0.5", "1", "+Inf"};
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    all.push_back({"http_request_duration_seconds_bucket",
                   {{"namespace", "shop"},
                    {"sluice_dev_service", "checkout"},
                    {"sluice_dev_revision", revision},
                    {"le", bounds[i]}},
                   Counter(rates[i])});
  }
}

std::vector<HistorySeries> History() {
  std::vector<HistorySeries> all;
  const auto requests = [&](const std::string& revision, const std::string& code, std::vector<HistorySample> samples) {
    all.push_back(
        {"http_requests_total",
         {{"namespace", "shop"}, {"sluice_dev_service", "checkout"}, {"sluice_dev_revision", revision}, {"code", code}},
         std::move(samples)});
  };
  requests("aaaa1111", "200", Counter(97.3));
  requests("aaaa1111", "404", Counter(0.4));
  requests("aaaa1111", "500", Counter(2.1));
  requests("bbbb2222", "200", Counter(11, kNow - 70'000));  // began a minute ago
  requests("bbbb2222", "503", Counter(0.9, kNow - 40'000));
  requests("cccc3333", "200", Counter(55.5, kBegin, kEnd, kNow - 61'000));  // restarted
  requests("dddd4444", "200", Counter(0));                                  // no traffic
  requests("eeee5555", "200", Counter(30, kBegin, kNow - 9 * 60'000));      // gone
  requests("ffff6666", "200", Counter(5, kNow - 14'500, kNow));             // one sample
  AddHistogram(all, "aaaa1111", {40, 80, 95, 99.5, 100});
  AddHistogram(all, "bbbb2222", {0, 0, 0, 3, 10});  // p99 above the last bound
  AddHistogram(all, "dddd4444", {0, 0, 0, 0, 0});
  const double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  all.push_back({"temperature", {{"room", "a"}}, Gauge({21.5, 22, -3.25, 19})});
  all.push_back({"temperature", {{"room", "b"}}, Gauge({1e-9, 123456789.125, 0.1})});
  all.push_back({"temperature", {{"room", "broken"}}, Gauge({nan})});
  all.push_back({"temperature", {{"room", "sun"}}, Gauge({infinity, 5e15})});
  all.push_back({"limit", {{"room", "a"}, {"unit", "C"}}, Gauge({25})});
  all.push_back({"limit", {{"room", "b"}, {"unit", "C"}}, Gauge({20})});
  return all;
}

embedded::TimeSeries Embedded(const std::vector<HistorySeries>& history) {
  embedded::TimeSeries series{Duration(24LL * 3'600'000)};
  for (const HistorySeries& one : history) {
    embedded::Labels labels(one.labels.begin(), one.labels.end());
    labels["__name__"] = one.name;
    for (const HistorySample& sample : one.samples)
      series.Append(labels, TimePoint(Duration(sample.at_ms)), sample.value);
  }
  return series;
}

double ToDouble(const std::string& text) { return std::strtod(text.c_str(), nullptr); }

// Equal but for the last digits, in which the order of additions shows.
bool SameNumber(const Json& a, const Json& b) {
  if (!a.is_string() || !b.is_string()) return a == b;
  const double x = ToDouble(a), y = ToDouble(b);
  if (std::isnan(x) || std::isnan(y)) return std::isnan(x) && std::isnan(y);
  if (std::isinf(x) || std::isinf(y)) return x == y;
  return std::abs(x - y) <= 1e-9 * std::max(std::abs(x), std::abs(y));
}

bool SameSamples(const Json& a, const Json& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].at(0).get<double>() != b[i].at(0).get<double>() || !SameNumber(a[i].at(1), b[i].at(1))) return false;
  }
  return true;
}

// The order of a vector means nothing where the query doesn't sort.
Json Sorted(Json result) {
  std::sort(result.begin(), result.end(), [](const Json& x, const Json& y) { return x.at("metric") < y.at("metric"); });
  return result;
}

bool SameData(const Json& a, const Json& b, bool in_order) {
  if (a.at("resultType") != b.at("resultType")) return false;
  if (a.at("resultType") == "scalar") return SameNumber(a.at("result").at(1), b.at("result").at(1));
  if (a.at("resultType") == "string") return a.at("result") == b.at("result");
  const Json x = in_order ? a.at("result") : Sorted(a.at("result"));
  const Json y = in_order ? b.at("result") : Sorted(b.at("result"));
  if (x.size() != y.size()) return false;
  const bool matrix = a.at("resultType") == "matrix";
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (x[i].at("metric") != y[i].at("metric")) return false;
    const Json s = matrix ? x[i].at("values") : Json::array({x[i].at("value")});
    const Json t = matrix ? y[i].at("values") : Json::array({y[i].at("value")});
    if (!SameSamples(s, t)) return false;
  }
  return true;
}

struct Both {
  http::HttpResponse real, embedded;
};

Both AskBoth(const PrometheusServer& server, const embedded::TimeSeries& series, const std::string& target) {
  auto real = AskFor(server.url() + target);
  REQUIRE(real.ok());
  return {*real, embedded::AnswerPrometheus(target, "", series, TimePoint(Duration(kNow)))};
}

std::string Target(const std::string& query) {
  return fmt::format("/api/v1/query?query={}&time={}.{:03}", measure::UrlEncode(query), kNow / 1000, kNow % 1000);
}

void CheckSameAnswer(const Both& both, bool in_order) {
  CAPTURE(both.real.body, both.embedded.body);
  CHECK(both.real.status == both.embedded.status);
  const Json real = cluster::ParseJson(both.real.body), ours = cluster::ParseJson(both.embedded.body);
  REQUIRE(ours.is_object());
  CHECK(real.value("status", "") == ours.value("status", ""));
  if (real.value("status", "") != ours.value("status", "")) return;
  if (real.at("status") != "success") {
    CHECK(real.at("errorType") == ours.at("errorType"));
    return;
  }
  CHECK(SameData(real.at("data"), ours.at("data"), in_order));
}

// What the stdlib's plain dialect writes, for one revision and window.
std::vector<std::string> DialectQueries(const std::string& revision, const std::string& over) {
  const std::string series =
      fmt::format("namespace=\"shop\",sluice_dev_service=\"checkout\",sluice_dev_revision=\"{}\"", revision);
  std::vector<std::string> queries = {
      fmt::format("(sum(rate(http_requests_total{{{0},code=~\"5..\"}}[{1}])) or vector(0)) / "
                  "(sum(rate(http_requests_total{{{0}}}[{1}])) > 0)",
                  series, over),
      fmt::format("sum(rate(http_requests_total{{{}}}[{}]))", series, over)};
  for (const char* quantile : {"0.5", "0.9", "0.95", "0.99"}) {
    queries.push_back(
        fmt::format("histogram_quantile({}, sum by (le) (rate(http_request_duration_seconds_bucket{{{}}}[{}])))",
                    quantile, series, over));
  }
  return queries;
}

const std::vector<std::string> kQueries = {
    // selectors
    "http_requests_total",
    R"(http_requests_total{code="200"})",
    R"(http_requests_total{code!="200"})",
    R"(http_requests_total{code=~"5.."})",
    R"(http_requests_total{code!~"2..|4.."})",
    R"(http_requests_total{code=~"5"})",
    R"({__name__=~"temp.*"})",
    R"(temperature{room=""})",
    R"(temperature{nothing=""})",
    "nothing",
    "http_requests_total offset 5m",
    "http_requests_total offset 30m",
    "temperature offset -15s",
    "temperature[1m]",
    R"(http_requests_total{sluice_dev_revision="eeee5555"})",
    // ranges
    "rate(http_requests_total[1m])",
    "rate(http_requests_total[2m])",
    "rate(http_requests_total[5m] offset 1m)",
    "increase(http_requests_total[1m])",
    "increase(http_requests_total[7m30s])",
    "irate(http_requests_total[1m])",
    "delta(temperature[2m])",
    "idelta(temperature[2m])",
    "resets(http_requests_total[5m])",
    "changes(temperature[5m])",
    "rate(http_requests_total[10s])",
    "avg_over_time(temperature[2m])",
    "min_over_time(temperature[2m])",
    "max_over_time(temperature[2m])",
    "sum_over_time(temperature[2m])",
    "count_over_time(temperature[2m])",
    "last_over_time(temperature[2m])",
    "quantile_over_time(0.9, temperature[2m])",
    "stddev_over_time(temperature[2m])",
    "present_over_time(temperature[2m])",
    // aggregations
    "sum(http_requests_total)",
    "sum by (code) (rate(http_requests_total[2m]))",
    "sum by (sluice_dev_revision, nothing) (rate(http_requests_total[2m]))",
    "sum without (code) (rate(http_requests_total[2m]))",
    "sum(rate(http_requests_total[2m])) by (code)",
    "avg(temperature)",
    "min(temperature)",
    "max(temperature)",
    "count(http_requests_total)",
    "count by (code) (http_requests_total)",
    "stddev(limit)",
    "stdvar(limit)",
    "topk(2, rate(http_requests_total[5m]))",
    "bottomk(2, limit)",
    "quantile(0.5, limit)",
    "group by (code) (http_requests_total)",
    "sum(nothing)",
    // arithmetic, comparison, sets
    "1 + 2 * 3 ^ 2",
    "2 ^ 3 ^ 2",
    "-2 ^ 2",
    "7 % 4",
    "-7 % 4",
    "1 / 0",
    "0 / 0",
    "-1 / 0",
    "1 == bool 2",
    "vector(1) > 2",
    "vector(3) > bool 2",
    "temperature * 2",
    "temperature - limit",
    "temperature - on (room) limit",
    "limit > on (room) temperature",
    "temperature > bool on (room) limit",
    "temperature + ignoring (unit) limit",
    "temperature == 22",
    "temperature != temperature",
    "temperature > 0",
    "-temperature",
    "temperature / 0",
    "temperature % 5",
    "2 - temperature",
    "sum by (sluice_dev_revision) (rate(http_requests_total{code=~\"5..\"}[5m])) / sum by (sluice_dev_revision) "
    "(rate(http_requests_total[5m]))",
    "rate(http_requests_total[5m]) / on (sluice_dev_revision) group_left sum by (sluice_dev_revision) "
    "(rate(http_requests_total[5m]))",
    "temperature * on (room) group_left (unit) limit",
    "temperature and limit",
    "temperature and on (room) limit",
    "temperature or on (room) limit",
    "temperature unless on (room) limit",
    "nothing or vector(0)",
    "sum(nothing) or vector(0)",
    "limit or temperature",
    "vector(0) or limit",
    // functions
    "histogram_quantile(0.99, rate(http_request_duration_seconds_bucket[2m]))",
    "histogram_quantile(0, sum by (le) (rate(http_request_duration_seconds_bucket[2m])))",
    "histogram_quantile(1, sum by (le, sluice_dev_revision) (rate(http_request_duration_seconds_bucket[2m])))",
    "histogram_quantile(2, sum by (le) (rate(http_request_duration_seconds_bucket[2m])))",
    "histogram_quantile(-1, sum by (le) (rate(http_request_duration_seconds_bucket[2m])))",
    "histogram_quantile(0.5, nothing)",
    "absent(nothing)",
    R"(absent(nothing{room="a",code=~"5.."}))",
    "absent(temperature)",
    "abs(temperature)",
    "ceil(temperature)",
    "floor(temperature)",
    "round(temperature)",
    "round(temperature, 5)",
    "clamp(temperature, 0, 22)",
    "clamp_min(temperature, 20)",
    "clamp_max(temperature, 20)",
    "exp(limit)",
    "ln(limit)",
    "log2(limit)",
    "log10(limit)",
    "sqrt(temperature)",
    "sgn(temperature)",
    "scalar(limit{room=\"a\"})",
    "scalar(limit)",
    "vector(1.5)",
    "time()",
    "timestamp(limit)",
    "time() - timestamp(limit)",
    "sort(limit)",
    "sort_desc(limit)",
    "\"text\"",
    "0x1F",
    "1e3",
    "Inf",
    "NaN",

    // mistakes
    "rate(http_requests_total)",
    "rate(temperature[5m]",
    "sum by",
    "temperature{",
    "1 +",
    "nothing()",
    "temperature[5m] + 1",
    "{}",
    R"({room=~".*"})",
    "temperature offset",
    "temperature[0s]",
    "http_requests_total{code=~\"(\"}",
    "\"a\" + 1",
    "sum(1)",
    "vector(temperature)",
    "temperature + on (unit) limit",
    "1 > 2",
    "histogram_quantile(0.5)",
    "temperature[5x]",
    "",
};

// What the embedded PromQL leaves out. It says so by name instead of answering something else.
const std::vector<std::string> kLeftOut = {
    "deriv(temperature[2m])",
    "predict_linear(temperature[2m], 60)",
    "minute()",
    "hour(vector(0))",
    R"(count_values("value", limit))",
    R"(label_join(limit, "x", "-", "room", "unit"))",
    R"q(label_replace(limit, "x", "$1-y", "room", "(.*)"))q",
    "max_over_time(rate(http_requests_total[1m])[5m:15s])",
    "limit @ 1767225600",
};

TEST_CASE("the embedded PromQL answers as Prometheus does") {
  const std::vector<HistorySeries> history = History();
  const auto server = PrometheusServer::Start(history);
  if (!server) return;
  const embedded::TimeSeries series = Embedded(history);
  std::vector<std::string> queries = kQueries;
  for (const char* revision : {"aaaa1111", "bbbb2222", "cccc3333", "dddd4444", "eeee5555", "ffff6666", "none"}) {
    for (const char* over : {"30s", "1m", "2m", "5m"}) {
      for (std::string& query : DialectQueries(revision, over)) queries.push_back(std::move(query));
    }
  }
  for (const std::string& query : queries) {
    CAPTURE(query);
    CheckSameAnswer(AskBoth(*server, series, Target(query)), query.rfind("sort", 0) == 0);
  }
}

TEST_CASE("what the embedded PromQL leaves out is an error, not another answer") {
  const std::vector<HistorySeries> history = History();
  const auto server = PrometheusServer::Start(history);
  if (!server) return;
  const embedded::TimeSeries series = Embedded(history);
  for (const std::string& query : kLeftOut) {
    const Both both = AskBoth(*server, series, Target(query));
    CAPTURE(query, both.embedded.body);
    CHECK(both.real.status == 200);
    CHECK(both.embedded.status == 400);
    CHECK(cluster::ParseJson(both.embedded.body)["errorType"] == "bad_data");
  }
}

TEST_CASE("a range of moments is answered as Prometheus does") {
  const std::vector<HistorySeries> history = History();
  const auto server = PrometheusServer::Start(history);
  if (!server) return;
  const embedded::TimeSeries series = Embedded(history);
  for (const char* query : {"sum by (code) (rate(http_requests_total[1m]))", "temperature > 20", "vector(1)", "1",
                            "histogram_quantile(0.9, sum by (le) (rate(http_request_duration_seconds_bucket[1m])))"}) {
    CAPTURE(query);
    const std::string target = fmt::format("/api/v1/query_range?query={}&start={}&end={}&step=30",
                                           measure::UrlEncode(query), kNow / 1000 - 600, kNow / 1000);
    CheckSameAnswer(AskBoth(*server, series, target), false);
  }
}

}  // namespace
}  // namespace sluice::servers
