#include "reconciler/simulate/system.h"

#include <utility>

#include <fmt/format.h>

#include "reconciler/decide/invariants.h"

namespace sluice::simulate {

System::System(SystemOptions options, Between between)
    : loop(options.start), options_(std::move(options)), between_(std::move(between)) {
  embedded = embedded::EmbeddedCluster::Open(loop, options_.cluster).value();
  cluster = std::make_unique<cluster::FailingCluster>(loop, *embedded);
  outside = options_.outside ? options_.outside(loop) : std::make_unique<embedded::NoHttp>(loop);
  http = embedded->Http(*outside);
}

System::~System() { Kill(); }

void System::Kill() {
  reconciler.reset();
  worker.reset();
  asked_.reset();
}

void System::Start(bool once) {
  Kill();
  worker = std::make_unique<sync::LoopWorker>(loop);
  ReconcilerOptions options;
  options.source.id = {"https://git.example.org/shop.git", "main", "plans"};
  options.source.interval = options_.interval;
  options.source.identity = fmt::format("test-{}", ++starts_);
  options.once = once;
  if (between_) asked_ = between_(*this);
  cluster::Cluster& asked = asked_ != nullptr ? *asked_ : *cluster;
  reconciler = std::make_unique<Reconciler>(asked, *http, loop, *worker, repository, options_.compile, metrics,
                                            std::move(options));
  reconciler->on_end = [this](ReconcileOutcome ended) { outcome = ended; };
  reconciler->executor().Attend([this](const execute::Decided& decided) {
    const auto violations =
        decide::Violations(decided.graph, decided.before, decided.observed, decided.now, decided.decision);
    for (const std::string& each : violations) {
      broken.push_back(fmt::format("{} {}: {}", FormatTime(decided.now), decided.rollout.second, each));
    }
  });
  reconciler->Start();
}

bool System::RunUntil(const std::function<bool()>& done, Duration at_most) {
  return loop.RunUntil(done, loop.Now() + at_most);
}

bool System::RunUntilAtRest(Duration at_most) {
  // A look at git first, so that a commit of just now is not missed.
  const int fetches = repository.fetches();
  return RunUntil(
      [&] {
        return repository.fetches() > fetches && reconciler->syncer().at_rest() && reconciler->executor().at_rest();
      },
      at_most);
}

}  // namespace sluice::simulate
