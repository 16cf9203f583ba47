// The core reads no clock and does no I/O: it links the graph and `base` only, and what those three ask of the
// system is a list that one can read.
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

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

// Names after the letter of `nm -C`, without versions: "memcpy@GLIBC_2.14" is memcpy.
std::set<std::string> Symbols(const std::string& archive, const std::string& options, const std::string& letters) {
  std::istringstream lines(Output("nm -C " + options + " " + archive));
  const std::regex symbol("^[0-9a-f ]*([A-Za-z]) (.*)$");
  std::set<std::string> names;
  for (std::string line; std::getline(lines, line);) {
    std::smatch found;
    if (std::regex_match(line, found, symbol) && letters.find(found[1].str()) != std::string::npos) {
      const std::string name = found[2].str();
      const bool plain = name.find("::") == std::string::npos;
      names.insert(plain ? name.substr(0, name.find('@')) : name);
    }
  }
  return names;
}

// What the compiler itself needs, and memory and text without an effect outside of the process.
const std::set<std::string> kRuntime = {"_GLOBAL_OFFSET_TABLE_",
                                        "_Unwind_Resume",
                                        "__dso_handle",
                                        "__gxx_personality_v0",
                                        "__libc_single_threaded",
                                        "__stack_chk_fail",
                                        "__divmodti4",
                                        "__divti3",
                                        "__modti3",
                                        "__udivmodti4",
                                        "__udivti3",
                                        "__umodti3",
                                        "memchr",
                                        "memcmp",
                                        "memcpy",
                                        "memmove",
                                        "memset",
                                        "strcmp",
                                        "strlen",
                                        "abort"};

// Clocks, files, processes, threads and chance have their names in the C++ library, too.
const std::regex kWorldly(
    "::now\\(|random_device|mersenne|fstream|filebuf|filesystem|std::cout|std::cerr|std::cin|std::clog|iostream|"
    "std::thread|std::mutex|condition_variable|std::future|std::async|getenv|locale::global|fmt::v[0-9]+::v?print");

bool IsLanguage(const std::string& name) {
  return name.starts_with("std::") || name.starts_with("fmt::v") || name.starts_with("operator ") ||
         name.starts_with("typeinfo ") || name.starts_with("vtable for ") || name.starts_with("VTT for ") ||
         name.starts_with("__cxa_") || name.starts_with("guard variable ") || name.starts_with("__asan_") ||
         name.starts_with("__ubsan_");
}

const std::vector<std::string> kArchives = {SLUICE_DECIDE_ARCHIVE, SLUICE_GRAPH_ARCHIVE, SLUICE_BASE_ARCHIVE};

}  // namespace

TEST_CASE("the core, the graph and base ask nothing of the system that could tell a time or do I/O") {
  // `base` hashes, prints the message of a failed check before it aborts, and formats numbers into a buffer.
  const std::set<std::string> of_base = {"SHA256_Init",     "SHA256_Update",   "SHA256_Final", "fprintf",
                                         "stderr",          "__isoc99_sscanf", "snprintf",     "EVP_sha256",
                                         "EVP_EncodeBlock", "EVP_DecodeBlock"};
  std::set<std::string> defined;
  for (const std::string& archive : kArchives) {
    const std::set<std::string> own = Symbols(archive, "--defined-only", "TtWwVvRrDdBbui");
    REQUIRE(own.size() > 20);
    defined.insert(own.begin(), own.end());
  }
  for (const std::string& archive : kArchives) {
    const std::set<std::string> undefined = Symbols(archive, "--undefined-only", "Uwv");
    REQUIRE(undefined.size() > 5);
    for (const std::string& name : undefined) {
      INFO(archive << " needs " << name);
      CHECK_FALSE(std::regex_search(name, kWorldly));
      const bool base = archive == kArchives.back() && of_base.contains(name);
      CHECK((defined.contains(name) || base || kRuntime.contains(name) || IsLanguage(name)));
    }
  }
}

TEST_CASE("the core's own library needs neither the system nor a failed check's message") {
  for (const std::string& name : Symbols(SLUICE_DECIDE_ARCHIVE, "--undefined-only", "Uwv")) {
    INFO(name);
    const bool ours = name.find("sluice::") != std::string::npos;
    CHECK((ours || IsLanguage(name) || (kRuntime.contains(name) && name != "abort")));
  }
}

TEST_CASE("the core links the graph and text formatting, and the graph links base") {
  const auto links = [](const std::string& list) {
    std::set<std::string> names;
    std::istringstream items(list);
    for (std::string item; std::getline(items, item, ',');) {
      if (!item.empty() && item.find("sluice_warnings") == std::string::npos) names.insert(item);
    }
    return names;
  };
  CHECK(links(SLUICE_DECIDE_LINKS) == std::set<std::string>{"fmt::fmt", "sluice_graph"});
  CHECK(links(SLUICE_GRAPH_LINKS) == std::set<std::string>{"sluice_base", "sluice_fmt"});
}

TEST_CASE("the core includes the graph and base only") {
  const std::regex include("#include \"([^\"]+)\"");
  const std::regex system("#include <([^>]+)>");
  const std::set<std::string> harmless = {"algorithm", "charconv", "cstddef", "cstdint",     "map",     "memory",
                                          "optional",  "set",      "string",  "string_view", "utility", "variant",
                                          "vector",    "iterator", "tuple",   "fmt/format.h"};
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
    for (auto it = std::sregex_iterator(text.begin(), text.end(), system); it != std::sregex_iterator(); ++it) {
      INFO(entry.path() << " includes " << (*it)[1]);
      CHECK(harmless.contains((*it)[1]));
    }
  }
  CHECK(files > 30);
}
