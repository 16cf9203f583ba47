// Manifests as people write them: YAML to values, with where each field stands.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/graph/value.h"

namespace sluice::kubernetes {

// One document of a YAML stream. Offsets are bytes of the stream.
struct YamlDocument {
  struct Field {
    std::string pointer;             // RFC 6901: "/spec/ports/0"
    std::size_t begin = 0, end = 0;  // of its key, or of a list's item
  };
  graph::Value value;  // a map, a list or a scalar; none for an empty document
  std::size_t begin = 0;
  std::vector<Field> fields;
};

struct YamlFault {
  std::string message;  // "key `app` stands twice"
  std::size_t at = 0;   // byte of the stream
};

// The documents of `text`, up to the first fault.
//
// Scalars are read as sigs.k8s.io/yaml reads them, which is YAML 1.1 with JSON's types: `0644` is a number of base
// eight, a date is text. What 1.1 and 1.2 read as different things (`yes`, `on`, `1_000`) is a fault, and so are
// anchors, tags of other types, a key that stands twice, and more than 200 levels: each is a mistake more often than
// it is meant.
struct YamlParse {
  std::vector<YamlDocument> documents;
  std::optional<YamlFault> fault;
};
YamlParse ReadYaml(std::string_view text);

}  // namespace sluice::kubernetes
