#include "compiler/check/type.h"

#include <algorithm>
#include <array>

#include "compiler/base/check.h"
#include "compiler/base/text.h"
#include "compiler/check/function.h"

namespace sluice::check {

struct Type::Shape {
  std::string name;
  std::vector<Type> element;  // one, or empty
  std::vector<Field> fields;
};

namespace {

struct ScalarName {
  Type::Kind kind;
  const char* word;
  const char* phrase;
  const char* plural;
};
constexpr std::array<ScalarName, 13> kScalars = {{
    {Type::Kind::kBool, "bool", "true or false", "truth values"},
    {Type::Kind::kInt, "int", "a whole number", "whole numbers"},
    {Type::Kind::kDecimal, "decimal", "a number", "numbers"},
    {Type::Kind::kPercent, "percent", "a percent", "percents"},
    {Type::Kind::kDuration, "duration", "a duration", "durations"},
    {Type::Kind::kBytes, "bytes", "a size in bytes", "sizes in bytes"},
    {Type::Kind::kString, "string", "text", "texts"},
    {Type::Kind::kDate, "date", "a date", "dates"},
    {Type::Kind::kClock, "clock", "a time of day", "times of day"},
    {Type::Kind::kSecret, "secret", "a secret", "secrets"},
    {Type::Kind::kJson, "json", "data", "data"},
    {Type::Kind::kAny, "any", "a value", "values"},
    {Type::Kind::kNone, "none", "none", "none"},
}};

const ScalarName* Scalar(Type::Kind kind) {
  const auto at = std::find_if(kScalars.begin(), kScalars.end(), [&](const ScalarName& s) { return s.kind == kind; });
  return at != kScalars.end() ? &*at : nullptr;
}

std::string Plural(const Type& type) {
  if (const ScalarName* scalar = Scalar(type.kind())) {
    return scalar->plural;
  }
  if (!type.name().empty()) {
    return type.name() + (type.name().back() == 'h' ? "es" : "s");
  }
  return type.is(Type::Kind::kList) ? "lists" : "maps";
}

// What may stand in data: no gate, no secret, nothing that can be called.
bool IsData(const Type& type) {
  switch (type.kind()) {
    case Type::Kind::kSecret:
    case Type::Kind::kFunction:
    case Type::Kind::kModule:
      return false;
    case Type::Kind::kList:
    case Type::Kind::kMap:
      return IsData(type.element());
    case Type::Kind::kRecord:
      return !type.open() && (type.name().empty() || !type.fields().empty()) &&
             std::all_of(type.fields().begin(), type.fields().end(), [](const Field& f) { return IsData(f.type); });
    default:
      return true;
  }
}

bool FieldsFit(const Type& from, const Type& to) {
  const bool known = std::all_of(from.fields().begin(), from.fields().end(), [&](const Field& field) {
    const Type* wanted = to.FieldType(field.name);
    return wanted != nullptr && Fits(field.type, *wanted);
  });
  return known && std::all_of(to.fields().begin(), to.fields().end(), [&](const Field& field) {
           return field.type.optional() || field.type.is_dynamic() || from.FieldType(field.name) != nullptr;
         });
}

bool RecordFits(const Type& from, const Type& to) {
  if (from.name().empty() && to.name().empty()) {
    return FieldsFit(from, to);
  }
  return from.name() == to.name();
}

Type JoinRecords(const Type& a, const Type& b) {
  std::vector<Field> fields;
  for (const Field& field : a.fields()) {
    const Type* other = b.FieldType(field.name);
    fields.push_back({field.name, other != nullptr ? Join(field.type, *other) : field.type.Optional()});
  }
  for (const Field& field : b.fields()) {
    if (a.FieldType(field.name) == nullptr) {
      fields.push_back({field.name, field.type.Optional()});
    }
  }
  return Type::Record(std::move(fields));
}

}  // namespace

Type Type::List(Type element) {
  Type type(Kind::kList);
  type.shape_ = std::make_shared<const Shape>(Shape{"", {std::move(element)}, {}});
  return type;
}
Type Type::Map(Type element) {
  Type type(Kind::kMap);
  type.shape_ = std::make_shared<const Shape>(Shape{"", {std::move(element)}, {}});
  return type;
}
Type Type::Record(std::vector<Field> fields) { return Named("", std::move(fields)); }
Type Type::Named(std::string name, std::vector<Field> fields, bool open) {
  Type type(Kind::kRecord);
  type.open_ = open;
  type.shape_ = std::make_shared<const Shape>(Shape{std::move(name), {}, std::move(fields)});
  return type;
}
Type Type::Function(std::shared_ptr<const Signature> signature) {
  Type type(Kind::kFunction);
  type.signature_ = std::move(signature);
  return type;
}
Type Type::OfModule(const Module* module) {
  Type type(Kind::kModule);
  type.module_ = module;
  return type;
}

bool Type::is_named(std::string_view name) const { return kind_ == Kind::kRecord && this->name() == name; }

const Type& Type::element() const {
  static const Type kUnknown(Kind::kAny);
  return shape_ != nullptr && !shape_->element.empty() ? shape_->element[0] : kUnknown;
}
const std::vector<Field>& Type::fields() const {
  static const std::vector<Field> kNoFields;
  return shape_ != nullptr ? shape_->fields : kNoFields;
}
const std::string& Type::name() const {
  static const std::string kNoName;
  return shape_ != nullptr ? shape_->name : kNoName;
}
const Type* Type::FieldType(std::string_view name) const {
  for (const Field& field : fields()) {
    if (field.name == name) {
      return &field.type;
    }
  }
  return nullptr;
}

Type Type::Optional() const {
  Type type = *this;
  // json holds none already, and of the others nothing is known.
  type.optional_ = kind_ != Kind::kError && kind_ != Kind::kAny && kind_ != Kind::kJson && kind_ != Kind::kNone;
  return type;
}
Type Type::Required() const {
  Type type = *this;
  type.optional_ = false;
  return type;
}

std::string Type::ToString() const {
  std::string text;
  if (const ScalarName* scalar = Scalar(kind_)) {
    text = scalar->word;
  } else if (kind_ == Kind::kList || kind_ == Kind::kMap) {
    text = std::string(kind_ == Kind::kList ? "list<" : "map<") + element().ToString() + ">";
  } else if (kind_ == Kind::kRecord && !name().empty()) {
    text = name();
  } else if (kind_ == Kind::kRecord) {
    std::string fields_text;
    for (const Field& field : fields()) {
      fields_text += (fields_text.empty() ? " " : ", ") + field.name + ": " + field.type.ToString();
    }
    text = "{" + fields_text + (fields_text.empty() ? "}" : " }");
  } else {
    text = kind_ == Kind::kFunction ? "function" : (kind_ == Kind::kModule ? "module" : "error");
  }
  return optional_ ? text + "?" : text;
}

std::string Type::Phrase() const {
  if (const ScalarName* scalar = Scalar(kind_)) {
    return scalar->phrase;
  }
  switch (kind_) {
    case Kind::kList:
      return element().is_dynamic() ? "a list" : "a list of " + Plural(element());
    case Kind::kMap:
      return element().is_dynamic() ? "a map" : "a map of " + Plural(element());
    case Kind::kRecord:
      if (name().empty()) {
        return "a map";
      }
      return (std::string_view("aeiou").find(name()[0]) != std::string_view::npos ? "an " : "a ") + name();
    case Kind::kFunction:
      return "a function";
    case Kind::kModule:
      return "a module";
    default:
      return "a value";
  }
}

bool operator==(const Type& a, const Type& b) {
  if (a.kind_ != b.kind_ || a.optional_ != b.optional_) {
    return false;
  }
  switch (a.kind_) {
    case Type::Kind::kList:
    case Type::Kind::kMap:
      return a.element() == b.element();
    case Type::Kind::kRecord:
      return a.name() == b.name() &&
             std::equal(a.fields().begin(), a.fields().end(), b.fields().begin(), b.fields().end(),
                        [](const Field& x, const Field& y) { return x.name == y.name && x.type == y.type; });
    case Type::Kind::kFunction:
      return a.signature_ == b.signature_;
    case Type::Kind::kModule:
      return a.module_ == b.module_;
    default:
      return true;
  }
}

bool Fits(const Type& from, const Type& to) {
  if (from.is_dynamic() || to.is_dynamic()) {
    return true;
  }
  if (from.is(Type::Kind::kNone)) {
    return to.optional() || to.is(Type::Kind::kNone) || to.is(Type::Kind::kJson);
  }
  if (to.is(Type::Kind::kJson)) {
    return IsData(from);
  }
  switch (to.kind()) {
    case Type::Kind::kInt:
    case Type::Kind::kDecimal:
      return from.is_number();
    case Type::Kind::kList:
      return from.is(Type::Kind::kList) && Fits(from.element(), to.element());
    case Type::Kind::kMap:
      if (from.is(Type::Kind::kRecord) && from.name().empty()) {
        return std::all_of(from.fields().begin(), from.fields().end(),
                           [&](const Field& field) { return Fits(field.type.Required(), to.element()); });
      }
      return from.is(Type::Kind::kMap) && Fits(from.element(), to.element());
    case Type::Kind::kRecord:
      if (from.is(Type::Kind::kMap) && to.name().empty()) {
        return std::all_of(to.fields().begin(), to.fields().end(),
                           [&](const Field& field) { return Fits(from.element(), field.type); });
      }
      return from.is(Type::Kind::kRecord) && RecordFits(from, to);
    case Type::Kind::kFunction:
    case Type::Kind::kModule:
      return false;
    default:
      return from.kind() == to.kind();
  }
}

Type Join(const Type& a, const Type& b) {
  if (a.is_error() || b.is_error()) {
    return a.is_error() ? a : b;
  }
  if (a.is(Type::Kind::kAny) || b.is(Type::Kind::kAny)) {
    return Type::Kind::kAny;
  }
  if (a.is(Type::Kind::kNone) || b.is(Type::Kind::kNone)) {
    return (a.is(Type::Kind::kNone) ? b : a).Optional();
  }
  const bool optional = a.optional() || b.optional();
  const auto with = [&](const Type& type) { return optional ? type.Optional() : type; };
  if (a.is_number() && b.is_number()) {
    return with(a.is(Type::Kind::kDecimal) || b.is(Type::Kind::kDecimal) ? Type::Kind::kDecimal : Type::Kind::kInt);
  }
  if (a.is(Type::Kind::kJson) || b.is(Type::Kind::kJson)) {
    return IsData(a) && IsData(b) ? Type::Kind::kJson : Type::Kind::kAny;
  }
  if (a.kind() == b.kind() && (a.is(Type::Kind::kList) || a.is(Type::Kind::kMap))) {
    const Type element = Join(a.element(), b.element());
    return with(a.is(Type::Kind::kList) ? Type::List(element) : Type::Map(element));
  }
  if (a.is(Type::Kind::kRecord) && b.is(Type::Kind::kRecord) && a.name().empty() && b.name().empty()) {
    return with(JoinRecords(a, b));
  }
  if (Fits(a, b)) {
    return with(b);
  }
  return Fits(b, a) ? with(a) : Type(Type::Kind::kAny);
}

Type TypeOfValue(const graph::Value& value) {
  if (const graph::Quantity* quantity = value.as_quantity()) {
    switch (quantity->unit) {
      case graph::Unit::kNone:
        return quantity->number.is_integer() ? Type::Kind::kInt : Type::Kind::kDecimal;
      case graph::Unit::kPercent:
        return Type::Kind::kPercent;
      case graph::Unit::kDuration:
        return Type::Kind::kDuration;
      case graph::Unit::kBytes:
        return Type::Kind::kBytes;
    }
  }
  if (value.as_bool() != nullptr) {
    return Type::Kind::kBool;
  }
  if (value.as_string() != nullptr) {
    return Type::Kind::kString;
  }
  if (value.as_time() != nullptr) {
    return Type::Kind::kDate;
  }
  if (value.as_secret() != nullptr) {
    return Type::Kind::kSecret;
  }
  if (value.as_list() != nullptr) {
    return Type::List(Type::Kind::kAny);
  }
  if (value.as_map() != nullptr) {
    return Type::Map(Type::Kind::kAny);
  }
  if (const auto* handle = value.as_handle()) {
    const Type* named = NamedType((*handle)->type_name());
    return named != nullptr ? *named : Type(Type::Kind::kAny);
  }
  return value.is_none() ? Type::Kind::kNone : Type::Kind::kAny;
}

}  // namespace sluice::check
