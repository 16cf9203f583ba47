// Drives the generated parser. One of the files that see ANTLR.
#include <typeinfo>

#include <antlr4-runtime.h>

#include "PlanParser.h"
#include "compiler/syntax/grammar_parser.h"

namespace sluice::syntax {
namespace {

using generated::PlanParser;

class ParserToken final : public antlr4::Token {
 public:
  ParserToken(int type, std::size_t index) : type_(type < 0 ? EOF : static_cast<std::size_t>(type)), index_(index) {}

  std::string getText() const override { return {}; }
  std::size_t getType() const override { return type_; }
  std::size_t getLine() const override { return 0; }
  std::size_t getCharPositionInLine() const override { return 0; }
  std::size_t getChannel() const override { return DEFAULT_CHANNEL; }
  std::size_t getTokenIndex() const override { return index_; }
  std::size_t getStartIndex() const override { return 0; }
  std::size_t getStopIndex() const override { return 0; }
  antlr4::TokenSource* getTokenSource() const override { return nullptr; }
  antlr4::CharStream* getInputStream() const override { return nullptr; }
  std::string toString() const override { return {}; }

 private:
  std::size_t type_;
  std::size_t index_;
};

// The tokens of one chunk, ended by EOF.
class ParserTokens final : public antlr4::TokenStream {
 public:
  void Assign(const Tokens& tokens) {
    tokens_.clear();
    tokens_.reserve(tokens.size() + 1);
    for (const Token& token : tokens) {
      tokens_.emplace_back(token.type, tokens_.size());
    }
    tokens_.emplace_back(kEndOfText, tokens_.size());
    position_ = 0;
  }

  void consume() override { position_ = std::min(position_ + 1, tokens_.size() - 1); }
  std::size_t LA(ssize_t offset) override { return LT(offset)->getType(); }
  antlr4::Token* LT(ssize_t offset) override {
    const auto at = static_cast<ssize_t>(position_) + (offset > 0 ? offset - 1 : offset);
    const auto last = static_cast<ssize_t>(tokens_.size()) - 1;
    return &tokens_[static_cast<std::size_t>(std::clamp<ssize_t>(at, 0, last))];
  }
  antlr4::Token* get(std::size_t index) const override { return &tokens_[index]; }
  ssize_t mark() override { return -1; }
  void release(ssize_t) override {}
  std::size_t index() override { return position_; }
  void seek(std::size_t index) override { position_ = std::min(index, tokens_.size() - 1); }
  std::size_t size() override { return tokens_.size(); }
  std::string getSourceName() const override { return {}; }
  antlr4::TokenSource* getTokenSource() const override { return nullptr; }
  std::string getText(const antlr4::misc::Interval&) override { return {}; }
  std::string getText() override { return {}; }
  std::string getText(antlr4::RuleContext*) override { return {}; }
  std::string getText(antlr4::Token*, antlr4::Token*) override { return {}; }

 private:
  mutable std::vector<ParserToken> tokens_ = {ParserToken(kEndOfText, 0)};
  std::size_t position_ = 0;
};

// Stops at the first mistake and remembers what would have fitted: at each decision the state is noted, because
// a loop that is left silently is no part of what the parser itself then expects.
class StoppingStrategy final : public antlr4::BailErrorStrategy {
 public:
  void sync(antlr4::Parser* parser) override {
    const std::size_t at = parser->getTokenStream()->index();
    if (at != noted_at_) {
      noted_at_ = at;
      noted_.clear();
    }
    noted_.push_back(parser->getState());
  }
  void reportError(antlr4::Parser*, const antlr4::RecognitionException&) override {}
  void recover(antlr4::Parser* parser, std::exception_ptr exception) override {
    std::size_t at = parser->getTokenStream()->index();
    try {
      std::rethrow_exception(exception);
    } catch (const antlr4::RecognitionException& e) {
      if (e.getOffendingToken() != nullptr) {
        at = e.getOffendingToken()->getTokenIndex();
      }
    } catch (...) {  // nothing else is thrown by the generated code
    }
    Stop(parser, at);
  }
  antlr4::Token* recoverInline(antlr4::Parser* parser) override { Stop(parser, parser->getTokenStream()->index()); }

  void Clear() {
    noted_.clear();
    noted_at_ = ~std::size_t{0};
    failure_ = {};
  }
  Failure Take() { return std::move(failure_); }

 private:
  [[noreturn]] void Stop(antlr4::Parser* parser, std::size_t at) {
    failure_.token = static_cast<std::uint32_t>(at);
    for (const auto* context = parser->getContext(); context != nullptr;
         context = static_cast<const antlr4::ParserRuleContext*>(context->parent)) {
      const std::size_t first = context->start != nullptr ? context->start->getTokenIndex() : at;
      failure_.frames.push_back(Frame{static_cast<int>(context->getRuleIndex()), static_cast<std::uint32_t>(first)});
    }
    std::reverse(failure_.frames.begin(), failure_.frames.end());
    Expect(parser, parser->getState());
    if (noted_at_ == at) {
      for (const std::size_t state : noted_) {
        Expect(parser, state);
      }
    }
    throw antlr4::ParseCancellationException();
  }

  void Expect(antlr4::Parser* parser, std::size_t state) {
    const auto& tokens = parser->getATN().nextTokens(parser->getATN().states[state]);
    const bool names = tokens.contains(static_cast<std::size_t>(token::ID));
    for (const ssize_t type : tokens.toList()) {
      const int as_int = static_cast<int>(type);
      const bool part_of_name = names && IsKeyword(as_int) && !IsReserved(as_int);
      if (type >= -1 && !part_of_name) {
        failure_.expected.insert(as_int);
      }
    }
  }

  std::vector<std::size_t> noted_;
  std::size_t noted_at_ = ~std::size_t{0};
  Failure failure_;
};

class ClauseParser final : public PlanParser {
 public:
  ClauseParser(antlr4::TokenStream* stream, const Tokens** tokens) : PlanParser(stream), tokens_(tokens) {}

  void BeforeName() override {
    const std::size_t at = getTokenStream()->index();
    if (at >= (*tokens_)->size() || !MayBeginClause((**tokens_)[at])) {
      return;
    }
    for (const antlr4::RuleContext* context = getContext(); context != nullptr;
         context = static_cast<const antlr4::RuleContext*>(context->parent)) {
      if (const std::optional<bool> begins =
              BeginsClauseIn(static_cast<int>(context->getRuleIndex()), (**tokens_)[at].type)) {
        if (*begins) {
          throw antlr4::InputMismatchException(this);
        }
        return;
      }
    }
  }

 private:
  const Tokens** tokens_;
};

class TreeCopier {
 public:
  explicit TreeCopier(Tree& tree) : tree_(tree) {}

  std::uint32_t Copy(const antlr4::tree::ParseTree* from) {
    // By the exact class: a cast that has to search the bases costs a fifth of the time of reading a plan.
    if (typeid(*from) == typeid(antlr4::tree::TerminalNodeImpl)) {
      return CopyToken(static_cast<const antlr4::tree::TerminalNode*>(from));
    }
    const auto* context = static_cast<const antlr4::ParserRuleContext*>(from);
    const int rule = static_cast<int>(context->getRuleIndex());
    if (context->children.size() == 1 && IsTransparent(rule)) {
      return Copy(context->children.front());
    }
    const auto here = static_cast<std::uint32_t>(tree_.nodes.size());
    TreeNode node;
    node.rule = rule;
    node.token = context->start != nullptr ? static_cast<std::uint32_t>(context->start->getTokenIndex()) : 0;
    node.end_token = context->stop != nullptr ? static_cast<std::uint32_t>(context->stop->getTokenIndex()) + 1 : 0;
    tree_.nodes.push_back(node);
    std::uint32_t last = kNoNode;
    for (const auto* child : context->children) {
      const std::uint32_t copied = Copy(child);
      if (copied == kNoNode) {
        continue;
      }
      (last == kNoNode ? tree_.nodes[here].first_child : tree_.nodes[last].next) = copied;
      last = copied;
    }
    return here;
  }

 private:
  std::uint32_t CopyToken(const antlr4::tree::TerminalNode* terminal) {
    const antlr4::Token* symbol = const_cast<antlr4::tree::TerminalNode*>(terminal)->getSymbol();
    if (symbol->getType() == antlr4::Token::EOF) {
      return kNoNode;
    }
    TreeNode node;
    node.token = static_cast<std::uint32_t>(symbol->getTokenIndex());
    node.end_token = node.token + 1;
    tree_.nodes.push_back(node);
    return static_cast<std::uint32_t>(tree_.nodes.size() - 1);
  }

  Tree& tree_;
};

}  // namespace

struct GrammarParser::State {
  ParserTokens stream;
  const Tokens* tokens = nullptr;
  ClauseParser parser{&stream, &tokens};
  std::shared_ptr<StoppingStrategy> strategy = std::make_shared<StoppingStrategy>();

  State() {
    parser.removeErrorListeners();
    parser.setErrorHandler(strategy);
    parser.getInterpreter<antlr4::atn::ParserATNSimulator>()->setPredictionMode(antlr4::atn::PredictionMode::SLL);
  }
};

GrammarParser::GrammarParser() = default;
GrammarParser::~GrammarParser() = default;

std::optional<Failure> GrammarParser::ParseGenerated(Entry entry, Tree& tree) {
  if (state_ == nullptr) {
    state_ = std::make_unique<State>();
  }
  State& state = *state_;
  state.tokens = &tree.tokens;
  state.stream.Assign(tree.tokens);
  state.strategy->Clear();
  state.parser.reset();
  tree.nodes.clear();
  try {
    const antlr4::ParserRuleContext* read = entry == Entry::kChunk
                                                ? static_cast<antlr4::ParserRuleContext*>(state.parser.chunk())
                                                : state.parser.bareExpression();
    tree.nodes.reserve(tree.tokens.size() * 2);
    tree.root = TreeCopier(tree).Copy(read);
    return std::nullopt;
  } catch (const antlr4::ParseCancellationException&) {
    return state.strategy->Take();
  }
}

int GrammarParser::CountHardPredictions(Entry entry, const Tokens& tokens) {
  class Counter final : public antlr4::BaseErrorListener {
   public:
    void reportAmbiguity(antlr4::Parser*, const antlr4::dfa::DFA&, std::size_t, std::size_t, bool,
                         const antlrcpp::BitSet&, antlr4::atn::ATNConfigSet*) override {
      ++count;
    }
    void reportAttemptingFullContext(antlr4::Parser*, const antlr4::dfa::DFA&, std::size_t, std::size_t,
                                     const antlrcpp::BitSet&, antlr4::atn::ATNConfigSet*) override {
      ++count;
    }
    int count = 0;
  };
  ParserTokens stream;
  stream.Assign(tokens);
  PlanParser parser(&stream);
  parser.removeErrorListeners();
  Counter counter;
  parser.addErrorListener(&counter);
  parser.getInterpreter<antlr4::atn::ParserATNSimulator>()->setPredictionMode(
      antlr4::atn::PredictionMode::LL_EXACT_AMBIG_DETECTION);
  if (entry == Entry::kChunk) {
    parser.chunk();
  } else {
    parser.bareExpression();
  }
  return counter.count;
}

}  // namespace sluice::syntax
