#include "cli/output_files.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <future>
#include <iostream>
#include <string_view>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/program.h"

namespace sluice::cli {
namespace {

namespace fs = std::filesystem;

// Making a file is most of the work of a compile of many: two threads make them in half the time.
constexpr std::size_t kThreads = 2;

// An open file or directory, or none.
class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int get() const { return descriptor_; }
  bool ok() const { return descriptor_ >= 0; }

 private:
  int descriptor_;
};

// Whether a file holds just `text`. Read in blocks: graph.json may be large.
bool Holds(const File& file, std::string_view text) {
  struct stat about {};
  if (::fstat(file.get(), &about) != 0 || static_cast<std::size_t>(about.st_size) != text.size()) return false;
  // Not cleared: most files are a hundredth of it.
  std::array<char, 64 * 1024> block;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  while (!text.empty()) {
    const ssize_t size = ::read(file.get(), block.data(), block.size());
    if (size <= 0 || !text.starts_with({block.data(), static_cast<std::size_t>(size)})) return false;
    text.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

std::error_code LastError() { return {errno, std::generic_category()}; }

std::error_code Put(const File& file, std::string_view text) {
  off_t at = 0;
  while (!text.empty()) {
    const ssize_t written = ::pwrite(file.get(), text.data(), text.size(), at);
    if (written < 0) return LastError();
    if (written == 0) return std::make_error_code(std::errc::io_error);
    at += written;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

// One file below `directory`, as it should be.
std::error_code Write(const File& directory, const std::string& name, std::string_view text) {
  constexpr mode_t kMode = 0666;  // less what the user's mask takes away
  const File present(::openat(directory.get(), name.c_str(), O_RDWR | O_CLOEXEC));
  if (present.ok()) {
    if (Holds(present, text)) return {};
    return ::ftruncate(present.get(), 0) == 0 ? Put(present, text) : LastError();
  }
  if (errno != ENOENT) return LastError();
  const File fresh(::openat(directory.get(), name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kMode));
  return fresh.ok() ? Put(fresh, text) : LastError();
}

// The files under `directory` that an earlier compile wrote and this one doesn't.
std::vector<std::string> Leftovers(const fs::path& directory, const Outputs& outputs) {
  std::vector<std::string> left;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory / "manifests", error)) {
    const std::string name = "manifests/" + entry.path().filename().string();
    if (entry.path().extension() == ".yaml" && outputs.count(name) == 0) left.push_back(name);
  }
  std::sort(left.begin(), left.end());
  return left;
}

// Whether `directory` may be written: empty, new, or what an earlier compile wrote (graph.json tells).
bool IsOurs(const fs::path& directory) {
  std::error_code error;
  return !fs::exists(directory, error) || fs::is_empty(directory, error) || fs::exists(directory / "graph.json", error);
}

}  // namespace

int WriteFiles(const std::string& directory, const Outputs& outputs) {
  if (!IsOurs(directory)) {
    std::cerr << ProgramName() << ": " << directory
              << " holds other files; name an empty directory or one that an earlier compile wrote\n";
    return kExitUsage;
  }
  std::error_code error;
  fs::create_directories(fs::path(directory) / "manifests", error);
  const File root(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const std::error_code cannot_open = LastError();
  // The first file of a thread's share that can't be written, and why; or "".
  const auto write_share = [&](std::size_t share) -> std::string {
    std::size_t at = 0;
    for (const auto& [name, text] : outputs) {
      if (at++ % kThreads != share) continue;
      const std::error_code failed = root.ok() ? Write(root, name, text) : cannot_open;
      if (failed) return (fs::path(directory) / name).string() + ": " + failed.message();
    }
    return "";
  };
  std::vector<std::future<std::string>> shares;
  for (std::size_t share = 0; share < kThreads; ++share) {
    shares.push_back(std::async(std::launch::async, write_share, share));
  }
  bool written = true;
  for (auto& share : shares) {
    const std::string failed = share.get();
    if (failed.empty()) continue;
    std::cerr << ProgramName() << ": cannot write " << failed << "\n";
    written = false;
  }
  if (!written) return kExitErrors;
  for (const std::string& name : Leftovers(directory, outputs)) fs::remove(fs::path(directory) / name, error);
  return kExitOk;
}

int CheckFiles(const std::string& directory, const Outputs& outputs) {
  int differences = 0;
  for (const auto& [name, text] : outputs) {
    const std::string path = (fs::path(directory) / name).string();
    const File present(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (present.ok() && Holds(present, text)) continue;
    std::cout << (present.ok() ? "differs: " : "missing: ") << path << "\n";
    ++differences;
  }
  for (const std::string& name : Leftovers(directory, outputs)) {
    std::cout << "left over: " << (fs::path(directory) / name).string() << "\n";
    ++differences;
  }
  return differences == 0 ? kExitOk : kExitErrors;
}

}  // namespace sluice::cli
