#include "compiler/manifest/revision.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "compiler/base/hash.h"

namespace sluice::manifest {
namespace {

constexpr std::string_view kAlgorithm = "r1";

void AppendText(std::string_view text, std::string& out) {
  // Length first: no text can imitate the structure around it.
  fmt::format_to(std::back_inserter(out), "s{}:", text.size());
  out += text;
}

void AppendQuantity(const graph::Value& value, std::string& out) {
  std::optional<Number> number;
  if (const std::string* text = value.as_string()) {
    number = ParseQuantity(*text);
    if (!number) {
      AppendText(*text, out);
      return;
    }
  } else if (const graph::Quantity* quantity = value.as_quantity()) {
    number = quantity->number;
  }
  out += 'q';
  out += number ? number->ToString() : "?";
  out += ';';
}

class Canonical {
 public:
  // `path`: keys from the template's root; list items don't count.
  void Append(const graph::Value& value) {
    if (const graph::Map* map = value.as_map()) {
      AppendMap(*map);
    } else if (const graph::List* list = value.as_list()) {
      fmt::format_to(std::back_inserter(out_), "l{}:", list->size());
      for (const graph::Value& item : *list) {
        Append(item);
      }
    } else {
      AppendScalar(value);
    }
  }

  std::string Take() { return std::move(out_); }

 private:
  void AppendMap(const graph::Map& map) {
    std::vector<const graph::Map::Entry*> sorted;
    sorted.reserve(map.size());
    for (const graph::Map::Entry& entry : map.entries()) {
      sorted.push_back(&entry);
    }
    std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->first < b->first; });
    fmt::format_to(std::back_inserter(out_), "m{}:", sorted.size());
    for (const graph::Map::Entry* entry : sorted) {
      AppendText(entry->first, out_);
      if (IsQuantity(path_, entry->first)) {
        AppendQuantity(entry->second, out_);
        continue;
      }
      path_.push_back(entry->first);
      Append(entry->second);
      path_.pop_back();
    }
  }

  void AppendScalar(const graph::Value& value) {
    if (const std::string* text = value.as_string()) {
      AppendText(*text, out_);
    } else if (const bool* truth = value.as_bool()) {
      out_ += *truth ? "t;" : "f;";
    } else if (const graph::Quantity* quantity = value.as_quantity()) {
      fmt::format_to(std::back_inserter(out_), "n{};", quantity->number.ToString());
    } else if (const graph::SecretKey* secret = value.as_secret()) {
      out_ += 'k';
      AppendText(secret->name, out_);
      AppendText(secret->key, out_);
    } else {
      out_ += "0;";
    }
  }

  std::vector<std::string> path_;
  std::string out_;
};

struct Suffix {
  std::string_view text;
  std::int64_t numerator, denominator;
};
constexpr std::array<Suffix, 15> kSuffixes{{
    {"Ki", 1LL << 10, 1},
    {"Mi", 1LL << 20, 1},
    {"Gi", 1LL << 30, 1},
    {"Ti", 1LL << 40, 1},
    {"Pi", 1LL << 50, 1},
    {"Ei", 1LL << 60, 1},
    {"n", 1, 1'000'000'000},
    {"u", 1, 1'000'000},
    {"m", 1, 1'000},
    {"k", 1'000, 1},
    {"M", 1'000'000, 1},
    {"G", 1'000'000'000, 1},
    {"T", 1'000'000'000'000, 1},
    {"P", 1'000'000'000'000'000, 1},
    {"E", 1'000'000'000'000'000'000, 1},
}};

}  // namespace

std::string RevisionDigest(const graph::Value& pod_template, const graph::Value& content) {
  Canonical canonical;
  canonical.Append(pod_template);
  if (!content.is_none()) {
    canonical.Append(content);
  }
  return fmt::format("{}:{}", kAlgorithm,
                     Sha256(fmt::format("sluice.dev/revision/{}\n{}", kAlgorithm, canonical.Take())));
}

std::string RevisionName(std::string_view digest) {
  const std::size_t colon = digest.find(':');
  return std::string(digest.substr(colon == std::string_view::npos ? 0 : colon + 1, 8));
}

bool IsQuantity(const std::vector<std::string>& path, std::string_view key) {
  const std::size_t depth = path.size();
  if (depth >= 2 && path[depth - 2] == "resources" && (path[depth - 1] == "requests" || path[depth - 1] == "limits")) {
    return true;
  }
  return depth >= 1 && path[depth - 1] == "emptyDir" && key == "sizeLimit";
}

std::optional<Number> ParseQuantity(std::string_view text) {
  for (const Suffix& suffix : kSuffixes) {
    if (text.size() > suffix.text.size() && text.ends_with(suffix.text)) {
      const auto number = Number::Parse(text.substr(0, text.size() - suffix.text.size()));
      if (!number || number->overflowed()) {
        return std::nullopt;
      }
      const Number scaled = *number * Number::Ratio(suffix.numerator, suffix.denominator);
      return scaled.overflowed() ? std::nullopt : std::optional<Number>(scaled);
    }
  }
  const auto number = Number::Parse(text, /*exponent=*/true);
  return number && !number->overflowed() ? number : std::nullopt;
}

}  // namespace sluice::manifest
