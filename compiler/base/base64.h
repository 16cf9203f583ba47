// RFC 4648, section 4.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice {

// With padding, in one line.
std::string ToBase64(std::string_view bytes);

// The bytes; nothing if it is no base64 in one line with its padding.
std::optional<std::string> FromBase64(std::string_view text);

}  // namespace sluice
