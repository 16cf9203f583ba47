#include "tests/differential/comparison.h"

#include <algorithm>
#include <sstream>
#include <string_view>

#include <fmt/format.h>

namespace sluice::cluster {
namespace {

using Steps = std::vector<std::string>;

Steps StepsOf(std::string_view path) {
  Steps steps;
  std::istringstream in{std::string(path)};
  for (std::string step; std::getline(in, step, '.');) steps.push_back(step);
  return steps;
}

bool Concerns(const Lacking& lacking, const Kind& kind) {
  const std::string kinds = fmt::format(" {} ", lacking.kinds);
  return lacking.kinds[0] == '\0' || kinds.find(" " + kind.kind + " ") != std::string::npos;
}

// The members of `json` that a step of a path means: in an object, a list, or a set of fields.
std::vector<std::string> Meant(const Json& json, const std::string& step, bool fields) {
  std::vector<std::string> names;
  if (!json.is_object()) return names;
  for (const auto& [name, inner] : json.items()) {
    const bool item = fields && !name.starts_with("f:") && name != ".";
    if (step == "*" ? item : name == (fields ? "f:" + step : step)) names.push_back(name);
  }
  return names;
}

// Takes from `real` what `steps` lead to, where `embedded` has none.
void TakeOut(Json& real, const Json& embedded, const Steps& steps, std::size_t at, bool fields) {
  static const Json kNone;
  if (real.is_array()) {
    if (steps[at] != "*" || at + 1 == steps.size()) return;
    for (std::size_t i = 0; i < real.size(); ++i) {
      TakeOut(real[i], embedded.is_array() && i < embedded.size() ? embedded[i] : kNone, steps, at + 1, fields);
    }
    return;
  }
  for (const std::string& name : Meant(real, steps[at], fields)) {
    const auto there = embedded.is_object() ? embedded.find(name) : embedded.end();
    const bool has = embedded.is_object() && there != embedded.end();
    if (at + 1 < steps.size()) {
      const bool was_empty = real[name].empty();
      TakeOut(real[name], has ? *there : kNone, steps, at + 1, fields);
      if (!was_empty && real[name].empty() && !has) real.erase(name);
    } else if (!has) {
      real.erase(name);
    }
  }
}

void TakeOutLacking(const Kind& kind, Json& real, const Json& embedded) {
  for (const Lacking& lacking : AllLacking()) {
    if (!Concerns(lacking, kind)) continue;
    const Steps steps = StepsOf(lacking.path);
    TakeOut(real, embedded, steps, 0, false);
    const Json managed = real["metadata"]["managedFields"];
    for (const auto& [manager, fields] : managed.items()) {
      static const Json kNone;
      const Json* there = Find(embedded, {"metadata", "managedFields", manager});
      TakeOut(real["metadata"]["managedFields"][manager], there == nullptr ? kNone : *there, steps, 0, true);
    }
  }
  // Nobody owns a status in the embedded cluster.
  Json kept = Json::object();
  const Json managed = real["metadata"]["managedFields"];
  for (const auto& [manager, fields] : managed.items()) {
    if (!manager.ends_with(" status")) kept[manager] = fields;
  }
  real["metadata"]["managedFields"] = std::move(kept);
}

// The objects in `real` beside those in the same place of `embedded`.
void TakeOutOfAll(const Kind& kind, Json& real, const Json& embedded) {
  static const Json kNone;
  if (real.is_object() && real.contains("metadata") && real.contains("kind")) {
    return TakeOutLacking(kind, real, embedded);
  }
  if (real.is_array()) {
    for (std::size_t i = 0; i < real.size(); ++i) {
      TakeOutOfAll(kind, real[i], embedded.is_array() && i < embedded.size() ? embedded[i] : kNone);
    }
  } else if (real.is_object()) {
    const Json members = real;
    for (const auto& [name, inner] : members.items()) {
      const Json* there = Find(embedded, {name});
      TakeOutOfAll(kind, real[name], there == nullptr ? kNone : *there);
    }
  }
}

std::string Short(const Json& json) {
  const std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  return text.size() > 300 ? text.substr(0, 300) + "…" : text;
}

void Compare(const Json& real, const Json& embedded, const std::string& at, std::vector<std::string>& lines) {
  if (real == embedded || lines.size() > 12) return;
  if (real.is_object() && embedded.is_object()) {
    for (const auto& [name, inner] : real.items()) {
      const auto there = embedded.find(name);
      if (there != embedded.end()) {
        Compare(inner, *there, at + "." + name, lines);
      } else {
        lines.push_back(fmt::format("{}.{}: really {}, embedded nothing", at, name, Short(inner)));
      }
    }
    for (const auto& [name, inner] : embedded.items()) {
      if (!real.contains(name)) {
        lines.push_back(fmt::format("{}.{}: really nothing, embedded {}", at, name, Short(inner)));
      }
    }
  } else if (real.is_array() && embedded.is_array() && real.size() == embedded.size()) {
    for (std::size_t i = 0; i < real.size(); ++i) Compare(real[i], embedded[i], fmt::format("{}[{}]", at, i), lines);
  } else {
    lines.push_back(fmt::format("{}: really {}, embedded {}", at, Short(real), Short(embedded)));
  }
}

void CompareAll(const std::vector<Seen::Answer>& real, const std::vector<Seen::Answer>& embedded,
                const std::function<std::string(std::size_t)>& name, std::vector<std::string>& lines) {
  SLUICE_CHECK(real.size() == embedded.size());
  for (std::size_t i = 0; i < real.size(); ++i) {
    Json is = real[i].said, says = embedded[i].said;
    TakeOutOfAll(real[i].kind, is, says);
    // Its words may be others.
    const std::string words = Text(is, {"message"}) + " | " + Text(says, {"message"});
    const bool fails_in_both = is.contains("error") && is.value("error", "") == says.value("error", "");
    for (Json* each : {&is, &says}) {
      if (fails_in_both && each->contains("message")) each->erase("message");
    }
    if (is == says) continue;
    lines.push_back(name(i) + (fails_in_both ? ": " + words : ""));
    Compare(is, says, "  ", lines);
  }
}

}  // namespace

std::vector<std::string> Differences(const Operations& operations, const Seen& real, const Seen& embedded) {
  std::vector<std::string> lines;
  CompareAll(
      real.answers, embedded.answers,
      [&](std::size_t i) { return fmt::format("{}. {}", i + 1, ToString(operations[i])); }, lines);
  // Else it would be said again of everything that follows.
  if (!lines.empty()) return lines;
  CompareAll(
      real.left, embedded.left, [&](std::size_t i) { return "in the end: " + real.left[i].kind.kind; }, lines);
  CompareAll(
      real.told, embedded.told, [&](std::size_t i) { return "watch: " + Text(real.told[i].said, {"watch"}); }, lines);
  return lines;
}

}  // namespace sluice::cluster
