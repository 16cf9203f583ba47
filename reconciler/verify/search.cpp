#include "reconciler/verify/search.h"

#include <algorithm>
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

// A state from which histories part.
struct Branch {
  State state;
  std::uint32_t index = 0;
  bool crashes = false;  // in the middle of what is decided there; else whatever else may happen
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
    for (int things = 1; things <= limits_.things && finding_.flaws.empty() && finding_.cut_short.empty(); ++things) {
      things_ = things;
      const std::vector<Branch> branches = std::exchange(branches_, {});
      for (const Branch& branch : branches) {
        branch.crashes ? CrashIn(branch) : HappenIn(branch);
        if (!finding_.cut_short.empty()) break;
      }
      EndLevel(things);
    }
    finding_.states = seen_.size();
    return std::move(finding_);
  }

 private:
  struct Origin {
    std::uint32_t parent = 0;
    Happening by;
    std::uint32_t chain = 0;
  };

  void EndLevel(int things) {
    if (finding_.cut_short.empty()) finding_.complete = things;
  }

  // Its number, and whether it is new.
  std::pair<std::uint32_t, bool> Note(const State& state, std::uint32_t parent, const Happening& by) {
    const auto [found, is_new] = seen_.try_emplace(KeyOf(state), static_cast<std::uint32_t>(origins_.size()));
    if (is_new) origins_.push_back({parent, by, chain_});
    return {found->second, is_new};
  }

  void HappenIn(const Branch& branch) {
    for (const Happening& happening : Possible(branch.state, subject_)) {
      State state = branch.state;
      Happen(state, subject_, happening);
      Follow(std::move(state), branch.index, happening);
      if (!finding_.cut_short.empty()) return;
    }
  }

  void CrashIn(const Branch& branch) {
    State state = branch.state;
    Crash(state, subject_, {Happening::Kind::kCrashUnsaved, 0, 0});
    Follow(std::move(state), branch.index, {Happening::Kind::kCrashUnsaved, 0, 0});
    for (const std::uint16_t point : CrashPoints(DecideIn(branch.state))) {
      const Happening crash{Happening::Kind::kCrash, 0, point};
      state = branch.state;
      Crash(state, subject_, crash);
      Follow(std::move(state), branch.index, crash);
      if (!finding_.cut_short.empty()) return;
    }
  }

  void Follow(State state, std::uint32_t parent, const Happening& happening) {
    ++chain_;
    const auto [index, is_new] = Note(state, parent, happening);
    if (is_new) Chain(std::move(state), index);
  }

  // From there on, as it goes by itself, until it comes to a state that was seen.
  void Chain(State state, std::uint32_t index) {
    const bool branches = things_ < limits_.things;
    Key situation = SituationOf(state);
    bool is_other = true;
    while (!IsCutShort()) {
      if (branches && is_other) branches_.push_back({state, index, false});
      std::optional<State> decided_in;
      if (branches && !state.decided) decided_in = state;
      Step step = TakeStep(state, subject_, branches);
      ++finding_.decisions;
      if (step.went == Went::kBroken) return Found(step.broken, index);
      if (step.went == Went::kToRest) return;
      const bool acts = !step.moved && decided_in.has_value();
      if (acts) branches_.push_back({std::move(*decided_in), index, true});
      const std::uint32_t before = index;
      const auto [next, is_new] = Note(state, index, {});
      if (!is_new && !LeavesCircle(state, next, index)) return;
      if (is_new) index = next;
      const Key now = SituationOf(state);
      is_other = now != situation;
      situation = now;
      if (is_other && step.before_move) branches_.push_back({std::move(*step.before_move), before, false});
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
    const Happening later{Happening::Kind::kTimePasses, 0, 0};
    Happen(state, subject_, later);
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

  void Found(const std::vector<std::string>& broken, std::uint32_t index) {
    for (const std::string& promise : broken) {
      const bool told = std::any_of(finding_.flaws.begin(), finding_.flaws.end(),
                                    [&](const Flaw& flaw) { return flaw.promise == promise; });
      if (told || finding_.flaws.size() >= kFlaws) continue;
      Flaw flaw{promise, things_, {}};
      std::uint32_t at = index;
      for (; at != origins_[at].parent && at != first_install_; at = origins_[at].parent) {
        flaw.history.steps.push_back(origins_[at].by);
      }
      std::reverse(flaw.history.steps.begin(), flaw.history.steps.end());
      flaw.history.beginning = at == first_install_ ? Beginning::kFirstInstall : Beginning::kUpdate;
      finding_.flaws.push_back(std::move(flaw));
    }
  }

  const Subject& subject_;
  const Limits& limits_;
  Finding finding_;
  std::unordered_map<Key, std::uint32_t, HashKey> seen_;
  std::vector<Origin> origins_;  // by number
  std::vector<Branch> branches_;
  std::uint32_t chain_ = 0;
  std::uint32_t first_install_ = UINT32_MAX;
  int things_ = 0;
};

}  // namespace

State StateAt(Beginning beginning, const Subject& subject) {
  if (beginning == Beginning::kFirstInstall) return Nothing(subject, kCandidate);
  State state = Nothing(subject, kBefore);
  while (TakeStep(state, subject, false).went == Went::kOn) {
  }
  state.world.MoveTo(state.world.now + std::chrono::hours(1));
  state.world.git = kCandidate;
  state.decided = false;
  return state;
}

Finding Search(const Subject& subject, const Limits& limits) { return Searcher(subject, limits).Run(); }

}  // namespace sluice::verify
