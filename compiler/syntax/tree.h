// What the grammar made of a run of tokens: rules and tokens, nothing of the parser.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/syntax/tokens.h"

namespace sluice::syntax {

inline constexpr std::uint32_t kNoNode = 0xffffffff;
inline constexpr int kTokenNode = -1;

// A rule that stands for exactly one part is replaced by that part where it says nothing of its own (the
// steps of the expression ladder), so `1` is one node.
struct TreeNode {
  int rule = kTokenNode;
  std::uint32_t token = 0;      // of a token node: its index; of a rule: the index of its first token
  std::uint32_t end_token = 0;  // one past the last
  std::uint32_t first_child = kNoNode;
  std::uint32_t next = kNoNode;  // the next child of the same parent
};

// Rules that say nothing when they hold one part.
bool IsTransparent(int rule);

struct Tree {
  Tokens tokens;
  std::vector<TreeNode> nodes;
  std::uint32_t root = kNoNode;
};

// A node of a tree; cheap to copy; void where a child was asked for that is not there.
class Part {
 public:
  Part() = default;
  Part(const Tree& tree, std::uint32_t node) : tree_(&tree), node_(node) {}

  explicit operator bool() const { return node_ != kNoNode; }
  bool Is(int rule) const { return node_ != kNoNode && node().rule == rule; }
  bool IsToken() const { return Is(kTokenNode); }
  bool IsToken(int type) const { return IsToken() && token().type == type; }
  int rule() const { return node().rule; }
  // The first token of it.
  const Token& token() const { return tree_->tokens[node().token]; }
  std::uint32_t begin() const { return token().begin; }
  std::uint32_t end() const;

  Part FirstChild() const { return Part(*tree_, node_ == kNoNode ? kNoNode : node().first_child); }
  Part Next() const { return Part(*tree_, node().next); }

  // The first child of a rule, or of a token type.
  Part Child(int rule) const;
  Part ChildToken(int type) const;
  bool Has(int type) const { return static_cast<bool>(ChildToken(type)); }
  // The first child that is an expression, at or behind `this` child for `NextExpression`.
  Part Expression() const;
  // The first expression behind the first token `type`; void without such a token.
  Part ExpressionBehind(int type) const;

  template <typename Function>
  void ForEach(int rule, Function function) const {
    for (Part child = FirstChild(); child; child = child.Next()) {
      if (child.Is(rule)) {
        function(child);
      }
    }
  }

 private:
  const TreeNode& node() const { return tree_->nodes[node_]; }

  const Tree* tree_ = nullptr;
  std::uint32_t node_ = kNoNode;
};

// Whether this rule or token is a whole expression where an operand was due.
bool IsExpression(const Part& part);

}  // namespace sluice::syntax
