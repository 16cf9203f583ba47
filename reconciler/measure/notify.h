// Notifications of channels: at least once, told apart by their key.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "compiler/graph/graph.h"
#include "reconciler/cluster/cluster.h"
#include "reconciler/http/http.h"

namespace sluice::measure {

struct NotificationRequest {
  std::shared_ptr<const graph::Graph> graph;
  const graph::NotifyNode* node = nullptr;  // of `graph`
  graph::Roots roots;                       // `message` and `event` among them
  std::string namespace_;
  std::string key;                    // told as Idempotency-Key
  std::shared_ptr<const bool> alive;  // null, or who asked: once false, nothing more is done or answered
};

// Sends it once. `done` gets nothing if the receiver answered 2xx, else why not.
void Notify(cluster::Cluster& cluster, http::Http& http, NotificationRequest request,
            std::function<void(Result<void>)> done);

}  // namespace sluice::measure
