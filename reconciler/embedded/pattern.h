// Regular expressions in linear time (RE2's syntax as far as label matchers and routes use it), always
// anchored at both ends.
#pragma once

#include <bitset>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/base/result.h"

namespace sluice::embedded {

// Literals, `.`, classes, \d \w \s and their opposites, groups, `|`, `*`, `+`, `?`, `{n,m}` (also lazy, which
// changes nothing here), `^`, `$`. Bytes, not code points, but for `.`.
class Pattern {
 public:
  // kInvalid with what is wrong; also for what is too long once repeated.
  static Result<Pattern> Parse(std::string_view text);

  bool Matches(std::string_view text) const;

 private:
  friend class PatternCompiler;
  enum class Op { kByte, kSplit, kJump, kMatch };
  struct Instruction {
    Op op = Op::kMatch;
    std::bitset<256> bytes;  // kByte
    std::size_t x = 0;       // kSplit, kJump
    std::size_t y = 0;       // kSplit
  };

  void Follow(std::size_t start, std::vector<std::size_t>& threads, std::vector<bool>& seen) const;

  std::vector<Instruction> program_;
};

}  // namespace sluice::embedded
