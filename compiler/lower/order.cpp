#include "compiler/lower/order.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>

#include <fmt/format.h>

namespace sluice::lower {
namespace {

using Indices = std::vector<std::size_t>;

// For each step of the source, the ones it waits for.
std::vector<Indices> WrittenOrder(const check::Rollout& rollout) {
  std::map<std::string, Indices> by_name;
  for (std::size_t i = 0; i < rollout.steps.size(); ++i) {
    by_name[rollout.steps[i].name].push_back(i);
  }
  std::vector<Indices> result(rollout.steps.size());
  for (std::size_t i = 0; i < rollout.steps.size(); ++i) {
    for (const std::string& name : rollout.steps[i].after) {
      if (const auto found = by_name.find(name); found != by_name.end()) {
        result[i].insert(result[i].end(), found->second.begin(), found->second.end());
      }
    }
    if (rollout.steps[i].after.empty() && i > 0) {
      result[i].push_back(i - 1);
    }
  }
  return result;
}

class Sorter {
 public:
  explicit Sorter(const std::vector<Indices>& edges) : edges_(edges), colour_(edges.size(), Colour::kWhite) {}

  // Depth first in the order of the source; at most 512 steps deep.
  bool Visit(std::size_t step) {
    if (colour_[step] == Colour::kBlack) {
      return true;
    }
    path_.push_back(step);
    if (colour_[step] == Colour::kGrey) {
      return false;
    }
    colour_[step] = Colour::kGrey;
    for (const std::size_t before : edges_[step]) {
      if (!Visit(before)) {
        return false;
      }
    }
    path_.pop_back();
    colour_[step] = Colour::kBlack;
    sorted_.push_back(step);
    return true;
  }

  const Indices& sorted() const { return sorted_; }

  // After a Visit that failed: the members of the cycle, the first in the source first.
  Indices Cycle() const {
    const auto begin = std::find(path_.begin(), path_.end(), path_.back());
    Indices cycle(begin, path_.end() - 1);
    std::rotate(cycle.begin(), std::min_element(cycle.begin(), cycle.end()), cycle.end());
    return cycle;
  }

 private:
  enum class Colour : std::uint8_t { kWhite, kGrey, kBlack };
  const std::vector<Indices>& edges_;
  std::vector<Colour> colour_;
  Indices path_, sorted_;
};

void ReportCycle(const check::Rollout& rollout, const Indices& cycle, diagnostics::Emitter& emitter) {
  const check::Step& first = rollout.steps[cycle.front()];
  auto report = emitter.Report(diagnostics::kStepCycle, first.span,
                               cycle.size() == 1 ? fmt::format("step `{}` waits for itself", first.name)
                                                 : fmt::format("step `{}` waits for itself through `{}`", first.name,
                                                               rollout.steps[cycle[1]].name));
  for (std::size_t i = 0; i < cycle.size(); ++i) {
    const check::Step& step = rollout.steps[cycle[i]];
    const check::Step& next = rollout.steps[cycle[(i + 1) % cycle.size()]];
    if (i > 0) {
      report.Label(step.span, fmt::format("`{}` waits for `{}`", step.name, next.name));
    } else {
      report.At(fmt::format("waits for `{}`", next.name));
    }
  }
}

}  // namespace

std::optional<std::vector<OrderedStep>> OrderSteps(const check::Rollout& rollout, diagnostics::Emitter& emitter) {
  const std::vector<Indices> edges = WrittenOrder(rollout);
  Sorter sorter(edges);
  for (std::size_t i = 0; i < edges.size(); ++i) {
    if (!sorter.Visit(i)) {
      ReportCycle(rollout, sorter.Cycle(), emitter);
      return std::nullopt;
    }
  }

  std::vector<OrderedStep> result;
  // For each step of the source, the positions in the result that stand for it being done.
  std::vector<std::set<std::size_t>> done_when(edges.size());
  for (const std::size_t index : sorter.sorted()) {
    std::set<std::size_t> before;
    for (const std::size_t edge : edges[index]) {
      before.insert(done_when[edge].begin(), done_when[edge].end());
    }
    const check::Step& step = rollout.steps[index];
    if (step.left_out || step.verbs.empty()) {
      done_when[index] = std::move(before);
      continue;
    }
    done_when[index] = {result.size()};
    result.push_back(OrderedStep{&step, {before.begin(), before.end()}});
  }
  return result;
}

}  // namespace sluice::lower
