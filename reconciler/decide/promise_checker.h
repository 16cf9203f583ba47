// What the checks of promises share (invariants.h). Private to this folder.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "reconciler/decide/context.h"
#include "reconciler/decide/decide.h"

namespace sluice::decide {

// A decision between the status before and the one after it.
struct PromiseChecker {
  const graph::Graph& graph;
  const Status& before;
  const Decision& decision;
  Context was;  // helpers over the status before
  Context is;   // … and after
  std::vector<std::string> broken;

  template <typename... Args>
  void Break(fmt::format_string<Args...> text, Args&&... args) {
    broken.push_back(fmt::format(text, std::forward<Args>(args)...));
  }
  const Status& after() const { return decision.status; }
  bool Rescued() const { return after().back_since && is.now >= *after().back_since + kRescue; }
};

// Pods that the decision writes, by revision.
struct PodWrite {
  Revision revision;
  std::int32_t pods = 0;
};
std::vector<PodWrite> PodWrites(const PromiseChecker& c);

// Each adds a sentence for each promise that is broken: of shares and their order (I1, I3, I4) …
void CheckShares(PromiseChecker& c);
void CheckNames(PromiseChecker& c);
void CheckLostEndpoints(PromiseChecker& c);
void CheckOrder(PromiseChecker& c);
void CheckWayBack(PromiseChecker& c);
// … of pods (I2) …
void CheckPods(PromiseChecker& c);
void CheckPartition(PromiseChecker& c);
void CheckAutoscalers(PromiseChecker& c);
// … of what is written and deleted, and remembered (I6, I7, I8).
void CheckDeletes(PromiseChecker& c);
void CheckEffects(PromiseChecker& c);
void CheckHistory(PromiseChecker& c);

}  // namespace sluice::decide
