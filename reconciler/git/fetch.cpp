#include "reconciler/git/fetch.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <optional>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "compiler/base/text.h"
#include "reconciler/git/handles.h"
#include "reconciler/git/known_hosts.h"
#include "reconciler/git/url.h"

namespace sluice::git {
namespace {

bool IsCommitId(const std::string& ref) {
  return ref.size() == GIT_OID_HEXSZ && ref.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// What libgit2's callbacks see, and the errors of ours that they leave.
struct Session {
  const FetchRequest* request = nullptr;
  int credential_calls = 0;
  std::optional<Error> error;
};

int OnCredentials(git_credential** out, const char*, const char* user_from_url, unsigned int allowed, void* payload) {
  auto& session = *static_cast<Session*>(payload);
  const Credentials& given = session.request->credentials;
  // Asked a second time means refused the first time.
  if (session.credential_calls++ > 1) return GIT_EAUTH;
  const std::string from_url = user_from_url == nullptr ? "" : user_from_url;
  if ((allowed & GIT_CREDENTIAL_USERNAME) != 0) {
    return git_credential_username_new(out, from_url.empty() ? "git" : from_url.c_str());
  }
  if ((allowed & GIT_CREDENTIAL_SSH_KEY) != 0 && !given.ssh_key_file.empty()) {
    if (access(given.ssh_key_file.c_str(), R_OK) != 0) {
      session.error = Error{ErrorCode::kUnauthorized, fmt::format("cannot read the key `{}`", given.ssh_key_file)};
      return GIT_EAUTH;
    }
    const std::string user = !from_url.empty() ? from_url : given.username.empty() ? "git" : given.username;
    return git_credential_ssh_key_new(out, user.c_str(), nullptr, given.ssh_key_file.c_str(),
                                      given.ssh_passphrase.c_str());
  }
  if ((allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT) != 0 && !given.password.empty()) {
    // Forges take a token as the password of any user.
    const std::string user = given.username.empty() ? "x-access-token" : given.username;
    return git_credential_userpass_plaintext_new(out, user.c_str(), given.password.c_str());
  }
  const bool ssh = (allowed & GIT_CREDENTIAL_SSH_KEY) != 0;
  session.error = Error{ErrorCode::kUnauthorized, fmt::format("the remote asks for {}, and none is given",
                                                              ssh ? "an SSH key" : "a password or token")};
  return GIT_EAUTH;
}

// What libgit2 reports as a plain failure, by its own words and those of git's and the forges' servers.
ErrorCode CodeOf(const Error& error) {
  struct Words {
    const char* words;
    ErrorCode code;
  };
  static constexpr Words kWords[] = {
      {"status code: 404", ErrorCode::kNotFound},     {"does not appear to be a git repository", ErrorCode::kNotFound},
      {"epository not found", ErrorCode::kNotFound},  {"status code: 401", ErrorCode::kUnauthorized},
      {"status code: 403", ErrorCode::kUnauthorized}, {"Failed to authenticate SSH session", ErrorCode::kUnauthorized}};
  if (error.code != ErrorCode::kUnavailable) return error.code;
  for (const Words& one : kWords) {
    if (error.message.find(one.words) != std::string::npos) return one.code;
  }
  return error.code;
}

int OnCertificate(git_cert* certificate, int valid, const char* host, void* payload) {
  auto& session = *static_cast<Session*>(payload);
  if (certificate->cert_type != GIT_CERT_HOSTKEY_LIBSSH2) return valid != 0 ? 0 : GIT_ECERTIFICATE;
  const auto& key = *reinterpret_cast<const git_cert_hostkey*>(certificate);
  if ((key.type & GIT_CERT_SSH_RAW) == 0) {
    session.error = Error{ErrorCode::kUnauthorized, fmt::format("{} shows no host key", host)};
    return GIT_ECERTIFICATE;
  }
  const std::string blob(key.hostkey, key.hostkey_len);
  auto checked = CheckHostKey(session.request->credentials.known_hosts_file, HostOf(session.request->url), blob);
  if (checked.ok()) return 0;
  session.error = checked.error();
  return GIT_ECERTIFICATE;
}

int OnProgress(const git_indexer_progress* progress, void* payload) {
  auto& session = *static_cast<Session*>(payload);
  const FetchRequest& request = *session.request;
  if (progress->received_bytes <= request.max_bytes && progress->total_objects <= request.max_objects) return 0;
  session.error = Error{ErrorCode::kTooLarge, fmt::format("the fetch is larger than {} MiB or {} objects",
                                                          request.max_bytes / (1024 * 1024), request.max_objects)};
  return GIT_EUSER;
}

struct Advertised {
  std::string name;
  git_oid id;
};

std::vector<Advertised> Advertisement(git_remote* remote) {
  const git_remote_head** heads = nullptr;
  std::size_t count = 0;
  std::vector<Advertised> all;
  if (git_remote_ls(&heads, &count, remote) != 0) return all;
  for (std::size_t i = 0; i < count; ++i) all.push_back({heads[i]->name, heads[i]->oid});
  return all;
}

// The ref that `ref` means: a branch before a tag, as git does for a fetch.
const Advertised* FindRef(const std::vector<Advertised>& all, const std::string& ref) {
  for (const std::string& name : {ref, "refs/heads/" + ref, "refs/tags/" + ref}) {
    if (name == ref && ref != "HEAD" && ref.rfind("refs/", 0) != 0) continue;
    const auto found = std::find_if(all.begin(), all.end(), [&](const Advertised& a) { return a.name == name; });
    if (found != all.end()) return &*found;
  }
  return nullptr;
}

Error NoSuchRef(const std::vector<Advertised>& all, const std::string& ref) {
  if (all.empty()) return Error{ErrorCode::kNotFound, "the repository is empty"};
  std::vector<std::string> branches;
  for (const Advertised& one : all) {
    if (one.name.rfind("refs/heads/", 0) == 0) branches.push_back(one.name.substr(11));
  }
  std::vector<std::string> shown = SimilarNames(ref, branches);
  if (shown.empty())
    shown.assign(branches.begin(), branches.begin() + std::min<std::ptrdiff_t>(5, std::ssize(branches)));
  std::string message = fmt::format("no branch or tag `{}`", ref);
  if (!shown.empty()) message += fmt::format("; there is `{}`", JoinWords(shown, "`, `"));
  return Error{ErrorCode::kNotFound, std::move(message)};
}

Result<RepositoryHandle> OpenOrMake(const std::string& directory) {
  std::error_code ignored;
  std::filesystem::create_directories(directory, ignored);
  std::filesystem::permissions(directory, std::filesystem::perms::owner_all, ignored);
  git_repository* repository = nullptr;
  if (git_repository_open_bare(&repository, directory.c_str()) == 0) return RepositoryHandle(repository);
  const int status = git_repository_init(&repository, directory.c_str(), 1);
  if (status != 0) return LastError(status).Within(directory);
  return RepositoryHandle(repository);
}

// Peels to a commit and looks at every entry of its tree: a switch to a commit with a hole in it would fail
// later, when there is no way back.
Result<std::string> VerifyCommit(git_repository* repository, const git_oid& id) {
  git_object* object = nullptr;
  int status = git_object_lookup(&object, repository, &id, GIT_OBJECT_ANY);
  if (status != 0) return LastError(status).Within("after the fetch");
  const ObjectHandle owned(object);
  git_object* peeled = nullptr;
  status = git_object_peel(&peeled, object, GIT_OBJECT_COMMIT);
  if (status != 0) return Error{ErrorCode::kInvalid, fmt::format("{} is no commit", ToHex(id))};
  const ObjectHandle commit(peeled);
  git_tree* root = nullptr;
  status = git_commit_tree(&root, reinterpret_cast<git_commit*>(peeled));
  if (status != 0) return LastError(status).Within("after the fetch");
  const TreeHandle tree(root);
  struct Walk {
    git_odb* odb = nullptr;
    bool whole = true;
  } walk;
  if (git_repository_odb(&walk.odb, repository) != 0) return LastError(-1);
  const OdbHandle odb(walk.odb);
  const auto visit = [](const char*, const git_tree_entry* entry, void* payload) {
    auto& state = *static_cast<Walk*>(payload);
    if (git_tree_entry_type(entry) == GIT_OBJECT_BLOB && git_odb_exists(state.odb, git_tree_entry_id(entry)) == 0) {
      state.whole = false;
    }
    return 0;
  };
  status = git_tree_walk(root, GIT_TREEWALK_PRE, visit, &walk);
  if (status != 0 || !walk.whole) {
    return Error{ErrorCode::kUnavailable, fmt::format("commit {} is not whole after the fetch", ToHex(id))};
  }
  return ToHex(*git_object_id(peeled));
}

bool Has(git_repository* repository, const git_oid& id) {
  git_odb* odb = nullptr;
  if (git_repository_odb(&odb, repository) != 0) return false;
  const OdbHandle owned(odb);
  return git_odb_exists(odb, &id) != 0;
}

class Fetcher {
 public:
  Fetcher(const FetchRequest& request, git_repository* repository) : request_(request), repository_(repository) {
    session_.request = &request;
  }

  Result<FetchResult> Run() {
    git_oid wanted{};
    const bool by_commit = IsCommitId(request_.ref);
    if (by_commit) {
      git_oid_fromstr(&wanted, request_.ref.c_str());
      // A commit's id never means something else: what is here needs no remote.
      if (Has(repository_, wanted)) return Finish(wanted, false);
    }
    if (auto connected = Connect(); !connected) return connected.error();
    const std::vector<Advertised> all = Advertisement(remote_.get());
    const Advertised* found = by_commit ? nullptr : FindRef(all, request_.ref);
    if (!by_commit && found == nullptr) return NoSuchRef(all, request_.ref);
    if (found != nullptr) wanted = found->id;
    if (Has(repository_, wanted)) return Finish(wanted, false);

    std::vector<std::string> specs;
    if (found != nullptr) {
      specs.push_back("+" + found->name + ":refs/sluice/incoming");
    } else {
      specs = {"+refs/heads/*:refs/sluice/heads/*", "+refs/tags/*:refs/sluice/tags/*"};
    }
    if (auto downloaded = Download(specs); !downloaded) return downloaded.error();
    if (!Has(repository_, wanted)) {
      return Error{ErrorCode::kNotFound, fmt::format("no branch or tag leads to commit {}", request_.ref)};
    }
    return Finish(wanted, true);
  }

 private:
  git_remote_callbacks Callbacks() {
    git_remote_callbacks callbacks;
    git_remote_init_callbacks(&callbacks, GIT_REMOTE_CALLBACKS_VERSION);
    callbacks.credentials = OnCredentials;
    callbacks.certificate_check = OnCertificate;
    callbacks.transfer_progress = OnProgress;
    callbacks.payload = &session_;
    return callbacks;
  }

  Error Failed(int status) {
    if (session_.error) return *session_.error;
    Error error = LastError(status);
    error.code = CodeOf(error);
    while (!error.message.empty() && error.message.back() == '\n') error.message.pop_back();
    // libssh2 and the HTTP transports report a refusal as a plain failure.
    if (error.code == ErrorCode::kUnavailable && session_.credential_calls > 1) error.code = ErrorCode::kUnauthorized;
    return error;
  }

  Result<void> Connect() {
    git_remote* remote = nullptr;
    int status = git_remote_create_anonymous(&remote, repository_, request_.url.c_str());
    if (status != 0) return Failed(status);
    remote_.reset(remote);
    const git_remote_callbacks callbacks = Callbacks();
    git_proxy_options proxy;
    git_proxy_options_init(&proxy, GIT_PROXY_OPTIONS_VERSION);
    proxy.type = GIT_PROXY_AUTO;
    status = git_remote_connect(remote, GIT_DIRECTION_FETCH, &callbacks, &proxy, nullptr);
    if (status != 0) return Failed(status);
    return {};
  }

  Result<void> Download(std::vector<std::string>& specs) {
    std::vector<char*> pointers;
    for (std::string& spec : specs) pointers.push_back(spec.data());
    const git_strarray array{pointers.data(), pointers.size()};
    git_fetch_options options;
    git_fetch_options_init(&options, GIT_FETCH_OPTIONS_VERSION);
    options.callbacks = Callbacks();
    options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
    options.update_fetchhead = 0;
    const int status = git_remote_download(remote_.get(), &array, &options);
    if (status != 0) return Failed(status);
    return {};
  }

  Result<FetchResult> Finish(const git_oid& id, bool fetched) {
    auto commit = VerifyCommit(repository_, id);
    if (!commit) return commit.error();
    git_oid commit_id;
    git_oid_fromstr(&commit_id, commit->c_str());
    git_reference* reference = nullptr;
    const int status = git_reference_create(&reference, repository_, kCurrentRef, &commit_id, 1, "sluice: fetched");
    const ReferenceHandle owned(reference);
    if (status != 0) return LastError(status);
    return FetchResult{*commit, fetched};
  }

  const FetchRequest& request_;
  git_repository* repository_;
  Session session_;
  RemoteHandle remote_;
};

}  // namespace

Result<FetchResult> Fetch(const FetchRequest& request) {
  StartLibrary();
  const std::string& authorities = request.credentials.authorities_file;
  if (!authorities.empty() && git_libgit2_opts(GIT_OPT_SET_SSL_CERT_LOCATIONS, authorities.c_str(), nullptr) != 0) {
    return Error{ErrorCode::kInvalid, fmt::format("no certificate can be read from {}", authorities)};
  }
  auto repository = OpenOrMake(request.directory);
  if (!repository) return std::move(repository).error();
  auto result = Fetcher(request, repository->get()).Run();
  if (result.ok()) return result;
  Error error = std::move(result).error();
  error.message = RedactText(std::move(error.message), request.url);
  if (!request.credentials.password.empty()) {
    error.message = RedactText(std::move(error.message), "x://" + request.credentials.password + "@x");
  }
  return std::move(error).Within(RedactUrl(request.url));
}

}  // namespace sluice::git
