// `sluice cluster`: the embedded cluster by itself, for kubectl and other clients.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/program.h"
#include "cli/service.h"
#include "reconciler/apiserver/api_server.h"
#include "reconciler/embedded/embedded_cluster.h"

namespace sluice::cli {
namespace {

namespace fs = std::filesystem;

// By which a kubeconfig is known as one that may be written anew.
constexpr const char* kWritten = "# Written by `sluice cluster`.\n";

struct Options {
  ListenOptions listening{"127.0.0.1:8090"};
  EmbeddedOptions embedded;
  std::string kubeconfig;
  bool create_namespaces = false;
  telemetry::LogLevel log_level = telemetry::LogLevel::kInfo;
};

// Where a client on this machine finds a server that listens there.
std::string UrlOf(const std::string& host, int port) {
  const std::string reached = host == "0.0.0.0" ? "127.0.0.1" : host == "::" ? "::1" : host;
  const bool bracketed = reached.find(':') != std::string::npos;
  return fmt::format("http://{}{}{}:{}", bracketed ? "[" : "", reached, bracketed ? "]" : "", port);
}

std::string Kubeconfig(const std::string& url) {
  return fmt::format(R"({}apiVersion: v1
kind: Config
current-context: sluice
clusters:
- name: sluice
  cluster: {{server: "{}"}}
contexts:
- name: sluice
  context: {{cluster: sluice, user: sluice, namespace: default}}
users:
- name: sluice
  user: {{}}
)",
                     kWritten, url);
}

// Somebody's own kubeconfig holds what leads to real clusters: it is not ours to overwrite.
Result<void> CheckKubeconfig(const std::string& path) {
  if (path.empty() || !fs::exists(path)) return {};
  const Result<std::string> text = ReadSmallFile(path);
  if (text && (text->empty() || text->starts_with(kWritten))) return {};
  return Error{ErrorCode::kExists, path + " is there and was not written by `sluice cluster`; name another file"};
}

// As a whole or not at all.
Result<void> WriteKubeconfig(const std::string& path, const std::string& url) {
  if (path.empty()) return {};
  const std::string fresh = fmt::format("{}.{}", path, getpid());
  const mode_t before = umask(0077);
  {
    std::ofstream out(fresh, std::ios::binary);
    out << Kubeconfig(url);
    out.flush();
    umask(before);
    if (!out) return Error{ErrorCode::kUnavailable, "cannot write " + path};
  }
  std::error_code failed;
  fs::rename(fresh, path, failed);
  if (failed) return Error{ErrorCode::kUnavailable, "cannot write " + path + ": " + failed.message()};
  return {};
}

// Each watch is a connection.
void RaiseFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

int ServeCluster(const Options& options, const ListenAddress& address) {
  telemetry::SetUpLog(options.log_level);
  RaiseFileLimit();
  if (const auto free = CheckKubeconfig(options.kubeconfig); !free.ok()) return Fail(free.error().message);
  Result<embedded::Options> world = MakeWorld(options.embedded);
  if (!world) return Fail(world.error().message);
  world->create_namespaces = options.create_namespaces;

  loop::RealLoop loop;
  auto cluster = embedded::EmbeddedCluster::Open(loop, *world);
  if (!cluster) return Fail(cluster.error().message);
  const bool local = serve::MeansLoopback(address.host);
  serve::Server server(loop);
  apiserver::ApiServer api(loop, **cluster, {local, options.embedded.seed});
  api.Register(server);
  api.RegisterHealth(server);
  api.Furnish();
  const Result<int> port = server.Start(address.host, address.port);
  if (!port) return Fail(port.error().message);
  const std::string url = UrlOf(address.host, *port);
  if (const auto written = WriteKubeconfig(options.kubeconfig, url); !written.ok())
    return Fail(written.error().message);
  if (!local) {
    telemetry::Log(telemetry::LogLevel::kWarning,
                   "no authentication, no encryption: whoever reaches this address may do everything in this cluster");
  }
  telemetry::Log(telemetry::LogLevel::kInfo, fmt::format("listening on {}:{}", address.host, *port));
  RunUntilSignal(loop);
  server.Stop();
  telemetry::Log(telemetry::LogLevel::kInfo, "ended");
  return kExitOk;
}

int CheckAndServe(const Options& options) {
  const Result<ListenAddress> address = options.listening.Read(/*open=*/true);
  if (!address) {
    std::cerr << ProgramName() << ": " << address.error().message << "\n";
    return kExitUsage;
  }
  return ServeCluster(options, *address);
}

}  // namespace

void AddCluster(CLI::App& app, Run& run) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("cluster", "serve the embedded cluster to kubectl and other clients");
  options->listening.AddTo(*command, "where the API is served; port 0 takes a free one");
  AddEmbeddedOptions(*command, options->embedded);
  command
      ->add_option("--kubeconfig", options->kubeconfig, "written once it listens: `kubectl --kubeconfig FILE get all`")
      ->option_text("FILE");
  command->add_flag("--create-namespaces", options->create_namespaces, "a namespace comes with its first object");
  AddLogOption(*command, options->log_level);
  command->callback([options, &run] { run = [options] { return CheckAndServe(*options); }; });
}

}  // namespace sluice::cli
