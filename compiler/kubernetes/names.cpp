#include "compiler/kubernetes/names.h"

#include <algorithm>

#include <fmt/format.h>

namespace sluice::kubernetes {
namespace {

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsAlphanumeric(char c) { return IsLower(c) || IsDigit(c); }

std::optional<std::string> TooLong(std::string_view name, std::size_t limit) {
  if (name.size() <= limit) {
    return std::nullopt;
  }
  return fmt::format("has {} characters, at most {} are allowed", name.size(), limit);
}

std::string Quoted(char c) {
  if (c == ' ') {
    return "a space";
  }
  return c > ' ' && c < '\x7f' ? fmt::format("`{}`", c) : "a character that is no ASCII letter";
}

// Letters, digits and `extra` only.
std::optional<std::string> WrongCharacter(std::string_view name, std::string_view extra, bool upper) {
  for (char c : name) {
    if (IsAlphanumeric(c) || extra.find(c) != std::string_view::npos || (upper && IsUpper(c))) {
      continue;
    }
    return IsUpper(c) ? "has an upper-case letter" : fmt::format("has {} in it", Quoted(c));
  }
  return std::nullopt;
}

std::optional<std::string> FaultOfLabelOf(std::string_view name, std::size_t limit) {
  if (name.empty()) {
    return "is empty";
  }
  if (auto fault = WrongCharacter(name, "-", false)) {
    return fault;
  }
  if (name.front() == '-') {
    return "begins with a dash";
  }
  if (name.back() == '-') {
    return "ends with a dash";
  }
  return TooLong(name, limit);
}

}  // namespace

std::optional<std::string> FaultOfServiceName(std::string_view name, std::size_t limit) {
  if (auto fault = FaultOfLabelOf(name, limit)) {
    return fault;
  }
  if (IsDigit(name.front())) {
    return "begins with a digit";
  }
  return std::nullopt;
}

std::optional<std::string> FaultOfLabel(std::string_view name) { return FaultOfLabelOf(name, 63); }

std::optional<std::string> FaultOfSubdomain(std::string_view name) {
  if (name.empty()) {
    return "is empty";
  }
  for (std::size_t begin = 0; begin <= name.size();) {
    std::size_t end = std::min(name.find('.', begin), name.size());
    std::string_view label = name.substr(begin, end - begin);
    if (label.empty()) {
      return "has a dot with nothing before or behind it";
    }
    if (auto fault = FaultOfLabelOf(label, 253)) {
      return fault;
    }
    begin = end + 1;
  }
  return TooLong(name, 253);
}

std::optional<std::string> FaultOfPortName(std::string_view name) {
  if (auto fault = FaultOfLabelOf(name, 15)) {
    return fault;
  }
  if (name.find("--") != std::string_view::npos) {
    return "has two dashes side by side";
  }
  if (std::none_of(name.begin(), name.end(), IsLower)) {
    return "has no letter";
  }
  return std::nullopt;
}

std::optional<std::string> FaultOfEnvName(std::string_view name) {
  if (name.empty()) {
    return "is empty";
  }
  if (auto fault = WrongCharacter(name, "-._", true)) {
    return fault;
  }
  if (IsDigit(name.front())) {
    return "begins with a digit";
  }
  if (name == "." || name.substr(0, 2) == "..") {
    return "begins with dots";
  }
  return std::nullopt;
}

std::optional<std::string> FaultOfDataKey(std::string_view key) {
  if (key.empty()) {
    return "is empty";
  }
  if (auto fault = WrongCharacter(key, "-._", true)) {
    return fault;
  }
  if (key == "." || key.substr(0, 2) == "..") {
    return "begins with dots";
  }
  return TooLong(key, 253);
}

std::optional<std::string> FaultOfHost(std::string_view host) {
  if (host.find("://") != std::string_view::npos) {
    return "is a URL, not a host name";
  }
  if (host.find(':') != std::string_view::npos) {
    return "has a port";
  }
  if (host.find('/') != std::string_view::npos) {
    return "has a path";
  }
  if (host.substr(0, 2) == "*.") {
    host.remove_prefix(2);
  }
  // Gateway API: an IP address is no hostname.
  if (!host.empty() && std::all_of(host.begin(), host.end(), [](char c) { return IsDigit(c) || c == '.'; })) {
    return "is an address, not a name";
  }
  return FaultOfSubdomain(host);
}

std::optional<std::string> FaultOfPath(std::string_view path) {
  if (path.empty() || path.front() != '/') {
    return "does not begin with `/`";
  }
  for (std::string_view part : {"//", "/./", "/../", "?", "#", " ", "%2f", "%2F"}) {
    if (path.find(part) != std::string_view::npos) {
      return part == " " ? "has a space in it" : fmt::format("has `{}` in it", part);
    }
  }
  for (std::string_view end : {"/..", "/."}) {
    if (path.size() >= end.size() && path.substr(path.size() - end.size()) == end) {
      return fmt::format("ends with `{}`", end);
    }
  }
  return TooLong(path, 1024);
}

std::string ToServiceName(std::string_view name) {
  std::string result;
  for (char c : name) {
    char lower = IsUpper(c) ? static_cast<char>(c - 'A' + 'a') : c;
    if (IsLower(lower) || (IsDigit(lower) && !result.empty())) {
      result += lower;
    } else if (!result.empty() && result.back() != '-') {
      result += '-';
    }
  }
  while (!result.empty() && result.back() == '-') {
    result.pop_back();
  }
  return result.substr(0, kMaxServiceName);
}

}  // namespace sluice::kubernetes
