// Services, routes and objects.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "compiler/syntax/ast_expression.h"

namespace sluice::syntax {

// `WORD expression`, for the clauses that need no shape of their own.
struct ServiceClause {
  // namespace · image · replicas · surge · unavailable · cpu · memory · command · args
  Name word;
  ExpressionPtr value;
  ExpressionPtr to;  // `cpu 0.25 to 1`; null otherwise
};
struct PortClause {  // port http 8080
  Name name;
  ExpressionPtr number;
  Span span;
};
struct ProbeClause {  // probe ready http "/readyz" every 5s
  enum class Purpose { kReady, kLive, kStartup };
  enum class Means { kHttp, kTcp, kExec };
  Purpose purpose = Purpose::kReady;
  Means means = Means::kHttp;
  ExpressionPtr target;                 // path, port name or number, list of strings
  std::optional<Name> port;             // `on PORT`; the first port otherwise
  ExpressionPtr every, timeout, after;  // or null
  Span span;
};
struct EnvClause {  // env { NAME: value … }
  ExpressionPtr value;
  Span span;
};
struct ConfigClause {  // config "/etc/checkout" from "config/checkout/*"
  ExpressionPtr path;
  ExpressionPtr from;
  Span span;
};
struct PatchClause {  // patch Deployment { spec: … }
  Name kind;
  ExpressionPtr value;  // a map
  Span span;
};
struct AutoscalerClause {  // replicas 4 to 20 at cpu 70%
  Name word;               // replicas
  ExpressionPtr least, most;
  Name resource;  // cpu | memory
  ExpressionPtr use;
  Span span;
};
struct FromClause {  // from "k8s/payments/*.yaml" workload "payments"
  ExpressionPtr files;
  ExpressionPtr workload;  // or null
  Span span;
};
using ServiceItem = std::variant<FromClause, ServiceClause, AutoscalerClause, PortClause, ProbeClause, EnvClause,
                                 ConfigClause, PatchClause, Require, Later>;
struct Service {
  DeclaredName name;
  std::vector<ServiceItem> items;
};

struct RouteClause {  // namespace · host · path
  Name word;
  ExpressionPtr value;
};
struct ViaClause {  // via routers.gateway("infra/public")
  ExpressionPtr router;
  Span span;
};
using RouteItem = std::variant<RouteClause, ViaClause, Require>;
struct Route {
  DeclaredName name;
  std::vector<RouteItem> items;
};

struct ObjectDeclaration {  // object name { apiVersion: … }
  DeclaredName name;
  ExpressionPtr value;  // a map
};

}  // namespace sluice::syntax
