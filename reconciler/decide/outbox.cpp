#include "reconciler/decide/outbox.h"

#include <fmt/format.h>

#include "reconciler/decide/gates.h"
#include "reconciler/decide/history.h"

namespace sluice::decide {

void PutNotification(Context& context, const graph::Node& node, const graph::NotifyNode& notify,
                     const std::string& step, const std::string& reason) {
  Status& status = context.status;
  const std::int32_t entry = status.nodes.contains(node.path) ? status.nodes[node.path].entry : 1;
  Outgoing outgoing;
  outgoing.key = fmt::format("{}/{}/{}/{}", context.seen.uid, status.run, node.path, entry);
  outgoing.node = node.path;
  outgoing.not_before = context.now;
  if (notify.message != nullptr) {
    const graph::Evaluation message =
        graph::Evaluate(*notify.message, context.graph.functions, RootsOf(context, step, reason));
    outgoing.message = message.kind == graph::Evaluation::Kind::kValue
                           ? message.value.ToText()
                           : fmt::format("({}: the message can't be made: {})", node.path, message.message);
  }
  status.outbox.push_back(std::move(outgoing));
}

void DeliverOutbox(Context& context) {
  Status& status = context.status;
  std::vector<Outgoing> kept;
  for (Outgoing& outgoing : status.outbox) {
    const auto answer = context.seen.delivered.find(outgoing.key);
    if (answer != context.seen.delivered.end() && answer->second && outgoing.tries > 0) {
      continue;
    }
    if (context.now < outgoing.not_before) {
      context.Wake(outgoing.not_before);
      kept.push_back(std::move(outgoing));
      continue;
    }
    if (outgoing.tries >= kNotifyTries) {
      context.Event(true, "NotificationDropped",
                    fmt::format("{} was not taken after {} tries", outgoing.node, outgoing.tries));
      continue;
    }
    outgoing.tries += 1;
    outgoing.not_before = context.now + kNotifyRetry * outgoing.tries;
    context.Wake(outgoing.not_before);
    context.decision.actions.emplace_back(SendNotification{outgoing.key, outgoing.node, outgoing.message});
    kept.push_back(std::move(outgoing));
  }
  status.outbox = std::move(kept);
}

bool RunVerbs(Context& context, const std::vector<graph::Node>& verbs, const std::string& step,
              const std::string& reason) {
  for (const graph::Node& verb : verbs) {
    auto found = context.status.nodes.find(verb.path);
    if (found != context.status.nodes.end() && found->second.state == NodeState::kDone) {
      continue;
    }
    if (found == context.status.nodes.end()) {
      EnterNode(context, verb);
    }
    const NodeRecord& record = context.status.nodes[verb.path];
    if (const auto* hold = std::get_if<graph::HoldNode>(&verb.does)) {
      const TimePoint end = record.entered_at + hold->duration;
      if (context.now < end) {
        context.Say("holds", verb.path, end);
        return false;
      }
    } else if (const auto* notify = std::get_if<graph::NotifyNode>(&verb.does)) {
      PutNotification(context, verb, *notify, step, reason);
    }
    FinishNode(context, verb, graph::Outcome::kPass, "");
  }
  return true;
}

}  // namespace sluice::decide
