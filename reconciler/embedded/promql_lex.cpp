#include "reconciler/embedded/promql_lex.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace sluice::embedded::promql {
namespace {

bool Digit(char c) { return c >= '0' && c <= '9'; }
bool Letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':'; }

class Lexer {
 public:
  explicit Lexer(std::string_view query) : query_(query) {}

  Result<std::vector<Token>> Run() {
    while (Skip(), at_ < query_.size()) {
      Token token;
      token.at = at_;
      char c = query_[at_];
      if (c == '"' || c == '\'' || c == '`') {
        if (!String(token)) return Fail(token.at, "unterminated quoted string");
      } else if (Digit(c) || (c == '.' && at_ + 1 < query_.size() && Digit(query_[at_ + 1]))) {
        if (!Number(token)) return Fail(token.at, "bad number or duration syntax");
      } else if (Letter(c)) {
        token.kind = TokenKind::kIdentifier;
        while (at_ < query_.size() && (Letter(query_[at_]) || Digit(query_[at_]))) token.text += query_[at_++];
      } else if (!Operator(token)) {
        return Fail(token.at, fmt::format("unexpected character: '{}'", c));
      }
      tokens_.push_back(std::move(token));
    }
    tokens_.push_back({TokenKind::kEnd, "", 0, query_.size()});
    return std::move(tokens_);
  }

 private:
  static Error Fail(std::size_t at, const std::string& what) {
    return {ErrorCode::kInvalid, fmt::format("1:{}: parse error: {}", at + 1, what)};
  }

  void Skip() {
    while (at_ < query_.size()) {
      char c = query_[at_];
      if (c == '#') {
        while (at_ < query_.size() && query_[at_] != '\n') ++at_;
      } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        ++at_;
      } else {
        return;
      }
    }
  }

  bool String(Token& token) {
    token.kind = TokenKind::kString;
    char quote = query_[at_++];
    while (at_ < query_.size() && query_[at_] != quote) {
      char c = query_[at_++];
      if (c != '\\' || quote == '`') {
        token.text += c;
        continue;
      }
      if (at_ >= query_.size()) return false;
      static constexpr std::string_view kNames = "ntr";
      static constexpr std::string_view kMeaning = "\n\t\r";
      auto known = kNames.find(query_[at_]);
      token.text += known == std::string_view::npos ? query_[at_] : kMeaning[known];
      ++at_;
    }
    if (at_ >= query_.size()) return false;
    ++at_;
    return true;
  }

  // "5m", "1h30m", "250ms": several units, largest first.
  bool Duration(Token& token) {
    static constexpr std::array<std::pair<std::string_view, double>, 7> kUnits = {
        {{"ms", 0.001}, {"y", 31536000}, {"w", 604800}, {"d", 86400}, {"h", 3600}, {"m", 60}, {"s", 1}}};
    std::size_t at = at_;
    double seconds = 0;
    int parts = 0;
    while (at < query_.size() && Digit(query_[at])) {
      double number = 0;
      while (at < query_.size() && Digit(query_[at])) number = number * 10 + (query_[at++] - '0');
      bool known = false;
      for (const auto& [name, scale] : kUnits) {
        if (!query_.substr(at).starts_with(name)) continue;
        at += name.size();
        seconds += number * scale;
        known = true;
        break;
      }
      if (!known) return false;
      ++parts;
    }
    if (parts == 0 || (at < query_.size() && Letter(query_[at]) && query_[at] != ':')) return false;
    token.kind = TokenKind::kDuration;
    token.number = seconds;
    token.text = std::string(query_.substr(at_, at - at_));
    at_ = at;
    return true;
  }

  bool Number(Token& token) {
    if (Duration(token)) return true;
    token.kind = TokenKind::kNumber;
    const char* begin = query_.data() + at_;
    const char* end = query_.data() + query_.size();
    bool hex = end - begin > 2 && begin[0] == '0' && (begin[1] == 'x' || begin[1] == 'X');
    auto [stop, error] = std::from_chars(hex ? begin + 2 : begin, end, token.number,
                                         hex ? std::chars_format::hex : std::chars_format::general);
    if (error != std::errc() || (stop != end && (Letter(*stop) || Digit(*stop)))) return false;
    token.text = std::string(begin, stop);
    at_ += static_cast<std::size_t>(stop - begin);
    return true;
  }

  bool Operator(Token& token) {
    static constexpr std::array<std::string_view, 24> kOperators = {"==", "!=", ">=", "<=", "=~", "!~", "=", "<",
                                                                    ">",  "+",  "-",  "*",  "/",  "%",  "^", "(",
                                                                    ")",  "{",  "}",  "[",  "]",  ",",  "@", ":"};
    for (std::string_view each : kOperators) {
      if (!query_.substr(at_).starts_with(each)) continue;
      token.kind = TokenKind::kOperator;
      token.text = std::string(each);
      at_ += each.size();
      return true;
    }
    return false;
  }

  std::string_view query_;
  std::size_t at_ = 0;
  std::vector<Token> tokens_;
};

}  // namespace

Result<std::vector<Token>> Lex(std::string_view query) { return Lexer(query).Run(); }

}  // namespace sluice::embedded::promql
