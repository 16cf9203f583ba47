#include "cli/cluster_choice.h"

#include <cstdlib>
#include <filesystem>
#include <random>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/version.h"
#include "reconciler/kubernetes/kubeconfig.h"
#include "reconciler/telemetry/log.h"

namespace sluice::cli {
namespace {

std::string Environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe)
  return value == nullptr ? "" : value;
}

Result<kubernetes::Connection> Connect(const ClusterChoice& choice) {
  if (choice.name == "in-cluster") {
    return kubernetes::InCluster(Environment, kubernetes::ReadWholeFile);
  }
  return kubernetes::LoadKubeconfig(choice.name, {choice.context, false});
}

void TellTrouble(const cluster::Kind& kind, const std::string& message) {
  if (message.empty()) {
    return telemetry::Log(telemetry::LogLevel::kInfo, fmt::format("{} are watched again", kind.kind));
  }
  telemetry::Log(telemetry::LogLevel::kWarning, fmt::format("{} can't be watched", kind.kind),
                 {{telemetry::LogKey::kError, message}});
}

}  // namespace

void ClusterChoice::AddTo(CLI::App& command) {
  command
      .add_option("--cluster", name,
                  "memory: the embedded cluster; in-cluster: the one that this pod is in; else a kubeconfig")
      ->option_text("CLUSTER");
  command.add_option("--context", context, "of the kubeconfig (its current one)")->option_text("NAME");
  AddEmbeddedOptions(command, embedded);
}

std::string ClusterChoice::Contradiction() const {
  if (!is_embedded() && !(embedded.state_file.empty() && embedded.world_file.empty())) {
    return "--state and --world are of the embedded cluster, --cluster names another";
  }
  if (!context.empty() && (is_embedded() || name == "in-cluster")) {
    return "--context is of a kubeconfig, --cluster names none";
  }
  std::error_code unreadable;
  if (!is_embedded() && name != "in-cluster" && !std::filesystem::exists(name, unreadable)) {
    return "--cluster takes memory, in-cluster or a kubeconfig, and there is no file `" + name + "`";
  }
  return "";
}

Result<ChosenCluster> ChosenCluster::Open(const ClusterChoice& choice, http::StreamingHttp& outside, loop::Loop& loop,
                                          Duration write_deadline) {
  ChosenCluster chosen;
  chosen.outside_ = &outside;
  if (!choice.is_embedded()) {
    Result<kubernetes::Connection> connection = Connect(choice);
    if (!connection) {
      return std::move(connection).error();
    }
    kubernetes::ClusterOptions options;
    options.client.user_agent = kUserAgent;
    options.client.seed = std::random_device()();
    options.client.write_deadline = write_deadline;
    options.trouble = TellTrouble;
    chosen.kubernetes_ = std::make_unique<kubernetes::KubernetesCluster>(
        outside, loop, kubernetes::Access(*std::move(connection), kubernetes::ReadWholeFile), std::move(options));
    return chosen;
  }
  const Result<embedded::Options> world = MakeWorld(choice.embedded);
  if (!world) {
    return world.error();
  }
  Result<std::unique_ptr<embedded::EmbeddedCluster>> opened = embedded::EmbeddedCluster::Open(loop, *world);
  if (!opened) {
    return std::move(opened).error();
  }
  chosen.embedded_ = *std::move(opened);
  chosen.embedded_http_ = chosen.embedded_->Http(outside);
  return chosen;
}

Result<std::unique_ptr<cluster::Cluster>> ChosenCluster::OpenApart(const ClusterChoice& choice, loop::Loop& loop,
                                                                   Duration deadline) const {
  Result<kubernetes::Connection> connection = Connect(choice);
  if (!connection) {
    return std::move(connection).error();
  }
  kubernetes::ClusterOptions options;
  options.client = {kUserAgent, std::random_device()(), deadline, deadline, true};
  options.trouble = TellTrouble;
  return std::unique_ptr<cluster::Cluster>(std::make_unique<kubernetes::KubernetesCluster>(
      *outside_, loop, kubernetes::Access(*std::move(connection), kubernetes::ReadWholeFile), std::move(options)));
}

}  // namespace sluice::cli
