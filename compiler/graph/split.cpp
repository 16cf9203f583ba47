#include "compiler/graph/split.h"

#include <fmt/format.h>

namespace sluice::graph {
namespace {

// "NAME-REV", or "NAME" where all revisions stand behind one Service.
std::string ServiceOf(const Graph& graph, const Workload& workload) {
  return graph.router.shares_by_pods ? graph.service : graph.service + "-" + workload.revision;
}

std::string AddressOf(const Graph& graph, const std::string& service) {
  return fmt::format("{}.{}:{}", service, graph.rollout_namespace, FirstPort(graph));
}

Value BackendValue(const Graph& graph, const Backend& backend) {
  const std::string service = ServiceOf(graph, *backend.workload);
  Map map;
  map.Set("role", backend.role);
  map.Set("revision", backend.workload->revision);
  map.Set("service", service);
  map.Set("port", FirstPort(graph));
  map.Set("address", AddressOf(graph, service));
  map.Set("weight", Value::Percent(backend.weight));
  return Value(std::move(map));
}

Value ConditionValue(const MatchCondition& condition) {
  List values;
  for (const std::string& value : condition.values) {
    values.emplace_back(value);
  }
  Map map;
  map.Set("what", condition.what);
  map.Set("name", condition.name);
  map.Set("test", condition.test);
  map.Set("value", condition.values.empty() ? std::string() : condition.values.front());
  map.Set("values", Value(std::move(values)));
  return Value(std::move(map));
}

Value MatchValue(const Match& match, const Value& to) {
  List conditions;
  for (const MatchCondition& condition : match.conditions) {
    conditions.push_back(ConditionValue(condition));
  }
  Map map;
  map.Set("to", to);
  map.Set("conditions", Value(std::move(conditions)));
  return Value(std::move(map));
}

}  // namespace

std::int64_t FirstPort(const Graph& graph) {
  const Value ports = graph.stable_service.Path({"spec", "ports"});
  const List* list = ports.as_list();
  if (list == nullptr || list->empty()) {
    return 0;
  }
  const Value port = list->front().Field("port");
  const Quantity* number = port.as_quantity();
  return number == nullptr || number->number.overflowed() ? 0 : number->number.Floor();
}

Value RoleValue(const Graph& graph, const Workload& workload) {
  const std::string service = ServiceOf(graph, workload);
  Map map;
  map.Set("name", graph.service);
  map.Set("namespace", graph.rollout_namespace);
  map.Set("revision", workload.revision);
  map.Set("image", workload.image);
  map.Set("version", workload.version);
  map.Set("service", service);
  map.Set("address", AddressOf(graph, service));
  return Value(std::move(map));
}

Value SplitValue(const Graph& graph, const std::vector<Backend>& backends, const std::vector<Match>& matches,
                 const Number& mirror) {
  List backend_values, match_values, mirror_values;
  for (const Backend& backend : backends) {
    Value value = BackendValue(graph, backend);
    if (backend.role == "candidate") {
      for (const Match& match : matches) {
        match_values.push_back(MatchValue(match, value));
      }
      if (mirror > Number(0)) {
        Map map;
        map.Set("to", value);
        map.Set("share", Value::Percent(mirror));
        mirror_values.emplace_back(std::move(map));
      }
    }
    backend_values.push_back(std::move(value));
  }
  Map split;
  split.Set("backends", Value(std::move(backend_values)));
  split.Set("matches", Value(std::move(match_values)));
  split.Set("mirrors", Value(std::move(mirror_values)));
  return Value(std::move(split));
}

}  // namespace sluice::graph
