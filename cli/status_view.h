// One rollout as a person on call wants to see it: what git wants, what runs, where the walk is, what it
// waits for. Pure: from stored data to text.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compiler/base/time.h"
#include "compiler/graph/graph.h"
#include "reconciler/cluster/json.h"
#include "reconciler/decide/status.h"

namespace sluice::cli {

// What the cluster says of one revision's pods.
struct RevisionPods {
  std::int32_t spec = 0;
  std::int32_t ready = 0;
  std::string image;
};

struct RolloutView {
  std::string name, namespace_;
  std::string commit, repository, ref;  // that git's revision comes from; "" if not known
  std::string wanted;                   // git's revision
  std::string wanted_image;
  std::string ready_reason, message;  // of the Ready condition: why, and what it waits for
  std::optional<graph::Graph> graph;  // of the accepted bundle; absent if it can't be read
  decide::Status status;
  std::map<std::string, RevisionPods> pods;  // by revision
  cluster::Json explained;                   // by the executor: reasons, newest samples; null if it doesn't tell
};

// "progressing", "settled", "Held" …: the phase or, where somebody is waited for, the named state.
std::string StateName(const decide::Status& status);

// What is wrong with where the plans come from, as `/sluice/v1/source` has it: why git's newest commit is not the one
// in use, what of that one could not be applied. "" if nothing is.
std::string RenderSource(const cluster::Json& source, TimePoint now);

std::string RenderStatusText(const RolloutView& view, TimePoint now);
// { name, namespace, state, git, stable, candidate, leaving, steps: [...], waiting, history … } in one object.
std::string RenderStatusJson(const RolloutView& view, TimePoint now);
// One line: "checkout  Progressing  1.1.0  half  50%  hold until 10:02:12".
std::string RenderStatusLine(const RolloutView& view, TimePoint now);
// What changes only when something happens: state, revision, step, share, pods, what is awaited. One line.
std::string RenderChange(const RolloutView& view);
std::string RenderHistoryText(const RolloutView& view);
std::string RenderHistoryJson(const RolloutView& view);

}  // namespace sluice::cli
