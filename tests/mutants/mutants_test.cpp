// The oracles are tested too: each known mistake in the core must be caught by the core's own cases and promises.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/mutants/run.h"

namespace sluice::test {
namespace {

using std::chrono::seconds;

struct Mutant {
  int number = 0;
  std::string file, name;
  std::string caught;  // by what; "" if by nothing
  double took = 0;     // s
};

std::vector<Mutant> AllMutants() {
  std::vector<Mutant> all;
  std::ifstream file(SLUICE_MUTANTS);
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    Mutant& mutant = all.emplace_back();
    fields >> mutant.number >> mutant.file >> std::ws;
    std::getline(fields, mutant.name);
  }
  return all;
}

// Cases, the cheap ones first: most mistakes end there.
struct Part {
  const char* cases;
  const char* walks;
  seconds patience;  // many times as long as it takes: whoever needs longer has no end
};
constexpr Part kParts[] = {
    {"~[walks]~[table]~[long]", "1", seconds(30)},
    {"[walks]", "40", seconds(60)},
    {"[table]", "1", seconds(60)},
    {"[long]", "1", seconds(120)},
};

ProgramEnd RunCases(int mutant, const Part& part) {
  return RunProgram({SLUICE_MUTATED, part.cases, "--abort"},
                    {fmt::format("SLUICE_MUTANT={}", mutant), fmt::format("SLUICE_WALKS={}", part.walks),
                     "SLUICE_SHARD=1/1", "UPDATE_GOLDEN="},
                    part.patience);
}

// The test case that failed, as Catch2 names it between two rules, and the promise that was broken if it is told.
std::string WhatFailed(const std::string& out) {
  std::istringstream lines(out);
  std::string name;
  int rules = 0;
  for (std::string line; std::getline(lines, line) && rules < 2;) {
    if (line.starts_with("-----")) {
      ++rules;
    } else if (rules == 1 && !line.starts_with("  ")) {
      name += (name.empty() ? "" : " ") + line;
    }
  }
  std::smatch promise;
  const bool told = std::regex_search(out, promise, std::regex("I[1-9]: [^\"\n]*"));
  return name + (told ? "; " + promise.str().substr(0, 60) : "");
}

void Judge(Mutant& mutant) {
  const auto begin = std::chrono::steady_clock::now();
  for (const Part& part : kParts) {
    const ProgramEnd end = RunCases(mutant.number, part);
    if (!end.in_time) {
      mutant.caught = fmt::format("no end within {} s of the cases {}", part.patience.count(), part.cases);
    } else if (end.status > 128) {
      mutant.caught = fmt::format("died of signal {}: {}", end.status - 128, WhatFailed(end.out));
    } else if (end.status != 0) {
      mutant.caught = WhatFailed(end.out);
    }
    if (!mutant.caught.empty()) {
      break;
    }
  }
  mutant.took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void JudgeAll(std::vector<Mutant>& mutants) {
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < mutants.size(); i = next++) {
      Judge(mutants[i]);
    }
  };
  std::thread other(work);
  work();
  other.join();
}

}  // namespace

TEST_CASE("without a mistake all cases pass") {
  for (const Part& part : kParts) {
    const ProgramEnd end = RunCases(0, part);
    INFO(part.cases << "\n" << end.out);
    CHECK(end.in_time);
    CHECK(end.status == 0);
  }
}

TEST_CASE("a walk that a mistake makes fail is shrunk to a list that one can read") {
  const std::vector<Mutant> mutants = AllMutants();
  const auto found = std::find_if(mutants.begin(), mutants.end(),
                                  [](const Mutant& mutant) { return mutant.name == "the rescue comes at once"; });
  REQUIRE(found != mutants.end());
  const ProgramEnd end = RunCases(found->number, kParts[1]);
  std::smatch fewest;
  REQUIRE(std::regex_search(end.out, fewest, std::regex("the fewest disturbances: ([0-9]+) of 15")));
  INFO(end.out);
  CHECK(std::stoi(fewest[1]) < 8);
  CHECK(end.out.find("story.Run(seconds(") != std::string::npos);
}

TEST_CASE("every known mistake is caught") {
  std::vector<Mutant> mutants = AllMutants();
  REQUIRE(mutants.size() >= 40);
  JudgeAll(mutants);
  std::string table, survivors;
  for (const Mutant& mutant : mutants) {
    table += fmt::format("{:>3} {:<17} {:<66} {:>5.1f} s  {}\n", mutant.number, mutant.file, mutant.name, mutant.took,
                         mutant.caught.empty() ? "SURVIVES" : mutant.caught);
    survivors += mutant.caught.empty() ? fmt::format("{}: {}\n", mutant.file, mutant.name) : "";
  }
  std::printf("%s", table.c_str());
  INFO("a hole in the promises (reconciler/decide/promises_of_*.cpp) or the cases (tests/decide)");
  CHECK(survivors == "");
}

}  // namespace sluice::test
