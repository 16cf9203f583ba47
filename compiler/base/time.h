// Instants and spans of time, in milliseconds. Time is a value: only `reconciler/loop` reads a clock.
#pragma once

#include <chrono>
#include <string>

namespace sluice {

using Duration = std::chrono::milliseconds;
using TimePoint = std::chrono::sys_time<std::chrono::milliseconds>;

// As a plan writes it: "1m30s", "250ms", "3d", "0s". Weeks are written in days.
std::string FormatDuration(Duration duration);

// RFC 3339 in UTC with milliseconds: "2027-03-02T10:00:00.000Z".
std::string FormatTime(TimePoint time);

// Reads what FormatTime writes (fractions optional); false and `time` untouched if it is something else.
bool ParseTime(const std::string& text, TimePoint& time);

}  // namespace sluice
