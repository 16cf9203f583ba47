#include "reconciler/git/url.h"

#include <vector>

namespace sluice::git {
namespace {

struct Parts {
  std::size_t authority = 0;      // where it begins
  std::size_t authority_end = 0;  // one past it
  std::size_t at = std::string_view::npos;
};

Parts Split(std::string_view url) {
  Parts parts;
  const std::size_t scheme = url.find("://");
  parts.authority = scheme == std::string_view::npos ? 0 : scheme + 3;
  parts.authority_end = url.find_first_of("/?#", parts.authority);
  if (parts.authority_end == std::string_view::npos) parts.authority_end = url.size();
  const std::size_t at = url.substr(0, parts.authority_end).rfind('@');
  if (at != std::string_view::npos && at >= parts.authority) parts.at = at;
  return parts;
}

void ReplaceAll(std::string& text, std::string_view what) {
  if (what.size() < 3) return;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 3)) {
    text.replace(at, what.size(), "***");
  }
}

}  // namespace

std::string RedactUrl(std::string_view url) {
  const Parts parts = Split(url);
  std::string shown(url.substr(0, parts.authority));
  shown += url.substr(parts.at == std::string_view::npos ? parts.authority : parts.at + 1);
  if (parts.authority > 0) shown.resize(std::min(shown.size(), shown.find_first_of("?#")));
  return shown;
}

std::string RedactText(std::string text, std::string_view url) {
  const Parts parts = Split(url);
  if (parts.at != std::string_view::npos) {
    const std::string_view user_info = url.substr(parts.authority, parts.at - parts.authority);
    ReplaceAll(text, user_info);
    const std::size_t colon = user_info.find(':');
    if (colon != std::string_view::npos) ReplaceAll(text, user_info.substr(colon + 1));
  }
  if (parts.authority > 0) {
    const std::size_t query = url.find_first_of("?#", parts.authority);
    if (query != std::string_view::npos) ReplaceAll(text, url.substr(query + 1));
  }
  return text;
}

}  // namespace sluice::git
