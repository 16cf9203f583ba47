// A real control plane for one test program: started on demand, gone with it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/git/fixture.h"
#include "tests/servers/process.h"

namespace sluice::cluster {

class ControlPlane {
 public:
  // etcd, API server, controllers and scheduler; `arguments` of start.sh say otherwise: "--bare", "--audit", "kwok".
  // nullptr after a line "SKIPPED: …" where this machine can't; ends the program with what went wrong if it should
  // have.
  static std::unique_ptr<ControlPlane> Start(const std::vector<std::string>& arguments = {});

  ~ControlPlane();
  ControlPlane(const ControlPlane&) = delete;
  ControlPlane& operator=(const ControlPlane&) = delete;

  std::string kubeconfig() const { return directory() + "/kubeconfig"; }
  // The definitions of the Gateway API, a folder of YAML files; "" where build.sh has not fetched them.
  static std::string GatewayDefinitions();

  // kubeconfig, tokens, ca.crt, server, pids/: see tests/cluster/start.sh.
  std::string directory() const { return scratch_.path() + "/cluster"; }

  // With parts that need namespaces: this process and what it starts is in the cluster's network from now on. Before
  // any other thread is started.
  void EnterNetwork() const;
  // `kill -9` of one of its programs, which is started again at once.
  void Kill(const std::string& program) const;

 private:
  ControlPlane() = default;

  git::ScratchDirectory scratch_;
  std::unique_ptr<servers::Server> script_;
};

}  // namespace sluice::cluster
