// A fetch in a process of its own, with limits and a deadline, so that whatever a transport does cannot hold
// or fell the reconciler.
#pragma once

#include <string>

#include "reconciler/git/fetch.h"

namespace sluice::git {

// The hidden argument under which the program runs InternalFetchMain.
inline constexpr const char* kInternalFetch = "internal-fetch";

// Ends fetches that run, and those that begin later, from another thread: a program that is told to end does
// not wait for a slow remote.
class FetchStop {
 public:
  FetchStop();
  ~FetchStop();
  FetchStop(const FetchStop&) = delete;
  FetchStop& operator=(const FetchStop&) = delete;
  // From any thread; for good.
  void Request() const;
  // Readable once it was requested.
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

// Runs `binary internal-fetch`, hands it the request through a pipe, and kills it when `request.timeout` is
// over or at `stop` (kUnavailable). Blocks; for a worker thread. Errors as Repository::Fetch.
Result<FetchResult> FetchInProcess(const std::string& binary, const FetchRequest& request, const FetchStop& stop);

// What the child does: request from standard input, answer to standard output. The exit status.
int InternalFetchMain();

}  // namespace sluice::git
