// Dates in HTTP headers.
#pragma once

#include <optional>
#include <string>

#include "compiler/base/time.h"

namespace sluice::http {

// RFC 9110 §5.6.7, in any of its three forms; nullopt if it is none.
std::optional<TimePoint> ParseDate(const std::string& text);

}  // namespace sluice::http
