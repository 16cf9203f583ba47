// Which objects of a collection are asked for: label and field selectors as kubectl writes them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compiler/base/result.h"
#include "reconciler/apiserver/resources.h"

namespace sluice::apiserver {

// All requirements of a selector hold for what it selects.
class LabelSelector {
 public:
  // "app=web,tier!=db,env in (a,b),track notin (x),canary,!old"; kInvalid says what can't be read.
  static Result<LabelSelector> Parse(std::string_view text);

  bool Matches(const Json& object) const;
  bool empty() const { return requirements_.empty(); }

 private:
  enum class Operator { kIn, kNotIn, kExists, kDoesNotExist };
  struct Requirement {
    std::string label;
    Operator op = Operator::kExists;
    std::vector<std::string> values;
  };
  class Reader;
  static bool Holds(const Requirement& requirement, const Json* labels);

  std::vector<Requirement> requirements_;
};

// "metadata.name=web,status.phase!=Running": by the fields that Kubernetes has for a kind.
class FieldSelector {
 public:
  static Result<FieldSelector> Parse(const Kind& kind, std::string_view text);

  // `object` as it is served.
  bool Matches(const Json& object) const;
  bool empty() const { return requirements_.empty(); }
  // What metadata.name must be; "" for any.
  std::string name() const;

 private:
  struct Requirement {
    std::vector<std::string> path;
    std::string value;
    bool equal = true;
  };
  std::vector<Requirement> requirements_;
};

}  // namespace sluice::apiserver
