#include "reconciler/execute/status_codec.h"

#include <array>
#include <optional>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

#include "reconciler/execute/status_fields.h"

namespace sluice::execute {
namespace {

using cluster::Json;

std::string_view NameOf(decide::Phase phase) { return PhaseName(phase); }
std::string_view NameOf(decide::Hold hold) { return HoldName(hold); }
std::string_view NameOf(graph::Outcome outcome) { return OutcomeName(outcome); }
std::string_view NameOf(decide::NodeState state) { return state == decide::NodeState::kDone ? "done" : "active"; }

template <typename E>
constexpr int kCountOf = 0;
template <>
constexpr int kCountOf<decide::Phase> = 5;
template <>
constexpr int kCountOf<decide::Hold> = static_cast<int>(decide::Hold::kEjected) + 1;
template <>
constexpr int kCountOf<graph::Outcome> = 5;
template <>
constexpr int kCountOf<decide::NodeState> = 2;

Json Encode(const std::string& text) { return text; }
Json Encode(bool value) { return value; }
Json Encode(std::int32_t value) { return value; }
Json Encode(std::int64_t value) { return value; }
Json Encode(const Number& number) { return number.ToString(); }
Json Encode(Duration duration) { return duration.count(); }
Json Encode(TimePoint time) { return FormatTime(time); }
template <typename T>
Json Encode(const T& value);
template <typename T>
Json Encode(const CopyOnWrite<T>& value);
template <typename T>
Json Encode(const std::vector<T>& list);
template <typename T>
Json Encode(const std::map<std::string, T>& map);

template <typename T>
bool IsEmpty(const T& value) {
  if constexpr (std::is_same_v<T, bool>)
    return !value;
  else if constexpr (std::is_integral_v<T> || std::is_enum_v<T>)
    return static_cast<std::int64_t>(value) == 0;
  else if constexpr (std::is_same_v<T, Number>)
    return value == Number();
  else if constexpr (std::is_same_v<T, Duration>)
    return value.count() == 0;
  else if constexpr (std::is_same_v<T, decide::Applied>)
    return value == decide::Applied();
  else
    return value.empty();
}

struct Writer {
  Json& out;
  template <typename T>
  void operator()(const char* name, const T& field) {
    if (!IsEmpty(field)) Always(name, field);
  }
  template <typename T>
  void operator()(const char* name, const std::optional<T>& field) {
    if (field) Always(name, *field);
  }
  template <typename T>
  void Always(const char* name, const T& field) {
    out[name] = Encode(field);
  }
  void Time(const char* name, TimePoint time) {
    if (time != TimePoint{}) Always(name, time);
  }
};

template <typename T>
Json Encode(const T& value) {
  if constexpr (std::is_enum_v<T>) {
    return NameOf(value);
  } else {
    Json json = Json::object();
    Writer writer{json};
    Visit(writer, value);
    return json;
  }
}
template <typename T>
Json Encode(const CopyOnWrite<T>& value) {
  return Encode(*value);
}
template <typename T>
Json Encode(const std::vector<T>& list) {
  Json json = Json::array();
  for (const T& item : list) json.push_back(Encode(item));
  return json;
}
template <typename T>
Json Encode(const std::map<std::string, T>& map) {
  Json::object_t members;
  members.reserve(map.size());
  for (const auto& [key, value] : map) members.emplace_hint(members.end(), key, Encode(value));
  return members;
}

// Reads fields until the first that cannot be read; `error` then says which.
struct Reader {
  const Json& in;
  std::string path;
  std::optional<Error>& error;

  template <typename T>
  void operator()(const char* name, T& field) {
    Always(name, field);
  }
  template <typename T>
  void Always(const char* name, T& field) {
    if (error) return;
    const auto found = in.find(name);
    if (found != in.end() && !found->is_null()) Decode(*found, path + "." + name, field);
  }
  void Time(const char* name, TimePoint& time) { Always(name, time); }

  void Wrong(const std::string& where) { error = Error{ErrorCode::kInvalid, where + ": not what is expected there"}; }

  void Decode(const Json& json, const std::string& where, std::string& out) {
    if (json.is_string())
      out = json.get<std::string>();
    else
      Wrong(where);
  }
  void Decode(const Json& json, const std::string& where, bool& out) {
    if (json.is_boolean())
      out = json.get<bool>();
    else
      Wrong(where);
  }
  void Decode(const Json& json, const std::string& where, std::int64_t& out) {
    if (json.is_number_integer())
      out = json.get<std::int64_t>();
    else
      Wrong(where);
  }
  void Decode(const Json& json, const std::string& where, std::int32_t& out) {
    std::int64_t wide = 0;
    Decode(json, where, wide);
    out = static_cast<std::int32_t>(wide);
    if (out != wide) Wrong(where);
  }
  void Decode(const Json& json, const std::string& where, Duration& out) {
    std::int64_t count = 0;
    Decode(json, where, count);
    out = Duration(count);
  }
  void Decode(const Json& json, const std::string& where, TimePoint& out) {
    if (!json.is_string() || !ParseTime(json.get<std::string>(), out)) Wrong(where);
  }
  void Decode(const Json& json, const std::string& where, Number& out) {
    if (!json.is_string()) return Wrong(where);
    const std::string text = json.get<std::string>();
    const std::size_t slash = text.find('/');
    const auto above = Number::Parse(text.substr(0, slash));
    const auto below = slash == std::string::npos ? Number(1) : Number::Parse(text.substr(slash + 1));
    if (!above || !below) return Wrong(where);
    out = *above / *below;
    if (out.overflowed()) Wrong(where);
  }
  template <typename T>
  void Decode(const Json& json, const std::string& where, CopyOnWrite<T>& out) {
    Decode(json, where, out.Edit());
  }
  template <typename T>
  void Decode(const Json& json, const std::string& where, std::optional<T>& out) {
    Decode(json, where, out.emplace());
  }
  template <typename T>
  void Decode(const Json& json, const std::string& where, std::vector<T>& out) {
    if (!json.is_array()) return Wrong(where);
    out.clear();
    for (std::size_t i = 0; i < json.size() && !error; ++i) {
      Decode(json[i], fmt::format("{}[{}]", where, i), out.emplace_back());
    }
  }
  template <typename T>
  void Decode(const Json& json, const std::string& where, std::map<std::string, T>& out) {
    if (!json.is_object()) return Wrong(where);
    out.clear();
    for (const auto& [key, value] : json.items()) {
      if (!error) Decode(value, fmt::format("{}.{}", where, key), out[key]);
    }
  }
  template <typename T>
  void Decode(const Json& json, const std::string& where, T& out) {
    if constexpr (std::is_enum_v<T>) {
      if (!json.is_string()) return Wrong(where);
      for (int i = 0; i < kCountOf<T>; ++i) {
        if (NameOf(static_cast<T>(i)) != json.get_ref<const std::string&>()) continue;
        out = static_cast<T>(i);
        return;
      }
      Wrong(where);
    } else {
      if (!json.is_object()) return Wrong(where);
      Reader reader{json, where, error};
      Visit(reader, out);
    }
  }
};

Json EncodeWhole(const StoredStatus& stored) {
  Json json = Encode(stored.status);
  if (!stored.bundles.empty()) json["bundles"] = Encode(stored.bundles);
  return json;
}

// At least as many bytes as the text of `json` has, told without writing it: a character takes six where it is
// escaped, and no number of a status more than 24.
std::size_t MostBytes(const Json& json) {
  if (const auto* text = json.get_ptr<const std::string*>()) return 6 * text->size() + 2;
  std::size_t bytes = 24;
  if (const auto* object = json.get_ptr<const Json::object_t*>()) {
    for (const auto& [name, member] : *object) bytes += 6 * name.size() + 4 + MostBytes(member);
  } else if (const auto* array = json.get_ptr<const Json::array_t*>()) {
    for (const Json& item : *array) bytes += 1 + MostBytes(item);
  }
  return bytes;
}

bool Fits(const Json& json) { return MostBytes(json) <= kMaxStatusBytes || json.dump().size() <= kMaxStatusBytes; }

// Takes away, one measure after the other, what a decision can do without.
Json Shrink(StoredStatus stored) {
  Json json;
  const auto fits = [&] {
    json = EncodeWhole(stored);
    return Fits(json);
  };
  auto& history = stored.status.history;
  for (auto& run : history) {
    for (auto& node : run.Edit().nodes) node.evidence.clear();
    if (fits()) return json;
  }
  for (auto& [path, node] : stored.status.nodes) {
    if (node.state == decide::NodeState::kDone) node.evidence.clear();
  }
  if (fits()) return json;
  for (auto& run : history) {
    for (auto& node : run.Edit().nodes) node.at = {};
  }
  if (fits()) return json;
  for (auto& run : history) {
    run.Edit().nodes.clear();
    if (fits()) return json;
  }
  while (!history.empty()) {
    history.erase(history.begin());
    if (fits()) return json;
  }
  return json;
}

}  // namespace

Json EncodeStatus(const StoredStatus& stored) {
  Json json = EncodeWhole(stored);
  if (Fits(json)) return json;
  return Shrink(stored);
}

Result<StoredStatus> DecodeStatus(const Json& json) {
  StoredStatus stored;
  if (json.is_null() || json.empty()) return stored;
  if (!json.is_object()) return Error{ErrorCode::kInvalid, "status: not an object"};
  // Conditions alone are what somebody else wrote before there was a status of ours.
  if (!json.contains("schema")) return stored;
  std::optional<Error> error;
  Reader reader{json, "status", error};
  Visit(reader, stored.status);
  reader("bundles", stored.bundles);
  if (error) return *std::move(error);
  if (stored.status.schema != decide::kStatusSchemaVersion) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("status.schema: {} is not a version that this program reads", stored.status.schema)};
  }
  return stored;
}

}  // namespace sluice::execute
