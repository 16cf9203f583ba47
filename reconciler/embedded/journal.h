// The state file: every committed write as one line, so that a process that was killed finds its cluster again.
//
// A line is "CHECKSUM JSON\n": 16 hexadecimal digits of the SHA-256 of the JSON, and either
// {"put": OBJECT} or {"delete": {…key…}, "version": N}. The first line names the format and the seed. The last line
// may be torn (the write that was never answered) and is cut off; damage anywhere else is an error, never a
// guess. When most of a file is of the past it is written anew beside itself and renamed over.
#pragma once

#include <cstdint>
#include <string>

#include "compiler/base/result.h"
#include "reconciler/embedded/store.h"

namespace sluice::embedded {

class Journal {
 public:
  // Reads `path` into `store`, or begins it. kInvalid names the damaged line; kUnavailable: it can't be read or
  // written, or another process holds it.
  static Result<std::unique_ptr<Journal>> Open(const std::string& path, std::uint64_t seed, Store& store);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // Adds a change; not durable before Sync.
  void Append(const Change& change);
  // Returns once all that was appended would survive the loss of power. kUnavailable: it would not, and never
  // will: nothing may be answered any more.
  Result<void> Sync();

  // Whether the file existed.
  bool resumed() const { return resumed_; }

 private:
  Journal(std::string path, std::uint64_t seed, Store& store) : path_(std::move(path)), seed_(seed), store_(store) {}

  Result<void> Load();
  Result<void> LoadLine(std::string_view line, std::size_t number);
  Result<void> Compact();
  Result<void> OpenForAppending();

  std::string path_;
  std::uint64_t seed_;
  Store& store_;
  int file_ = -1;
  bool resumed_ = false;
  bool broken_ = false;
  std::string pending_;
  std::size_t lines_ = 0;  // in the file, the first not counted
};

}  // namespace sluice::embedded
