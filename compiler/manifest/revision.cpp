#include "compiler/manifest/revision.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "compiler/base/hash.h"
#include "compiler/kubernetes/quantities.h"
#include "compiler/kubernetes/quantity_fields.h"

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
    number = kubernetes::ParseQuantity(*text);
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
      if (kubernetes::IsQuantity(path_, entry->first)) {
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

}  // namespace sluice::manifest
