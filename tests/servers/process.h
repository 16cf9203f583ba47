// Processes and files of servers that tests start: each in a directory of its own, on a free port of the
// loopback, gone with its owner.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "compiler/base/time.h"

namespace sluice::servers {

// Where the program is: in PATH or where Debian puts servers and git's helpers. Nothing if it isn't here.
std::optional<std::string> FindProgram(const std::string& name);

// Prints "SKIPPED: …" for the first of `programs` that isn't here; true if all are.
bool HavePrograms(const std::vector<std::string>& programs);
void PrintSkipped(const std::string& reason);

void WriteFile(const std::string& path, const std::string& text, int mode = 0600);
std::string ReadFile(const std::string& path);  // "" if there is none
std::vector<std::string> ReadLines(const std::string& path);

// Runs a program to its end; its exit status. Both outputs go to `log_file`.
int Run(const std::vector<std::string>& arguments, const std::string& log_file);

// A port of 127.0.0.1 that nothing listened on a moment ago.
int FreePort();

// A server. It and what it started are killed with their owner, and with the test if that dies.
class Server {
 public:
  Server(const std::vector<std::string>& arguments, const std::string& log_file);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Until something accepts connections at the port; false if the process ends or the time is over first.
  bool WaitUntilListening(int port, Duration limit = Duration(10'000));
  // The first line that it prints, without its end; "" if there is none in time. For servers that choose
  // their port themselves.
  std::string ReadFirstLine(Duration limit = Duration(10'000));
  bool IsRunning();
  pid_t pid() const { return process_; }
  // How it ended by itself: its exit status, or 128 + the signal. None while it runs.
  std::optional<int> ended() const { return ended_; }
  void Kill();
  void Signal(int signal) const;
  pid_t id() const { return process_; }

 private:
  pid_t process_ = -1;
  int output_ = -1;
  std::optional<int> ended_;
};

}  // namespace sluice::servers
