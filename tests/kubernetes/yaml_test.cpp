#include "compiler/kubernetes/yaml.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

namespace sluice::kubernetes {
namespace {

std::string Read(const std::string& text) {
  const YamlParse parse = ReadYaml(text);
  std::string read;
  for (const YamlDocument& document : parse.documents) {
    read += document.value.ToText() + "\n";
  }
  return parse.fault ? read + fmt::format("{}: {}", parse.fault->at, parse.fault->message) : read;
}

TEST_CASE("scalars are what kubectl takes them for") {
  CHECK(Read("{a: 1, b: 1.5, c: -3, d: 1e3, e: 0644, f: 0x1F, g: 0o17}") ==
        "{\"a\":1,\"b\":1.5,\"c\":-3,\"d\":1000,\"e\":420,\"f\":31,\"g\":15}\n");
  CHECK(Read("{a: true, b: False, c: ~, d: null, e: }") ==
        "{\"a\":true,\"b\":false,\"c\":null,\"d\":null,\"e\":null}\n");
  CHECK(Read("{a: \"1\", b: 'true', c: 1.2.3, d: 100m, e: 2026-01-01, f: -, g: +1, h: !!str 5}") ==
        "{\"a\":\"1\",\"b\":\"true\",\"c\":\"1.2.3\",\"d\":\"100m\",\"e\":\"2026-01-01\",\"f\":\"-\",\"g\":1,\"h\":"
        "\"5\"}\n");
  CHECK(Read("a: |\n  two\n  lines\n") == "{\"a\":\"two\\nlines\\n\"}\n");
}

TEST_CASE("a stream has documents, some of them empty") {
  CHECK(Read("") == "");
  CHECK(Read("# nothing\n") == "");
  CHECK(Read("a: 1\n---\n---\nb: 2\n---\n") == "{\"a\":1}\nnone\n{\"b\":2}\nnone\n");
}

TEST_CASE("fields are found where they stand") {
  const std::string text = "kind: Service\nspec:\n  ports:\n    - port: 80\n    - port: 81\n";
  const YamlParse parse = ReadYaml(text);
  REQUIRE(parse.documents.size() == 1);
  std::string found;
  for (const YamlDocument::Field& field : parse.documents.front().fields) {
    found += fmt::format("{} {}\n", field.pointer, text.substr(field.begin, field.end - field.begin));
  }
  CHECK(found ==
        "/kind kind\n/spec spec\n/spec/ports ports\n/spec/ports/0 p\n/spec/ports/0/port port\n/spec/ports/1 "
        "p\n/spec/ports/1/port port\n");
}

TEST_CASE("a byte order mark is no part of the text, but of its bytes") {
  const std::string text = "\xef\xbb\xbfkind: Service\r\nspec: 1\r\n";
  const YamlParse parse = ReadYaml(text);
  REQUIRE(parse.documents.size() == 1);
  for (const YamlDocument::Field& field : parse.documents.front().fields) {
    CHECK(field.pointer == "/" + text.substr(field.begin, field.end - field.begin));
  }
  CHECK(ReadYaml("\xef\xbb\xbf"
                 "a: yes")
            .fault->at == 6);
}

TEST_CASE("what is a mistake more often than it is meant is one, at its place") {
  CHECK(Read("on: 1") == "{\"on\":1}\n");
  CHECK(Read("a: yes") == "3: `yes` is true or false for some readers and text for others: write `true` or `\"yes\"`");
  CHECK(Read("a: off") == "3: `off` is true or false for some readers and text for others: write `false` or `\"off\"`");
  CHECK(Read("a: No") == "3: `No` is true or false for some readers and text for others: write `false` or `\"No\"`");
  CHECK(Read("a: 1_000") ==
        "3: `1_000` is a number for some readers and text for others: leave the `_` out, or quote it");
  CHECK(Read("{a: 1, a: 2}") == "7: key `a` stands twice");
  CHECK(Read("a: &x 1\nb: *x") == "3: anchors are not taken: write out what it stands for");
  CHECK(Read("{[a]: 1}") == "1: a key must be a text");
  CHECK(Read("a: !!binary aGk=") == "3: the tag `tag:yaml.org,2002:binary` is not taken");
  CHECK(Read("a: 1\n b: 2\n") == "7: illegal map value");
  CHECK(Read("a: \"\xff\"") == "4: this is no UTF-8");
  CHECK(Read(std::string(300, '[') + std::string(300, ']')) == "200: nests too deep");
  CHECK(ReadYaml(std::string(500'000, '[')).fault);
  CHECK(ReadYaml(std::string(500'000, '{')).fault);
  CHECK(ReadYaml(std::string(100'000, '-') + " a").fault.has_value() == false);
  CHECK(!ReadYaml("name: {{ .Values.name }}").fault->message.empty());
}

}  // namespace
}  // namespace sluice::kubernetes
