#include <cstdlib>
#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>

#include "tests/decide/story.h"

namespace sluice::decide::test {

void CheckGolden(const std::string& name, const std::string& text) {
  const std::string path = std::string(SLUICE_SOURCE_DIR) + "/tests/decide/golden/" + name + ".txt";
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path) << text;
    return;
  }
  std::ifstream file(path);
  std::ostringstream wanted;
  wanted << file.rdbuf();
  INFO("UPDATE_GOLDEN=1 rewrites " << path);
  CHECK(text == wanted.str());
}

}  // namespace sluice::decide::test
