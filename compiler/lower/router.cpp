#include "compiler/lower/router.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "compiler/graph/split.h"
#include "compiler/lower/place.h"

namespace sluice::lower {
namespace {

using graph::List;
using graph::Map;
using graph::Value;

Value TextList(const std::vector<std::string>& texts) {
  List list;
  for (const std::string& text : texts) {
    list.emplace_back(text);
  }
  return Value(std::move(list));
}

Value RouteValue(const check::Rollout& rollout) {
  const check::Route* route = rollout.route;
  Map map;
  map.Set("name", route != nullptr ? route->name : rollout.service->name);
  map.Set("namespace",
          route != nullptr && !route->namespace_.empty() ? route->namespace_ : rollout.service->namespace_);
  map.Set("hosts", TextList(route != nullptr ? route->hosts : std::vector<std::string>{}));
  map.Set("paths", TextList(route != nullptr ? route->paths : std::vector<std::string>{}));
  return Value(std::move(map));
}

Value ServiceValue(const check::Service& service) {
  List ports;
  for (const check::Port& port : service.ports) {
    Map entry;
    entry.Set("name", port.name);
    entry.Set("port", port.number);
    ports.emplace_back(std::move(entry));
  }
  Map map;
  map.Set("name", service.name);
  map.Set("namespace", service.namespace_);
  map.Set("port", service.ports.empty() ? Value() : Value(service.ports.front().number));
  map.Set("ports", Value(std::move(ports)));
  return Value(std::move(map));
}

// One split that the rollout can reach, and how people would call it.
struct Situation {
  std::string name;
  Number share;
  bool stable = true, candidate = true;
  const graph::TrafficNode* node = nullptr;
};

std::vector<Situation> Situations(const graph::Graph& graph) {
  std::vector<Situation> result{{"before the rollout", Number(0), true, false, nullptr},
                                {"after the promotion", Number(1), false, true, nullptr},
                                {"going back", Number(0), true, true, nullptr}};
  for (const graph::Node& node : graph.nodes) {
    if (const auto* traffic = std::get_if<graph::TrafficNode>(&node.does)) {
      result.push_back({fmt::format("step `{}`", node.step), traffic->share, true, true, traffic});
    }
  }
  return result;
}

class RouterCheck {
 public:
  RouterCheck(const check::Rollout& rollout, const graph::Graph& graph, diagnostics::Emitter& emitter)
      : rollout_(rollout), graph_(graph), emitter_(emitter), stable_(graph.workload) {
    // Any revision that is not the candidate's; what matters is that the names differ.
    stable_.revision = graph.workload.revision == "00000000" ? "00000001" : "00000000";
  }

  bool Run() {
    for (const Situation& situation : Situations(graph_)) {
      const Value split = SplitOf(situation);
      for (const graph::RouterObject& object : graph_.router.objects) {
        if (!Look(object, situation, split)) {
          return false;  // the other splits would say the same again
        }
      }
    }
    return true;
  }

 private:
  Value SplitOf(const Situation& situation) const {
    std::vector<graph::Backend> backends;
    if (situation.stable) {
      backends.push_back({"stable", &stable_, Number(1) - situation.share});
    }
    if (situation.candidate) {
      backends.push_back({"candidate", &graph_.workload, situation.share});
    }
    static const std::vector<graph::Match> kNone;
    return SplitValue(graph_, backends, situation.node != nullptr ? situation.node->matches : kNone,
                      situation.node != nullptr ? situation.node->mirror : Number(0));
  }

  source::Span Place() const { return rollout_.through_span.known() ? rollout_.through_span : rollout_.span; }

  bool Look(const graph::RouterObject& object, const Situation& situation, const Value& split) {
    const graph::Roots roots{{"split", split}};
    if (object.when) {
      const graph::Evaluation when = graph::Evaluate(*object.when, graph_.functions, roots);
      if (when.kind != graph::Evaluation::Kind::kValue || when.value.as_bool() == nullptr) {
        return Fails(object, situation, "`when`", when);
      }
      if (!*when.value.as_bool()) {
        return true;
      }
    }
    const graph::Evaluation manifest = graph::Evaluate(*object.manifest, graph_.functions, roots);
    if (manifest.kind != graph::Evaluation::Kind::kValue) {
      return Fails(object, situation, "object", manifest);
    }
    return IsNamed(object, situation, manifest.value) && IsInNamespace(object, manifest.value);
  }

  bool Fails(const graph::RouterObject& object, const Situation& situation, const char* what,
             const graph::Evaluation& evaluation) {
    emitter_
        .Report(diagnostics::kRouterFails, Place(),
                fmt::format("router `{}` cannot make its object `{}` here", graph_.router.name, object.name))
        .Label(rollout_.router->declaration, "this router")
        .Note(fmt::format("{}, the {}: {}", situation.name, what,
                          evaluation.message.empty() ? "it is no value of the right kind" : evaluation.message));
    return false;
  }

  bool IsNamed(const graph::RouterObject& object, const Situation& situation, const Value& manifest) {
    const std::pair<const char*, Value> fields[] = {{"apiVersion", manifest.Field("apiVersion")},
                                                    {"kind", manifest.Field("kind")},
                                                    {"metadata.name", manifest.Path({"metadata", "name"})}};
    for (const auto& [name, value] : fields) {
      if (value.as_string() == nullptr || value.as_string()->empty()) {
        emitter_
            .Report(diagnostics::kRouterObjectUnnamed, Place(),
                    fmt::format("object `{}` of router `{}` has no `{}` here", object.name, graph_.router.name, name))
            .Label(rollout_.router->declaration, "this router")
            .Note(fmt::format("found for the split {}", situation.name));
        return false;
      }
    }
    return true;
  }

  // The executor acts as a service account of the rollout's namespace, which reaches no other.
  bool IsInNamespace(const graph::RouterObject& object, const Value& manifest) {
    const Value value = manifest.Path({"metadata", "namespace"});
    const std::string* name = value.as_string();
    const bool route_elsewhere = rollout_.route != nullptr && !rollout_.route->namespace_.empty() &&
                                 rollout_.route->namespace_ != graph_.rollout_namespace;
    if (name == nullptr || *name == graph_.rollout_namespace || route_elsewhere) {
      return true;  // the route's own namespace is reported where it is written
    }
    emitter_
        .Report(diagnostics::kRouterObjectElsewhere, Place(),
                fmt::format("object `{}` of router `{}` is in namespace `{}`, the rollout in `{}`", object.name,
                            graph_.router.name, *name, graph_.rollout_namespace))
        .Label(rollout_.router->declaration, "this router");
    return false;
  }

  const check::Rollout& rollout_;
  const graph::Graph& graph_;
  diagnostics::Emitter& emitter_;
  graph::Workload stable_;
};

}  // namespace

graph::Router BindRouter(const check::Rollout& rollout, const graph::FunctionTable& functions) {
  graph::Router router = rollout.router->router;
  const graph::Roots roots{{"route", RouteValue(rollout)}, {"service", ServiceValue(*rollout.service)}};
  const auto bind = [&](graph::ExpressionPtr& expression) {
    if (expression) {
      expression = graph::Reduce(expression, functions, roots);
    }
  };
  for (graph::RouterObject& object : router.objects) {
    bind(object.when);
    bind(object.manifest);
  }
  bind(router.settled_when);
  return router;
}

bool CheckRouter(const check::Rollout& rollout, const graph::Graph& graph, diagnostics::Emitter& emitter) {
  return graph.router.objects.empty() || RouterCheck(rollout, graph, emitter).Run();
}

}  // namespace sluice::lower
