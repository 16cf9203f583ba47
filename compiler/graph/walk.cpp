#include "compiler/graph/walk.h"

namespace sluice::graph {
namespace {

class Visitor {
 public:
  explicit Visitor(const ExpressionVisitor& visit) : visit_(visit) {}

  void See(const ExpressionPtr& expression) const {
    if (expression) {
      visit_(*expression);
    }
  }

  void See(const RequestTemplate& request) const {
    See(request.url);
    for (const auto& [name, value] : request.query) {
      See(value);
    }
    for (const auto& [name, value] : request.headers) {
      See(value);
    }
    See(request.json);
    See(request.text);
    See(request.bearer);
    See(request.basic_user);
    See(request.basic_password);
  }

  void See(const Gate& gate) const {
    for (const Measure& measure : gate.measures) {
      See(measure.request);
      See(measure.no_data_when);
      See(measure.error_when);
      See(measure.value);
      See(measure.at);
    }
    for (const KeepState& state : gate.keep) {
      See(state.next);
    }
    See(gate.pass);
    See(gate.fail);
  }

  void See(const Router& router) const {
    for (const RouterObject& object : router.objects) {
      See(object.when);
      See(object.manifest);
    }
    See(router.settled_when);
  }

  void See(const std::vector<Node>& nodes) const {
    for (const Node& node : nodes) {
      if (const auto* notify = std::get_if<NotifyNode>(&node.does)) {
        See(notify->request);
        See(notify->message);
      }
      if (const auto* run = std::get_if<RunNode>(&node.does)) {
        See(run->job);
      }
    }
  }

 private:
  const ExpressionVisitor& visit_;
};

}  // namespace

void VisitExpressions(const Graph& graph, const ExpressionVisitor& visit) {
  const Visitor visitor(visit);
  visitor.See(graph.router);
  for (const Gate& gate : graph.gates) {
    visitor.See(gate);
  }
  visitor.See(graph.nodes);
  visitor.See(graph.on_failure);
  visitor.See(graph.on_success);
}

namespace {

void CollectSecrets(const Expression& expression, std::vector<SecretKey>& secrets) {
  if (const SecretKey* secret = expression.literal.as_secret()) {
    secrets.push_back(*secret);
  }
  for (const ExpressionPtr& operand : expression.operands) {
    if (operand) {
      CollectSecrets(*operand, secrets);
    }
  }
}

}  // namespace

std::vector<SecretKey> SecretsOf(const Graph& graph) {
  std::vector<SecretKey> secrets;
  VisitExpressions(graph, [&](const Expression& expression) { CollectSecrets(expression, secrets); });
  return secrets;
}

void CollectFunctions(const Expression& expression, const FunctionTable& all, FunctionTable& wanted) {
  if (expression.operation == Operation::kCall) {
    const auto found = all.find(expression.name);
    if (found != all.end() && wanted.try_emplace(found->first, found->second).second && found->second.body) {
      CollectFunctions(*found->second.body, all, wanted);
    }
  }
  for (const ExpressionPtr& operand : expression.operands) {
    if (operand) {
      CollectFunctions(*operand, all, wanted);
    }
  }
}

}  // namespace sluice::graph
