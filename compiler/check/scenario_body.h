// How the clauses of one `simulate` block are read: check_scenario.cpp what happens to the cluster,
// check_scenario_people.cpp what people and commits do.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compiler/check/check_test.h"
#include "compiler/check/scenario_clauses.h"
#include "compiler/check/words.h"

namespace sluice::check {

// What of pods a clause may say; see check_scenario.cpp.
struct PodsWord;

// Reads one clause a call into a draft; a mistake is reported, and the draft isn't well then.
class ScenarioBody {
 public:
  ScenarioBody(const syntax::Simulation& simulation, const Reader& reader, ScenarioDraft& draft)
      : simulation_(simulation), reader_(reader), draft_(draft), statements_(reader.context()) {}

  void operator()(const syntax::ScenarioClause& clause);
  void operator()(const syntax::NoStableClause& clause);
  void operator()(const syntax::StartsClause& clause);
  void operator()(const syntax::PodsClause& clause);
  void operator()(const syntax::OutageClause& clause);
  void operator()(const syntax::AnswerClause& clause);
  void operator()(const syntax::LoadClause& clause);
  void operator()(const syntax::PersonClause& clause);
  void operator()(const syntax::CommitClause& clause);
  void operator()(const syntax::Later& later) {
    ReportLater(later, reader_.context());
    draft_.well = false;
  }

  // Once all clauses are read: what they are together.
  void Finish();

 private:
  diagnostics::Builder Report(const diagnostics::Kind& kind, Span span, std::string message) {
    draft_.well = false;
    return reader_.context().Report(kind, span, std::move(message));
  }
  void UnknownWord(const syntax::Name& word, std::string_view clause, const std::vector<std::string>& known) {
    draft_.well = false;
    if (!word.text.empty()) {  // reported where it is missing
      ReportUnknownWord(word, clause, known, reader_.context());
    }
  }
  template <typename Value>
  std::optional<Value> Known(std::optional<Value> value) {
    draft_.well = draft_.well && value;
    return value;
  }
  bool Known(bool well) {
    draft_.well = draft_.well && well;
    return well;
  }

  // Whether something of the scenario was not understood: what seems to be missing may be there.
  bool Broken() const { return reader_.checker().Broken(simulation_.span); }
  bool Once(const syntax::Name& word);
  // When a clause says that something happens; it must say so.
  std::optional<Duration> At(const std::vector<syntax::Timing>& times, const std::string& clause, Duration least,
                             Span span);
  bool CheckSetting(const syntax::PodsClause& clause, const PodsWord& word, const std::string& name);
  bool CheckRamping(const syntax::PodsClause& clause, const PodsWord& word, const std::string& name,
                    const Period& period);
  std::optional<Circumstance> Pods(const syntax::PodsClause& clause, const PodsWord& word, const Period& period);
  // Adds what isn't said twice of one time.
  void Add(Circumstance circumstance, Said said);
  void Keep(Circumstance circumstance, Span span) {
    draft_.scenario.circumstances.push_back(std::move(circumstance));
    spans_.push_back(span);
  }
  std::vector<std::string> Asked(const syntax::StepReference& reference, const std::string& verb);

  const syntax::Simulation& simulation_;
  const Reader& reader_;
  ScenarioDraft& draft_;
  std::vector<syntax::Name> seen_;                 // of clauses that may stand once
  std::vector<std::pair<Span, Duration>> begins_;  // when what a clause says begins
  std::vector<Span> spans_;                        // of the clauses that the draft's circumstances come from
  std::optional<Span> no_stable_;                  // of `stable none`
  Span limit_;                                     // of `for`
  Statements statements_;
};

}  // namespace sluice::check
