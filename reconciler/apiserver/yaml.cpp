#include "reconciler/apiserver/yaml.h"

#include <charconv>
#include <cmath>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

namespace sluice::apiserver {
namespace {

using cluster::Json;

constexpr std::size_t kMaxDepth = 200;

[[noreturn]] void Fail(const YAML::Mark& mark, const std::string& what) {
  throw YAML::RepresentationException(mark, what);  // caught in ReadYaml, like what yaml-cpp itself throws
}

template <typename Number>
std::optional<Number> NumberOf(std::string_view text) {
  Number number{};
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

// A plain scalar by YAML 1.2's core schema.
Json Resolve(const std::string& text) {
  static const std::set<std::string_view> kNulls = {"", "~", "null", "Null", "NULL"};
  static const std::set<std::string_view> kTrue = {"true", "True", "TRUE"};
  static const std::set<std::string_view> kFalse = {"false", "False", "FALSE"};
  if (kNulls.contains(text)) return nullptr;
  if (kTrue.contains(text)) return true;
  if (kFalse.contains(text)) return false;
  if (text.find_first_not_of("+-.0123456789eE") != std::string::npos) return text;
  if (const auto integer = NumberOf<std::int64_t>(text)) return *integer;
  if (const auto real = NumberOf<double>(text); real && std::isfinite(*real)) return *real;
  return text;
}

// Puts the value together as the parser tells of it: no tree of the library's in between, and a depth of ours.
class Builder : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { Put(mark, nullptr); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { Fail(mark, "aliases are not taken"); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    RefuseAnchor(mark, anchor);
    if (!open_.empty() && open_.back().value.is_object() && !open_.back().key) {
      if (open_.back().value.contains(value)) Fail(mark, fmt::format("key \"{}\" is there twice", value));
      open_.back().key = value;
      return;
    }
    Put(mark, tag == "!" || tag == "tag:yaml.org,2002:str" ? Json(value) : Resolve(value));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(mark, anchor, Json::array());
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(mark, anchor, Json::object());
  }
  void OnMapEnd() override { Close(); }

  Json Take() { return std::move(root_); }

 private:
  struct Level {
    YAML::Mark mark;
    Json value;
    std::optional<std::string> key;
  };

  static void RefuseAnchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != 0) Fail(mark, "anchors are not taken");
  }
  void Open(const YAML::Mark& mark, YAML::anchor_t anchor, Json value) {
    RefuseAnchor(mark, anchor);
    if (open_.size() >= kMaxDepth) Fail(mark, "nests too deep");
    if (!open_.empty() && open_.back().value.is_object() && !open_.back().key) Fail(mark, "a key must be a text");
    open_.push_back({mark, std::move(value), std::nullopt});
  }
  void Close() {
    Level done = std::move(open_.back());
    open_.pop_back();
    Put(done.mark, std::move(done.value));
  }
  void Put(const YAML::Mark& mark, Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return;
    }
    Level& level = open_.back();
    if (level.value.is_array()) {
      level.value.push_back(std::move(value));
    } else if (level.key) {
      level.value[*level.key] = std::move(value);
      level.key.reset();
    } else {
      Fail(mark, "a key must be a text");
    }
  }

  std::vector<Level> open_;
  Json root_;
};

}  // namespace

Result<Json> ReadYaml(const std::string& text) {
  try {
    std::istringstream in(text);
    YAML::Parser parser(in);
    Builder builder;
    if (!parser.HandleNextDocument(builder)) return Json();
    return builder.Take();
  } catch (const YAML::Exception& error) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("error converting YAML to JSON: yaml: line {}: {}", error.mark.line + 1, error.msg)};
  }
}

}  // namespace sluice::apiserver
