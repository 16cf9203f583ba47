#include "tests/proxy/view.h"

#include <algorithm>

namespace sluice::proxy {
namespace {

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

}  // namespace

std::string View::Target(const std::string& target) const {
  const std::size_t end = target.find('?');
  std::string path = target.substr(0, end);
  // "/api/v1/pods" or "/apis/apps/v1/deployments": a kind, and no namespace.
  const auto slashes = std::count(path.begin(), path.end(), '/');
  const bool core = path.starts_with("/api/") && slashes == 3, group = path.starts_with("/apis/") && slashes == 4;
  if (core || group) path.insert(path.rfind('/'), std::string("/namespaces/") + kShown);
  return Inwards(path + (end == std::string::npos ? "" : target.substr(end)));
}

std::string View::Inwards(std::string text) const { return Replaced(std::move(text), kShown, real_); }

std::string View::Outwards(std::string text) const { return Replaced(std::move(text), real_, kShown); }

}  // namespace sluice::proxy
