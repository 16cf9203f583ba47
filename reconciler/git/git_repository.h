// The repository port over libgit2.
#pragma once

#include <functional>
#include <string>

#include "reconciler/git/fetch.h"
#include "reconciler/git/repository.h"

namespace sluice::git {

class GitRepository : public Repository {
 public:
  using Fetcher = std::function<Result<FetchResult>(const FetchRequest&)>;

  // `path`: the plan set's directory in the repository, "" for its root. `fetcher`: `Fetch` or, in a
  // program, FetchInProcess.
  GitRepository(FetchRequest request, std::string path, Fetcher fetcher);

  Result<Snapshot> Fetch(const std::string& last_good) override;

 private:
  Result<Snapshot> Look(const FetchResult& fetched, const std::string& last_good) const;

  FetchRequest request_;
  std::string path_;
  Fetcher fetcher_;
};

// Without leading, trailing and doubled slashes and "." parts; ".." is kInvalid.
Result<std::string> CleanPath(const std::string& path);

}  // namespace sluice::git
