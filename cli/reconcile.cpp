// `sluice reconcile`: follows a repository and walks its rollouts in a cluster.
#include <array>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <random>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cli/cluster_choice.h"
#include "cli/commands.h"
#include "cli/program.h"
#include "cli/service.h"
#include "compiler/base/hash.h"
#include "reconciler/apiserver/api_server.h"
#include "reconciler/git/fetch_process.h"
#include "reconciler/git/git_repository.h"
#include "reconciler/git/url.h"
#include "reconciler/http/curl_http.h"
#include "reconciler/lease/election.h"
#include "reconciler/loop/real_loop.h"
#include "reconciler/reconciler.h"
#include "reconciler/serve/server.h"
#include "reconciler/telemetry/log.h"

namespace sluice::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string repository, ref = "main", path;
  ClusterChoice cluster;
  std::string data_directory;
  ListenOptions listening{"127.0.0.1:8080"};
  double interval_seconds = 60;
  int lease_seconds = 15;
  std::string git_user, git_password_file, git_authorities, ssh_key, known_hosts;
  bool accept_rewritten = false;
  bool once = false;
  telemetry::LogLevel log_level = telemetry::LogLevel::kInfo;
};

// The first line, without the newline that editors leave at its end.
Result<std::string> ReadPassword(const std::string& path) {
  Result<std::string> text = ReadSmallFile(path);
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
    } else if (!options.cluster.embedded.state_file.empty()) {
      path_ = options.cluster.embedded.state_file + ".git";
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

// Of this process alone: a pod that is restarted has the same process number again.
std::string ProcessIdentity() {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  return fmt::format("{}-{}-{:08x}", host.data(), getpid(), std::random_device()());
}

std::string FromEnvironment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
  return value == nullptr ? "" : value;
}

// How long the process may take to let go of its leases once it is told to end.
constexpr Duration kReleaseDeadline{2'000};

// What shares the rollouts of a real cluster with whoever else reconciles it.
struct SharedReconciling {
  std::unique_ptr<cluster::Cluster> leases;
  std::optional<Sharing> sharing;

  static Result<SharedReconciling> Open(const Options& options, const ChosenCluster& chosen, loop::Loop& loop,
                                        const lease::Times& times, const std::string& process) {
    SharedReconciling made;
    if (options.cluster.is_embedded()) return made;
    Result<std::unique_ptr<cluster::Cluster>> apart = chosen.OpenApart(options.cluster, loop, times.request());
    if (!apart) return std::move(apart).error();
    made.leases = *std::move(apart);
    // A container that is started again in its pod is who it was, and need not wait for its own lease to end.
    const lease::Owner pod{FromEnvironment("POD_NAME"), FromEnvironment("POD_UID")};
    const bool in_pod = !pod.name.empty() && !pod.uid.empty();
    made.sharing.emplace(
        Sharing{made.leases.get(), times, in_pod ? pod.name + "_" + pod.uid : process, in_pod ? pod : lease::Owner{}});
    return made;
  }
};

int ExitOf(ReconcileOutcome outcome) { return outcome == ReconcileOutcome::kSettled ? kExitOk : kExitErrors; }

int Reconcile(const Options& options, const ListenAddress& address) {
  telemetry::SetUpLog(options.log_level);
  // Huge pages are for a cluster that is held here (reconciler/allocator.cpp). Whoever watches one is small, and waits.
  if (!options.cluster.is_embedded()) {
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
  }
  loop::RealLoop loop;
  http::CurlHttp outside(loop);
  loop.SetWaiter(&outside);

  const lease::Times times{Duration(1'000) * options.lease_seconds};
  Result<ChosenCluster> chosen = ChosenCluster::Open(options.cluster, outside, loop, times.request());
  if (!chosen) {
    return Fail(chosen.error().message);
  }
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
  wanted.source.identity = ProcessIdentity();
  wanted.once = options.once;
  const Result<SharedReconciling> shared =
      SharedReconciling::Open(options, *chosen, loop, times, wanted.source.identity);
  if (!shared) {
    return Fail(shared.error().message);
  }
  wanted.sharing = shared->sharing;
  Reconciler reconciler(chosen->cluster(), chosen->http(), loop, worker, repository, sync::MakeCompiler(), metrics,
                        wanted);

  int status = kExitOk;
  reconciler.on_loss = [&] {
    status = kExitErrors;
    loop.Stop();
  };
  reconciler.on_end = [&](ReconcileOutcome outcome) {
    status = ExitOf(outcome);
    loop.Stop();
  };
  serve::Server server(loop);
  reconciler.Register(server);
  // A real one is asked by those who may: it knows who asks.
  std::optional<apiserver::ApiServer> api;
  if (embedded::EmbeddedCluster* embedded = chosen->embedded()) {
    api.emplace(loop, *embedded,
                apiserver::ApiOptions{serve::MeansLoopback(address.host), options.cluster.embedded.seed});
    api->Register(server);
  }
  const Result<int> port = server.Start(address.host, address.port);
  if (!port) {
    return Fail(port.error().message);
  }
  telemetry::Log(telemetry::LogLevel::kInfo, fmt::format("listening on {}:{}", address.host, *port));
  reconciler.Start();
  const std::string signal = RunUntilSignal(loop);
  reconciler.on_loss = nullptr;
  reconciler.Release([&] { loop.Stop(); });
  loop.After(kReleaseDeadline, [&] { loop.Stop(); });
  loop.Run();
  fetch_stop.Request();
  server.Stop();
  telemetry::Log(telemetry::LogLevel::kInfo, signal.empty() ? "ended" : "ended by " + signal);
  return status;
}

// Each may stand in the environment, too: in a cluster people edit one ConfigMap, not a Deployment's arguments.
void AddGitOptions(CLI::App& command, Options& options) {
  command.add_option("--repo", options.repository, "a path, https://… or ssh://… (SLUICE_REPOSITORY)")
      ->required()
      ->envname("SLUICE_REPOSITORY")
      ->option_text("URL");
  command.add_option("--ref", options.ref, "branch, tag or commit (SLUICE_REF; main)")
      ->envname("SLUICE_REF")
      ->option_text("REF");
  command.add_option("--path", options.path, "the plan set's directory in the repository (SLUICE_PATH)")
      ->envname("SLUICE_PATH")
      ->option_text("DIR");
  command
      .add_option("--interval", options.interval_seconds,
                  "seconds between two looks at the repository (SLUICE_INTERVAL; 60), ± 10%")
      ->check(CLI::Range(0.1, 86'400.0).description(""))
      ->envname("SLUICE_INTERVAL")
      ->option_text("SECONDS");
  command.add_flag("--accept-rewritten", options.accept_rewritten, "take a commit that does not follow the one in use");
  command
      .add_option("--git-user", options.git_user,
                  "https: the user (SLUICE_GIT_USER); the password is in SLUICE_GIT_PASSWORD")
      ->envname("SLUICE_GIT_USER")
      ->option_text("USER");
  command.add_option("--git-password-file", options.git_password_file, "https: password or token, first line")
      ->option_text("FILE");
  command
      .add_option("--git-ca", options.git_authorities,
                  "https: authorities trusted besides the system's (SLUICE_GIT_CA; PEM)")
      ->envname("SLUICE_GIT_CA")
      ->option_text("FILE");
  command.add_option("--ssh-key", options.ssh_key, "ssh: the private key")->option_text("FILE");
  command.add_option("--known-hosts", options.known_hosts, "ssh: the hosts that are trusted")->option_text("FILE");
}

void AddClusterOptions(CLI::App& command, Options& options) {
  options.cluster.AddTo(command);
  command.add_option("--data", options.data_directory, "where fetched commits are kept (STATE.git, else nowhere)")
      ->option_text("DIR");
}

}  // namespace

void AddReconcile(CLI::App& app, cli::Run& run) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("reconcile", "follow a repository and walk its rollouts in a cluster");
  AddGitOptions(*command, *options);
  AddClusterOptions(*command, *options);
  options->listening.AddTo(*command, "metrics, health and the embedded cluster's API");
  command
      ->add_option("--lease", options->lease_seconds,
                   "seconds after which others take over from a process that is gone (15); on real clusters")
      ->check(CLI::Range(1, 3'600).description(""))
      ->option_text("SECONDS");
  AddLogOption(*command, options->log_level);
  command->add_flag("--once", options->once,
                    "end when the commit is applied and every rollout is settled (0) or waits for someone (1)");
  command->callback([options, &run] {
    run = [options] {
      const std::string wrong = options->cluster.Contradiction();
      const Result<ListenAddress> address = options->listening.Read(options->cluster.is_embedded());
      if (!wrong.empty() || !address) {
        std::cerr << ProgramName() << ": " << (wrong.empty() ? address.error().message : wrong) << "\n";
        return kExitUsage;
      }
      return Reconcile(*options, *address);
    };
  });
}

}  // namespace sluice::cli
