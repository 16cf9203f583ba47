// Stands in for the program's `internal-fetch`. SLUICE_TEST_CA names the only authority that it trusts.
#include <cstdlib>

#include <git2.h>

#include "reconciler/git/fetch_process.h"

int main() {
  if (const char* authority = std::getenv("SLUICE_TEST_CA"); authority != nullptr) {
    git_libgit2_init();
    if (git_libgit2_opts(GIT_OPT_SET_SSL_CERT_LOCATIONS, authority, nullptr) != 0) return 3;
  }
  return sluice::git::InternalFetchMain();
}
