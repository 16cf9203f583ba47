// What people tell a rollout: approve, reject, pause, resume, abort, retry, promote, undo, eject. Each is a
// RolloutCommand object; the executor consumes it and says whether it fitted.
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <thread>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/ejected_files.h"
#include "cli/program.h"
#include "compiler/graph/names.h"
#include "reconciler/execute/rollout_command.h"

namespace sluice::cli {
namespace {

using cluster::Json;

constexpr std::chrono::milliseconds kPollInterval{100};
constexpr Duration kAnswerTimeout{15'000};

struct Options {
  Target target;
  std::string verb;
  std::string why;
  Person person;  // as far as the command line names one
  std::string node;
  std::string revision;
  std::string pause_for;
  bool assume_settled = false;
  std::string output;  // eject: where the objects go as files; "": nowhere
};

// Of a RolloutCommand's definition.
constexpr std::size_t kMaxGroups = 256;

std::string LoginName() {
  for (const char* variable : {"SLUICE_USER", "USER", "LOGNAME"}) {
    const char* name = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe)
    if (name != nullptr && *name != '\0') {
      return name;
    }
  }
  return "unknown";
}

// "24h", "1h30m", "90s"; nullopt if it is none.
std::optional<Duration> ParseDuration(const std::string& text) {
  std::int64_t total = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    std::int64_t count = 0;
    const std::size_t begin = at;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9' && count < 1'000'000; ++at) {
      count = count * 10 + (text[at] - '0');
    }
    const char unit = at < text.size() ? text[at++] : '\0';
    const std::int64_t length = unit == 's'   ? 1'000
                                : unit == 'm' ? 60'000
                                : unit == 'h' ? 3'600'000
                                : unit == 'd' ? 86'400'000
                                              : 0;
    if (at - begin < 2 || length == 0) {
      return std::nullopt;
    }
    total += count * length;
  }
  return total > 0 ? std::optional(Duration(total)) : std::nullopt;
}

// Who gives the command. An API server that knows its users admits nobody but whom it knows; what the command line
// names is left to its judgement.
Result<Person> Speaker(Client& client, const Person& named) {
  if (!named.name.empty() && !named.groups.empty()) {
    return named;
  }
  Result<std::optional<Person>> known = client.WhoAmI();
  if (!known) {
    return std::move(known).error().Within("cannot ask who you are");
  }
  Person person = *known ? **known : Person{LoginName(), {}};
  if (!named.groups.empty()) {
    person.groups = named.groups;
  } else if (person.groups.size() > kMaxGroups) {
    return Error{ErrorCode::kTooLarge, fmt::format("you are in {} groups and a command names at most {}: name those "
                                                   "that matter by --group",
                                                   person.groups.size(), kMaxGroups)};
  }
  if (!named.name.empty()) {
    person.name = named.name;
  }
  return person;
}

Json MakeCommand(const Options& options, const Person& person, const Json& rollout, TimePoint now,
                 std::optional<Duration> pause_for) {
  Json spec = {{"verb", options.verb}, {"who", person.name}, {"groups", person.groups}, {"why", options.why}};
  // A decision about a revision must not fall on the next one that git names in the same second.
  const std::string wanted = rollout.at("spec").value("revision", "");
  spec["revision"] = options.revision.empty() ? wanted : options.revision;
  if (options.verb == "undo" || options.verb == "pause" || options.verb == "resume" || options.verb == "eject") {
    spec["revision"] = options.revision;
  }
  if (!options.node.empty()) {
    spec["node"] = options.node;
  }
  if (pause_for) {
    spec["durationMs"] = pause_for->count();
  }
  if (options.assume_settled) {
    spec["assumeSettled"] = true;
  }
  const std::string name = fmt::format("{}-{}-{:x}-{:x}", cluster::KeyOf(rollout).name, options.verb,
                                       now.time_since_epoch().count(), getpid());
  return execute::RolloutCommand(rollout, name, std::move(spec));
}

// Why the command `uid` did nothing, "" if it was carried out; none until it was looked at.
std::optional<std::string> AnswerTo(Client& client, const cluster::ObjectKey& rollout, const std::string& uid) {
  const Result<cluster::SharedJson> now = client.Ask(cluster::Get{rollout});
  if (!now) {
    return std::nullopt;
  }
  for (const Json& taken : cluster::List(**now, {"status", "consumed"})) {
    if (cluster::Says(taken, {"uid"}, uid)) {
      return cluster::Text(taken, {"refused"});
    }
  }
  return std::nullopt;
}

int WaitForAnswer(Client& client, const Options& options, const Json& rollout, const Json& command) {
  const std::string uid = command.at("metadata").value("uid", "");
  const TimePoint end = client.Now() + kAnswerTimeout;
  while (client.Now() < end) {
    if (const auto refused = AnswerTo(client, cluster::KeyOf(rollout), uid)) {
      if (refused->empty()) {
        std::cout << fmt::format("{} {}: accepted\n", options.verb, options.target.name);
        return kExitOk;
      }
      std::cerr << fmt::format("{} {}: refused: {}\n", options.verb, options.target.name, *refused);
      return kExitErrors;
    }
    std::this_thread::sleep_for(kPollInterval);
  }
  std::cerr << fmt::format("{0}: {1} is recorded and not yet looked at; `{0} status {2}` tells what became of it\n",
                           ProgramName(), options.verb, options.target.name);
  return kExitErrors;
}

int Tell(const Options& options) {
  const std::optional<Duration> pause_for = ParseDuration(options.pause_for);
  if (!options.pause_for.empty() && !pause_for) {
    std::cerr << ProgramName() << ": `" << options.pause_for << "` is no duration; write 30m, 24h or 1h30m\n";
    return kExitUsage;
  }
  const Result<std::unique_ptr<Client>> opened = Client::Open(options.target);
  if (!opened) {
    std::cerr << ProgramName() << ": " << opened.error().message << "\n";
    return kExitUsage;
  }
  Client& client = **opened;
  const Result<std::vector<Json>> rollouts = client.Rollouts(options.target);
  if (!rollouts) {
    std::cerr << ProgramName() << ": " << rollouts.error().message << "\n";
    return kExitErrors;
  }
  const Json& rollout = rollouts->front();
  if (!options.output.empty()) {
    if (const Result<void> ready = PrepareEjected(client, rollout, options.output); !ready) {
      std::cerr << ProgramName() << ": " << ready.error().message << "\n";
      return ready.error().code == ErrorCode::kInvalid ? kExitUsage : kExitErrors;
    }
  }
  // Who asks for the files only now has let go of it before.
  if (!options.output.empty() && cluster::Says(rollout, {"status", "hold"}, "Ejected")) {
    return WriteEjected(client, rollout, options.output);
  }
  const Result<Person> person = Speaker(client, options.person);
  if (!person) {
    std::cerr << ProgramName() << ": " << person.error().message << "\n";
    return kExitErrors;
  }
  const Result<cluster::SharedJson> command =
      client.Ask(cluster::Create{MakeCommand(options, *person, rollout, client.Now(), pause_for), "sluice-cli"});
  if (!command) {
    std::cerr << ProgramName() << ": " << command.error().message << "\n";
    return kExitErrors;
  }
  const int answered = WaitForAnswer(client, options, rollout, **command);
  if (answered != kExitOk || options.verb != "eject") {
    return answered;
  }
  std::cout << fmt::format("what serves {} stays, and nothing moves it any more; its rollout may leave git\n",
                           options.target.name);
  return options.output.empty() ? kExitOk : WriteEjected(client, rollout, options.output);
}

struct Verb {
  const char* name;
  const char* help;
};
constexpr Verb kVerbs[] = {{"approve", "let a pause that waits for an approval go on"},
                           {"reject", "refuse an approval: the pause fails"},
                           {"pause", "stop moving forward; a way back is never stopped"},
                           {"resume", "go on after a pause"},
                           {"abort", "take the candidate's traffic back and hold its revision"},
                           {"retry", "try a held revision again, from the first step"},
                           {"promote", "skip the holds, gates and pauses that are left, never the capacity"},
                           {"undo", "go back to the revision that was stable before, until git names another"},
                           {"eject", "let go of a rollout: its objects stay as plain ones, under their names"}};

}  // namespace

void AddPeopleCommands(CLI::App& app, Run& run) {
  for (const Verb& verb : kVerbs) {
    auto options = std::make_shared<Options>();
    options->verb = verb.name;
    CLI::App* command = app.add_subcommand(verb.name, verb.help);
    options->target.AddTo(*command, true);
    command->add_option("--why", options->why, "the reason; stands in the history")->option_text("TEXT");
    command
        ->add_option("--as", options->person.name,
                     "who says it (whom the API server knows you as; where it knows nobody SLUICE_USER, USER)")
        ->option_text("USER");
    command->add_option("--group", options->person.groups, "a group of theirs; may be repeated (those that it knows)")
        ->option_text("GROUP")
        ->take_all();
    const std::string_view name = verb.name;
    if (name == "approve" || name == "reject") {
      command->add_option("--node", options->node, "the pause, where several wait")->option_text("PATH");
    }
    if (name == "approve" || name == "reject" || name == "abort" || name == "retry" || name == "promote" ||
        name == "undo") {
      command
          ->add_option("--revision", options->revision,
                       name == "undo" ? "the revision to go back to" : "the revision that is meant; git's unless said")
          ->option_text("REVISION");
    }
    if (name == "pause") {
      command->add_option("--for", options->pause_for, "how long, 24h unless said; then it rolls back")
          ->option_text("DURATION");
    }
    if (name == "abort") {
      command->add_flag("--assume-settled", options->assume_settled, "go on though the route never became settled");
    }
    if (name == "eject") {
      command->add_option("-o,--output", options->output, "writes the objects as YAML into this new directory")
          ->option_text("DIR");
    }
    command->callback([options, &run] { run = [options] { return Tell(*options); }; });
  }
}

}  // namespace sluice::cli
