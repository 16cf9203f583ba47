#include "reconciler/execute/rollout_command.h"

#include <utility>

#include "compiler/graph/names.h"

namespace sluice::execute {

using cluster::Json;
using cluster::Text;

Json RolloutCommand(const Json& rollout, const std::string& name, Json spec) {
  const std::string target = Text(rollout, {"metadata", "name"}), uid = Text(rollout, {"metadata", "uid"});
  spec["rollout"] = target;
  spec["rolloutUid"] = uid;
  const Json owner = {
      {"apiVersion", graph::kApiVersion}, {"kind", graph::kRolloutKind}, {"name", target}, {"uid", uid}};
  return {{"apiVersion", graph::kApiVersion},
          {"kind", graph::kCommandKind},
          {"metadata",
           {{"name", name},
            {"namespace", Text(rollout, {"metadata", "namespace"})},
            {"labels", {{graph::kRolloutLabel, target}}},
            {"ownerReferences", Json::array({owner})}}},
          {"spec", std::move(spec)}};
}

}  // namespace sluice::execute
