#include "cli/client.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <CLI/CLI.hpp>

#include "compiler/base/text.h"
#include "compiler/graph/names.h"
#include "reconciler/execute/bundle.h"
#include "reconciler/execute/status_codec.h"

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
const Kind kDeployments{"apps/v1", "Deployment"};

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
  command.add_option("--server", server, "the reconciler's port (SLUICE_SERVER; " + server + ")")
      ->envname("SLUICE_SERVER")
      ->option_text("URL");
}

Client::Client(const Target& target) : server_(target.server), http_(loop_), cluster_(http_, loop_, target.server) {
  loop_.SetWaiter(&http_);
}

Result<SharedJson> Client::Ask(cluster::Request request) {
  std::optional<Result<SharedJson>> answer;
  cluster_.Send(std::move(request), [&](Result<SharedJson> result) {
    answer.emplace(std::move(result));
    loop_.Stop();
  });
  loop_.Run();
  if (!answer) {
    return Error{ErrorCode::kCancelled, "interrupted"};
  }
  if (!*answer && answer->error().code == ErrorCode::kUnavailable) {
    return Error(answer->error()).Within("the reconciler at " + server_);
  }
  return *std::move(answer);
}

Result<Json> Client::Fetch(const std::string& path) {
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

Json Client::Source() {
  Result<Json> source = Fetch("/sluice/v1/source");
  return source ? *std::move(source) : Json();
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
