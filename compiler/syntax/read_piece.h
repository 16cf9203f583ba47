// Reads one token by hand: the everyday ones.
#pragma once

#include <cstddef>
#include <string_view>

namespace sluice::syntax {

// A token's type, and where it ends.
struct Piece {
  int type = 0;
  std::size_t end = 0;
};

// What begins at `at`, which is no blank and in the text. It ends at `at` where only the generated lexer knows.
Piece ReadPiece(std::string_view text, std::size_t at);

}  // namespace sluice::syntax
