#include "tests/cli/process.h"

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sluice::test {
namespace {

namespace fs = std::filesystem;

std::string ReadAll(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

int StatusOf(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

}  // namespace

Scratch::Scratch() {
  std::string made = (fs::temp_directory_path() / "sluice-cli-test-XXXXXX").string();
  if (mkdtemp(made.data()) == nullptr) {
    throw std::runtime_error("cannot make a directory for the test");
  }
  path_ = made;
}

Scratch::~Scratch() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void Scratch::Write(const std::string& name, const std::string& text) const {
  fs::create_directories((path_ / name).parent_path());
  std::ofstream(path_ / name, std::ios::binary) << text;
}

std::string Scratch::Read(const std::string& name) const { return ReadAll(path_ / name); }

Ended Shell(const std::string& command) {
  const Scratch scratch;
  const std::string line = "( " + command + " ) >" + (scratch / "out").string() + " 2>" + (scratch / "err").string();
  const int status = std::system(line.c_str());
  return {StatusOf(status), scratch.Read("out"), scratch.Read("err")};
}

Ended Sluice(const std::string& arguments, const std::string& environment) {
  return Shell(environment + " " + SLUICE_BINARY + " " + arguments);
}

Background::Background(const Scratch& scratch, const std::string& arguments)
    : scratch_(scratch), log_((scratch / "sluice.log").string()) {
  const std::string command = "exec " SLUICE_BINARY " " + arguments;
  std::error_code ignored;
  fs::remove(log_, ignored);
  child_ = fork();
  if (child_ == 0) {
    const int log = open(log_.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    _exit(127);
  }
  Eventually(10, [this] {
    const std::string log = Log();
    const std::string key = "listening on ";
    const std::size_t at = log.find(key);
    if (at != std::string::npos) {
      server_ = "http://" + log.substr(at + key.size(), log.find('"', at) - at - key.size());
    }
    return at != std::string::npos || waitpid(child_, nullptr, WNOHANG) != 0;
  });
}

Background::~Background() {
  if (child_ != 0) {
    End(SIGKILL);
  }
}

int Background::End(int signal) {
  kill(child_, signal);
  int status = 0;
  waitpid(child_, &status, 0);
  child_ = 0;
  return StatusOf(status);
}

std::string Background::Log() const { return ReadAll(log_); }

bool Eventually(int seconds, const std::function<bool()>& done) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return true;
}

}  // namespace sluice::test
