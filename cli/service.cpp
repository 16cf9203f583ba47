#include "cli/service.h"

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/program.h"
#include "reconciler/embedded/images.h"
#include "reconciler/serve/server.h"

namespace sluice::cli {
namespace {

constexpr std::size_t kMaxFile = 1024 * 1024;

// A signal handler reaches the loop only through something global.
std::atomic<loop::RealLoop*> running_loop{nullptr};  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

volatile std::sig_atomic_t ended_by = 0;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

void OnSignal(int signal) {
  ended_by = signal;
  if (loop::RealLoop* loop = running_loop.load()) {
    loop->StopFromSignal();
  }
}

}  // namespace

int Fail(const std::string& message) {
  std::cerr << ProgramName() << ": " << message << "\n";
  return kExitErrors;
}

Result<std::string> ReadSmallFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text(kMaxFile + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (in.bad() || (!in.eof() && in.fail()) || !std::filesystem::is_regular_file(path)) {
    return Error{ErrorCode::kNotFound, "cannot read " + path};
  }
  if (text.size() > kMaxFile) {
    return Error{ErrorCode::kTooLarge, path + " has more than 1 MiB"};
  }
  return text;
}

std::optional<ListenAddress> ParseListen(const std::string& text) {
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
  return port > 65'535 ? std::nullopt : std::optional(ListenAddress{host.empty() ? "0.0.0.0" : host, port});
}

void ListenOptions::AddTo(CLI::App& command, const std::string& what) {
  command.add_option("--listen", listen, fmt::format("{} ({})", what, listen))->option_text("ADDRESS:PORT");
  command.add_flag("--insecure", insecure,
                   "listen on an address that others reach, too, though there is no authentication and no encryption");
}

Result<ListenAddress> ListenOptions::Read(bool open) const {
  const std::optional<ListenAddress> address = ParseListen(listen);
  if (!address) {
    return Error{ErrorCode::kInvalid, fmt::format("--listen takes ADDRESS:PORT, not `{}`", listen)};
  }
  if (open && !insecure && !serve::MeansLoopback(address->host)) {
    return Error{ErrorCode::kForbidden,
                 fmt::format("--listen {}: others than this machine could reach that address, and there is neither "
                             "authentication nor encryption: listen on 127.0.0.1 and reach it by ssh -L, or say "
                             "--insecure",
                             listen)};
  }
  return *address;
}

void AddEmbeddedOptions(CLI::App& command, EmbeddedOptions& options) {
  command.add_option("--state", options.state_file, "where the embedded cluster keeps its state, each write durable")
      ->option_text("FILE");
  command.add_option("--world", options.world_file, "what the embedded cluster's images do and who calls them (YAML)")
      ->option_text("FILE");
  command.add_option("--seed", options.seed, "of the embedded cluster's chance (1)")->option_text("N");
}

Result<embedded::Options> MakeWorld(const EmbeddedOptions& options) {
  embedded::Options made;
  made.seed = options.seed;
  made.state_file = options.state_file;
  made.scrape_interval = Duration(1'000);
  if (!options.world_file.empty()) {
    const Result<std::string> text = ReadSmallFile(options.world_file);
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

void AddLogOption(CLI::App& command, telemetry::LogLevel& level) {
  const std::map<std::string, telemetry::LogLevel> levels = {{"debug", telemetry::LogLevel::kDebug},
                                                             {"info", telemetry::LogLevel::kInfo},
                                                             {"warning", telemetry::LogLevel::kWarning},
                                                             {"error", telemetry::LogLevel::kError}};
  command.add_option("--log", level, "debug, info, warning or error (info)")
      ->transform(CLI::CheckedTransformer(levels).description(""))
      ->option_text("LEVEL");
}

std::string RunUntilSignal(loop::RealLoop& loop) {
  running_loop.store(&loop);
  struct sigaction action {};
  action.sa_handler = OnSignal;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  loop.Run();
  running_loop.store(nullptr);
  return ended_by == SIGTERM ? "SIGTERM" : ended_by == SIGINT ? "SIGINT" : "";
}

}  // namespace sluice::cli
