#include "reconciler/lease/holder.h"

#include <algorithm>

namespace sluice::lease {
namespace {

using cluster::Json;
using cluster::SharedJson;

constexpr const char* kManager = "sluice-lease";

}  // namespace

Holder::Holder(cluster::Cluster& cluster, loop::Loop& loop, cluster::ObjectKey key, std::string identity, Times times,
               Owner owner)
    : cluster_(cluster),
      loop_(loop),
      key_(std::move(key)),
      identity_(std::move(identity)),
      times_(times),
      owner_(std::move(owner)),
      election_(identity_, times) {}

Holder::~Holder() {
  *alive_ = false;
  loop_.Cancel(timer_);
}

void Holder::Start() {
  started_ = true;
  if (!election_.looked()) election_.Seen(std::nullopt, loop_.Now());
  Step();
}

void Holder::Seen(const Json* object) {
  if (released_) return;
  election_.Seen(object == nullptr ? std::nullopt : std::optional(ReadLease(*object)), loop_.Now());
  Step();
}

Duration Holder::Unrenewed() const {
  return holds() ? loop_.Now() - *election_.EndsAt() + times_.renew_deadline() : Duration(0);
}

void Holder::Step() {
  if (!started_ || lost_ || released_) return;
  const TimePoint now = loop_.Now();
  switch (election_.Next(now)) {
    case Election::Step::kLost:
      lost_ = true;
      if (on_loss) on_loss();
      return;
    case Election::Step::kTake:
    case Election::Step::kRenew:
      if (!asking_) Attempt();
      break;
    case Election::Step::kWait:
      break;
  }
  Duration wait = times_.retry();
  if (const auto wake = election_.WakeAt(); wake && !asking_) wait = std::max(Duration(1), *wake - now);
  Again(std::min(wait, times_.duration));
}

// Whatever is waited for: that it is lost is noticed when it is.
void Holder::Again(Duration after) {
  const TimePoint now = loop_.Now();
  TimePoint at = now + after;
  if (const auto end = election_.EndsAt()) at = std::max(now + Duration(1), std::min(at, *end));
  loop_.Cancel(timer_);
  timer_ = loop_.At(at, Safe([this] { Step(); }));
}

void Holder::Attempt() {
  asking_ = true;
  const TimePoint sent = loop_.Now();
  Json object = RenewedLease(key_, election_.record(), identity_, times_, owner_, sent);
  std::string renewed = cluster::Text(object, {"spec", "renewTime"});
  cluster::Request request = cluster::Apply{object, kManager, true};
  if (!election_.record()) request = cluster::Create{std::move(object), kManager};
  cluster_.Send(std::move(request), Safe([this, sent, renewed = std::move(renewed)](Result<SharedJson> answer) mutable {
                  if (answer.ok()) return Stored(**answer, sent);
                  ReadBack(std::move(renewed), sent);
                }));
}

// It may have been stored, or another's may.
void Holder::ReadBack(std::string renewed, TimePoint sent) {
  cluster_.Send(cluster::Get{key_}, Safe([this, sent, renewed = std::move(renewed)](Result<SharedJson> answer) {
                  if (answer.ok()) {
                    const Record record = ReadLease(**answer);
                    if (record.holder == identity_ && record.renewed == renewed) return Stored(**answer, sent);
                    election_.Seen(record, loop_.Now());
                  } else if (answer.error().code == ErrorCode::kNotFound) {
                    election_.Seen(std::nullopt, loop_.Now());
                  }
                  asking_ = false;
                  if (released_ || lost_) return;
                  // Not at once: what failed may fail again, and who was first should hold it.
                  if (election_.Next(loop_.Now()) == Election::Step::kLost) return Step();
                  Again(times_.retry());
                }));
}

void Holder::Stored(const Json& object, TimePoint sent) {
  asking_ = false;
  if (released_ || lost_) return;
  const bool news = !election_.holds();
  election_.Renewed(ReadLease(object), sent);
  const auto alive = alive_;
  if (news && on_gain) on_gain();
  if (*alive) Step();
}

void Holder::Release(std::function<void()> done) {
  const bool held = holds();
  released_ = true;
  loop_.Cancel(timer_);
  if (!held || !election_.record()) return loop_.Post(std::move(done));
  const Record& record = *election_.record();
  cluster_.Send(cluster::Delete{key_, record.uid, record.resource_version},
                [done = std::move(done)](const Result<SharedJson>&) { done(); });
}

}  // namespace sluice::lease
