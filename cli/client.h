// A cluster for commands that ask, wait for the answer, and end.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/status_view.h"
#include "compiler/base/result.h"
#include "reconciler/cluster/cluster.h"
#include "reconciler/http/curl_http.h"
#include "reconciler/loop/real_loop.h"

namespace CLI {
class App;
}

namespace sluice::cli {

// Where the rollouts are and which one is meant: the options that people's commands share.
struct Target {
  std::string server;  // a reconciler's port; "": of the kubeconfig
  std::string
      kubeconfig;       // "": KUBECONFIG, ~/.kube/config, or, without those, the port that a reconciler has by itself
  std::string context;  // of the kubeconfig; "": its current one
  std::string namespace_;  // "": wherever a rollout of that name is
  std::string name;        // "": all

  void AddTo(CLI::App& command, bool name_required);
};

// Who gives a command.
struct Person {
  std::string name;
  std::vector<std::string> groups;
};

class Client {
 public:
  // kInvalid: the kubeconfig says nothing that can be used. kUnauthorized: the program that it names for credentials
  // gives none.
  static Result<std::unique_ptr<Client>> Open(const Target& target);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  TimePoint Now() const { return loop_.Now(); }
  Result<cluster::SharedJson> Ask(cluster::Request request);
  // Whom the API server takes us for (SelfSubjectReview); none if it knows no users, as the embedded cluster's.
  Result<std::optional<Person>> WhoAmI();
  // What of a rollout stands in no object: reasons, newest samples, answers to commands; null if the server
  // doesn't tell.
  cluster::Json Explain(const std::string& namespace_, const std::string& name);

  // Where plans come from and what is wrong with them, each as RenderSource takes it: of the reconciler, or of all
  // whose state stands in the cluster.
  std::vector<cluster::Json> Sources();

  // The Rollout objects that the target means, sorted. kNotFound, with similar names, if it names one that
  // isn't there; kInvalid if the name stands in several namespaces.
  Result<std::vector<cluster::Json>> Rollouts(const Target& target);
  // Everything that is shown of one, from its Rollout object.
  Result<RolloutView> Load(const cluster::Json& rollout);

 private:
  Client();
  Result<cluster::Json> Fetch(const std::string& path);
  void LoadPods(RolloutView& view);
  void LoadPodsOfSet(RolloutView& view);

  std::string server_;  // of the reconciler; "": not known
  std::string where_;   // for people: what doesn't answer
  loop::RealLoop loop_;
  http::CurlHttp http_{loop_};
  std::unique_ptr<cluster::Cluster> cluster_;
};

}  // namespace sluice::cli
