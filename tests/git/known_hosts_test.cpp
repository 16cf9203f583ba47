#include "reconciler/git/known_hosts.h"

#include <catch2/catch.hpp>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace sluice::git {
namespace {

std::string Base64(std::string_view bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  text.resize(static_cast<std::size_t>(EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                                       reinterpret_cast<const unsigned char*>(bytes.data()),
                                                       static_cast<int>(bytes.size()))));
  return text;
}

std::string Key(char fill) { return std::string("\0\0\0\x0bssh-ed25519\0\0\0\x20", 19) + std::string(32, fill); }
std::string Line(const std::string& host, char fill) { return host + " ssh-ed25519 " + Base64(Key(fill)) + "\n"; }

std::string Hashed(const std::string& host) {
  const std::string salt = "12345678901234567890";
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  HMAC(EVP_sha1(), salt.data(), static_cast<int>(salt.size()), reinterpret_cast<const unsigned char*>(host.data()),
       host.size(), digest, &length);
  return "|1|" + Base64(salt) + "|" + Base64(std::string_view(reinterpret_cast<const char*>(digest), length));
}

TEST_CASE("a host's key is looked for in every form that known_hosts has") {
  struct Case {
    const char* what;
    std::string lines;
    std::string host;
    bool known;
  };
  const Case cases[] = {
      {"plain", Line("git.example.org", 'a'), "git.example.org", true},
      {"a list of names", Line("other,git.example.org", 'a'), "git.example.org", true},
      {"another host", Line("git.example.com", 'a'), "git.example.org", false},
      {"the second line", Line("git.example.org", 'b') + Line("git.example.org", 'a'), "git.example.org", true},
      {"another key", Line("git.example.org", 'b'), "git.example.org", false},
      {"a port", Line("[git.example.org]:2222", 'a'), "[git.example.org]:2222", true},
      {"the port is part of the name", Line("git.example.org", 'a'), "[git.example.org]:2222", false},
      {"a wildcard", Line("*.example.org", 'a'), "git.example.org", true},
      {"a negation", Line("*.example.org,!git.example.org", 'a'), "git.example.org", false},
      {"hashed", Line(Hashed("git.example.org"), 'a'), "git.example.org", true},
      {"hashed, another host", Line(Hashed("git.example.com"), 'a'), "git.example.org", false},
      {"revoked", Line("git.example.org", 'a') + "@revoked " + Line("*", 'a'), "git.example.org", false},
      {"another key is revoked", "@revoked " + Line("*", 'b') + Line("git.example.org", 'a'), "git.example.org", true},
      {"a certificate authority is no host key", "@cert-authority " + Line("*", 'a'), "git.example.org", false},
      {"comments, blank lines and rubbish", "# no\n\n|1|x\nfoo bar\n" + Line("git.example.org", 'a'), "git.example.org",
       true},
      {"an empty file", "", "git.example.org", false},
  };
  for (const Case& c : cases) {
    INFO(c.what);
    CHECK(MatchHostKey(c.lines, c.host, Key('a')).ok() == c.known);
  }
}

TEST_CASE("a mismatch names the key's type and fingerprint, shown and known") {
  const auto error = MatchHostKey(Line("git.example.org", 'b'), "git.example.org", Key('a')).error();
  CHECK(error.code == ErrorCode::kUnauthorized);
  CHECK(error.message == "the host key of git.example.org is not the known one: it shows ssh-ed25519 " +
                             Fingerprint(Key('a')) + ", known is ssh-ed25519 " + Fingerprint(Key('b')));
  CHECK(Fingerprint(Key('a')).rfind("SHA256:", 0) == 0);
}

TEST_CASE("without a known_hosts file nothing is trusted") {
  CHECK(CheckHostKey("", "git.example.org", Key('a')).error().code == ErrorCode::kUnauthorized);
  CHECK(CheckHostKey("/nowhere/known_hosts", "git.example.org", Key('a')).error().code == ErrorCode::kUnauthorized);
}

TEST_CASE("the host of an address is named as known_hosts names it") {
  CHECK(HostOf("ssh://git@example.org/shop.git") == "example.org");
  CHECK(HostOf("ssh://git@example.org:22/shop.git") == "example.org");
  CHECK(HostOf("ssh://git@example.org:2222/shop.git") == "[example.org]:2222");
  CHECK(HostOf("git@example.org:shop.git") == "example.org");
  CHECK(HostOf("ssh://git@[::1]:2222/shop.git") == "[::1]:2222");
}

}  // namespace
}  // namespace sluice::git
