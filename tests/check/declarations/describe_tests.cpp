#include "tests/check/declarations/describe_tests.h"

#include <fmt/format.h>

#include "compiler/graph/expression_codec.h"

namespace sluice {
namespace {

using check::Period;
using check::Role;

std::string Show(Role role) {
  static constexpr const char* kNames[] = {"candidate", "stable", "both"};
  return kNames[static_cast<std::size_t>(role)];
}

std::string Show(const Period& period) {
  return fmt::format("from {} to {}", FormatDuration(period.from), period.to ? FormatDuration(*period.to) : "-");
}

struct Describe {
  std::string operator()(const check::ErrorRate& it) const {
    return fmt::format("error-rate {} {}{} {}", Show(it.role), it.rate.ToPercent(), it.ramping ? " ramping" : "",
                       Show(it.period));
  }
  std::string operator()(const check::Latency& it) const {
    return fmt::format("latency {} {}{} {}", Show(it.role), FormatDuration(it.p99), it.ramping ? " ramping" : "",
                       Show(it.period));
  }
  std::string operator()(const check::ReadyAfter& it) const {
    return fmt::format("ready-after {} {}", Show(it.role), FormatDuration(it.delay));
  }
  std::string operator()(const check::Unready& it) const { return "unready " + Show(it.role) + " " + Show(it.period); }
  std::string operator()(const check::Crashes& it) const { return "crashes " + Show(it.role) + " " + Show(it.period); }
  std::string operator()(const check::Unpullable& it) const { return "unpullable " + Show(it.role); }
  std::string operator()(const check::MetricsTrouble& it) const {
    return fmt::format("metrics {} {}", it.down ? "down" : "lost", Show(it.period));
  }
  std::string operator()(const check::Answer& it) const {
    return fmt::format("metrics \"{}\" {} {}", it.address, it.json ? it.json->ToText() : "down", Show(it.period));
  }
  std::string operator()(const check::ControllerDown& it) const { return "controller down " + Show(it.period); }
  std::string operator()(const check::ApiDown& it) const { return "api down " + Show(it.period); }
  std::string operator()(const check::NodeLost& it) const { return "node lost " + Show(it.period); }
  std::string operator()(const check::Jobs& it) const {
    return fmt::format("jobs {} {}", it.what == check::Jobs::Do::kFail ? "fail" : "hang", Show(it.period));
  }
  std::string operator()(const check::Load& it) const {
    return fmt::format("load {} {}", it.per_second, Show(it.period));
  }
  std::string operator()(const check::Person& it) const {
    return fmt::format("person {} step \"{}\" by \"{}\" {} {}", it.verb, it.step, it.group,
                       it.since_asked ? "since asked" : "at", FormatDuration(it.at));
  }
  std::string operator()(const check::FurtherCommit& it) const {
    return fmt::format("commit {} at {}", it.revert ? "revert" : "next", FormatDuration(it.at));
  }
};

}  // namespace

std::string DescribeTests(const std::vector<check::Test>& tests) {
  static constexpr const char* kOver[] = {"end", "always", "never", "eventually"};
  std::string text;
  for (const check::Test& test : tests) {
    text += fmt::format("test \"{}\"\n", test.name);
    for (const check::Scenario& scenario : test.scenarios) {
      text += fmt::format("  scenario \"{}\" of {}/{} starts {} seed {} at most {}{}\n", scenario.name,
                          scenario.namespace_, scenario.rollout, scenario.starts ? FormatTime(*scenario.starts) : "-",
                          scenario.seed, scenario.at_most ? FormatDuration(*scenario.at_most) : "-",
                          scenario.first_install ? " first install" : "");
      for (const check::Circumstance& circumstance : scenario.circumstances) {
        text += "    " + std::visit(Describe(), circumstance) + "\n";
      }
    }
    for (const check::Expectation& expectation : test.expectations) {
      text += fmt::format("  {} {} {}\n", kOver[static_cast<std::size_t>(expectation.over)], expectation.scenario,
                          graph::EncodeExpression(*expectation.condition));
    }
  }
  return text;
}

}  // namespace sluice
