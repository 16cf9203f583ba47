// Tokens of PromQL.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compiler/base/result.h"
#include "compiler/base/time.h"

namespace sluice::embedded::promql {

enum class TokenKind { kIdentifier, kNumber, kDuration, kString, kOperator, kEnd };

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string text;    // an operator's spelling, a string's value
  double number = 0;   // kNumber; kDuration in seconds
  std::size_t at = 0;  // offset in the query
};

// Identifiers may hold ':', as recording rules do.
Result<std::vector<Token>> Lex(std::string_view query);

}  // namespace sluice::embedded::promql
