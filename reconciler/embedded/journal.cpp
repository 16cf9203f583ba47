#include "reconciler/embedded/journal.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string_view>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include "compiler/base/hash.h"

namespace sluice::embedded {
namespace {

constexpr std::size_t kChecksum = 16;
constexpr int kFormat = 1;
// A file is rewritten when it has this many lines more than twice its objects.
constexpr std::size_t kSlack = 2'000;

Error Failed(const std::string& path, const char* what) {
  return {ErrorCode::kUnavailable, fmt::format("{}: {}: {}", path, what, std::strerror(errno))};
}

std::string Line(const Json& record) {
  std::string text = record.dump();
  return Sha256(text).substr(0, kChecksum) + " " + text + "\n";
}

// The record of a line, or nothing if its checksum is not its own.
std::optional<Json> Checked(std::string_view line) {
  if (line.size() < kChecksum + 2 || line[kChecksum] != ' ') return std::nullopt;
  std::string_view text = line.substr(kChecksum + 1);
  if (Sha256(text).substr(0, kChecksum) != line.substr(0, kChecksum)) return std::nullopt;
  Json record = cluster::ParseJson(text);
  if (record.is_discarded() || !record.is_object()) return std::nullopt;
  return record;
}

bool WriteAll(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// A rename is durable once its directory is.
bool SyncDirectoryOf(const std::string& path) {
  std::size_t slash = path.rfind('/');
  std::string directory = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  int file = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return false;
  bool done = ::fsync(file) == 0;
  ::close(file);
  return done;
}

}  // namespace

Result<std::unique_ptr<Journal>> Journal::Open(const std::string& path, std::uint64_t seed, Store& store) {
  std::unique_ptr<Journal> journal(new Journal(path, seed, store));
  if (auto opened = journal->OpenForAppending(); !opened.ok()) return opened.error();
  if (auto loaded = journal->Load(); !loaded.ok()) return loaded.error();
  return journal;
}

Journal::~Journal() {
  if (file_ < 0) return;
  if (!broken_) WriteAll(file_, pending_);
  ::close(file_);
}

Result<void> Journal::OpenForAppending() {
  file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file_ < 0) return Failed(path_, "cannot be opened");
  if (::flock(file_, LOCK_EX | LOCK_NB) != 0) return Failed(path_, "is in use by another process");
  return {};
}

Result<void> Journal::Load() {
  std::ifstream in(path_, std::ios::binary);
  std::ostringstream all;
  all << in.rdbuf();
  if (!in && !in.eof()) return Failed(path_, "cannot be read");
  const std::string text = all.str();
  std::size_t good = 0;
  std::size_t number = 0;
  while (good < text.size()) {
    std::size_t end = text.find('\n', good);
    bool torn = end == std::string::npos;
    std::string_view line(text.data() + good, (torn ? text.size() : end) - good);
    ++number;
    if (torn) break;
    auto loaded = LoadLine(line, number);
    if (!loaded.ok()) {
      // A torn write can also end in old bytes that hold a newline: only the very last line is forgiven.
      if (end + 1 == text.size() && !Checked(line) && number > 1) break;
      return loaded;
    }
    good = end + 1;
  }
  resumed_ = good > 0;
  if (good < text.size() && ::ftruncate(file_, static_cast<off_t>(good)) != 0) return Failed(path_, "cannot be cut");
  if (!resumed_) {
    pending_ = Line({{"sluice-embedded", kFormat}, {"seed", seed_}});
    if (auto begun = Sync(); !begun.ok()) return begun;
    if (!SyncDirectoryOf(path_)) return Failed(path_, "cannot be made durable");
  }
  return {};
}

Result<void> Journal::LoadLine(std::string_view line, std::size_t number) {
  auto damaged = [&](const char* what) {
    return Error{
        ErrorCode::kInvalid,
        fmt::format("{}: line {}: {}; restore the file from a copy or start with a new one", path_, number, what)};
  };
  auto record = Checked(line);
  if (!record) return damaged("the checksum does not match");
  if (number == 1) {
    if (record->value("sluice-embedded", 0) != kFormat) return damaged("not a state file of this version");
    return {};
  }
  ++lines_;
  if (record->contains("put")) {
    store_.Restore((*record)["put"]);
    return {};
  }
  if (!record->contains("delete")) return damaged("neither a put nor a delete");
  store_.RestoreDeletion(cluster::KeyOf((*record)["delete"]), record->value("version", std::uint64_t{0}));
  return {};
}

void Journal::Append(const Change& change) {
  ++lines_;
  if (change.type != cluster::EventType::kDeleted) {
    pending_ += Line({{"put", *change.object}});
    return;
  }
  const ObjectKey& gone = change.object.key();
  Json metadata = {{"name", gone.name}, {"namespace", gone.namespace_}};
  Json key = {{"apiVersion", gone.kind.api_version}, {"kind", gone.kind.kind}, {"metadata", metadata}};
  pending_ += Line({{"delete", key}, {"version", change.object.version()}});
}

Result<void> Journal::Sync() {
  if (broken_) return Error{ErrorCode::kUnavailable, path_ + ": an earlier write failed"};
  if (pending_.empty()) return {};
  if (!WriteAll(file_, pending_) || ::fdatasync(file_) != 0) {
    broken_ = true;
    return Failed(path_, "cannot be written");
  }
  pending_.clear();
  if (lines_ > 2 * store_.size() + kSlack) return Compact();
  return {};
}

Result<void> Journal::Compact() {
  std::string fresh = path_ + ".new";
  int file = ::open(fresh.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) return Failed(fresh, "cannot be opened");
  std::string text = Line({{"sluice-embedded", kFormat}, {"seed", seed_}});
  std::size_t lines = 0;
  for (const Object& object : store_.List(Kind{}, "", {})) {
    text += Line({{"put", *object}});
    ++lines;
  }
  // The highest version may be that of a deletion: it must not be given out twice.
  Json nobody = {{"apiVersion", "v1"}, {"kind", "Nothing"}, {"metadata", {{"name", "none"}}}};
  text += Line({{"delete", nobody}, {"version", store_.version()}});
  bool done = WriteAll(file, text) && ::fdatasync(file) == 0 && ::flock(file, LOCK_EX | LOCK_NB) == 0 &&
              ::rename(fresh.c_str(), path_.c_str()) == 0 && SyncDirectoryOf(path_);
  if (!done) {
    ::close(file);
    broken_ = true;
    return Failed(fresh, "cannot be written");
  }
  ::close(file_);
  file_ = file;
  lines_ = lines + 1;
  return {};
}

}  // namespace sluice::embedded
