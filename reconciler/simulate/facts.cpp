#include "reconciler/simulate/facts.h"

#include <algorithm>

namespace sluice::simulate {
namespace {

using graph::Value;

Value TimesOf(const std::map<std::string, Duration>& times) {
  graph::Map map;
  for (const auto& [step, at] : times) map.Set(step, Value::Milliseconds(at));
  return map;
}

Value TextsOf(const std::vector<std::string>& texts) {
  graph::List list;
  for (const std::string& text : texts) list.emplace_back(text);
  return list;
}

}  // namespace

graph::Map FactsOf(const Course& course) {
  Number most;
  for (const Moment& moment : course.moments) most = std::max(most, moment.weight);
  graph::Map facts;
  facts.Set("outcome", course.outcome);
  facts.Set("step", course.step);
  facts.Set("max-weight", Value::Percent(most));
  facts.Set("elapsed", Value::Milliseconds(course.elapsed));
  facts.Set("peak-pods", course.peak_pods);
  facts.Set("pod-hours", course.pod_hours);
  facts.Set("requests", course.requests);
  facts.Set("candidate-requests", course.candidate_requests);
  facts.Set("bad-requests", course.bad_requests);
  facts.Set("lost-requests", course.lost_requests);
  facts.Set("writes", course.writes);
  facts.Set("notifications", TextsOf(course.notifications));
  facts.Set("entered", TimesOf(course.entered));
  facts.Set("left", TimesOf(course.left));
  return facts;
}

graph::Map FactsAt(const Moment& moment) {
  graph::Map facts;
  facts.Set("time", Value::Milliseconds(moment.at));
  facts.Set("weight", Value::Percent(moment.weight));
  facts.Set("ready-stable", moment.ready_stable);
  facts.Set("ready-candidate", moment.ready_candidate);
  facts.Set("pods", moment.pods);
  facts.Set("step", moment.step);
  facts.Set("state", moment.state);
  facts.Set("waits", moment.waits);
  return facts;
}

}  // namespace sluice::simulate
