#include <cstdlib>
#include <fstream>
#include <sstream>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/decide/story.h"

namespace sluice::decide::test {

void CheckGolden(const std::string& name, const std::string& text) {
  const std::string path = std::string(SLUICE_SOURCE_DIR) + "/tests/decide/golden/" + name + ".txt";
  if (std::getenv("UPDATE_GOLDEN") != nullptr && *std::getenv("UPDATE_GOLDEN") != 0) {
    std::ofstream(path) << text;
    return;
  }
  std::ifstream file(path);
  std::ostringstream wanted;
  wanted << file.rdbuf();
  INFO("UPDATE_GOLDEN=1 rewrites " << path);
  CHECK(text == wanted.str());
}

void CheckKept(const Story& story) {
  INFO(story.transcript);
  CHECK(story.broken == std::vector<std::string>());
}

void CheckStory(const std::string& name, const Story& story) {
  CheckKept(story);
  CheckGolden(name, story.transcript + "ends: " + story.Ending() + "\n");
}

}  // namespace sluice::decide::test
