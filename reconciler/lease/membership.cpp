#include "reconciler/lease/membership.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "compiler/base/hash.h"

namespace sluice::lease {
namespace {

using cluster::EventType;
using cluster::Json;

constexpr const char* kMemberPrefix = "sluice-executor-";
constexpr const char* kSyncPrefix = "sluice-sync-";
// A pod's lease goes with the pod. Others' are collected once nobody can be waiting for them.
constexpr int kDeadAfter = 20;
constexpr Duration kTolerance{5'000};

cluster::ObjectKey KeyFor(const MemberOptions& options, std::string name) {
  return {kLeaseKind, options.namespace_, std::move(name)};
}

}  // namespace

std::string MemberLeaseName(const std::string& identity) { return kMemberPrefix + Sha256(identity).substr(0, 10); }
std::string SyncLeaseName(const std::string& source) { return kSyncPrefix + source; }

std::string OwnerOf(const std::string& namespace_, const std::string& name, const std::vector<std::string>& members) {
  if (members.size() == 1) return members.front();
  const std::string rollout = fmt::format("{}/{}", namespace_, name);
  std::string owner, highest;
  for (const std::string& member : members) {
    std::string hash = Sha256(fmt::format("{}\n{}", member, rollout));
    if (hash <= highest) continue;
    highest = std::move(hash);
    owner = member;
  }
  return owner;
}

Membership::Membership(cluster::Cluster& cluster, loop::Loop& loop, MemberOptions options)
    : cluster_(cluster),
      loop_(loop),
      options_(std::move(options)),
      member_(cluster, loop, KeyFor(options_, MemberLeaseName(options_.identity)), options_.identity, options_.times,
              options_.owner),
      sync_(cluster, loop, KeyFor(options_, SyncLeaseName(options_.source)), options_.identity, options_.times) {
  for (Holder* holder : {&member_, &sync_}) {
    holder->on_loss = [this, holder] {
      if (on_loss) on_loss(holder->key().name);
    };
  }
  member_.on_gain = [this] { Count(); };
  sync_.on_gain = [this] {
    if (on_sync) on_sync();
  };
}

Membership::~Membership() {
  cluster_.Cancel(watch_);
  loop_.Cancel(timer_);
}

void Membership::Start() {
  watch_ = cluster_.Watch({kLeaseKind, options_.namespace_, {{kLeaseLabel, "true"}}},
                          [this](const cluster::Event& event) { OnEvent(event); });
}

void Membership::Release(std::function<void()> done) {
  cluster_.Cancel(watch_);
  loop_.Cancel(timer_);
  // The source's first: who takes it over needs no lease of this one's.
  sync_.Release([this, done = std::move(done)]() mutable { member_.Release(std::move(done)); });
}

void Membership::OnEvent(const cluster::Event& event) {
  if (event.type == EventType::kSynced) {
    if (!listed_) {
      listed_ = true;
      member_.Start();
      sync_.Start();
    }
    return Count();
  }
  const std::string name = cluster::KeyOf(*event.object).name;
  const Json* object = event.type == EventType::kDeleted ? nullptr : event.object.get();
  if (name == sync_.key().name) return sync_.Seen(object);
  if (name == member_.key().name)
    member_.Seen(object);
  else if (!name.starts_with(kMemberPrefix))
    return;
  else if (object == nullptr)
    others_.erase(name);
  else
    others_.try_emplace(name, "", options_.times).first->second.Seen(ReadLease(*object), loop_.Now());
  Count();
}

// Who lives, and when that may change by itself.
void Membership::Count() {
  if (!listed_) return;
  const TimePoint now = loop_.Now();
  std::vector<std::string> members;
  if (member_.holds()) members.push_back(options_.identity);
  std::optional<TimePoint> next;
  for (const auto& [name, other] : others_) {
    if (!other.IsAlive(now)) continue;
    members.push_back(other.record()->holder);
    const TimePoint free_at = *other.WakeAt();
    next = next ? std::min(*next, free_at) : free_at;
  }
  CollectDead(now);
  std::sort(members.begin(), members.end());
  loop_.Cancel(timer_);
  if (next) timer_ = loop_.At(std::max(*next, now + Duration(1)), [this] { Count(); });
  if (members == members_) return;
  members_ = std::move(members);
  if (on_members) on_members();
}

void Membership::CollectDead(TimePoint now) {
  for (const auto& [name, other] : others_) {
    const bool dead = now >= *other.WakeAt() + kDeadAfter * options_.times.duration;
    if (!dead || OwnerOf("", name, members_) != options_.identity) continue;
    const Record& record = *other.record();
    cluster_.Send(cluster::Delete{KeyFor(options_, name), record.uid, record.resource_version},
                  [](const Result<cluster::SharedJson>&) {});
  }
}

bool Membership::Owns(const std::string& namespace_, const std::string& name) const {
  return member_.holds() && OwnerOf(namespace_, name, members_) == options_.identity;
}

bool Membership::IsStuck() const {
  return std::max(member_.Unrenewed(), sync_.Unrenewed()) > options_.times.duration + kTolerance;
}

}  // namespace sluice::lease
