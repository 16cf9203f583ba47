// The core reads no clock and does no I/O: its library has no symbol with which it could.
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <regex>
#include <set>
#include <string>

#include <catch2/catch.hpp>

namespace {

std::string Output(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::string text;
  std::array<char, 4096> part{};
  while (pipe && fgets(part.data(), part.size(), pipe.get()) != nullptr) {
    text += part.data();
  }
  return text;
}

}  // namespace

TEST_CASE("the library of the core has no way to read a clock or to do I/O") {
  const std::string symbols = Output("nm -C -u " SLUICE_DECIDE_ARCHIVE);
  REQUIRE(symbols.find("sluice::") != std::string::npos);
  const std::set<std::string> forbidden = {
      "clock_gettime", "gettimeofday", "time",   "fopen", "open",   "read",   "write", "socket",  "connect",  "send",
      "recv",          "rand",         "random", "srand", "getenv", "printf", "puts",  "fprintf", "nanosleep"};
  const std::regex undefined("\\bU ([^\\n]*)");
  for (auto it = std::sregex_iterator(symbols.begin(), symbols.end(), undefined); it != std::sregex_iterator(); ++it) {
    const std::string symbol = (*it)[1];
    INFO(symbol);
    CHECK_FALSE(forbidden.contains(symbol.substr(0, symbol.find('@'))));
    CHECK(symbol.find("::now(") == std::string::npos);  // system_clock and its kin
    CHECK(symbol.find("random_device") == std::string::npos);
    CHECK(symbol.find("basic_fstream") == std::string::npos);
    CHECK(symbol.find("std::cout") == std::string::npos);
    CHECK(symbol.find("spdlog") == std::string::npos);
  }
}

TEST_CASE("the core includes the graph and base only") {
  const std::regex include("#include \"([^\"]+)\"");
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(SLUICE_SOURCE_DIR "/reconciler/decide")) {
    std::ifstream file(entry.path());
    const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    ++files;
    for (auto it = std::sregex_iterator(text.begin(), text.end(), include); it != std::sregex_iterator(); ++it) {
      const std::string path = (*it)[1];
      INFO(entry.path() << " includes " << path);
      CHECK((path.starts_with("reconciler/decide/") || path.starts_with("compiler/graph/") ||
             path.starts_with("compiler/base/")));
    }
  }
  CHECK(files > 30);
}
