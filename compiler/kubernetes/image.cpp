#include "compiler/kubernetes/image.h"

#include <algorithm>

namespace sluice::kubernetes {
namespace {

bool IsWord(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }
bool IsLowerHex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

std::string FaultOfTag(std::string_view tag) {
  if (tag.empty()) {
    return "has an empty tag";
  }
  if (!IsWord(tag.front()) ||
      !std::all_of(tag.begin(), tag.end(), [](char c) { return IsWord(c) || c == '.' || c == '-'; })) {
    return "has a tag with characters that a tag cannot have";
  }
  return tag.size() > 128 ? "has a tag of more than 128 characters" : "";
}

std::string FaultOfDigest(std::string_view digest) {
  constexpr std::string_view kSha256 = "sha256:";
  if (digest.substr(0, kSha256.size()) != kSha256) {
    return "has a digest that is no `sha256:`";
  }
  digest.remove_prefix(kSha256.size());
  bool right = digest.size() == 64 && std::all_of(digest.begin(), digest.end(), IsLowerHex);
  return right ? "" : "has a digest that is not 64 lower-case hexadecimal digits";
}

std::string FaultOfRepository(std::string_view repository) {
  if (repository.empty()) {
    return "has no name";
  }
  if (repository.front() == '/' || repository.back() == '/' || repository.find("//") != std::string_view::npos) {
    return "has an empty part between slashes";
  }
  // The first part may be a registry with a port; only there `:` and upper case are allowed.
  std::size_t slash = repository.find('/');
  std::string_view path = slash == std::string_view::npos ? repository : repository.substr(slash + 1);
  for (char c : path) {
    if (c >= 'A' && c <= 'Z') {
      return "has an upper-case letter in its name";
    }
    if (!IsWord(c) && c != '.' && c != '-' && c != '/') {
      return "has a character in its name that an image cannot have";
    }
  }
  return "";
}

}  // namespace

ImageParse ParseImage(std::string_view text) {
  ImageReference image;
  if (text.find("://") != std::string_view::npos) {
    return {std::nullopt, "is a URL, not an image"};
  }
  std::string_view rest = text;
  if (std::size_t at = rest.find('@'); at != std::string_view::npos) {
    image.digest = rest.substr(at + 1);
    rest = rest.substr(0, at);
    if (std::string fault = FaultOfDigest(image.digest); !fault.empty()) {
      return {std::nullopt, fault};
    }
  }
  std::size_t colon = rest.rfind(':');
  std::size_t slash = rest.rfind('/');
  if (colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash)) {
    image.tag = rest.substr(colon + 1);
    rest = rest.substr(0, colon);
    if (std::string fault = FaultOfTag(image.tag); !fault.empty()) {
      return {std::nullopt, fault};
    }
  }
  image.repository = rest;
  if (std::string fault = FaultOfRepository(rest); !fault.empty()) {
    return {std::nullopt, fault};
  }
  return {image, ""};
}

std::string VersionOf(std::string_view image) {
  const ImageParse parse = ParseImage(image);
  if (!parse.image) {
    return "";
  }
  if (!parse.image->tag.empty()) {
    return parse.image->tag;
  }
  const std::string& digest = parse.image->digest;
  const std::size_t colon = digest.find(':');
  return colon == std::string::npos ? digest.substr(0, 12) : digest.substr(colon + 1, 12);
}

}  // namespace sluice::kubernetes
