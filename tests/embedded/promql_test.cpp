// Values were worked out by hand from Prometheus' definitions.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "reconciler/embedded/prometheus_api.h"
#include "reconciler/embedded/promql_eval.h"

namespace sluice::embedded {
namespace {

using Json = nlohmann::json;

// A sample each 10 s from 0 to 100 s. Counters: requests rise by 10 (a) and 30 (b) a step; errors by 1 and 0;
// resets to 0 after 50 s.
TimeSeries Samples() {
  TimeSeries series(std::chrono::hours(1));
  for (int i = 0; i <= 10; ++i) {
    TimePoint at{std::chrono::seconds(10 * i)};
    series.Append({{"__name__", "requests"}, {"pod", "a"}, {"zone", "x"}}, at, 10 * i);
    series.Append({{"__name__", "requests"}, {"pod", "b"}, {"zone", "y"}}, at, 30 * i);
    series.Append({{"__name__", "errors"}, {"pod", "a"}}, at, i);
    series.Append({{"__name__", "errors"}, {"pod", "b"}}, at, 0);
    series.Append({{"__name__", "resetting"}}, at, i <= 5 ? 10 * i : 10 * (i - 6));
    series.Append({{"__name__", "temperature"}}, at, 20 + (i % 2 == 0 ? 1 : -1));
    series.Append({{"__name__", "duration_bucket"}, {"le", "0.1"}}, at, 50 * i);
    series.Append({{"__name__", "duration_bucket"}, {"le", "0.2"}}, at, 90 * i);
    series.Append({{"__name__", "duration_bucket"}, {"le", "+Inf"}}, at, 100 * i);
  }
  series.Append({{"__name__", "quota"}, {"zone", "x"}, {"tier", "gold"}}, TimePoint(std::chrono::seconds(100)), 1000);
  series.Append({{"__name__", "ended"}}, TimePoint(std::chrono::seconds(90)), 1);
  series.End({{"__name__", "ended"}}, TimePoint(std::chrono::seconds(95)));
  return series;
}

// "pod=a 10, pod=b 30": the vector's labels and values; a scalar's value; "error: …".
std::string Ask(const std::string& query, int at_seconds = 100) {
  TimeSeries series = Samples();
  auto expression = promql::Parse(query);
  if (!expression.ok()) return "error: " + expression.error().message;
  auto value = promql::Evaluate(*expression, series, at_seconds * 1000);
  if (!value.ok()) return "error: " + value.error().message;
  if (const double* number = std::get_if<double>(&*value)) return FormatValue(*number);
  if (const auto* text = std::get_if<std::string>(&*value)) return *text;
  std::string shown;
  auto show = [&](const Labels& labels) {
    if (!shown.empty()) shown += ", ";
    for (const auto& [name, label] : labels) shown += name + "=" + label + " ";
  };
  if (const auto* matrix = std::get_if<promql::Matrix>(&*value)) {
    for (const auto& row : *matrix) {
      show(row.labels);
      for (const auto& [at, sample] : row.samples) shown += std::to_string(at / 1000) + ":" + FormatValue(sample) + " ";
    }
    return shown;
  }
  for (const auto& each : std::get<promql::Vector>(*value)) {
    show(each.labels);
    shown += FormatValue(std::round(each.value * 1e9) / 1e9);
  }
  return shown;
}

TEST_CASE("selectors, operators and functions") {
  struct Case {
    std::string query, answer;
  };
  std::vector<Case> cases = {
      {"1 + 2 * 3 ^ 2 ^ 0", "7"},
      {"-2 ^ 2", "-4"},
      {"7 % 4 - -1", "4"},
      {"1 / 0", "+Inf"},
      {"0 / 0", "NaN"},
      {"0x10 + 1e2 + .5", "116.5"},
      {"1m30s", "90"},
      {"1 > bool 2", "0"},
      {"\"a\\\"b\"", "a\"b"},
      {"time()", "100"},
      {"requests", "__name__=requests pod=a zone=x 100, __name__=requests pod=b zone=y 300"},
      {"requests{pod=\"a\"}", "__name__=requests pod=a zone=x 100"},
      {"requests{pod!=\"a\"}", "__name__=requests pod=b zone=y 300"},
      {"requests{pod=~\"a|c\",zone!~\"y.*\"}", "__name__=requests pod=a zone=x 100"},
      {"{__name__=\"errors\",pod='a'}", "__name__=errors pod=a 10"},
      {"requests{zone=\"\"}", ""},
      {"errors{zone=\"\",pod=\"a\",}", "__name__=errors pod=a 10"},
      {"requests{pod=\"a\"} offset 30s", "__name__=requests pod=a zone=x 70"},
      {"requests{pod=\"a\"}[25s]", "__name__=requests pod=a zone=x 80:80 90:90 100:100 "},
      {"requests{pod=\"a\"}[20s] offset 1m", "__name__=requests pod=a zone=x 30:30 40:40 "},
      {"ended", ""},
      {"sum(requests)", "400"},
      {"sum by (zone) (requests)", "zone=x 100, zone=y 300"},
      {"sum(requests) without (pod)", "zone=x 100, zone=y 300"},
      {"avg(requests) + min(requests) + max(requests)", "600"},
      {"count(requests) * 10 + group(requests)", "21"},
      {"stddev(requests)", "100"},
      {"quantile(0.5, requests)", "200"},
      {"topk(1, requests)", "__name__=requests pod=b zone=y 300"},
      {"bottomk(1, requests)", "__name__=requests pod=a zone=x 100"},
      {"requests > 150", "__name__=requests pod=b zone=y 300"},
      {"requests > bool 150", "pod=a zone=x 0, pod=b zone=y 1"},
      {"100 < requests", "__name__=requests pod=b zone=y 300"},
      {"requests / 100", "pod=a zone=x 1, pod=b zone=y 3"},
      {"errors / on (pod) requests", "pod=a 0.1, pod=b 0"},
      {"errors / ignoring (zone) requests", "pod=a 0.1, pod=b 0"},
      {"errors / requests", ""},
      {"requests * on (zone) group_left (tier) quota", "pod=a tier=gold zone=x 100000"},
      {"quota * on (zone) group_right () requests", "pod=a zone=x 100000"},
      {"requests and on (zone) quota", "__name__=requests pod=a zone=x 100"},
      {"requests unless on (zone) quota", "__name__=requests pod=b zone=y 300"},
      {"errors{pod=\"c\"} or vector(0)", "0"},
      {"sum(errors{pod=\"c\"}) or vector(0)", "0"},
      {"(sum(missing) or vector(0)) / (sum(requests) > 0)", "0"},
      {"vector(1) / (sum(missing) > 0)", ""},
      {"scalar(requests{pod=\"a\"}) + 1", "101"},
      {"scalar(requests)", "NaN"},
      {"absent(missing{a=\"b\"})", "a=b 1"},
      {"absent(requests)", ""},
      {"abs(-errors{pod=\"a\"})", "pod=a 10"},
      {"clamp(requests, 150, 250)", "pod=a zone=x 150, pod=b zone=y 250"},
      {"round(requests / 70)", "pod=a zone=x 1, pod=b zone=y 4"},
      {"round(requests{pod=\"a\"}, 30)", "pod=a zone=x 90"},
      {"sort_desc(requests)", "__name__=requests pod=b zone=y 300, __name__=requests pod=a zone=x 100"},
      {"timestamp(requests{pod=\"a\"})", "pod=a zone=x 100"},
      // (40, 100]: samples 50 … 100, rise 50 in 50 s; 10 s to the start and 0 to the end are within 1.1 scrapes.
      {"increase(requests{pod=\"a\"}[1m])", "pod=a zone=x 60"},
      {"rate(requests{pod=\"a\"}[1m])", "pod=a zone=x 1"},
      {"sum(rate(requests[1m]))", "4"},
      {"irate(requests{pod=\"b\"}[1m])", "pod=b zone=y 3"},
      // 50, 0, 10, 20, 30, 40: 50 is added at the reset: rise 40; 50 s sampled, 10 s to the start.
      {"increase(resetting[1m])", "48"},
      {"resets(resetting[2m])", "1"},
      {"changes(temperature[35s])", "3"},
      // 19, 21, 19, 21 from 70 s on: a rise of 2 in 30 s, 10 s to the start.
      {"delta(temperature[40s])", "2.666666667"},
      {"avg_over_time(temperature[40s])", "20"},
      {"max_over_time(requests{pod=\"a\"}[30s]) - min_over_time(requests{pod=\"a\"}[30s])", "pod=a zone=x 20"},
      {"count_over_time(temperature[1m])", "6"},
      {"last_over_time(temperature[1m])", "__name__=temperature 21"},
      {"quantile_over_time(0.5, requests{pod=\"a\"}[30s])", "pod=a zone=x 90"},
      {"histogram_quantile(0.5, duration_bucket)", "0.1"},
      {"histogram_quantile(0.7, duration_bucket)", "0.15"},
      {"histogram_quantile(0.99, duration_bucket)", "0.2"},
      {"histogram_quantile(0.25, sum by (le) (rate(duration_bucket[1m])))", "0.05"},
      {"histogram_quantile(0.5, requests)", ""},
  };
  for (const Case& each : cases) {
    INFO(each.query);
    CHECK(Ask(each.query) == each.answer);
  }
}

TEST_CASE("a counter is not extrapolated below zero") {
  // At 30 s over 1 m: samples 10, 20, 30 (and 0 at 0 s); the window begins at -30 s; the counter was 0 at 0 s.
  CHECK(Ask("increase(requests{pod=\"a\"}[1m])", 30) == "pod=a zone=x 30");
}

TEST_CASE("a sample is taken for five minutes and no longer") {
  CHECK(Ask("errors{pod=\"a\"}", 399) == "__name__=errors pod=a 10");
  CHECK(Ask("errors{pod=\"a\"}", 400) == "");
}

TEST_CASE("wrong queries are errors with a place") {
  struct Case {
    std::string query, part;
  };
  std::vector<Case> cases = {
      {"", "no expression found"},
      {"sum(", "unexpected end of input"},
      {"sum(requests", "unexpected end of input"},
      {"requests{pod=\"a\"", "unexpected end of input"},
      {"requests{pod~\"a\"}", "unexpected character: '~'"},
      {"requests{pod=a}", "unexpected \"a\""},
      {"rate(requests)", "expected type range vector in call to function \"rate\", got instant vector"},
      {"sum(requests[5m])", "expected type instant vector in aggregation expression, got range vector"},
      {"requests[5m] + 1", "must contain only scalar and instant vector types"},
      {"nonsense(1)", "unknown function with name \"nonsense\""},
      {"1 > 2", "must use BOOL"},
      {"{}", "at least one non-empty matcher"},
      {"{a=~\".*\"}", "at least one non-empty matcher"},
      {"requests{pod=~\"(\"}", "missing closing )"},
      {"requests 5", "unexpected \"5\""},
      {"rate(requests[5m:1m])", "subqueries are not supported"},
      {"requests @ 5", "@ modifier is not supported"},
      {"\"abc", "unterminated quoted string"},
      {"requests[5x]", "bad number or duration"},
      {"1 and 2", "not allowed in binary scalar expression"},
      {"vector(1, 2)", "expected 1 argument(s)"},
      {"requests / on (zone) errors", "many-to-many matching not allowed"},
      {"sum by (zone) (requests) / on () requests", "duplicate series"},
  };
  for (const Case& each : cases) {
    INFO(each.query);
    std::string answer = Ask(each.query);
    CHECK(answer.starts_with("error: "));
    CHECK(answer.find(each.part) != std::string::npos);
  }
  CHECK(Ask(std::string(5000, '(')).starts_with("error: "));
}

TEST_CASE("answers and errors come in Prometheus' form") {
  TimeSeries series = Samples();
  TimePoint now{std::chrono::milliseconds(100'250)};
  auto vector = AnswerPrometheus("/api/v1/query?query=errors%7Bpod%3D%22a%22%7D+%2F+100", "", series, now);
  CHECK(vector.status == 200);
  CHECK(
      vector.body ==
      R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{"pod":"a"},"value":[100.25,"0.1"]}]}})");
  auto scalar = AnswerPrometheus("/api/v1/query?query=1%2B1&time=50", "", series, now);
  CHECK(scalar.body == R"({"status":"success","data":{"resultType":"scalar","result":[50.0,"2"]}})");
  auto posted = AnswerPrometheus("/api/v1/query", "query=1%2B1&time=1970-01-01T00:00:50Z", series, now);
  CHECK(posted.body == scalar.body);
  auto wrong = AnswerPrometheus("/api/v1/query?query=sum(", "", series, now);
  CHECK(wrong.status == 400);
  CHECK(cluster::ParseJson(wrong.body)["status"] == "error");
  CHECK(cluster::ParseJson(wrong.body)["errorType"] == "bad_data");
  CHECK(AnswerPrometheus("/api/v1/query?query=1&time=soon", "", series, now).status == 400);
  CHECK(AnswerPrometheus("/api/v1/nothing", "", series, now).status == 404);
  auto range = AnswerPrometheus("/api/v1/query_range?query=sum(requests)&start=0&end=20&step=10s", "", series, now);
  CHECK(cluster::ParseJson(range.body)["data"]["result"][0]["values"].dump() ==
        R"([[0.0,"0"],[10.0,"40"],[20.0,"80"]])");
  CHECK(AnswerPrometheus("/api/v1/query_range?query=1&start=0&end=20&step=0", "", series, now).status == 400);
  CHECK(AnswerPrometheus("/api/v1/query_range?query=1&start=0&end=90000&step=1", "", series, now).status == 400);
}

TEST_CASE("values are written as Prometheus writes them") {
  CHECK(FormatValue(0.1) == "0.1");
  CHECK(FormatValue(1e21) == "1000000000000000000000");
  CHECK(FormatValue(1.0 / 3) == "0.3333333333333333");
  CHECK(FormatValue(-0.0) == "-0");
}

}  // namespace
}  // namespace sluice::embedded
