#include "cli/credential_plugin.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sluice::cli {
namespace {

using kubernetes::ExecPlugin;

constexpr std::size_t kMostOutput = std::size_t{1024} * 1024;
constexpr const char* kInfo = "KUBERNETES_EXEC_INFO";

Error Failed(const ExecPlugin& plugin, const std::string& why) {
  return Error{ErrorCode::kUnauthorized,
               fmt::format("user `{}`: the program `{}` {}", plugin.user, plugin.command, why)};
}

// What whoever wrote the kubeconfig says to people, as one line of visible characters.
std::string Hint(const ExecPlugin& plugin) {
  std::string hint;
  for (const char c : plugin.install_hint) {
    const bool blank = static_cast<unsigned char>(c) <= 0x20U || c == 0x7F;
    if (!blank) hint += c;
    if (blank && !hint.empty() && hint.back() != ' ') hint += ' ';
  }
  return hint.empty() ? "" : ": " + hint;
}

// "NAME=value" of ours but those that the plugin sets, and of those.
std::vector<std::string> Environment(const ExecPlugin& plugin, const std::string& info) {
  auto set = plugin.environment;
  set.emplace_back(kInfo, info);
  std::vector<std::string> variables;
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string variable = *each;
    bool replaced = false;
    const std::string_view set_here = std::string_view(variable).substr(0, variable.find('='));
    for (const auto& [name, value] : set) replaced = replaced || set_here == name;
    if (!replaced) variables.push_back(variable);
  }
  for (const auto& [name, value] : set) variables.push_back(fmt::format("{}={}", name, value));
  return variables;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

struct FileActions {
  posix_spawn_file_actions_t actions{};
  FileActions() { posix_spawn_file_actions_init(&actions); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  ~FileActions() { posix_spawn_file_actions_destroy(&actions); }
};

// All that comes, or as much as is too much.
std::string ReadAll(int file) {
  std::string text;
  std::array<char, 16384> part{};
  while (text.size() <= kMostOutput) {
    const ssize_t got = read(file, part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    text.append(part.data(), static_cast<std::size_t>(got));
  }
  return text;
}

std::string HowItEnded(int status) {
  if (WIFSIGNALED(status)) return fmt::format("was ended by signal {}", WTERMSIG(status));
  return fmt::format("ended with status {}", WEXITSTATUS(status));
}

}  // namespace

Result<std::string> RunCredentialPlugin(const ExecPlugin& plugin, const std::function<std::string(bool asks)>& info) {
  const bool terminal = isatty(STDIN_FILENO) == 1;
  if (plugin.input == ExecPlugin::Input::kAlways && !terminal) {
    return Failed(plugin, "has to ask for something (interactiveMode: Always), and the standard input is no terminal");
  }
  const bool asks = plugin.input != ExecPlugin::Input::kNever && terminal;
  std::vector<std::string> words = plugin.arguments;
  words.insert(words.begin(), plugin.command);
  std::vector<std::string> variables = Environment(plugin, info(asks));

  std::array<int, 2> output{};
  if (pipe2(output.data(), O_CLOEXEC) != 0) return Failed(plugin, "can't be started: there is no pipe");
  FileActions files;
  posix_spawn_file_actions_adddup2(&files.actions, output[1], STDOUT_FILENO);
  if (!asks) posix_spawn_file_actions_addopen(&files.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  pid_t child = 0;
  const int wrong = posix_spawnp(&child, plugin.command.c_str(), &files.actions, nullptr, Pointers(words).data(),
                                 Pointers(variables).data());
  close(output[1]);
  if (wrong != 0) {
    close(output[0]);
    const std::string why = wrong == ENOENT ? "is not installed" : fmt::format("can't be started: {}", strerror(wrong));
    return Failed(plugin, why + Hint(plugin));
  }
  std::string text = ReadAll(output[0]);
  close(output[0]);  // what goes on writing ends by that
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (text.size() > kMostOutput) return Failed(plugin, "printed more than 1 MiB");
  if (status != 0) return Failed(plugin, HowItEnded(status) + Hint(plugin));
  return text;
}

}  // namespace sluice::cli
