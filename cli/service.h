// What the commands share that go on until they are told to end: where they listen, the embedded cluster they run,
// how they are stopped.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "compiler/base/result.h"
#include "reconciler/embedded/options.h"
#include "reconciler/loop/real_loop.h"
#include "reconciler/telemetry/log.h"

namespace CLI {
class App;
}

namespace sluice::cli {

// Says on stderr what is wrong; kExitErrors.
int Fail(const std::string& message);

// What an option of the command line names: at most 1 MiB. kNotFound, kTooLarge.
Result<std::string> ReadSmallFile(const std::string& path);

struct ListenAddress {
  std::string host;  // an address without brackets, or a name; "0.0.0.0" where none is said
  int port = 0;
};
// "127.0.0.1:8080", "[::1]:0", ":8080".
std::optional<ListenAddress> ParseListen(const std::string& text);

// `--listen` and `--insecure`.
struct ListenOptions {
  std::string listen;  // what it is unless told
  bool insecure = false;

  void AddTo(CLI::App& command, const std::string& what);
  // Where to listen. An error for what is no address, and where `open` (who reaches it may change everything) for an
  // address that others than this machine reach, unless --insecure says so.
  Result<ListenAddress> Read(bool open) const;
};

struct EmbeddedOptions {
  std::string state_file, world_file;
  std::uint64_t seed = 1;
};
void AddEmbeddedOptions(CLI::App& command, EmbeddedOptions& options);
// Reads the world file. An error names it.
Result<embedded::Options> MakeWorld(const EmbeddedOptions& options);

void AddLogOption(CLI::App& command, telemetry::LogLevel& level);

// Runs the loop until it is stopped, by a task or by SIGTERM or SIGINT; the signal's name, or "". Once in a process.
std::string RunUntilSignal(loop::RealLoop& loop);

}  // namespace sluice::cli
