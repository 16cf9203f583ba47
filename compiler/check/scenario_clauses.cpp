#include "compiler/check/scenario_clauses.h"

#include <algorithm>

#include <fmt/format.h>

#include "compiler/base/text.h"

namespace sluice::check {
namespace {

using diagnostics::Safety;

bool IsOneOf(const syntax::Timing& timing, const std::vector<std::string>& words) {
  return std::find(words.begin(), words.end(), timing.word.text) != words.end();
}

std::string_view WordOf(Role role) {
  switch (role) {
    case Role::kStable:
      return "stable";
    case Role::kBoth:
      return "pods";
    case Role::kCandidate:
      break;
  }
  return "candidate";
}

// Whether two clauses are about the same thing of the same pods.
bool AreOfOne(const Said& a, const Said& b) {
  const bool roles = a.role == b.role || a.role == Role::kBoth || b.role == Role::kBoth;
  const bool never_ready =
      (a.of == "ready-after" && b.of == "unpullable") || (a.of == "unpullable" && b.of == "ready-after");
  return roles && (a.of == b.of || never_ready);
}

// Whether one says that the candidate's image isn't there, and the other what its pods do. Those of stable run already.
bool NeverRuns(const Said& a, const Said& b) {
  const Said& image = a.of == "unpullable" ? a : b;
  const Said& does = &image == &a ? b : a;
  return image.of == "unpullable" && image.role != Role::kStable && does.of != "unpullable" &&
         does.role == Role::kCandidate;
}

bool AreApart(const Period& a, const Period& b) { return (a.to && *a.to <= b.from) || (b.to && *b.to <= a.from); }

}  // namespace

bool ClauseTimes::Know(const std::vector<std::string>& words) const {
  for (const syntax::Timing& timing : times_) {
    if (IsOneOf(timing, words)) {
      continue;
    }
    diagnostics::Builder report = reader_.context().Report(
        diagnostics::kUnknownClauseWord, timing.word.span,
        words.empty() ? fmt::format("`{}` holds from the beginning to the end and has no times", clause_)
                      : fmt::format("`{}` does not know `{}`", clause_, timing.word.text));
    if (!words.empty()) {
      report.Note(fmt::format("it knows {}", JoinWords(words)));
    }
    if (timing.word.text == "for") {
      report.Note("`for` on a line of its own says how long the scenario may take");
    }
    return false;
  }
  return true;
}

bool ClauseTimes::Find(const std::vector<std::string>& words, const syntax::Timing*& found) const {
  found = nullptr;
  for (const syntax::Timing& timing : times_) {
    if (!IsOneOf(timing, words)) {
      continue;
    }
    if (found != nullptr) {
      const bool same = found->word.text == timing.word.text;
      reader_.context()
          .Report(diagnostics::kDuplicateClause, timing.word.span,
                  same ? fmt::format("`{}` has `{}` twice", clause_, timing.word.text)
                       : fmt::format("`{}` has both `{}` and `{}`", clause_, found->word.text, timing.word.text))
          .Label(found->word.span, "the first one")
          .Emit();
      return false;
    }
    found = &timing;
  }
  return true;
}

std::optional<Period> ClauseTimes::Lasting() const {
  const syntax::Timing* begin = nullptr;
  const syntax::Timing* end = nullptr;
  if (!Know({"from", "after", "at", "to", "for"}) || !Find({"from", "after", "at"}, begin) ||
      !Find({"to", "for"}, end)) {
    return std::nullopt;
  }
  const auto time = [&](const syntax::Timing& timing, Duration least) {
    return reader_.Time(timing.value, "`" + timing.word.text + "`", least);
  };
  const std::optional<Duration> from = begin != nullptr ? time(*begin, Duration(0)) : Duration(0);
  const bool length = end != nullptr && end->word.text == "for";
  std::optional<Duration> to = end != nullptr ? time(*end, Duration(length ? 1 : 0)) : std::nullopt;
  if (!from || (end != nullptr && !to)) {
    return std::nullopt;
  }
  if (length) {
    to = *from + *to;
  }
  if (to && *to <= *from) {
    diagnostics::Builder report = reader_.context().Report(
        diagnostics::kValueOutOfRange, end->value->span,
        fmt::format("`{}` ends at {} and begins at {}", clause_, FormatDuration(*to), FormatDuration(*from)));
    if (*to > Duration(0)) {
      report.Fix(fmt::format("write `for {}`: so long", FormatDuration(*to)), Safety::kUncertain, end->word.span,
                 "for");
    }
    if (begin != nullptr && *to < *from) {
      const Context& context = reader_.context();
      report.Fix({"swap them",
                  Safety::kUncertain,
                  {{begin->value->span, context.Text(end->value->span)},
                   {end->value->span, context.Text(begin->value->span)}}});
    }
    return std::nullopt;
  }
  return Period{*from, to};
}

std::optional<ClauseTimes::Moment> ClauseTimes::Once(const std::vector<std::string>& words, Duration least) const {
  const syntax::Timing* at = nullptr;
  if (!Know(words) || !Find(words, at)) {
    return std::nullopt;
  }
  const auto time = reader_.Time(at->value, fmt::format("`{}` of `{}`", at->word.text, clause_), least);
  return time ? std::optional(Moment{at->word.text, *time}) : std::nullopt;
}

bool Statements::Add(Said said) {
  for (const Said& before : said_) {
    if (AreOfOne(before, said) && !AreApart(before.period, said.period)) {
      ReportOverlap(before, said);
      return false;
    }
    if (NeverRuns(before, said)) {
      context_
          .Report(diagnostics::kScenarioContradicts, said.span,
                  "pods whose image isn't there never run: they answer nothing and don't crash")
          .Label(before.span, "the other one")
          .Emit();
      return false;
    }
  }
  said_.push_back(std::move(said));
  return true;
}

void Statements::ReportOverlap(const Said& first, const Said& second) {
  const bool same = first.of == second.of;
  const std::string subject = second.role ? fmt::format("{} {}", WordOf(*second.role), second.of) : second.of;
  const std::string from = FormatDuration(std::max(first.period.from, second.period.from));
  diagnostics::Builder report =
      context_.Report(diagnostics::kCircumstancesOverlap, second.span,
                      !same           ? "pods of an image that isn't there are not ready at any time"
                      : !second.lasts ? fmt::format("two clauses say `{}`", subject)
                                      : fmt::format("two clauses say `{}` of the time from {} on", subject, from));
  report.Label(first.span, "the other one");
  // An open end is the common slip: the earlier one was to end where the later begins.
  const Said& earlier = first.period.from <= second.period.from ? first : second;
  const Said& later = &earlier == &first ? second : first;
  if (same && second.lasts && !earlier.period.to && earlier.period.from < later.period.from) {
    const std::string to = "to " + FormatDuration(later.period.from);
    const Span behind{earlier.span.file, earlier.span.end, earlier.span.end};
    report.Fix(fmt::format("end the earlier one: `{}`", to), Safety::kUncertain, behind, " " + to);
  }
}

}  // namespace sluice::check
