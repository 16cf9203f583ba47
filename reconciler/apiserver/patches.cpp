#include "reconciler/apiserver/patches.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "reconciler/embedded/kinds.h"

namespace sluice::apiserver {
namespace {

using cluster::Find;
using cluster::Text;

// As the API server's: a patch that copies its own copies would grow without bound.
constexpr std::size_t kMaxOperations = 10'000;
constexpr std::size_t kMaxCopiedBytes = 3 * 1024 * 1024;

Error Invalid(std::string message) { return {ErrorCode::kInvalid, std::move(message)}; }

// --- JSON patch

// RFC 6901. nullopt for what is no pointer.
std::optional<std::vector<std::string>> Pointer(std::string_view text) {
  std::vector<std::string> path;
  if (text.empty()) return path;
  if (text[0] != '/') return std::nullopt;
  std::string token;
  for (std::size_t at = 1; at <= text.size(); ++at) {
    if (at == text.size() || text[at] == '/') {
      path.push_back(std::exchange(token, {}));
    } else if (text[at] == '~') {
      if (++at == text.size() || (text[at] != '0' && text[at] != '1')) return std::nullopt;
      token += text[at] == '0' ? '~' : '/';
    } else {
      token += text[at];
    }
  }
  return path;
}

// The place in a list that `token` names, at most `most`.
std::optional<std::size_t> Index(const std::string& token, std::size_t most) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), index);
  const bool whole = error == std::errc() && end == token.data() + token.size();
  const bool plain = token == "0" || (!token.empty() && token[0] != '0');
  return whole && plain && index <= most ? std::optional(index) : std::nullopt;
}

Json* At(Json& object, const std::vector<std::string>& path, std::size_t length) {
  Json* at = &object;
  for (std::size_t i = 0; i < length; ++i) {
    if (at->is_object()) {
      at = cluster::MemberOf(*at, path[i]);
      if (at == nullptr) return nullptr;
    } else if (at->is_array()) {
      const auto index = Index(path[i], at->size());
      if (!index || *index == at->size()) return nullptr;
      at = &(*at)[*index];
    } else {
      return nullptr;
    }
  }
  return at;
}

bool Add(Json& object, const std::vector<std::string>& path, Json value) {
  if (path.empty()) {
    object = std::move(value);
    return true;
  }
  Json* parent = At(object, path, path.size() - 1);
  if (parent == nullptr) return false;
  if (parent->is_object()) {
    (*parent)[path.back()] = std::move(value);
    return true;
  }
  if (!parent->is_array()) return false;
  const auto index = path.back() == "-" ? parent->size() : Index(path.back(), parent->size());
  if (!index) return false;
  parent->insert(parent->begin() + static_cast<std::ptrdiff_t>(*index), std::move(value));
  return true;
}

bool Remove(Json& object, const std::vector<std::string>& path) {
  if (path.empty() || At(object, path, path.size()) == nullptr) return false;
  Json* parent = At(object, path, path.size() - 1);
  if (parent->is_object()) {
    parent->erase(path.back());
  } else {
    parent->erase(*Index(path.back(), parent->size()));
  }
  return true;
}

// One operation on `object`. `copied` counts the bytes that the patch has copied so far.
Result<void> Operate(Json& object, const Json& operation, std::size_t& copied) {
  const std::string op = Text(operation, {"op"});
  const auto path = Pointer(Text(operation, {"path"}));
  const auto from = Pointer(Text(operation, {"from"}));
  const Json* value = Find(operation, {"value"});
  if (!path || !from || Find(operation, {"path"}) == nullptr)
    return Invalid(fmt::format("no JSON pointer: {}", operation.dump()));
  const auto missing = [&] {
    return Invalid(
        fmt::format("{} operation does not apply: doc is missing path: \"{}\"", op, Text(operation, {"path"})));
  };
  if (op == "add" || op == "replace" || op == "test") {
    if (value == nullptr) return Invalid(fmt::format("{} operation has no value", op));
    Json* there = At(object, *path, path->size());
    if (op == "add") return Add(object, *path, *value) ? Result<void>() : missing();
    if (there == nullptr) return missing();
    if (op == "replace") {
      *there = *value;
    } else if (*there != *value) {
      return Error{ErrorCode::kConflict, fmt::format("testing path {} failed", Text(operation, {"path"}))};
    }
    return {};
  }
  if (op == "remove") return Remove(object, *path) ? Result<void>() : missing();
  if (op != "move" && op != "copy") return Invalid(fmt::format("unexpected kind of operation: {}", op));
  const Json* source = At(object, *from, from->size());
  if (source == nullptr) return missing();
  Json moved = *source;
  if (op == "copy" && (copied += moved.dump().size()) > kMaxCopiedBytes) {
    return Error{ErrorCode::kTooLarge, fmt::format("a JSON patch may copy at most {} bytes", kMaxCopiedBytes)};
  }
  if (op == "move" && !Remove(object, *from)) return missing();
  return Add(object, *path, std::move(moved)) ? Result<void>() : missing();
}

// --- strategic merge patch

constexpr std::string_view kOrder = "$setElementOrder/";
constexpr std::string_view kDeleteFrom = "$deleteFromPrimitiveList/";

// The fields of the API types whose patchStrategy is "merge" and their patchMergeKey; "" for a set of scalars.
std::optional<std::string> MergeKey(const Kind& kind, const std::vector<std::string>& path) {
  const std::vector<std::string> keys = embedded::ListKeys(kind, path);
  return keys.empty() ? std::nullopt : std::optional(keys[0]);
}

class StrategicMerge {
 public:
  explicit StrategicMerge(const Kind& kind) : kind_(kind) {}

  Json Merge(Json object, const Json& patch) {
    if (!patch.is_object()) return patch;
    const std::string directive = Text(patch, {"$patch"});
    if (directive == "delete") return Json::object();
    if (!object.is_object() || directive == "replace") object = Json::object();
    RetainKeys(object, patch);
    for (const auto& [name, value] : patch.items()) {
      if (name.starts_with('$')) continue;
      path_.push_back(name);
      MergeMember(object, name, value);
      path_.pop_back();
    }
    for (const auto& [name, value] : patch.items()) Direct(object, name, value);
    return object;
  }

  const std::string& wrong() const { return wrong_; }

 private:
  void RetainKeys(Json& object, const Json& patch) {
    const Json* retained = Find(patch, {"$retainKeys"});
    if (retained == nullptr || !retained->is_array()) return;
    std::vector<std::string> dropped;
    for (const auto& [name, value] : std::as_const(object).items()) {
      if (std::find(retained->begin(), retained->end(), name) == retained->end()) dropped.push_back(name);
    }
    for (const std::string& name : dropped) object.erase(name);
  }

  void MergeMember(Json& object, const std::string& name, const Json& value) {
    if (value.is_null()) {
      object.erase(name);
      return;
    }
    if (value.is_object()) {
      if (Text(value, {"$patch"}) == "delete") {
        object.erase(name);
        return;
      }
      const Json* present = Find(object, {name});
      Json merged = Merge(present == nullptr ? Json::object() : *present, value);
      object[name] = std::move(merged);
      return;
    }
    const auto key = value.is_array() ? MergeKey(kind_, path_) : std::nullopt;
    if (!key) {
      object[name] = value;
      return;
    }
    Json list = List(object, {name});
    object[name] = key->empty() ? MergeSet(std::move(list), value) : MergeItems(std::move(list), value, *key);
  }

  static Json MergeSet(Json list, const Json& patch) {
    for (const Json& item : patch) {
      if (std::find(list.cbegin(), list.cend(), item) == list.cend()) list.push_back(item);
    }
    return list;
  }

  Json MergeItems(Json list, const Json& patch, const std::string& key) {
    for (const Json& item : patch) {
      if (Text(item, {"$patch"}) == "replace" && Find(item, {key}) == nullptr) {
        list = Json::array();
        for (const Json& each : patch) {
          if (!each.contains("$patch")) list.push_back(each);
        }
        return list;
      }
    }
    path_.emplace_back("*");
    for (const Json& item : patch) MergeItem(list, item, key);
    path_.pop_back();
    return list;
  }

  void MergeItem(Json& list, const Json& item, const std::string& key) {
    const Json* value = Find(item, {key});
    if (value == nullptr) {
      wrong_ = fmt::format("map: {} does not contain declared merge key: {}", item.dump(), key);
      return;
    }
    const auto same = [&](const Json& each) {
      const Json* own = Find(each, {key});
      return own != nullptr && *own == *value;
    };
    const bool deletes = Text(item, {"$patch"}) == "delete";
    for (std::size_t i = list.size(); i-- > 0;) {
      if (!same(list[i])) continue;
      if (deletes) {
        list.erase(i);
      } else {
        Json merged = Merge(std::move(list[i]), item);
        list[i] = std::move(merged);
        return;
      }
    }
    if (!deletes) list.push_back(Merge(Json::object(), item));
  }

  void Direct(Json& object, const std::string& name, const Json& value) {
    if (!value.is_array()) return;
    if (name.starts_with(kDeleteFrom)) {
      Json* list = cluster::MemberOf(object, name.substr(kDeleteFrom.size()));
      if (list == nullptr || !list->is_array()) return;
      for (std::size_t i = list->size(); i-- > 0;) {
        if (std::find(value.begin(), value.end(), (*list)[i]) != value.end()) list->erase(i);
      }
    } else if (name.starts_with(kOrder)) {
      const std::string of = name.substr(kOrder.size());
      path_.push_back(of);
      const auto key = MergeKey(kind_, path_);
      path_.pop_back();
      Json* list = cluster::MemberOf(object, of);
      if (key && list != nullptr && list->is_array()) Order(*list, value, *key);
    }
  }

  // The items that `order` names stand in its order; others keep their places behind what they followed.
  static void Order(Json& list, const Json& order, const std::string& key) {
    const auto rank = [&](const Json& item) {
      for (std::size_t i = 0; i < order.size(); ++i) {
        const Json* own = key.empty() ? &item : Find(item, {key});
        const Json* named = key.empty() ? &order[i] : Find(order[i], {key});
        if (own != nullptr && named != nullptr && *own == *named) return std::optional(i);
      }
      return std::optional<std::size_t>();
    };
    std::vector<std::pair<std::size_t, Json>> items;
    std::size_t last = 0;
    for (Json& item : cluster::Items(list)) {
      last = rank(item).value_or(last);
      items.emplace_back(last, std::move(item));
    }
    std::stable_sort(items.begin(), items.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    list = Json::array();
    for (auto& [place, item] : items) list.push_back(std::move(item));
  }

  const Kind& kind_;
  std::vector<std::string> path_;
  std::string wrong_;
};

}  // namespace

Json MergePatch(Json object, const Json& patch) {
  if (!patch.is_object()) return patch;
  if (!object.is_object()) object = Json::object();
  for (const auto& [name, value] : patch.items()) {
    if (value.is_null()) {
      object.erase(name);
      continue;
    }
    const Json* present = Find(object, {name});
    Json merged = MergePatch(present == nullptr ? Json() : *present, value);
    object[name] = std::move(merged);
  }
  return object;
}

Result<Json> JsonPatch(Json object, const Json& patch) {
  if (!patch.is_array()) return Invalid("a JSON patch is a list of operations");
  if (patch.size() > kMaxOperations) {
    return Error{ErrorCode::kTooLarge, fmt::format("The allowed maximum operations in a JSON patch is {}, got {}",
                                                   kMaxOperations, patch.size())};
  }
  std::size_t copied = 0;
  for (const Json& operation : patch) {
    if (auto done = Operate(object, operation, copied); !done.ok()) return std::move(done).error();
  }
  return object;
}

Result<Json> StrategicMergePatch(const Kind& kind, Json object, const Json& patch) {
  if (!patch.is_object()) return Invalid("a strategic merge patch is an object");
  StrategicMerge merge(kind);
  Json merged = merge.Merge(std::move(object), patch);
  if (!merge.wrong().empty()) return Invalid(merge.wrong());
  return merged;
}

}  // namespace sluice::apiserver
