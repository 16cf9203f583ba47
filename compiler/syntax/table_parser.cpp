// Reads tokens by the tables of the grammar.
#include <algorithm>

#include "compiler/syntax/grammar_parser.h"
#include "compiler/syntax/tables.h"

namespace sluice::syntax {
namespace {

bool Contains(const tables::TypeSet& types, int type) {
  const auto bit = static_cast<unsigned>(type);
  return (types[bit / 64] >> (bit % 64) & 1) != 0;
}

// Expression brackets inside a body: what stands in them is no clause.
bool EndsClauses(int rule) {
  switch (rule) {
    case rule::kMapLiteral:
    case rule::kListLiteral:
    case rule::kParenthesized:
    case rule::kArguments:
    case rule::kParameters:
    case rule::kIndex:
    case rule::kRecordType:
      return true;
    default:
      return false;
  }
}

const tables::TypeSet& ClauseTypes(int rule) { return tables::kClauseWords[static_cast<std::size_t>(rule)]; }

// Walks the grammar's states; a stack of the rules that are open, so that nesting costs no stack of the process.
class TableParser {
 public:
  explicit TableParser(Tree& tree) : tree_(tree) {}

  // Whether all tokens fit; the tree's nodes mean something only then.
  bool Read(int rule);

 private:
  struct Open {
    int rule = 0;
    std::uint16_t back = 0;  // the state to go on at
    std::uint32_t first_token = 0;
    std::uint32_t first_child = kNoNode;
    std::uint32_t last_child = kNoNode;
    std::uint32_t parts = 0;
  };

  // 0 is the end of the text.
  int TypeAt(std::size_t at) const { return at < tree_.tokens.size() ? std::max(tree_.tokens[at].type, 0) : 0; }
  std::uint16_t Enter(int rule, std::uint16_t back);
  // False: what would be a name begins a clause.
  bool MayEnter(int rule) const;
  void AddToken();
  void AddNode(std::uint32_t node);
  void Leave();
  std::uint16_t Decide(std::uint16_t decision) const;

  Tree& tree_;
  std::size_t at_ = 0;
  std::vector<Open> open_;
};

std::uint16_t TableParser::Enter(int rule, std::uint16_t back) {
  open_.push_back({rule, back, static_cast<std::uint32_t>(at_), kNoNode, kNoNode, 0});
  return tables::kRuleStarts[static_cast<std::size_t>(rule)];
}

bool TableParser::MayEnter(int rule) const {
  if (rule != rule::kName || at_ == tree_.tokens.size() || !MayBeginClause(tree_.tokens[at_])) {
    return true;
  }
  for (auto open = open_.rbegin(); open != open_.rend(); ++open) {
    if (const std::optional<bool> begins = BeginsClauseIn(open->rule, TypeAt(at_))) {
      return !*begins;
    }
  }
  return true;
}

void TableParser::AddToken() {
  if (at_ == tree_.tokens.size()) {
    return;
  }
  TreeNode node;
  node.token = static_cast<std::uint32_t>(at_++);
  node.end_token = node.token + 1;
  tree_.nodes.push_back(node);
  AddNode(static_cast<std::uint32_t>(tree_.nodes.size() - 1));
}

void TableParser::AddNode(std::uint32_t node) {
  Open& open = open_.back();
  (open.parts++ == 0 ? open.first_child : tree_.nodes[open.last_child].next) = node;
  open.last_child = node;
}

void TableParser::Leave() {
  const Open left = open_.back();
  open_.pop_back();
  std::uint32_t node = left.first_child;
  if (left.parts != 1 || !IsTransparent(left.rule)) {
    node = static_cast<std::uint32_t>(tree_.nodes.size());
    tree_.nodes.push_back({left.rule, left.first_token, static_cast<std::uint32_t>(at_), left.first_child, kNoNode});
  }
  if (open_.empty()) {
    tree_.root = node;
  } else {
    AddNode(node);
  }
}

// 0 where the tokens here fit no way; else the state to go on at + 1.
std::uint16_t TableParser::Decide(std::uint16_t decision) const {
  const std::uint16_t next = tables::kDecisions[decision][static_cast<std::size_t>(TypeAt(at_))];
  return next < 0x8000 ? next : tables::kSeconds[next - 0x8000][static_cast<std::size_t>(TypeAt(at_ + 1))];
}

bool TableParser::Read(int rule) {
  std::uint16_t state = Enter(rule, 0);
  while (true) {
    const tables::State& here = tables::kStates[state];
    switch (here.kind) {
      case tables::Kind::kMatch:
        if (!Contains(tables::kSets[here.argument], TypeAt(at_))) {
          return false;
        }
        AddToken();
        state = here.next;
        break;
      case tables::Kind::kCall:
        if (!MayEnter(here.argument)) {
          return false;
        }
        state = Enter(here.argument, here.next);
        break;
      case tables::Kind::kReturn:
        state = open_.back().back;
        Leave();
        if (open_.empty()) {
          return true;
        }
        break;
      case tables::Kind::kDecide:
        state = Decide(here.argument);
        if (state-- == 0) {
          return false;
        }
        break;
    }
  }
}

const std::vector<std::set<int>>& ClauseWordSets() {
  static const std::vector<std::set<int>> kSets = [] {
    std::vector<std::set<int>> made(tables::kClauseWords.size());
    for (std::size_t rule = 0; rule < made.size(); ++rule) {
      for (int type = token::AND; type < token::ID; ++type) {
        if (Contains(tables::kClauseWords[rule], type)) {
          made[rule].insert(made[rule].end(), type);
        }
      }
    }
    return made;
  }();
  return kSets;
}

}  // namespace

bool MayBeginClause(const Token& token) { return token.first_on_line && IsKeyword(token.type); }

std::optional<bool> BeginsClauseIn(int rule, int type) {
  if (EndsClauses(rule)) {
    return false;
  }
  if (ClauseTypes(rule) == tables::TypeSet{}) {
    return std::nullopt;
  }
  return Contains(ClauseTypes(rule), type);
}

bool GrammarParser::ParseByTables(Entry entry, Tree& tree) {
  tree.nodes.clear();
  tree.nodes.reserve(tree.tokens.size() * 2);
  return TableParser(tree).Read(entry == Entry::kChunk ? rule::kChunk : rule::kBareExpression);
}

std::optional<Failure> GrammarParser::Parse(Entry entry, Tree& tree) {
  if (ParseByTables(entry, tree)) {
    return std::nullopt;
  }
  return ParseGenerated(entry, tree);
}

const std::set<int>& GrammarParser::ClauseWords(int rule) { return ClauseWordSets()[static_cast<std::size_t>(rule)]; }

const std::vector<int>& GrammarParser::Bodies() {
  static const std::vector<int> kBodies = [] {
    std::vector<int> found;
    for (std::size_t rule = 0; rule < ClauseWordSets().size(); ++rule) {
      if (!ClauseWordSets()[rule].empty()) {
        found.push_back(static_cast<int>(rule));
      }
    }
    return found;
  }();
  return kBodies;
}

}  // namespace sluice::syntax
