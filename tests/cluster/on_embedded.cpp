#include "reconciler/embedded/embedded_cluster.h"
#include "reconciler/loop/virtual_loop.h"
#include "tests/cluster/fixtures.h"

namespace sluice::cluster {
namespace {

class EmbeddedFixture : public Fixture {
 public:
  explicit EmbeddedFixture(const embedded::Options& options)
      : cluster_(embedded::EmbeddedCluster::Open(loop_, options).value()) {}
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

std::unique_ptr<Fixture> OnEmbedded(const embedded::Options& options) {
  return std::make_unique<EmbeddedFixture>(options);
}

}  // namespace sluice::cluster
