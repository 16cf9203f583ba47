#include "reconciler/embedded/autoscaler_kind.h"

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "reconciler/embedded/quantities.h"

namespace sluice::embedded {
namespace {

constexpr std::int64_t kMostPeriodSeconds = 1800;
constexpr std::int64_t kMostWindowSeconds = 3600;
constexpr std::int64_t kUtilization = 80;  // of the processor, where no metric is named

// The sources of metrics: the type and the member that belongs to it, in the order in which they are looked at.
struct Source {
  const char* type;
  const char* member;
};
constexpr std::array<Source, 5> kSources = {{{"Object", "object"},
                                             {"External", "external"},
                                             {"Pods", "pods"},
                                             {"Resource", "resource"},
                                             {"ContainerResource", "containerResource"}}};

Json ScalingPolicyOf(const char* type, std::int64_t value) {
  return {{"type", type}, {"value", value}, {"periodSeconds", 15}};
}

void FillRules(Json& behavior, const char* name, const Json& policies) {
  Default(behavior, name, Json::object());
  Json& rules = behavior[name];
  if (!rules.is_object()) return;
  Default(rules, "selectPolicy", "Max");
  Default(rules, "policies", policies);
}

void WriteAsServer(Json& object, const char* name) {
  const Json* member = Find(object, {name});
  if (member == nullptr) return;
  if (const auto quantity = Quantity::Of(*member)) object[name] = quantity->ToString();
}

void FillTarget(Json& metric) {
  if (!metric.is_object()) return;
  for (const Source& source : kSources) {
    const Json* said = Find(metric, {source.member, "target"});
    if (said == nullptr || !said->is_object()) continue;
    Json& target = metric[source.member]["target"];
    WriteAsServer(target, "value");
    WriteAsServer(target, "averageValue");
  }
}

// What is wrong, by field.
class Mistakes {
 public:
  void Add(const std::string& field, std::string_view what) {
    std::string text = field + ": " + std::string(what);
    if (std::find(texts_.begin(), texts_.end(), text) == texts_.end()) texts_.push_back(std::move(text));
  }
  void Required(const std::string& field, std::string_view why = "") {
    Add(field, why.empty() ? "Required value" : fmt::format("Required value: {}", why));
  }
  void Invalid(const std::string& field, const Json& value, std::string_view why) {
    Add(field, fmt::format("Invalid value: {}: {}", value.dump(), why));
  }
  void Unsupported(const std::string& field, const std::string& value, std::vector<std::string> supported) {
    std::sort(supported.begin(), supported.end());
    Add(field,
        fmt::format("Unsupported value: \"{}\": supported values: \"{}\"", value, fmt::join(supported, "\", \"")));
  }
  void Forbidden(const std::string& field, std::string_view why) { Add(field, fmt::format("Forbidden: {}", why)); }

  Result<void> Told(const Json& object) const {
    if (texts_.empty()) return {};
    const std::string all = texts_.size() == 1 ? texts_.front() : fmt::format("[{}]", fmt::join(texts_, ", "));
    return Error{ErrorCode::kInvalid, fmt::format("{}: {}", ToString(cluster::KeyOf(object)), all)};
  }

 private:
  std::vector<std::string> texts_;
};

// An object's members, none if it isn't there.
const Json& Members(const Json& json, const char* name) {
  static const Json kNone = Json::object();
  const Json* found = Find(json, {name});
  return found != nullptr && found->is_object() ? *found : kNone;
}

// IsValidPathSegmentName.
void CheckSegment(const std::string& text, const std::string& field, std::string_view missing, Mistakes& mistakes) {
  if (text.empty()) return mistakes.Required(field, missing);
  if (text == "." || text == "..") return mistakes.Invalid(field, text, fmt::format("may not be '{}'", text));
  for (const char* part : {"/", "%"}) {
    if (text.find(part) != std::string::npos) {
      mistakes.Invalid(field, text, fmt::format("may not contain '{}'", part));
    }
  }
}

void CheckReference(const Json& reference, const std::string& field, bool needs_group, Mistakes& mistakes) {
  CheckSegment(Text(reference, {"kind"}), field + ".kind", "", mistakes);
  CheckSegment(Text(reference, {"name"}), field + ".name", "", mistakes);
  const std::string version = Text(reference, {"apiVersion"});
  const auto slashes = std::count(version.begin(), version.end(), '/');
  if (slashes > 1) {
    mistakes.Invalid(field + ".apiVersion", version, "unexpected GroupVersion string: " + version);
  } else if (needs_group && (slashes == 0 || version.starts_with('/')) &&
             !Says(reference, {"kind"}, "ReplicationController")) {
    mistakes.Invalid(field + ".apiVersion", version, "apiVersion must specify API group");
  }
}

bool CheckQuantity(const Json& of, const char* name, const std::string& field, Mistakes& mistakes) {
  const Json* value = Find(of, {name});
  if (value == nullptr || Quantity::Of(*value)) return value != nullptr;
  mistakes.Invalid(field + "." + name, *value,
                   "quantities must match the regular expression "
                   "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
  return false;
}

void CheckTarget(const Json& target, const std::string& field, Mistakes& mistakes) {
  const std::string type = Text(target, {"type"});
  if (type.empty()) mistakes.Required(field + ".type", "must specify a metric target type");
  if (type != "Utilization" && type != "Value" && type != "AverageValue") {
    mistakes.Invalid(field + ".type", type, "must be either Utilization, Value, or AverageValue");
  }
  for (const char* name : {"value", "averageValue"}) {
    if (!CheckQuantity(target, name, field, mistakes)) continue;
    const Json& value = target[name];
    if (Quantity::Of(value)->value() > Number(0)) continue;
    mistakes.Invalid(field + "." + name, value, "must be positive");
  }
  const Json* utilization = Find(target, {"averageUtilization"});
  if (utilization != nullptr && Integer(target, {"averageUtilization"}) < 1) {
    mistakes.Invalid(field + ".averageUtilization", *utilization, "must be greater than 0");
  }
}

// A utilization or an average value, and not both.
void CheckResourceTarget(const Json& target, const std::string& field, Mistakes& mistakes) {
  CheckTarget(target, field, mistakes);
  const bool utilization = target.contains("averageUtilization");
  const bool average = target.contains("averageValue");
  if (!utilization && !average) {
    mistakes.Required(field + ".averageUtilization", "must set either a target raw value or a target utilization");
  }
  if (utilization && average) {
    mistakes.Forbidden(field + ".averageValue", "may not set both a target raw value and a target utilization");
  }
}

void CheckSource(const std::string& type, const Json& source, const std::string& field, Mistakes& mistakes) {
  const Json& target = Members(source, "target");
  const std::string at = field + ".target";
  if (type == "Resource" || type == "ContainerResource") {
    if (Text(source, {"name"}).empty()) mistakes.Required(field + ".name", "must specify a resource name");
    if (type == "ContainerResource" && Text(source, {"container"}).empty()) {
      mistakes.Required(field + ".container", "must specify a container");
    }
    return CheckResourceTarget(target, at, mistakes);
  }
  if (type == "Object") CheckReference(Members(source, "describedObject"), field + ".describedObject", false, mistakes);
  CheckSegment(Text(source, {"metric", "name"}), field + ".metric.name", "must specify a metric name", mistakes);
  CheckTarget(target, at, mistakes);
  const bool average = target.contains("averageValue");
  const bool value = target.contains("value");
  if (type == "Pods" && !average)
    mistakes.Required(at + ".averageValue", "must specify a positive target averageValue");
  if (type == "Object" && !average && !value) {
    mistakes.Required(at + ".averageValue", "must set either a target value or averageValue");
  }
  if (type != "External") return;
  if (!average && !value) {
    mistakes.Required(at + ".averageValue", "must set either a target value for metric or a per-pod target");
  }
  if (average && value) {
    mistakes.Forbidden(at + ".value", "may not set both a target value for metric and a per-pod target");
  }
}

void CheckMetric(const Json& metric, const std::string& field, Mistakes& mistakes) {
  const std::string type = Text(metric, {"type"});
  if (type.empty()) mistakes.Required(field + ".type", "must specify a metric source type");
  std::vector<std::string> present;
  const char* expected = nullptr;
  std::vector<std::string> types;
  for (const Source& source : kSources) {
    types.emplace_back(source.type);
    if (type == source.type) expected = source.member;
    if (!metric.contains(source.member)) continue;
    if (present.empty()) CheckSource(source.type, metric[source.member], field + "." + source.member, mistakes);
    present.emplace_back(source.member);
  }
  if (expected == nullptr) {
    mistakes.Unsupported(field + ".type", type, types);
  } else if (!metric.contains(expected)) {
    mistakes.Required(field + "." + expected, "must populate information for the given metric source");
  }
  if (present.size() < 2) return;
  for (const std::string& member : present) {
    if (expected != nullptr && member == expected) continue;
    mistakes.Forbidden(fmt::format("{}.{}", field, member), "must populate the given metric source only");
  }
}

void CheckPolicy(const Json& policy, const std::string& field, Mistakes& mistakes) {
  const std::string type = Text(policy, {"type"});
  if (type != "Pods" && type != "Percent") mistakes.Unsupported(field + ".type", type, {"Pods", "Percent"});
  if (const std::int64_t value = Integer(policy, {"value"}); value <= 0) {
    mistakes.Invalid(field + ".value", value, "must be greater than zero");
  }
  const std::int64_t period = Integer(policy, {"periodSeconds"});
  if (period <= 0) mistakes.Invalid(field + ".periodSeconds", period, "must be greater than zero");
  if (period > kMostPeriodSeconds) {
    mistakes.Invalid(field + ".periodSeconds", period,
                     fmt::format("must be less than or equal to {}", kMostPeriodSeconds));
  }
}

// What isn't said is filled in.
void CheckRules(const Json& rules, const std::string& field, Mistakes& mistakes) {
  const std::int64_t window = Integer(rules, {"stabilizationWindowSeconds"});
  const std::string at = field + ".stabilizationWindowSeconds";
  if (window < 0) mistakes.Invalid(at, window, "must be greater than or equal to zero");
  if (window > kMostWindowSeconds) {
    mistakes.Invalid(at, window, fmt::format("must be less than or equal to {}", kMostWindowSeconds));
  }
  const std::string select = Text(rules, {"selectPolicy"}, "Max");
  if (select != "Max" && select != "Min" && select != "Disabled") {
    mistakes.Unsupported(field + ".selectPolicy", select, {"Max", "Min", "Disabled"});
  }
  const Json& policies = List(rules, {"policies"});
  if (rules.contains("policies") && policies.empty())
    mistakes.Required(field + ".policies", "must specify at least one Policy");
  for (std::size_t i = 0; i < policies.size(); ++i) {
    CheckPolicy(policies[i], fmt::format("{}.policies[{}]", field, i), mistakes);
  }
  if (!CheckQuantity(rules, "tolerance", field, mistakes)) return;
  if (Quantity::Of(rules["tolerance"])->value() < Number(0)) {
    mistakes.Invalid(field + ".tolerance", rules["tolerance"], "must be greater than or equal to 0");
  }
}

}  // namespace

void FillAutoscaler(Json& autoscaler) {
  Json& spec = autoscaler["spec"];
  Default(spec, "minReplicas", 1);
  if (!spec.contains("metrics") || (spec["metrics"].is_array() && spec["metrics"].empty())) {
    const Json target = {{"type", "Utilization"}, {"averageUtilization", kUtilization}};
    spec["metrics"] = Json::array({{{"type", "Resource"}, {"resource", {{"name", "cpu"}, {"target", target}}}}});
  }
  if (Json& metrics = spec["metrics"]; metrics.is_array()) {
    for (Json& metric : Items(metrics)) FillTarget(metric);
  }
  Json* behavior = MemberOf(spec, "behavior");
  if (behavior == nullptr || !behavior->is_object()) return;
  FillRules(*behavior, "scaleUp", Json::array({ScalingPolicyOf("Pods", 4), ScalingPolicyOf("Percent", 100)}));
  FillRules(*behavior, "scaleDown", Json::array({ScalingPolicyOf("Percent", 100)}));
  // How long a fall is waited for is a setting of the controller, and not filled in.
  if (Json& up = (*behavior)["scaleUp"]; up.is_object()) Default(up, "stabilizationWindowSeconds", 0);
  for (const char* name : {"scaleUp", "scaleDown"}) {
    if (Json& rules = (*behavior)[name]; rules.is_object()) WriteAsServer(rules, "tolerance");
  }
}

Result<void> ValidateAutoscaler(const Json& autoscaler) {
  const Json& spec = Members(autoscaler, "spec");
  Mistakes mistakes;
  const std::int64_t least = Integer(spec, {"minReplicas"}, 1);
  const std::int64_t most = Integer(spec, {"maxReplicas"});
  if (least < 1) mistakes.Invalid("spec.minReplicas", least, "must be greater than or equal to 1");
  if (most < 1) mistakes.Invalid("spec.maxReplicas", most, "must be greater than 0");
  if (most < least) mistakes.Invalid("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`");
  CheckReference(Members(spec, "scaleTargetRef"), "spec.scaleTargetRef", true, mistakes);
  const Json& metrics = List(spec, {"metrics"});
  bool outside = false;  // something but the pods themselves could tell that pods are wanted again
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    CheckMetric(metrics[i], fmt::format("spec.metrics[{}]", i), mistakes);
    outside = outside || Says(metrics[i], {"type"}, "Object") || Says(metrics[i], {"type"}, "External");
  }
  if (least == 0 && !outside) {
    mistakes.Forbidden("spec.metrics",
                       "must specify at least one Object or External metric to support scaling to zero replicas");
  }
  if (const Json& behavior = Members(spec, "behavior"); !behavior.empty()) {
    for (const char* name : {"scaleUp", "scaleDown"}) {
      CheckRules(Members(behavior, name), fmt::format("spec.behavior.{}", name), mistakes);
    }
  }
  return mistakes.Told(autoscaler);
}

}  // namespace sluice::embedded
