// What the benchmarks share: repeat, take the median, print a row.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace sluice::bench {

// One line of the table.
struct Row {
  std::string what;
  std::string figure;  // "8.2 ms"
  std::string memory;  // peak, "31 MiB"; "" where it says nothing
  std::string target;  // "<= 10 ms"
};

struct Settings {
  bool once = false;    // one run each, to see that it lives
  int rollouts = 0;     // of the fleet; 0 for as many as the target names
  std::string binary;   // the sluice program
  std::string scratch;  // an empty directory
  int Runs(int wanted) const { return once ? 1 : wanted; }
};

// Wall time of a whole process in milliseconds and the largest memory it had, in KiB.
struct ProcessFigures {
  double milliseconds = 0;
  long peak_kib = 0;
  int status = 0;
};
ProcessFigures RunProcess(const std::vector<std::string>& command);
// The run with the median time, of `runs` after one that isn't counted.
ProcessFigures MedianProcess(const std::vector<std::string>& command, int runs);

// Median of `runs` calls in milliseconds.
double MedianMilliseconds(const std::function<void()>& work, int runs);

std::string Milliseconds(double milliseconds);
std::string Mebibytes(long kib);
// Of this process so far.
long PeakKib();

std::vector<Row> CompileBenchmarks(const Settings& settings);
std::vector<Row> DecideBenchmarks(const Settings& settings);
std::vector<Row> FleetBenchmarks(const Settings& settings);
std::vector<Row> SimulateBenchmarks(const Settings& settings);
std::vector<Row> VerifyBenchmarks(const Settings& settings);

}  // namespace sluice::bench
