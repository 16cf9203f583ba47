// The program as its user runs it.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace sluice::test {

// A directory that is gone after the test.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  void Write(const std::string& name, const std::string& text) const;
  std::string Read(const std::string& name) const;

 private:
  std::filesystem::path path_;
};

struct Ended {
  int status = 0;  // exit status, or 128 + the signal
  std::string out, err;
};

// Runs a shell command line to its end. `environment` is put before it ("TZ=Asia/Tokyo LC_ALL=C").
Ended Shell(const std::string& command);
// Runs `sluice ARGUMENTS`.
Ended Sluice(const std::string& arguments, const std::string& environment = "");

// `sluice ARGUMENTS` in the background, its log in `scratch`; ended with the object.
class Background {
 public:
  Background(const Scratch& scratch, const std::string& arguments);
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  // "http://127.0.0.1:PORT", once it listens; "" if it ended before.
  const std::string& server() const { return server_; }
  // Sends a signal and waits for the end; the exit status, or 128 + the signal.
  int End(int signal);
  std::string Log() const;

 private:
  const Scratch& scratch_;
  pid_t child_ = 0;
  std::string log_, server_;
};

// `sluice reconcile …` on a free port.
class Reconcile : public Background {
 public:
  Reconcile(const Scratch& scratch, const std::string& arguments)
      : Background(scratch, "reconcile --listen 127.0.0.1:0 " + arguments) {}
};

// Calls `done` every 50 ms until it holds or the time is over; whether it held.
bool Eventually(int seconds, const std::function<bool()>& done);

}  // namespace sluice::test
