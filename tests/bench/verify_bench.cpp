// The exploration of rollouts: how many states a second, and what a plan takes.
#include <iostream>

#include <fmt/format.h>
#include <sys/resource.h>

#include "compiler/compile.h"
#include "reconciler/simulate/subject.h"
#include "reconciler/verify/search.h"
#include "tests/bench/bench.h"

namespace sluice::bench {
namespace {

double ProcessorSeconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return static_cast<double>(used.ru_utime.tv_sec) + static_cast<double>(used.ru_utime.tv_usec) / 1e6;
}

}  // namespace

std::vector<Row> VerifyBenchmarks(const Settings& settings) {
  const source::DiskTree tree(SLUICE_SOURCE_DIR "/examples/shop");
  const std::unique_ptr<Compilation> compilation = Compile(tree);
  const simulate::Subjects subjects(tree, *compilation);
  simulate::Subject versions = subjects.Of("checkout", "").value();
  const verify::Subject subject =
      verify::MakeSubject(std::move(versions.before), std::move(versions.candidate), std::move(versions.next)).value();
  verify::Limits limits;
  limits.disturbances = settings.once ? 0 : 1;
  const double begin = ProcessorSeconds();
  const verify::Finding finding = verify::Search(subject, limits);
  const double took = ProcessorSeconds() - begin;
  if (!finding.flaws.empty() || !finding.cut_short.empty()) {
    std::cerr << "the example is not proved\n";
    std::exit(1);
  }
  return {{fmt::format("the example explored, {} disturbance and a crash: {} states", finding.complete, finding.states),
           Milliseconds(took * 1000), Mebibytes(PeakKib()), "<= 5000 ms"},
          {"  distinct states a second on one core", fmt::format("{:.0f}", static_cast<double>(finding.states) / took),
           "", ">= 100000"}};
}

}  // namespace sluice::bench
