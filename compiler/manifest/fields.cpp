#include "compiler/manifest/fields.h"

#include <string>
#include <utility>

#include <fmt/format.h>

#include "compiler/manifest/pod_template.h"

namespace sluice::manifest {
namespace {

using check::FieldSpan;

class Fields {
 public:
  void Add(std::string pointer, source::Span span) {
    if (span.known()) {
      fields_.push_back({std::move(pointer), span});
    }
  }
  template <typename T>
  void Add(std::string pointer, const std::optional<check::Located<T>>& value) {
    if (value) {
      Add(std::move(pointer), value->span);
    }
  }
  std::vector<FieldSpan> Take() { return std::move(fields_); }

 private:
  std::vector<FieldSpan> fields_;
};

}  // namespace

std::vector<FieldSpan> DeploymentFields(const check::Service& service, source::Span drain) {
  if (service.adopted) {
    return service.adopted->deployment_fields;
  }
  const std::string pod = "/spec/template/spec";
  const std::string container = pod + "/containers/0";
  Fields fields;
  fields.Add("/metadata/namespace", service.namespace_span);
  fields.Add("/spec/replicas", service.replicas.span);
  fields.Add("/spec/strategy/rollingUpdate/maxSurge", service.surge);
  fields.Add("/spec/strategy/rollingUpdate/maxUnavailable", service.unavailable);
  fields.Add(pod + "/terminationGracePeriodSeconds", drain);
  fields.Add(container + "/image", service.image.span);
  fields.Add(container + "/command", service.command_span);
  fields.Add(container + "/args", service.args_span);
  for (std::size_t i = 0; i < service.ports.size(); ++i) {
    fields.Add(fmt::format("{}/ports/{}", container, i), service.ports[i].span);
  }
  const std::vector<const check::EnvEntry*> env = EnvInOrder(service);
  for (std::size_t i = 0; i < env.size(); ++i) {
    fields.Add(fmt::format("{}/env/{}", container, i), env[i]->span);
  }
  fields.Add(container + "/resources/requests/cpu", service.cpu_request);
  fields.Add(container + "/resources/requests/memory", service.memory_request);
  fields.Add(container + "/resources/limits/cpu", service.cpu_limit);
  fields.Add(container + "/resources/limits/memory", service.memory_limit);
  for (const check::Probe& probe : service.probes) {
    fields.Add(fmt::format("{}/{}", container, ProbeField(probe.purpose)), probe.span);
  }
  for (std::size_t i = 0; i < service.configs.size(); ++i) {
    fields.Add(fmt::format("{}/volumeMounts/{}", container, i), service.configs[i].span);
    fields.Add(fmt::format("{}/volumes/{}", pod, i), service.configs[i].span);
  }
  fields.Add(container + "/lifecycle", drain);
  return fields.Take();
}

std::vector<FieldSpan> ServiceFields(const check::Service& service) {
  if (service.adopted) {
    return service.adopted->service_fields;
  }
  Fields fields;
  fields.Add("/metadata/namespace", service.namespace_span);
  for (std::size_t i = 0; i < service.ports.size(); ++i) {
    fields.Add(fmt::format("/spec/ports/{}", i), service.ports[i].span);
  }
  return fields.Take();
}

std::vector<FieldSpan> ConfigFields(const check::Service& service, const check::Config& config) {
  Fields fields;
  fields.Add("/metadata/namespace", service.namespace_span);
  fields.Add("/data", config.span);
  fields.Add("/binaryData", config.span);
  return fields.Take();
}

std::vector<FieldSpan> AutoscalerFields(const check::Service& service) {
  Fields fields;
  fields.Add("/metadata/namespace", service.namespace_span);
  if (service.autoscaling) {
    fields.Add("/spec/minReplicas", service.replicas.span);
    fields.Add("/spec/maxReplicas", service.autoscaling->max.span);
  }
  return fields.Take();
}

std::vector<FieldSpan> BudgetFields(const check::Service& service) {
  if (service.adopted) {
    return service.adopted->budget_fields;
  }
  Fields fields;
  fields.Add("/metadata/namespace", service.namespace_span);
  fields.Add("/spec/maxUnavailable", service.disruption);
  return fields.Take();
}

}  // namespace sluice::manifest
