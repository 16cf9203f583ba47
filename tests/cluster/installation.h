// What deploy/ gives a cluster, and whoever may do everything in it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "reconciler/http/curl_http.h"
#include "reconciler/kubernetes/client.h"
#include "reconciler/kubernetes/kubernetes_cluster.h"
#include "reconciler/loop/real_loop.h"

namespace sluice::cluster {

// Asks one question after the other, on the thread that asks.
class Administrator {
 public:
  explicit Administrator(const std::string& kubeconfig);
  Administrator(const Administrator&) = delete;
  Administrator& operator=(const Administrator&) = delete;

  Result<SharedJson> Ask(Request request);
  // What the port has no word for.
  Result<Json> Ask(kubernetes::ApiRequest request);
  const std::string& server() const { return access_.connection().server; }

 private:
  loop::RealLoop loop_;
  http::CurlHttp http_{loop_};
  kubernetes::Access access_;
  kubernetes::Client client_{http_, loop_, access_, kubernetes::ClientOptions{.user_agent = "test"}};
  std::unique_ptr<kubernetes::KubernetesCluster> cluster_;
};

// The documents of a YAML file that say something.
std::vector<Json> Documents(const std::string& file);
// Applies each of them; ends the test if one is refused.
void ApplyFile(Administrator& administrator, const std::string& file);

// A kubeconfig, as text, of a user who has these fields. `authorities`: the file of the server's.
std::string KubeconfigText(const std::string& server, const std::string& authorities, const Json& user);

// Installs all of deploy/ but the Deployment, whose part the test's own processes take. `account` becomes a kubeconfig
// with the rights of the reconciler's service account and no others. The answer: uids by name of two pods in which it
// might run, "first" and "second"; nothing runs in them. Ends the test if anything is refused.
std::map<std::string, std::string> Install(Administrator& administrator, const std::string& authorities,
                                           const std::string& account);

}  // namespace sluice::cluster
