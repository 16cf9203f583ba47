// Drives Decide in a World through virtual time and writes down what happened, as a page to read.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/decide/marks.h"
#include "tests/decide/plan.h"
#include "tests/decide/world.h"

namespace sluice::decide::test {

class Story {
 public:
  explicit Story(graph::Graph plan) : world(std::move(plan)) {}
  // Installs the first revision of `plan`, then commits `next`: the state from which most stories start.
  static Story Installed(graph::Graph first, graph::Graph next);

  // Decides until nothing changes any more at this moment. Every decision is checked against the invariants.
  void Decide();
  // Moves through time, deciding at every event of the world and every wake-up, for `span` or until `stop`.
  // True if `stop` came true.
  bool Run(Duration span, const std::function<bool()>& stop = {});
  bool RunUntilEntered(const std::string& node, Duration span = std::chrono::hours(100));
  // Until the phase is one of rest and nothing is due. True if it ends there or in a named state.
  bool RunToRest(Duration span = std::chrono::hours(24 * 6));

  void Note(const std::string& text);  // a line of the story: what the world does
  void Command(const std::string& verb, const std::string& who = "ann");
  bool Entered(const std::string& node) const;
  std::string Ending() const;  // one line: phase, hold, stable, routed shares
  Number MaxShare(const Revision& revision) const;

  World world;
  Status status;
  Decision last;
  int restart_at = 0;               // the shell starts anew after the decision of this number, see `decisions`
  bool dies_before_acting = false;  // at restart_at: what was decided is stored and not done
  bool quiet = false;               // keep no transcript
  std::function<void(const DecisionMade&)> witness;  // of every decision
  std::string transcript;
  std::vector<std::string> broken;  // invariants, with the time
  int decisions = 0, status_changes = 0;

 private:
  bool DecideOnce();
  // `acts`: `stop` may say or do something, which is decided on at once.
  bool RunOn(Duration span, const std::function<bool()>& stop, bool acts);
  void Tell(const Status& before, const Decision& decision);
  std::string Clock() const;
  std::map<Revision, Number> max_share_;
};

// Compares with tests/decide/golden/NAME.txt; UPDATE_GOLDEN=1 rewrites it.
void CheckGolden(const std::string& name, const std::string& text);
// That no invariant was broken.
void CheckKept(const Story& story);
// Both, of a whole story with its end.
void CheckStory(const std::string& name, const Story& story);

}  // namespace sluice::decide::test
