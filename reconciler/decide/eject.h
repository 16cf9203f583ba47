// A rollout that people let go of: what serves stays as it stands, as plain objects that nobody moves any more.
#pragma once

#include <optional>
#include <string>

#include "reconciler/decide/context.h"

namespace sluice::decide {

// Whether it was let go of. Nothing else is decided then.
bool IsEjected(const Status& status);

// The same, or people just now ask for it.
bool Ejects(const Status& status, const Observed& observed);

// Lets go of a rollout that rests on its stable revision; or why not.
std::optional<std::string> BeginEjection(Context& context, const Command& command);

// Takes our marks (rollout label, owner and epoch annotations) off everything that serves stable's pods, with its spec
// as it stands, and deletes what serves nobody: earlier revisions without pods. Does nothing once that is so. An
// adopted Deployment rolls by itself again.
void Eject(Context& context);

}  // namespace sluice::decide
