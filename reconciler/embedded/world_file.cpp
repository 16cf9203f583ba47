// Reads world files; the format stands in README.md.
#include <functional>
#include <map>
#include <set>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "compiler/base/number.h"
#include "compiler/base/text.h"
#include "reconciler/embedded/images.h"
#include "reconciler/embedded/quantities.h"

namespace sluice::embedded {
namespace {

// Caught in ReadWorld, like what yaml-cpp itself throws.
[[noreturn]] void Fail(const YAML::Node& node, const std::string& what) {
  throw YAML::RepresentationException(node.Mark(), what);
}

std::string TextOf(const YAML::Node& node) {
  if (!node.IsScalar()) Fail(node, "a single value is expected here");
  return node.Scalar();
}

// "250ms", "1m30s", "2h".
Duration DurationOf(const YAML::Node& node) {
  static const std::map<std::string, std::int64_t> kUnits = {
      {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
  std::string text = TextOf(node);
  std::int64_t total = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t letters = text.find_first_not_of("0123456789", at);
    if (letters == std::string::npos || letters == at || letters - at > 9) break;
    std::size_t end = std::min(text.find_first_of("0123456789", letters), text.size());
    auto unit = kUnits.find(text.substr(letters, end - letters));
    if (unit == kUnits.end()) break;
    total += std::stoll(text.substr(at, letters - at)) * unit->second;
    at = end;
  }
  if (text.empty() || at < text.size()) Fail(node, fmt::format("`{}` is no duration such as `90s` or `1m30s`", text));
  return Duration(total);
}

std::int32_t PerMillionOf(const YAML::Node& node) {
  std::string text = TextOf(node);
  bool percent = text.ends_with('%');
  auto number = Number::Parse(percent ? text.substr(0, text.size() - 1) : text);
  if (!percent || !number || number->overflowed() || *number < Number(0) || *number > Number(100)) {
    Fail(node, fmt::format("`{}` is no percentage from `0%` to `100%`", text));
  }
  return static_cast<std::int32_t>((*number * Number(10'000)).Round());
}

std::int32_t CountOf(const YAML::Node& node) {
  auto number = Number::Parse(TextOf(node));
  if (!number || !number->is_integer() || number->numerator() < 0 || number->numerator() > 1'000'000) {
    Fail(node, fmt::format("`{}` is no number from 0 to 1000000", TextOf(node)));
  }
  return static_cast<std::int32_t>(number->numerator());
}

bool FlagOf(const YAML::Node& node) {
  std::string text = TextOf(node);
  if (text != "true" && text != "false") Fail(node, fmt::format("`{}` is neither `true` nor `false`", text));
  return text == "true";
}

// "1500us", "10ms", "2s" in millionths of a second.
std::int64_t CpuTimeOf(const YAML::Node& node) {
  const std::string text = TextOf(node);
  for (const auto& [unit, size] : {std::pair{"us", 1}, std::pair{"ms", 1'000}, std::pair{"s", 1'000'000}}) {
    if (!text.ends_with(unit)) continue;
    const auto number = Number::Parse(text.substr(0, text.size() - std::string_view(unit).size()));
    if (!number) continue;
    const Number time = *number * Number(size);
    if (time.is_integer() && time >= Number(0) && time <= Number(3'600'000'000)) return time.numerator();
  }
  Fail(node, fmt::format("`{}` is no time of a processor such as `10ms` or `250us`", text));
}

// A quantity as so many whole parts of its unit.
std::int64_t PartsOf(const YAML::Node& node, std::int64_t parts, const char* example) {
  const std::string text = TextOf(node);
  const auto quantity = Quantity::Parse(text);
  const Number amount = quantity ? quantity->value() * Number(parts) : Number::Overflow();
  if (!amount.is_integer() || amount < Number(0)) {
    Fail(node, fmt::format("`{}` is no quantity such as `{}`", text, example));
  }
  return amount.numerator();
}
// "20m" in thousandths of a processor.
std::int64_t CpuOf(const YAML::Node& node) { return PartsOf(node, 1000, "20m"); }
// "64Mi".
std::int64_t BytesOf(const YAML::Node& node) { return PartsOf(node, 1, "64Mi"); }

using Readers = std::map<std::string, std::function<void(const YAML::Node&)>>;

// Reads a map by one reader a key; a key without one is an error that names the similar ones.
void ReadMap(const YAML::Node& node, const Readers& readers) {
  if (!node.IsMap()) Fail(node, "a map is expected here");
  for (const auto& entry : node) {
    std::string key = TextOf(entry.first);
    auto reader = readers.find(key);
    if (reader != readers.end()) {
      reader->second(entry.second);
      continue;
    }
    std::vector<std::string> names;
    for (const auto& [name, unused] : readers) names.push_back(name);
    std::vector<std::string> similar = SimilarNames(key, names);
    Fail(entry.first, fmt::format("unknown key `{}`; {}", key,
                                  similar.empty() ? "known are " + JoinWords(names)
                                                  : "did you mean " + JoinWords(similar, "or") + "?"));
  }
}

void ForEach(const YAML::Node& node, const std::function<void(const YAML::Node&)>& read) {
  if (!node.IsSequence()) Fail(node, "a list is expected here");
  for (const YAML::Node& item : node) read(item);
}

std::map<std::string, std::string> TextsOf(const YAML::Node& node, bool lower) {
  std::map<std::string, std::string> texts;
  if (!node.IsMap()) Fail(node, "a map is expected here");
  for (const auto& entry : node) {
    std::string name = TextOf(entry.first);
    for (char& c : name) c = lower && c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    texts[name] = TextOf(entry.second);
  }
  return texts;
}

std::vector<ErrorRate> ErrorsOf(const YAML::Node& node) {
  if (node.IsScalar()) return {{Duration(0), PerMillionOf(node)}};
  std::vector<ErrorRate> rates;
  ForEach(node, [&](const YAML::Node& item) {
    ErrorRate rate;
    ReadMap(item, {{"from", [&](const YAML::Node& value) { rate.from = DurationOf(value); }},
                   {"rate", [&](const YAML::Node& value) { rate.per_million = PerMillionOf(value); }}});
    if (!rates.empty() && rate.from <= rates.back().from) Fail(item, "`from` must rise");
    rates.push_back(rate);
  });
  return rates;
}

ImageBehaviour ImageOf(const YAML::Node& node) {
  ImageBehaviour image;
  bool named = false;
  bool tail = false;
  ReadMap(node, {
                    {"image",
                     [&](const YAML::Node& value) {
                       image.pattern = TextOf(value);
                       named = true;
                     }},
                    {"pull-fails", [&](const YAML::Node& value) { image.pull_fails = FlagOf(value); }},
                    {"starts", [&](const YAML::Node& value) { image.starts = FlagOf(value); }},
                    {"ready", [&](const YAML::Node& value) { image.ready = FlagOf(value); }},
                    {"ready-after", [&](const YAML::Node& value) { image.ready_after = DurationOf(value); }},
                    {"crash-after", [&](const YAML::Node& value) { image.crash_after = DurationOf(value); }},
                    {"runs-for", [&](const YAML::Node& value) { image.runs_for = DurationOf(value); }},
                    {"says", [&](const YAML::Node& value) { image.says = TextOf(value); }},
                    {"exit-code", [&](const YAML::Node& value) { image.exit_code = CountOf(value); }},
                    {"out-of-memory", [&](const YAML::Node& value) { image.out_of_memory = FlagOf(value); }},
                    {"stop-after", [&](const YAML::Node& value) { image.stop_after = DurationOf(value); }},
                    {"error-rate", [&](const YAML::Node& value) { image.errors = ErrorsOf(value); }},
                    {"cpu-per-request", [&](const YAML::Node& value) { image.cpu_per_request = CpuTimeOf(value); }},
                    {"cpu-at-rest", [&](const YAML::Node& value) { image.cpu_at_rest = CpuOf(value); }},
                    {"memory", [&](const YAML::Node& value) { image.memory = BytesOf(value); }},
                    {"flap",
                     [&](const YAML::Node& value) {
                       ReadMap(value, {{"every", [&](const YAML::Node& at) { image.flap_every = DurationOf(at); }},
                                       {"for", [&](const YAML::Node& at) { image.flap_for = DurationOf(at); }}});
                     }},
                    {"latency",
                     [&](const YAML::Node& value) {
                       ReadMap(value, {{"median", [&](const YAML::Node& at) { image.latency_median = DurationOf(at); }},
                                       {"p99", [&](const YAML::Node& at) {
                                          image.latency_p99 = DurationOf(at);
                                          tail = true;
                                        }}});
                     }},
                });
  if (!named) Fail(node, "an entry of `images` needs `image`");
  if (!tail) image.latency_p99 = std::max(image.latency_p99, image.latency_median * 4);
  if (image.latency_p99 < image.latency_median) Fail(node, "`p99` is below `median`");
  if (image.out_of_memory && !image.crash_after && !image.runs_for) {
    Fail(node, "`out-of-memory` needs `crash-after` or `runs-for`");
  }
  return image;
}

Load LoadOf(const YAML::Node& node) {
  Load load;
  ReadMap(node, {
                    {"host", [&](const YAML::Node& value) { load.host = TextOf(value); }},
                    {"path", [&](const YAML::Node& value) { load.path = TextOf(value); }},
                    {"method", [&](const YAML::Node& value) { load.method = TextOf(value); }},
                    {"headers", [&](const YAML::Node& value) { load.headers = TextsOf(value, true); }},
                    {"query", [&](const YAML::Node& value) { load.query = TextsOf(value, false); }},
                    {"per-second", [&](const YAML::Node& value) { load.per_second = CountOf(value); }},
                    {"service",
                     [&](const YAML::Node& value) {
                       std::string text = TextOf(value);
                       std::size_t slash = text.find('/');
                       if (slash == std::string::npos) Fail(value, "a Service is named `NAMESPACE/NAME`");
                       load.namespace_ = text.substr(0, slash);
                       load.service = text.substr(slash + 1);
                     }},
                });
  if (load.host.empty() == load.service.empty()) Fail(node, "an entry of `loads` names either `host` or `service`");
  return load;
}

}  // namespace

Result<World> ReadWorld(const std::string& text) {
  World world;
  try {
    YAML::Node root = YAML::Load(text);
    if (root.IsNull()) return world;
    ReadMap(root, {
                      {"images",
                       [&](const YAML::Node& node) {
                         ForEach(node, [&](const YAML::Node& item) { world.images.push_back(ImageOf(item)); });
                       }},
                      {"loads",
                       [&](const YAML::Node& node) {
                         ForEach(node, [&](const YAML::Node& item) { world.loads.push_back(LoadOf(item)); });
                       }},
                      {"default-per-second", [&](const YAML::Node& node) { world.default_per_second = CountOf(node); }},
                  });
  } catch (const YAML::Exception& wrong) {
    return Error{ErrorCode::kInvalid, fmt::format("line {}: {}", wrong.mark.line + 1, wrong.msg)};
  }
  return world;
}

}  // namespace sluice::embedded
