// Text that people read: quoting, similar names, UTF-8.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

// Damerau-Levenshtein distance (optimal string alignment), in bytes.
std::size_t EditDistance(std::string_view a, std::string_view b);

// The candidates that a person who wrote `name` most likely meant: equal but for case first, then the
// same words in another order, then those within max(1, length / 3) edits. Best first, at most three.
std::vector<std::string> SimilarNames(std::string_view name, const std::vector<std::string>& candidates);

// Where the first byte that is not valid UTF-8 stands.
std::optional<std::size_t> FirstInvalidUtf8(std::string_view text);

// Whether the text fits the pattern, in which `*` stands for any characters, `?` for one.
bool FitsPattern(std::string_view text, std::string_view pattern);

// The text in at most so many bytes: where it is longer, its beginning up to a whole character and "…".
std::string CutText(std::string_view text, std::size_t most);

// "a, b and c".
std::string JoinWords(const std::vector<std::string>& words, std::string_view last = "and");

}  // namespace sluice
