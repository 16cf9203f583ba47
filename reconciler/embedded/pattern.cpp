#include "reconciler/embedded/pattern.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>

namespace sluice::embedded {
namespace {

constexpr std::size_t kMaxInstructions = 5000;
constexpr int kMaxDepth = 100;
constexpr int kMaxRepeat = 1000;

using Bytes = std::bitset<256>;

struct Node {
  enum class Kind { kEmpty, kBytes, kSequence, kChoice, kRepeat };
  Kind kind = Kind::kEmpty;
  Bytes bytes;
  std::vector<Node> children;
  int least = 0;
  int most = -1;  // -1: no bound
};

Bytes Range(unsigned char from, unsigned char to) {
  Bytes bytes;
  for (unsigned c = from; c <= to; ++c) bytes.set(c);
  return bytes;
}

Bytes Named(char name) {
  Bytes word = Range('a', 'z') | Range('A', 'Z') | Range('0', '9');
  word.set('_');
  Bytes space;
  for (char c : {' ', '\t', '\n', '\r', '\f'}) space.set(static_cast<unsigned char>(c));
  switch (name) {
    case 'd':
      return Range('0', '9');
    case 'D':
      return ~Range('0', '9');
    case 'w':
      return word;
    case 'W':
      return ~word;
    case 's':
      return space;
    default:
      return ~space;
  }
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<Node> Read() {
    Node node = Choice(0);
    if (error_.empty() && at_ < text_.size()) Fail("unexpected )");
    if (!error_.empty())
      return Error{ErrorCode::kInvalid, fmt::format("error parsing regexp: {}: `{}`", error_, text_)};
    return node;
  }

 private:
  bool More() const { return error_.empty() && at_ < text_.size(); }
  void Fail(std::string message) {
    if (error_.empty()) error_ = std::move(message);
  }

  Node Choice(int depth) {
    Node choice{Node::Kind::kChoice, {}, {}, 0, -1};
    if (depth > kMaxDepth) {
      Fail("expression nests too deeply");
      return choice;
    }
    choice.children.push_back(Sequence(depth));
    while (More() && text_[at_] == '|') {
      ++at_;
      choice.children.push_back(Sequence(depth));
    }
    return choice;
  }

  Node Sequence(int depth) {
    Node sequence{Node::Kind::kSequence, {}, {}, 0, -1};
    while (More() && text_[at_] != '|' && text_[at_] != ')') sequence.children.push_back(Repeated(depth));
    return sequence;
  }

  Node Repeated(int depth) {
    Node node = Atom(depth);
    while (More()) {
      int least = 0;
      int most = -1;
      char c = text_[at_];
      if (c == '+') least = 1;
      if (c == '?') most = 1;
      if (c == '{' ? !Counts(least, most) : c != '*' && c != '+' && c != '?') return node;
      if (c != '{') ++at_;
      if (More() && text_[at_] == '?') ++at_;
      if (std::max(least, most) > kMaxRepeat) Fail("invalid repeat count");
      Node repeat{Node::Kind::kRepeat, {}, {}, least, most};
      repeat.children.push_back(std::move(node));
      node = std::move(repeat);
    }
    return node;
  }

  // `{n}`, `{n,}`, `{n,m}`; anything else is a literal brace.
  bool Counts(int& least, int& most) {
    std::size_t at = at_ + 1;
    auto number = [&]() -> int {
      int value = -1;
      while (at < text_.size() && text_[at] >= '0' && text_[at] <= '9' && value <= kMaxRepeat) {
        value = std::max(value, 0) * 10 + (text_[at++] - '0');
      }
      return value;
    };
    int first = number();
    int second = first;
    if (first < 0) return false;
    if (at < text_.size() && text_[at] == ',') {
      ++at;
      second = number();
    }
    if (at >= text_.size() || text_[at] != '}') return false;
    at_ = at + 1;
    least = first;
    most = second;
    return true;
  }

  Node Single(const Bytes& bytes) { return {Node::Kind::kBytes, bytes, {}, 0, -1}; }

  Node Atom(int depth) {
    char c = text_[at_++];
    switch (c) {
      case '(':
        return Group(depth);
      case '[':
        return Single(Class());
      case '.':
        return Dot();
      case '^':
      case '$':
        return {};  // anchored anyway
      case '*':
      case '+':
      case '?':
        Fail("missing argument to repetition operator");
        return {};
      case '\\':
        return Single(Escape());
      default: {
        Bytes bytes;
        bytes.set(static_cast<unsigned char>(c));
        return Single(bytes);
      }
    }
  }

  Node Group(int depth) {
    if (text_.substr(at_).starts_with("?:")) {
      at_ += 2;
    } else if (text_.substr(at_).starts_with("?P<")) {
      std::size_t end = text_.find('>', at_);
      if (end == std::string_view::npos) {
        Fail("invalid named capture");
        return {};
      }
      at_ = end + 1;
    } else if (at_ < text_.size() && text_[at_] == '?') {
      Fail("invalid or unsupported Perl syntax");
      return {};
    }
    Node node = Choice(depth + 1);
    if (!More() || text_[at_] != ')') {
      Fail("missing closing )");
      return node;
    }
    ++at_;
    return node;
  }

  // One code point: an ASCII byte, or a lead byte with its continuation bytes.
  Node Dot() {
    Node any{Node::Kind::kChoice, {}, {}, 0, -1};
    Bytes ascii = Range(0, 0x7f);
    ascii.reset('\n');
    any.children.push_back(Single(ascii));
    struct Lead {
      unsigned char from, to;
      int more;
    };
    for (Lead lead : {Lead{0xc2, 0xdf, 1}, Lead{0xe0, 0xef, 2}, Lead{0xf0, 0xf4, 3}}) {
      Node sequence{Node::Kind::kSequence, {}, {}, 0, -1};
      sequence.children.push_back(Single(Range(lead.from, lead.to)));
      for (int i = 0; i < lead.more; ++i) sequence.children.push_back(Single(Range(0x80, 0xbf)));
      any.children.push_back(std::move(sequence));
    }
    return any;
  }

  Bytes Escape() {
    Bytes bytes;
    if (at_ >= text_.size()) {
      Fail("trailing backslash at end of expression");
      return bytes;
    }
    char c = text_[at_++];
    if (std::string_view("dDwWsS").find(c) != std::string_view::npos) return Named(c);
    static constexpr std::string_view kControl = "tnrf";
    static constexpr std::string_view kMeaning = "\t\n\r\f";
    auto control = kControl.find(c);
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (control == std::string_view::npos && letter) Fail(fmt::format("invalid escape sequence: `\\{}`", c));
    bytes.set(static_cast<unsigned char>(control == std::string_view::npos ? c : kMeaning[control]));
    return bytes;
  }

  Bytes Class() {
    Bytes bytes;
    bool opposite = at_ < text_.size() && text_[at_] == '^';
    if (opposite) ++at_;
    bool first = true;
    while (More() && (first || text_[at_] != ']')) {
      first = false;
      Bytes low;
      char c = text_[at_++];
      if (c == '\\') {
        low = Escape();
      } else {
        low.set(static_cast<unsigned char>(c));
      }
      bool range = at_ + 1 < text_.size() && text_[at_] == '-' && text_[at_ + 1] != ']' && c != '\\';
      if (range) {
        auto to = static_cast<unsigned char>(text_[at_ + 1]);
        at_ += 2;
        if (to < static_cast<unsigned char>(c)) Fail("invalid character class range");
        low = Range(static_cast<unsigned char>(c), to);
      }
      bytes |= low;
    }
    if (!More()) {
      Fail("missing closing ]");
      return bytes;
    }
    ++at_;
    return opposite ? ~bytes : bytes;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string error_;
};

}  // namespace

class PatternCompiler {
 public:
  explicit PatternCompiler(Pattern& pattern) : program_(pattern.program_) {}

  bool Compile(const Node& node) {
    Emit(node);
    program_.push_back({});
    return program_.size() <= kMaxInstructions;
  }

 private:
  using Op = Pattern::Op;

  std::size_t Put(Op op) {
    program_.push_back({op, {}, 0, 0});
    return program_.size() - 1;
  }

  void Emit(const Node& node) {
    if (program_.size() > kMaxInstructions) return;
    switch (node.kind) {
      case Node::Kind::kEmpty:
        return;
      case Node::Kind::kBytes:
        program_[Put(Op::kByte)].bytes = node.bytes;
        return;
      case Node::Kind::kSequence:
        for (const Node& child : node.children) Emit(child);
        return;
      case Node::Kind::kChoice:
        EmitChoice(node);
        return;
      case Node::Kind::kRepeat:
        EmitRepeat(node);
        return;
    }
  }

  void EmitChoice(const Node& node) {
    std::vector<std::size_t> ends;
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      bool last = i + 1 == node.children.size();
      std::size_t split = last ? 0 : Put(Op::kSplit);
      if (!last) program_[split].x = split + 1;
      Emit(node.children[i]);
      if (last) break;
      ends.push_back(Put(Op::kJump));
      program_[split].y = program_.size();
    }
    for (std::size_t end : ends) program_[end].x = program_.size();
  }

  void EmitRepeat(const Node& node) {
    const Node& child = node.children[0];
    for (int i = 0; i < node.least; ++i) Emit(child);
    if (node.most < 0) {
      std::size_t split = Put(Op::kSplit);
      program_[split].x = split + 1;
      Emit(child);
      program_[Put(Op::kJump)].x = split;
      program_[split].y = program_.size();
      return;
    }
    std::vector<std::size_t> splits;
    for (int i = node.least; i < node.most && program_.size() <= kMaxInstructions; ++i) {
      splits.push_back(Put(Op::kSplit));
      program_[splits.back()].x = splits.back() + 1;
      Emit(child);
    }
    for (std::size_t split : splits) program_[split].y = program_.size();
  }

  std::vector<Pattern::Instruction>& program_;
};

Result<Pattern> Pattern::Parse(std::string_view text) {
  auto node = Reader(text).Read();
  if (!node.ok()) return node.error();
  Pattern pattern;
  if (!PatternCompiler(pattern).Compile(*node)) {
    return Error{ErrorCode::kInvalid, "error parsing regexp: expression too large"};
  }
  return pattern;
}

void Pattern::Follow(std::size_t start, std::vector<std::size_t>& threads, std::vector<bool>& seen) const {
  std::vector<std::size_t> open = {start};
  while (!open.empty()) {
    std::size_t at = open.back();
    open.pop_back();
    if (seen[at]) continue;
    seen[at] = true;
    const Instruction& instruction = program_[at];
    if (instruction.op == Op::kJump) open.push_back(instruction.x);
    if (instruction.op == Op::kSplit) {
      open.push_back(instruction.y);
      open.push_back(instruction.x);
    }
    if (instruction.op == Op::kByte || instruction.op == Op::kMatch) threads.push_back(at);
  }
}

bool Pattern::Matches(std::string_view text) const {
  std::vector<std::size_t> threads;
  std::vector<bool> seen(program_.size(), false);
  Follow(0, threads, seen);
  for (char c : text) {
    std::vector<std::size_t> next;
    std::fill(seen.begin(), seen.end(), false);
    for (std::size_t at : threads) {
      const Instruction& instruction = program_[at];
      if (instruction.op == Op::kByte && instruction.bytes.test(static_cast<unsigned char>(c))) {
        Follow(at + 1, next, seen);
      }
    }
    threads = std::move(next);
    if (threads.empty()) return false;
  }
  return std::any_of(threads.begin(), threads.end(), [this](std::size_t at) { return program_[at].op == Op::kMatch; });
}

}  // namespace sluice::embedded
