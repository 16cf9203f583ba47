#include "cli/client.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <sstream>
#include <utility>

#include <CLI/CLI.hpp>

#include "cli/credential_plugin.h"
#include "cli/version.h"
#include "compiler/base/text.h"
#include "compiler/graph/names.h"
#include "reconciler/decide/partition.h"
#include "reconciler/execute/bundle.h"
#include "reconciler/execute/observe.h"
#include "reconciler/execute/status_codec.h"
#include "reconciler/kubernetes/kubeconfig.h"
#include "reconciler/kubernetes/kubernetes_cluster.h"
#include "reconciler/sync/syncer.h"

namespace sluice::cli {
namespace {

using cluster::Json;
using cluster::KeyOf;
using cluster::Kind;
using cluster::List;
using cluster::SharedJson;
using cluster::Text;

const Kind kRollouts{graph::kApiVersion, graph::kRolloutKind};
const Kind kBundles{graph::kApiVersion, graph::kBundleKind};
const Kind kConfigMaps{"v1", "ConfigMap"};
const Kind kDeployments{"apps/v1", "Deployment"};
const Kind kStatefulSets{"apps/v1", "StatefulSet"};
const Kind kPods{"v1", "Pod"};
const Kind kSelfSubjectReviews{"authentication.k8s.io/v1", "SelfSubjectReview"};

// Where a reconciler listens that was told nothing else.
constexpr const char* kOwnPort = "http://127.0.0.1:8080";

std::string HomeKubeconfig() {
  const char* home = std::getenv("HOME");  // NOLINT(concurrency-mt-unsafe)
  const std::string path = home == nullptr ? "" : std::string(home) + "/.kube/config";
  std::error_code unreadable;
  return std::filesystem::exists(path, unreadable) ? path : "";
}

Error UnknownRollout(const std::string& name, const std::vector<std::string>& names) {
  std::string message = "there is no rollout `" + name + "`";
  const std::vector<std::string> similar = SimilarNames(name, names);
  if (!similar.empty()) {
    message += "; there is " + JoinWords(similar);
  }
  return Error{ErrorCode::kNotFound, message};
}

}  // namespace

void Target::AddTo(CLI::App& command, bool name_required) {
  command.add_option("NAME", name, "the rollout")->required(name_required);
  command.add_option("-n,--namespace", namespace_, "its namespace, where several have one of that name")
      ->option_text("NAMESPACE");
  command.add_option("--server", server, "the port of a reconciler with an embedded cluster (SLUICE_SERVER)")
      ->envname("SLUICE_SERVER")
      ->option_text("URL");
  command.add_option("--kubeconfig", kubeconfig, "the cluster's (KUBECONFIG; ~/.kube/config)")
      ->envname("KUBECONFIG")
      ->option_text("FILE");
  command.add_option("--context", context, "of the kubeconfig (its current one)")->option_text("NAME");
}

Client::Client() { loop_.SetWaiter(&http_); }

Result<std::unique_ptr<Client>> Client::Open(const Target& target) {
  std::unique_ptr<Client> client(new Client);
  const std::string kubeconfig = target.kubeconfig.empty() ? HomeKubeconfig() : target.kubeconfig;
  kubernetes::Connection connection;
  if (!target.server.empty() || kubeconfig.empty()) {
    client->server_ = target.server.empty() ? kOwnPort : target.server;
    client->where_ = "the reconciler at " + client->server_;
    connection.server = client->server_;
  } else {
    Result<kubernetes::Connection> read =
        kubernetes::LoadKubeconfig(kubeconfig, {.context = target.context, .exec = true});
    if (!read) {
      return std::move(read).error();
    }
    connection = *std::move(read);
    client->where_ = "the cluster of " + kubeconfig;
  }
  kubernetes::Access access(std::move(connection), kubernetes::ReadWholeFile, RunCredentialPlugin);
  // Before anything is asked: a person who gets no credentials gets no second question from the program.
  if (const auto pass = access.At(client->Now()); !pass) {
    return pass.error();
  }
  kubernetes::ClusterOptions options;
  options.client.user_agent = kUserAgent;
  client->cluster_ = std::make_unique<kubernetes::KubernetesCluster>(client->http_, client->loop_, std::move(access),
                                                                     std::move(options));
  return client;
}

Result<SharedJson> Client::Ask(cluster::Request request) {
  std::optional<Result<SharedJson>> answer;
  cluster_->Send(std::move(request), [&](Result<SharedJson> result) {
    answer.emplace(std::move(result));
    loop_.Stop();
  });
  loop_.Run();
  if (!answer) {
    return Error{ErrorCode::kCancelled, "interrupted"};
  }
  if (!*answer && answer->error().code == ErrorCode::kUnavailable) {
    return Error(answer->error()).Within(where_);
  }
  return *std::move(answer);
}

Result<std::optional<Person>> Client::WhoAmI() {
  if (!server_.empty()) {
    return std::optional<Person>();
  }
  const Result<SharedJson> review = Ask(cluster::Create{
      {{"apiVersion", kSelfSubjectReviews.api_version}, {"kind", kSelfSubjectReviews.kind}}, "sluice-cli"});
  if (!review) {
    // What is to be written may be defined at any time; of what is to be read the port says whether it is there.
    const Result<SharedJson> known = Ask(cluster::Get{{kSelfSubjectReviews, "", "none"}});
    if (!known && known.error().code == ErrorCode::kNotFound) {
      return std::optional<Person>();
    }
    return review.error();
  }
  Person person{Text(**review, {"status", "userInfo", "username"}), {}};
  if (person.name.empty()) {
    return Error{ErrorCode::kUnauthorized, where_ + " doesn't say"};
  }
  for (const Json& group : List(**review, {"status", "userInfo", "groups"})) {
    if (group.is_string()) {
      person.groups.push_back(group.get<std::string>());
    }
  }
  return std::optional(std::move(person));
}

Result<Json> Client::Fetch(const std::string& path) {
  if (server_.empty()) {
    return Error{ErrorCode::kUnavailable, "no reconciler's port is known"};
  }
  std::optional<Result<http::HttpResponse>> answer;
  http::HttpRequest request;
  request.url = server_ + path;
  http_.Send(std::move(request), [&](Result<http::HttpResponse> response) {
    answer.emplace(std::move(response));
    loop_.Stop();
  });
  loop_.Run();
  if (!answer || !answer->ok() || (*answer)->status != 200) {
    return Error{ErrorCode::kUnavailable, "no answer to " + path};
  }
  Json body = cluster::ParseJson((*answer)->body);
  return body.is_discarded() ? Json() : body;
}

Json Client::Explain(const std::string& namespace_, const std::string& name) {
  Result<Json> explained = Fetch("/sluice/v1/rollouts/" + namespace_ + "/" + name);
  return explained ? *std::move(explained) : Json();
}

std::vector<Json> Client::Sources() {
  if (!server_.empty()) {
    Result<Json> source = Fetch("/sluice/v1/source");
    return source ? std::vector<Json>{*std::move(source)} : std::vector<Json>{};
  }
  std::vector<Json> sources;
  const Result<SharedJson> stored =
      Ask(cluster::ListObjects{kConfigMaps, sync::SourceOptions().namespace_, {{graph::kSourceLabel, "true"}}});
  if (!stored) {
    return sources;
  }
  for (const Json& object : List(**stored, {"items"})) {
    Json source = object.value("data", Json::object());
    source["wanted"] = Text(source, {"commit"});
    Json lines = Json::array();
    std::istringstream trouble(Text(source, {"trouble"}));
    for (std::string line; std::getline(trouble, line);) lines.push_back(line);
    source["trouble"] = std::move(lines);
    sources.push_back(std::move(source));
  }
  return sources;
}

Result<std::vector<Json>> Client::Rollouts(const Target& target) {
  const Result<SharedJson> list = Ask(cluster::ListObjects{kRollouts, target.namespace_, {}});
  if (!list) {
    return list.error();
  }
  std::vector<Json> found;
  std::vector<std::string> names;
  for (const Json& object : List(**list, {"items"})) {
    names.push_back(KeyOf(object).name);
    if (target.name.empty() || names.back() == target.name) {
      found.push_back(object);
    }
  }
  std::sort(found.begin(), found.end(), [](const Json& a, const Json& b) { return KeyOf(a) < KeyOf(b); });
  if (target.name.empty()) {
    return found;
  }
  if (found.empty()) {
    return UnknownRollout(target.name, names);
  }
  if (found.size() > 1) {
    return Error{ErrorCode::kInvalid,
                 "several namespaces have a rollout `" + target.name + "`; name one by --namespace"};
  }
  return found;
}

void Client::LoadPods(RolloutView& view) {
  if (view.graph && view.graph->adopts && view.graph->adopts->by_partition) {
    return LoadPodsOfSet(view);
  }
  const std::string service = view.graph ? view.graph->service : view.name;
  const Result<SharedJson> list =
      Ask(cluster::ListObjects{kDeployments, view.namespace_, {{graph::kServiceLabel, service}}});
  if (!list) {
    return;
  }
  for (const Json& deployment : List(**list, {"items"})) {
    const auto count = [&](cluster::Path path) {
      return static_cast<std::int32_t>(cluster::Integer(deployment, path));
    };
    const Json& containers = List(deployment, {"spec", "template", "spec", "containers"});
    view.pods[Text(deployment, {"metadata", "labels", graph::kRevisionLabel})] =
        RevisionPods{count({"spec", "replicas"}), count({"status", "readyReplicas"}),
                     containers.empty() ? "" : Text(containers.front(), {"image"})};
  }
}

// Of all revisions that are pods of one StatefulSet.
void Client::LoadPodsOfSet(RolloutView& view) {
  const graph::Graph& graph = *view.graph;
  const Result<SharedJson> found =
      Ask(cluster::Get{{kStatefulSets, graph.rollout_namespace, graph.adopts->deployment}});
  const std::optional<execute::StatefulSetView> set = found ? execute::ViewStatefulSet(*found) : std::nullopt;
  const Result<SharedJson> pods =
      Ask(cluster::ListObjects{kPods, graph.rollout_namespace, {{graph::kServiceLabel, graph.service}}});
  if (!set || !pods) {
    return;
  }
  const execute::Identity id = execute::IdentityOf(**found);
  decide::ObservedStatefulSet shown = execute::ShownStatefulSet(id, *set);
  for (const Json& object : List(**pods, {"items"})) {
    const std::optional<execute::PodView> pod = execute::ViewPod(object);
    if (auto one = pod ? execute::ShownPod(id, *set, execute::IdentityOf(object), *pod) : std::nullopt) {
      shown.pods.push_back(*std::move(one));
    }
  }
  for (const auto& [revision, seen] : decide::RevisionsOf(shown, set->keeps_template ? set->adopted : "")) {
    view.pods[revision] = RevisionPods{seen.spec_replicas, seen.ready, ""};
  }
}

Result<RolloutView> Client::Load(const Json& rollout) {
  RolloutView view;
  view.name = KeyOf(rollout).name;
  view.namespace_ = KeyOf(rollout).namespace_;
  view.commit = Text(rollout, {"spec", "source", "commit"});
  view.repository = Text(rollout, {"spec", "source", "repository"});
  view.ref = Text(rollout, {"spec", "source", "ref"});
  view.wanted = Text(rollout, {"spec", "revision"});
  for (const Json& condition : List(rollout, {"status", "conditions"})) {
    if (Text(condition, {"type"}) == "Ready") {
      view.ready_reason = Text(condition, {"reason"});
      view.message = Text(condition, {"message"});
    }
  }
  Result<execute::StoredStatus> stored = execute::DecodeStatus(rollout.value("status", Json()));
  if (!stored) {
    return std::move(stored).error();
  }
  view.status = std::move(stored->status);
  const std::string digest = Text(rollout, {"spec", "digest"});
  const Result<SharedJson> bundle = Ask(cluster::Get{{kBundles, view.namespace_, Text(rollout, {"spec", "bundle"})}});
  if (bundle) {
    const auto accepted = execute::AcceptBundle(**bundle, digest, view.namespace_, view.name);
    if (accepted) {
      view.graph = **accepted;
      view.wanted_image = view.graph->workload.image;
    }
  }
  LoadPods(view);
  view.explained = Explain(view.namespace_, view.name);
  return view;
}

}  // namespace sluice::cli
