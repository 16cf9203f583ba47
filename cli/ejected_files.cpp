#include "cli/ejected_files.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/program.h"
#include "compiler/graph/names.h"
#include "compiler/manifest/manifest.h"
#include "reconciler/cluster/value_json.h"

namespace sluice::cli {
namespace {

namespace fs = std::filesystem;
using cluster::Json;

constexpr std::chrono::milliseconds kPollInterval{200};
constexpr Duration kReleaseTimeout{30'000};

// What a revision and its service are made of; a router's objects are named in the status.
const cluster::Kind kKinds[] = {{"apps/v1", "Deployment"},
                                {"v1", "Service"},
                                {"v1", graph::kConfigMapKind},
                                {graph::kBudgetApiVersion, graph::kBudgetKind},
                                {graph::kAutoscalerApiVersion, graph::kAutoscalerKind}};

// Written by controllers and clients for themselves.
bool IsOthersAnnotation(const std::string& name) {
  return name.starts_with("deployment.kubernetes.io/") || name.starts_with("sluice.dev/") ||
         name == "kubectl.kubernetes.io/last-applied-configuration";
}

void Drop(Json& object, std::initializer_list<const char*> names) {
  for (const char* name : names) object.erase(name);
}

// As somebody would write it who makes it anew.
Json Written(const Json& object) {
  Json written = object;
  Drop(written, {"status", "metadata"});
  Json metadata = {{"name", cluster::Text(object, {"metadata", "name"})},
                   {"namespace", cluster::Text(object, {"metadata", "namespace"})}};
  if (const Json* labels = cluster::Find(object, {"metadata", "labels"})) metadata["labels"] = *labels;
  if (const Json* annotations = cluster::Find(object, {"metadata", "annotations"})) {
    for (const auto& [name, value] : annotations->items()) {
      if (!IsOthersAnnotation(name)) metadata["annotations"][name] = value;
    }
  }
  written["metadata"] = std::move(metadata);
  if (cluster::Says(object, {"kind"}, "Service") && written.contains("spec")) {
    // The cluster's to give.
    Json& spec = written["spec"];
    if (!cluster::Says(spec, {"clusterIP"}, "None")) Drop(spec, {"clusterIP", "clusterIPs"});
    Drop(spec, {"ipFamilies", "ipFamilyPolicy", "healthCheckNodePort"});
    if (!cluster::List(spec, {"ports"}).empty()) {
      for (Json& port : cluster::Items(spec["ports"])) Drop(port, {"nodePort"});
    }
  }
  return written;
}

bool IsMarked(const Json& object, const std::string& uid) {
  return cluster::Says(object, {"metadata", "annotations", graph::kOwnerAnnotation}, uid);
}

// By the names of their files.
using Files = std::map<std::string, Json>;

void Add(Files& files, const Json& object) {
  if (cluster::Find(object, {"metadata", "deletionTimestamp"}) != nullptr) return;
  manifest::Manifest manifest;
  const cluster::ObjectKey key = cluster::KeyOf(object);
  manifest.api_version = key.kind.api_version;
  manifest.kind = key.kind.kind;
  manifest.namespace_ = key.namespace_;
  manifest.name = key.name;
  files[manifest::FileName(manifest)] = object;
}

// What was there before the rollout carries no label of ours any more, once it is let go of.
std::vector<cluster::ObjectKey> Named(const graph::Graph& graph, const Json& status) {
  std::vector<cluster::ObjectKey> keys;
  if (graph.adopts) {
    keys.push_back({{"apps/v1", graph.adopts->by_partition ? "StatefulSet" : "Deployment"},
                    graph.rollout_namespace,
                    graph.adopts->deployment});
    if (!graph.adopts->budget.empty()) {
      keys.push_back({{graph::kBudgetApiVersion, graph::kBudgetKind}, graph.rollout_namespace, graph.adopts->budget});
    }
  }
  for (const Json& name : cluster::List(status, {"applied", "objects"})) {
    keys.push_back({{cluster::Text(name, {"apiVersion"}), cluster::Text(name, {"kind"})},
                    cluster::Text(name, {"namespace"}),
                    cluster::Text(name, {"name"})});
  }
  return keys;
}

Result<Files> Find(Client& client, const graph::Graph& graph, const Json& status) {
  Files files;
  for (const cluster::Kind& kind : kKinds) {
    const auto list =
        client.Ask(cluster::ListObjects{kind, graph.rollout_namespace, {{graph::kServiceLabel, graph.service}}});
    if (!list) return list.error();
    for (Json object : cluster::List(**list, {"items"})) {
      object["apiVersion"] = kind.api_version;  // lists may leave it out of their items
      object["kind"] = kind.kind;
      Add(files, object);
    }
  }
  for (const cluster::ObjectKey& key : Named(graph, status)) {
    const auto object = client.Ask(cluster::Get{key});
    if (object.ok()) {
      Add(files, **object);
    } else if (object.error().code != ErrorCode::kNotFound) {
      return object.error();
    }
  }
  return files;
}

// Once nothing of them carries the rollout's mark.
Result<Files> Await(Client& client, const cluster::ObjectKey& rollout, const graph::Graph& graph) {
  const TimePoint end = client.Now() + kReleaseTimeout;
  while (true) {
    const auto now = client.Ask(cluster::Get{rollout});
    if (!now) return now.error();
    const Json& status = now.value()->value("status", Json::object());
    Result<Files> files = Find(client, graph, status);
    if (!files) return files;
    std::string marked;
    for (const auto& [name, object] : *files) {
      if (IsMarked(object, cluster::Text(**now, {"metadata", "uid"}))) {
        marked = cluster::ToString(cluster::KeyOf(object));
      }
    }
    if (marked.empty() && cluster::Says(status, {"hold"}, "Ejected")) return files;
    if (client.Now() >= end) {
      return Error{ErrorCode::kUnavailable,
                   marked.empty() ? "it is not ejected yet" : fmt::format("{} still is the rollout's", marked)};
    }
    std::this_thread::sleep_for(kPollInterval);
  }
}

Result<graph::Graph> GraphOf(Client& client, const Json& rollout) {
  Result<RolloutView> view = client.Load(rollout);
  if (!view) return std::move(view).error();
  if (view->graph) return *std::move(view->graph);
  return Error{ErrorCode::kNotFound, "the bundle of the rollout can't be read: its objects are not known"};
}

int Refuse(const std::string& message) {
  std::cerr << ProgramName() << ": " << message << "\n";
  return kExitErrors;
}

}  // namespace

Result<void> PrepareEjected(Client& client, const Json& rollout, const std::string& directory) {
  const Result<graph::Graph> graph = GraphOf(client, rollout);
  if (!graph) return graph.error();
  const Result<Files> files = Find(client, *graph, rollout.value("status", Json::object()));
  if (!files) return Error(files.error()).Within("the objects can't be read");
  std::error_code error;
  fs::create_directories(directory, error);
  if (!error && !fs::is_empty(directory, error) && !error) {
    return Error{ErrorCode::kInvalid, fmt::format("{} holds files; name a new or an empty directory", directory)};
  }
  if (error) return Error{ErrorCode::kInvalid, fmt::format("cannot make {}: {}", directory, error.message())};
  return {};
}

int WriteEjected(Client& client, const Json& rollout, const std::string& directory) {
  const Result<graph::Graph> graph = GraphOf(client, rollout);
  if (!graph) return Refuse(graph.error().message);
  const Result<Files> files = Await(client, cluster::KeyOf(rollout), *graph);
  if (!files) return Refuse(files.error().message);
  for (const auto& [name, object] : *files) {
    const bool serves =
        !cluster::Says(object, {"kind"}, "Deployment") || cluster::Integer(object, {"spec", "replicas"}, 1) > 0;
    if (!serves) continue;
    const fs::path path = fs::path(directory) / name;
    std::ofstream file(path);
    file << manifest::ToYaml(cluster::ToValue(Written(object)));
    file.close();
    if (!file) return Refuse(fmt::format("cannot write {}", path.string()));
    std::cout << path.string() << "\n";
  }
  return kExitOk;
}

}  // namespace sluice::cli
