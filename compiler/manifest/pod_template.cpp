#include "compiler/manifest/pod_template.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "compiler/graph/names.h"
#include "compiler/kubernetes/quantities.h"
#include "compiler/kubernetes/quantity_fields.h"
#include "compiler/manifest/patch.h"

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

Value EnvList(const check::Service& service) {
  List list;
  for (const check::EnvEntry* entry : EnvInOrder(service)) {
    list.push_back(EnvVariable(entry->name, entry->value));
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

// No ConfigMap's name has a `$`.
std::string NamelessConfig(std::size_t index) { return fmt::format("$config-{}", index); }

Value ConfigMounts(const check::Service& service) {
  List mounts;
  for (std::size_t i = 0; i < service.configs.size(); ++i) {
    Map mount;
    mount.Set("name", NumberedName("sluice-config", i));
    mount.Set("mountPath", service.configs[i].mount_path);
    mounts.emplace_back(std::move(mount));
  }
  return Value(std::move(mounts));
}

Value ConfigVolumes(const check::Service& service) {
  List volumes;
  for (std::size_t i = 0; i < service.configs.size(); ++i) {
    Map config_map;
    config_map.Set("name", NamelessConfig(i));
    Map volume;
    volume.Set("name", NumberedName("sluice-config", i));
    volume.Set("configMap", Value(std::move(config_map)));
    volumes.emplace_back(std::move(volume));
  }
  return Value(std::move(volumes));
}

// A pod that is told to end has the time for its drain, though a patch says less; another handler of the patch's takes
// the place of the sleep, since there can be one only.
Value WithDrain(const Value& pod_template, Duration drain) {
  const std::int64_t least = CeilSeconds(drain) + kDefaultGraceSeconds;
  Map spec = *pod_template.Field("spec").as_map();
  const graph::Value* said = spec.Find("terminationGracePeriodSeconds");
  const graph::Quantity* seconds = said == nullptr ? nullptr : said->as_quantity();
  if (seconds == nullptr || seconds->number < Number(least)) {
    spec.Set("terminationGracePeriodSeconds", least);
  }
  List containers = *spec.Find("containers")->as_list();
  const Value handlers = containers.front().Path({"lifecycle", "preStop"});
  if (handlers.as_map() != nullptr) {
    Map container = *containers.front().as_map();
    Map lifecycle = *container.Find("lifecycle")->as_map();
    Map pre_stop = *handlers.as_map();
    const Value sleep = handlers.Path({"sleep", "seconds"});
    if (pre_stop.size() > 1) {
      pre_stop.Erase("sleep");
    } else if (sleep.as_quantity() != nullptr && sleep.as_quantity()->number < Number(CeilSeconds(drain))) {
      Map longer;
      longer.Set("seconds", CeilSeconds(drain));
      pre_stop.Set("sleep", Value(std::move(longer)));
    }
    lifecycle.Set("preStop", Value(std::move(pre_stop)));
    container.Set("lifecycle", Value(std::move(lifecycle)));
    containers.front() = Value(std::move(container));
  }
  spec.Set("containers", Value(std::move(containers)));
  Map result = *pod_template.as_map();
  result.Set("spec", Value(std::move(spec)));
  return Value(std::move(result));
}

// KEP-3960 (on by default since Kubernetes 1.30): needs no shell in the image.
Value WithSleep(const Value* lifecycle, Duration drain) {
  Map sleep, pre_stop, result;
  sleep.Set("seconds", CeilSeconds(drain));
  pre_stop.Set("sleep", Value(std::move(sleep)));
  if (lifecycle != nullptr && lifecycle->as_map() != nullptr) {
    result = *lifecycle->as_map();
  }
  result.Set("preStop", Value(std::move(pre_stop)));
  return Value(std::move(result));
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
  if (!service.configs.empty()) {
    container.Set("volumeMounts", ConfigMounts(service));
  }
  SetProbes(service, container);
  if (drain && drain->count() > 0) {
    container.Set("lifecycle", WithSleep(nullptr, *drain));
  }
  return Value(std::move(container));
}

// Of a service `from` files: as they say, with the service's label and the sleep.
Value AdoptedPodTemplate(const check::Service& service, std::optional<Duration> drain) {
  Map made = *AsWritten(*service.adopted).as_map();
  Map metadata = *made.Find("metadata")->as_map();
  Map labels = *metadata.Find("labels")->as_map();
  labels.Set(graph::kServiceLabel, service.name);
  metadata.Set("labels", Value(std::move(labels)));
  made.Set("metadata", Value(std::move(metadata)));
  if (drain && drain->count() > 0) {
    Map spec = *made.Find("spec")->as_map();
    List containers = *spec.Find("containers")->as_list();
    if (containers.front().Path({"lifecycle", "preStop"}).is_none()) {
      Map container = *containers.front().as_map();
      container.Set("lifecycle", WithSleep(container.Find("lifecycle"), *drain));
      containers.front() = Value(std::move(container));
      spec.Set("containers", Value(std::move(containers)));
      made.Set("spec", Value(std::move(spec)));
    }
  }
  return Value(std::move(made));
}

}  // namespace

Value AsWritten(const check::Adopted& adopted) {
  return kubernetes::WithCanonicalQuantities(adopted.deployment.Path({"spec", "template"}));
}

Value MakePodTemplate(const check::Service& service, std::optional<Duration> drain) {
  if (service.adopted) {
    const Value adopted = AdoptedPodTemplate(service, drain);
    return drain && drain->count() > 0 ? WithDrain(adopted, *drain) : adopted;
  }
  Map labels;
  labels.Set(graph::kServiceLabel, service.name);
  Map metadata;
  metadata.Set("labels", Value(std::move(labels)));
  Map spec;
  spec.Set("containers", Value(List{Container(service, drain)}));
  if (!service.configs.empty()) {
    spec.Set("volumes", ConfigVolumes(service));
  }
  Map made;
  made.Set("metadata", Value(std::move(metadata)));
  made.Set("spec", Value(std::move(spec)));
  Value result(std::move(made));
  if (const check::Patch* patch = FindPatch(service, "Deployment")) {
    result = kubernetes::WithCanonicalQuantities(Patched(result, patch->value.Path({"spec", "template"})));
  }
  return drain && drain->count() > 0 ? WithDrain(result, *drain) : result;
}

std::string NumberedName(const std::string& first, std::size_t index) {
  return index == 0 ? first : fmt::format("{}-{}", first, index + 1);
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

Value EnvVariable(const std::string& name, const Value& value) {
  Map result;
  result.Set("name", name);
  if (const graph::SecretKey* secret = value.as_secret()) {
    Map key;
    key.Set("name", secret->name);
    key.Set("key", secret->key);
    Map from;
    from.Set("secretKeyRef", Value(std::move(key)));
    result.Set("valueFrom", Value(std::move(from)));
  } else {
    result.Set("value", value.ToText());
  }
  return Value(std::move(result));
}

Value ResourceList(const std::optional<check::Located<Value>>& cpu,
                   const std::optional<check::Located<Value>>& memory) {
  Map result;
  if (cpu) {
    result.Set("cpu", QuantityText(cpu->value, false));
  }
  if (memory) {
    result.Set("memory", QuantityText(memory->value, true));
  }
  return Value(std::move(result));
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

Value WithConfigNames(const Value& pod_template, const std::string& first) {
  const Value volumes = pod_template.Path({"spec", "volumes"});
  if (volumes.as_list() == nullptr) {
    return pod_template;
  }
  List named;
  std::size_t index = 0;
  for (const Value& volume : *volumes.as_list()) {
    const Value name = volume.Path({"configMap", "name"});
    const bool ours = volume.Field("name") == Value(NumberedName("sluice-config", index));
    if (!ours || name.as_string() == nullptr || *name.as_string() != NamelessConfig(index)) {
      named.push_back(volume);
      continue;
    }
    Map changed = *volume.as_map();
    Map config_map = *changed.Find("configMap")->as_map();
    config_map.Set("name", NumberedName(first, index++));
    changed.Set("configMap", Value(std::move(config_map)));
    named.emplace_back(std::move(changed));
  }
  Map result = *pod_template.as_map();
  Map spec = *result.Find("spec")->as_map();
  spec.Set("volumes", Value(std::move(named)));
  result.Set("spec", Value(std::move(spec)));
  return Value(std::move(result));
}

}  // namespace sluice::manifest
