// sluice: rollouts as code.
//
// Two programs, of which people start this one: it has the commands that only compile, and becomes
// `sluice-reconciler`, which lies beside it and has all commands, for anything else. The reconciler's libraries
// (curl, git, TLS, Kerberos: 47 files) cost 8 ms before `main`; editors and CI lint often, one plan at a time.
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <string_view>

#include <unistd.h>

#include "cli/program.h"

namespace {

using namespace sluice::cli;  // NOLINT(google-build-using-namespace)

int BecomeReconciler(char** argv) {
  std::error_code ignored;  // without /proc there is nothing beside us, which the start below says
  const std::filesystem::path program =
      std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path() / "sluice-reconciler";
  execv(program.c_str(), argv);
  std::array<char, 256> why{};
  std::cerr << "sluice: cannot start " << program.string() << ": " << strerror_r(errno, why.data(), why.size())
            << "; it belongs beside this program\n";
  return kExitInternal;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view command = argc < 2 ? "" : argv[1];
  if (!OnlyCompiles(command) && command != "--version") {
    return BecomeReconciler(argv);
  }
  return RunProgram(argc, argv, AddPlanCommands);
}
