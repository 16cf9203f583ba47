#include "reconciler/telemetry/metrics.h"

#include <array>
#include <cmath>

#include <fmt/format.h>

#include "compiler/base/check.h"

namespace sluice::telemetry {
namespace {

struct Family {
  std::string_view name;
  const char* type;
  const char* help;
};

constexpr std::array kFamilies = {
    Family{kMembers, "gauge", "Executors that share the rollouts, as this one sees them; 0 without leases."},
    Family{kRollouts, "gauge", "Rollouts by phase, and by the named state in which they wait."},
    Family{kDecisions, "counter", "Decisions made, by whether they changed anything."},
    Family{kReadyTime, "counter", "Time spent in deciding."},
    Family{kApiRequests, "counter", "Requests to the cluster, by verb, kind and outcome."},
    Family{kActionFailures, "counter", "Actions of decisions that failed, by why."},
    Family{kNodesLeft, "counter", "Nodes of graphs that were left, by outcome."},
    Family{kSamples, "counter", "Samples taken for gates, by what came of them."},
    Family{kNotifications, "counter", "Notifications sent, by outcome."},
    Family{kFetches, "counter", "Looks at the git repository."},
    Family{kFetchErrors, "counter", "Looks at the git repository that failed, by why."},
    Family{kSourceStale, "gauge", "1 while the commit in use is not the one that the ref names, or nobody knows."},
    Family{kCompiles, "counter", "Compiles of the plan set, by outcome."},
    Family{kDiagnostics, "gauge", "Errors in the plan set at the newest commit."},
    Family{kSyncs, "counter", "Commits that were applied as a whole."},
    Family{kSyncFailures, "counter", "Attempts to apply a commit that did not come to their end."},
    Family{kLastSync, "gauge", "When a commit was last applied as a whole."},
    Family{kInventory, "gauge", "Objects that belong to the plan set."},
    Family{kPruned, "counter", "Objects deleted because the plan set no longer has them."},
};

const Family& FamilyOf(std::string_view name) {
  for (const Family& family : kFamilies) {
    if (family.name == name) return family;
  }
  SLUICE_CHECK(false && "a metric that metrics.cpp knows");
}

std::string LabelText(const Metrics::Labels& labels) {
  std::string text;
  for (const auto& [name, value] : labels) {
    text += fmt::format("{}{}=\"", text.empty() ? "" : ",", name);
    for (const char c : value) {
      if (c == '\\' || c == '"') text += '\\';
      text += c == '\n' ? ' ' : c;
    }
    text += '"';
  }
  return text;
}

std::string NumberText(double value) {
  return value == std::floor(value) && std::abs(value) < 1e15 ? fmt::format("{:.0f}", value) : fmt::format("{}", value);
}

}  // namespace

void Metrics::Count(std::string_view family, const Labels& labels, double by) {
  const std::string name(FamilyOf(family).name);
  const std::lock_guard lock(mutex_);
  series_[name][LabelText(labels)] += by;
}

void Metrics::Set(std::string_view family, const Labels& labels, double value) {
  const std::string name(FamilyOf(family).name);
  const std::lock_guard lock(mutex_);
  series_[name][LabelText(labels)] = value;
}

void Metrics::Clear(std::string_view family) {
  const std::lock_guard lock(mutex_);
  if (const auto found = series_.find(family); found != series_.end()) found->second.clear();
}

double Metrics::Get(std::string_view family, const Labels& labels) const {
  const std::lock_guard lock(mutex_);
  const auto found = series_.find(family);
  if (found == series_.end()) return 0;
  const auto value = found->second.find(LabelText(labels));
  return value == found->second.end() ? 0 : value->second;
}

std::string Metrics::Text() const {
  const std::lock_guard lock(mutex_);
  std::string text;
  for (const Family& family : kFamilies) {
    const auto found = series_.find(family.name);
    if (found == series_.end() || found->second.empty()) continue;
    text += fmt::format("# HELP {} {}\n# TYPE {} {}\n", family.name, family.help, family.name, family.type);
    for (const auto& [labels, value] : found->second) {
      text += labels.empty() ? fmt::format("{} {}\n", family.name, NumberText(value))
                             : fmt::format("{}{{{}}} {}\n", family.name, labels, NumberText(value));
    }
  }
  return text;
}

}  // namespace sluice::telemetry
