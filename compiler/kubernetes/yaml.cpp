#include "compiler/kubernetes/yaml.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <sstream>
#include <utility>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include "compiler/base/text.h"
#include "compiler/graph/json_pointer.h"

namespace sluice::kubernetes {
namespace {

using graph::List;
using graph::Map;
using graph::Value;

constexpr std::size_t kMaxDepth = 200;

[[noreturn]] void Fail(const YAML::Mark& mark, const std::string& what) {
  throw YAML::RepresentationException(mark, what);  // caught in ReadYaml, like what yaml-cpp itself throws
}

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

std::size_t At(const YAML::Mark& mark) { return static_cast<std::size_t>(std::max(0, mark.pos)); }

std::optional<std::int64_t> IntegerOf(std::string_view digits, int base) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
  const bool whole = !digits.empty() && error == std::errc() && end == digits.data() + digits.size();
  return whole ? std::optional(number) : std::nullopt;
}

bool AllOf(std::string_view text, std::string_view characters) {
  return text.find_first_not_of(characters) == std::string_view::npos;
}

// A plain scalar that begins like a number.
Value NumberOrText(const YAML::Mark& mark, const std::string& text) {
  const bool negative = text.front() == '-';
  const std::string_view digits = std::string_view(text).substr(negative || text.front() == '+' ? 1 : 0);
  if (AllOf(digits, "0123456789_.") && digits.find('_') != std::string_view::npos) {
    Fail(mark,
         fmt::format("`{}` is a number for some readers and text for others: leave the `_` out, or quote it", text));
  }
  std::optional<std::int64_t> whole;
  if (digits.starts_with("0x") || digits.starts_with("0o")) {
    whole = IntegerOf(digits.substr(2), digits[1] == 'x' ? 16 : 8);
  } else if (digits.size() > 1 && digits.front() == '0' && AllOf(digits, "01234567")) {
    whole = IntegerOf(digits, 8);
  }
  if (whole) {
    return Value(negative ? -*whole : *whole);
  }
  if (digits.empty() || !AllOf(digits, "+-.0123456789eE")) {
    return Value(text);
  }
  const std::optional<Number> number = Number::Parse(text.front() == '+' ? text.substr(1) : text, true, true);
  return number && !number->overflowed() ? Value(*number) : Value(text);
}

Value Resolve(const YAML::Mark& mark, const std::string& text) {
  static const std::set<std::string_view> kNulls = {"", "~", "null", "Null", "NULL"};
  static const std::set<std::string_view> kTrue = {"true", "True", "TRUE"};
  static const std::set<std::string_view> kFalse = {"false", "False", "FALSE"};
  static const std::set<std::string_view> kDoubtful = {"y",  "Y",  "yes", "Yes", "YES", "n",   "N",   "no",
                                                       "No", "NO", "on",  "On",  "ON",  "off", "Off", "OFF"};
  if (kNulls.contains(text)) {
    return Value();
  }
  if (kTrue.contains(text)) {
    return Value(true);
  }
  if (kFalse.contains(text)) {
    return Value(false);
  }
  if (kDoubtful.contains(text)) {
    Fail(mark, fmt::format("`{}` is true or false for some readers and text for others: write `{}` or `\"{}\"`", text,
                           std::string_view("yYoO").find(text.front()) != std::string_view::npos &&
                                   text.find_first_of("fF") == std::string::npos
                               ? "true"
                               : "false",
                           text));
  }
  return AllOf(text.substr(0, 1), "+-.0123456789") ? NumberOrText(mark, text) : Value(text);
}

// Puts the values together as the parser tells of them.
class Builder : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override {
    document_ = YamlDocument();
    document_.begin = At(mark);
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { Put(mark, Value()); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    Fail(mark, "aliases are not taken: write out what it stands for");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    RefuseAnchor(mark, anchor);
    if (!open_.empty() && open_.back().is_map && !open_.back().key) {
      return Key(mark, value);
    }
    const bool text = tag == "!" || tag == "tag:yaml.org,2002:str";
    if (!text && tag != "?" && !tag.empty()) {
      Fail(mark, fmt::format("the tag `{}` is not taken", tag));
    }
    Put(mark, text ? Value(value) : Resolve(mark, value));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(mark, anchor, /*is_map=*/false);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(mark, anchor, /*is_map=*/true);
  }
  void OnMapEnd() override { Close(); }

  YamlDocument Take() { return std::exchange(document_, YamlDocument()); }

 private:
  struct Level {
    YAML::Mark mark;
    std::string pointer;
    bool is_map = false;
    Map map;
    List list;
    std::optional<std::string> key;
  };

  static void RefuseAnchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != 0) {
      Fail(mark, "anchors are not taken: write out what it stands for");
    }
  }
  void Key(const YAML::Mark& mark, const std::string& name) {
    Level& level = open_.back();
    if (level.map.Find(name) != nullptr) {
      Fail(mark, fmt::format("key `{}` stands twice", name));
    }
    level.key = name;
    document_.fields.push_back({graph::PointerTo(level.pointer, name), At(mark), At(mark) + name.size()});
  }
  // The pointer to what comes next.
  std::string Next(const YAML::Mark& mark) {
    if (open_.empty()) {
      return "";
    }
    Level& level = open_.back();
    if (level.is_map) {
      if (!level.key) {
        Fail(mark, "a key must be a text");
      }
      return graph::PointerTo(level.pointer, *level.key);
    }
    std::string pointer = graph::PointerTo(level.pointer, std::to_string(level.list.size()));
    document_.fields.push_back({pointer, At(mark), At(mark) + 1});
    return pointer;
  }
  void Open(const YAML::Mark& mark, YAML::anchor_t anchor, bool is_map) {
    RefuseAnchor(mark, anchor);
    if (open_.size() >= kMaxDepth) {
      Fail(mark, "nests too deep");
    }
    std::string pointer = Next(mark);
    open_.push_back({mark, std::move(pointer), is_map, {}, {}, std::nullopt});
  }
  void Close() {
    Level done = std::move(open_.back());
    open_.pop_back();
    Give(done.is_map ? Value(std::move(done.map)) : Value(std::move(done.list)));
  }
  void Put(const YAML::Mark& mark, Value value) {
    Next(mark);
    Give(std::move(value));
  }
  void Give(Value value) {
    if (open_.empty()) {
      document_.value = std::move(value);
      return;
    }
    Level& level = open_.back();
    if (level.is_map) {
      level.map.Set(*std::exchange(level.key, std::nullopt), std::move(value));
    } else {
      level.list.push_back(std::move(value));
    }
  }

  std::vector<Level> open_;
  YamlDocument document_;
};

void Move(YamlParse& parse, std::size_t by) {
  for (YamlDocument& document : parse.documents) {
    document.begin += by;
    for (YamlDocument::Field& field : document.fields) {
      field.begin += by;
      field.end += by;
    }
  }
  if (parse.fault) {
    parse.fault->at += by;
  }
}

}  // namespace

YamlParse ReadYaml(std::string_view text) {
  YamlParse parse;
  if (const auto invalid = FirstInvalidUtf8(text)) {
    parse.fault = YamlFault{"this is no UTF-8", *invalid};
    return parse;
  }
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    Builder builder;
    while (parser.HandleNextDocument(builder)) {
      parse.documents.push_back(builder.Take());
    }
  } catch (const YAML::Exception& error) {
    const std::size_t at = error.mark.is_null() ? 0 : At(error.mark);
    parse.fault = YamlFault{error.msg, std::min(at, text.size())};
  }
  if (text.starts_with(kByteOrderMark)) {
    Move(parse, kByteOrderMark.size());  // the library doesn't count it
  }
  return parse;
}

}  // namespace sluice::kubernetes
