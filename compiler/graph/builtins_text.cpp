#include <algorithm>

#include <fmt/format.h>

#include "compiler/base/base64.h"
#include "compiler/graph/builtins.h"
#include "compiler/graph/json_reader.h"

namespace sluice::graph::builtin {
namespace {

constexpr std::size_t kMaxText = 1 << 20;

// The text of an argument; null, and the reason in `failure`, for what has none.
const std::string* Text(const BuiltinCall& call, std::size_t i, Evaluation& failure) {
  static const std::string kNothing;
  if (i >= call.count) {
    return &kNothing;
  }
  const std::string* text = call[i].as_string();
  if (text == nullptr) {
    failure = call[i].is_none() ? NoData("the text is missing")
                                : Failure(fmt::format("text is needed, this is {}", call[i].KindName()));
  }
  return text;
}

// Runs `body` on the only argument's text.
template <typename Body>
Evaluation OnText(const BuiltinCall& call, Body body) {
  Evaluation failure;
  const std::string* text = Text(call, 0, failure);
  return text != nullptr ? ValueOf(Value(body(*text))) : failure;
}

std::size_t CodePoints(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

bool IsAlphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string Trimmed(const std::string& text) {
  const auto begin = std::find_if_not(text.begin(), text.end(), IsSpace);
  const auto end = std::find_if_not(text.rbegin(), std::make_reverse_iterator(begin), IsSpace).base();
  return std::string(begin, end);
}

// One row of RFC 4180 from `at`, which moves behind its line end. False if a quoted field doesn't end.
bool ReadRow(const std::string& text, std::size_t& at, std::vector<std::string>& fields) {
  fields.assign(1, "");
  bool quoted = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (quoted && c == '"') {
      const bool doubled = at + 1 < text.size() && text[at + 1] == '"';
      if (doubled) {
        fields.back() += '"';
        ++at;
      }
      quoted = doubled;
    } else if (quoted) {
      fields.back() += c;
    } else if (c == '"' && fields.back().empty()) {
      quoted = true;
    } else if (c == ',') {
      fields.emplace_back();
    } else if (c == '\n') {
      ++at;
      return true;
    } else if (c != '\r') {
      fields.back() += c;
    }
  }
  return !quoted;
}

}  // namespace

Evaluation Count(const BuiltinCall& call) {
  const Value& of = call[0];
  if (of.is_none()) {
    return ValueOf(0);
  }
  const auto size = [](std::size_t n) { return ValueOf(Value(static_cast<std::int64_t>(n))); };
  if (const List* list = of.as_list()) {
    return size(list->size());
  }
  if (const Map* map = of.as_map()) {
    return size(map->size());
  }
  if (const std::string* text = of.as_string()) {
    return size(CodePoints(*text));
  }
  return Failure(fmt::format("`count` counts a list, a map or text, not {}", of.KindName()));
}

Evaluation Join(const BuiltinCall& call) {
  Evaluation failure;
  const std::string* between = Text(call, 1, failure);
  if (between == nullptr) {
    return failure;
  }
  const List* items = call[0].as_list();
  if (items == nullptr) {
    return call[0].is_none() ? NoData("the list is missing")
                             : Failure(fmt::format("`join` takes a list, not {}", call[0].KindName()));
  }
  std::string out;
  for (std::size_t i = 0; i < items->size(); ++i) {
    out += i > 0 ? *between : "";
    if (!AppendText(out, (*items)[i], failure)) {
      return failure;
    }
    if (out.size() > kMaxText) {
      return Failure("the text is longer than 1 MiB");
    }
  }
  return ValueOf(Value(std::move(out)));
}

Evaluation Split(const BuiltinCall& call) {
  Evaluation failure;
  const std::string* text = Text(call, 0, failure);
  const std::string* at = text != nullptr ? Text(call, 1, failure) : nullptr;
  if (at == nullptr) {
    return failure;
  }
  if (at->empty()) {
    return Failure("`split` needs a text to split at, this one is empty");
  }
  List parts;
  std::size_t begin = 0;
  for (std::size_t end = text->find(*at); end != std::string::npos; end = text->find(*at, begin)) {
    parts.emplace_back(text->substr(begin, end - begin));
    begin = end + at->size();
  }
  parts.emplace_back(text->substr(begin));
  return ValueOf(Value(std::move(parts)));
}

Evaluation Replace(const BuiltinCall& call) {
  Evaluation failure;
  const std::string* text = Text(call, 0, failure);
  const std::string* what = text != nullptr ? Text(call, 1, failure) : nullptr;
  const std::string* by = what != nullptr ? Text(call, 2, failure) : nullptr;
  if (by == nullptr) {
    return failure;
  }
  if (what->empty()) {
    return Failure("`replace` needs a text to look for, this one is empty");
  }
  std::string out;
  std::size_t begin = 0;
  for (std::size_t end = text->find(*what); end != std::string::npos; end = text->find(*what, begin)) {
    out.append(*text, begin, end - begin).append(*by);
    begin = end + what->size();
    if (out.size() > kMaxText) {
      return Failure("the text is longer than 1 MiB");
    }
  }
  return ValueOf(Value(out.append(*text, begin)));
}

Evaluation Lower(const BuiltinCall& call) {
  return OnText(call, [](std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return text;
  });
}

Evaluation Trim(const BuiltinCall& call) { return OnText(call, Trimmed); }

// RE2's QuoteMeta: a backslash before every ASCII character that isn't a letter, a digit or `_`.
Evaluation RegexEscape(const BuiltinCall& call) {
  return OnText(call, [](const std::string& text) {
    std::string out;
    for (const char c : text) {
      if (static_cast<unsigned char>(c) < 0x80 && !IsAlphanumeric(c) && c != '_') {
        out += '\\';
      }
      out += c;
    }
    return out;
  });
}

Evaluation UrlEncode(const BuiltinCall& call) {
  return OnText(call, [](const std::string& text) {
    std::string out;
    for (const char c : text) {
      if (IsAlphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~') {
        out += c;
      } else {
        out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
      }
    }
    return out;
  });
}

Evaluation Base64(const BuiltinCall& call) {
  return OnText(call, [](const std::string& text) { return ToBase64(text); });
}

Evaluation ParseJson(const BuiltinCall& call) {
  Evaluation failure;
  const std::string* text = Text(call, 0, failure);
  if (text == nullptr) {
    return failure;
  }
  Result<Value> value = ReadJson(*text, 64);
  return value ? ValueOf(*std::move(value)) : Failure(value.error().message);
}

Evaluation ParseCsv(const BuiltinCall& call) {
  Evaluation failure;
  const std::string* text = Text(call, 0, failure);
  if (text == nullptr) {
    return failure;
  }
  std::vector<std::string> names;
  std::vector<std::string> fields;
  List rows;
  for (std::size_t at = 0; at < text->size();) {
    const bool comment = (*text)[at] == '#';
    if (!ReadRow(*text, at, fields)) {
      return Failure("a quoted field of the CSV text doesn't end");
    }
    if (comment || (fields.size() == 1 && fields[0].empty())) {
      continue;
    }
    if (names.empty()) {
      names = fields;
      continue;
    }
    Map row;
    for (std::size_t i = 0; i < names.size() && i < fields.size(); ++i) {
      row.Set(names[i], Value(fields[i]));
    }
    rows.emplace_back(std::move(row));
  }
  return ValueOf(Value(std::move(rows)));
}

}  // namespace sluice::graph::builtin
