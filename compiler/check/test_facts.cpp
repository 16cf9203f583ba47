#include "compiler/check/test_facts.h"

#include <algorithm>

namespace sluice::check {

const std::vector<Fact>& TestFacts() {
  using Kind = Type::Kind;
  static const std::vector<Fact> kFacts = {
      {"outcome", Kind::kString, true, false},
      {"step", Kind::kString, true, true},
      {"max-weight", Kind::kPercent, true, false},
      {"elapsed", Kind::kDuration, true, false},
      {"entered", Type::Map(Kind::kDuration), true, false},
      {"left", Type::Map(Kind::kDuration), true, false},
      {"peak-pods", Kind::kInt, true, false},
      {"pod-hours", Kind::kDecimal, true, false},
      {"requests", Kind::kInt, true, false},
      {"candidate-requests", Kind::kInt, true, false},
      {"bad-requests", Kind::kInt, true, false},
      {"lost-requests", Kind::kInt, true, false},
      {"writes", Kind::kInt, true, false},
      {"notifications", Type::List(Kind::kString), true, false},
      {"time", Kind::kDuration, false, true},
      {"weight", Kind::kPercent, false, true},
      {"ready-stable", Kind::kInt, false, true},
      {"ready-candidate", Kind::kInt, false, true},
      {"pods", Kind::kInt, false, true},
      {"state", Kind::kString, false, true},
      {"waits", Kind::kString, false, true},
  };
  return kFacts;
}

const Fact* FindTestFact(std::string_view name) {
  const auto& facts = TestFacts();
  const auto at = std::find_if(facts.begin(), facts.end(), [&](const Fact& fact) { return fact.name == name; });
  return at != facts.end() ? &*at : nullptr;
}

const std::vector<std::string>& TestOutcomes() {
  static const std::vector<std::string> kOutcomes = {"promoted",  "rolled-back", "aborted",    "reverted",
                                                     "undone",    "held",        "superseded", "first-install-failed",
                                                     "unfinished"};
  return kOutcomes;
}

}  // namespace sluice::check
