#include "compiler/graph/builtins.h"

#include <fstream>
#include <sstream>
#include <string>

#include <catch2/catch.hpp>

namespace sluice::graph {

TEST_CASE("the reference tells of every function what the table says") {
  std::ifstream file(std::string(SLUICE_SOURCE_DIR) + "/grammar/README.md");
  std::ostringstream reference;
  reference << file.rdbuf();
  for (const Builtin& builtin : Builtins()) {
    std::string parameters;
    for (std::size_t i = 0; i < builtin.parameters.size(); ++i) {
      parameters += i == 0 ? "" : ", ";
      parameters += std::string(builtin.parameter_names[i]) + ": " + std::string(builtin.parameters[i]);
    }
    const std::string row = "| `" + std::string(builtin.name) + "(" + parameters + ") -> " +
                            std::string(builtin.result) + "` | " + std::string(builtin.doc) + " |\n";
    INFO(row);
    CHECK(reference.str().find(row) != std::string::npos);
  }
}

}  // namespace sluice::graph
