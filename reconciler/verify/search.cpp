#include "reconciler/verify/search.h"

#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "reconciler/decide/invariants.h"
#include "reconciler/verify/step.h"

namespace sluice::verify {
namespace {

// Flaws that are told at once: more of them are seldom about something else.
constexpr std::size_t kFlaws = 5;
// Between two looks at the clock.
constexpr std::uint64_t kLook = 1'024;
// What a state that waits for its turn takes, about.
constexpr std::size_t kStateBytes = 12'000;
constexpr std::size_t kSeenBytes = 64;

struct HashKey {
  std::size_t operator()(const Key& key) const { return key[0]; }
};

bool IsDisturbance(const Disturbance& step) {
  return step.kind != Disturbance::Kind::kNothing && step.kind != Disturbance::Kind::kTimePasses;
}

// A sentence without its numbers and revisions.
std::string Gist(const std::string& promise) {
  std::string gist;
  std::copy_if(promise.begin(), promise.end(), std::back_inserter(gist),
               [](char c) { return (c < '0' || c > '9') && (c < 'a' || c > 'f'); });
  return gist;
}

// A state from which histories part.
struct Branch {
  State state;
  std::uint32_t index = 0;
};

class Searcher {
 public:
  Searcher(const Subject& subject, const Limits& limits) : subject_(subject), limits_(limits) {}

  Finding Run() {
    for (const Beginning beginning : {Beginning::kUpdate, Beginning::kFirstInstall}) {
      State state = StateAt(beginning, subject_);
      const std::uint32_t index = Note(state, 0, {}).first;
      if (beginning == Beginning::kFirstInstall) first_install_ = index;
      Chain(std::move(state), index);
    }
    EndLevel(0);
    for (int disturbances = 1;
         disturbances <= limits_.disturbances && finding_.flaws.empty() && finding_.cut_short.empty(); ++disturbances) {
      disturbances_ = disturbances;
      for (const Branch& branch : std::exchange(branches_, {})) DisturbIn(branch);
      EndLevel(disturbances);
    }
    finding_.states = seen_.size();
    return std::move(finding_);
  }

 private:
  struct Origin {
    std::uint32_t parent = 0;
    Disturbance by;
    std::uint32_t chain = 0;
  };

  void EndLevel(int disturbances) {
    if (finding_.cut_short.empty()) finding_.complete = disturbances;
  }

  // Its number, and whether it is new.
  std::pair<std::uint32_t, bool> Note(const State& state, std::uint32_t parent, const Disturbance& by) {
    const auto [found, is_new] = seen_.try_emplace(KeyOf(state), static_cast<std::uint32_t>(origins_.size()));
    if (is_new) origins_.push_back({parent, by, chain_});
    return {found->second, is_new};
  }

  void DisturbIn(const Branch& branch) {
    if (!finding_.cut_short.empty()) return;
    for (const Disturbance& disturbance : Possible(branch.state, subject_)) {
      State state = branch.state;
      Disturb(state, subject_, disturbance);
      Follow(std::move(state), branch.index, disturbance);
      if (!finding_.cut_short.empty()) return;
    }
  }

  // The executor dies in the middle of that decision.
  void Die(const State& before, std::uint32_t index, const decide::Decision& decision) {
    const std::vector<std::uint16_t> points = CrashPoints(decision);
    // Who only asks a question loses nothing.
    if (points.size() == 1 && decision.status == before.status) return;
    std::vector<Disturbance> deaths = {{Disturbance::Kind::kCrashUnsaved, 0, 0}};
    for (const std::uint16_t point : points) deaths.push_back({Disturbance::Kind::kCrash, 0, point});
    for (const Disturbance& death : deaths) {
      if (!finding_.cut_short.empty()) return;
      State state = before;
      Crash(state, subject_, decision, death);
      const std::uint32_t living = std::exchange(chain_, chains_ + 1);
      Follow(std::move(state), index, death);
      chain_ = living;
    }
  }

  void Follow(State state, std::uint32_t parent, const Disturbance& disturbance) {
    chain_ = ++chains_;
    const auto [index, is_new] = Note(state, parent, disturbance);
    if (is_new) Chain(std::move(state), index);
  }

  // From there on, as it goes by itself, until it comes to a state that was seen.
  void Chain(State state, std::uint32_t index) {
    const bool branches = disturbances_ < limits_.disturbances;
    Key situation = branches ? SituationOf(state) : Key{};
    bool is_other = true;
    while (!IsCutShort()) {
      if (branches && is_other) branches_.push_back({state, index});
      Step step = TakeStep(state, subject_, {branches, !state.crashed});
      ++finding_.decisions;
      if (step.went == Went::kBroken) return Found(step.broken, index);
      if (step.went == Went::kToRest) return;
      if (step.before_act) Die(*step.before_act, index, step.decision);
      const std::uint32_t before = index;
      const auto [next, is_new] = Note(state, index, {});
      if (!is_new && !LeavesCircle(state, next, index)) return;
      if (is_new) index = next;
      if (!branches) continue;
      const Key now = SituationOf(state);
      is_other = now != situation;
      situation = now;
      if (is_other && step.before_move) branches_.push_back({std::move(*step.before_move), before});
    }
  }

  // A state that this very chain came through: nothing but a bound that is far ahead leads on from there.
  bool LeavesCircle(State& state, std::uint32_t seen, std::uint32_t& index) {
    if (origins_[seen].chain != chain_) return false;
    const decide::Status& status = state.status;
    const bool bounded = NextFar(state).has_value();
    if (!bounded && (state.late || decide::IsAtRest(status))) {
      if (status.hold == decide::Hold::kNone && !decide::IsAtRest(status)) {
        Found({"I5: it goes round in a circle, and its deadline doesn't end it"}, seen);
      }
      return false;
    }
    const Disturbance later{Disturbance::Kind::kTimePasses, 0, 0};
    Disturb(state, subject_, later);
    const auto [next, is_new] = Note(state, seen, later);
    index = next;
    return is_new;
  }

  bool IsCutShort() {
    if (!finding_.cut_short.empty()) return true;
    if (seen_.size() >= limits_.states) {
      finding_.cut_short = fmt::format("{} states are the limit", limits_.states);
    } else if (seen_.size() * kSeenBytes + branches_.size() * kStateBytes > limits_.bytes) {
      finding_.cut_short = "it would take more memory than it may";
    } else if (finding_.decisions % kLook == 0 && limits_.out_of_time()) {
      finding_.cut_short = "its time was over";
    }
    return !finding_.cut_short.empty();
  }

  // Of flaws that say the same of other pods and times, the one with the fewest disturbances and then steps is kept.
  void Found(const std::vector<std::string>& broken, std::uint32_t index) {
    for (const std::string& promise : broken) {
      Flaw flaw{promise, 0, HistoryOf(index)};
      flaw.disturbances =
          static_cast<int>(std::count_if(flaw.history.steps.begin(), flaw.history.steps.end(), IsDisturbance));
      const auto same = std::find_if(finding_.flaws.begin(), finding_.flaws.end(),
                                     [&](const Flaw& other) { return Gist(other.promise) == Gist(promise); });
      if (same == finding_.flaws.end()) {
        if (finding_.flaws.size() < kFlaws) finding_.flaws.push_back(std::move(flaw));
      } else if (std::pair(flaw.disturbances, flaw.history.steps.size()) <
                 std::pair(same->disturbances, same->history.steps.size())) {
        *same = std::move(flaw);
      }
    }
  }

  History HistoryOf(std::uint32_t index) const {
    History history;
    for (; index != origins_[index].parent && index != first_install_; index = origins_[index].parent) {
      history.steps.push_back(origins_[index].by);
    }
    std::reverse(history.steps.begin(), history.steps.end());
    history.beginning = index == first_install_ ? Beginning::kFirstInstall : Beginning::kUpdate;
    return history;
  }

  const Subject& subject_;
  const Limits& limits_;
  Finding finding_;
  std::unordered_map<Key, std::uint32_t, HashKey> seen_;
  std::vector<Origin> origins_;   // by number
  std::vector<Branch> branches_;  // from which one thing more may happen
  std::uint32_t chain_ = 0, chains_ = 0;
  std::uint32_t first_install_ = UINT32_MAX;
  int disturbances_ = 0;
};

}  // namespace

State StateAt(Beginning beginning, const Subject& subject) {
  if (beginning == Beginning::kFirstInstall) return Nothing(subject, kCandidate);
  State state = Nothing(subject, kBefore);
  while (TakeStep(state, subject, {}).went == Went::kOn) {
  }
  state.world.MoveTo(state.world.now + std::chrono::hours(1));
  state.world.git = kCandidate;
  state.decided = false;
  return state;
}

Finding Search(const Subject& subject, const Limits& limits) { return Searcher(subject, limits).Run(); }

}  // namespace sluice::verify
