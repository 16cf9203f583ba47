#include "reconciler/simulate/circumstances.h"

#include <algorithm>
#include <map>

#include "compiler/base/overloaded.h"

namespace sluice::simulate {
namespace {

using check::Role;
using embedded::ImageBehaviour;

// A ramp is as many steps.
constexpr std::int64_t kRampSteps = 100;
// What hangs outlives every bound.
constexpr Duration kForGood{std::chrono::hours(24 * 365)};
// How much slower the slowest request of a hundred is than half of them.
constexpr std::int64_t kTail = 4;

bool Covers(Role role, Role of) { return role == Role::kBoth || role == of; }

embedded::Interval IntervalOf(const check::Period& period, TimePoint commit) {
  embedded::Interval interval{commit + period.from, {}};
  if (period.to) interval.to = commit + *period.to;
  return interval;
}

// A value over time: `clauses` one after the other in time, each over its period, with `base` where none holds.
template <typename Clause, typename Get>
std::map<Duration, std::int64_t> Steps(const std::vector<const Clause*>& clauses, std::int64_t base, const Get& get) {
  std::vector<const Clause*> ordered = clauses;
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const Clause* a, const Clause* b) { return a->period.from < b->period.from; });
  std::map<Duration, std::int64_t> steps;
  std::int64_t value = base;
  for (const Clause* clause : ordered) {
    const auto [from, to] = clause->period;
    const std::int64_t target = get(*clause);
    if (!clause->ramping || !to) {
      steps[from] = target;
      if (to) steps[*to] = value;
      if (!to) value = target;
      continue;
    }
    for (std::int64_t i = 0; i <= kRampSteps; ++i) {
      steps[from + (*to - from) * i / kRampSteps] = value + (target - value) * i / kRampSteps;
    }
    value = target;
  }
  return steps;
}

// What pods of one role do.
class RoleReader {
 public:
  RoleReader(Role role, TimePoint commit, std::string image) : role_(role), commit_(commit) {
    behaviour_.pattern = std::move(image);
    behaviour_.counts_from = commit;
  }

  void operator()(const check::ErrorRate& clause) {
    if (Covers(clause.role, role_)) errors_.push_back(&clause);
  }
  void operator()(const check::Latency& clause) {
    if (Covers(clause.role, role_)) latencies_.push_back(&clause);
  }
  void operator()(const check::ReadyAfter& clause) {
    if (Covers(clause.role, role_)) behaviour_.ready_after = clause.delay;
    behaviour_.spares_before = commit_;
  }
  void operator()(const check::Unready& clause) {
    if (Covers(clause.role, role_)) behaviour_.unready.push_back(IntervalOf(clause.period, commit_));
  }
  void operator()(const check::Crashes& clause) {
    if (Covers(clause.role, role_)) behaviour_.crashes.push_back(IntervalOf(clause.period, commit_));
  }
  void operator()(const check::Unpullable& clause) {
    if (Covers(clause.role, role_)) behaviour_.pull_fails = true;
    behaviour_.spares_before = commit_;
  }
  template <typename Other>
  void operator()(const Other&) {}

  ImageBehaviour Finish() && {
    const auto rate = [](const check::ErrorRate& clause) { return (clause.rate * embedded::kMillion).Round(); };
    for (const auto& [from, value] : Steps(errors_, 0, rate)) {
      behaviour_.errors.push_back({from, static_cast<std::int32_t>(value)});
    }
    const auto p99 = [](const check::Latency& clause) { return clause.p99.count(); };
    for (const auto& [from, value] : Steps(latencies_, behaviour_.latency_p99.count(), p99)) {
      behaviour_.latencies.push_back({from, Duration(value / kTail), Duration(value)});
    }
    return std::move(behaviour_);
  }

 private:
  const Role role_;
  const TimePoint commit_;
  ImageBehaviour behaviour_;
  std::vector<const check::ErrorRate*> errors_;
  std::vector<const check::Latency*> latencies_;
};

ImageBehaviour BehaviourOf(const check::Scenario& scenario, Role role, TimePoint commit, const std::string& image) {
  RoleReader reader(role, commit, image);
  for (const check::Circumstance& each : scenario.circumstances) {
    std::visit([&](const auto& clause) { reader(clause); }, each);
  }
  return std::move(reader).Finish();
}

// Of pods that are run to an end, whatever their image: they pass unless the scenario says otherwise.
void ReadJobs(const check::Scenario& scenario, Duration at, ImageBehaviour& behaviour) {
  for (const check::Circumstance& each : scenario.circumstances) {
    const auto* jobs = std::get_if<check::Jobs>(&each);
    if (jobs == nullptr || !check::Holds(jobs->period, at)) continue;
    if (jobs->what == check::Jobs::Do::kFail) behaviour.exit_code = 1;
    if (jobs->what == check::Jobs::Do::kHang) behaviour.runs_for = kForGood;
  }
}

}  // namespace

embedded::World WorldAt(const Subject& subject, const check::Scenario& scenario, TimePoint commit, TimePoint now) {
  embedded::World world;
  world.images = {BehaviourOf(scenario, Role::kCandidate, commit, subject.candidate.workload.image),
                  BehaviourOf(scenario, Role::kStable, commit, subject.before.workload.image),
                  BehaviourOf(scenario, Role::kStable, commit, subject.next.workload.image), ImageBehaviour{}};
  for (ImageBehaviour& image : world.images) ReadJobs(scenario, now - commit, image);
  world.default_per_second = kLoad;
  for (const check::Circumstance& each : scenario.circumstances) {
    const auto* load = std::get_if<check::Load>(&each);
    if (load != nullptr && check::Holds(load->period, now - commit)) world.default_per_second = load->per_second;
  }
  return world;
}

}  // namespace sluice::simulate
