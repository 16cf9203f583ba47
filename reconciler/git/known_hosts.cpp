#include "reconciler/git/known_hosts.h"

#include <fstream>
#include <iterator>
#include <optional>
#include <vector>

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "compiler/base/base64.h"
#include "compiler/base/text.h"

namespace sluice::git {
namespace {

std::vector<std::string_view> Split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  std::size_t at = 0;
  while ((at = text.find_first_not_of(separators, at)) != std::string_view::npos) {
    const std::size_t end = std::min(text.size(), text.find_first_of(separators, at));
    parts.push_back(text.substr(at, end - at));
    at = end;
  }
  return parts;
}

// "|1|SALT|HASH": HMAC-SHA1 of the name under the salt.
bool MatchesHashed(std::string_view field, const std::string& host) {
  const auto parts = Split(field, "|");
  if (parts.size() != 3 || parts[0] != "1") return false;
  const auto salt = FromBase64(parts[1]);
  const auto expected = FromBase64(parts[2]);
  if (!salt || !expected) return false;
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  HMAC(EVP_sha1(), salt->data(), static_cast<int>(salt->size()), reinterpret_cast<const unsigned char*>(host.data()),
       host.size(), digest, &length);
  return *expected == std::string_view(reinterpret_cast<const char*>(digest), length);
}

bool MatchesHost(std::string_view field, const std::string& host) {
  if (field.substr(0, 1) == "|") return MatchesHashed(field, host);
  bool matched = false;
  for (const std::string_view pattern : Split(field, ",")) {
    const bool negated = pattern[0] == '!';
    if (!FitsPattern(host, negated ? pattern.substr(1) : pattern)) continue;
    if (negated) return false;
    matched = true;
  }
  return matched;
}

}  // namespace

std::string HostOf(std::string_view url) {
  const std::size_t scheme = url.find("://");
  std::string_view rest = scheme == std::string_view::npos ? url : url.substr(scheme + 3);
  rest = rest.substr(0, rest.find('/'));
  if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) rest = rest.substr(at + 1);
  if (scheme == std::string_view::npos) return std::string(rest.substr(0, rest.find(':')));
  const std::size_t colon = rest.rfind(':');
  const bool has_port = colon != std::string_view::npos && rest.find(']', colon) == std::string_view::npos;
  std::string host(has_port ? rest.substr(0, colon) : rest);
  if (host.size() > 1 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  const std::string port(has_port ? rest.substr(colon + 1) : "22");
  return port == "22" || port.empty() ? host : fmt::format("[{}]:{}", host, port);
}

std::string KeyType(std::string_view key_blob) {
  if (key_blob.size() < 4) return "";
  std::size_t length = 0;
  for (int i = 0; i < 4; ++i) length = length << 8 | static_cast<unsigned char>(key_blob[static_cast<std::size_t>(i)]);
  if (length > 64 || key_blob.size() < 4 + length) return "";
  return std::string(key_blob.substr(4, length));
}

std::string Fingerprint(std::string_view key_blob) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(key_blob.data()), key_blob.size(), digest);
  std::string text = ToBase64(std::string_view(reinterpret_cast<const char*>(digest), sizeof digest));
  while (!text.empty() && text.back() == '=') text.pop_back();
  return "SHA256:" + text;
}

Result<void> MatchHostKey(std::string_view lines, const std::string& host, std::string_view key_blob) {
  const std::string type = KeyType(key_blob);
  const std::string shown = fmt::format("{} {}", type, Fingerprint(key_blob));
  bool known = false;
  std::vector<std::string> expected;
  for (const std::string_view line : Split(lines, "\r\n")) {
    auto fields = Split(line, " \t");
    if (fields.empty() || fields[0][0] == '#') continue;
    const bool revoked = fields[0] == "@revoked";
    const bool authority = fields[0] == "@cert-authority";
    if (revoked || authority) fields.erase(fields.begin());
    if (fields.size() < 3 || authority || !MatchesHost(fields[0], host)) continue;
    const auto key = FromBase64(fields[2]);
    if (!key) continue;
    if (revoked && *key == key_blob) {
      return Error{ErrorCode::kUnauthorized, fmt::format("the host key of {} is revoked: {}", host, shown)};
    }
    if (revoked) continue;
    known = known || *key == key_blob;
    expected.push_back(fmt::format("{} {}", KeyType(*key), Fingerprint(*key)));
  }
  if (known) return {};
  if (expected.empty()) {
    return Error{ErrorCode::kUnauthorized, fmt::format("the host key of {} is not known: it shows {}", host, shown)};
  }
  std::string message = fmt::format("the host key of {} is not the known one: it shows {}, known is ", host, shown);
  for (std::size_t i = 0; i < expected.size(); ++i) message += (i == 0 ? "" : ", ") + expected[i];
  return Error{ErrorCode::kUnauthorized, std::move(message)};
}

std::string LinesOf(std::string_view lines, const std::string& host) {
  std::string found;
  for (const std::string_view line : Split(lines, "\r\n")) {
    const auto fields = Split(line, " \t");
    if (fields.size() < 3 || fields[0][0] == '#' || fields[0][0] == '@' || !MatchesHost(fields[0], host)) continue;
    found += fmt::format("{} {} {}\n", host, fields[1], fields[2]);
  }
  return found;
}

Result<void> CheckHostKey(const std::string& file, const std::string& host, std::string_view key_blob) {
  std::ifstream in(file, std::ios::binary);
  if (file.empty() || !in) {
    return Error{ErrorCode::kUnauthorized, fmt::format("no known_hosts file to check {} with: it shows {} {}", host,
                                                       KeyType(key_blob), Fingerprint(key_blob))};
  }
  const std::string lines((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  return MatchHostKey(lines, host, key_blob);
}

}  // namespace sluice::git
