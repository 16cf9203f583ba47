// The conformance suite on a real control plane.
#include <cstdlib>
#include <memory>

// Listeners are declared only for who asks.
#define CATCH_CONFIG_EXTERNAL_INTERFACES
#include <catch2/catch.hpp>

#include "tests/cluster/control_plane.h"
#include "tests/cluster/fixtures.h"

namespace sluice::cluster {

namespace {

// One for the whole program. Where there can be none, the program ends when it begins, having said why.
std::unique_ptr<ControlPlane> plane;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

struct Listener : Catch::TestEventListenerBase {
  using TestEventListenerBase::TestEventListenerBase;
  void testRunStarting(const Catch::TestRunInfo&) override {
    plane = ControlPlane::Start();
    if (plane == nullptr) std::exit(EXIT_SUCCESS);  // NOLINT(concurrency-mt-unsafe)
  }
  void testRunEnded(const Catch::TestRunStats&) override { plane.reset(); }
};

CATCH_REGISTER_LISTENER(Listener)

}  // namespace

std::unique_ptr<Fixture> MakeFixture() { return OnKubernetes(plane->kubeconfig()); }

}  // namespace sluice::cluster
