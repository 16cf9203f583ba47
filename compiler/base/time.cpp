#include "compiler/base/time.h"

#include <algorithm>
#include <array>
#include <string_view>
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
  constexpr std::string_view kForm = "dddd-dd-ddTdd:dd:dd";
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.size() <= kForm.size()) return false;
  for (std::size_t i = 0; i < kForm.size(); ++i) {
    if (kForm[i] == 'd' ? !is_digit(text[i]) : text[i] != kForm[i]) return false;
  }
  const auto number = [&](std::size_t begin, std::size_t length) {
    int value = 0;
    for (std::size_t i = begin; i < begin + length; ++i) value = value * 10 + (text[i] - '0');
    return value;
  };
  std::int64_t milliseconds = 0;
  std::size_t at = kForm.size();
  if (text[at] == '.') {
    std::int64_t weight = 100;
    for (++at; at < text.size() && is_digit(text[at]); ++at) {
      milliseconds += (text[at] - '0') * weight;
      weight /= 10;
    }
  }
  const std::chrono::year_month_day date{std::chrono::year(number(0, 4)),
                                         std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                         std::chrono::day(static_cast<unsigned>(number(8, 2)))};
  const int hour = number(11, 2), minute = number(14, 2), second = number(17, 2);
  // A leap second counts as the first of the next minute.
  if (text.substr(at) != "Z" || !date.ok() || hour >= 24 || minute >= 60 || second > 60) return false;
  time = std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second) + Duration(milliseconds);
  return true;
}

}  // namespace sluice
