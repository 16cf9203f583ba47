#include "compiler/base/hash.h"

#include <array>

// The functions of SHA-256 alone: OpenSSL 3's general ones first read its configuration and load its providers,
// 2 ms of a process that lints one plan.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include "compiler/base/check.h"

namespace sluice {

std::string Sha256(std::string_view bytes) {
  SHA256_CTX context;
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SLUICE_CHECK(SHA256_Init(&context) == 1 && SHA256_Update(&context, bytes.data(), bytes.size()) == 1 &&
               SHA256_Final(digest.data(), &context) == 1);
  constexpr const char* kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(digest.size() * 2);
  for (const unsigned char byte : digest) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace sluice
