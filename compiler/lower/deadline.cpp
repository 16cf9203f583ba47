#include "compiler/lower/deadline.h"

#include <string>
#include <vector>

#include <fmt/format.h>

#include "compiler/graph/validate.h"

namespace sluice::lower {
namespace {

constexpr std::size_t kMaxShown = 12;

// "smoke/hold 5m + ramp[10%]/hold 10m + … = 4h"
std::string PathText(const graph::Graph& graph) {
  const std::vector<graph::PathPart> parts = graph::LongestPathParts(graph);
  std::string text;
  for (std::size_t i = 0; i < parts.size() && i < kMaxShown; ++i) {
    const std::string& path = graph.nodes[parts[i].node].path;
    text += fmt::format("{}{} {}", i == 0 ? "" : " + ", path.substr(graph.rollout.size() + 1),
                        FormatDuration(parts[i].duration));
  }
  if (parts.size() > kMaxShown) {
    text += fmt::format(" + {} more", parts.size() - kMaxShown);
  }
  return text + " = " + FormatDuration(graph::LongestPath(graph));
}

// The next whole hour, or whole day over three days: a number that a person would write.
Duration RoundUp(Duration duration) {
  constexpr Duration kHour{3'600'000};
  const Duration unit = duration > 72 * kHour ? 24 * kHour : kHour;
  return unit * ((duration + unit - Duration(1)) / unit);
}

}  // namespace

bool CheckDeadline(const check::Rollout& rollout, const graph::Graph& graph, const source::SourceSet&,
                   diagnostics::Emitter& emitter) {
  const Duration longest = graph::LongestPath(graph);
  if (longest > kMaxRollout) {
    emitter
        .Report(diagnostics::kRolloutTooLong, rollout.span,
                fmt::format("rollout `{}` takes up to {}, more than {}", rollout.name, FormatDuration(longest),
                            FormatDuration(kMaxRollout)))
        .Note(PathText(graph));
    return false;
  }
  if (longest <= graph.policies.deadline) {
    return true;
  }
  const source::Span place = rollout.deadline ? rollout.deadline->span : rollout.span;
  auto report = emitter.Report(diagnostics::kDeadlineTooShort, place,
                               fmt::format("rollout `{}` takes up to {}, its deadline is {}", rollout.name,
                                           FormatDuration(longest), FormatDuration(graph.policies.deadline)));
  report.Note(PathText(graph)).Note("pods becoming ready come on top");
  if (rollout.deadline && rollout.deadline->span.known()) {
    const std::string text = FormatDuration(RoundUp(longest));
    report.Fix(fmt::format("raise it to {}", text), diagnostics::Safety::kUncertain, rollout.deadline->span, text);
  }
  return false;
}

}  // namespace sluice::lower
