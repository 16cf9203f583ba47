// A cluster for commands that ask, wait for the answer, and end.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/status_view.h"
#include "compiler/base/result.h"
#include "reconciler/cluster/cluster.h"
#include "reconciler/cluster/http_cluster.h"
#include "reconciler/http/curl_http.h"
#include "reconciler/loop/real_loop.h"

namespace CLI {
class App;
}

namespace sluice::cli {

// Where the reconciler is and which rollout is meant: the options that people's commands share.
struct Target {
  std::string server = "http://127.0.0.1:8080";
  std::string namespace_;  // "": wherever a rollout of that name is
  std::string name;        // "": all

  void AddTo(CLI::App& command, bool name_required);
};

class Client {
 public:
  explicit Client(const Target& target);

  TimePoint Now() const { return loop_.Now(); }
  Result<cluster::SharedJson> Ask(cluster::Request request);
  // What of a rollout stands in no object: reasons, newest samples, answers to commands; null if the server
  // doesn't tell.
  cluster::Json Explain(const std::string& namespace_, const std::string& name);

  // Where the plans come from and what is wrong with them, as the syncer tells it; null if the server doesn't.
  cluster::Json Source();

  // The Rollout objects that the target means, sorted. kNotFound, with similar names, if it names one that
  // isn't there; kInvalid if the name stands in several namespaces.
  Result<std::vector<cluster::Json>> Rollouts(const Target& target);
  // Everything that is shown of one, from its Rollout object.
  Result<RolloutView> Load(const cluster::Json& rollout);

 private:
  Result<cluster::Json> Fetch(const std::string& path);
  void LoadPods(RolloutView& view);

  std::string server_;
  loop::RealLoop loop_;
  http::CurlHttp http_;
  cluster::HttpCluster cluster_;
};

}  // namespace sluice::cli
