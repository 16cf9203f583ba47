#include "reconciler/embedded/workload_kind.h"

#include <algorithm>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace sluice::embedded {
namespace {

Error WrongWorkload(const Json& object, std::string_view what) {
  return Error{ErrorCode::kInvalid, fmt::format("{}: {}", ToString(cluster::KeyOf(object)), what)};
}

bool IsNone(const Json& value) { return CountOrPercent(value) == 0; }

Result<void> ValidateStrategy(const Json& deployment) {
  const std::string type = Text(deployment, {"spec", "strategy", "type"}, "RollingUpdate");
  const Json* rolling = Find(deployment, {"spec", "strategy", "rollingUpdate"});
  if (type != "RollingUpdate" && type != "Recreate") {
    return WrongWorkload(deployment, fmt::format("spec.strategy.type: Unsupported value: \"{}\"", type));
  }
  if (type == "Recreate") {
    if (rolling == nullptr) return {};
    return WrongWorkload(
        deployment, "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'");
  }
  if (rolling == nullptr) return {};
  const auto member = [&](const char* name) { return rolling->value(name, Json("25%")); };
  for (const char* name : {"maxSurge", "maxUnavailable"}) {
    if (CountOrPercent(member(name)) >= 0) continue;
    return WrongWorkload(deployment,
                         fmt::format("spec.strategy.rollingUpdate.{}: Invalid value: {}", name, member(name).dump()));
  }
  const Json unavailable = member("maxUnavailable");
  if (unavailable.is_string() && CountOrPercent(unavailable) > 100) {
    return WrongWorkload(deployment, "spec.strategy.rollingUpdate.maxUnavailable: must not be greater than 100%");
  }
  if (IsNone(unavailable) && IsNone(member("maxSurge"))) {
    return WrongWorkload(
        deployment, "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: may not be 0 when `maxSurge` is 0");
  }
  return {};
}

std::string WrongContainer(const Json& container) {
  if (Text(container, {"name"}).empty()) return "name: Required value";
  if (Text(container, {"image"}).empty()) return "image: Required value";
  const std::string pulls = Text(container, {"imagePullPolicy"}, "Always");
  if (pulls == "Always" || pulls == "IfNotPresent" || pulls == "Never") return "";
  return fmt::format("imagePullPolicy: Unsupported value: \"{}\"", pulls);
}

}  // namespace

std::int64_t CountOrPercent(const Json& value) {
  if (value.is_number_integer()) return std::max<std::int64_t>(-1, value.get<std::int64_t>());
  if (!value.is_string()) return -1;
  const auto& text = value.get_ref<const std::string&>();
  const bool digits = text.size() >= 2 && text.size() <= 10 &&
                      std::all_of(text.begin(), text.end() - 1, [](char c) { return c >= '0' && c <= '9'; });
  return digits && text.back() == '%' ? std::stoll(text) : -1;
}

void FillPod(Json& spec) {
  if (!spec.is_object()) return;
  Default(spec, "restartPolicy", "Always");
  Default(spec, "terminationGracePeriodSeconds", 30);
  Default(spec, "dnsPolicy", "ClusterFirst");
  if (List(spec, {"containers"}).empty()) return;
  for (Json& container : Items(spec["containers"])) {
    if (!container.is_object()) continue;
    Default(container, "imagePullPolicy", "IfNotPresent");
    if (List(container, {"ports"}).empty()) continue;
    for (Json& port : Items(container["ports"])) {
      if (port.is_object()) Default(port, "protocol", "TCP");
    }
  }
}

void FillTemplate(Json& spec) {
  if (Find(spec, {"template", "spec"}) != nullptr) FillPod(spec["template"]["spec"]);
}

void FillDeployment(Json& spec) {
  Default(spec, "replicas", 1);
  Default(spec, "revisionHistoryLimit", 10);
  Default(spec, "progressDeadlineSeconds", 600);
  Default(spec, "strategy", Json::object());
  Json& strategy = spec["strategy"];
  if (strategy.is_object()) {
    Default(strategy, "type", "RollingUpdate");
    if (strategy["type"] == "RollingUpdate") {
      Default(strategy, "rollingUpdate", Json::object());
      Default(strategy["rollingUpdate"], "maxSurge", "25%");
      Default(strategy["rollingUpdate"], "maxUnavailable", "25%");
    }
  }
  FillTemplate(spec);
}

Result<void> ValidateTemplate(const Json& object) {
  const Json& containers = List(object, {"spec", "template", "spec", "containers"});
  if (containers.empty()) return WrongWorkload(object, "spec.template.spec.containers: Required value");
  for (const Json& container : containers) {
    if (const std::string wrong = WrongContainer(container); !wrong.empty()) {
      return WrongWorkload(object, "spec.template.spec.containers." + wrong);
    }
  }
  return {};
}

Result<void> ValidateWorkload(const Json& object) {
  const Json* selector = Find(object, {"spec", "selector", "matchLabels"});
  if (selector == nullptr || !selector->is_object() || selector->empty()) {
    return WrongWorkload(object, "spec.selector: Required value");
  }
  const Json* pod_template = Find(object, {"spec", "template"});
  if (pod_template == nullptr || !Selects(*selector, *pod_template)) {
    return WrongWorkload(object, "spec.template.metadata.labels: `selector` does not match template `labels`");
  }
  for (const char* count : {"replicas", "minReadySeconds"}) {
    if (Integer(object, {"spec", count}) >= 0) continue;
    return WrongWorkload(object, fmt::format("spec.{}: must be greater than or equal to 0", count));
  }
  return ValidateTemplate(object);
}

Result<void> ValidateDeployment(const Json& deployment) {
  if (auto valid = ValidateWorkload(deployment); !valid.ok()) return valid;
  const std::int64_t deadline = Integer(deployment, {"spec", "progressDeadlineSeconds"}, 600);
  if (Integer(deployment, {"spec", "revisionHistoryLimit"}) < 0) {
    return WrongWorkload(deployment, "spec.revisionHistoryLimit: must be greater than or equal to 0");
  }
  if (deadline < 0 || deadline <= Integer(deployment, {"spec", "minReadySeconds"})) {
    return WrongWorkload(deployment, "spec.progressDeadlineSeconds: must be greater than minReadySeconds");
  }
  return ValidateStrategy(deployment);
}

}  // namespace sluice::embedded
