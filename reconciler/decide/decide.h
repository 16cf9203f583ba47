// The core: what to do next to bring one rollout closer to its graph.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "compiler/graph/graph.h"
#include "reconciler/decide/observed.h"
#include "reconciler/decide/status.h"

namespace sluice::decide {

// On router objects: Applied::sequence of the split that they were written for.
inline constexpr const char* kSplitAnnotation = "sluice.dev/split";

// Writes carry the version on which they were decided; none means: create it.
struct ApplyObject {
  graph::Value object;  // complete: what our field manager owns
  std::optional<Version> version;
  std::string why;
  // What others added to its spec and its labels of ours goes, other labels and annotations stay: no server-side apply.
  bool whole = false;
};
struct DeleteObject {
  std::string api_version, kind, namespace_, name;
  Version version;
  std::string why;
  bool foreground = false;  // it stays until what it owns is gone
};
// Take one sample of a gate.
struct MeasureGate {
  GateKey key;
  std::int64_t sequence = 0;
  std::uint32_t gate = 0;  // index into the graph's gates
};
struct SendNotification {
  std::string key;   // Idempotency-Key
  std::string node;  // which notify node
  std::string message;
};
struct ConsumeCommand {
  std::string uid;
  std::string refused;  // why; "" if it was carried out
};
// Something people want to see in `kubectl get events`.
struct EmitEvent {
  bool warning = false;
  std::string reason;  // "StepEntered"
  std::string note;
};
using Action = std::variant<ApplyObject, DeleteObject, MeasureGate, SendNotification, ConsumeCommand, EmitEvent>;

// Why it acts, or doesn't yet: for people; nothing branches on it.
struct Reason {
  std::string text;                // "waits for 2 of 3 candidate pods to become ready"
  std::string node;                // path; or ""
  std::optional<TimePoint> until;  // at the latest
  std::string trouble = {};        // what someone may have to do something about, of `text`; ""
};

struct Decision {
  Status status;                     // to be persisted before any action runs
  std::vector<Action> actions;       // in order; each idempotent; none depends on another's effect
  std::optional<TimePoint> wake_at;  // look again then, even if nothing changes
  std::vector<Reason> reasons;
};

// Decides what to do next to bring one rollout closer to its graph.
//
// Pure and total: no I/O, no clock, no failure. Equal inputs give an equal Decision. Input that
// contradicts itself becomes a Decision that says so (`Hold::kStalled`). With `!observed.complete` nothing
// is decided. A settled rollout decides nothing: no action, no wake-up, status unchanged.
Decision Decide(const graph::Graph& graph, const Status& status, const Observed& observed, TimePoint now);

}  // namespace sluice::decide
