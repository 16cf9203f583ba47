#include "reconciler/simulate/report.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "reconciler/simulate/drawing.h"
#include "reconciler/simulate/play.h"
#include "reconciler/simulate/xml.h"

namespace sluice::simulate {
namespace {

using nlohmann::ordered_json;

constexpr std::ptrdiff_t kEventsBefore = 6;
constexpr std::ptrdiff_t kEventsAfter = 2;
// A decision stands in the API server so much later at most.
constexpr Duration kSameMoment{500};

std::string PlaceOf(source::Span span, const Places& places) {
  const source::Position position = places.sources.Begin(span);
  return fmt::format("{}{}:{}:{}", places.prefix, places.sources.file(span.file).path(), position.line,
                     position.column);
}

const char* WordOf(check::Expectation::Over over) {
  switch (over) {
    case check::Expectation::Over::kAlways:
      return "always ";
    case check::Expectation::Over::kNever:
      return "never ";
    case check::Expectation::Over::kEventually:
      return "eventually ";
    case check::Expectation::Over::kEnd:
      break;
  }
  return "";
}

std::string TextOf(const check::Expectation& expectation, const Places& places) {
  return fmt::format("expect {}{}", WordOf(expectation.over), places.sources.Text(expectation.span));
}

// The events around that moment, with a mark where it is.
std::string Around(const Course& course, Duration at) {
  const auto after = std::find_if(course.events.begin(), course.events.end(),
                                  [&](const Event& event) { return event.at > at + kSameMoment; });
  const auto first = after - std::min<std::ptrdiff_t>(kEventsBefore, after - course.events.begin());
  const auto last = after + std::min<std::ptrdiff_t>(kEventsAfter, course.events.end() - after);
  std::string text;
  for (auto event = first; event != last; ++event) {
    if (event == after) text += fmt::format("      -> {:>10}\n", Shown(at));
    text += fmt::format("         {}\n", EventLine(*event));
  }
  if (after == last) text += fmt::format("      -> {:>10}\n", Shown(at));
  return text;
}

std::string FailureOf(const TestResult& result, std::size_t number, const Places& places) {
  const check::Expectation& expectation = result.test->expectations[number];
  const Verdict& verdict = result.verdicts[number];
  std::string text = fmt::format("    {}: {}\n", PlaceOf(expectation.span, places), TextOf(expectation, places));
  if (!verdict.why.empty()) text += fmt::format("      {}\n", verdict.why);
  for (const auto& [name, value] : verdict.parts) text += fmt::format("      {} is {}\n", name, value);
  const check::Scenario& scenario = result.test->scenarios[verdict.scenario];
  const Course& course = result.courses[verdict.scenario];
  text += fmt::format("      what happened to {}{}{}, by the time since its commit:\n", scenario.rollout,
                      scenario.name.empty() ? "" : " as ", scenario.name);
  return text + Around(course, verdict.at);
}

std::vector<std::string> FailuresOf(const TestResult& result, const Places& places) {
  std::vector<std::string> failures;
  if (!result.trouble.empty()) {
    failures.push_back(fmt::format("    {}: {}\n", PlaceOf(result.trouble_span, places), result.trouble));
  }
  for (std::size_t i = 0; i < result.verdicts.size(); ++i) {
    if (!result.verdicts[i].met) failures.push_back(FailureOf(result, i, places));
  }
  // What may well be why: a gate that nothing answers comes to an error.
  std::set<std::string> addresses;
  for (const Course& course : result.courses) addresses.insert(course.unanswered.begin(), course.unanswered.end());
  if (failures.empty()) return failures;
  for (const std::string& address : addresses) failures.back() += fmt::format("      note: {}\n", Unanswered(address));
  return failures;
}

ordered_json JsonOf(const TestResult& result, const Places& places) {
  const source::Position position = places.sources.Begin(result.test->span);
  ordered_json json = {{"test", result.test->name},
                       {"file", places.prefix + places.sources.file(result.test->span.file).path()},
                       {"line", position.line},
                       {"passed", result.passed()}};
  if (!result.trouble.empty()) json["trouble"] = result.trouble;
  ordered_json scenarios = ordered_json::array();
  for (std::size_t i = 0; i < result.courses.size(); ++i) {
    const check::Scenario& scenario = result.test->scenarios[i];
    scenarios.push_back(
        {{"rollout", scenario.rollout}, {"name", scenario.name}, {"facts", CourseJson(result.courses[i]).at("facts")}});
    if (!result.courses[i].unanswered.empty()) scenarios.back()["unanswered"] = result.courses[i].unanswered;
  }
  json["scenarios"] = std::move(scenarios);
  ordered_json expectations = ordered_json::array();
  for (std::size_t i = 0; i < result.verdicts.size(); ++i) {
    const Verdict& verdict = result.verdicts[i];
    const check::Expectation& expectation = result.test->expectations[i];
    ordered_json one = {{"expect", TextOf(expectation, places)},
                        {"line", places.sources.Begin(expectation.span).line},
                        {"met", verdict.met}};
    if (!verdict.met) {
      if (!verdict.why.empty()) one["why"] = verdict.why;
      one["at_ms"] = verdict.at.count();
      for (const auto& [name, value] : verdict.parts) one["values"][name] = value;
    }
    expectations.push_back(std::move(one));
  }
  json["expectations"] = std::move(expectations);
  return json;
}

}  // namespace

bool TestResult::passed() const {
  return trouble.empty() &&
         std::all_of(verdicts.begin(), verdicts.end(), [](const Verdict& verdict) { return verdict.met; });
}

std::string RenderText(const TestResult& result, const Places& places) {
  std::string text = fmt::format("{}  {}\n", result.passed() ? "ok  " : "FAIL", result.test->name);
  for (const std::string& failure : FailuresOf(result, places)) text += failure;
  return text;
}

std::string RenderJson(const std::vector<TestResult>& results, const Places& places) {
  std::string text;
  for (const TestResult& result : results) text += JsonOf(result, places).dump() + "\n";
  return text;
}

std::string RenderJunit(const std::vector<TestResult>& results, const Places& places) {
  const auto failed = std::count_if(results.begin(), results.end(), [](const auto& each) { return !each.passed(); });
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  text += fmt::format("<testsuites>\n<testsuite name=\"sluice\" tests=\"{}\" failures=\"{}\" errors=\"0\">\n",
                      results.size(), failed);
  for (const TestResult& result : results) {
    const source::Position position = places.sources.Begin(result.test->span);
    const std::string file = places.prefix + places.sources.file(result.test->span.file).path();
    text += fmt::format("<testcase name=\"{}\" classname=\"{}\" file=\"{}\" line=\"{}\"", XmlText(result.test->name),
                        XmlText(file), XmlText(file), position.line);
    if (result.passed()) {
      text += "/>\n";
      continue;
    }
    text += ">";
    for (const std::string& failure : FailuresOf(result, places)) {
      const std::string first = failure.substr(4, failure.find('\n') - 4);
      text += fmt::format("<failure message=\"{}\">{}</failure>", XmlText(first), XmlText(failure));
    }
    text += "</testcase>\n";
  }
  return text + "</testsuite>\n</testsuites>\n";
}

}  // namespace sluice::simulate
