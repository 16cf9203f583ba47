#include "reconciler/execute/bundle.h"

#include <utility>
#include <vector>

#include <fmt/format.h>

#include "compiler/base/hash.h"
#include "compiler/graph/codec.h"
#include "compiler/graph/names.h"
#include "compiler/graph/validate.h"

namespace sluice::execute {
namespace {

using cluster::Json;

Json EncodeLines(const std::vector<graph::PlanLine>& lines) {
  Json list = Json::array();
  for (const auto& line : lines) list.push_back({line.file, line.line, line.column});
  return list;
}

// Spans are for people: what cannot be read is left out, and the graph is as good without them.
std::vector<graph::PlanLine> DecodeLines(const Json& spans, const char* key, std::size_t count) {
  std::vector<graph::PlanLine> lines;
  const auto list = spans.find(key);
  if (list == spans.end() || !list->is_array() || list->size() != count) return {};
  for (const Json& line : *list) {
    if (!line.is_array() || line.size() != 3 || !line[0].is_string() || !line[1].is_number_unsigned() ||
        !line[2].is_number_unsigned()) {
      return {};
    }
    lines.push_back({line[0].get<std::string>(), line[1].get<std::uint32_t>(), line[2].get<std::uint32_t>()});
  }
  return lines;
}

Result<void> CheckNamespace(const graph::Value& object, const std::string& namespace_) {
  if (object.is_none()) return {};
  const std::string found = object.Path({"metadata", "namespace"}).ToText();
  if (found == namespace_) return {};
  return Error{ErrorCode::kInvalid,
               fmt::format("{} {} is in namespace `{}`, the rollout in `{}`", object.Field("kind").ToText(),
                           object.Path({"metadata", "name"}).ToText(), found, namespace_)};
}

}  // namespace

std::string BundleName(const std::string& rollout, const std::string& digest) {
  return rollout + "-" + digest.substr(0, 12);
}

Result<Json> MakeBundle(const graph::Graph& graph, const std::string& digest) {
  const std::string text = graph::EncodeGraph(graph, false);
  if (text.size() > kMaxBundleBytes) {
    return Error{ErrorCode::kTooLarge, fmt::format("the graph of {} has {} KiB, at most {} are stored", graph.rollout,
                                                   text.size() / 1024, kMaxBundleBytes / 1024)};
  }
  const Json spans = {{"nodes", EncodeLines(graph.spans)},
                      {"failure", EncodeLines(graph.failure_spans)},
                      {"success", EncodeLines(graph.success_spans)}};
  return Json{{"apiVersion", graph::kApiVersion},
              {"kind", graph::kBundleKind},
              {"metadata",
               {{"name", BundleName(graph.rollout, digest)},
                {"namespace", graph.rollout_namespace},
                {"labels", {{graph::kRolloutLabel, graph.rollout}, {graph::kRevisionLabel, graph.workload.revision}}}}},
              {"spec", {{"digest", digest}, {"graph", text}, {"spans", spans.dump()}}}};
}

Result<std::shared_ptr<const graph::Graph>> AcceptBundle(const Json& object, const std::string& digest,
                                                         const std::string& namespace_, const std::string& rollout) {
  const Json* text = cluster::Find(object, {"spec", "graph"});
  if (text == nullptr || !text->is_string()) return Error{ErrorCode::kInvalid, "the bundle has no graph"};
  const std::string& bytes = text->get_ref<const std::string&>();
  if (Sha256(bytes) != digest) {
    return Error{ErrorCode::kInvalid, fmt::format("the bundle's content has another digest than {}", digest)};
  }
  auto decoded = graph::DecodeGraph(bytes);
  if (!decoded) return std::move(decoded).error().Within("the bundle's graph");
  auto graph = std::make_shared<graph::Graph>(std::move(decoded).value());
  if (auto valid = graph::Validate(*graph); !valid) return Error(valid.error()).Within("the bundle's graph");
  if (graph->rollout != rollout || graph->rollout_namespace != namespace_) {
    return Error{ErrorCode::kInvalid, fmt::format("the bundle is for {}/{}, not for {}/{}", graph->rollout_namespace,
                                                  graph->rollout, namespace_, rollout)};
  }
  std::vector<graph::Value> objects = graph->workload.companions;
  objects.insert(objects.end(), {graph->workload.deployment, graph->workload.service, graph->stable_service});
  for (const graph::Value& made : objects) {
    if (auto checked = CheckNamespace(made, namespace_); !checked) return checked.error();
  }
  const Json* spans_text = cluster::Find(object, {"spec", "spans"});
  if (spans_text != nullptr && spans_text->is_string()) {
    const Json spans = cluster::ParseJson(spans_text->get_ref<const std::string&>());
    if (spans.is_object()) {
      graph->spans = DecodeLines(spans, "nodes", graph->nodes.size());
      graph->failure_spans = DecodeLines(spans, "failure", graph->on_failure.size());
      graph->success_spans = DecodeLines(spans, "success", graph->on_success.size());
    }
  }
  return std::shared_ptr<const graph::Graph>(std::move(graph));
}

}  // namespace sluice::execute
