#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <fmt/format.h>
#include <unistd.h>

namespace sluice::embedded {

// A state file that is gone at the end.
class TemporaryFile {
 public:
  // In memory where there is such a place: thousands of syncs are asked for, none is what is tested.
  TemporaryFile() {
    std::filesystem::path base = std::filesystem::exists("/dev/shm") ? std::filesystem::path("/dev/shm")
                                                                     : std::filesystem::temp_directory_path();
    directory_ = base / fmt::format("sluice-journal-{}-{}", ::getpid(), ++count_);
    std::filesystem::create_directories(directory_);
  }
  ~TemporaryFile() { std::filesystem::remove_all(directory_); }
  std::string path() const { return (directory_ / "state").string(); }
  std::string Read() const {
    std::ifstream in(path(), std::ios::binary);
    std::ostringstream all;
    all << in.rdbuf();
    return all.str();
  }
  void Write(const std::string& text) const { std::ofstream(path(), std::ios::binary | std::ios::trunc) << text; }

 private:
  static inline int count_ = 0;
  std::filesystem::path directory_;
};

}  // namespace sluice::embedded
