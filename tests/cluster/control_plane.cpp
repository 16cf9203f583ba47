#include "tests/cluster/control_plane.h"

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include "compiler/base/check.h"

namespace sluice::cluster {
namespace {

constexpr std::chrono::milliseconds kLook{20};
constexpr std::chrono::seconds kPatience{60};
constexpr std::chrono::seconds kPatienceWithParts{180};
// Of start.sh: this machine has not what it takes.
constexpr int kCannot = 3;

std::string LastLine(const std::string& path) {
  const std::vector<std::string> lines = servers::ReadLines(path);
  return lines.empty() ? "" : lines.back();
}

}  // namespace

std::unique_ptr<ControlPlane> ControlPlane::Start(const std::vector<std::string>& arguments) {
  std::unique_ptr<ControlPlane> plane(new ControlPlane);
  const std::string log = plane->scratch_.path() + "/start.log";
  std::vector<std::string> command = {std::string(SLUICE_SOURCE_DIR) + "/tests/cluster/start.sh", "--foreground"};
  for (const std::string& argument : arguments) {
    if (argument.starts_with("--")) command.push_back(argument);
  }
  command.push_back(plane->directory());
  for (const std::string& argument : arguments) {
    if (!argument.starts_with("--")) command.push_back(argument);
  }
  plane->script_ = std::make_unique<servers::Server>(command, log);
  const auto end = std::chrono::steady_clock::now() + (arguments.empty() ? kPatience : kPatienceWithParts);
  while (plane->script_->IsRunning() && std::chrono::steady_clock::now() < end) {
    if (access((plane->directory() + "/ready").c_str(), F_OK) == 0) return plane;
    std::this_thread::sleep_for(kLook);
  }
  const std::string why = LastLine(log);
  if (plane->script_->ended() == kCannot) {
    servers::PrintSkipped(why);
    return nullptr;
  }
  std::cerr << servers::ReadFile(log) << "the control plane doesn't start\n";
  plane.reset();
  std::exit(EXIT_FAILURE);  // NOLINT(concurrency-mt-unsafe): a test program
}

std::string ControlPlane::GatewayDefinitions() {
  const git::ScratchDirectory scratch;
  const std::string out = scratch.path() + "/out";
  servers::Run({"/bin/bash", "-c", R"(. "$0" && echo "$(module_cache contour)/gateway-crds")",
                std::string(SLUICE_SOURCE_DIR) + "/tests/cluster/programs.sh"},
               out);
  const std::string folder = LastLine(out);
  return access(folder.c_str(), R_OK) == 0 ? folder : "";
}

// The cluster dies with its script, a moment later: its directory must not go before.
ControlPlane::~ControlPlane() {
  script_.reset();
  servers::Run({std::string(SLUICE_SOURCE_DIR) + "/tests/cluster/stop.sh", directory()}, scratch_.path() + "/stop.log");
}

void ControlPlane::EnterNetwork() const {
  const std::string starter = LastLine(directory() + "/pid");
  const std::string first = LastLine(fmt::format("/proc/{0}/task/{0}/children", starter));
  const std::string network = fmt::format("/proc/{}/ns/net", first.substr(0, first.find(' ')));
  const int space = open(network.c_str(), O_RDONLY | O_CLOEXEC);
  SLUICE_CHECK(space >= 0 && setns(space, CLONE_NEWNET) == 0);
  close(space);
}

void ControlPlane::Kill(const std::string& program) const {
  const std::string number = LastLine(directory() + "/pids/" + program);
  SLUICE_CHECK(servers::Run({std::string(SLUICE_SOURCE_DIR) + "/tests/cluster/enter.sh", directory(), "/bin/kill",
                             "-KILL", number},
                            scratch_.path() + "/kill.log") == 0);
}

}  // namespace sluice::cluster
