#include "reconciler/apiserver/selectors.h"

#include <algorithm>
#include <cctype>
#include <set>

#include <fmt/format.h>

namespace sluice::apiserver {
namespace {

using cluster::Find;

// A label's name or value, as far as a selector can be told apart by it.
bool OfName(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.' || c == '/';
}

std::vector<std::string> Split(std::string_view text, char by) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (std::size_t at = 0; at <= text.size(); ++at) {
    if (at < text.size() && text[at] != by) continue;
    parts.emplace_back(text.substr(begin, at - begin));
    begin = at + 1;
  }
  return parts;
}

// Fields besides metadata.name and metadata.namespace (pkg/registry's strategies).
std::set<std::string> FieldsOf(const Kind& kind) {
  if (kind.kind == "Pod") {
    return {"spec.nodeName",           "spec.restartPolicy", "spec.schedulerName",
            "spec.serviceAccountName", "status.phase",       "status.podIP"};
  }
  if (kind == Kind{"v1", "Event"}) {
    return {"involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type"};
  }
  if (kind.kind == "Event") {
    return {"regarding.kind",       "regarding.namespace",
            "regarding.name",       "regarding.uid",
            "regarding.apiVersion", "reason",
            "reportingController",  "type"};
  }
  if (kind.kind == "Namespace") return {"status.phase"};
  if (kind.kind == "Secret") return {"type"};
  if (kind.kind == "Service") return {"spec.clusterIP", "spec.type"};
  if (kind.kind == "ReplicaSet" || kind.kind == "Job") return {"status.replicas", "status.successful"};
  return {};
}

std::string TextAt(const Json& object, const std::vector<std::string>& path) {
  const Json* at = &object;
  for (const std::string& name : path) {
    at = Find(*at, {name});
    if (at == nullptr) return "";
  }
  return at->is_string() ? at->get<std::string>() : at->dump();
}

}  // namespace

// Reads a selector from its beginning to its end.
class LabelSelector::Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<LabelSelector> Read() {
    LabelSelector selector;
    Skip();
    while (at_ < text_.size()) {
      Result<Requirement> requirement = ReadRequirement();
      if (!requirement) return std::move(requirement).error();
      selector.requirements_.push_back(*std::move(requirement));
      Skip();
      if (at_ < text_.size() && !Take(",")) return Wrong("a comma");
      Skip();
    }
    return selector;
  }

 private:
  Result<Requirement> ReadRequirement() {
    Requirement requirement;
    const bool absent = Take("!");
    Skip();
    requirement.label = Word();
    if (requirement.label.empty()) return Wrong("a label");
    Skip();
    if (absent) {
      requirement.op = Operator::kDoesNotExist;
    } else if (Take("==") || Take("=")) {
      requirement.op = Operator::kIn;
      Skip();
      requirement.values = {Word()};
    } else if (Take("!=")) {
      requirement.op = Operator::kNotIn;
      Skip();
      requirement.values = {Word()};
    } else if (at_ < text_.size() && text_[at_] != ',') {
      return ReadSet(std::move(requirement));
    }
    return requirement;
  }

  Result<Requirement> ReadSet(Requirement requirement) {
    const std::string word = Word();
    if (word != "in" && word != "notin") return Wrong("an operator");
    requirement.op = word == "in" ? Operator::kIn : Operator::kNotIn;
    Skip();
    if (!Take("(")) return Wrong("`(`");
    do {
      Skip();
      requirement.values.push_back(Word());
      Skip();
    } while (Take(","));
    if (!Take(")")) return Wrong("`)`");
    return requirement;
  }

  void Skip() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool Take(std::string_view token) {
    if (text_.substr(at_, token.size()) != token) return false;
    at_ += token.size();
    return true;
  }
  std::string Word() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && OfName(text_[at_])) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }
  Error Wrong(const char* expected) const {
    return {ErrorCode::kInvalid, fmt::format("unable to parse requirement: labelSelector `{}`: expected {} at {}",
                                             text_, expected, at_ + 1)};
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

Result<LabelSelector> LabelSelector::Parse(std::string_view text) { return Reader(text).Read(); }

bool LabelSelector::Holds(const Requirement& requirement, const Json* labels) {
  const Json* label = labels == nullptr ? nullptr : Find(*labels, {requirement.label});
  const auto& values = requirement.values;
  const auto among = [&] {
    const auto* value = label == nullptr ? nullptr : label->get_ptr<const std::string*>();
    return value != nullptr && std::find(values.begin(), values.end(), *value) != values.end();
  };
  switch (requirement.op) {
    case Operator::kIn:
      return among();
    case Operator::kNotIn:
      return !among();
    case Operator::kExists:
      return label != nullptr;
    case Operator::kDoesNotExist:
      return label == nullptr;
  }
  return false;
}

bool LabelSelector::Matches(const Json& object) const {
  if (requirements_.empty()) return true;
  const Json* labels = Find(object, {"metadata", "labels"});
  return std::all_of(requirements_.begin(), requirements_.end(),
                     [&](const Requirement& each) { return Holds(each, labels); });
}

Result<FieldSelector> FieldSelector::Parse(const Kind& kind, std::string_view text) {
  FieldSelector selector;
  if (text.empty()) return selector;
  const std::set<std::string> known = FieldsOf(kind);
  for (const std::string& term : Split(text, ',')) {
    const std::size_t equals = term.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Error{ErrorCode::kInvalid, fmt::format("invalid selector: '{}'; can't understand '{}'", text, term)};
    }
    Requirement requirement;
    requirement.equal = term[equals - 1] != '!';
    const std::string field = term.substr(0, requirement.equal ? equals : equals - 1);
    requirement.value = term.substr(term.compare(equals, 2, "==") == 0 ? equals + 2 : equals + 1);
    if (field != "metadata.name" && field != "metadata.namespace" && !known.contains(field)) {
      return Error{ErrorCode::kInvalid, fmt::format("field label not supported: {}", field)};
    }
    requirement.path = Split(field, '.');
    selector.requirements_.push_back(std::move(requirement));
  }
  return selector;
}

bool FieldSelector::Matches(const Json& object) const {
  return std::all_of(requirements_.begin(), requirements_.end(),
                     [&](const Requirement& each) { return (TextAt(object, each.path) == each.value) == each.equal; });
}

std::string FieldSelector::name() const {
  for (const Requirement& each : requirements_) {
    if (each.equal && each.path == std::vector<std::string>{"metadata", "name"}) return each.value;
  }
  return "";
}

}  // namespace sluice::apiserver
