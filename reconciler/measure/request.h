// Requests of gates and channels: from residual expressions to HTTP.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "compiler/base/result.h"
#include "compiler/graph/graph.h"
#include "reconciler/cluster/cluster.h"
#include "reconciler/http/http.h"

namespace sluice::measure {

// What a template is filled in with. `owner` keeps what `functions` points into alive.
struct Filling {
  std::shared_ptr<const void> owner;
  const graph::FunctionTable* functions = nullptr;
  graph::Roots roots;
  std::string namespace_;             // where its Secrets are
  std::shared_ptr<const bool> alive;  // null, or who asked: once false, nothing more is done or answered
};

// Fills `request` in, reading the Secrets it names from the cluster. Answers on the loop, from within the call where no
// Secret is needed. `request` lives as long as `filling.owner`. kInvalid where a part has no value, kNotFound for a
// Secret or a key that does not exist; no message shows the content of a Secret.
void FillRequest(cluster::Cluster& cluster, const graph::RequestTemplate& request, Filling filling,
                 std::function<void(Result<http::HttpRequest>)> reply);

// RFC 3986 percent-encoding of everything but unreserved characters.
std::string UrlEncode(std::string_view text);

}  // namespace sluice::measure
