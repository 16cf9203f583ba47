// `sluice compile`: manifests, graphs and the source map of a plan set, as files.
#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <set>
#include <string_view>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/outputs.h"
#include "cli/plan_set.h"

namespace sluice::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string path;
  std::string directory;
  bool check = false;
};

// Whether there is a file at `path`, and of that content. Read in blocks: graph.json may be large.
enum class Stored { kMissing, kDiffers, kSame };
Stored Compare(const fs::path& path, std::string_view text) {
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    return Stored::kMissing;
  }
  std::error_code error;
  if (fs::file_size(path, error) != text.size()) {
    return Stored::kDiffers;
  }
  std::array<char, 64 * 1024> block{};
  while (!text.empty()) {
    const std::size_t size = std::min(block.size(), text.size());
    if (!in.read(block.data(), static_cast<std::streamsize>(size)) ||
        text.substr(0, size) != std::string_view(block.data(), size)) {
      return Stored::kDiffers;
    }
    text.remove_prefix(size);
  }
  return Stored::kSame;
}

// The files under `directory` that an earlier compile wrote and this one doesn't.
std::vector<std::string> Leftovers(const fs::path& directory, const Outputs& outputs) {
  std::vector<std::string> left;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory / "manifests", error)) {
    const std::string name = "manifests/" + entry.path().filename().string();
    if (entry.path().extension() == ".yaml" && outputs.count(name) == 0) {
      left.push_back(name);
    }
  }
  return left;
}

// Whether `directory` may be written: empty, new, or what an earlier compile wrote (graph.json tells).
bool IsOurs(const fs::path& directory) {
  std::error_code error;
  return !fs::exists(directory, error) || fs::is_empty(directory, error) || fs::exists(directory / "graph.json", error);
}

int WriteAll(const fs::path& directory, const Outputs& outputs) {
  if (!IsOurs(directory)) {
    std::cerr << "sluice: " << directory.string()
              << " holds other files; name an empty directory or one that an earlier compile wrote\n";
    return kExitUsage;
  }
  std::error_code error;
  fs::create_directories(directory / "manifests", error);
  for (const auto& [name, text] : outputs) {
    if (Compare(directory / name, text) == Stored::kSame) {
      continue;
    }
    std::ofstream out(directory / name, std::ios::binary | std::ios::trunc);
    out << text;
    if (!out.flush()) {
      std::cerr << "sluice: cannot write " << (directory / name).string() << "\n";
      return kExitErrors;
    }
  }
  for (const std::string& name : Leftovers(directory, outputs)) {
    fs::remove(directory / name, error);
  }
  return kExitOk;
}

int CheckAll(const fs::path& directory, const Outputs& outputs) {
  int differences = 0;
  for (const auto& [name, text] : outputs) {
    const Stored there = Compare(directory / name, text);
    if (there != Stored::kSame) {
      std::cout << (there == Stored::kDiffers ? "differs: " : "missing: ") << (directory / name).string() << "\n";
      ++differences;
    }
  }
  for (const std::string& name : Leftovers(directory, outputs)) {
    std::cout << "left over: " << (directory / name).string() << "\n";
    ++differences;
  }
  return differences == 0 ? kExitOk : kExitErrors;
}

int CompileCommand(const Options& options) {
  const Compilation& compilation = CompileDirectory(options.path);
  PrintDiagnostics(compilation, options.path, Format::kText, std::cerr);
  const int status = ExitStatus(compilation, false);
  if (status != kExitOk) {
    std::cerr << Summary(compilation) << "; nothing is written\n";
    return status;
  }
  const Outputs outputs = MakeOutputs(compilation);
  if (options.check) {
    return CheckAll(options.directory, outputs);
  }
  const int written = WriteAll(options.directory, outputs);
  if (written == kExitOk) {
    std::cout << fmt::format("{} and {} in {}\n", Count(compilation.manifests.size(), "object"),
                             Count(compilation.graphs.size(), "rollout graph"), options.directory);
  }
  return written;
}

}  // namespace

void AddCompile(CLI::App& app, Run& run) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("compile", "write a plan set's manifests, graphs and source map");
  command->add_option("PATH", options->path, "the plan set's root directory")->required();
  command->add_option("-o,--output", options->directory, "where to: manifests/*.yaml, graph.json, sourcemap.json")
      ->required()
      ->option_text("DIR");
  command->add_flag("--check", options->check,
                    "write nothing; say what in DIR differs, exit status 1 if anything does");
  command->callback([options, &run] { run = [options] { return CompileCommand(*options); }; });
}

}  // namespace sluice::cli
