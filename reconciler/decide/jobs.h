// Kubernetes Jobs of run nodes: at most one is ever made for each attempt of an entry.
//
// The ledger is the status: Status::job_entries counts the entries of a node, NodeRecord::failed_attempts the attempts
// of one. A Job is named by a hash of its key, and can't vanish before its outcome is stored, because it carries a
// finalizer until then: one that is absent and was never seen was never made.
#pragma once

#include <optional>
#include <string>

#include "reconciler/decide/context.h"
#include "reconciler/decide/nodes.h"

namespace sluice::decide {

// On a Job until the outcome of its attempt is stored.
inline constexpr const char* kJobFinalizer = "sluice.dev/outcome";
// On a Job: the run, and the path of the node, for which it was made.
inline constexpr const char* kRunAnnotation = "sluice.dev/run";
inline constexpr const char* kNodeAnnotation = "sluice.dev/node";

// The name of the Job of the attempt at which `record` is.
std::string JobName(const Context& context, const std::string& path, const NodeRecord& record);

// Judges a run node by its Job; notes in Context::jobs what is to be made. Passes with the Job; fails with the last
// attempt; a Job that somebody takes away is an error.
std::optional<NodeEnd> JudgeRun(Context& context, const graph::Node& node, const graph::RunNode& run,
                                NodeRecord& record);

// Releases Jobs whose outcome is stored, ends those for which nothing waits any more, deletes those of earlier runs,
// and moves the deadline of one whose bound was edited. A Job of this run stays, so that people can read its logs.
void TendJobs(Context& context);
// Makes those that JudgeRun noted.
void MakeJobs(Context& context);
// Ends and deletes all of them. True once there are none.
bool DeleteJobs(Context& context);
// Ends those that run and releases the others, which stay. True once nothing is left to do.
bool LeaveJobs(Context& context);

}  // namespace sluice::decide
