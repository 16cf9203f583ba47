// What the clauses of a scenario have in common: their times, and that no two say the same of one time.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/check/checker.h"

namespace sluice::check {

// The times of one clause: `from 5m to 10m`, `at 12m`, `after 2h`. What gives nothing was reported.
class ClauseTimes {
 public:
  // `clause` names it for messages: "candidate error-rate".
  ClauseTimes(const std::vector<syntax::Timing>& times, std::string clause, const Reader& reader)
      : times_(times), clause_(std::move(clause)), reader_(reader) {}

  // From when until when the clause holds; without times from the commit on.
  std::optional<Period> Lasting() const;
  // The time behind the one of these words that stands there, at least `least`. There must be times.
  struct Moment {
    std::string word;
    Duration time{0};
  };
  std::optional<Moment> Once(const std::vector<std::string>& words, Duration least) const;
  // Whether there are none, as it must be.
  bool None() const { return Know({}); }

 private:
  bool Know(const std::vector<std::string>& words) const;
  // The one of these words that stands there; null if none does. False: a second one does.
  bool Find(const std::vector<std::string>& words, const syntax::Timing*& found) const;

  const std::vector<syntax::Timing>& times_;
  std::string clause_;
  const Reader& reader_;
};

// What a clause says of something, from when until when.
struct Said {
  std::string of;            // "error-rate", "metrics"
  std::optional<Role> role;  // whose, where it is about pods
  Period period;
  bool lasts = true;  // has times
  Span span;
};

// What the clauses of one scenario have said so far.
class Statements {
 public:
  explicit Statements(Context& context) : context_(context) {}

  // False: it contradicts what was said before, which is reported.
  bool Add(Said said);

 private:
  void ReportOverlap(const Said& first, const Said& second);

  Context& context_;
  std::vector<Said> said_;
};

}  // namespace sluice::check
