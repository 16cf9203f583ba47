#include "tests/proxy/faults.h"

#include <algorithm>
#include <functional>

#include "tests/fault/seeds.h"

namespace sluice::proxy {
namespace {

using execute::Dice;

struct Row {
  Fault fault;
  std::string_view name;
  std::uint64_t weight;  // against others that fit
  std::function<bool(const Asked&)> fits;
};

bool Any(const Asked& asked) { return !asked.IsWatch(); }
bool Writes(const Asked& asked) { return asked.IsWrite(); }
bool Creates(const Asked& asked) { return asked.method == "POST" && !asked.IsAside(); }
bool Lists(const Asked& asked) { return asked.IsList(); }
bool NextPages(const Asked& asked) { return asked.query.find("continue=") != std::string::npos; }
bool Watches(const Asked& asked) { return asked.IsWatch(); }
bool StreamsList(const Asked& asked) {
  return asked.IsWatch() && asked.query.find("sendInitialEvents=") != std::string::npos;
}

const std::vector<Row>& Rows() {
  static const std::vector<Row> rows = {
      {Fault::kReset, "connection reset", 3, Any},
      {Fault::kAnswerDropped, "answer dropped", 4, Any},
      {Fault::kConflict, "409 Conflict", 3, Writes},
      {Fault::kExists, "409 AlreadyExists", 40, Creates},
      {Fault::kTooManyRequests, "429 with Retry-After", 2, Any},
      {Fault::kUnavailable, "503", 2, Any},
      {Fault::kInternalError, "500 from behind the change", 2, Any},
      {Fault::kPageInstead, "a page with 200", 2, Any},
      {Fault::kBadGateway, "a page with 502", 2, Any},
      {Fault::kTruncated, "truncated JSON", 2, Any},
      {Fault::kCutOff, "answer cut off", 2, Any},
      {Fault::kAnswerLate, "answer late", 2, Any},
      {Fault::kRequestLate, "request late", 2, Writes},
      {Fault::kGoneList, "410 of a list", 20, Lists},
      {Fault::kGonePage, "410 of a page", 400, NextPages},
      {Fault::kGoneWatch, "410 of a watch", 2, Watches},
      {Fault::kGoneEvent, "410 in a watch", 3, Watches},
      {Fault::kNoStreamedList, "no lists in watches", 2, StreamsList},
      {Fault::kWatchCut, "watch cut in an event", 4, Watches},
      {Fault::kWatchStalled, "watch stalled", 4, Watches},
      {Fault::kFewPerPage, "one object a page", 30, Lists},
  };
  return rows;
}

// One request in so many has a fate: of what is seldom asked more, so that each kind of fault is met.
std::uint64_t RateOf(const Asked& asked) {
  if (asked.IsWatch()) return 5;
  if (NextPages(asked)) return 1;
  if (asked.IsList() || Creates(asked)) return 2;
  if (asked.IsAside()) return 12;
  return 4;
}

}  // namespace

bool Asked::IsAside() const {
  return path.find("/leases") != std::string::npos || path.find("/events") != std::string::npos;
}

std::string_view NameOf(Fault fault) {
  for (const Row& row : Rows()) {
    if (row.fault == fault) return row.name;
  }
  return "none";
}

const std::vector<FaultKind>& FaultKinds() {
  static const std::vector<FaultKind> kinds = [] {
    std::vector<FaultKind> all;
    for (const Row& row : Rows()) all.push_back({row.fault, row.name});
    return all;
  }();
  return kinds;
}

Fate Draw(std::uint64_t seed, std::uint64_t number, const Asked& asked) {
  Dice dice(seed * 1'000'003 + number);
  Fate fate;
  if (!dice.OneIn(RateOf(asked))) return fate;
  std::uint64_t all = 0;
  for (const Row& row : Rows()) all += row.fits(asked) ? row.weight : 0;
  std::uint64_t drawn = dice.Below(std::max<std::uint64_t>(all, 1));
  for (const Row& row : Rows()) {
    const std::uint64_t weight = row.fits(asked) ? row.weight : 0;
    if (drawn < weight) {
      fate.fault = row.fault;
      break;
    }
    drawn -= weight;
  }
  fate.lasts = Duration(dice.Between(300, 2'500));
  // Beyond the deadline of a request now and then.
  if (dice.OneIn(5)) fate.lasts += Duration(4'000);
  fate.events = dice.Below(8);
  return fate;
}

}  // namespace sluice::proxy
