#include "compiler/check/check_config.h"

#include <utility>
#include <vector>

#include <fmt/format.h>

#include "compiler/base/text.h"
#include "compiler/check/named_pattern.h"
#include "compiler/kubernetes/names.h"

namespace sluice::check {
namespace {

using diagnostics::kConfigRefused;

// As written: an object has at most 1 MiB, names and metadata included.
constexpr std::size_t kMaxBytes = 1000 * 1024;

class Files {
 public:
  Files(const Reader& reader, Span span, Config& config) : reader_(reader), span_(span), config_(config) {}

  // False: reported.
  bool Add(const source::Entry& entry) {
    if (!CheckIsFile(entry, span_, reader_)) {
      return false;
    }
    const std::string name = entry.path.substr(entry.path.rfind('/') + 1);
    if (const auto fault = kubernetes::FaultOfDataKey(name)) {
      reader_.Report(kConfigRefused, span_, fmt::format("the file's name `{}` {}", name, *fault),
                     "the names of files become keys of a ConfigMap");
      return false;
    }
    Result<std::string> bytes = reader_.checker().named_files.Read(entry.path, kMaxBytes - bytes_);
    if (!bytes && bytes.error().code != ErrorCode::kTooLarge) {
      reader_.Report(diagnostics::kUnreadableTree, span_,
                     fmt::format("the file `{}` cannot be read: {}", entry.path, bytes.error().message));
      return false;
    }
    if (!bytes) {
      return TooLarge();
    }
    bytes_ += FirstInvalidUtf8(*bytes) ? (bytes->size() + 2) / 3 * 4 : bytes->size();
    if (bytes_ > kMaxBytes) {
      return TooLarge();
    }
    const auto [other, added] = paths_.emplace(name, entry.path);
    if (!added) {
      reader_.Report(kConfigRefused, span_, fmt::format("`{}` and `{}` have one name", other->second, entry.path),
                     "all files of a `config` stand in one directory: give each directory a `config` of its own");
      return false;
    }
    config_.files.emplace(name, *std::move(bytes));
    return true;
  }

 private:
  bool TooLarge() const {
    reader_.Report(kConfigRefused, span_, fmt::format("the files together have more than {} KiB", kMaxBytes / 1024),
                   "that is what a ConfigMap holds; files that are no text count a third more");
    return false;
  }

  const Reader& reader_;
  Span span_;
  Config& config_;
  std::map<std::string, std::string> paths_;  // by name
  std::size_t bytes_ = 0;
};

}  // namespace

std::optional<Config> ReadConfig(const syntax::ConfigClause& clause, const Reader& reader) {
  const std::optional<std::string> path = reader.Text(clause.path, "`config`");
  if (!path) {
    return std::nullopt;
  }
  const std::string directory = path->substr(0, path->find_last_not_of('/') + 1);
  if (kubernetes::FaultOfPath(directory) || directory.size() < 2 || directory.find(':') != std::string::npos) {
    reader.Report(diagnostics::kWrongClauseValue, clause.path->span,
                  fmt::format("`config` takes an absolute directory of the container, not `{}`", *path));
    return std::nullopt;
  }
  const auto found = FilesOf(clause.from, "config", reader);
  if (!found) {
    return std::nullopt;
  }
  Config config;
  config.mount_path = directory;
  config.span = clause.span;
  Files files(reader, clause.from->span, config);
  for (const source::Entry& entry : *found) {
    if (!files.Add(entry)) {
      return std::nullopt;
    }
  }
  return config;
}

}  // namespace sluice::check
