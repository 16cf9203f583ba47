#include "tests/mutants/run.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <stdexcept>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sluice::test {
namespace {

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) {
    pointers.push_back(text.data());
  }
  pointers.push_back(nullptr);
  return pointers;
}

// What it writes until it closes its output; false if that takes longer than until `end`.
bool ReadAll(int from, std::chrono::steady_clock::time_point end, std::string& out) {
  std::array<char, 65536> part{};
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    pollfd wait{from, POLLIN, 0};
    const int ready = left.count() <= 0 ? 0 : poll(&wait, 1, static_cast<int>(left.count()));
    if (ready == 0) {
      return false;
    }
    const ssize_t count = ready < 0 ? -1 : read(from, part.data(), part.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count <= 0) {
      return true;
    }
    out.append(part.data(), static_cast<std::size_t>(count));
  }
}

}  // namespace

ProgramEnd RunProgram(const std::vector<std::string>& arguments, const std::vector<std::string>& environment,
                      std::chrono::seconds patience) {
  std::array<int, 2> pipe{};
  if (pipe2(pipe.data(), O_CLOEXEC) != 0) {
    throw std::runtime_error("no pipe");
  }
  std::vector<std::string> told = arguments;
  std::vector<std::string> around = environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    around.emplace_back(*entry);
  }
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, pipe[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t pid = 0;
  const int failed =
      posix_spawn(&pid, told.front().c_str(), &files, nullptr, Pointers(told).data(), Pointers(around).data());
  posix_spawn_file_actions_destroy(&files);
  close(pipe[1]);
  if (failed != 0) {
    close(pipe[0]);
    throw std::runtime_error("can't run " + told.front());
  }
  ProgramEnd end;
  end.in_time = ReadAll(pipe[0], std::chrono::steady_clock::now() + patience, end.out);
  close(pipe[0]);
  if (!end.in_time) {
    kill(pid, SIGKILL);
  }
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  end.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return end;
}

}  // namespace sluice::test
