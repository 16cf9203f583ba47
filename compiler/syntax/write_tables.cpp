// A tool of the build: works out from the generated parser's network what reading by tables needs (tables.h), so
// that a process that meets no mistake never builds that network. Fails where a decision needs more than two tokens.
//
//   write_tables HEADER
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <antlr4-runtime.h>

#include "PlanLexer.h"
#include "PlanParser.h"

namespace {

using antlr4::atn::ATNState;
using antlr4::atn::RuleTransition;
using antlr4::atn::Transition;
using sluice::syntax::generated::PlanParser;

// A state, and the states to go on at when the rules are over that were entered since the decision.
using Position = std::pair<std::size_t, std::vector<std::size_t>>;
using Positions = std::set<Position>;
using Types = std::set<int>;  // token types; 0 is the end of the text

// Adds what isn't there yet.
template <typename Value>
std::size_t PlaceOf(std::vector<Value>& values, const Value& value) {
  const auto at = std::find(values.begin(), values.end(), value);
  const auto place = static_cast<std::size_t>(at - values.begin());
  if (at == values.end()) {
    values.push_back(value);
  }
  return place;
}

class Writer {
 public:
  Writer(antlr4::Parser& parser, std::ostream& out)
      : parser_(parser),
        atn_(parser.getATN()),
        out_(out),
        token_types_(static_cast<int>(atn_.maxTokenType) + 1),
        rules_(parser.getRuleNames().size()) {}

  void Write();

 private:
  struct State {
    const char* kind;
    std::size_t argument = 0;
    std::size_t next = 0;
  };

  // The runtime's accessor is not const.
  static bool EndsRule(const ATNState& state) {
    return const_cast<ATNState&>(state).getStateType() == ATNState::RULE_STOP;
  }
  bool Matches(const Transition& transition, int type) const {
    return transition.matches(type == 0 ? antlr4::Token::EOF : static_cast<std::size_t>(type), 1, atn_.maxTokenType);
  }
  Types TypesOf(const Transition& transition) const;
  Types FirstOf(const Positions& positions) const;
  Positions At(const Transition& transition) const;
  Positions Behind(const Positions& positions, int type) const;
  void Close(std::size_t state, std::vector<std::size_t> stack, Positions& seen) const;

  std::size_t NumberOf(const ATNState* state);
  State StateOf(const ATNState& state);
  std::size_t Decision(const ATNState& state);
  std::size_t SecondToken(const ATNState& state, const std::map<std::size_t, Positions>& alternatives, int first);
  Types ClauseWordsOf(std::size_t rule) const;

  void WriteSets(const char* name, const std::vector<Types>& sets);
  void WriteRows(const char* name, const std::vector<std::vector<std::size_t>>& rows);
  void WriteSpellings();

  antlr4::Parser& parser_;
  const antlr4::atn::ATN& atn_;
  std::ostream& out_;
  const int token_types_;
  const std::size_t rules_;

  std::map<const ATNState*, std::size_t> numbers_;
  std::vector<const ATNState*> numbered_;
  std::vector<Types> sets_;
  std::vector<std::vector<std::size_t>> decisions_;  // by first token, see tables.h
  std::vector<std::vector<std::size_t>> seconds_;    // by second token
};

Types Writer::TypesOf(const Transition& transition) const {
  Types types;
  for (int type = 0; type < token_types_; ++type) {
    if (Matches(transition, type)) {
      types.insert(type);
    }
  }
  return types;
}

// All that can be reached from `state` without a token.
void Writer::Close(std::size_t state, std::vector<std::size_t> stack, Positions& seen) const {
  if (!seen.emplace(state, stack).second) {
    return;
  }
  const ATNState* at = atn_.states[state];
  if (EndsRule(*at) && !stack.empty()) {
    const std::size_t back = stack.back();
    stack.pop_back();
    Close(back, std::move(stack), seen);
    return;
  }
  // What leaves a rule's end goes to wherever the rule is used.
  for (const Transition* transition : at->transitions) {
    if (!transition->isEpsilon()) {
      continue;
    }
    std::vector<std::size_t> inside = stack;
    if (transition->getSerializationType() == Transition::RULE) {
      inside.push_back(static_cast<const RuleTransition*>(transition)->followState->stateNumber);
    }
    Close(transition->target->stateNumber, std::move(inside), seen);
  }
}

Positions Writer::At(const Transition& transition) const {
  Positions positions;
  std::vector<std::size_t> stack;
  if (transition.getSerializationType() == Transition::RULE) {
    stack.push_back(static_cast<const RuleTransition&>(transition).followState->stateNumber);
  }
  Close(transition.target->stateNumber, stack, positions);
  return positions;
}

Positions Writer::Behind(const Positions& positions, int type) const {
  Positions behind;
  for (const auto& [state, stack] : positions) {
    for (const Transition* transition : atn_.states[state]->transitions) {
      if (!transition->isEpsilon() && Matches(*transition, type)) {
        Close(transition->target->stateNumber, stack, behind);
      }
    }
  }
  return behind;
}

Types Writer::FirstOf(const Positions& positions) const {
  Types types;
  for (const auto& [state, stack] : positions) {
    for (const Transition* transition : atn_.states[state]->transitions) {
      if (!transition->isEpsilon()) {
        types.merge(TypesOf(*transition));
      }
    }
  }
  return types;
}

// Of the first state at or behind `state` that does something.
std::size_t Writer::NumberOf(const ATNState* state) {
  while (!EndsRule(*state) && state->transitions.size() == 1 && state->transitions[0]->isEpsilon() &&
         state->transitions[0]->getSerializationType() != Transition::RULE) {
    state = state->transitions[0]->target;
  }
  const auto [at, added] = numbers_.emplace(state, numbered_.size());
  if (added) {
    numbered_.push_back(state);
  }
  return at->second;
}

Writer::State Writer::StateOf(const ATNState& state) {
  if (EndsRule(state)) {
    return {"kReturn"};
  }
  if (state.transitions.size() > 1) {
    return {"kDecide", Decision(state)};
  }
  const Transition& transition = *state.transitions[0];
  if (transition.getSerializationType() == Transition::RULE) {
    const auto& call = static_cast<const RuleTransition&>(transition);
    return {"kCall", call.target->ruleIndex, NumberOf(call.followState)};
  }
  return {"kMatch", PlaceOf(sets_, TypesOf(transition)), NumberOf(transition.target)};
}

std::size_t Writer::Decision(const ATNState& state) {
  std::vector<std::size_t> row(static_cast<std::size_t>(token_types_), 0);
  std::map<int, std::map<std::size_t, Positions>> alternatives;  // by first token, by target
  for (const Transition* transition : state.transitions) {
    const bool call = transition->getSerializationType() == Transition::RULE;
    const std::size_t target = NumberOf(transition->target);
    if (call) {
      std::cerr << "write_tables: a decision that calls a rule at once\n";
      std::exit(1);
    }
    const Positions positions = At(*transition);
    for (const int type : FirstOf(positions)) {
      alternatives[type].emplace(target, positions);
    }
  }
  for (const auto& [type, choices] : alternatives) {
    row[static_cast<std::size_t>(type)] =
        choices.size() == 1 ? choices.begin()->first + 1 : 0x8000 + SecondToken(state, choices, type);
  }
  return PlaceOf(decisions_, row);
}

std::size_t Writer::SecondToken(const ATNState& state, const std::map<std::size_t, Positions>& alternatives,
                                int first) {
  std::vector<std::size_t> row(static_cast<std::size_t>(token_types_), 0);
  for (const auto& [target, positions] : alternatives) {
    for (const int type : FirstOf(Behind(positions, first))) {
      std::size_t& choice = row[static_cast<std::size_t>(type)];
      if (choice != 0) {
        std::cerr << "write_tables: rule `" << parser_.getRuleNames()[state.ruleIndex]
                  << "` needs more than two tokens to decide, at "
                  << parser_.getVocabulary().getDisplayName(static_cast<std::size_t>(first)) << " "
                  << parser_.getVocabulary().getDisplayName(static_cast<std::size_t>(type)) << "\n";
        std::exit(1);
      }
      choice = target + 1;
    }
  }
  return PlaceOf(seconds_, row);
}

// The tokens that can stand first in a file, and those behind the `{` of a rule whose name ends in "Body".
Types Writer::ClauseWordsOf(std::size_t rule) const {
  const std::string& name = parser_.getRuleNames()[rule];
  const bool body = name.size() > 4 && name.compare(name.size() - 4, 4, "Body") == 0;
  if (!body && rule != PlanParser::RuleChunk) {
    return {};
  }
  Positions positions;
  Close(atn_.ruleToStartState[rule]->stateNumber, {}, positions);
  if (body) {
    positions = Behind(positions, PlanParser::LEFT_BRACE);
  }
  Types words;
  for (const int type : FirstOf(positions)) {
    if (type >= PlanParser::AND && type < PlanParser::ID) {
      words.insert(type);
    }
  }
  return words;
}

void Writer::WriteSets(const char* name, const std::vector<Types>& sets) {
  out_ << "inline constexpr std::array<TypeSet, " << sets.size() << "> " << name << " = {{\n";
  for (const Types& types : sets) {
    std::vector<std::uint64_t> words(4);
    for (const int type : types) {
      words[static_cast<std::size_t>(type) / 64] |= std::uint64_t{1} << (type % 64);
    }
    out_ << "  {{";
    for (const std::uint64_t word : words) {
      out_ << word << "u, ";
    }
    out_ << "}},\n";
  }
  out_ << "}};\n";
}

void Writer::WriteRows(const char* name, const std::vector<std::vector<std::size_t>>& rows) {
  out_ << "inline constexpr std::array<std::array<std::uint16_t, kTokenTypes>, " << rows.size() << "> " << name
       << " = {{\n";
  for (const std::vector<std::size_t>& row : rows) {
    out_ << "  {{";
    for (const std::size_t value : row) {
      out_ << value << ",";
    }
    out_ << "}},\n";
  }
  out_ << "}};\n";
}

void Writer::WriteSpellings() {
  out_ << "// \"weight\" of the grammar's 'weight'; empty of a type that has no one spelling.\n"
          "inline constexpr std::array<std::string_view, kTokenTypes> kSpellings = {{\n";
  for (int type = 0; type < token_types_; ++type) {
    const std::string literal = parser_.getVocabulary().getLiteralName(static_cast<std::size_t>(type));
    out_ << "  \"" << (literal.size() > 2 ? literal.substr(1, literal.size() - 2) : "") << "\",\n";
  }
  out_ << "}};\n";
}

void Writer::Write() {
  std::vector<std::size_t> starts;
  std::vector<Types> clause_words;
  for (std::size_t rule = 0; rule < rules_; ++rule) {
    starts.push_back(NumberOf(atn_.ruleToStartState[rule]));
    clause_words.push_back(ClauseWordsOf(rule));
  }
  std::vector<State> states;
  while (states.size() < numbered_.size()) {
    states.push_back(StateOf(*numbered_[states.size()]));
  }
  if (states.size() >= 0x8000 || token_types_ > 256) {
    std::cerr << "write_tables: the grammar is too large for the tables' numbers\n";
    std::exit(1);
  }

  out_ << "// Written from grammar/Plan.g4 by the build.\n#pragma once\n\n#include <array>\n#include <cstdint>\n"
          "#include <string_view>\n\nnamespace sluice::syntax::tables {\n\n"
       << "inline constexpr std::size_t kTokenTypes = " << token_types_ << ";  // 0 is the end of the text\n"
       << "using TypeSet = std::array<std::uint64_t, 4>;\n"
          "enum class Kind : std::uint8_t { kMatch, kCall, kReturn, kDecide };\n"
          "// argument: a row of kSets, a rule, none, a row of kDecisions\n"
          "struct State {\n  Kind kind;\n  std::uint16_t argument;\n  std::uint16_t next;\n};\n"
       << "inline constexpr std::array<State, " << states.size() << "> kStates = {{\n";
  for (const State& state : states) {
    out_ << "  {Kind::" << state.kind << ", " << state.argument << ", " << state.next << "},\n";
  }
  out_ << "}};\ninline constexpr std::array<std::uint16_t, " << starts.size() << "> kRuleStarts = {{\n";
  for (const std::size_t start : starts) {
    out_ << start << ",";
  }
  out_ << "}};\n";
  WriteSets("kSets", sets_);
  out_ << "// By token: 0 if it doesn't fit, the state to go to + 1, or 0x8000 + the row of kSeconds to ask.\n";
  WriteRows("kDecisions", decisions_);
  out_ << "// By the token behind: 0 if it doesn't fit, or the state to go to + 1.\n";
  WriteRows("kSeconds", seconds_);
  WriteSets("kClauseWords", clause_words);
  WriteSpellings();
  out_ << "\n}  // namespace sluice::syntax::tables\n";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "write_tables HEADER\n";
    return 2;
  }
  antlr4::ANTLRInputStream text;
  sluice::syntax::generated::PlanLexer lexer(&text);
  antlr4::CommonTokenStream stream(&lexer);
  PlanParser parser(&stream);
  std::ofstream out(argv[1]);
  Writer(parser, out).Write();
  return out.flush() ? 0 : 1;
}
