// A whole reconciler in virtual time: commits in memory, the real compiler, the embedded cluster.
#pragma once

#include <string>
#include <vector>

#include "reconciler/decide/status.h"
#include "reconciler/simulate/system.h"

namespace sluice::execute {

class Scene : public simulate::System {
 public:
  explicit Scene(embedded::World world = {}, std::uint64_t seed = 1, embedded::Lags lags = {}, Between between = {},
                 Duration traffic_rest = Duration(0));

  // Whatever happened, no decision broke a promise of the core.
  ~Scene();

  bool RunUntilAtRest(Duration at_most = Duration(600'000)) { return System::RunUntilAtRest(at_most); }

  // As stored.
  decide::Status StatusOf(const std::string& rollout) const;
  cluster::Json Object(const std::string& api_version, const std::string& kind, const std::string& name) const;
  std::vector<std::string> Names(const std::string& api_version, const std::string& kind) const;
  std::string Command(const std::string& rollout, const std::string& verb,
                      cluster::Json more = cluster::Json::object());

 private:
  int commands_ = 0;
};

// Images whose tag is `bad` answer three requests of ten with 500; nothing else is said of the world.
embedded::World BadImages();

// Plans for tests: one service with a rollout through a gateway, held for `hold`.
std::string ShopPlan(const std::string& tag, const std::string& hold = "6s", const std::string& more = "");

// Four pods of a Deployment `web`, Service `checkout` and a disruption budget, as somebody made them who knows nothing
// of Sluice.
std::vector<cluster::Json> Legacy(const std::string& tag);
// The same with a StatefulSet that has storage, and the Service by which its pods know each other; no budget.
std::vector<cluster::Json> LegacyInPlace(const std::string& tag, const std::string& management = "OrderedReady");
// Such objects in a file.
std::string ToYaml(const std::vector<cluster::Json>& objects);
// Makes them, as that somebody.
void Put(Scene& scene, const std::vector<cluster::Json>& objects);

}  // namespace sluice::execute
