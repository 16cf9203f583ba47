// The library of the language, `stdlib/` of the repository, as it stands in the binary.
#pragma once

#include <string_view>
#include <vector>

namespace sluice {

struct StdlibFile {
  std::string_view path;  // "std/gates/latency.plan"
  std::string_view text;
};

// Sorted by path. The texts live as long as the program.
const std::vector<StdlibFile>& StdlibFiles();

}  // namespace sluice
