#include "compiler/manifest/pod_template.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "compiler/graph/names.h"
#include "compiler/kubernetes/quantities.h"

namespace sluice::manifest {
namespace {

using graph::List;
using graph::Map;
using graph::Value;
using Means = syntax::ProbeClause::Means;
using Purpose = syntax::ProbeClause::Purpose;

// What Kubernetes gives a pod to end without being told otherwise.
constexpr std::int64_t kDefaultGraceSeconds = 30;

std::int64_t CeilSeconds(Duration duration) { return (duration.count() + 999) / 1000; }

// A port by its name, or by its number where one was written.
Value PortValue(const check::Service& service, const std::string& port) {
  if (port.empty()) {
    return service.ports.empty() ? Value() : Value(service.ports.front().name);
  }
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error == std::errc() && end == port.data() + port.size()) {
    return Value(number);
  }
  return Value(port);
}

Value TextList(const std::vector<std::string>& texts) {
  List list;
  for (const std::string& text : texts) {
    list.emplace_back(text);
  }
  return Value(std::move(list));
}

Value ProbeValue(const check::Service& service, const check::Probe& probe) {
  Map how, result;
  switch (probe.means) {
    case Means::kHttp:
      how.Set("path", probe.path);
      how.Set("port", PortValue(service, probe.port));
      result.Set("httpGet", Value(std::move(how)));
      break;
    case Means::kTcp:
      how.Set("port", PortValue(service, probe.port));
      result.Set("tcpSocket", Value(std::move(how)));
      break;
    case Means::kExec:
      how.Set("command", TextList(probe.command));
      result.Set("exec", Value(std::move(how)));
      break;
  }
  if (probe.after) {
    result.Set("initialDelaySeconds", CeilSeconds(*probe.after));
  }
  if (probe.every) {
    result.Set("periodSeconds", std::max<std::int64_t>(1, CeilSeconds(*probe.every)));
  }
  if (probe.timeout) {
    result.Set("timeoutSeconds", std::max<std::int64_t>(1, CeilSeconds(*probe.timeout)));
  }
  return Value(std::move(result));
}

void SetProbes(const check::Service& service, Map& container) {
  for (const Purpose purpose : {Purpose::kStartup, Purpose::kReady, Purpose::kLive}) {
    for (const check::Probe& probe : service.probes) {
      if (probe.purpose == purpose) {
        container.Set(ProbeField(purpose), ProbeValue(service, probe));
      }
    }
  }
}

Value EnvValue(const check::EnvEntry& entry) {
  Map result;
  result.Set("name", entry.name);
  if (const graph::SecretKey* secret = entry.value.as_secret()) {
    Map key;
    key.Set("name", secret->name);
    key.Set("key", secret->key);
    Map from;
    from.Set("secretKeyRef", Value(std::move(key)));
    result.Set("valueFrom", Value(std::move(from)));
  } else {
    result.Set("value", entry.value.ToText());
  }
  return Value(std::move(result));
}

Value EnvList(const check::Service& service) {
  List list;
  for (const check::EnvEntry* entry : EnvInOrder(service)) {
    list.push_back(EnvValue(*entry));
  }
  return Value(std::move(list));
}

std::string QuantityText(const Value& value, bool bytes) {
  const graph::Quantity* quantity = value.as_quantity();
  if (quantity == nullptr) {
    return value.ToText();
  }
  const auto text = bytes ? kubernetes::BytesText(quantity->number) : kubernetes::CpuText(quantity->number);
  return text ? *text : quantity->number.ToString();
}

using Amount = std::optional<check::Located<Value>>;

Value ResourceList(const Amount& cpu, const Amount& memory) {
  Map result;
  if (cpu) {
    result.Set("cpu", QuantityText(cpu->value, false));
  }
  if (memory) {
    result.Set("memory", QuantityText(memory->value, true));
  }
  return Value(std::move(result));
}

void SetResources(const check::Service& service, Map& container) {
  Map resources;
  if (service.cpu_request || service.memory_request) {
    resources.Set("requests", ResourceList(service.cpu_request, service.memory_request));
  }
  if (service.cpu_limit || service.memory_limit) {
    resources.Set("limits", ResourceList(service.cpu_limit, service.memory_limit));
  }
  if (!resources.empty()) {
    container.Set("resources", Value(std::move(resources)));
  }
}

Value ContainerPorts(const check::Service& service) {
  List ports;
  for (const check::Port& port : service.ports) {
    Map entry;
    entry.Set("name", port.name);
    entry.Set("containerPort", port.number);
    ports.emplace_back(std::move(entry));
  }
  return Value(std::move(ports));
}

Value Container(const check::Service& service, std::optional<Duration> drain) {
  Map container;
  container.Set("name", service.name);
  container.Set("image", service.image.value);
  if (!service.command.empty()) {
    container.Set("command", TextList(service.command));
  }
  if (!service.args.empty()) {
    container.Set("args", TextList(service.args));
  }
  if (!service.ports.empty()) {
    container.Set("ports", ContainerPorts(service));
  }
  if (!service.env.empty()) {
    container.Set("env", EnvList(service));
  }
  SetResources(service, container);
  SetProbes(service, container);
  if (drain && drain->count() > 0) {
    // KEP-3960 (on by default since Kubernetes 1.30): needs no shell in the image.
    Map sleep, pre_stop, lifecycle;
    sleep.Set("seconds", CeilSeconds(*drain));
    pre_stop.Set("sleep", Value(std::move(sleep)));
    lifecycle.Set("preStop", Value(std::move(pre_stop)));
    container.Set("lifecycle", Value(std::move(lifecycle)));
  }
  return Value(std::move(container));
}

}  // namespace

Value MakePodTemplate(const check::Service& service, std::optional<Duration> drain) {
  Map labels;
  labels.Set(graph::kServiceLabel, service.name);
  Map metadata;
  metadata.Set("labels", Value(std::move(labels)));
  Map spec;
  spec.Set("containers", Value(List{Container(service, drain)}));
  if (drain && drain->count() > 0) {
    spec.Set("terminationGracePeriodSeconds", CeilSeconds(*drain) + kDefaultGraceSeconds);
  }
  Map result;
  result.Set("metadata", Value(std::move(metadata)));
  result.Set("spec", Value(std::move(spec)));
  return Value(std::move(result));
}

const char* ProbeField(syntax::ProbeClause::Purpose purpose) {
  switch (purpose) {
    case Purpose::kStartup:
      return "startupProbe";
    case Purpose::kReady:
      return "readinessProbe";
    case Purpose::kLive:
      return "livenessProbe";
  }
  return "";
}

std::vector<const check::EnvEntry*> EnvInOrder(const check::Service& service) {
  std::vector<const check::EnvEntry*> entries;
  bool refers = false;
  for (const check::EnvEntry& entry : service.env) {
    entries.push_back(&entry);
    const std::string* text = entry.value.as_string();
    refers = refers || (text != nullptr && text->find("$(") != std::string::npos);
  }
  if (!refers) {
    std::stable_sort(entries.begin(), entries.end(), [](const auto* a, const auto* b) { return a->name < b->name; });
  }
  return entries;
}

Value WithRevisionLabel(const Value& pod_template, const std::string& revision) {
  Map result = *pod_template.as_map();
  Map metadata = *result.Find("metadata")->as_map();
  Map labels = *metadata.Find("labels")->as_map();
  labels.Set(graph::kRevisionLabel, revision);
  metadata.Set("labels", Value(std::move(labels)));
  result.Set("metadata", Value(std::move(metadata)));
  return Value(std::move(result));
}

}  // namespace sluice::manifest
