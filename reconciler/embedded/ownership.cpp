#include "reconciler/embedded/ownership.h"

#include <algorithm>
#include <functional>
#include <set>

#include <fmt/format.h>

#include "reconciler/embedded/kinds.h"

namespace sluice::embedded {
namespace {

using Names = std::vector<std::string>;

// Names the place for the duration of a visit.
class Step {
 public:
  Step(Names& path, std::string name) : path_(path) { path_.push_back(std::move(name)); }
  ~Step() { path_.pop_back(); }
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;

 private:
  Names& path_;
};

// What the server keeps to itself, and what stands in a request only as a precondition.
bool ServersOwn(const Names& path, const std::string& name) {
  static const std::set<std::string> kTop = {"apiVersion", "kind", "status"};
  static const std::set<std::string> kMetadata = {"name",
                                                  "namespace",
                                                  "uid",
                                                  "resourceVersion",
                                                  "generation",
                                                  "creationTimestamp",
                                                  "managedFields",
                                                  "deletionTimestamp",
                                                  "deletionGracePeriodSeconds",
                                                  "selfLink"};
  if (path.empty()) return kTop.contains(name);
  return path.size() == 1 && path[0] == "metadata" && kMetadata.contains(name);
}

// `k:{…}` or `v:…` for an item of a list with these keys; "" if the item lacks a key.
std::string ItemKey(const Json& item, const Names& keys) {
  if (keys.size() == 1 && keys[0].empty()) return "v:" + item.dump();
  if (!item.is_object()) return "";
  Json key = Json::object();
  for (const std::string& name : keys) {
    auto found = item.find(name);
    if (found != item.end()) {
      key[name] = *found;
    } else if (name == "protocol") {
      key[name] = "TCP";  // the schema's default for a missing key
    } else {
      return "";
    }
  }
  return "k:" + key.dump();
}

// Whether ItemKey has something to say.
bool HasKeys(const Json& item, const Names& keys) {
  if (keys.size() == 1 && keys[0].empty()) return true;
  return item.is_object() && std::all_of(keys.begin(), keys.end(), [&](const std::string& name) {
           return name == "protocol" || item.contains(name);
         });
}

// The keys by which this list merges, or none if it is atomic or its items don't have them.
Names KeysOf(const Kind& kind, const Names& path, const Json& list) {
  Names keys = ListKeys(kind, path);
  if (keys.empty()) return {};
  bool keyed = std::all_of(list.begin(), list.end(), [&](const Json& item) { return HasKeys(item, keys); });
  return keyed ? keys : Names();
}

const Json* ItemOf(const Json& list, const std::string& key, const Names& keys) {
  for (const Json& item : list) {
    if (ItemKey(item, keys) == key) return &item;
  }
  return nullptr;
}

bool Granular(const Kind& kind, const Names& path, const Json& value) {
  return value.is_object() && !value.empty() && !AtomicMap(kind, path);
}

Json FieldsAt(const Kind& kind, const Json& value, Names& path) {
  Json::object_t fields;
  if (value.is_object()) {
    if (!Granular(kind, path, value)) return fields;
    fields.reserve(value.size());
    for (const auto& [name, member] : value.get_ref<const Json::object_t&>()) {
      if (ServersOwn(path, name)) continue;
      Step step(path, name);
      // Nothing is in a keyed list without items.
      if (member.is_array() && member.empty() && !ListKeys(kind, path).empty()) continue;
      Json inner = FieldsAt(kind, member, path);
      // An object owns nothing of which only the server's fields were named, or lists without items.
      if (inner.empty() && Granular(kind, path, member)) continue;
      fields.emplace_hint(fields.end(), "f:" + name, std::move(inner));
    }
    return fields;
  }
  if (!value.is_array()) return fields;
  Names keys = KeysOf(kind, path, value);
  if (keys.empty()) return fields;
  for (const Json& item : value) {
    Step step(path, "*");
    Json inner = item.is_object() ? FieldsAt(kind, item, path) : Json::object();
    if (item.is_object() && !AtomicMap(kind, path)) inner["."] = Json::object();
    fields[ItemKey(item, keys)] = std::move(inner);
  }
  return fields;
}

Json MergedAt(const Kind& kind, Json live, const Json& wanted, Names& path);

// Wanted's order leads; an item that only `live` has keeps its place after what it followed.
Json MergedList(const Kind& kind, const Json& live, const Json& wanted, const Names& keys, Names& path) {
  Json merged = Json::array();
  std::set<std::string> done;
  auto next_live = live.begin();
  auto take_only_live = [&] {
    while (next_live != live.end()) {
      std::string key = ItemKey(*next_live, keys);
      if (!done.contains(key)) {
        if (ItemOf(wanted, key, keys) != nullptr) return;
        done.insert(key);
        merged.push_back(*next_live);
      }
      ++next_live;
    }
  };
  take_only_live();
  for (const Json& item : wanted) {
    std::string key = ItemKey(item, keys);
    if (!done.insert(key).second) continue;
    Step step(path, "*");
    const Json* present = ItemOf(live, key, keys);
    merged.push_back(present == nullptr ? MergedAt(kind, Json(), item, path) : MergedAt(kind, *present, item, path));
    take_only_live();
  }
  return merged;
}

// `live` is changed where `wanted` says otherwise: one that is handed on whole is copied once, not at every level.
Json MergedAt(const Kind& kind, Json live, const Json& wanted, Names& path) {
  if (wanted.is_object() && !AtomicMap(kind, path)) {
    Json merged = live.is_object() ? std::move(live) : Json::object();
    for (const auto& [name, member] : wanted.items()) {
      if (ServersOwn(path, name)) continue;
      Step step(path, name);
      Json& present = merged[name];
      present = MergedAt(kind, std::move(present), member, path);
    }
    return merged;
  }
  if (!wanted.is_array() || !live.is_array()) return wanted;
  Names keys = KeysOf(kind, path, wanted);
  return keys.empty() || KeysOf(kind, path, live).empty() ? wanted : MergedList(kind, live, wanted, keys, path);
}

// Nothing (null) where both agree.
Json DifferingAt(const Kind& kind, const Json& live, const Json& wanted, Names& path) {
  static const Json kNothing;
  // An empty map asks for no more than that there is one.
  if (wanted.is_object() && wanted.empty() && live.is_object() && !AtomicMap(kind, path)) return {};
  if (Granular(kind, path, wanted) && live.is_object()) {
    Json fields;
    for (const auto& [name, member] : wanted.items()) {
      if (ServersOwn(path, name)) continue;
      Step step(path, name);
      auto present = live.find(name);
      Json inner = DifferingAt(kind, present == live.end() ? kNothing : *present, member, path);
      if (!inner.is_null()) fields["f:" + name] = std::move(inner);
    }
    return fields;
  }
  Names keys = wanted.is_array() && live.is_array() ? KeysOf(kind, path, wanted) : Names();
  if (keys.empty()) {
    if (live == wanted) return {};
    Json fields = FieldsAt(kind, wanted, path);
    // Of a map that wasn't there, the map itself differs, too.
    if (live.is_null() && wanted.is_object() && !fields.empty()) fields["."] = Json::object();
    return fields;
  }
  Json fields;
  for (const Json& item : wanted) {
    Step step(path, "*");
    std::string key = ItemKey(item, keys);
    const Json* present = ItemOf(live, key, keys);
    Json inner = DifferingAt(kind, present == nullptr ? kNothing : *present, item, path);
    if (present == nullptr && item.is_object() && !AtomicMap(kind, path)) inner["."] = Json::object();
    if (!inner.is_null()) fields[key] = std::move(inner);
  }
  return fields;
}

// `[name="web"]` of `k:{"name":"web"}`, `[="x"]` of `v:"x"`.
std::string ItemPath(const std::string& key) {
  if (key.starts_with("v:")) return fmt::format("[={}]", key.substr(2));
  std::string text;
  const Json named = cluster::ParseJson(key.substr(2));
  for (const auto& [name, value] : named.items()) {
    text += fmt::format("{}{}={}", text.empty() ? "" : ",", name, value.dump());
  }
  return fmt::format("[{}]", text);
}

// The key that two items of one list have; "" if none do.
std::string TwiceIn(const Kind& kind, const Json& value, Names& path) {
  if (value.is_object() && !AtomicMap(kind, path)) {
    for (const auto& [name, member] : value.items()) {
      if (!member.is_structured() || ServersOwn(path, name)) continue;
      Step step(path, name);
      if (std::string twice = TwiceIn(kind, member, path); !twice.empty()) return twice;
    }
  }
  const Names keys = value.is_array() ? KeysOf(kind, path, value) : Names();
  if (keys.empty()) return "";
  std::set<std::string> seen;
  for (const Json& item : value) {
    const std::string key = ItemKey(item, keys);
    if (!seen.insert(key).second) return ItemPath(key);
    Step step(path, "*");
    if (std::string twice = TwiceIn(kind, item, path); !twice.empty()) return twice;
  }
  return "";
}

bool Leaf(const Json& fields) { return fields.empty(); }

// Whether the field itself is in the set, apart from what is in it.
bool IsMember(const Json& fields) { return Leaf(fields) || fields.contains("."); }

// What goes with the fields of `own` that aren't in `kept`: a member of which nothing is named any more goes as a
// whole, with what nobody owns (EnsureNamedFieldsAreMembers).
Json GoneOf(const Json& own, const Json& kept) {
  Json gone = Json::object();
  for (const auto& [name, inner] : own.items()) {
    const auto other = kept.find(name);
    if (name == ".") continue;
    // An item is kept by who owns it, not by who owns something in it.
    const bool whole = other == kept.end() || (name.starts_with("k:") && IsMember(inner) && !IsMember(*other));
    Json in_it = whole ? Json::object() : GoneOf(inner, *other);
    if (whole || !in_it.empty()) gone[name] = std::move(in_it);
  }
  return gone;
}

// The fields of `before` that an update to `after` lets vanish, a map with all that is said of it.
Json Vanished(const Kind& kind, const Json& before, const Json& after) {
  Json left = FieldsOf(kind, after);
  Default(left, "f:metadata", Json::object());  // which stays in any case
  return GoneOf(FieldsOf(kind, before), left);
}

// `fields` without what `gone` says: all below what goes as a whole.
Json WithoutGone(const Json& fields, const Json& gone) {
  Json kept = Json::object();
  for (const auto& [name, inner] : fields.items()) {
    const auto goes = gone.find(name);
    if (goes == gone.end()) {
      kept[name] = inner;
    } else if (!Leaf(*goes)) {
      Json rest = WithoutGone(inner, *goes);
      if (!rest.empty() || Leaf(inner)) kept[name] = std::move(rest);
    }
  }
  return kept;
}

void RemoveFromList(Json& list, const std::string& key, const Json& fields) {
  bool set = key.starts_with("v:");
  const Json wanted = cluster::ParseJson(key.substr(2));
  auto fits = [&](const Json& item) {
    if (set) return item == wanted;
    if (!item.is_object() || !wanted.is_object()) return false;
    return std::all_of(wanted.items().begin(), wanted.items().end(), [&](const auto& part) {
      return item.value(part.key(), part.key() == "protocol" ? Json("TCP") : Json()) == part.value();
    });
  };
  Json::array_t& items = Items(list);
  const auto found = std::find_if(items.begin(), items.end(), fits);
  if (found == items.end()) return;
  if (set || Leaf(fields) || fields.contains(".")) {
    items.erase(found);
  } else {
    RemoveFields(*found, fields);
  }
}

bool AppliedBy(const Json& entry, const std::string& manager) {
  return Says(entry, {"manager"}, manager) && Says(entry, {"operation"}, "Apply");
}

FieldConflict ConflictWith(const Json& entry, const Json& fields) {
  return {Text(entry, {"manager"}), Text(entry, {"subresource"}), Text(entry, {"apiVersion"}), PathsOf(fields)};
}

// An entry of metadata.managedFields, or nullptr.
Json* EntryOf(Json& managed, const Updater& by, const char* operation) {
  for (Json& entry : Items(managed)) {
    const bool same = Says(entry, {"manager"}, by.manager) && Says(entry, {"operation"}, operation);
    if (same && Text(entry, {"subresource"}) == by.subresource) return &entry;
  }
  return nullptr;
}

Json NewEntry(const Json& object, const std::string& manager, const char* operation, Json fields,
              const std::string& time) {
  return {{"manager", manager},       {"operation", operation}, {"apiVersion", Text(object, {"apiVersion"})},
          {"fieldsType", "FieldsV1"}, {"time", time},           {"fieldsV1", std::move(fields)}};
}

Error ConflictOf(const std::vector<FieldConflict>& conflicts) {
  std::string text;
  for (const FieldConflict& conflict : conflicts) {
    for (const std::string& path : conflict.paths) {
      const std::string by =
          conflict.subresource.empty() ? "" : fmt::format(" with subresource \"{}\"", conflict.subresource);
      text += fmt::format("{}\"{}\"{}: {}", text.empty() ? "" : ", ", conflict.manager, by, path);
    }
  }
  return Error{ErrorCode::kConflict, "apply failed, conflicts with other field managers: " + text};
}

}  // namespace

Json FieldsOf(const Kind& kind, const Json& object) {
  Names path;
  return FieldsAt(kind, object, path);
}

Json Merged(const Kind& kind, const Json& live, const Json& wanted) {
  Names path;
  return MergedAt(kind, live, wanted, path);
}

Json Differing(const Kind& kind, const Json& live, const Json& wanted) {
  Names path;
  Json fields = DifferingAt(kind, live, wanted, path);
  return fields.is_null() ? Json::object() : fields;
}

Json UnionOf(const Json& a, const Json& b) {
  Json fields = a;
  for (const auto& [name, inner] : b.items()) {
    if (!fields.contains(name)) {
      fields[name] = inner;
      continue;
    }
    Json& present = fields[name];
    Json both = UnionOf(present, inner);
    if (!both.empty() && (Leaf(present) || Leaf(inner))) both["."] = Json::object();
    present = std::move(both);
  }
  return fields;
}

Json DifferenceOf(const Json& a, const Json& b) {
  Json fields = Json::object();
  for (const auto& [name, inner] : a.items()) {
    auto other = b.find(name);
    if (name == ".") continue;
    if (other == b.end()) {
      fields[name] = inner;
      continue;
    }
    Json rest = DifferenceOf(inner, *other);
    const bool itself = IsMember(inner) && !IsMember(*other);
    if (itself && !rest.empty()) rest["."] = Json::object();
    if (itself || !rest.empty()) fields[name] = std::move(rest);
  }
  return fields;
}

Json IntersectionOf(const Json& a, const Json& b) {
  Json fields = Json::object();
  for (const auto& [name, inner] : a.items()) {
    auto other = b.find(name);
    if (other == b.end() || name == ".") continue;
    Json both = IntersectionOf(inner, *other);
    const bool itself = IsMember(inner) && IsMember(*other);
    if (itself && !both.empty()) both["."] = Json::object();
    if (itself || !both.empty()) fields[name] = std::move(both);
  }
  return fields;
}

std::vector<std::string> PathsOf(const Json& fields) {
  std::vector<std::string> paths;
  std::function<void(const Json&, const std::string&)> visit = [&](const Json& at, const std::string& path) {
    if (Leaf(at)) paths.push_back(path);
    for (const auto& [name, inner] : at.items()) {
      if (name == ".") {
        paths.push_back(path);
      } else if (name.starts_with("f:")) {
        visit(inner, path + "." + name.substr(2));
      } else {
        visit(inner, path + ItemPath(name));
      }
    }
  };
  if (!fields.empty()) visit(fields, "");
  std::sort(paths.begin(), paths.end());
  return paths;
}

void RemoveFields(Json& object, const Json& fields) {
  if (!object.is_object()) return;
  for (const auto& [name, inner] : fields.items()) {
    if (!name.starts_with("f:")) continue;
    const std::string own = name.substr(2);
    if (Leaf(inner)) object.erase(own);
    Json* member = MemberOf(object, own);
    if (member == nullptr) continue;
    if (member->is_array()) {
      for (const auto& [key, item] : inner.items()) RemoveFromList(*member, key, item);
    } else {
      RemoveFields(*member, inner);
    }
    if (member->empty()) object.erase(own);
  }
}

void OwnAll(Json& object, const std::string& manager, const std::string& time) {
  if (manager.empty()) return;
  Json fields = FieldsOf(cluster::KeyOf(object).kind, object);
  if (fields.empty()) return;
  object["metadata"]["managedFields"] = Json::array({NewEntry(object, manager, "Update", std::move(fields), time)});
}

bool IsFieldSet(const Json& fields) {
  return fields.is_object() && std::all_of(fields.begin(), fields.end(), IsFieldSet);
}

std::vector<FieldConflict> ConflictsOf(const Json& live, const Json& wanted, const std::string& manager) {
  const Json differing = Differing(cluster::KeyOf(wanted).kind, live, wanted);
  std::vector<FieldConflict> conflicts;
  for (const Json& entry : List(live, {"metadata", "managedFields"})) {
    if (AppliedBy(entry, manager)) continue;
    const Json taken = IntersectionOf(differing, entry.value("fieldsV1", Json::object()));
    if (!taken.empty()) conflicts.push_back(ConflictWith(entry, taken));
  }
  return conflicts;
}

Json OwnChanged(const Json& before, const Json& after, const Json& given, const Updater& by, const std::string& time) {
  // Where nobody owns anything, nobody begins to by an update.
  if (given.empty() && List(before, {"metadata", "managedFields"}).empty()) return Json::array();
  const Kind kind = cluster::KeyOf(after).kind;
  const Json changed = Differing(kind, before, after);
  const Json gone = Vanished(kind, before, after);
  Json managed = given.empty() ? List(before, {"metadata", "managedFields"}) : given;
  if (!by.manager.empty() && !changed.empty() && EntryOf(managed, by, "Update") == nullptr) {
    Json entry = NewEntry(after, by.manager, "Update", Json::object(), time);
    if (!by.subresource.empty()) entry["subresource"] = by.subresource;
    managed.push_back(std::move(entry));
  }
  Json* own = by.manager.empty() ? nullptr : EntryOf(managed, by, "Update");
  Json kept = Json::array();
  for (Json& entry : Items(managed)) {
    Json fields = WithoutGone(entry.value("fieldsV1", Json::object()), gone);
    fields = &entry == own ? UnionOf(fields, changed) : DifferenceOf(fields, changed);
    if (fields.empty()) continue;
    if (&entry == own && fields != entry["fieldsV1"]) entry["time"] = time;
    // The API server dates no owner of a scale.
    if (&entry == own && by.subresource == "scale") entry.erase("time");
    entry["fieldsV1"] = std::move(fields);
    kept.push_back(std::move(entry));
  }
  return kept;
}

Result<void> CheckKeys(const Kind& kind, const Json& wanted) {
  Names path;
  const std::string twice = TwiceIn(kind, wanted, path);
  if (twice.empty()) return {};
  return Error{ErrorCode::kInvalid,
               fmt::format("{}: duplicate entries for key {}", ToString(cluster::KeyOf(wanted)), twice)};
}

Result<Json> ApplyTo(const Json& live, const Json& wanted, const std::string& manager, bool force,
                     const std::string& time) {
  Kind kind = cluster::KeyOf(wanted).kind;
  Json managed = List(live, {"metadata", "managedFields"});
  if (managed.empty() && !UidOf(live).empty()) {
    // What nobody owned until somebody applies.
    managed.push_back(NewEntry(live, "before-first-apply", "Update", FieldsOf(kind, live), time));
  }
  Json differing = Differing(kind, live, wanted);
  Json others = Json::object();
  std::vector<FieldConflict> conflicts;
  for (Json& entry : Items(managed)) {
    if (AppliedBy(entry, manager)) continue;
    Json taken = IntersectionOf(differing, entry["fieldsV1"]);
    if (!taken.empty()) conflicts.push_back(ConflictWith(entry, taken));
    if (force) entry["fieldsV1"] = DifferenceOf(entry["fieldsV1"], taken);
    others = UnionOf(others, entry["fieldsV1"]);
  }
  if (!conflicts.empty() && !force) return ConflictOf(conflicts);

  Json fields = FieldsOf(kind, wanted);
  Json merged = Merged(kind, live, wanted);
  Json* own = EntryOf(managed, {manager}, "Apply");
  if (own == nullptr) {
    managed.push_back(NewEntry(wanted, manager, "Apply", fields, time));
  } else {
    Json kept = UnionOf(fields, others);
    Default(kept, "f:metadata", Json::object());  // which stays in any case
    const Json given_up = GoneOf((*own)["fieldsV1"], kept);
    RemoveFields(merged, given_up);
    if (!given_up.empty()) {
      // What others owned in it went along.
      const Json gone = DifferenceOf(FieldsOf(kind, live), FieldsOf(kind, merged));
      for (Json& entry : Items(managed)) {
        if (&entry != own) entry["fieldsV1"] = DifferenceOf(entry["fieldsV1"], gone);
      }
    }
    if ((*own)["fieldsV1"] != fields) {
      (*own)["fieldsV1"] = fields;
      (*own)["time"] = time;
    }
  }
  Json kept = Json::array();
  for (Json& entry : Items(managed)) {
    if (!entry["fieldsV1"].empty()) kept.push_back(std::move(entry));
  }
  merged["metadata"]["managedFields"] = std::move(kept);
  return merged;
}

}  // namespace sluice::embedded
