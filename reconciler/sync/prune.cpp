#include "reconciler/sync/prune.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "compiler/graph/names.h"
#include "reconciler/telemetry/log.h"

namespace sluice::sync {
namespace {

using cluster::Json;
using cluster::ObjectKey;

struct Candidate {
  ObjectKey key;
  InventoryEntry entry;
  bool released = false;  // stays, and is no longer the plan set's
};

using Service = std::pair<std::string, std::string>;  // namespace, name

// The service that an object was made for; one without a name for any other.
Service ServiceOf(const LiveObjects& live, const ObjectKey& key) {
  const Json* found = live.Find(key);
  return {key.namespace_, found == nullptr ? "" : cluster::Text(*found, {"metadata", "labels", graph::kServiceLabel})};
}

// Until when pods that were there before a rollout are needed; TimePoint::max() while none of its versions is stable.
TimePoint ServesUntil(const LiveObjects& live, const WantedObject& rollout) {
  const Json* found = live.Find(rollout.key);
  if (found == nullptr || cluster::Text(*found, {"status", "stable"}).empty()) return TimePoint::max();
  TimePoint since{};
  return ParseTime(cluster::Text(*found, {"status", "promotedAt"}), since) ? since + rollout.drain : TimePoint{};
}

class Pruning : public std::enable_shared_from_this<Pruning> {
 public:
  Pruning(cluster::Cluster& cluster, loop::Loop& loop, std::weak_ptr<LiveObjects> live,
          std::vector<Candidate> candidates, std::string plan_set, PruneOutcome outcome,
          std::function<void(PruneOutcome)> done)
      : cluster_(cluster),
        loop_(loop),
        live_(std::move(live)),
        candidates_(std::move(candidates)),
        plan_set_(std::move(plan_set)),
        done_(std::move(done)),
        outcome_(std::move(outcome)) {}

  void Next() {
    if (live_.expired()) return;
    if (next_ == candidates_.size()) return End();
    const Candidate& candidate = candidates_[next_];
    const Wave wave = WaveOf(candidate.key.kind);
    if (wave != wave_ && (outcome_.waiting > 0 || !outcome_.problems.empty())) return End();
    wave_ = wave;
    ++next_;
    if (candidate.released) {
      outcome_.gone.push_back(candidate.key);  // released
      return Next();
    }
    // The watch's word is not enough to say that something is gone, or whose it is.
    cluster_.Send(cluster::Get{candidate.key},
                  [self = shared_from_this(), &candidate](Result<cluster::SharedJson> got) {
                    self->Looked(candidate, std::move(got));
                  });
  }

 private:
  void Looked(const Candidate& candidate, Result<cluster::SharedJson> got) {
    if (live_.expired()) return;
    if (!got && got.error().code == ErrorCode::kNotFound) {
      if (const auto live = live_.lock()) live->MarkMissing(candidate.key);
      outcome_.gone.push_back(candidate.key);
      return Next();
    }
    if (!got) return Failed(candidate, got.error());
    const Json& metadata = (*got)->at("metadata");
    const std::string uid = cluster::Text(metadata, {"uid"});
    const bool other = !candidate.entry.uid.empty() && candidate.entry.uid != uid;
    const bool ours = cluster::Says(metadata, {"labels", graph::kPlanSetLabel}, plan_set_);
    if (other || !ours) {
      telemetry::Log(telemetry::LogLevel::kWarning, "not deleted: it is another object by now, or no longer ours",
                     {{telemetry::LogKey::kObject, cluster::ToString(candidate.key)}});
      outcome_.gone.push_back(candidate.key);
      return Next();
    }
    if (metadata.contains("deletionTimestamp")) {
      ++outcome_.waiting;
      return Next();
    }
    telemetry::Log(telemetry::LogLevel::kInfo, "prune",
                   {{telemetry::LogKey::kObject, cluster::ToString(candidate.key)}});
    cluster_.Send(cluster::Delete{candidate.key, uid, ""},
                  [self = shared_from_this(), &candidate](const Result<cluster::SharedJson>& answer) {
                    if (!answer && answer.error().code != ErrorCode::kNotFound)
                      return self->Failed(candidate, answer.error());
                    ++self->outcome_.deleted;
                    ++self->outcome_.waiting;
                    self->Next();
                  });
  }

  void Failed(const Candidate& candidate, const Error& error) {
    outcome_.problems.push_back({candidate.key, error});
    Next();
  }

  void End() {
    loop_.Post([self = shared_from_this()] { self->done_(std::move(self->outcome_)); });
  }

  cluster::Cluster& cluster_;
  loop::Loop& loop_;
  const std::weak_ptr<LiveObjects> live_;
  const std::vector<Candidate> candidates_;
  const std::string plan_set_;
  const std::function<void(PruneOutcome)> done_;
  std::size_t next_ = 0;
  Wave wave_ = Wave::kRollouts;
  PruneOutcome outcome_;
};

}  // namespace

void Prune(cluster::Cluster& cluster, loop::Loop& loop, std::weak_ptr<LiveObjects> live, const PruneProofs&,
           const Inventory& inventory, const std::vector<WantedObject>& wanted, const std::string& plan_set,
           std::function<void(PruneOutcome)> done) {
  std::set<ObjectKey> named;
  std::set<ObjectKey> taken;
  std::map<Service, const WantedObject*> rollouts;
  for (const WantedObject& object : wanted) {
    named.insert(object.key);
    taken.insert(object.takes.begin(), object.takes.end());
    if (!object.service.empty()) rollouts.emplace(Service{object.key.namespace_, object.service}, &object);
  }
  const std::shared_ptr<const LiveObjects> objects = live.lock();
  std::vector<Candidate> candidates;
  PruneOutcome outcome;
  for (auto& [key, entry] : inventory.Entries()) {
    if (named.contains(key)) continue;
    const bool released = entry.keep || taken.contains(key);
    const auto rollout = released ? rollouts.end() : rollouts.find(ServiceOf(*objects, key));
    const TimePoint until = rollout == rollouts.end() ? TimePoint{} : ServesUntil(*objects, *rollout->second);
    if (until == TimePoint::max()) continue;  // the Rollout's status tells
    if (until > loop.Now()) {
      outcome.next_in = std::min(outcome.next_in.value_or(until - loop.Now()), until - loop.Now());
      continue;
    }
    candidates.push_back({key, entry, released});
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return WaveOf(a.key.kind) > WaveOf(b.key.kind); });
  std::make_shared<Pruning>(cluster, loop, std::move(live), std::move(candidates), plan_set, std::move(outcome),
                            std::move(done))
      ->Next();
}

}  // namespace sluice::sync
