#include "compiler/manifest/job.h"

#include <string_view>
#include <utility>
#include <vector>

#include "compiler/graph/names.h"
#include "compiler/manifest/pod_template.h"

namespace sluice::manifest {
namespace {

using graph::ExpressionPtr;
using graph::Operation;
using graph::Value;

struct Entry {
  std::string_view key;
  ExpressionPtr value;
};

ExpressionPtr Literal(Value value) { return graph::MakeLiteral(std::move(value)); }

// Entries without a value are left out.
ExpressionPtr MapOf(const std::vector<Entry>& entries) {
  std::vector<ExpressionPtr> operands;
  for (const Entry& entry : entries) {
    if (entry.value != nullptr) {
      operands.push_back(Literal(Value(std::string(entry.key))));
      operands.push_back(entry.value);
    }
  }
  return graph::MakeNode(Operation::kMap, std::move(operands));
}

ExpressionPtr Variable(const std::string& name, const ExpressionPtr& value) {
  if (value->operation == Operation::kLiteral) {
    return Literal(EnvVariable(name, value->literal));
  }
  return MapOf({{"name", Literal(Value(name))}, {"value", graph::MakeNode(Operation::kInterpolate, {value})}});
}

ExpressionPtr Env(const check::Job& job) {
  std::vector<ExpressionPtr> variables;
  for (const auto& [name, value] : job.env) {
    variables.push_back(Variable(name, value));
  }
  return variables.empty() ? nullptr : graph::MakeNode(Operation::kList, std::move(variables));
}

ExpressionPtr Resources(const check::Job& job) {
  return job.cpu || job.memory ? MapOf({{"requests", Literal(ResourceList(job.cpu, job.memory))}}) : nullptr;
}

}  // namespace

ExpressionPtr MakeJob(const check::Job& job, const std::string& rollout, const std::string& namespace_) {
  const ExpressionPtr container = MapOf({{"name", Literal(Value("job"))},
                                         {"image", job.image},
                                         {"command", job.command},
                                         {"args", job.args},
                                         {"env", Env(job)},
                                         {"resources", Resources(job)},
                                         {"terminationMessagePolicy", Literal(Value("FallbackToLogsOnError"))}});
  // Not the service's label: no Service must select these pods.
  const ExpressionPtr labels = MapOf({{graph::kRolloutLabel, Literal(Value(rollout))}});
  const ExpressionPtr pod_template =
      MapOf({{"metadata", MapOf({{"labels", labels}})},
             {"spec", MapOf({{"restartPolicy", Literal(Value("Never"))},
                             {"containers", graph::MakeNode(Operation::kList, {container})}})}});
  const ExpressionPtr made =
      MapOf({{"apiVersion", Literal(Value(graph::kJobApiVersion))},
             {"kind", Literal(Value(graph::kJobKind))},
             {"metadata", MapOf({{"namespace", Literal(Value(namespace_))}})},
             {"spec", MapOf({{"backoffLimit", Literal(Value(std::int64_t{0}))}, {"template", pod_template}})}});
  return graph::Reduce(made, {}, {});
}

}  // namespace sluice::manifest
