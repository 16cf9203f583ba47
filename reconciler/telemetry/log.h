// The reconciler's log: one JSON object a line.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::telemetry {

// "debug" is for who looks into the reconciler itself; "info" tells the story of the rollouts; "warning"
// wants a look; "error" wants someone now.
enum class LogLevel { kDebug, kInfo, kWarning, kError };

// Keys of a line beside time, level and message. Closed: a reader of logs can rely on them.
enum class LogKey { kRollout, kRevision, kNode, kCommit, kSource, kObject, kError, kFile, kLine };

using LogField = std::pair<LogKey, std::string>;

// Writes to spdlog's default logger. Fields that are "" are left out. Never give it what may be secret.
void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

// Sends the log to standard error, a JSON object a line, from `least` upwards. Called once, by the program.
void SetUpLog(LogLevel least);

}  // namespace sluice::telemetry
