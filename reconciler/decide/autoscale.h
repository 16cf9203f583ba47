// Pods that autoscalers count: what a rollout takes as the number of them, and between which bounds they count.
//
// Each revision with pods has an autoscaler of its own. One that counts stable's pods while requests move away from
// them counts them down, and who goes back then comes back to too few: so the number of pods is taken when a rollout
// begins, and no autoscaler goes below what the split needs of it until the drain has ended (anchors:
// rollout-systems.md 2.7).
#pragma once

#include <cstdint>
#include <optional>

#include "reconciler/decide/context.h"

namespace sluice::decide {

// Pods or requests are on their way from one revision to another.
bool Moves(const Status& status);

// `graph` with the pods that its service has now, where those are not the autoscaler's minimum; nullopt: it is as it
// is.
//
// At rest these are the pods that stable has. From the beginning of a move until what autoscalers measure is of its end
// they are Status::demand, and more
// where the load grows: as many as stable's autoscaler asks for, or, where pods make the shares and no autoscaler may
// count, as many as the measured use of both roles' pods comes to. Never fewer, and never beyond the plan's bounds.
std::optional<graph::Graph> ResizedToDemand(const graph::Graph& graph, const Status& status, const Observed& observed,
                                            TimePoint now);

// Status::demand for the phase that was decided.
void KeepDemand(Context& context);

// Whether a revision's autoscaler, if there is one, is seen to leave it that many pods.
bool KeepsPods(const Context& context, const Revision& revision, std::int32_t pods);

// What a revision has by spec is `pods`, or more where an autoscaler may count further.
bool HasPods(const Context& context, const Revision& revision, std::int32_t pods);

// What is to be asked of a Deployment that should have `target` pods: what an autoscaler came to stays.
std::int32_t PodsToAsk(const Context& context, const Revision& revision, std::int32_t target);

// The autoscaler of a revision that is about to have `pods`; none where there is none for it.
graph::Value AutoscalerFor(const Context& context, const Revision& revision, std::int32_t pods);

// Says why the autoscaler that counts stable's pods doesn't, as Kubernetes has it.
void SayBlindAutoscaler(Context& context);

}  // namespace sluice::decide
