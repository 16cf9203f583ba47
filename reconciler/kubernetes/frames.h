// A watch's answer is JSON values one after the other, cut anywhere by the network.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "compiler/base/result.h"

namespace sluice::kubernetes {

class Frames {
 public:
  static constexpr std::size_t kMostBytes = std::size_t{16} * 1024 * 1024;

  // Takes a part and gives each value that is whole, as its text; stops as soon as `give` says false. kTooLarge: a
  // value has more than kMostBytes; kInvalid: something stands between values.
  Result<void> Take(std::string_view part, const std::function<bool(std::string_view value)>& give);

 private:
  std::string begun_;  // of a value that is not whole
  int depth_ = 0;
  bool in_text_ = false, escaped_ = false;
};

}  // namespace sluice::kubernetes
