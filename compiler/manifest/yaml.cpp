#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <string_view>

#include "compiler/manifest/manifest.h"

// Source of the rules: YAML 1.1 (2005) §5 to §9 and its type repository (bool, null, int, float, timestamp,
// merge, value), which is what sigs.k8s.io/yaml and most other readers of manifests still resolve plain
// scalars by. Where a doubt is left the string is quoted: double quotes read the same in 1.1 and 1.2.

namespace sluice::manifest {
namespace {

using graph::List;
using graph::Map;
using graph::Value;

constexpr std::size_t kStep = 2;

// What may begin a plain scalar that is not text: a number, a date, `.inf`, an indicator, `~`, `=`, `<<`.
bool BeginsOddly(char c) {
  return !(std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '/' || c == '_' || c == '$' || c == '(');
}

bool IsWord(std::string_view text) {
  static constexpr std::array<std::string_view, 11> kWords = {"y",    "n",     "yes",  "no",  "on", "off",
                                                              "true", "false", "null", "nan", "inf"};
  if (text.size() > 5) {
    return false;
  }
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::find(kWords.begin(), kWords.end(), lower) != kWords.end();
}

// Inside a plain scalar: `: ` and ` #` end it; `:` at the end makes a key. Only printable ASCII stays plain.
bool IsPlain(std::string_view text) {
  if (text.empty() || BeginsOddly(text.front()) || text.back() == ' ' || text.back() == ':' || IsWord(text)) {
    return false;
  }
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c <= 0x7e; }) &&
         text.find(": ") == std::string_view::npos && text.find(" #") == std::string_view::npos;
}

void AppendQuoted(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const std::string_view rest = text.substr(i);
    // C1 controls, line and paragraph separator, BOM and non-characters: not printable, or line ends, to YAML.
    if (byte == 0xc2 && rest.size() > 1 && static_cast<unsigned char>(rest[1]) < 0xa0) {
      const auto control = static_cast<unsigned char>(rest[1]);
      out += "\\x";
      out += kHex[control >> 4];
      out += kHex[control & 15];
      i += 1;
    } else if (rest.starts_with("\xef\xbf\xbe") || rest.starts_with("\xef\xbf\xbf")) {
      out += rest[2] == '\xbe' ? "\\uFFFE" : "\\uFFFF";
      i += 2;
    } else if (rest.starts_with("\xe2\x80\xa8") || rest.starts_with("\xe2\x80\xa9")) {
      out += rest[2] == '\xa8' ? "\\L" : "\\P";
      i += 2;
    } else if (rest.starts_with("\xef\xbb\xbf")) {
      out += "\\uFEFF";
      i += 2;
    } else if (byte == '"' || byte == '\\') {
      out += '\\';
      out += text[i];
    } else if (byte == '\n') {
      out += "\\n";
    } else if (byte == '\t') {
      out += "\\t";
    } else if (byte == '\r') {
      out += "\\r";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += text[i];
    }
  }
  out += '"';
}

// A literal block keeps its text byte for byte if every line of it can be told from the indentation.
bool IsBlock(std::string_view text) {
  if (text.find('\n') == std::string_view::npos || text.front() == ' ' || text.front() == '\n') {
    return false;
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte < 0x20 && byte != '\n') || byte > 0x7e) {
      return false;
    }
    // Spaces at the end of a line are kept by readers but lost by editors.
    if (byte == ' ' && (i + 1 == text.size() || text[i + 1] == '\n')) {
      return false;
    }
  }
  return true;
}

// A field whose value is none is left out.
bool HasFields(const Map& map) {
  return std::any_of(map.entries().begin(), map.entries().end(),
                     [](const Map::Entry& entry) { return !entry.second.is_none(); });
}

class YamlWriter {
 public:
  explicit YamlWriter(std::string& out) : out_(out) {}

  // Behind `key:` or at the beginning: a block begins on the next line, a scalar on this one.
  void Write(const Value& value, std::size_t indent, bool after_key) {
    if (const Map* map = value.as_map(); map != nullptr && HasFields(*map)) {
      out_ += after_key ? "\n" : "";
      WriteMap(*map, indent, after_key);
    } else if (const List* list = value.as_list(); list != nullptr && !list->empty()) {
      out_ += after_key ? "\n" : "";
      WriteList(*list, indent, after_key);
    } else {
      out_ += after_key ? " " : "";
      WriteScalar(value, indent);
      out_ += '\n';
    }
  }

 private:
  void WriteMap(const Map& map, std::size_t indent, bool indent_first) {
    bool pad = indent_first;
    for (const auto& [key, value] : map.entries()) {
      if (value.is_none()) {
        continue;
      }
      out_.append(pad ? indent : 0, ' ');
      pad = true;
      WriteText(key, indent, /*key=*/true);
      out_ += ':';
      // Lists stand at the level of their key, as in most manifests.
      const bool is_list = value.as_list() != nullptr;
      Write(value, is_list ? indent : indent + kStep, true);
    }
  }

  void WriteList(const List& list, std::size_t indent, bool indent_first) {
    bool pad = indent_first;
    for (const Value& item : list) {
      out_.append(pad ? indent : 0, ' ');
      pad = true;
      out_ += "- ";
      Write(item, indent + kStep, false);
    }
  }

  void WriteScalar(const Value& value, std::size_t indent) {
    if (const std::string* text = value.as_string()) {
      WriteText(*text, indent, /*key=*/false);
    } else if (const graph::Quantity* quantity = value.as_quantity()) {
      const Number& number = quantity->number;
      out_ += number.IsDecimal() ? number.ToString() : number.ToRoundedString(12);
    } else if (const bool* truth = value.as_bool()) {
      out_ += *truth ? "true" : "false";
    } else if (const TimePoint* time = value.as_time()) {
      AppendQuoted(out_, FormatTime(*time));
    } else if (value.as_map() != nullptr) {
      out_ += "{}";
    } else if (value.as_list() != nullptr) {
      out_ += "[]";
    } else {
      out_ += "null";
    }
  }

  void WriteText(std::string_view text, std::size_t indent, bool key) {
    if (IsPlain(text)) {
      out_ += text;
    } else if (!key && IsBlock(text)) {
      WriteBlock(text, indent);
    } else {
      AppendQuoted(out_, text);
    }
  }

  // The caller ends the last line.
  void WriteBlock(std::string_view text, std::size_t indent) {
    std::size_t newlines = 0;
    while (newlines < text.size() && text[text.size() - 1 - newlines] == '\n') {
      ++newlines;
    }
    out_ += newlines == 0 ? "|-" : newlines == 1 ? "|" : "|+";
    std::string_view rest = newlines == 0 ? text : text.substr(0, text.size() - 1);
    while (true) {
      const std::size_t end = rest.find('\n');
      const std::string_view line = rest.substr(0, end);
      out_ += '\n';
      if (!line.empty()) {
        out_.append(std::max<std::size_t>(indent, kStep), ' ');
        out_ += line;
      }
      if (end == std::string_view::npos) {
        return;
      }
      rest.remove_prefix(end + 1);
    }
  }

  std::string& out_;
};

}  // namespace

std::string ToYaml(const Value& object) {
  std::string out;
  out.reserve(2048);
  YamlWriter(out).Write(object, 0, false);
  return out;
}

}  // namespace sluice::manifest
