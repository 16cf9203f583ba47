// Programs that a kubeconfig names for credentials, run.
#include "cli/credential_plugin.h"

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/cli/process.h"

namespace sluice::cli {
namespace {

namespace fs = std::filesystem;

// A script as a plugin, and what it is told: {"interactive": …} as its answer to whether it may ask.
class Plugin {
 public:
  explicit Plugin(const std::string& script) {
    scratch_.Write("plugin", "#!/bin/sh\n" + script);
    fs::permissions(scratch_ / "plugin", fs::perms::owner_all);
    plugin.user = "me";
    plugin.command = (scratch_ / "plugin").string();
    plugin.install_hint = "apt install\n get-token";
    // Whatever the test was started by.
    const int nothing = open("/dev/null", O_RDONLY);
    dup2(nothing, STDIN_FILENO);
    close(nothing);
  }
  Result<std::string> Run() const {
    return RunCredentialPlugin(plugin, [](bool asks) { return asks ? "may ask" : "may not ask"; });
  }
  std::string WhyNot() const {
    const auto answer = Run();
    REQUIRE(!answer.ok());
    CHECK(answer.error().message.find("s3cr3t-canary") == std::string::npos);
    const std::string begin = "user `me`: the program `" + plugin.command + "` ";
    REQUIRE(answer.error().message.starts_with(begin));
    return answer.error().message.substr(begin.size());
  }
  kubernetes::ExecPlugin plugin;

 private:
  test::Scratch scratch_;
};

TEST_CASE("a plugin has its words, its variables beside ours, and no input unless that is a terminal") {
  Plugin made(R"sh(echo "$#:$1:$2:$EXTRA:$HOME:$KUBERNETES_EXEC_INFO:$(cat)")sh");
  made.plugin.arguments = {"one two", "$HOME"};
  made.plugin.environment = {{"EXTRA", "a b"}, {"HOME", "/elsewhere"}};
  const auto answer = made.Run();
  REQUIRE(answer.ok());
  CHECK(*answer == "2:one two:$HOME:a b:/elsewhere:may not ask:\n");
  made.plugin.input = kubernetes::ExecPlugin::Input::kAlways;
  CHECK(made.WhyNot().find("the standard input is no terminal") != std::string::npos);
}

TEST_CASE("a plugin may ask at a terminal, if it wants to") {
  Plugin made(R"sh(read -r answer; echo "$KUBERNETES_EXEC_INFO:$answer")sh");
  const int terminal = posix_openpt(O_RDWR | O_NOCTTY);
  REQUIRE((terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0));
  const int side = open(ptsname(terminal), O_RDWR | O_NOCTTY);  // NOLINT(concurrency-mt-unsafe)
  REQUIRE(dup2(side, STDIN_FILENO) == STDIN_FILENO);
  REQUIRE(write(terminal, "123456\n", 7) == 7);
  for (const auto input : {kubernetes::ExecPlugin::Input::kIfAvailable, kubernetes::ExecPlugin::Input::kAlways}) {
    made.plugin.input = input;
    const auto answer = made.Run();
    REQUIRE(answer.ok());
    CHECK(*answer == "may ask:123456\n");
    REQUIRE(write(terminal, "123456\n", 7) == 7);
  }
  made.plugin.input = kubernetes::ExecPlugin::Input::kNever;
  CHECK(made.Run().value() == "may not ask:\n");
  close(side);
  close(terminal);
}

TEST_CASE("a plugin that fails says how, and how to get it") {
  CHECK(Plugin("echo s3cr3t-canary; exit 3").WhyNot() == "ended with status 3: apt install get-token");
  CHECK(Plugin("kill -9 $$").WhyNot() == "was ended by signal 9: apt install get-token");
  Plugin missing("");
  missing.plugin.command = "sluice-test-no-such-program";
  CHECK(missing.WhyNot() == "is not installed: apt install get-token");
  CHECK(Plugin("exec yes s3cr3t-canary").WhyNot() == "printed more than 1 MiB");
}

}  // namespace
}  // namespace sluice::cli
