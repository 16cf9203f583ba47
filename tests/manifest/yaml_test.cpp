#include <functional>
#include <random>

#include <catch2/catch.hpp>
#include <yaml-cpp/yaml.h>

#include "compiler/manifest/manifest.h"

namespace sluice::manifest {
namespace {

using graph::List;
using graph::Map;
using graph::Value;

// What yaml-cpp reads: maps, lists, text (quoted, or plain and no number or word), and plain scalars.
void RequireSame(const Value& value, const YAML::Node& node) {
  if (const Map* map = value.as_map()) {
    REQUIRE(node.IsMap());
    std::size_t fields = 0;
    for (const auto& [key, item] : map->entries()) {
      if (item.is_none()) {
        continue;
      }
      ++fields;
      CAPTURE(key);
      REQUIRE(node[key].IsDefined());
      RequireSame(item, node[key]);
    }
    REQUIRE(node.size() == fields);
  } else if (const List* list = value.as_list()) {
    REQUIRE(node.IsSequence());
    REQUIRE(node.size() == list->size());
    for (std::size_t i = 0; i < list->size(); ++i) {
      RequireSame((*list)[i], node[i]);
    }
  } else if (const std::string* text = value.as_string()) {
    REQUIRE(node.IsScalar());
    REQUIRE(node.Scalar() == *text);
  } else if (value.is_none()) {
    REQUIRE(node.IsNull());
  } else {
    REQUIRE(node.IsScalar());
    REQUIRE(node.Tag() == "?");  // plain
    REQUIRE(node.Scalar() == value.ToText());
  }
}

TEST_CASE("text that a reader of YAML 1.1 would take for something else is quoted") {
  const std::string texts[] = {
      "yes", "No", "ON",    "off",      "y",     "N",    "true",  "False",    "null",       "Null",
      "~",   "",   " ",     "1",        "007",   "0o7",  "0x1",   "1e3",      "1_000",      "-1",
      "+1",  ".5", "1.",    ".inf",     "-.Inf", ".nan", "12:30", "12:30:45", "2001-12-14", "2001-12-14t21:59:43",
      "=",   "<<", "-",     "- a",      "? a",   ": a",  "#a",    "&a",       "*a",         "!a",
      "|",   ">",  "'a",    "\"a",      "%a",    "@a",   "`a",    "{a",       "[a",         "}",
      "]",   ",",  "1.2.3", "10.0.0.1", "0.5",   "1Gi",  "---",   "..."};
  for (const std::string& text : texts) {
    CAPTURE(text);
    Map map;
    map.Set("key", text);
    const std::string yaml = ToYaml(Value(std::move(map)));
    CHECK(yaml == "key: \"" + (text == "\"a" ? std::string("\\\"a") : text) + "\"\n");
  }
}

TEST_CASE("text that every reader takes for text stays plain") {
  for (const std::string text :
       {"shop", "/healthz", "apps/v1", "ghcr.io/acme/checkout:2.4.0", "a b", "a:b", "a#b", "sluice.dev/v1alpha1",
        "Always", "yesterday", "nullable", "it's", "$(HOME)/x", "x-1e3"}) {
    CAPTURE(text);
    Map map;
    map.Set("key", text);
    CHECK(ToYaml(Value(std::move(map))) == "key: " + text + "\n");
  }
}

TEST_CASE("objects look as people write them") {
  Map port, container, spec, metadata, object;
  port.Set("name", "http");
  port.Set("containerPort", 8080);
  container.Set("name", "web");
  container.Set("args", Value(List{Value("--fast"), Value("8080")}));
  container.Set("ports", Value(List{Value(std::move(port))}));
  container.Set("script", "set -e\n\necho \"hi\": #1\n");
  container.Set("tail", "a\nb");
  container.Set("open", "a\n\n");
  spec.Set("containers", Value(List{Value(std::move(container))}));
  spec.Set("empty", Value(Map{}));
  spec.Set("nothing", Value());
  spec.Set("none", Value(List{}));
  spec.Set("ratio", Value(Number::Ratio(1, 4)));
  spec.Set("on", true);
  metadata.Set("name", "web");
  object.Set("kind", "Pod");
  object.Set("metadata", Value(std::move(metadata)));
  object.Set("spec", Value(std::move(spec)));
  CHECK(ToYaml(Value(std::move(object))) == R"(kind: Pod
metadata:
  name: web
spec:
  containers:
  - name: web
    args:
    - "--fast"
    - "8080"
    ports:
    - name: http
      containerPort: 8080
    script: |
      set -e

      echo "hi": #1
    tail: |-
      a
      b
    open: |+
      a

  empty: {}
  none: []
  ratio: 0.25
  "on": true
)");
}

class Generator {
 public:
  explicit Generator(std::uint32_t seed) : random_(seed) {}

  Value Make(int depth) {
    switch (depth == 0 ? Int(0, 3) : Int(0, 7)) {
      case 0:
        return Value(Int(-1000, 1000));
      case 1:
        return Value(Int(0, 1) == 1);
      case 2:
      case 3:
        return Value(Text());
      case 4:
      case 5: {
        List list;
        for (int i = Int(0, 4); i > 0; --i) {
          list.push_back(Make(depth - 1));
        }
        return Value(std::move(list));
      }
      default: {
        Map map;
        for (int i = Int(0, 4); i > 0; --i) {
          map.Set(Int(0, 3) == 0 ? "k" + Text() : "key" + std::to_string(i),
                  Int(0, 9) == 0 ? Value() : Make(depth - 1));
        }
        return Value(std::move(map));
      }
    }
  }

  std::string Text() {
    static const char* const kParts[] = {"a",      "Z",      "0",      " ",  "\n", ":",  "#",  "-", "'",
                                         "\"",     "\\",     "\t",     ",",  "[",  "{",  "\r", "&", "\x07",
                                         "\u00e4", "\u2028", "\u2603", "%",  "~",  "| ", "> ", "!", "\x7f",
                                         "\n\n",   "\u0085", "yes",    "- ", "e3", ". "};
    std::string text;
    for (int i = Int(0, 8); i > 0; --i) {
      text += kParts[Int(0, static_cast<int>(std::size(kParts)) - 1)];
    }
    return text;
  }

 private:
  int Int(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
  std::mt19937 random_;
};

TEST_CASE("what is written is read back byte for byte") {
  for (std::uint32_t seed = 1; seed <= 3000; ++seed) {
    CAPTURE(seed);
    const Value value = Generator(seed).Make(4);
    const std::string yaml = ToYaml(value);
    CAPTURE(yaml);
    RequireSame(value, YAML::Load(yaml));
  }
}

TEST_CASE("numbers are exact") {
  Map map;
  map.Set("a", Value(*Number::Parse("0.1")));
  map.Set("b", Value(std::int64_t{9'007'199'254'740'993}));
  map.Set("c", Value(*Number::Parse("-12.5")));
  CHECK(ToYaml(Value(std::move(map))) == "a: 0.1\nb: 9007199254740993\nc: -12.5\n");
}

}  // namespace
}  // namespace sluice::manifest
