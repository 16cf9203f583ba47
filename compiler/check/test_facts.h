// What the conditions of tests speak of: facts of a scenario, and the words for how it ends.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compiler/check/type.h"

namespace sluice::check {

// A name that has a value in conditions. `step` is both: the furthest step at the end, the current one at a moment.
struct Fact {
  std::string_view name;
  Type type;
  bool end = false;     // in `expect CONDITION`
  bool moment = false;  // in `expect always CONDITION`, `never`, `eventually`
};

// In the order of the reference.
const std::vector<Fact>& TestFacts();
// Null if there is none of that name.
const Fact* FindTestFact(std::string_view name);

// The values of `outcome`, names themselves in conditions: promoted, rolled-back …
const std::vector<std::string>& TestOutcomes();

}  // namespace sluice::check
