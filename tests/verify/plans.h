// Plans whose rollouts are explored, at three versions of their image.
#pragma once

#include <string>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "compiler/compile.h"
#include "reconciler/verify/subject.h"

namespace sluice::verify {

inline const std::string kService = R"(
import std.gates
import std.routers
import std.strategies

service pay {{
  namespace "shop"
  image     "ghcr.io/acme/pay:{}"
  replicas  4
  port      http 8080
  probe     ready http "/readyz" every 1s
}}
)";

inline const std::string kCanary = R"(
gate healthy = gates.error-rate(max: 1%, over: 1m)
rollout pay {
  deploy pay
  through pay
  deadline 2h
  step first { weight 10%  hold 5m while healthy }
  step full  { weight 100% }
}
)";

inline const std::string kGateway = "route pay { host \"pay.example.com\"  via routers.gateway(\"infra/public\") }\n";

// A router of one's own: what its object says of backends, and when it has settled.
inline std::string Router(const std::string& backends, const std::string& settled) {
  return fmt::format(R"(
router mine() {{
  supports weight by 1%
  object route {{
    apiVersion: "split.example.com/v1"
    kind: "TrafficSplit"
    metadata: {{ name: route.name  namespace: route.namespace }}
    spec: {{ backends: [for b in split.backends{}: {{ service: b.service  weight: round(b.weight / 1%) }}] }}
  }}
  settled when {}
}}
route pay {{ host "pay.example.com"  via mine() }}
)",
                     backends, settled);
}

inline graph::Graph GraphOf(const std::string& plan, const std::string& tag) {
  const std::string text = fmt::format(fmt::runtime(kService), tag) + plan;
  const auto compilation = Compile(source::MemoryTree({{"pay.plan", text}}));
  INFO(text);
  REQUIRE(compilation->ok());
  return compilation->graphs.front();
}

inline Subject SubjectOf(const std::string& plan) {
  return MakeSubject(GraphOf(plan, "before"), GraphOf(plan, "2"), GraphOf(plan, "next")).value();
}

}  // namespace sluice::verify
