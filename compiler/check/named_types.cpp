#include <algorithm>
#include <utility>

#include "compiler/check/type.h"

namespace sluice::check {
namespace {

using Kind = Type::Kind;

std::vector<Field> RevisionFields() {
  return {{"name", Kind::kString},   {"namespace", Kind::kString}, {"revision", Kind::kString},
          {"image", Kind::kString},  {"version", Kind::kString},   {"service", Kind::kString},
          {"address", Kind::kString}};
}

Type Ports() { return Type::List(Type::Record({{"name", Kind::kString}, {"port", Kind::kInt}})); }

const std::vector<std::pair<std::string_view, Type>>& Words() {
  static const std::vector<std::pair<std::string_view, Type>> kWords = {
      {"any", Kind::kAny},
      {"bool", Kind::kBool},
      {"bytes", Kind::kBytes},
      {"clock", Kind::kClock},
      {"date", Kind::kDate},
      {"decimal", Kind::kDecimal},
      {"duration", Kind::kDuration},
      {"int", Kind::kInt},
      {"json", Kind::kJson},
      {"percent", Kind::kPercent},
      {"secret", Kind::kSecret},
      {"string", Kind::kString},
      {"backend", BackendType()},
      {"channel", ChannelType()},
      {"dialect", DialectType()},
      {"gate", GateType()},
      {"match", MatchType()},
      {"match-condition", MatchType().FieldType("conditions")->element()},
      {"measurement", MeasurementType()},
      {"metrics-source", ProviderType()},
      {"mirror", MirrorType()},
      {"object", ObjectType()},
      {"revision", RevisionType()},
      {"rollout", RolloutType()},
      {"route", RouteType()},
      {"routed-revision", RoutedRevisionType()},
      {"router", RouterType()},
      {"service", ServiceType()},
      {"split", SplitType()},
      {"strategy", StrategyType()},
  };
  return kWords;
}

}  // namespace

const Type& GateType() {
  static const Type kType = Type::Named("gate", {});
  return kType;
}
const Type& ServiceType() {
  static const Type kType = Type::Named("service", {{"name", Kind::kString},
                                                    {"namespace", Kind::kString},
                                                    {"image", Kind::kString},
                                                    {"replicas", Kind::kInt},
                                                    {"port", Kind::kInt},
                                                    {"ports", Ports()}});
  return kType;
}
const Type& RouteType() {
  static const Type kType = Type::Named("route", {{"name", Kind::kString},
                                                  {"namespace", Kind::kString},
                                                  {"hosts", Type::List(Kind::kString)},
                                                  {"paths", Type::List(Kind::kString)}});
  return kType;
}
const Type& RouterType() {
  static const Type kType = Type::Named("router", {});
  return kType;
}
const Type& ProviderType() {
  static const Type kType = Type::Named("metrics-source", {}, true);
  return kType;
}
const Type& DialectType() {
  static const Type kType = Type::Named("dialect", {}, true);
  return kType;
}
const Type& ChannelType() {
  static const Type kType = Type::Named("channel", {});
  return kType;
}
const Type& MeasurementType() {
  static const Type kType = Type::Named("measurement", {});
  return kType;
}
const Type& StrategyType() {
  static const Type kType = Type::Named("strategy", {});
  return kType;
}
const Type& JobType() {
  static const Type kType = Type::Named("job", {});
  return kType;
}
const Type& RolloutType() {
  static const Type kType = Type::Named("rollout", {});
  return kType;
}
const Type& ObjectType() {
  static const Type kType = Type::Named("object", {});
  return kType;
}
const Type& RevisionType() {
  static const Type kType = Type::Named("revision", RevisionFields());
  return kType;
}
const Type& RoutedRevisionType() {
  static const Type kType = Type::Named("routed-revision", RevisionFields());
  return kType;
}
const Type& BackendType() {
  static const Type kType = Type::Named("backend", {{"role", Kind::kString},
                                                    {"revision", Kind::kString},
                                                    {"service", Kind::kString},
                                                    {"port", Kind::kInt},
                                                    {"address", Kind::kString},
                                                    {"weight", Kind::kPercent}});
  return kType;
}
const Type& MatchType() {
  static const Type kCondition = Type::Named("match-condition", {{"what", Kind::kString},
                                                                 {"name", Kind::kString},
                                                                 {"test", Kind::kString},
                                                                 {"value", Kind::kString},
                                                                 {"values", Type::List(Kind::kString)}});
  static const Type kType = Type::Named("match", {{"to", BackendType()}, {"conditions", Type::List(kCondition)}});
  return kType;
}
const Type& MirrorType() {
  static const Type kType = Type::Named("mirror", {{"to", BackendType()}, {"share", Kind::kPercent}});
  return kType;
}
const Type& SplitType() {
  static const Type kType = Type::Named("split", {{"backends", Type::List(BackendType())},
                                                  {"matches", Type::List(MatchType())},
                                                  {"mirrors", Type::List(MirrorType())}});
  return kType;
}

const Type* NamedType(std::string_view word) {
  const auto& words = Words();
  const auto at = std::find_if(words.begin(), words.end(), [&](const auto& entry) { return entry.first == word; });
  return at != words.end() ? &at->second : nullptr;
}

std::vector<std::string> TypeNames() {
  std::vector<std::string> names = {"list", "map"};
  for (const auto& [word, type] : Words()) {
    names.emplace_back(word);
  }
  return names;
}

}  // namespace sluice::check
