#include "reconciler/embedded/stateful_sets.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "compiler/base/hash.h"
#include "reconciler/embedded/kinds.h"

namespace sluice::embedded {
namespace {

constexpr const char* kPodNameLabel = "statefulset.kubernetes.io/pod-name";
constexpr const char* kPodIndexLabel = "apps.kubernetes.io/pod-index";
constexpr const char* kPodRevisionLabel = "controller-revision-hash";
constexpr const char* kRevisionHashLabel = "controller.kubernetes.io/hash";

// How much of a set's name a revision's keeps.
constexpr std::size_t kMaxRevisionPrefix = 223;

std::string NameAt(const Json& set, std::int64_t ordinal) {
  return fmt::format("{}-{}", Text(set, {"metadata", "name"}), ordinal);
}

// The number in the name of one of the set's pods.
std::optional<std::int64_t> OrdinalOf(const Json& set, const Object& pod) {
  const std::string& name = pod.key().name;
  const std::size_t from = name.rfind('-') + 1;
  std::int32_t ordinal = -1;
  const auto [end, error] = std::from_chars(name.data() + from, name.data() + name.size(), ordinal);
  if (error != std::errc() || ordinal < 0 || name != NameAt(set, ordinal)) return std::nullopt;
  return ordinal;
}

std::int64_t NumberOf(const Object& revision) { return Integer(*revision, {"revision"}); }

std::string RevisionOf(const Object& pod) { return Text(*pod, {"metadata", "labels", kPodRevisionLabel}); }

// What a revision keeps: the patch that takes a set's template back.
Json PatchOf(const Json& set) {
  Json pod_template = *Find(set, {"spec", "template"});
  pod_template["$patch"] = "replace";
  return {{"spec", {{"template", std::move(pod_template)}}}};
}

Json TemplateOf(const Object& revision) {
  const Json* kept = Find(*revision, {"data", "spec", "template"});
  Json pod_template = kept == nullptr ? Json::object() : *kept;
  pod_template.erase("$patch");
  return pod_template;
}

// Collisions of names lead to other ones.
std::string PatchHash(const Json& data, std::int64_t collisions) {
  return Sha256(fmt::format("{}{}", data.dump(), collisions)).substr(0, 10);
}

// How many of the lowest ordinals are made by the current revision.
std::int64_t KeptBack(const Json& set) {
  if (Find(set, {"spec", "updateStrategy", "rollingUpdate"}) != nullptr) {
    return Integer(set, {"spec", "updateStrategy", "rollingUpdate", "partition"});
  }
  const bool rolling = Says(set, {"spec", "updateStrategy", "type"}, "RollingUpdate");
  return rolling ? Integer(set, {"status", "currentReplicas"}) : 0;
}

// The volumes of the claims that would be the pod's, before those of its template that have other names.
void MountClaims(const Json& set, const std::string& pod_name, Json& pod) {
  const Json& claims = List(set, {"spec", "volumeClaimTemplates"});
  if (claims.empty()) return;
  Json volumes = Json::array();
  std::set<std::string> names;
  for (const Json& claim : claims) {
    const std::string name = Text(claim, {"metadata", "name"});
    names.insert(name);
    volumes.push_back(
        {{"name", name}, {"persistentVolumeClaim", {{"claimName", fmt::format("{}-{}", name, pod_name)}}}});
  }
  for (const Json& volume : List(pod, {"spec", "volumes"})) {
    if (!names.contains(Text(volume, {"name"}))) volumes.push_back(volume);
  }
  pod["spec"]["volumes"] = std::move(volumes);
}

}  // namespace

// One look at a StatefulSet and what comes of it.
struct StatefulSets::Round {
  Object set;
  std::vector<Object> revisions = {};        // by number
  std::vector<Object> seen = {};             // its pods as they were at the beginning
  std::map<std::int64_t, Object> pods = {};  // by ordinal
  Object current = {};                       // revisions
  Object update = {};
  std::int64_t collisions = 0;
  std::int64_t replaced = 0;

  // Ordinals: the first, and the one after the last.
  std::int64_t begin() const { return Integer(*set, {"spec", "ordinals", "start"}); }
  std::int64_t end() const { return begin() + Integer(*set, {"spec", "replicas"}); }
  // One after the other, each when those before it are available.
  bool ordered() const { return !Says(*set, {"spec", "podManagementPolicy"}, "Parallel"); }
};

StatefulSets::StatefulSets(loop::Loop& loop, Store& store, Watches& watches, const Lag& lag, std::uint64_t seed)
    : loop_(loop),
      store_(store),
      view_(watches, {kStatefulSet, kControllerRevision, kPod}, View::FindBy::kOwner,
            [this](const ObjectKey& key, const Object& before, const Object& now) {
              if (key.kind == kStatefulSet) {
                if (now != nullptr) queue_.Add(key);
                return;
              }
              const Json* owner = ControllerOf(now == nullptr ? *before : *now);
              if (key.kind == kPod && owner != nullptr && Says(*owner, {"kind"}, "StatefulSet")) {
                queue_.Add({kStatefulSet, key.namespace_, Text(*owner, {"name"})});
              }
            }),
      queue_(loop, lag, seed, "stateful sets", [this](const ObjectKey& key) { Reconcile(key); }) {}

void StatefulSets::Reconcile(const ObjectKey& key) {
  const Object set = view_.Find(key);
  if (set == nullptr) return;
  Round round = Look(set);
  if (!Revise(round)) return queue_.AddAt(key, loop_.Now() + kTryPodAgain);
  if (!set.terminating() && Fill(round) && Shrink(round)) Roll(round);
  WriteStatus(round);
  Forget(round);
}

StatefulSets::Round StatefulSets::Look(const Object& set) const {
  Round round{.set = set};
  for (const Object& owned : view_.OwnedBy(set.uid())) {
    if (owned.key().kind == kControllerRevision) round.revisions.push_back(owned);
    const auto ordinal = owned.key().kind == kPod ? OrdinalOf(*set, owned) : std::nullopt;
    if (!ordinal) continue;
    round.seen.push_back(owned);
    round.pods[*ordinal] = owned;
  }
  std::stable_sort(round.revisions.begin(), round.revisions.end(),
                   [](const Object& a, const Object& b) { return NumberOf(a) < NumberOf(b); });
  round.collisions = Integer(*set, {"status", "collisionCount"});
  return round;
}

bool StatefulSets::Revise(Round& round) {
  const Json data = PatchOf(*round.set);
  const std::vector<Object>& revisions = round.revisions;
  const auto same = std::find_if(revisions.rbegin(), revisions.rend(), [&](const Object& each) {
    const Json* kept = Find(*each, {"data"});
    return kept != nullptr && *kept == data;
  });
  const std::int64_t next = revisions.empty() ? 1 : NumberOf(revisions.back()) + 1;
  if (same == revisions.rend()) {
    round.update = MakeRevision(round, data, next);
  } else {
    round.update = same == revisions.rbegin() ? *same : Renumber(*same, next);
  }
  if (round.update == nullptr) return false;
  const std::string current = Text(*round.set, {"status", "currentRevision"});
  const auto found =
      std::find_if(revisions.begin(), revisions.end(), [&](const Object& each) { return each.key().name == current; });
  round.current = found == revisions.end() ? round.update : *found;
  return true;
}

// nullptr if it can't be made.
Object StatefulSets::MakeRevision(Round& round, const Json& data, std::int64_t number) {
  const Object& set = round.set;
  ObjectKey key{kControllerRevision, set.key().namespace_, ""};
  const Json* of_pods = Find(*set, {"spec", "template", "metadata", "labels"});
  Json labels = of_pods == nullptr ? Json::object() : *of_pods;
  labels[kRevisionHashLabel] = PatchHash(data, round.collisions);
  Json metadata = {{"namespace", key.namespace_},
                   {"labels", std::move(labels)},
                   {"ownerReferences", Json::array({ControllerReference(*set)})}};
  if (const Json* annotations = Find(*set, {"metadata", "annotations"})) metadata["annotations"] = *annotations;
  Json revision = {{"apiVersion", key.kind.api_version}, {"kind", key.kind.kind}};
  revision["metadata"] = std::move(metadata);
  revision["data"] = data;
  revision["revision"] = number;
  for (;; ++round.collisions) {
    key.name = set.key().name.substr(0, kMaxRevisionPrefix) + "-" + PatchHash(data, round.collisions);
    revision["metadata"]["name"] = key.name;
    const auto made = store_.Create(revision, "", loop_.Now());
    if (made.ok()) {
      view_.Assume(*made);
      return *made;
    }
    if (made.error().code != ErrorCode::kExists) return nullptr;
    Object there = store_.Find(key);
    if (there->value("data", Json()) == data) return there;
  }
}

// nullptr if it moved.
Object StatefulSets::Renumber(const Object& revision, std::int64_t number) {
  Json changed = *revision;
  changed["revision"] = number;
  const auto written = store_.Update(std::move(changed), loop_.Now());
  if (!written.ok()) return nullptr;
  view_.Assume(*written);
  return *written;
}

// spec.revisionHistoryLimit: those that no pod is made by, oldest first.
void StatefulSets::Forget(const Round& round) {
  const std::int64_t limit = Integer(*round.set, {"spec", "revisionHistoryLimit"}, 10);
  if (limit < 0) return;
  std::set<std::string> live = {round.current.key().name, round.update.key().name};
  for (const Object& pod : round.seen) live.insert(RevisionOf(pod));
  std::vector<Object> idle;
  for (const Object& revision : round.revisions) {
    if (!live.contains(revision.key().name)) idle.push_back(revision);
  }
  for (std::size_t i = 0; i + static_cast<std::size_t>(limit) < idle.size(); ++i) {
    const bool deleted = store_.Delete(idle[i].key(), idle[i].uid(), "", loop_.Now()).ok();
    if (deleted) view_.AssumeDeleted(idle[i].key(), idle[i].uid());
  }
}

bool StatefulSets::Fill(Round& round) {
  for (std::int64_t ordinal = round.begin(); ordinal < round.end(); ++ordinal) {
    if (!FillAt(round, ordinal)) return false;
  }
  return true;
}

// A pod that isn't available holds up everything where there is an order, the repair of its own template too
// (kubernetes/kubernetes#67250): it goes on when somebody deletes the pod.
bool StatefulSets::FillAt(Round& round, std::int64_t ordinal) {
  const auto found = round.pods.find(ordinal);
  if (found == round.pods.end()) return Make(round, ordinal) && !round.ordered();
  Object& pod = found->second;
  if (pod.ended()) {
    const bool told = pod.terminating() || Delete(round, pod);
    return told && !round.ordered();
  }
  if (round.ordered() && (pod.terminating() || pod.phase() != "Running" || !Available(round, pod))) return false;
  Identify(pod);
  return true;
}

bool StatefulSets::Make(Round& round, std::int64_t ordinal) {
  const Json& set = *round.set;
  const Object& revision = ordinal < round.begin() + KeptBack(set) ? round.current : round.update;
  const std::string name = NameAt(set, ordinal);
  Json pod = PodOf(set, TemplateOf(revision), name);
  Json& labels = pod["metadata"]["labels"];
  labels[kPodNameLabel] = name;
  labels[kPodIndexLabel] = std::to_string(ordinal);
  labels[kPodRevisionLabel] = revision.key().name;
  pod["spec"]["hostname"] = name;
  pod["spec"].erase("subdomain");
  if (const std::string service = Text(set, {"spec", "serviceName"}); !service.empty()) {
    pod["spec"]["subdomain"] = service;
  }
  MountClaims(set, name, pod);
  const auto made = store_.Create(std::move(pod), "", loop_.Now());
  if (!made.ok()) {
    queue_.AddAt(round.set.key(), loop_.Now() + kTryPodAgain);
    return false;
  }
  view_.Assume(*made);
  round.pods[ordinal] = *made;
  queue_.Add(round.set.key());  // to count it
  return true;
}

// Somebody may have changed its labels.
void StatefulSets::Identify(Object& pod) {
  const std::string& name = pod.key().name;
  if (Says(*pod, {"metadata", "labels", kPodNameLabel}, name)) return;
  Json labelled = *pod;
  labelled["metadata"]["labels"][kPodNameLabel] = name;
  labelled["metadata"]["labels"][kPodIndexLabel] = name.substr(name.rfind('-') + 1);
  const auto written = store_.Update(std::move(labelled), loop_.Now());
  if (!written.ok()) return;  // it moved: its event brings us back
  pod = *written;
  view_.Assume(pod);
}

// From the highest ordinal down. In order, only when all others are available, one at a time.
bool StatefulSets::Shrink(Round& round) {
  std::vector<Object*> beyond;
  for (auto& [ordinal, pod] : round.pods) {
    if (ordinal < round.begin() || ordinal >= round.end()) beyond.push_back(&pod);
  }
  if (beyond.empty()) return true;
  if (!round.ordered()) {
    for (Object* pod : beyond) {
      if (!pod->terminating()) Delete(round, *pod);
    }
    return true;
  }
  Object& last = *beyond.back();
  const auto unavailable = [&](const Object* pod) { return pod->terminating() || !Available(round, *pod); };
  const Object* first_unavailable = *std::find_if(beyond.begin(), beyond.end() - 1, unavailable);
  const bool next = !unavailable(&last) || first_unavailable == &last;
  if (!last.terminating() && next) Delete(round, last);
  return false;
}

// From the highest ordinal down to the partition, one at a time, each when those above it are available.
void StatefulSets::Roll(Round& round) {
  if (Says(*round.set, {"spec", "updateStrategy", "type"}, "OnDelete")) return;
  const std::int64_t least =
      round.begin() + Integer(*round.set, {"spec", "updateStrategy", "rollingUpdate", "partition"});
  for (std::int64_t ordinal = round.end() - 1; ordinal >= least; --ordinal) {
    const auto found = round.pods.find(ordinal);
    if (found == round.pods.end()) return;
    Object& pod = found->second;
    if (!pod.terminating() && RevisionOf(pod) != round.update.key().name) {
      if (Delete(round, pod)) ++round.replaced;
      return;
    }
    if (pod.terminating() || !Available(round, pod)) return;
  }
}

// Whether it is told to end or gone.
bool StatefulSets::Delete(const Round& round, Object& pod) {
  const auto deleted = store_.Delete(pod.key(), pod.uid(), "", loop_.Now());
  if (!deleted.ok() && deleted.error().code != ErrorCode::kNotFound) return false;
  const Object left = store_.Find(pod.key());
  view_.AssumeLeft(pod, left);
  if (left != nullptr && left.uid() == pod.uid()) pod = left;
  queue_.Add(round.set.key());
  return true;
}

bool StatefulSets::Available(const Round& round, const Object& pod) {
  const auto from = AvailableFrom(pod, Integer(*round.set, {"spec", "minReadySeconds"}));
  if (!from || loop_.Now() >= *from) return from.has_value();
  queue_.AddAt(round.set.key(), *from);
  return false;
}

// Counts the pods as they were: what this round did brings the next one.
void StatefulSets::WriteStatus(Round& round) {
  const Json& set = *round.set;
  std::int64_t ready = 0;
  std::int64_t available = 0;
  std::int64_t current = -round.replaced;
  std::int64_t updated = 0;
  for (const Object& pod : round.seen) {
    const bool runs = pod.phase() == "Running" && pod.ready();
    if (runs) ++ready;
    if (runs && Available(round, pod)) ++available;
    if (pod.terminating()) continue;
    if (RevisionOf(pod) == round.current.key().name) ++current;
    if (RevisionOf(pod) == round.update.key().name) ++updated;
  }
  std::string current_revision = round.current.key().name;
  const auto present = static_cast<std::int64_t>(round.seen.size());
  const std::int64_t wanted = Integer(set, {"spec", "replicas"});
  const bool complete = updated == wanted && ready == wanted && present == wanted;
  if (complete && Says(set, {"spec", "updateStrategy", "type"}, "RollingUpdate")) {
    current = updated;
    current_revision = round.update.key().name;
  }
  Json status = {{"observedGeneration", Integer(set, {"metadata", "generation"})},
                 {"replicas", present},
                 {"availableReplicas", available},
                 {"currentRevision", current_revision},
                 {"updateRevision", round.update.key().name},
                 {"collisionCount", round.collisions}};
  SetCount(status, "readyReplicas", ready);
  SetCount(status, "currentReplicas", std::max<std::int64_t>(current, 0));
  SetCount(status, "updatedReplicas", updated);
  const auto written = store_.SetStatus(set, std::move(status));
  if (!written.ok() || written->version() == round.set.version()) return;
  view_.Assume(*written);
  queue_.Add(round.set.key());  // a revision that was current may be forgotten
}

}  // namespace sluice::embedded
