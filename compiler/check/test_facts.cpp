#include "compiler/check/test_facts.h"

#include <algorithm>

namespace sluice::check {

const std::vector<Fact>& TestFacts() {
  static const std::vector<Fact> kFacts = {
      {"outcome", Type::Kind::kString, true, false},
      {"step", Type::Kind::kString, true, true},
      {"max-weight", Type::Kind::kPercent, true, false},
      {"elapsed", Type::Kind::kDuration, true, false},
      {"entered", Type::Map(Type::Kind::kDuration), true, false},
      {"left", Type::Map(Type::Kind::kDuration), true, false},
      {"peak-pods", Type::Kind::kInt, true, false},
      {"pod-hours", Type::Kind::kDecimal, true, false},
      {"requests", Type::Kind::kInt, true, false},
      {"candidate-requests", Type::Kind::kInt, true, false},
      {"bad-requests", Type::Kind::kInt, true, false},
      {"lost-requests", Type::Kind::kInt, true, false},
      {"writes", Type::Kind::kInt, true, false},
      {"notifications", Type::List(Type::Kind::kString), true, false},
      {"time", Type::Kind::kDuration, false, true},
      {"weight", Type::Kind::kPercent, false, true},
      {"ready-stable", Type::Kind::kInt, false, true},
      {"ready-candidate", Type::Kind::kInt, false, true},
      {"pods", Type::Kind::kInt, false, true},
      {"state", Type::Kind::kString, false, true},
      {"waits", Type::Kind::kString, false, true},
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
