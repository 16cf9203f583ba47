#include "compiler/base/time.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace sluice {

std::string FormatDuration(Duration duration) {
  using std::chrono::milliseconds;
  constexpr std::array<std::pair<const char*, std::int64_t>, 5> kUnits = {
      {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
  std::int64_t rest = duration.count();
  if (rest == 0) {
    return "0s";
  }
  std::string text = rest < 0 ? "-" : "";
  rest = rest < 0 ? -rest : rest;
  for (const auto& [name, length] : kUnits) {
    if (rest >= length) {
      text += std::to_string(rest / length) + name;
      rest %= length;
    }
  }
  return text;
}

std::string FormatTime(TimePoint time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  // By hand, because statuses are full of times. The format knows years 0 to 9999 only.
  std::string text = "0000-00-00T00:00:00.000Z";
  const auto put = [&](std::size_t end, std::int64_t number) {
    for (; number > 0; number /= 10) text[--end] = static_cast<char>('0' + number % 10);
  };
  put(4, std::clamp(static_cast<int>(date.year()), 0, 9999));
  put(7, static_cast<unsigned>(date.month()));
  put(10, static_cast<unsigned>(date.day()));
  put(13, clock.hours().count());
  put(16, clock.minutes().count());
  put(19, clock.seconds().count());
  put(23, clock.subseconds().count());
  return text;
}

bool ParseTime(const std::string& text, TimePoint& time) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, read = 0;
  if (std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d%n", &year, &month, &day, &hour, &minute, &second, &read) !=
      6) {
    return false;
  }
  std::int64_t milliseconds = 0;
  std::size_t at = static_cast<std::size_t>(read);
  if (at < text.size() && text[at] == '.') {
    std::int64_t weight = 100;
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
      milliseconds += (text[at] - '0') * weight;
      weight /= 10;
    }
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  const bool in_range = hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second <= 60;
  if (text.substr(at) != "Z" || !date.ok() || !in_range) {
    return false;
  }
  time = std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second) + Duration(milliseconds);
  return true;
}

}  // namespace sluice
