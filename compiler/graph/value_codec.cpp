#include "compiler/graph/value_codec.h"

#include <cstdint>
#include <cstring>

#include "compiler/graph/json_reader.h"

namespace sluice::graph {
namespace {

// What every reader holds exactly in a double.
constexpr std::int64_t kMaxPlainInteger = 1LL << 53;

std::string NumberText(const Number& number) {
  return number.IsDecimal() ? number.ToString() : number.ToRoundedString(12);
}

void AppendTagged(std::string& out, const char* tag, const Number& number) {
  out += "{\"";
  out += tag;
  out += "\":\"";
  out += number.ToString();
  out += "\"}";
}

void AppendExactQuantity(std::string& out, const Quantity& quantity) {
  const Number& number = quantity.number;
  switch (quantity.unit) {
    case Unit::kNone:
      if (number.is_integer() && number.numerator() < kMaxPlainInteger && number.numerator() > -kMaxPlainInteger) {
        out += std::to_string(number.numerator());
        return;
      }
      return AppendTagged(out, "n", number);
    case Unit::kPercent:
      return AppendTagged(out, "%", number);
    case Unit::kDuration:
      return AppendTagged(out, "d", number);
    case Unit::kBytes:
      return AppendTagged(out, "b", number);
  }
}

// "1/3" or decimal text.
std::optional<Number> ReadNumberText(const std::string& text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) {
    const std::optional<Number> number = Number::Parse(text);
    return number && !number->overflowed() ? number : std::nullopt;
  }
  const auto numerator = Number::Parse(text.substr(0, slash));
  const auto denominator = Number::Parse(text.substr(slash + 1));
  if (!numerator || !denominator || !numerator->is_integer() || !denominator->is_integer() ||
      denominator->numerator() <= 0) {
    return std::nullopt;
  }
  return Number::Ratio(numerator->numerator(), denominator->numerator());
}

Error NoValue(const std::string& what) { return Error{ErrorCode::kInvalid, "no value: " + what}; }

Result<Value> ReadQuantity(const Value& json, Unit unit) {
  const std::string* text = json.as_string();
  const std::optional<Number> number = text != nullptr ? ReadNumberText(*text) : std::nullopt;
  if (!number) {
    return NoValue("a number is missing");
  }
  return Value(Quantity{*number, unit});
}

Result<Value> ReadTime(const Value& json) {
  const Quantity* number = json.as_quantity();
  if (number == nullptr || !number->number.is_integer()) {
    return NoValue("a time is missing");
  }
  return Value(TimePoint(Duration(number->number.numerator())));
}

Result<Value> ReadSecret(const Value& json) {
  const List* parts = json.as_list();
  if (parts == nullptr || parts->size() != 2 || (*parts)[0].as_string() == nullptr ||
      (*parts)[1].as_string() == nullptr) {
    return NoValue("a secret has a name and a key");
  }
  return Value(SecretKey{*(*parts)[0].as_string(), *(*parts)[1].as_string()});
}

Result<Value> ReadMap(const Value& json) {
  const List* parts = json.as_list();
  if (parts == nullptr || parts->size() % 2 != 0) {
    return NoValue("a map has keys and values");
  }
  Map map;
  for (std::size_t i = 0; i < parts->size(); i += 2) {
    const std::string* key = (*parts)[i].as_string();
    if (key == nullptr) {
      return NoValue("a key is text");
    }
    Result<Value> value = ExactValue((*parts)[i + 1]);
    if (!value) {
      return value;
    }
    map.Set(*key, *std::move(value));
  }
  return Value(std::move(map));
}

Result<Value> ReadTagged(const std::string& tag, const Value& json) {
  if (tag == "n") {
    return ReadQuantity(json, Unit::kNone);
  }
  if (tag == "%") {
    return ReadQuantity(json, Unit::kPercent);
  }
  if (tag == "d") {
    return ReadQuantity(json, Unit::kDuration);
  }
  if (tag == "b") {
    return ReadQuantity(json, Unit::kBytes);
  }
  if (tag == "t") {
    return ReadTime(json);
  }
  if (tag == "s") {
    return ReadSecret(json);
  }
  if (tag == "m") {
    return ReadMap(json);
  }
  return NoValue("unknown kind `" + tag + "`");
}

bool IsEscaped(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; }

// Times a byte: that byte eight times.
constexpr std::uint64_t kEach = 0x0101010101010101;

// Whether one of eight bytes is less than `limit`, which is at most 0x80.
// Source: S. E. Anderson, Bit Twiddling Hacks, "Determine if a word has a byte less than n".
bool AnyBelow(std::uint64_t bytes, std::uint64_t limit) {
  return ((bytes - kEach * limit) & ~bytes & (kEach * 0x80)) != 0;
}

// How many bytes JSON writes as they are. Eight at a time: graphs of a large plan set are tens of megabytes.
std::size_t PlainPrefix(std::string_view text) {
  std::size_t at = 0;
  for (std::uint64_t bytes = 0; at + sizeof bytes <= text.size(); at += sizeof bytes) {
    std::memcpy(&bytes, text.data() + at, sizeof bytes);
    const bool quote = AnyBelow(bytes ^ (kEach * '"'), 1);
    const bool backslash = AnyBelow(bytes ^ (kEach * '\\'), 1);
    if (quote || backslash || AnyBelow(bytes, 0x20)) {
      break;
    }
  }
  while (at < text.size() && !IsEscaped(text[at])) {
    ++at;
  }
  return at;
}

}  // namespace

void AppendJsonString(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::size_t plain = PlainPrefix(text);
  if (plain == text.size()) {
    // Nearly every text: room is made once.
    const std::size_t at = out.size();
    out.append(text.size() + 2, '"');
    text.copy(out.data() + at + 1, text.size());
    return;
  }
  out += '"';
  for (; plain < text.size(); plain = PlainPrefix(text)) {
    const auto byte = static_cast<unsigned char>(text[plain]);
    out.append(text, 0, plain);
    text.remove_prefix(plain + 1);
    out += '\\';
    if (byte == '"' || byte == '\\') {
      out += static_cast<char>(byte);
    } else if (byte == '\n') {
      out += 'n';
    } else if (byte == '\t') {
      out += 't';
    } else if (byte == '\r') {
      out += 'r';
    } else {
      out += "u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  out.append(text);
  out += '"';
}

void AppendValue(std::string& out, const Value& value) {
  if (const Quantity* quantity = value.as_quantity()) {
    out += NumberText(quantity->number);
  } else if (const bool* flag = value.as_bool()) {
    out += *flag ? "true" : "false";
  } else if (const std::string* text = value.as_string()) {
    AppendJsonString(out, *text);
  } else if (const TimePoint* time = value.as_time()) {
    AppendJsonString(out, FormatTime(*time));
  } else if (const List* list = value.as_list()) {
    out += '[';
    const char* separator = "";
    for (const Value& item : *list) {
      out += separator;
      AppendValue(out, item);
      separator = ",";
    }
    out += ']';
  } else if (const Map* map = value.as_map()) {
    out += '{';
    const char* separator = "";
    for (const auto& [key, item] : map->entries()) {
      out += separator;
      AppendJsonString(out, key);
      out += ':';
      AppendValue(out, item);
      separator = ",";
    }
    out += '}';
  } else {
    out += "null";
  }
}

void AppendExactValue(std::string& out, const Value& value) {
  if (const Quantity* quantity = value.as_quantity()) {
    AppendExactQuantity(out, *quantity);
  } else if (const TimePoint* time = value.as_time()) {
    out += "{\"t\":" + std::to_string(time->time_since_epoch().count()) + "}";
  } else if (const SecretKey* secret = value.as_secret()) {
    out += "{\"s\":[";
    AppendJsonString(out, secret->name);
    out += ',';
    AppendJsonString(out, secret->key);
    out += "]}";
  } else if (const List* list = value.as_list()) {
    out += '[';
    const char* separator = "";
    for (const Value& item : *list) {
      out += separator;
      AppendExactValue(out, item);
      separator = ",";
    }
    out += ']';
  } else if (const Map* map = value.as_map()) {
    out += "{\"m\":[";
    const char* separator = "";
    for (const auto& [key, item] : map->entries()) {
      out += separator;
      AppendJsonString(out, key);
      out += ',';
      AppendExactValue(out, item);
      separator = ",";
    }
    out += "]}";
  } else {
    AppendValue(out, value);
  }
}

Result<Value> ExactValue(const Value& json) {
  if (const List* list = json.as_list()) {
    List items;
    items.reserve(list->size());
    for (const Value& item : *list) {
      Result<Value> read = ExactValue(item);
      if (!read) {
        return read;
      }
      items.push_back(*std::move(read));
    }
    return Value(std::move(items));
  }
  const Map* map = json.as_map();
  if (map == nullptr) {
    return json;
  }
  if (map->size() != 1) {
    return NoValue("an object has one member that names its kind");
  }
  return ReadTagged(map->entries()[0].first, map->entries()[0].second);
}

std::string EncodeValue(const Value& value) {
  std::string out;
  AppendValue(out, value);
  return out;
}

Result<Value> DecodeValue(std::string_view json, int max_depth) { return ReadJson(json, max_depth); }

}  // namespace sluice::graph
