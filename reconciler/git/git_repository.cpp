#include "reconciler/git/git_repository.h"

#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "reconciler/git/git_tree.h"
#include "reconciler/git/handles.h"
#include "reconciler/git/url.h"

namespace sluice::git {
namespace {

// Every fetch leaves a pack behind and nothing repacks them: past this many the database is made anew.
constexpr int kMaxPacks = 400;

bool HasTooManyPacks(const std::string& directory) {
  std::error_code failed;
  int packs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory + "/objects/pack", failed)) {
    if (entry.path().extension() == ".pack") ++packs;
  }
  return packs > kMaxPacks;
}

// Whether the copy has lost the commit that it is at. No copy is no damage.
bool IsDamaged(const std::string& directory) {
  StartLibrary();
  const auto repository = OpenRepository(directory);
  if (!repository) return false;
  git_oid id;
  if (git_reference_name_to_id(&id, repository->get(), kCurrentRef) != 0) return false;
  return !FindTree(repository->get(), ToHex(id), "").ok();
}

// Whether `commit` has `last_good` behind it. An unknown commit counts as not: then nobody can tell.
bool IsRewritten(git_repository* repository, const std::string& commit, const std::string& last_good) {
  if (last_good.empty() || last_good == commit) return false;
  git_oid now, before;
  if (git_oid_fromstr(&now, commit.c_str()) != 0 || git_oid_fromstr(&before, last_good.c_str()) != 0) return true;
  return git_graph_descendant_of(repository, &now, &before) != 1;
}

}  // namespace

Result<std::string> CleanPath(const std::string& path) {
  std::string clean;
  std::size_t at = 0;
  while (at < path.size()) {
    const std::size_t end = std::min(path.size(), path.find('/', at));
    const std::string part = path.substr(at, end - at);
    at = end + 1;
    if (part.empty() || part == ".") continue;
    if (part == "..") return Error{ErrorCode::kInvalid, fmt::format("the path `{}` leaves the repository", path)};
    clean += (clean.empty() ? "" : "/") + part;
  }
  return clean;
}

GitRepository::GitRepository(FetchRequest request, std::string path, Fetcher fetcher)
    : request_(std::move(request)), path_(std::move(path)), fetcher_(std::move(fetcher)) {}

Result<Snapshot> GitRepository::Fetch(const std::string& last_good) {
  std::error_code ignored;
  // The copy can always be made again.
  if (HasTooManyPacks(request_.directory) || IsDamaged(request_.directory))
    std::filesystem::remove_all(request_.directory, ignored);
  auto fetched = fetcher_(request_);
  if (!fetched) return std::move(fetched).error();
  return Look(*fetched, last_good);
}

Result<Snapshot> GitRepository::Look(const FetchResult& fetched, const std::string& last_good) const {
  StartLibrary();
  const auto path = CleanPath(path_);
  if (!path) return path.error();
  const auto repository = OpenRepository(request_.directory);
  if (!repository) return repository.error();
  Snapshot snapshot;
  snapshot.commit = fetched.commit;
  snapshot.rewritten = IsRewritten(repository->get(), fetched.commit, last_good);
  auto tree = FindTree(repository->get(), fetched.commit, *path);
  if (!tree) return std::move(tree).error().Within(RedactUrl(request_.url));
  snapshot.tree = ToHex(*git_tree_id(tree->get()));
  auto files = OpenGitTree(request_.directory, fetched.commit, *path);
  if (!files) return std::move(files).error();
  snapshot.files = std::move(files).value();
  return snapshot;
}

}  // namespace sluice::git
