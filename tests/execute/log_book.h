// The reconciler's log as a text to look into.
#pragma once

#include <memory>
#include <sstream>
#include <string>

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

namespace sluice::execute {

// Keeps what is logged while it lives; begins after the Scene, which silences the log.
class LogBook {
 public:
  LogBook() : before_(spdlog::default_logger()) {
    const auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(text_);
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("book", sink));
    spdlog::set_level(spdlog::level::trace);
  }
  ~LogBook() { spdlog::set_default_logger(before_); }
  LogBook(const LogBook&) = delete;
  LogBook& operator=(const LogBook&) = delete;
  std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
  std::shared_ptr<spdlog::logger> before_;
};

}  // namespace sluice::execute
