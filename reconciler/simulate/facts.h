// What expectations speak of: a course as values of the language, by the names of check/test_facts.h.
#pragma once

#include "compiler/graph/value.h"
#include "reconciler/simulate/course.h"

namespace sluice::simulate {

// What is known at its end.
graph::Map FactsOf(const Course& course);
// What was so at that moment.
graph::Map FactsAt(const Moment& moment);

}  // namespace sluice::simulate
