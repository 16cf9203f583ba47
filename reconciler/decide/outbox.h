// Notifications: decided once, sent at least once, three tries, then dropped.
#pragma once

#include <string>
#include <vector>

#include "reconciler/decide/context.h"

namespace sluice::decide {

inline constexpr int kNotifyTries = 3;
inline constexpr Duration kNotifyRetry{30'000};

// Puts the message of a notify node into the outbox, evaluated now. Never blocks and never fails: a message
// that can't be made says so.
void PutNotification(Context& context, const graph::Node& node, const graph::NotifyNode& notify,
                     const std::string& step, const std::string& reason);
// Takes out what was delivered, sends what is due.
void DeliverOutbox(Context& context);

// Runs verbs that cannot change the outcome (`on failure`, `on success`): each once a run, in order. True once
// all of them are done.
bool RunVerbs(Context& context, const std::vector<graph::Node>& verbs, const std::string& step,
              const std::string& reason);

}  // namespace sluice::decide
