#include "compiler/graph/value_codec.h"

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

}  // namespace

void AppendJsonString(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  std::size_t written = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte != '"' && byte != '\\') {
      continue;
    }
    out.append(text, written, i - written);
    written = i + 1;
    out += '\\';
    if (byte == '"' || byte == '\\') {
      out += text[i];
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
  out.append(text, written);
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
