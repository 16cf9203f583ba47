#include "reconciler/decide/split.h"

#include <algorithm>
#include <utility>

#include "reconciler/decide/revision.h"

namespace sluice::decide {
namespace {

// The router leads to the Services of single revisions, by weight. A switch (`address router`) leads to pods.
bool Weighs(const Context& context) {
  const graph::Router& router = context.graph.router;
  return !context.by_pods() && !router.objects.empty() && router.address != graph::Router::Address::kRouter;
}

bool ServiceIsThere(const Context& context, const Revision& revision) {
  const auto seen = context.seen.revisions.find(revision);
  return seen != context.seen.revisions.end() && seen->second.service.has_value();
}

// The routers were told of its Service, and had their time to follow; or they send requests there already.
bool RoutersKnow(const Context& context, const Revision& revision) {
  const Applied& applied = context.status.applied;
  return ShareOf(context, revision) > Number(0) ||
         (applied.shares.contains(revision) && (applied.settled_at || applied.previous.contains(revision)));
}

void Set(Context& context, Split split) {
  Applied& applied = context.status.applied;
  if (!applied.settled_at) {  // what the routers may not have been told stays unknown to them
    std::erase_if(applied.shares, [&](const auto& entry) {
      return entry.second == Number(0) && !MayGetRequests(context.status, entry.first);
    });
  }
  applied.previous = std::move(applied.shares);
  applied.shares = std::move(split.shares);
  applied.matches = std::move(split.matches);
  applied.mirror = split.mirror;
  applied.sequence += 1;
  applied.objects_written = 0;
  applied.written_at = context.now;
  applied.settled_at.reset();
  if (!context.status.exposed_at && CandidateExposed(context)) {
    context.status.exposed_at = context.now;
  }
}

// The applied split, in which the candidate is named without getting anything.
void NameCandidate(Context& context) {
  Split split{context.status.applied.shares, {}, Number(0)};
  split.shares.try_emplace(context.status.candidate, Number(0));
  Set(context, std::move(split));
}

// Somebody answers the requests that there are: some could be lost.
bool SomeoneAnswers(const Context& context) {
  const auto& shares = context.status.applied.shares;
  return std::any_of(shares.begin(), shares.end(), [&](const auto& entry) {
    return entry.second > Number(0) && Endpoints(context, entry.first) > 0;
  });
}

// Whether `split` sends requests to a candidate of which the routers do not know yet.
bool OutrunsRouters(const Context& context, const Split& split) {
  const Status& status = context.status;
  const auto share = split.shares.find(status.candidate);
  const bool sends =
      share != split.shares.end() && (share->second > Number(0) || !split.matches.empty() || split.mirror > Number(0));
  return sends && Weighs(context) && SomeoneAnswers(context) && !RoutersKnow(context, status.candidate);
}

}  // namespace

bool IsApplied(const Context& context, const Split& split) {
  const Applied& applied = context.status.applied;
  if (applied.mirror != split.mirror || applied.matches != split.matches) {
    return false;
  }
  if (!Weighs(context) || split.shares.empty()) {
    return applied.shares == split.shares;
  }
  const bool same = std::all_of(applied.shares.begin(), applied.shares.end(), [&](const auto& entry) {
    const auto wanted = split.shares.find(entry.first);
    return wanted == split.shares.end() ? entry.second == Number(0) : entry.second == wanted->second;
  });
  const bool all = std::all_of(split.shares.begin(), split.shares.end(),
                               [&](const auto& entry) { return applied.shares.contains(entry.first); });
  return same && all;
}

void Apply(Context& context, Split split) {
  if (IsApplied(context, split)) {
    return;
  }
  const Applied& applied = context.status.applied;
  if (OutrunsRouters(context, split)) {
    if (!applied.shares.contains(context.status.candidate)) {
      NameCandidate(context);
    }
    return;
  }
  if (Weighs(context) && !split.shares.empty()) {
    for (const auto& [revision, share] : applied.shares) {
      if (ServiceIsThere(context, revision)) {
        split.shares.try_emplace(revision, Number(0));
      }
    }
  }
  Set(context, std::move(split));
}

void NameBackends(Context& context) {
  const Status& status = context.status;
  Applied& applied = context.status.applied;
  if (!Weighs(context) || applied.shares.empty()) {
    return;
  }
  const bool comes = status.phase == Phase::kProgressing && !status.candidate.empty();
  std::erase_if(applied.shares, [&](const auto& entry) {
    // On the way back, too, for as long as stable can't have what matches.
    const bool aside = !applied.matches.empty() || applied.mirror > Number(0);
    const bool stays = entry.first == status.stable || ((comes || aside) && entry.first == status.candidate);
    const bool never_known = !applied.previous.contains(entry.first);
    const bool may_go = applied.settled_at || never_known || !ServiceIsThere(context, entry.first);
    return entry.second == Number(0) && !stays && may_go;
  });
  if (applied.settled_at) {
    applied.previous = applied.shares;
    if (comes && ServiceIsThere(context, status.candidate) && !applied.shares.contains(status.candidate)) {
      NameCandidate(context);
    }
  }
}

Split SplitFor(const Context& context, const Number& share, const std::vector<graph::Match>& matches,
               const Number& mirror) {
  const Status& status = context.status;
  Split split{{}, matches, mirror};
  if (share > Number(0) || !matches.empty() || mirror > Number(0)) {
    split.shares[status.candidate] = share;
  }
  Number rest = Number(1) - share;
  Number leaving;
  for (const auto& [revision, held] : status.applied.shares) {
    if (revision != status.stable && revision != status.candidate && Endpoints(context, revision) > 0) {
      leaving = leaving + held;
    }
  }
  if (status.stable.empty()) {
    return split;
  }
  // What stable carries: all of the rest without leaving revisions; else what its ready pods allow, at least
  // what it has now.
  Number carried = rest;
  if (leaving > Number(0)) {
    const Number able = ShareCarriedBy(context, Ready(context, status.stable));
    const Number has = ShareOf(context, status.stable);
    const Number most = able > has ? able : has;
    carried = most < rest ? most : rest;
    const Number least = rest - leaving;
    carried = carried < least ? least : carried;
  }
  split.shares[status.stable] = carried;
  rest = rest - carried;
  for (const auto& [revision, held] : status.applied.shares) {
    if (rest > Number(0) && revision != status.stable && revision != status.candidate &&
        Endpoints(context, revision) > 0) {
      const Number kept = held < rest ? held : rest;
      split.shares[revision] = kept;
      rest = rest - kept;
    }
  }
  return split;
}

}  // namespace sluice::decide
