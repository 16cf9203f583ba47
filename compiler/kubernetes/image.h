// Container image references.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::kubernetes {

// "registry/path:tag@digest". `tag` and `digest` are empty where they are not written.
struct ImageReference {
  std::string repository;  // with its registry
  std::string tag;
  std::string digest;  // "sha256:…"
};

// The reference, or what is wrong with it as the end of a sentence ("has an upper-case letter").
// Grammar: github.com/distribution/reference.
struct ImageParse {
  std::optional<ImageReference> image;
  std::string fault;
};
ImageParse ParseImage(std::string_view text);

}  // namespace sluice::kubernetes
