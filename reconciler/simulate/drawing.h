// A course, drawn: as lines of text, as a picture of text, as SVG, as JSON.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "reconciler/simulate/course.h"

namespace sluice::simulate {

// To the second: what people compare with a clock.
std::string Shown(Duration duration);
// "12m30s  ramp[30%]/hold: fail, error-rate 8%    checkout.plan:44".
std::string EventLine(const Event& event);

// A table of all events, and below it over time: the share, what gates, people and Jobs said, what was waited for, and
// ready pods. Pictures are at most eighty columns wide.
std::string DrawCourse(const Course& course);
// The same as a picture of its own (SVG 1.1).
std::string DrawCourseSvg(const Course& course, const std::string& title);

// Times in milliseconds, shares as ratios: { outcome, reason, facts: { … }, events: [{ at_ms, what, file, line }],
// verdicts: [{ at_ms, node, outcome, why, file, line }], moments: [{ at_ms, weight, … }] }.
nlohmann::ordered_json CourseJson(const Course& course);

}  // namespace sluice::simulate
