#include "reconciler/http/date.h"

#include <ctime>

#include <curl/curl.h>

namespace sluice::http {

std::optional<TimePoint> ParseDate(const std::string& text) {
  const std::time_t seconds = curl_getdate(text.c_str(), nullptr);
  if (seconds < 0) return std::nullopt;
  return TimePoint(std::chrono::seconds(seconds));
}

}  // namespace sluice::http
