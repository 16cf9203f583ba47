#include "reconciler/apiserver/tables.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "compiler/graph/names.h"
#include "reconciler/embedded/fields.h"

namespace sluice::apiserver {
namespace {

using cluster::Find;
using cluster::Flag;
using cluster::Integer;
using cluster::List;
using cluster::Text;

constexpr int kWide = 1;  // shown with -o wide only

struct Column {
  const char* name;
  const char* type = "string";
  int priority = 0;
};

// What a kind's table has between the name and the age.
struct Printer {
  std::vector<Column> columns;
  std::function<Json(const Json& object, TimePoint now)> cells;
  bool age = true;
  bool name = true;
};

std::string Age(const Json& object, TimePoint now, cluster::Path path = {"metadata", "creationTimestamp"}) {
  const std::string text = Text(object, path);
  TimePoint time;
  if (text.empty() || !ParseTime(text, time)) return "<unknown>";
  return HumanDuration(now - time);
}

std::string Or(std::string text, const char* otherwise) { return text.empty() ? otherwise : std::move(text); }

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string Joined(const std::vector<std::string>& texts, std::string_view by = ",") {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : std::string(by)) + text;
  return all;
}

std::string Texts(const Json& list) {
  std::vector<std::string> texts;
  for (const Json& each : list) {
    if (each.is_string()) texts.push_back(each.get<std::string>());
  }
  return Joined(texts);
}

std::string LabelsText(const Json* labels) {
  std::vector<std::string> texts;
  if (labels != nullptr && labels->is_object()) {
    for (const auto& [name, value] : labels->items()) {
      texts.push_back(name + "=" + (value.is_string() ? value.get<std::string>() : value.dump()));
    }
  }
  return Or(Joined(texts), "<none>");
}

std::string OfContainers(const Json& object, const char* field) {
  std::vector<std::string> texts;
  for (const Json& container : List(object, {"spec", "template", "spec", "containers"})) {
    texts.push_back(Text(container, {field}));
  }
  return Joined(texts);
}

// What `kubectl get pods` calls the state of a pod.
std::string PodState(const Json& pod) {
  if (Find(pod, {"metadata", "deletionTimestamp"}) != nullptr) return "Terminating";
  std::string state = Or(Text(pod, {"status", "reason"}), Text(pod, {"status", "phase"}).c_str());
  for (const Json& container : List(pod, {"status", "containerStatuses"})) {
    const std::string waiting = Text(container, {"state", "waiting", "reason"});
    const std::string ended = Text(container, {"state", "terminated", "reason"});
    if (!waiting.empty()) state = waiting;
    if (!ended.empty()) state = ended;
  }
  return state;
}

Json PodCells(const Json& pod, TimePoint) {
  std::int64_t ready = 0;
  std::int64_t restarts = 0;
  for (const Json& container : List(pod, {"status", "containerStatuses"})) {
    ready += Flag(container, {"ready"}) ? 1 : 0;
    restarts += Integer(container, {"restartCount"});
  }
  return {fmt::format("{}/{}", ready, List(pod, {"spec", "containers"}).size()),
          PodState(pod),
          fmt::format("{}", restarts),
          Or(Text(pod, {"status", "podIP"}), "<none>"),
          Or(Text(pod, {"spec", "nodeName"}), "<none>"),
          "<none>",
          "<none>"};
}

Json DeploymentCells(const Json& object, TimePoint) {
  return {fmt::format("{}/{}", Integer(object, {"status", "readyReplicas"}), Integer(object, {"spec", "replicas"})),
          Integer(object, {"status", "updatedReplicas"}),
          Integer(object, {"status", "availableReplicas"}),
          OfContainers(object, "name"),
          OfContainers(object, "image"),
          LabelsText(Find(object, {"spec", "selector", "matchLabels"}))};
}

Json ReplicaSetCells(const Json& object, TimePoint) {
  return {Integer(object, {"spec", "replicas"}),
          Integer(object, {"status", "replicas"}),
          Integer(object, {"status", "readyReplicas"}),
          OfContainers(object, "name"),
          OfContainers(object, "image"),
          LabelsText(Find(object, {"spec", "selector", "matchLabels"}))};
}

Json StatefulSetCells(const Json& object, TimePoint) {
  return {fmt::format("{}/{}", Integer(object, {"status", "readyReplicas"}), Integer(object, {"spec", "replicas"})),
          OfContainers(object, "name"), OfContainers(object, "image")};
}

Json ControllerRevisionCells(const Json& object, TimePoint) {
  std::string controller = "<none>";
  if (const Json* owner = embedded::ControllerOf(object)) {
    const std::string group(graph::GroupOf(Text(*owner, {"apiVersion"})));
    controller = Lower(Text(*owner, {"kind"})) + (group.empty() ? "" : "." + group) + "/" + Text(*owner, {"name"});
  }
  return {controller, std::to_string(Integer(object, {"revision"}))};
}

// batch/v1's printer: the first of these that is so.
std::string JobState(const Json& job) {
  const auto is = [&](const char* type) {
    const Json* condition = embedded::Condition(job, type);
    return condition != nullptr && cluster::Says(*condition, {"status"}, "True");
  };
  if (is("Complete")) return "Complete";
  if (is("Failed")) return "Failed";
  if (Find(job, {"metadata", "deletionTimestamp"}) != nullptr) return "Terminating";
  for (const char* type : {"Suspended", "FailureTarget", "SuccessCriteriaMet"}) {
    if (is(type)) return type;
  }
  return "Running";
}

std::string JobCompletions(const Json& job) {
  const std::int64_t succeeded = Integer(job, {"status", "succeeded"});
  const std::int64_t parallelism = Integer(job, {"spec", "parallelism"});
  if (Find(job, {"spec", "completions"}) != nullptr) {
    return fmt::format("{}/{}", succeeded, Integer(job, {"spec", "completions"}));
  }
  return parallelism > 1 ? fmt::format("{}/1 of {}", succeeded, parallelism) : fmt::format("{}/1", succeeded);
}

Json JobCells(const Json& job, TimePoint now) {
  TimePoint started;
  std::string duration;
  if (ParseTime(Text(job, {"status", "startTime"}), started)) {
    duration = HumanDuration(embedded::TimeAt(job, {"status", "completionTime"}, now) - started);
  }
  return {JobState(job),
          JobCompletions(job),
          duration,
          OfContainers(job, "name"),
          OfContainers(job, "image"),
          LabelsText(Find(job, {"spec", "selector", "matchLabels"}))};
}

// A value as it stands in the object, or "<unknown>".
std::string ValueText(const Json& json, cluster::Path path, const char* after = "") {
  const Json* value = Find(json, path);
  if (value == nullptr || value->is_null()) return "<unknown>";
  return (value->is_string() ? value->get<std::string>() : value->dump()) + after;
}

// "cpu: 40%/80%": what is measured and what is wanted, of one of an autoscaler's metrics.
std::string MetricText(const Json& metric, const Json& status) {
  const std::string type = Text(metric, {"type"});
  if (type == "Resource" || type == "ContainerResource") {
    const char* source = type == "Resource" ? "resource" : "containerResource";
    const std::string name = Text(metric, {source, "name"});
    if (Find(metric, {source, "target", "averageValue"}) != nullptr) {
      return fmt::format("{}: {}/{}", name, ValueText(status, {source, "current", "averageValue"}),
                         ValueText(metric, {source, "target", "averageValue"}));
    }
    const std::string wanted = ValueText(metric, {source, "target", "averageUtilization"}, "%");
    return fmt::format("{}: {}/{}", name, ValueText(status, {source, "current", "averageUtilization"}, "%"),
                       wanted == "<unknown>" ? "<auto>" : wanted);
  }
  for (const auto& [of, source] : {std::pair{"External", "external"}, {"Pods", "pods"}, {"Object", "object"}}) {
    if (type != of) continue;
    const bool average = Find(metric, {source, "target", "averageValue"}) != nullptr;
    const char* value = average ? "averageValue" : "value";
    return fmt::format("{}/{}{}", ValueText(status, {source, "current", value}),
                       ValueText(metric, {source, "target", value}), average && type != "Pods" ? " (avg)" : "");
  }
  return "<unknown type>";
}

// Of at most two metrics.
std::string MetricsText(const Json& autoscaler) {
  constexpr std::size_t kMost = 2;
  const Json& metrics = List(autoscaler, {"spec", "metrics"});
  const Json& statuses = List(autoscaler, {"status", "currentMetrics"});
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < metrics.size() && i < kMost; ++i) {
    texts.push_back(MetricText(metrics[i], i < statuses.size() ? statuses[i] : Json()));
  }
  const std::string more = metrics.size() > kMost ? fmt::format(" + {} more...", metrics.size() - kMost) : "";
  return Or(Joined(texts, ", "), "<none>") + more;
}

Json AutoscalerCells(const Json& autoscaler, TimePoint) {
  const bool least = Find(autoscaler, {"spec", "minReplicas"}) != nullptr;
  return {fmt::format("{}/{}", Text(autoscaler, {"spec", "scaleTargetRef", "kind"}),
                      Text(autoscaler, {"spec", "scaleTargetRef", "name"})),
          MetricsText(autoscaler), least ? std::to_string(Integer(autoscaler, {"spec", "minReplicas"})) : "<unset>",
          Integer(autoscaler, {"spec", "maxReplicas"}), Integer(autoscaler, {"status", "currentReplicas"})};
}

Json ServiceCells(const Json& service, TimePoint) {
  std::vector<std::string> ports;
  for (const Json& port : List(service, {"spec", "ports"})) {
    ports.push_back(fmt::format("{}/{}", Integer(port, {"port"}), Text(port, {"protocol"}, "TCP")));
  }
  return {Text(service, {"spec", "type"}, "ClusterIP"), Or(Text(service, {"spec", "clusterIP"}), "<none>"), "<none>",
          Or(Joined(ports), "<none>"), LabelsText(Find(service, {"spec", "selector"}))};
}

// Of a core Event.
Json EventCells(const Json& event, TimePoint now) {
  const bool dated = Find(event, {"lastTimestamp"}) != nullptr && !Text(event, {"lastTimestamp"}).empty();
  const std::string last = dated ? Age(event, now, {"lastTimestamp"}) : Age(event, now, {"eventTime"});
  const bool begun = !Text(event, {"firstTimestamp"}).empty();
  return {last,
          Text(event, {"type"}),
          Text(event, {"reason"}),
          Lower(Text(event, {"involvedObject", "kind"})) + "/" + Text(event, {"involvedObject", "name"}),
          Text(event, {"involvedObject", "fieldPath"}),
          Or(Text(event, {"source", "component"}), Text(event, {"reportingComponent"}).c_str()),
          Text(event, {"message"}),
          begun ? Age(event, now, {"firstTimestamp"}) : Age(event, now, {"eventTime"}),
          std::max<std::int64_t>(1, Integer(event, {"count"})),
          Text(event, {"metadata", "name"})};
}

Json EndpointSliceCells(const Json& slice, TimePoint) {
  std::vector<std::string> ports;
  for (const Json& port : List(slice, {"ports"})) ports.push_back(std::to_string(Integer(port, {"port"})));
  std::vector<std::string> addresses;
  for (const Json& endpoint : List(slice, {"endpoints"})) {
    for (const Json& address : List(endpoint, {"addresses"})) {
      if (address.is_string()) addresses.push_back(address.get<std::string>());
    }
  }
  return {Text(slice, {"addressType"}), Or(Joined(ports), "<unset>"), Or(Joined(addresses), "<unset>")};
}

// As the columns of deploy/crds/rollouts.yaml.
Json RolloutCells(const Json& rollout, TimePoint) {
  std::string state;
  std::string waits_for;
  for (const Json& condition : List(rollout, {"status", "conditions"})) {
    if (!cluster::Says(condition, {"type"}, "Ready")) continue;
    state = Text(condition, {"reason"});
    waits_for = Text(condition, {"message"});
  }
  return {Text(rollout, {"spec", "revision"}),
          Text(rollout, {"status", "step"}),
          Text(rollout, {"status", "share"}),
          state,
          waits_for,
          Text(rollout, {"status", "stable"})};
}

Json BundleCells(const Json& bundle, TimePoint) {
  const Json* labels = Find(bundle, {"metadata", "labels"});
  return {labels == nullptr ? "" : Text(*labels, {"sluice.dev/rollout"}),
          labels == nullptr ? "" : Text(*labels, {"sluice.dev/revision"})};
}

Json CommandCells(const Json& command, TimePoint) {
  return {Text(command, {"spec", "rollout"}), Text(command, {"spec", "verb"})};
}

std::int64_t SizeOf(const Json& object, const char* field) {
  const Json* data = Find(object, {field});
  return data == nullptr ? 0 : static_cast<std::int64_t>(data->size());
}

Printer PrinterOf(const Resource& resource) {
  const std::string& kind = resource.kind.kind;
  const std::vector<Column> workload = {
      {"Containers", "string", kWide}, {"Images", "string", kWide}, {"Selector", "string", kWide}};
  const auto with = [&](std::vector<Column> columns) {
    columns.insert(columns.end(), workload.begin(), workload.end());
    return columns;
  };
  if (kind == "Pod") {
    return {{{"Ready"},
             {"Status"},
             {"Restarts"},
             {"IP", "string", kWide},
             {"Node", "string", kWide},
             {"Nominated Node", "string", kWide},
             {"Readiness Gates", "string", kWide}},
            PodCells};
  }
  if (kind == "Deployment") {
    return {with({{"Ready"}, {"Up-to-date", "integer"}, {"Available", "integer"}}), DeploymentCells};
  }
  if (kind == "ReplicaSet") {
    return {with({{"Desired", "integer"}, {"Current", "integer"}, {"Ready", "integer"}}), ReplicaSetCells};
  }
  if (kind == "StatefulSet") {
    return {{{"Ready"}, {"Containers", "string", kWide}, {"Images", "string", kWide}}, StatefulSetCells};
  }
  if (kind == "ControllerRevision") return {{{"Controller"}, {"Revision"}}, ControllerRevisionCells};
  if (kind == "Job") return {with({{"Status"}, {"Completions"}, {"Duration"}}), JobCells};
  if (kind == "HorizontalPodAutoscaler") {
    return {{{"Reference"}, {"Targets"}, {"MinPods"}, {"MaxPods"}, {"Replicas"}}, AutoscalerCells};
  }
  if (kind == "Service") {
    return {{{"Type"}, {"Cluster-IP"}, {"External-IP"}, {"Port(s)"}, {"Selector", "string", kWide}}, ServiceCells};
  }
  if (resource.kind == Kind{"v1", "Event"} || kind == "Event") {
    return {{{"Last Seen"},
             {"Type"},
             {"Reason"},
             {"Object"},
             {"Subobject", "string", kWide},
             {"Source", "string", kWide},
             {"Message"},
             {"First Seen", "string", kWide},
             {"Count", "integer", kWide},
             {"Name", "string", kWide}},
            EventCells,
            false,
            false};
  }
  if (kind == "ConfigMap") {
    return {{{"Data", "integer"}}, [](const Json& object, TimePoint) { return Json::array({SizeOf(object, "data")}); }};
  }
  if (kind == "Secret") {
    return {{{"Type"}, {"Data", "integer"}}, [](const Json& object, TimePoint) {
              return Json::array({Text(object, {"type"}, "Opaque"), SizeOf(object, "data")});
            }};
  }
  if (kind == "Namespace") {
    return {{{"Status"}}, [](const Json& object, TimePoint) {
              return Json::array({Text(object, {"status", "phase"})});
            }};
  }
  if (kind == "Lease") {
    return {{{"Holder"}}, [](const Json& object, TimePoint) {
              return Json::array({Text(object, {"spec", "holderIdentity"})});
            }};
  }
  if (kind == "EndpointSlice") return {{{"AddressType"}, {"Ports"}, {"Endpoints"}}, EndpointSliceCells};
  if (kind == "HTTPRoute") {
    return {{{"Hostnames"}}, [](const Json& object, TimePoint) {
              return Json::array({Texts(List(object, {"spec", "hostnames"}))});
            }};
  }
  if (kind == "Rollout") {
    return {{{"Revision"}, {"Step"}, {"Share"}, {"State"}, {"Waits for"}, {"Stable", "string", kWide}}, RolloutCells};
  }
  if (kind == "RolloutBundle") return {{{"Rollout"}, {"Revision"}}, BundleCells};
  if (kind == "RolloutCommand") return {{{"Rollout"}, {"Command"}}, CommandCells};
  return {{}, [](const Json&, TimePoint) { return Json::array(); }};
}

// By additionalPrinterColumns.
bool Defined(const Resource& resource) { return resource.columns.is_array() && !resource.columns.empty(); }

Json DefinitionOf(const char* name, const char* type, const char* format, const std::string& description,
                  std::int64_t priority) {
  return {{"name", name}, {"type", type}, {"format", format}, {"description", description}, {"priority", priority}};
}

Json DefinedCell(const Json& column, const Json& object, TimePoint now) {
  std::string text = TextAtJsonPath(object, Text(column, {"jsonPath"}));
  const std::string type = Text(column, {"type"});
  TimePoint time;
  if (type == "date") return text.empty() || !ParseTime(text, time) ? "<unknown>" : HumanDuration(now - time);
  std::int64_t number = 0;
  if (type == "integer" && std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc()) {
    return number;
  }
  return text.empty() ? Json() : Json(std::move(text));
}

// The value of the condition in `[?(@.type=="Ready")]`, as field and text.
std::optional<std::pair<std::string, std::string>> FilterOf(std::string_view text) {
  if (!text.starts_with("?(@.") || !text.ends_with(")")) return std::nullopt;
  text = text.substr(4, text.size() - 5);
  const std::size_t equals = text.find("==");
  if (equals == std::string_view::npos) return std::nullopt;
  const auto trim = [](std::string_view part) {
    const std::size_t begin = part.find_first_not_of(" '\"");
    const std::size_t end = part.find_last_not_of(" '\"");
    return begin == std::string_view::npos ? std::string() : std::string(part.substr(begin, end - begin + 1));
  };
  return std::make_pair(trim(text.substr(0, equals)), trim(text.substr(equals + 2)));
}

const Json* Member(const Json* of, std::string_view subscript) {
  if (const auto filter = FilterOf(subscript)) {
    if (!of->is_array()) return nullptr;
    for (const Json& item : *of) {
      if (Text(item, {filter->first}) == filter->second) return &item;
    }
    return nullptr;
  }
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(subscript.data(), subscript.data() + subscript.size(), index);
  if (error == std::errc() && end == subscript.data() + subscript.size()) {
    return of->is_array() && index < of->size() ? &(*of)[index] : nullptr;
  }
  if (subscript.size() < 2 || (subscript.front() != '\'' && subscript.front() != '"')) return nullptr;
  return Find(*of, {subscript.substr(1, subscript.size() - 2)});
}

}  // namespace

std::string TextAtJsonPath(const Json& object, std::string_view path) {
  const Json* at = &object;
  while (at != nullptr && !path.empty()) {
    if (path[0] == '[') {
      const std::size_t end = path.find(']');
      if (end == std::string_view::npos) return "";
      at = Member(at, path.substr(1, end - 1));
      path.remove_prefix(end + 1);
      continue;
    }
    if (path[0] == '.') path.remove_prefix(1);
    std::string name;
    while (!path.empty() && path[0] != '.' && path[0] != '[') {
      if (path[0] == '\\' && path.size() > 1) path.remove_prefix(1);
      name += path[0];
      path.remove_prefix(1);
    }
    if (!name.empty()) at = Find(*at, {name});
  }
  if (at == nullptr || at->is_null()) return "";
  return at->is_string() ? at->get<std::string>() : at->dump();
}

std::string HumanDuration(Duration duration) {
  const std::int64_t seconds = duration.count() / 1000;
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 120) return fmt::format("{}s", seconds);
  const std::int64_t minutes = seconds / 60;
  if (minutes < 10)
    return seconds % 60 == 0 ? fmt::format("{}m", minutes) : fmt::format("{}m{}s", minutes, seconds % 60);
  if (minutes < 180) return fmt::format("{}m", minutes);
  const std::int64_t hours = minutes / 60;
  if (hours < 8) return minutes % 60 == 0 ? fmt::format("{}h", hours) : fmt::format("{}h{}m", hours, minutes % 60);
  if (hours < 48) return fmt::format("{}h", hours);
  const std::int64_t days = hours / 24;
  if (days < 8) return hours % 24 == 0 ? fmt::format("{}d", days) : fmt::format("{}d{}h", days, hours % 24);
  if (days < 365 * 2) return fmt::format("{}d", days);
  const std::int64_t years = days / 365;
  if (years < 8 && days % 365 != 0) return fmt::format("{}y{}d", years, days % 365);
  return fmt::format("{}y", years);
}

Json TableColumns(const Resource& resource) {
  Json columns = Json::array();
  const Json name = DefinitionOf("Name", "string", "name", "Name must be unique within a namespace.", 0);
  if (Defined(resource)) {
    columns.push_back(name);
    for (const Json& column : resource.columns) {
      columns.push_back(DefinitionOf(Text(column, {"name"}).c_str(), Text(column, {"type"}, "string").c_str(),
                                     Text(column, {"format"}).c_str(), Text(column, {"description"}),
                                     Integer(column, {"priority"})));
    }
    return columns;
  }
  const Printer printer = PrinterOf(resource);
  if (printer.name) columns.push_back(name);
  std::vector<Column> wide;
  for (const Column& column : printer.columns) {
    // Those of -o wide stand behind the age.
    if (column.priority > 0 && printer.age) {
      wide.push_back(column);
    } else {
      columns.push_back(DefinitionOf(column.name, column.type, "", "", column.priority));
    }
  }
  if (printer.age) columns.push_back(DefinitionOf("Age", "string", "", "Time since the object was created.", 0));
  for (const Column& column : wide) columns.push_back(DefinitionOf(column.name, column.type, "", "", column.priority));
  return columns;
}

Json TableRow(const Resource& resource, const Json& object, IncludeObject include, TimePoint now) {
  Json cells = Json::array();
  if (Defined(resource)) {
    cells.push_back(Text(object, {"metadata", "name"}));
    for (const Json& column : resource.columns) cells.push_back(DefinedCell(column, object, now));
  } else {
    const Printer printer = PrinterOf(resource);
    Json own = printer.cells(object, now);
    Json wide = Json::array();
    if (printer.name) cells.push_back(Text(object, {"metadata", "name"}));
    for (std::size_t i = 0; i < printer.columns.size(); ++i) {
      (printer.columns[i].priority > 0 && printer.age ? wide : cells).push_back(std::move(own[i]));
    }
    if (printer.age) cells.push_back(Age(object, now));
    for (Json& cell : cluster::Items(wide)) cells.push_back(std::move(cell));
  }
  Json row = {{"cells", std::move(cells)}};
  if (include == IncludeObject::kMetadata) row["object"] = MetadataOf(object);
  if (include == IncludeObject::kObject) row["object"] = object;
  return row;
}

Json MetadataOf(const Json& object) {
  return {{"kind", "PartialObjectMetadata"},
          {"apiVersion", "meta.k8s.io/v1"},
          {"metadata", object.value("metadata", Json::object())}};
}

}  // namespace sluice::apiserver
