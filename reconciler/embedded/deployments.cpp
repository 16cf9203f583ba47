#include "reconciler/embedded/deployments.h"

#include <algorithm>

#include <fmt/format.h>

#include "compiler/base/hash.h"
#include "reconciler/embedded/kinds.h"

namespace sluice::embedded {
namespace {

constexpr const char* kHashLabel = "pod-template-hash";
constexpr const char* kRevisionAnnotation = "deployment.kubernetes.io/revision";

std::int64_t Replicas(const Json& object) { return Integer(object, {"spec", "replicas"}, 1); }

std::string TemplateHash(const Json& pod_template) { return Sha256(pod_template.dump()).substr(0, 10); }

// The member of that name, or null.
const Json& MemberOf(const Json& object, const char* name) {
  static const Json kNull;
  const Json* member = Find(object, {name});
  return member == nullptr ? kNull : *member;
}

// Whether two objects are equal but for what they have under `name`, which `equal` compares.
template <typename Equal>
bool SameBut(const Json& a, const Json& b, const char* name, Equal equal) {
  if (!a.is_object() || !b.is_object()) return a == b;
  const auto others = [&](const Json& of) { return of.size() - of.count(name); };
  const auto as_in_b = [&](const auto& member) {
    const auto found = b.find(member.first);
    return member.first == name || (found != b.end() && *found == member.second);
  };
  const auto& members = a.get_ref<const Json::object_t&>();
  return others(a) == others(b) && std::all_of(members.begin(), members.end(), as_in_b) &&
         equal(MemberOf(a, name), MemberOf(b, name));
}

// Equal but for the hash that a ReplicaSet's pods are labelled with.
bool SameTemplate(const Json& a, const Json& b) {
  const auto any = [](const Json&, const Json&) { return true; };
  const auto labels = [&](const Json& x, const Json& y) { return SameBut(x, y, kHashLabel, any); };
  const auto metadata = [&](const Json& x, const Json& y) { return SameBut(x, y, "labels", labels); };
  return SameBut(a, b, "metadata", metadata);
}

// deployment/util: surge rounds up, unavailability down; both 0 would never move.
struct Bounds {
  std::int64_t surge = 0;
  std::int64_t unavailable = 0;
};
Bounds BoundsOf(const Json& deployment) {
  std::int64_t wanted = Replicas(deployment);
  Bounds bounds;
  bounds.surge = Scaled(Find(deployment, {"spec", "strategy", "rollingUpdate", "maxSurge"}), wanted, true, 1);
  bounds.unavailable =
      Scaled(Find(deployment, {"spec", "strategy", "rollingUpdate", "maxUnavailable"}), wanted, false, 1);
  if (bounds.surge == 0 && bounds.unavailable == 0) bounds.unavailable = 1;
  return bounds;
}

std::int64_t RevisionOf(const Json& set) {
  const std::string text = Text(set, {"metadata", "annotations", kRevisionAnnotation}, "0");
  return std::strtoll(text.c_str(), nullptr, 10);
}

}  // namespace

// The ReplicaSets of one Deployment: that of its present template, and the others by age, oldest first.
struct Deployments::Sets {
  Object current;
  std::vector<Object> old;

  std::int64_t Sum(Path path) const {
    std::int64_t sum = current == nullptr ? 0 : Integer(*current, path);
    for (const Object& set : old) sum += Integer(*set, path);
    return sum;
  }
  std::int64_t latest_revision() const {
    std::int64_t latest = current == nullptr ? 0 : RevisionOf(*current);
    for (const Object& set : old) latest = std::max(latest, RevisionOf(*set));
    return latest;
  }
};

Deployments::Deployments(loop::Loop& loop, Store& store, Watches& watches, const Lag& lag, std::uint64_t seed)
    : loop_(loop),
      store_(store),
      view_(watches, {kDeployment, kReplicaSet}, View::FindBy::kOwner,
            [this](const ObjectKey& key, const Object& before, const Object& now) {
              if (key.kind == kDeployment) {
                if (now != nullptr) queue_.Add(key);
                return;
              }
              const Json* owner = ControllerOf(now == nullptr ? *before : *now);
              if (owner != nullptr && Says(*owner, {"kind"}, "Deployment")) {
                queue_.Add({kDeployment, key.namespace_, Text(*owner, {"name"})});
              }
            }),
      queue_(loop, lag, seed, "deployments", [this](const ObjectKey& key) { Reconcile(key); }) {}

void Deployments::Reconcile(const ObjectKey& key) {
  Object deployment = view_.Find(key);
  if (deployment == nullptr) return;
  Sets sets = SetsOf(*deployment);
  if (!deployment.terminating()) {
    Roll(*deployment, sets);
    Forget(*deployment, sets);
  }
  WriteStatus(deployment, sets);
}

Deployments::Sets Deployments::SetsOf(const Json& deployment) const {
  Sets sets;
  const Json& wanted = *Find(deployment, {"spec", "template"});
  for (const Object& set : view_.OwnedBy(UidOf(deployment))) {
    if (sets.current == nullptr && SameTemplate(*Find(*set, {"spec", "template"}), wanted)) {
      sets.current = set;
    } else {
      sets.old.push_back(set);
    }
  }
  std::stable_sort(sets.old.begin(), sets.old.end(),
                   [](const Object& a, const Object& b) { return RevisionOf(*a) < RevisionOf(*b); });
  return sets;
}

Object Deployments::MakeSet(const Json& deployment, std::int64_t replicas, std::size_t number) {
  ObjectKey key = cluster::KeyOf(deployment);
  Json pod_template = *Find(deployment, {"spec", "template"});
  std::string hash = TemplateHash(pod_template);
  Json labels = pod_template.value("metadata", Json::object()).value("labels", Json::object());
  labels[kHashLabel] = hash;
  pod_template["metadata"]["labels"] = labels;
  Json selector = *Find(deployment, {"spec", "selector"});
  selector["matchLabels"][kHashLabel] = hash;
  Json set = {{"apiVersion", "apps/v1"}, {"kind", "ReplicaSet"}};
  set["metadata"] = {{"name", key.name + "-" + hash},
                     {"namespace", key.namespace_},
                     {"labels", labels},
                     {"annotations", {{kRevisionAnnotation, std::to_string(number)}}},
                     {"ownerReferences", Json::array({ControllerReference(deployment)})}};
  set["spec"] = {{"replicas", replicas}, {"selector", selector}, {"template", pod_template}};
  if (const Json* least = Find(deployment, {"spec", "minReadySeconds"})) set["spec"]["minReadySeconds"] = *least;
  auto made = store_.Create(std::move(set), "", loop_.Now());
  if (!made.ok()) return nullptr;
  view_.Assume(*made);
  return *made;
}

void Deployments::ScaleTo(Object& set, std::int64_t replicas) {
  if (Replicas(*set) == replicas) return;
  Json changed = *set;
  changed["spec"]["replicas"] = replicas;
  auto written = store_.Update(std::move(changed), loop_.Now());
  if (!written.ok()) return;  // it moved: its event brings us back
  set = *written;
  view_.Assume(set);
}

void Deployments::Roll(const Json& deployment, Sets& sets) {
  std::int64_t wanted = Replicas(deployment);
  Bounds bounds = BoundsOf(deployment);
  bool recreate = Says(deployment, {"spec", "strategy", "type"}, "Recreate");
  if (Flag(deployment, {"spec", "paused"})) {
    // A paused Deployment makes no new ReplicaSet, but what it has is still scaled.
    Object* active = sets.current != nullptr ? &sets.current : sets.old.empty() ? nullptr : &sets.old.back();
    if (active != nullptr) ScaleTo(*active, wanted - (sets.Sum({"spec", "replicas"}) - Replicas(**active)));
    return;
  }
  if (recreate) {
    for (Object& old : sets.old) ScaleTo(old, 0);
    bool gone = std::all_of(sets.old.begin(), sets.old.end(), [](const Object& old) {
      return Integer(*old, {"status", "replicas"}) == 0;
    });
    if (!gone) return;
  }
  if (sets.current == nullptr) {
    std::int64_t others = sets.Sum({"spec", "replicas"});
    std::int64_t first = recreate ? wanted : std::clamp(wanted + bounds.surge - others, std::int64_t{0}, wanted);
    sets.current = MakeSet(deployment, first, static_cast<std::size_t>(sets.latest_revision() + 1));
    return;
  }
  std::int64_t own = Replicas(*sets.current);
  std::int64_t others = sets.Sum({"spec", "replicas"}) - own;
  if (own > wanted) {
    ScaleTo(sets.current, wanted);
  } else if (own < wanted) {
    std::int64_t room = recreate ? wanted : wanted + bounds.surge - others - own;
    ScaleTo(sets.current, std::min(wanted, own + std::max<std::int64_t>(room, 0)));
  }
  ShrinkOld(sets, wanted - bounds.unavailable);
}

// Old pods go as new ones are available: those that aren't available themselves first, oldest set first. Counts
// from status lag behind what was asked for, so the sum of what is asked for bounds every step.
void Deployments::ShrinkOld(Sets& sets, std::int64_t least_available) {
  const Object& current = sets.current;
  std::int64_t fresh_missing = Replicas(*current) - Integer(*current, {"status", "availableReplicas"});
  std::int64_t budget = sets.Sum({"spec", "replicas"}) - least_available - std::max<std::int64_t>(fresh_missing, 0);
  if (budget <= 0) return;
  for (Object& old : sets.old) {
    std::int64_t broken = Replicas(*old) - Integer(*old, {"status", "availableReplicas"});
    std::int64_t step = std::clamp<std::int64_t>(broken, 0, budget);
    ScaleTo(old, Replicas(*old) - step);
    budget -= step;
  }
  std::int64_t surplus = std::min(budget, sets.Sum({"status", "availableReplicas"}) - least_available);
  for (Object& old : sets.old) {
    std::int64_t step = std::clamp<std::int64_t>(surplus, 0, Replicas(*old));
    ScaleTo(old, Replicas(*old) - step);
    surplus -= step;
  }
}

// spec.revisionHistoryLimit.
void Deployments::Forget(const Json& deployment, Sets& sets) {
  std::int64_t limit = Integer(deployment, {"spec", "revisionHistoryLimit"}, 10);
  std::int64_t idle = 0;
  for (auto set = sets.old.rbegin(); set != sets.old.rend(); ++set) {
    bool empty = Replicas(**set) == 0 && Integer(**set, {"status", "replicas"}) == 0;
    if (!empty || ++idle <= limit) continue;
    if (store_.Delete(set->key(), set->uid(), "", loop_.Now()).ok()) view_.AssumeDeleted(set->key(), set->uid());
  }
}

// kstatus: a Deployment is Current when Progressing says NewReplicaSetAvailable, Failed when it says
// ProgressDeadlineExceeded.
Json Deployments::Progress(const Json& deployment, const Sets& sets, const Json& status) {
  std::int64_t wanted = Replicas(deployment);
  const Json* before = Condition(deployment, "Progressing");
  std::string now = Seconds(loop_.Now());
  auto condition = [&](const char* value, const char* reason, const std::string& updated) {
    return JsonOf("lastUpdateTime", updated, "reason", reason, "status", value, "type", "Progressing");
  };
  if (Flag(deployment, {"spec", "paused"})) {
    bool was = before != nullptr && Says(*before, {"reason"}, "DeploymentPaused");
    return was ? *before : condition("Unknown", "DeploymentPaused", now);
  }
  bool complete = status["updatedReplicas"] == wanted && status["replicas"] == wanted &&
                  status["availableReplicas"] == wanted &&
                  Integer(status, {"observedGeneration"}) == Integer(deployment, {"metadata", "generation"});
  if (complete) {
    bool was = before != nullptr && Says(*before, {"reason"}, "NewReplicaSetAvailable");
    return condition("True", "NewReplicaSetAvailable", was ? Text(*before, {"lastUpdateTime"}, now) : now);
  }
  const Json& old = MemberOf(deployment, "status");
  auto grew = [&](const char* name) { return Integer(status, {name}) > Integer(old, {name}); };
  bool moved = grew("updatedReplicas") || grew("readyReplicas") || grew("availableReplicas") ||
               Integer(status, {"replicas"}) - Integer(status, {"updatedReplicas"}) <
                   Integer(old, {"replicas"}) - Integer(old, {"updatedReplicas"}) ||
               Integer(old, {"observedGeneration"}) != Integer(status, {"observedGeneration"});
  bool done = before != nullptr && Says(*before, {"reason"}, "NewReplicaSetAvailable");
  auto limit = std::chrono::seconds(Integer(deployment, {"spec", "progressDeadlineSeconds"}, 600));
  if (before == nullptr || moved) {
    queue_.AddAt(cluster::KeyOf(deployment), std::chrono::floor<std::chrono::seconds>(loop_.Now()) + limit);
    return condition("True", sets.current == nullptr ? "NewReplicaSetCreated" : "ReplicaSetUpdated", now);
  }
  // A Deployment that was complete and lost a pod is not progressing towards anything.
  if (done) return *before;
  TimePoint since = TimeAt(*before, {"lastUpdateTime"}, loop_.Now());
  std::string updated = Text(*before, {"lastUpdateTime"}, now);
  if (loop_.Now() >= since + limit) return condition("False", "ProgressDeadlineExceeded", updated);
  queue_.AddAt(cluster::KeyOf(deployment), since + limit);
  return condition("True", Text(*before, {"reason"}, "ReplicaSetUpdated").c_str(), updated);
}

void Deployments::WriteStatus(const Object& deployment, const Sets& sets) {
  const std::int64_t wanted = Replicas(*deployment);
  const std::int64_t asked = sets.Sum({"spec", "replicas"});
  std::int64_t available = sets.Sum({"status", "availableReplicas"});
  const std::int64_t updated = sets.current == nullptr ? 0 : Integer(*sets.current, {"status", "replicas"});
  Json status =
      JsonOf("availableReplicas", available, "observedGeneration", Integer(*deployment, {"metadata", "generation"}),
             "readyReplicas", sets.Sum({"status", "readyReplicas"}), "replicas", sets.Sum({"status", "replicas"}),
             "unavailableReplicas", std::max<std::int64_t>(asked - available, 0), "updatedReplicas", updated);
  Json conditions = Find(*deployment, {"status", "conditions"}) == nullptr
                        ? Json::array()
                        : *Find(*deployment, {"status", "conditions"});
  bool enough = available >= wanted - BoundsOf(*deployment).unavailable;
  SetCondition(conditions,
               JsonOf("reason", enough ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable", "status",
                      enough ? "True" : "False", "type", "Available"),
               loop_.Now());
  SetCondition(conditions, Progress(*deployment, sets, status), loop_.Now());
  const Json* failure = sets.current == nullptr ? nullptr : Condition(*sets.current, "ReplicaFailure");
  std::erase_if(conditions.get_ref<Json::array_t&>(),
                [](const Json& each) { return Says(each, {"type"}, "ReplicaFailure"); });
  if (failure != nullptr) conditions.push_back(*failure);
  status["conditions"] = std::move(conditions);
  auto written = store_.SetStatus(*deployment, std::move(status));
  if (written.ok()) view_.Assume(*written);
}

}  // namespace sluice::embedded
