#include "reconciler/sync/apply.h"

#include <utility>

#include "reconciler/telemetry/log.h"

namespace sluice::sync {
namespace {

using cluster::Json;

bool SameDigest(const Json& live, const Json& wanted) {
  const auto same = [&](const char* name) {
    return cluster::Text(live, {"spec", name}) == cluster::Text(wanted, {"spec", name});
  };
  return same("digest") && same("bundle");
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
    telemetry::Log(telemetry::LogLevel::kInfo, "apply", {{telemetry::LogKey::kObject, cluster::ToString(wanted.key)}});
    cluster::Request request = wanted.wave == Wave::kBundles
                                   ? cluster::Request(cluster::Create{wanted.object, manager_})
                                   : cluster::Request(cluster::Apply{wanted.object, manager_, false});
    cluster_.Send(std::move(request), [self = shared_from_this(), &wanted](Result<cluster::SharedJson> answer) {
      self->Answered(wanted, std::move(answer));
    });
  }

 private:
  void Answered(const WantedObject& wanted, Result<cluster::SharedJson> answer) {
    const auto live = live_.lock();
    if (live == nullptr) return;
    if (answer.ok()) {
      live->Learn(*answer);
      ++outcome_.wrote;
      return Next();
    }
    // A bundle is named by its content: one that is there already is the one that was wanted.
    if (wanted.wave == Wave::kBundles && answer.error().code == ErrorCode::kExists) return Next();
    failed_wave_ = wanted.wave;
    outcome_.problems.push_back({wanted.key, answer.error()});
    Next();
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
  return Holds(*found, wanted.object);
}

void ApplyAll(cluster::Cluster& cluster, loop::Loop& loop, std::weak_ptr<LiveObjects> live,
              std::shared_ptr<const std::vector<WantedObject>> wanted, const std::string& manager,
              std::function<void(ApplyOutcome)> done) {
  std::make_shared<Application>(cluster, loop, std::move(live), std::move(wanted), manager, std::move(done))->Next();
}

}  // namespace sluice::sync
