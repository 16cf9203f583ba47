#include "reconciler/sync/apply.h"

#include <utility>

#include "compiler/graph/names.h"
#include "reconciler/telemetry/log.h"

namespace sluice::sync {
namespace {

using cluster::Json;

// Objects move on by themselves (a Rollout's status in each of its steps): read again, and decided anew, so often.
constexpr int kMostReadAgain = 3;

bool SameDigest(const Json& live, const Json& wanted) {
  const auto same = [&](const char* name) {
    return cluster::Text(live, {"spec", name}) == cluster::Text(wanted, {"spec", name});
  };
  return same("digest") && same("bundle");
}

// What is to be written: the number of pods that an autoscaler came to stays. Left out, it would become 1 where nobody
// else owns the field. Where somebody scaled to 0 no autoscaler counts; it is told as any field that somebody took.
Json Intended(const Json* live, const WantedObject& wanted) {
  Json object = wanted.object;
  if (!wanted.counted || live == nullptr) return object;
  const Json* found = cluster::Find(*live, {"spec", "replicas"});
  if (found != nullptr && found->is_number_integer() && found->get<std::int64_t>() > 0) {
    object["spec"]["replicas"] = *found;
  }
  return object;
}

// The plan set had an autoscaler for it and has none any more: the number of pods, which that one owns by the scale, is
// the plan's again. The autoscaler itself goes with the prune, which comes after what is applied.
bool WasCounted(const LiveObjects& live, const WantedObject& wanted) {
  const cluster::Kind autoscaler{graph::kAutoscalerApiVersion, graph::kAutoscalerKind};
  return !wanted.counted && wanted.key.kind.kind == "Deployment" && live.watches(autoscaler) &&
         live.Find({autoscaler, wanted.key.namespace_, wanted.key.name}) != nullptr;
}

class Application : public std::enable_shared_from_this<Application> {
 public:
  Application(cluster::Cluster& cluster, loop::Loop& loop, std::weak_ptr<LiveObjects> live,
              std::shared_ptr<const std::vector<WantedObject>> wanted, std::string manager,
              std::function<void(ApplyOutcome)> done)
      : cluster_(cluster),
        loop_(loop),
        live_(std::move(live)),
        wanted_(std::move(wanted)),
        manager_(std::move(manager)),
        done_(std::move(done)) {}

  void Next() {
    const auto live = live_.lock();
    if (live == nullptr) return;
    while (next_ < wanted_->size() && IsAsWanted(*live, (*wanted_)[next_])) ++next_;
    if (next_ == wanted_->size()) return End();
    const WantedObject& wanted = (*wanted_)[next_];
    // Later waves need the earlier ones: an object in a namespace that isn't there fails anyway.
    if (!outcome_.problems.empty() && wanted.wave != failed_wave_) return End();
    ++next_;
    read_again_ = 0;
    telemetry::Log(telemetry::LogLevel::kInfo, "apply", {{telemetry::LogKey::kObject, cluster::ToString(wanted.key)}});
    Write(*live, wanted);
  }

 private:
  void Write(const LiveObjects& live, const WantedObject& wanted) {
    cluster::Request request = cluster::Create{wanted.object, manager_};
    if (wanted.wave != Wave::kBundles) {
      cluster::Apply apply{Intended(live.Find(wanted.key), wanted), manager_, WasCounted(live, wanted)};
      // What was decided of one version is refused by another: it may arrive late, when someone else has gone on.
      if (const execute::Identity* seen = live.FindIdentity(wanted.key)) {
        apply.object["metadata"]["uid"] = seen->uid;
        apply.object["metadata"]["resourceVersion"] = seen->resource_version;
      }
      request = std::move(apply);
    }
    cluster_.Send(std::move(request), [self = shared_from_this(), &wanted](Result<cluster::SharedJson> answer) {
      self->Answered(wanted, std::move(answer));
    });
  }

  // Another's field is a conflict, too: that one stays.
  void ReadAgain(const WantedObject& wanted, const Error& conflict) {
    ++read_again_;
    cluster_.Send(cluster::Get{wanted.key},
                  [self = shared_from_this(), &wanted, conflict](const Result<cluster::SharedJson>& got) {
                    const auto live = self->live_.lock();
                    if (live == nullptr) return;
                    if (got.ok())
                      live->Learn(*got);
                    else if (got.error().code == ErrorCode::kNotFound)
                      live->MarkMissing(wanted.key);
                    else
                      return self->Failed(wanted, conflict);
                    if (IsAsWanted(*live, wanted)) return self->Next();
                    self->Write(*live, wanted);
                  });
  }

  // A conflict, maybe with a rollout that leaves.
  void FindHolder(const WantedObject& wanted, const Error& conflict) {
    cluster_.Send(cluster::Get{wanted.key},
                  [self = shared_from_this(), &wanted, conflict](const Result<cluster::SharedJson>& got) {
                    const auto live = self->live_.lock();
                    if (live == nullptr) return;
                    if (!got.ok() || !self->IsHeld(*live, **got)) return self->Failed(wanted, conflict);
                    self->outcome_.held.push_back(wanted.key);
                    self->Next();
                  });
  }

  bool IsHeld(const LiveObjects& live, const Json& object) const {
    const cluster::ObjectKey rollout{{graph::kApiVersion, graph::kRolloutKind},
                                     cluster::KeyOf(object).namespace_,
                                     cluster::Text(object, {"metadata", "labels", graph::kRolloutLabel})};
    const Json* found = live.Find(rollout);
    const bool owned = found != nullptr && cluster::Says(object, {"metadata", "annotations", graph::kOwnerAnnotation},
                                                         cluster::Text(*found, {"metadata", "uid"}));
    return owned && std::none_of(wanted_->begin(), wanted_->end(),
                                 [&](const WantedObject& wanted) { return wanted.key == rollout; });
  }

  // It may have gone since, and no watch tells that of what it never showed: nobody would make it again.
  void FindBundle(const WantedObject& wanted, const Error& exists) {
    cluster_.Send(cluster::Get{wanted.key},
                  [self = shared_from_this(), &wanted, exists](const Result<cluster::SharedJson>& got) {
                    const auto live = self->live_.lock();
                    if (live == nullptr) return;
                    if (!got.ok()) return self->Failed(wanted, exists);
                    self->Next();
                  });
  }

  void Failed(const WantedObject& wanted, const Error& error) {
    failed_wave_ = wanted.wave;
    outcome_.problems.push_back({wanted.key, error});
    Next();
  }

  void Answered(const WantedObject& wanted, Result<cluster::SharedJson> answer) {
    const auto live = live_.lock();
    if (live == nullptr) return;
    if (answer.ok()) {
      live->Learn(*answer);
      ++outcome_.wrote;
      return Next();
    }
    // A bundle is named by its content: one that is there already is the one that was wanted.
    if (wanted.wave == Wave::kBundles && answer.error().code == ErrorCode::kExists) {
      return FindBundle(wanted, answer.error());
    }
    const bool moved = answer.error().code == ErrorCode::kConflict && live->FindIdentity(wanted.key) != nullptr;
    if (moved && read_again_ < kMostReadAgain) return ReadAgain(wanted, answer.error());
    if (answer.error().code == ErrorCode::kConflict) return FindHolder(wanted, answer.error());
    Failed(wanted, answer.error());
  }

  void End() {
    loop_.Post([self = shared_from_this()] { self->done_(std::move(self->outcome_)); });
  }

  cluster::Cluster& cluster_;
  loop::Loop& loop_;
  const std::weak_ptr<LiveObjects> live_;
  const std::shared_ptr<const std::vector<WantedObject>> wanted_;
  const std::string manager_;
  const std::function<void(ApplyOutcome)> done_;
  std::size_t next_ = 0;
  int read_again_ = 0;  // the object that is being written
  Wave failed_wave_ = Wave::kNamespaces;
  ApplyOutcome outcome_;
};

}  // namespace

bool IsAsWanted(const LiveObjects& live, const WantedObject& wanted) {
  const Json* found = live.Find(wanted.key);
  if (found == nullptr) return false;
  if (wanted.wave == Wave::kBundles || wanted.wave == Wave::kRollouts) {
    // One that is being deleted has to go first; writing to it would change nothing.
    return SameDigest(*found, wanted.object) || found->at("metadata").contains("deletionTimestamp");
  }
  return wanted.counted ? Holds(*found, Intended(found, wanted)) : Holds(*found, wanted.object);
}

void ApplyAll(cluster::Cluster& cluster, loop::Loop& loop, std::weak_ptr<LiveObjects> live,
              std::shared_ptr<const std::vector<WantedObject>> wanted, const std::string& manager,
              std::function<void(ApplyOutcome)> done) {
  std::make_shared<Application>(cluster, loop, std::move(live), std::move(wanted), manager, std::move(done))->Next();
}

}  // namespace sluice::sync
