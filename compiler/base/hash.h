// SHA-256, the only hash whose value leaves the process.
#pragma once

#include <string>
#include <string_view>

namespace sluice {

// 64 lower-case hexadecimal digits.
std::string Sha256(std::string_view bytes);

}  // namespace sluice
