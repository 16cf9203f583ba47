// The conformance suite on the embedded cluster, in virtual time.
#include "reconciler/embedded/embedded_cluster.h"
#include "reconciler/loop/virtual_loop.h"
#include "tests/cluster/conformance.h"

namespace sluice::cluster {
namespace {

class EmbeddedFixture : public Fixture {
 public:
  EmbeddedFixture() {
    auto opened = embedded::EmbeddedCluster::Open(loop_, {});
    cluster_ = std::move(opened).value();
  }
  Cluster& cluster() override { return *cluster_; }
  std::string namespace_() override { return "conformance"; }
  bool Until(const std::function<bool()>& done) override {
    return loop_.RunUntil(done, loop_.Now() + std::chrono::minutes(5));
  }
  bool has_controllers() override { return true; }

 private:
  loop::VirtualLoop loop_{TimePoint(std::chrono::hours(24 * 365 * 50))};
  std::unique_ptr<embedded::EmbeddedCluster> cluster_;
};

}  // namespace

std::unique_ptr<Fixture> MakeFixture() { return std::make_unique<EmbeddedFixture>(); }

}  // namespace sluice::cluster
