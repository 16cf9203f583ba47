// Performs operations on a cluster through the port, and writes down what it answers and what watches tell.
#pragma once

#include <vector>

#include "tests/cluster/conformance.h"
#include "tests/differential/operations.h"

namespace sluice::cluster {

// What was seen, in a form that two clusters share: uids and versions are named by their order ("uid 1", "version 2" of
// an object), times are the word "time", managedFields a map by manager.
struct Seen {
  struct Answer {
    Kind kind;
    Json said;  // { object }, { items }, { error, fields: those of a conflict } or {}
  };
  std::vector<Answer> answers;  // of the operations
  std::vector<Answer> left;     // lists of all kinds in the end
  std::vector<Answer> told;     // events by watch, in their order: { watch, events }
};

// In the namespace of `fixture`, in which nothing was before. Watches have told everything in the end.
Seen Play(Fixture& fixture, const Operations& operations);

}  // namespace sluice::cluster
