// Places that walks must have passed: what no walk reaches no promise is checked at.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "reconciler/decide/decide.h"

namespace sluice::decide::test {

// One decision, and what it was made of.
struct DecisionMade {
  const graph::Graph& plan;
  const Status& before;
  const Observed& seen;
  TimePoint now;
  const Decision& decision;
  const Status& after = decision.status;
};

// A name, and whether a decision passes it.
struct Mark {
  std::string name;
  bool (*passes)(const DecisionMade&);
};

// All of them: states, edits, ways back, leaving revisions, and whatever else is rare.
const std::vector<Mark>& AllMarks();

// How many walks passed each.
class Marks {
 public:
  Marks() : counts_(AllMarks().size()), passed_(AllMarks().size()) {}
  // Whatever is noted until the next call is of one walk.
  void BeginWalk();
  void Note(const DecisionMade& moment);
  // One line a mark: how many walks, its name.
  std::string Table() const;
  // Those that no walk passed.
  std::vector<std::string> Missed() const;

 private:
  std::vector<int> counts_;
  std::vector<bool> passed_;  // by the present walk
};

}  // namespace sluice::decide::test
