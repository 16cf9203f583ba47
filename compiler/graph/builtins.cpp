#include "compiler/graph/builtins.h"

#include <algorithm>

namespace sluice::graph {

const std::vector<Builtin>& Builtins() {  // NOLINT(readability-function-size): a table
  static const std::vector<Builtin> kTable = {
      {"at",
       {"items", "position"},
       {"list<T>", "int"},
       "T?",
       builtin::At,
       "The item at a position from 0; none if there is none."},
      {"base64", {"text"}, {"string"}, "string", builtin::Base64, "The text's bytes in base64."},
      {"ceil",
       {"value", "step"},
       {"T", "T?"},
       "whole",
       builtin::Ceil,
       "The next multiple of `step` (1 for a number) upwards."},
      {"count",
       {"of"},
       {"any"},
       "int",
       builtin::Count,
       "How many items, entries or characters; 0 for what is missing."},
      {"csv",
       {"text"},
       {"string"},
       "list<map<string>>",
       builtin::ParseCsv,
       "The rows of CSV text as maps by the names in its first row; lines that begin with `#` are skipped."},
      {"endpoints",
       {"of"},
       {"routed-revision"},
       "int",
       builtin::Endpoints,
       "How many ready endpoints the revision has; in the `settled` of a router."},
      {"epoch", {"seconds"}, {"json"}, "date", builtin::Epoch, "The instant so many seconds after 1970 (UTC)."},
      {"exp", {"x"}, {"decimal"}, "decimal", builtin::Exp, "e to the power of x, rounded to 12 digits."},
      {"first", {"items"}, {"list<T>"}, "T?", builtin::First, "The first item, or none."},
      {"floor",
       {"value", "step"},
       {"T", "T?"},
       "whole",
       builtin::Floor,
       "The next multiple of `step` (1 for a number) downwards."},
      {"join",
       {"items", "between"},
       {"list<any>", "string?"},
       "string",
       builtin::Join,
       "The items' texts, with `between` between them."},
      {"json", {"text"}, {"string"}, "json", builtin::ParseJson, "What JSON text says."},
      {"keys", {"of"}, {"map<any>"}, "list<string>", builtin::Keys, "The keys of a map, in its order."},
      {"last", {"items"}, {"list<T>"}, "T?", builtin::Last, "The last item, or none."},
      {"ln", {"x"}, {"decimal"}, "decimal", builtin::Ln, "The natural logarithm, rounded to 12 digits."},
      {"lower", {"text"}, {"string"}, "string", builtin::Lower, "The text with A to Z in lower case."},
      {"max", {"values"}, {"T…"}, "T", builtin::Max, "The largest of the values, or of a list's items."},
      {"merge",
       {"into", "from"},
       {"map<T>", "map<T>"},
       "map<T>",
       builtin::Merge,
       "Both maps, entry by entry and deep; where both have a value, that of the second."},
      {"min", {"values"}, {"T…"}, "T", builtin::Min, "The smallest of the values, or of a list's items."},
      {"number",
       {"of"},
       {"json"},
       "decimal",
       builtin::ToNumber,
       "A number from an answer: text is read as a decimal; none, NaN and infinity are no data."},
      {"range",
       {"from", "to", "by"},
       {"T", "T", "T?"},
       "list<T>",
       builtin::Range,
       "from, from + by, … as long as it is below `to`. Numbers go by 1 unless said."},
      {"regex-escape",
       {"text"},
       {"string"},
       "string",
       builtin::RegexEscape,
       "The text so that a regular expression (RE2) matches it as it is."},
      {"replace",
       {"text", "what", "by"},
       {"string", "string", "string"},
       "string",
       builtin::Replace,
       "The text with every occurrence of `what` replaced."},
      {"round",
       {"value", "step"},
       {"T", "T?"},
       "whole",
       builtin::Round,
       "The nearest multiple of `step` (1 for a number); half goes away from zero."},
      {"sorted", {"items"}, {"list<T>"}, "list<T>", builtin::Sorted, "The items from the smallest to the largest."},
      {"split",
       {"text", "at"},
       {"string", "string"},
       "list<string>",
       builtin::Split,
       "The parts of the text between the occurrences of `at`."},
      {"sqrt", {"x"}, {"decimal"}, "decimal", builtin::Sqrt, "The square root, rounded to 12 digits."},
      {"sum", {"items"}, {"list<T>"}, "T", builtin::Sum, "All items added; 0 for an empty list."},
      {"trim", {"text"}, {"string"}, "string", builtin::Trim, "The text without spaces and line ends around it."},
      {"url-encode",
       {"text"},
       {"string"},
       "string",
       builtin::UrlEncode,
       "The text as a part of a URL (RFC 3986, everything but unreserved characters escaped)."},
  };
  return kTable;
}

const Builtin* FindBuiltin(std::string_view name) {
  const std::vector<Builtin>& table = Builtins();
  const auto at =
      std::lower_bound(table.begin(), table.end(), name,
                       [](const Builtin& builtin, std::string_view wanted) { return builtin.name < wanted; });
  return at != table.end() && at->name == name ? &*at : nullptr;
}

bool AcceptsCount(const Builtin& builtin, std::size_t arguments) {
  std::size_t least = 0;
  for (const std::string_view parameter : builtin.parameters) {
    least += parameter.ends_with("?") ? 0U : 1U;
  }
  return arguments >= least && (arguments <= builtin.parameters.size() || builtin.parameters.back().ends_with("…"));
}

}  // namespace sluice::graph
