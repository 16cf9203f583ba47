#include "reconciler/embedded/schema.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "reconciler/embedded/kinds.h"
#include "reconciler/embedded/schema_fields.h"

namespace sluice::embedded {
namespace {

const char* Name(Type type) {
  switch (type) {
    case Type::kText:
      return "a string";
    case Type::kInteger:
      return "an integer";
    case Type::kFlag:
      return "a boolean";
    case Type::kObject:
      return "an object";
    case Type::kTexts:
      return "an object of strings";
    case Type::kIntegerOrText:
      return "an integer or a string";
  }
  return "";
}

bool Is(const Json& value, Type type) {
  switch (type) {
    case Type::kText:
      return value.is_string();
    case Type::kInteger:
      return value.is_number_integer();
    case Type::kFlag:
      return value.is_boolean();
    case Type::kObject:
      return value.is_object();
    case Type::kTexts:
      return value.is_object() && std::all_of(value.begin(), value.end(),
                                              [](const Json& each) { return each.is_string() || each.is_null(); });
    case Type::kIntegerOrText:
      return value.is_number_integer() || value.is_string();
  }
  return false;
}

// The tables as a tree, so that an object is checked in one walk through it: what one field is, and the fields in it,
// by name. The items of a list are the one field "[]".
struct Schema {
  std::string_view name;
  std::optional<Type> type = {};
  std::vector<Schema> fields = {};
};

// Where the field of that name stands among them, or should.
auto Place(auto& fields, std::string_view name) {
  return std::lower_bound(fields.begin(), fields.end(), name,
                          [](const Schema& field, std::string_view than) { return field.name < than; });
}

// What the items of a list are; null if it is none.
const Schema* ItemsOf(const Schema& list) {
  return list.fields.size() == 1 && list.fields.front().name == "[]" ? &list.fields.front() : nullptr;
}

Schema& FieldIn(Schema& of, std::string_view name) {
  const auto at = Place(of.fields, name);
  return at != of.fields.end() && at->name == name ? *at : *of.fields.insert(at, Schema{name});
}

void Add(Schema& schema, Fields fields) {
  for (const Field& field : fields) {
    Schema* at = &schema;
    for (std::string_view path = field.path; !path.empty();) {
      if (path.starts_with('.')) path.remove_prefix(1);
      const std::string_view name =
          path.starts_with("[]") ? path.substr(0, 2) : path.substr(0, path.find_first_of(".["));
      path.remove_prefix(name.size());
      at = &FieldIn(*at, name);
    }
    at->type = field.type;
  }
}

// What is wrong with `value`, after the path to it from there: ".name: must be a string". "" if nothing is.
std::string Wrong(const Json& value, const Schema& schema) {
  if (value.is_null()) return "";
  if (schema.type && !Is(value, *schema.type)) return fmt::format(": must be {}", Name(*schema.type));
  if (const Schema* of_items = ItemsOf(schema)) {
    if (!value.is_array()) return ": must be a list";
    for (const Json& item : value) {
      const std::string wrong = item.is_null() ? ": must not be null" : Wrong(item, *of_items);
      if (!wrong.empty()) return "[]" + wrong;
    }
  } else if (const auto* members = value.get_ptr<const Json::object_t*>();
             members != nullptr && !schema.fields.empty()) {
    // Both are sorted by name.
    auto field = schema.fields.begin();
    for (const auto& [name, member] : *members) {
      int order = -1;
      while (field != schema.fields.end() && (order = field->name.compare(name)) < 0) ++field;
      if (field == schema.fields.end()) break;
      const std::string wrong = order == 0 ? Wrong(member, *field) : "";
      if (!wrong.empty()) return fmt::format(".{}{}", name, wrong);
    }
  }
  return "";
}

Schema Make(const Kind& kind) {
  Schema schema;
  Add(schema, CommonFields());
  Add(schema, FieldsOf(kind));
  Schema& around = kind == kControllerRevision ? FieldIn(schema, "data") : schema;
  if (kind == kDeployment || kind == kReplicaSet || kind == kStatefulSet || kind == kControllerRevision ||
      kind == kJob) {
    Add(FieldIn(FieldIn(around, "spec"), "template"), FieldsOf(kPod));
  }
  return schema;
}

const Schema& SchemaOf(const Kind& kind) {
  static const Schema kCustom = Make({});
  static const std::map<Kind, Schema> kBuiltIn = [] {
    std::map<Kind, Schema> schemas;
    for (const Kind& each :
         {kPod, kDeployment, kReplicaSet, kStatefulSet, kControllerRevision, kJob, kAutoscaler, kService,
          kEndpointSlice, kHttpRoute, kResourceQuota, kDisruptionBudget, kConfigMap, Kind{"v1", "Secret"}}) {
      schemas.emplace(each, Make(each));
    }
    return schemas;
  }();
  const auto found = kBuiltIn.find(kind);
  return found == kBuiltIn.end() ? kCustom : found->second;
}

}  // namespace

Result<void> CheckTypes(const Kind& kind, const Json& object) {
  const std::string wrong = Wrong(object, SchemaOf(kind));
  if (wrong.empty()) return {};
  return Error{ErrorCode::kInvalid, fmt::format("{}: {}", ToString(cluster::KeyOf(object)), wrong.substr(1))};
}

}  // namespace sluice::embedded
