#include "tests/servers/process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compiler/base/check.h"

namespace sluice::servers {
namespace {

using Clock = std::chrono::steady_clock;

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

bool Accepts(int port) {
  const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(port);
  const bool accepted = connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  close(client);
  return accepted;
}

// Starts the program in a process group of its own. `output` becomes its standard output.
pid_t Start(const std::vector<std::string>& arguments, const std::string& log_file, int output) {
  SLUICE_CHECK(!arguments.empty());
  std::vector<std::string> copies = arguments;
  std::vector<char*> pointers;
  for (std::string& copy : copies) pointers.push_back(copy.data());
  pointers.push_back(nullptr);
  const int log = open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  SLUICE_CHECK(log >= 0 && nothing >= 0);
  const pid_t child = fork();
  SLUICE_CHECK(child >= 0);
  if (child == 0) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(nothing, 0);
    dup2(output >= 0 ? output : log, 1);
    dup2(log, 2);
    execv(pointers[0], pointers.data());
    _exit(127);
  }
  setpgid(child, child);
  close(log);
  close(nothing);
  return child;
}

int StatusOf(int waited) { return WIFEXITED(waited) ? WEXITSTATUS(waited) : 128 + WTERMSIG(waited); }

}  // namespace

std::optional<std::string> FindProgram(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::stringstream folders(std::string(path == nullptr ? "" : path) + ":/usr/sbin:/usr/bin:/usr/lib/git-core");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string program = folder + "/" + name;
    if (!folder.empty() && access(program.c_str(), X_OK) == 0) return program;
  }
  return std::nullopt;
}

bool HavePrograms(const std::vector<std::string>& programs) {
  const auto missing = std::find_if(programs.begin(), programs.end(), [](const auto& p) { return !FindProgram(p); });
  if (missing == programs.end()) return true;
  PrintSkipped(fmt::format("`{}` is not installed (.ci/install.sh servers)", *missing));
  return false;
}

void PrintSkipped(const std::string& reason) { std::cout << "SKIPPED: " << reason << std::endl; }

void WriteFile(const std::string& path, const std::string& text, int mode) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
  SLUICE_CHECK(chmod(path.c_str(), static_cast<mode_t>(mode)) == 0);
}

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::vector<std::string> ReadLines(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

int Run(const std::vector<std::string>& arguments, const std::string& log_file) {
  const pid_t child = Start(arguments, log_file, -1);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return StatusOf(status);
}

int FreePort() {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof address;
  SLUICE_CHECK(bind(listener, reinterpret_cast<const sockaddr*>(&address), size) == 0);
  SLUICE_CHECK(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  close(listener);
  return ntohs(address.sin_port);
}

Server::Server(const std::vector<std::string>& arguments, const std::string& log_file) {
  std::array<int, 2> ends{};
  SLUICE_CHECK(pipe2(ends.data(), O_CLOEXEC) == 0);
  output_ = ends[0];
  process_ = Start(arguments, log_file, ends[1]);
  close(ends[1]);
}

Server::~Server() {
  Kill();
  close(output_);
}

bool Server::IsRunning() {
  int status = 0;
  if (process_ > 0 && waitpid(process_, &status, WNOHANG) == process_) {
    process_ = -1;
    ended_ = StatusOf(status);
  }
  return process_ > 0;
}

void Server::Kill() {
  if (process_ <= 0) return;
  kill(-process_, SIGKILL);
  while (waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
  }
  process_ = -1;
}

void Server::Signal(int signal) const {
  if (process_ > 0) kill(process_, signal);
}

bool Server::WaitUntilListening(int port, Duration limit) {
  const auto deadline = Clock::now() + limit;
  while (IsRunning() && Clock::now() < deadline) {
    if (Accepts(port)) return true;
    poll(nullptr, 0, 20);
  }
  return false;
}

std::string Server::ReadFirstLine(Duration limit) {
  const auto deadline = Clock::now() + limit;
  std::string line;
  for (;;) {
    const auto left = std::chrono::duration_cast<Duration>(deadline - Clock::now()).count();
    pollfd fd{output_, POLLIN, 0};
    char c = 0;
    if (left <= 0 || poll(&fd, 1, static_cast<int>(left)) <= 0 || read(output_, &c, 1) != 1) return "";
    if (c == '\n') return line;
    line += c;
  }
}

}  // namespace sluice::servers
