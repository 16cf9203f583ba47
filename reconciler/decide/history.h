// Runs and what became of them: starting, ending, recording nodes, keeping the status small.
#pragma once

#include <string>

#include "reconciler/decide/context.h"

namespace sluice::decide {

inline constexpr std::size_t kHistoryLength = 10;
inline constexpr std::size_t kHeldLength = 10;
inline constexpr std::size_t kPromotedLength = 10;
inline constexpr std::size_t kConsumedLength = 32;
inline constexpr std::size_t kOutboxLength = 64;
// Of the status as JSON; over it evidence goes first, then the results of old runs; never the done set.
inline constexpr std::size_t kStatusBytes = 60 * 1024;

// Begins a run of `revision` from the first node.
void StartRun(Context& context, const Revision& revision);
// Writes how the present run ended into history. The first word counts: a run that has ended stays so.
void EndRun(Context& context, const std::string& outcome, const std::string& reason, const std::string& who = {});

// The record of a node, entered now.
NodeRecord& EnterNode(Context& context, const graph::Node& node);
// Enters a node that was entered before once more: its bound and what it waits for begin anew.
void EnterAgain(Context& context, const graph::Node& node, NodeRecord& record);
// Marks a node as done, with its result in history.
void FinishNode(Context& context, const graph::Node& node, graph::Outcome outcome, const std::string& evidence,
                const std::string& exception = {});

bool IsHeld(const Status& status, const Revision& revision);
void HoldRevision(Context& context, const Revision& revision, const std::string& cause);

// About how many bytes the status takes as JSON.
std::size_t StatusSize(const Status& status);
void TrimStatus(Status& status);

}  // namespace sluice::decide
