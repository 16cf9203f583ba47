#include <fmt/format.h>
#include <unistd.h>

#include "tests/cluster/fixtures.h"
#include "tests/cluster/pod_keeper.h"

namespace sluice::cluster {
namespace {

constexpr Duration kLook{1};
constexpr Duration kPatience{60'000};

class KubernetesFixture : public Fixture {
 public:
  explicit KubernetesFixture(const std::string& kubeconfig) : cluster_(Connect(kubeconfig, http_, loop_)) {
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
    bool so = false;
    std::function<void()> look = [&] {
      so = done();
      if (so || loop_.Now() >= end) return loop_.Stop();
      loop_.After(kLook, look);
    };
    look();
    loop_.Run();
    return so;
  }
  bool has_controllers() override { return true; }

 private:
  loop::RealLoop loop_;
  http::CurlHttp http_{loop_};
  std::unique_ptr<kubernetes::KubernetesCluster> cluster_;
  std::string name_;
};

}  // namespace

std::unique_ptr<Fixture> OnKubernetes(const std::string& kubeconfig) {
  return std::make_unique<KubernetesFixture>(kubeconfig);
}

}  // namespace sluice::cluster
