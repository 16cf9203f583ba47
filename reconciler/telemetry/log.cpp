#include "reconciler/telemetry/log.h"

#include <array>
#include <memory>

#include <nlohmann/json.hpp>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace sluice::telemetry {
namespace {

constexpr std::array kKeys = {"rollout", "revision", "node", "commit", "source", "object", "error", "file", "line"};

spdlog::level::level_enum LevelOf(LogLevel level) {
  constexpr std::array kLevels = {spdlog::level::debug, spdlog::level::info, spdlog::level::warn, spdlog::level::err};
  return kLevels[static_cast<std::size_t>(level)];
}

std::string Quoted(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  if (!spdlog::should_log(LevelOf(level))) return;
  // The opening brace, time and level come from the pattern: spdlog alone reads the clock.
  std::string line = "\"message\":" + Quoted(message);
  for (const auto& [key, value] : fields) {
    if (value.empty()) continue;
    line += ",\"";
    line += kKeys[static_cast<std::size_t>(key)];
    line += "\":" + Quoted(value);
  }
  spdlog::log(LevelOf(level), "{}}}", line);
}

void SetUpLog(LogLevel least) {
  auto logger = std::make_shared<spdlog::logger>("sluice", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v)", spdlog::pattern_time_type::utc);
  logger->set_level(LevelOf(least));
  logger->flush_on(spdlog::level::debug);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace sluice::telemetry
