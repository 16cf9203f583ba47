// The types of expressions.
//
// A record type with a name is nominal: the declared kinds (gate, service, metrics-source …) and the
// run-time records (revision, backend, split …). Without a name it is compared field by field.
// Types are immutable, cheap to copy, and compare by content.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/graph/value.h"

namespace sluice::check {

struct Signature;
class Module;
class Type;
struct Field;

class Type {
 public:
  enum class Kind : std::uint8_t {
    kError,  // reported already; fits everywhere, so that nothing follows from it
    kAny,    // only its value tells: members of a metrics-source or dialect, items of an empty list
    kNone,
    kBool,
    kInt,
    kDecimal,
    kPercent,
    kDuration,
    kBytes,
    kString,
    kDate,
    kClock,  // 10:00
    kSecret,
    kJson,      // known at run time only; total: a missing field is none
    kList,      // element
    kMap,       // element; keys are strings
    kRecord,    // fields, and a name if it is nominal
    kFunction,  // signature
    kModule,    // module
  };

  Type() = default;                 // kError
  Type(Kind kind) : kind_(kind) {}  // NOLINT(google-explicit-constructor): a scalar

  static Type List(Type element);
  static Type Map(Type element);
  static Type Record(std::vector<Field> fields);
  // `open`: members that are not among `fields` are `any`.
  static Type Named(std::string name, std::vector<Field> fields, bool open = false);
  static Type Function(std::shared_ptr<const Signature> signature);
  static Type OfModule(const Module* module);

  Kind kind() const { return kind_; }
  bool optional() const { return optional_; }  // T?: may be none
  bool open() const { return open_; }
  bool is(Kind kind) const { return kind_ == kind; }
  bool is_error() const { return kind_ == Kind::kError; }
  bool is_number() const { return kind_ == Kind::kInt || kind_ == Kind::kDecimal; }
  // A nominal record of that name: `type.is_named("gate")`.
  bool is_named(std::string_view name) const;
  // Nothing is known: any value may stand here, and what it is shows in the value only.
  bool is_dynamic() const { return kind_ == Kind::kError || kind_ == Kind::kAny; }

  const Type& element() const;               // kList, kMap
  const std::vector<Field>& fields() const;  // kRecord; empty for every other kind
  const std::string& name() const;           // of a nominal record; "" otherwise
  const Signature* signature() const { return signature_.get(); }
  const Module* module() const { return module_; }
  const Type* FieldType(std::string_view name) const;  // null: no such field

  Type Optional() const;
  Type Required() const;  // the same without `?`

  // As the language writes it: "list<string>", "percent?", "{ name: string, port: int }", "gate".
  std::string ToString() const;
  // With an article, for sentences: "a percent", "a list of strings", "a gate", "text".
  std::string Phrase() const;

  friend bool operator==(const Type& a, const Type& b);

 private:
  struct Shape;
  Kind kind_ = Kind::kError;
  bool optional_ = false;
  bool open_ = false;
  std::shared_ptr<const Shape> shape_;  // name, element, fields
  std::shared_ptr<const Signature> signature_;
  const Module* module_ = nullptr;
};

struct Field {
  std::string name;
  Type type;
};

// The named types that every module sees, by the words that a plan writes.
//
// Declared kinds: gate, service, route, router, metrics-source (a provider), dialect, channel,
// measurement, strategy. Run time: revision (a role), backend, match, match-condition, mirror, split.
const Type& GateType();
const Type& ServiceType();  // name, namespace, image, replicas, port, ports
const Type& RouteType();    // name, namespace, hosts, paths
const Type& RouterType();
const Type& ProviderType();  // metrics-source; open
const Type& DialectType();   // open
const Type& ChannelType();
const Type& MeasurementType();
const Type& StrategyType();
const Type& JobType();  // `job { … }`
const Type& RolloutType();
const Type& ObjectType();          // an `object` declaration; its members are json
const Type& RevisionType();        // name, namespace, revision, image, version, service, address
const Type& RoutedRevisionType();  // the same in the `settled` of a router, which may ask for its endpoints
const Type& BackendType();         // role, revision, service, port, address, weight
const Type& MatchType();           // to, conditions
const Type& MirrorType();          // to, share
const Type& SplitType();           // backends, matches, mirrors

// The type that a word of a plan names ("percent", "metrics-source"); null for others. Not list, map.
const Type* NamedType(std::string_view word);
std::vector<std::string> TypeNames();

// Whether a value of `from` may stand where `to` is wanted. int fits decimal; decimal fits int as far as
// types tell (the value decides); T fits T?; plain data fits json; kError and kAny fit and take everything.
bool Fits(const Type& from, const Type& to);

// The smallest type that both fit; kAny if there is none.
Type Join(const Type& a, const Type& b);

// The type that the value itself shows. A residual's is kAny.
Type TypeOfValue(const graph::Value& value);

}  // namespace sluice::check
