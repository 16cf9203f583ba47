#include "compiler/base/hash.h"

#include <array>

#include <openssl/evp.h>

#include "compiler/base/check.h"

namespace sluice {

std::string Sha256(std::string_view bytes) {
  // OpenSSL 3 looks an algorithm up by its name at each use otherwise.
  static const EVP_MD* const kSha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  SLUICE_CHECK(EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, kSha256, nullptr) == 1);
  constexpr const char* kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(length * 2);
  for (unsigned int i = 0; i < length; ++i) {
    text += kDigits[digest[i] >> 4];
    text += kDigits[digest[i] & 15];
  }
  return text;
}

}  // namespace sluice
