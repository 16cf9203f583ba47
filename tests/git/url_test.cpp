#include "reconciler/git/url.h"

#include <catch2/catch.hpp>

namespace sluice::git {
namespace {

TEST_CASE("an address is shown without what may be secret") {
  const std::pair<const char*, const char*> cases[] = {
      {"https://example.org/shop.git", "https://example.org/shop.git"},
      {"https://ann:hunter2@example.org/shop.git", "https://example.org/shop.git"},
      {"https://token@example.org/shop.git?private_token=abc#x", "https://example.org/shop.git"},
      {"https://a@b:c@example.org/x@y", "https://example.org/x@y"},
      {"ssh://git@example.org:22/shop.git", "ssh://example.org:22/shop.git"},
      {"git@example.org:shop.git", "example.org:shop.git"},
      {"/srv/git/shop", "/srv/git/shop"},
      {"file:///srv/git/shop", "file:///srv/git/shop"},
      {"", ""},
  };
  for (const auto& [url, shown] : cases) {
    INFO(url);
    CHECK(RedactUrl(url) == shown);
  }
}

TEST_CASE("a message of a library loses the secrets of the address") {
  CHECK(RedactText("failed: https://ann:hunter2@h/x (hunter2)", "https://ann:hunter2@h/x") ==
        "failed: https://***@h/x (***)");
  CHECK(RedactText("GET /x?token=abc", "https://h/x?token=abc") == "GET /x?***");
}

}  // namespace
}  // namespace sluice::git
