#include "reconciler/git/fetch_process.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>

#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reconciler/git/known_hosts.h"
#include "reconciler/git/url.h"

namespace sluice::git {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxAnswer = 64 * 1024;

Json ToJson(const FetchRequest& request) {
  const Credentials& c = request.credentials;
  return {{"directory", request.directory},
          {"url", request.url},
          {"ref", request.ref},
          {"username", c.username},
          {"password", c.password},
          {"ssh_key_file", c.ssh_key_file},
          {"ssh_passphrase", c.ssh_passphrase},
          {"known_hosts_file", c.known_hosts_file},
          {"authorities_file", c.authorities_file},
          {"max_bytes", request.max_bytes},
          {"max_objects", request.max_objects},
          {"timeout_ms", request.timeout.count()}};
}

FetchRequest RequestFrom(const Json& json) {
  FetchRequest request;
  request.directory = json.at("directory");
  request.url = json.at("url");
  request.ref = json.at("ref");
  request.credentials = {json.at("username"),       json.at("password"),         json.at("ssh_key_file"),
                         json.at("ssh_passphrase"), json.at("known_hosts_file"), json.at("authorities_file")};
  request.max_bytes = json.at("max_bytes");
  request.max_objects = json.at("max_objects");
  request.timeout = Duration(json.at("timeout_ms").get<std::int64_t>());
  return request;
}

// Error codes cross the pipe by their number: both ends are the same program.
Json ToJson(const Result<FetchResult>& result) {
  if (result.ok()) return {{"commit", result->commit}, {"fetched", result->fetched}};
  return {{"error", static_cast<int>(result.error().code)}, {"message", result.error().message}};
}

Result<FetchResult> ResultFrom(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded() || !json.is_object()) {
    return Error{ErrorCode::kUnavailable, "the process that fetches ended without an answer"};
  }
  if (json.contains("commit")) return FetchResult{json.at("commit"), json.at("fetched")};
  return Error{static_cast<ErrorCode>(json.value("error", 0)), json.value("message", "")};
}

void Limit(decltype(RLIMIT_AS) what, rlim_t value) {
  const rlimit limit{value, value};
  setrlimit(what, &limit);
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { Close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

std::int64_t MonotonicMs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

enum class Talked { kAnswered, kTimeIsOver, kStopped };

// Writes `input`, reads until the child closes its end.
Talked Talk(Descriptor& to_child, const Descriptor& from_child, const FetchStop& stop, std::string_view input,
            std::int64_t deadline, std::string& output) {
  fcntl(to_child.get(), F_SETFL, O_NONBLOCK);
  for (;;) {
    const std::int64_t left = deadline - MonotonicMs();
    if (left <= 0) return Talked::kTimeIsOver;
    std::array<pollfd, 3> fds{{{from_child.get(), POLLIN, 0},
                               {input.empty() ? -1 : to_child.get(), POLLOUT, 0},
                               {stop.descriptor(), POLLIN, 0}}};
    if (poll(fds.data(), fds.size(), static_cast<int>(left)) < 0) {
      if (errno == EINTR) continue;
      return Talked::kTimeIsOver;
    }
    if (fds[2].revents != 0) return Talked::kStopped;
    if (fds[1].revents != 0) {
      const ssize_t written = send(to_child.get(), input.data(), input.size(), MSG_NOSIGNAL);
      if (written > 0) input.remove_prefix(static_cast<std::size_t>(written));
      if (written < 0 && errno != EAGAIN) input = {};
      if (input.empty()) to_child.Close();
    }
    if (fds[0].revents == 0) continue;
    std::array<char, 4096> buffer{};
    const ssize_t got = read(from_child.get(), buffer.data(), buffer.size());
    if (got == 0) return Talked::kAnswered;
    if (got > 0) output.append(buffer.data(), static_cast<std::size_t>(got));
    if (output.size() > kMaxAnswer) return Talked::kAnswered;
  }
}

// Which type of host key a server shows is agreed on before anyone looks at known_hosts: libssh2 asks for ECDSA
// first, and a server of which only the Ed25519 key is known would be refused. libgit2 asks for a type that the
// known_hosts of the home directory holds, so this process gets a home with what ours says of the host. RSA
// stays out: libssh2 1.10 knows it only with SHA-1, which servers no longer offer.
void PreferKnownHostKeys(const FetchRequest& request) {
  std::ifstream known(request.credentials.known_hosts_file, std::ios::binary);
  if (request.credentials.known_hosts_file.empty() || !known) return;
  const std::string text((std::istreambuf_iterator<char>(known)), std::istreambuf_iterator<char>());
  std::istringstream lines(LinesOf(text, HostOf(request.url)));
  const std::string home = request.directory + "/home";
  std::error_code ignored;
  std::filesystem::create_directories(home + "/.ssh", ignored);
  std::ofstream copy(home + "/.ssh/known_hosts", std::ios::trunc);
  for (std::string line; std::getline(lines, line);) {
    if (line.find(" ssh-rsa ") == std::string::npos) copy << line << '\n';
  }
  setenv("HOME", home.c_str(), 1);
}

}  // namespace

FetchStop::FetchStop() : descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
FetchStop::~FetchStop() {
  if (descriptor_ >= 0) close(descriptor_);
}
void FetchStop::Request() const { eventfd_write(descriptor_, 1); }

Result<FetchResult> FetchInProcess(const std::string& binary, const FetchRequest& request, const FetchStop& stop) {
  int in[2], out[2];
  // A socket, not a pipe: writing to a child that has ended must be an error, not a signal to the program.
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) != 0) return Error{ErrorCode::kUnavailable, "no pipe"};
  Descriptor child_in(in[0]), to_child(in[1]);
  if (pipe2(out, O_CLOEXEC) != 0) return Error{ErrorCode::kUnavailable, "no pipe"};
  Descriptor from_child(out[0]), child_out(out[1]);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, child_in.get(), 0);
  posix_spawn_file_actions_adddup2(&actions, child_out.get(), 1);
  std::string program = binary, argument = kInternalFetch;
  char* const arguments[] = {program.data(), argument.data(), nullptr};
  pid_t child = -1;
  const int failed = posix_spawn(&child, binary.c_str(), &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) {
    return Error{ErrorCode::kUnavailable, fmt::format("cannot start {}: {}", binary, std::strerror(failed))};
  }
  child_in.Close();
  child_out.Close();

  std::string answer;
  const std::string input = ToJson(request).dump();
  const std::int64_t deadline = MonotonicMs() + request.timeout.count();
  const Talked talked = Talk(to_child, from_child, stop, input, deadline, answer);
  if (talked != Talked::kAnswered) kill(child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (talked == Talked::kStopped) {
    return Error{ErrorCode::kUnavailable, fmt::format("{}: the fetch was stopped", RedactUrl(request.url))};
  }
  if (talked == Talked::kTimeIsOver) {
    return Error{ErrorCode::kUnavailable,
                 fmt::format("{}: no answer within {}", RedactUrl(request.url), FormatDuration(request.timeout))};
  }
  return ResultFrom(answer);
}

int InternalFetchMain() {
  const std::string input((std::istreambuf_iterator<char>(std::cin)), std::istreambuf_iterator<char>());
  const Json json = Json::parse(input, nullptr, false);
  if (json.is_discarded()) return 2;
  FetchRequest request;
  try {
    request = RequestFrom(json);
  } catch (const Json::exception&) {
    return 2;
  }
  // A server that closes a connection is an error of the transport, not the end of this process.
  signal(SIGPIPE, SIG_IGN);
#ifndef __SANITIZE_ADDRESS__  // whose shadow memory alone is larger
  Limit(RLIMIT_AS, 4ULL * 1024 * 1024 * 1024);
#endif
  Limit(RLIMIT_CPU, static_cast<rlim_t>(request.timeout.count() / 1000 + 1));
  Limit(RLIMIT_FSIZE, 2 * request.max_bytes);
  Limit(RLIMIT_NOFILE, 256);
  Limit(RLIMIT_CORE, 0);
  // Whatever the parent does, this process does not outlive the time it was given.
  alarm(static_cast<unsigned>(request.timeout.count() / 1000 + 2));
  PreferKnownHostKeys(request);
  std::cout << ToJson(Fetch(request)).dump(-1, ' ', false, Json::error_handler_t::replace) << std::flush;
  return 0;
}

}  // namespace sluice::git
