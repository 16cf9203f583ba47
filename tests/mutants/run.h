// A program that is run to its end, or to ours.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace sluice::test {

struct ProgramEnd {
  int status = 0;  // exit status, or 128 + the signal
  bool in_time = true;
  std::string out;  // standard output
};

// Runs `arguments` (the first is the program) with `environment` ("NAME=value") beside ours; ends it after `patience`.
ProgramEnd RunProgram(const std::vector<std::string>& arguments, const std::vector<std::string>& environment,
                      std::chrono::seconds patience);

}  // namespace sluice::test
