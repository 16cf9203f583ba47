#include "reconciler/execute/views.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "compiler/base/text.h"
#include "compiler/graph/names.h"
#include "reconciler/cluster/value_json.h"

namespace sluice::execute {
namespace {

using cluster::Json;

using cluster::Flag;
using cluster::Integer;
using cluster::List;
using cluster::Text;

// The member at `path`, or null.
const Json& At(const Json& json, cluster::Path path) {
  static const Json kNull;
  const Json* found = cluster::Find(json, path);
  return found != nullptr ? *found : kNull;
}
std::int32_t Count(const Json& json, cluster::Path path) { return static_cast<std::int32_t>(Integer(json, path)); }
std::string Label(const Json& object, const char* label) { return Text(object, {"metadata", "labels", label}); }

// Without what only the server needs, to keep idle rollouts small.
graph::Value Lean(const Json& object, bool with_status = true, bool with_data = true) {
  graph::Map lean;
  for (const auto& [name, member] : object.items()) {
    if (name == "metadata" || (name == "status" && !with_status)) continue;
    if (!with_data && (name == "data" || name == "binaryData")) continue;
    lean.Set(name, cluster::ToValue(member));
  }
  graph::Map metadata;
  const Json& found = At(object, {"metadata"});
  for (const auto& [name, member] : found.items()) {
    if (name == "managedFields" || (name == "resourceVersion" && !with_status)) continue;
    metadata.Set(name, cluster::ToValue(member));
  }
  lean.Set("metadata", graph::Value(std::move(metadata)));
  return graph::Value(std::move(lean));
}

std::string ConditionMessage(const Json& object, const char* type, const char* status) {
  for (const Json& condition : List(object, {"status", "conditions"})) {
    if (Text(condition, {"type"}) != type || Text(condition, {"status"}) != status) continue;
    const std::string message = Text(condition, {"message"});
    return message.empty() ? Text(condition, {"reason"}) : message;
  }
  return "";
}

std::string ContainerEvidence(const Json& container) {
  const std::string waiting = Text(container, {"state", "waiting", "reason"});
  if (waiting.empty() || waiting == "ContainerCreating" || waiting == "PodInitializing") {
    const std::string terminated = Text(container, {"state", "terminated", "reason"});
    if (terminated.empty()) return "";
    return fmt::format("{}: exit code {}", terminated, Count(container, {"state", "terminated", "exitCode"}));
  }
  const Json& last = At(container, {"lastState", "terminated"});
  if (last.is_object()) {
    const std::string reason = Text(last, {"reason"});
    return fmt::format("{}: {}exit code {}", waiting, reason.empty() || reason == "Error" ? "" : reason + ", ",
                       Count(last, {"exitCode"}));
  }
  const std::string message = Text(container, {"state", "waiting", "message"});
  return message.empty() ? waiting : waiting + ": " + message;
}

std::string Unscheduled(const Json& pod) {
  for (const Json& condition : List(pod, {"status", "conditions"})) {
    if (Text(condition, {"type"}) == "PodScheduled" && Text(condition, {"reason"}) == "Unschedulable") {
      return "Unschedulable: " + Text(condition, {"message"});
    }
  }
  return "";
}

// A log may hold whatever a program writes: here it goes to people's terminals and into objects that more of them may
// read. So without control characters, and without what stands between `://` and `@`.
std::string Printable(std::string line) {
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  for (std::size_t at = line.find("://"); at != std::string::npos; at = line.find("://", at + 3)) {
    const std::size_t end = line.find_first_of(" /\"'", at + 3);
    const std::size_t user = line.substr(0, end).rfind('@');
    if (user != std::string::npos && user > at) line.replace(at + 3, user - at - 3, "***");
  }
  return line;
}

// The last lines of a log, on one line, as far as they fit a reason.
std::string LastLines(const std::string& log) {
  constexpr std::size_t kMost = 300;
  std::string lines;
  std::size_t end = log.size();
  while (end > 0) {
    const std::size_t newline = log.rfind('\n', end - 1);
    const std::size_t begin = newline == std::string::npos ? 0 : newline + 1;
    const std::string line = Printable(log.substr(begin, end - begin));
    if (line.find_first_not_of(' ') != std::string::npos) {
      if (!lines.empty() && lines.size() + line.size() > kMost) break;
      lines = lines.empty() ? CutText(line, kMost) : fmt::format("{} / {}", line, lines);
    }
    end = newline == std::string::npos ? 0 : newline;
  }
  return lines;
}

}  // namespace

std::optional<RolloutView> ViewRollout(const cluster::SharedJson& shared) {
  const Json& object = *shared;
  RolloutView view;
  view.bundle = Text(object, {"spec", "bundle"});
  view.digest = Text(object, {"spec", "digest"});
  view.revision = Text(object, {"spec", "revision"});
  view.repository = Text(object, {"spec", "source", "repository"});
  view.commit = Text(object, {"spec", "source", "commit"});
  view.file = Text(object, {"spec", "source", "file"});
  view.generation = Integer(object, {"metadata", "generation"});
  for (const Json& finalizer : List(object, {"metadata", "finalizers"})) {
    if (finalizer == kFinalizer) view.has_finalizer = true;
  }
  view.accepted = Text(object, {"status", "acceptedDigest"});
  view.status = cluster::PackedJson(cluster::SharedJson(shared, &At(object, {"status"})));
  // Nobody reads it before something changes: a first list of many leaves nothing behind.
  if (cluster::Says(object, {"status", "phase"}, "settled")) view.status.Pack();
  return view;
}

std::optional<BundleView> ViewBundle(const Json& object) {
  return BundleView{Label(object, graph::kRolloutLabel), Text(object, {"spec", "digest"}),
                    Label(object, graph::kRevisionLabel)};
}

std::optional<CommandView> ViewCommand(const Json& object) {
  CommandView view;
  const Json& spec = At(object, {"spec"});
  view.group = Text(spec, {"rollout"});
  view.rollout_uid = Text(spec, {"rolloutUid"});
  decide::Command& command = view.command;
  command.uid = Text(object, {"metadata", "uid"});
  command.verb = Text(spec, {"verb"});
  command.revision = Text(spec, {"revision"});
  command.node = Text(spec, {"node"});
  command.entry = Count(spec, {"entry"});
  command.who = Text(spec, {"who"});
  for (const Json& group : List(spec, {"groups"})) {
    if (group.is_string()) command.groups.push_back(group.get<std::string>());
  }
  command.why = Text(spec, {"why"});
  const Json& duration = At(spec, {"durationMs"});
  if (duration.is_number_integer()) command.duration = Duration(duration.get<std::int64_t>());
  command.assume_settled = Flag(spec, {"assumeSettled"});
  ParseTime(Text(object, {"metadata", "creationTimestamp"}), command.at);
  return view;
}

std::optional<DeploymentView> ViewDeployment(const cluster::SharedJson& shared) {
  const Json& object = *shared;
  DeploymentView view;
  view.group = Label(object, graph::kServiceLabel);
  view.revision = Label(object, graph::kRevisionLabel);
  if (view.group.empty() || view.revision.empty()) return std::nullopt;
  view.generation = Integer(object, {"metadata", "generation"});
  view.observed_generation = Integer(object, {"status", "observedGeneration"});
  view.spec_replicas = Count(object, {"spec", "replicas"});
  view.pods = Count(object, {"status", "replicas"});
  view.ready = Count(object, {"status", "readyReplicas"});
  view.blocked = ConditionMessage(object, "ReplicaFailure", "True");
  const std::string epoch = Text(object, {"metadata", "annotations", graph::kEpochAnnotation});
  std::from_chars(epoch.data(), epoch.data() + epoch.size(), view.epoch);
  view.owner = Text(object, {"metadata", "annotations", graph::kOwnerAnnotation});
  view.rollout = Label(object, graph::kRolloutLabel);
  view.adopted = Text(object, {"metadata", "annotations", graph::kAdoptedAnnotation});
  view.object = cluster::PackedJson(shared);
  if (view.is_complete()) view.object.Pack();
  return view;
}

std::optional<StatefulSetView> ViewStatefulSet(const cluster::SharedJson& shared) {
  const std::optional<DeploymentView> common = ViewDeployment(shared);
  if (!common) return std::nullopt;
  const Json& object = *shared;
  StatefulSetView view;
  static_cast<DeploymentView&>(view) = *common;
  view.partition = Count(object, {"spec", "updateStrategy", "rollingUpdate", "partition"});
  view.first_ordinal = Count(object, {"spec", "ordinals", "start"});
  view.below = Text(object, {"metadata", "annotations", graph::kBelowAnnotation});
  view.keeps_template = !Text(object, {"metadata", "annotations", graph::kAdoptedTemplateAnnotation}).empty();
  // It replaces no pod by itself.
  if (Text(object, {"spec", "updateStrategy", "type"}) == "OnDelete") view.partition = view.spec_replicas;
  view.update_hash = Text(object, {"status", "updateRevision"});
  view.current_hash = Text(object, {"status", "currentRevision"});
  return view;
}

std::optional<ServiceView> ViewService(const Json& object) {
  ServiceView view;
  view.group = Label(object, graph::kServiceLabel);
  if (view.group.empty()) return std::nullopt;
  view.revision = Label(object, graph::kRevisionLabel);
  view.selected = Text(object, {"spec", "selector", graph::kRevisionLabel});
  view.object = Lean(object);
  return view;
}

std::optional<SliceView> ViewSlice(const Json& object) {
  SliceView view;
  view.group = Label(object, "kubernetes.io/service-name");
  if (view.group.empty()) return std::nullopt;
  for (const Json& endpoint : List(object, {"endpoints"})) {
    // KEP-752: an absent `ready` counts as ready.
    if (!Flag(endpoint, {"conditions", "ready"}, true)) continue;
    view.pods.push_back(Text(endpoint, {"targetRef", "name"}));
  }
  std::sort(view.pods.begin(), view.pods.end());
  return view;
}

std::optional<PodView> ViewPod(const Json& object) {
  PodView view = ReadPod(object);
  return view.group.empty() || view.revision.empty() ? std::nullopt : std::optional(std::move(view));
}

PodView ReadPod(const Json& object) {
  PodView view;
  view.group = Label(object, graph::kServiceLabel);
  view.revision = Label(object, graph::kRevisionLabel);
  view.hash = Label(object, "controller-revision-hash");
  ParseTime(Text(object, {"metadata", "creationTimestamp"}), view.unready_since);
  for (const Json& condition : List(object, {"status", "conditions"})) {
    if (Text(condition, {"type"}) != "Ready") continue;
    view.ready = Text(condition, {"status"}) == "True";
    ParseTime(Text(condition, {"lastTransitionTime"}), view.unready_since);
  }
  if (view.ready) view.unready_since = {};
  view.evidence = Unscheduled(object);
  for (const Json& container : List(object, {"status", "containerStatuses"})) {
    if (view.evidence.empty()) view.evidence = ContainerEvidence(container);
  }
  return view;
}

std::optional<JobPodView> ViewJobPod(const Json& object) {
  JobPodView view;
  view.group = Label(object, "batch.kubernetes.io/job-name");
  view.rollout = Label(object, graph::kRolloutLabel);
  if (view.group.empty() || view.rollout.empty()) return std::nullopt;
  view.words = Unscheduled(object);
  for (const Json& container : List(object, {"status", "containerStatuses"})) {
    const std::string evidence = ContainerEvidence(container);
    const Json& ended = At(container, {"state", "terminated"});
    const std::int32_t code = Count(ended, {"exitCode"});
    if (ended.is_object() && code == 0) continue;
    const std::string said = LastLines(Text(ended, {"message"}));
    view.words = said.empty() ? evidence : fmt::format("exit code {}: {}", code, said);
  }
  return view;
}

std::optional<OwnedView> ViewOwned(const Json& object) {
  OwnedView view{Label(object, graph::kRolloutLabel), {}};
  if (view.group.empty()) return std::nullopt;
  const bool counter = cluster::Says(object, {"kind"}, graph::kAutoscalerKind);
  // What the disruption controller and autoscalers count wakes nobody. A revision's ConfigMap is immutable: that it is
  // there is all.
  view.object =
      Lean(object, !counter && !cluster::Says(object, {"kind"}, graph::kBudgetKind),
           !cluster::Says(object, {"kind"}, graph::kConfigMapKind) || Label(object, graph::kRevisionLabel).empty());
  if (const auto status = object.find("status"); counter && status != object.end()) {
    view.aside = cluster::ToValue(*status);
  }
  return view;
}

}  // namespace sluice::execute
