// Stands in for the program: `internal-fetch`, and by its environment one that never answers or dies.
#include <cstdlib>

#include <unistd.h>

#include "reconciler/git/fetch_process.h"

int main() {
  if (std::getenv("FETCH_CHILD_HANGS") != nullptr) pause();
  if (std::getenv("FETCH_CHILD_DIES") != nullptr) std::abort();
  return sluice::git::InternalFetchMain();
}
