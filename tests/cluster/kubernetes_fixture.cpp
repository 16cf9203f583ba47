// The conformance suite on a real control plane.
#include <cstdlib>
#include <memory>

// Listeners are declared only for who asks.
#define CATCH_CONFIG_EXTERNAL_INTERFACES
#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "tests/cluster/conformance.h"
#include "tests/cluster/control_plane.h"
#include "tests/cluster/pod_keeper.h"

namespace sluice::cluster {

namespace {

constexpr Duration kLook{5};
constexpr Duration kPatience{60'000};

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

class KubernetesFixture : public Fixture {
 public:
  KubernetesFixture() : cluster_(Connect(plane->kubeconfig(), http_, loop_)) {
    loop_.SetWaiter(&http_);
    static int count = 0;
    name_ = fmt::format("conformance-{}-{}", getpid(), count++);
    const Json space = {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", name_}}}};
    SLUICE_CHECK(Ask(*this, Create{space, "test"}).ok());
  }
  Cluster& cluster() override { return *cluster_; }
  std::string namespace_() override { return name_; }
  bool Until(const std::function<bool()>& done) override {
    const TimePoint end = loop_.Now() + kPatience;
    std::function<void()> look = [&] {
      if (done() || loop_.Now() >= end) return loop_.Stop();
      loop_.After(kLook, look);
    };
    look();
    loop_.Run();
    return done();
  }
  bool has_controllers() override { return true; }

 private:
  loop::RealLoop loop_;
  http::CurlHttp http_{loop_};
  std::unique_ptr<kubernetes::KubernetesCluster> cluster_;
  std::string name_;
};

CATCH_REGISTER_LISTENER(Listener)

}  // namespace

std::unique_ptr<Fixture> MakeFixture() { return std::make_unique<KubernetesFixture>(); }

}  // namespace sluice::cluster
