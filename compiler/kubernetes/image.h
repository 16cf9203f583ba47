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

// What people call the version: the tag, or the first 12 digits of the digest; "" if the text is no reference.
std::string VersionOf(std::string_view image);

}  // namespace sluice::kubernetes
