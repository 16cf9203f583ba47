// The one table of what the embedded cluster does without.
#include "tests/differential/comparison.h"

namespace sluice::cluster {

const std::vector<Lacking>& AllLacking() {
  constexpr const char* kTemplates = "Deployment StatefulSet Job";
  constexpr const char* kNobodyReads = "a default that no part of the cluster reads";
  static const std::vector<Lacking> kLacking = {
      {"Service", "spec.clusterIP", "proxies know Services by name"},
      {"Service", "spec.clusterIPs", "proxies know Services by name"},
      {"Service", "spec.ipFamilies", "proxies know Services by name"},
      {"Service", "spec.ipFamilyPolicy", "proxies know Services by name"},
      {"Service", "spec.internalTrafficPolicy", kNobodyReads},
      {"HorizontalPodAutoscaler", "status.currentMetrics", "null, which reads like nothing"},
      {kTemplates, "spec.template.spec.schedulerName", kNobodyReads},
      {kTemplates, "spec.template.spec.securityContext", kNobodyReads},
      {kTemplates, "spec.template.spec.containers.*.resources", kNobodyReads},
      {kTemplates, "spec.template.spec.containers.*.terminationMessagePath", kNobodyReads},
      {kTemplates, "spec.template.spec.containers.*.terminationMessagePolicy", kNobodyReads},
      {kTemplates, "spec.template.spec.volumes.*.configMap.defaultMode", kNobodyReads},
  };
  return kLacking;
}

}  // namespace sluice::cluster
