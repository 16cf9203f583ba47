#include "compiler/check/words.h"

#include <fmt/format.h>

#include "compiler/base/text.h"

namespace sluice::check {

graph::Disposition DispositionOf(const syntax::Else& otherwise) {
  switch (otherwise.action) {
    case syntax::Action::kRollback:
      return graph::Disposition::kRollback;
    case syntax::Action::kContinue:
      return graph::Disposition::kContinue;
    case syntax::Action::kHold:
      return graph::Disposition::kHold;
    case syntax::Action::kFail:
      return graph::Disposition::kFail;
  }
  return graph::Disposition::kRollback;
}

void ReportUnknownWord(const syntax::Name& word, std::string_view clause, const std::vector<std::string>& known,
                       Context& context) {
  diagnostics::Builder report = context.Report(diagnostics::kUnknownClauseWord, word.span,
                                               fmt::format("`{}` does not know `{}`", clause, word.text));
  report.Note(fmt::format("it knows {}", JoinWords(known)));
  for (const std::string& similar : SimilarNames(word.text, known)) {
    report.Fix(fmt::format("write `{}`", similar), diagnostics::Safety::kUncertain, word.span, similar);
  }
}

}  // namespace sluice::check
