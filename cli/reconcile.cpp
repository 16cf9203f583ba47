// `sluice reconcile`: follows a repository and walks its rollouts in a cluster.
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/commands.h"
#include "compiler/base/hash.h"
#include "reconciler/embedded/embedded_cluster.h"
#include "reconciler/embedded/embedded_http.h"
#include "reconciler/embedded/images.h"
#include "reconciler/git/fetch_process.h"
#include "reconciler/git/git_repository.h"
#include "reconciler/git/url.h"
#include "reconciler/http/curl_http.h"
#include "reconciler/loop/real_loop.h"
#include "reconciler/reconciler.h"
#include "reconciler/serve/object_api.h"
#include "reconciler/serve/server.h"
#include "reconciler/telemetry/log.h"

namespace sluice::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxWorldFile = 1024 * 1024;

struct Options {
  std::string repository, ref = "main", path;
  std::string cluster = "memory";
  std::string state_file, world_file, data_directory;
  std::string listen = "127.0.0.1:8080";
  double interval_seconds = 60;
  std::string git_user, git_password_file, git_authorities, ssh_key, known_hosts;
  bool accept_rewritten = false;
  bool once = false;
  std::uint64_t seed = 1;
  telemetry::LogLevel log_level = telemetry::LogLevel::kInfo;
};

// A signal handler reaches the loop only through something global.
std::atomic<loop::RealLoop*> running_loop{nullptr};  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

void OnSignal(int) {
  if (loop::RealLoop* loop = running_loop.load()) {
    loop->StopFromSignal();
  }
}

int Fail(const std::string& message) {
  std::cerr << "sluice: " << message << "\n";
  return kExitErrors;
}

Result<std::string> ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text(kMaxWorldFile + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (in.bad() || (!in.eof() && in.fail()) || !fs::is_regular_file(path)) {
    return Error{ErrorCode::kNotFound, "cannot read " + path};
  }
  if (text.size() > kMaxWorldFile) {
    return Error{ErrorCode::kTooLarge, path + " has more than 1 MiB"};
  }
  return text;
}

// The first line, without the newline that editors leave at its end.
Result<std::string> ReadPassword(const std::string& path) {
  Result<std::string> text = ReadFile(path);
  if (text) {
    *text = text->substr(0, text->find_first_of("\r\n"));
  }
  return text;
}

// A directory of ours; removed at the end if it was made for this run only.
class DataDirectory {
 public:
  explicit DataDirectory(const Options& options) {
    if (!options.data_directory.empty()) {
      path_ = options.data_directory;
    } else if (!options.state_file.empty()) {
      path_ = options.state_file + ".git";
    } else {
      std::string made = (fs::temp_directory_path() / "sluice-XXXXXX").string();
      temporary_ = mkdtemp(made.data()) != nullptr;
      path_ = made;
    }
  }
  DataDirectory(const DataDirectory&) = delete;
  DataDirectory& operator=(const DataDirectory&) = delete;
  ~DataDirectory() {
    std::error_code ignored;
    if (temporary_) {
      fs::remove_all(path_, ignored);
    }
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool temporary_ = false;
};

Result<git::FetchRequest> MakeFetch(const Options& options, const std::string& directory) {
  git::FetchRequest request;
  // One object database a repository: commits of another must not look like an earlier state of this one.
  request.directory = directory + "/" + Sha256(options.repository).substr(0, 16);
  request.url = options.repository;
  request.ref = options.ref;
  request.credentials.username = options.git_user;
  request.credentials.ssh_key_file = options.ssh_key;
  request.credentials.known_hosts_file = options.known_hosts;
  request.credentials.authorities_file = options.git_authorities;
  if (!options.git_password_file.empty()) {
    Result<std::string> password = ReadPassword(options.git_password_file);
    if (!password) {
      return std::move(password).error();
    }
    request.credentials.password = *std::move(password);
  } else if (const char* password = std::getenv("SLUICE_GIT_PASSWORD")) {  // NOLINT(concurrency-mt-unsafe)
    request.credentials.password = password;
  }
  return request;
}

Result<embedded::Options> MakeWorld(const Options& options) {
  embedded::Options made;
  made.seed = options.seed;
  made.state_file = options.state_file;
  made.scrape_interval = Duration(1'000);
  if (!options.world_file.empty()) {
    const Result<std::string> text = ReadFile(options.world_file);
    if (!text) {
      return text.error();
    }
    Result<embedded::World> world = embedded::ReadWorld(*text);
    if (!world) {
      return std::move(world).error().Within(options.world_file);
    }
    made.world = *std::move(world);
  }
  return made;
}

// "127.0.0.1:8080", "[::1]:0", ":8080".
std::optional<std::pair<std::string, int>> ParseListen(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon + 1 == text.size()) {
    return std::nullopt;
  }
  std::string host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  }
  int port = 0;
  for (const char c : text.substr(colon + 1)) {
    if (c < '0' || c > '9' || port > 65'535) {
      return std::nullopt;
    }
    port = port * 10 + (c - '0');
  }
  return port > 65'535 ? std::nullopt : std::optional(std::make_pair(host.empty() ? "0.0.0.0" : host, port));
}

void StopOnSignals(loop::RealLoop& loop) {
  running_loop.store(&loop);
  struct sigaction action {};
  action.sa_handler = OnSignal;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

int ExitOf(ReconcileOutcome outcome) { return outcome == ReconcileOutcome::kSettled ? kExitOk : kExitErrors; }

int Reconcile(const Options& options, const std::pair<std::string, int>& address) {
  telemetry::SetUpLog(options.log_level);
  loop::RealLoop loop;
  http::CurlHttp outside(loop);
  loop.SetWaiter(&outside);

  const Result<embedded::Options> world = MakeWorld(options);
  if (!world) {
    return Fail(world.error().message);
  }
  Result<std::unique_ptr<embedded::EmbeddedCluster>> cluster = embedded::EmbeddedCluster::Open(loop, *world);
  if (!cluster) {
    return Fail(cluster.error().message);
  }
  const std::unique_ptr<embedded::EmbeddedHttp> http = (*cluster)->Http(outside);

  const DataDirectory data(options);
  const Result<git::FetchRequest> fetch = MakeFetch(options, data.path());
  if (!fetch) {
    return Fail(fetch.error().message);
  }
  const git::FetchStop fetch_stop;
  git::GitRepository repository(*fetch, options.path, [&](const git::FetchRequest& request) {
    return git::FetchInProcess("/proc/self/exe", request, fetch_stop);
  });

  telemetry::Metrics metrics;
  sync::ThreadWorker worker(loop);
  ReconcilerOptions wanted;
  wanted.source.id = {git::RedactUrl(options.repository), options.ref, options.path};
  wanted.source.interval = Duration(static_cast<std::int64_t>(options.interval_seconds * 1000));
  wanted.source.accept_rewritten = options.accept_rewritten;
  wanted.source.identity = fmt::format("sluice-{}", getpid());
  wanted.once = options.once;
  Reconciler reconciler(**cluster, *http, loop, worker, repository, sync::MakeCompiler(), metrics, wanted);

  int status = kExitOk;
  reconciler.on_end = [&](ReconcileOutcome outcome) {
    status = ExitOf(outcome);
    loop.Stop();
  };
  serve::Server server(loop);
  reconciler.Register(server);
  server.Handle("/api/", serve::ObjectApi(**cluster));
  server.Handle("/apis/", serve::ObjectApi(**cluster));
  const Result<int> port = server.Start(address.first, address.second);
  if (!port) {
    return Fail(port.error().message);
  }
  telemetry::Log(telemetry::LogLevel::kInfo, fmt::format("listening on {}:{}", address.first, *port));
  StopOnSignals(loop);
  reconciler.Start();
  loop.Run();
  running_loop.store(nullptr);
  fetch_stop.Request();
  server.Stop();
  telemetry::Log(telemetry::LogLevel::kInfo, "ended");
  return status;
}

void AddGitOptions(CLI::App& command, Options& options) {
  command.add_option("--repo", options.repository, "a path, https://… or ssh://…")->required()->option_text("URL");
  command.add_option("--ref", options.ref, "branch, tag or commit (main)")->option_text("REF");
  command.add_option("--path", options.path, "the plan set's directory in the repository")->option_text("DIR");
  command.add_option("--interval", options.interval_seconds, "seconds between two looks at the repository (60), ± 10%")
      ->check(CLI::Range(0.1, 86'400.0).description(""))
      ->option_text("SECONDS");
  command.add_flag("--accept-rewritten", options.accept_rewritten, "take a commit that does not follow the one in use");
  command.add_option("--git-user", options.git_user, "https: the user; the password is in SLUICE_GIT_PASSWORD")
      ->option_text("USER");
  command.add_option("--git-password-file", options.git_password_file, "https: password or token, first line")
      ->option_text("FILE");
  command.add_option("--git-ca", options.git_authorities, "https: authorities trusted besides the system's (PEM)")
      ->option_text("FILE");
  command.add_option("--ssh-key", options.ssh_key, "ssh: the private key")->option_text("FILE");
  command.add_option("--known-hosts", options.known_hosts, "ssh: the hosts that are trusted")->option_text("FILE");
}

void AddClusterOptions(CLI::App& command, Options& options) {
  command.add_option("--cluster", options.cluster, "memory: the embedded cluster")
      ->check(CLI::IsMember({"memory"}))
      ->option_text("CLUSTER");
  command.add_option("--state", options.state_file, "where the embedded cluster keeps its state, each write durable")
      ->option_text("FILE");
  command.add_option("--world", options.world_file, "what the embedded cluster's images do and who calls them (YAML)")
      ->option_text("FILE");
  command.add_option("--seed", options.seed, "of the embedded cluster's chance (1)")->option_text("N");
  command.add_option("--data", options.data_directory, "where fetched commits are kept (STATE.git, else nowhere)")
      ->option_text("DIR");
}

}  // namespace

void AddReconcile(CLI::App& app, cli::Run& run) {
  const std::map<std::string, telemetry::LogLevel> levels = {{"debug", telemetry::LogLevel::kDebug},
                                                             {"info", telemetry::LogLevel::kInfo},
                                                             {"warning", telemetry::LogLevel::kWarning},
                                                             {"error", telemetry::LogLevel::kError}};
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("reconcile", "follow a repository and walk its rollouts in a cluster");
  AddGitOptions(*command, *options);
  AddClusterOptions(*command, *options);
  command->add_option("--listen", options->listen, "metrics, health and the embedded cluster's API (127.0.0.1:8080)")
      ->option_text("ADDRESS:PORT");
  command->add_option("--log", options->log_level, "debug, info, warning or error (info)")
      ->transform(CLI::CheckedTransformer(levels).description(""))
      ->option_text("LEVEL");
  command->add_flag("--once", options->once,
                    "end when the commit is applied and every rollout is settled (0) or waits for someone (1)");
  command->callback([options, &run] {
    run = [options] {
      const auto address = ParseListen(options->listen);
      if (!address) {
        std::cerr << "sluice: --listen takes ADDRESS:PORT, not `" << options->listen << "`\n";
        return kExitUsage;
      }
      return Reconcile(*options, *address);
    };
  });
}

}  // namespace sluice::cli
