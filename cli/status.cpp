// `sluice status` and `sluice history`.
#include <chrono>
#include <iostream>
#include <map>
#include <memory>
#include <thread>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/plan_set.h"
#include "cli/program.h"
#include "cli/status_view.h"

namespace sluice::cli {
namespace {

// How often --watch looks.
constexpr std::chrono::milliseconds kWatchInterval{500};

struct Options {
  Target target;
  Format format = Format::kText;
  bool watch = false;
};

int Fail(const Error& error) {
  std::cerr << ProgramName() << ": " << error.message << "\n";
  return error.code == ErrorCode::kInvalid ? kExitUsage : kExitErrors;
}

// All that the target means; an object that can't be read says so and doesn't hide the others.
Result<std::vector<RolloutView>> LoadAll(Client& client, const Target& target) {
  const Result<std::vector<cluster::Json>> rollouts = client.Rollouts(target);
  if (!rollouts) {
    return rollouts.error();
  }
  std::vector<RolloutView> views;
  for (const cluster::Json& rollout : *rollouts) {
    Result<RolloutView> view = client.Load(rollout);
    if (!view) {
      return std::move(view).error().Within(ToString(cluster::KeyOf(rollout)));
    }
    views.push_back(*std::move(view));
  }
  return views;
}

std::string Render(const std::vector<RolloutView>& views, const Options& options, TimePoint now) {
  std::string out;
  for (const RolloutView& view : views) {
    if (options.format == Format::kJson) {
      out += RenderStatusJson(view, now);
    } else if (options.format == Format::kShort || (options.target.name.empty() && views.size() > 1)) {
      out += RenderStatusLine(view, now);
    } else {
      out += RenderStatusText(view, now);
    }
  }
  return out.empty() && options.format != Format::kJson ? "there are no rollouts\n" : out;
}

// What comes before the rollouts, for people; programs read what they need of each rollout.
std::string Preface(Client& client, const Options& options) {
  if (options.format == Format::kJson) {
    return "";
  }
  std::string out;
  for (const cluster::Json& source : client.Sources()) {
    const std::string told = RenderSource(source, client.Now());
    out += told.empty() ? "" : told + "\n";
  }
  return out;
}

// For a terminal: the whole picture again and again.
int WatchScreen(Client& client, const Options& options) {
  for (;;) {
    const Result<std::vector<RolloutView>> views = LoadAll(client, options.target);
    std::cout << "\033[H\033[2J" << Preface(client, options)
              << (views ? Render(*views, options, client.Now()) : ProgramName() + ": " + views.error().message + "\n")
              << std::flush;
    std::this_thread::sleep_for(kWatchInterval);
  }
}

// For a pipe or a log: a line each time that something changed.
int WatchLines(Client& client, const Options& options) {
  std::map<std::string, std::string> last;
  for (;;) {
    const Result<std::vector<RolloutView>> views = LoadAll(client, options.target);
    if (!views) {
      return Fail(views.error());
    }
    for (const RolloutView& view : *views) {
      const std::string line =
          options.format == Format::kJson ? RenderStatusJson(view, client.Now()) : RenderChange(view);
      std::string& before = last[view.namespace_ + "/" + view.name];
      if (line != before) {
        std::cout << (options.format == Format::kJson ? "" : FormatTime(client.Now()).substr(11, 8) + "  ") << line
                  << std::flush;
        before = line;
      }
    }
    std::this_thread::sleep_for(kWatchInterval);
  }
}

int Status(const Options& options) {
  const Result<std::unique_ptr<Client>> opened = Client::Open(options.target);
  if (!opened) {
    std::cerr << ProgramName() << ": " << opened.error().message << "\n";
    return kExitUsage;
  }
  Client& client = **opened;
  if (options.watch) {
    return isatty(STDOUT_FILENO) == 1 && options.format == Format::kText ? WatchScreen(client, options)
                                                                         : WatchLines(client, options);
  }
  const Result<std::vector<RolloutView>> views = LoadAll(client, options.target);
  if (!views) {
    std::cerr << Preface(client, options);
    return Fail(views.error());
  }
  std::cout << Preface(client, options) << Render(*views, options, client.Now());
  return kExitOk;
}

int History(const Options& options) {
  const Result<std::unique_ptr<Client>> opened = Client::Open(options.target);
  if (!opened) {
    std::cerr << ProgramName() << ": " << opened.error().message << "\n";
    return kExitUsage;
  }
  Client& client = **opened;
  const Result<std::vector<RolloutView>> views = LoadAll(client, options.target);
  if (!views) {
    return Fail(views.error());
  }
  for (const RolloutView& view : *views) {
    std::cout << (options.format == Format::kJson ? RenderHistoryJson(view) : RenderHistoryText(view));
  }
  return kExitOk;
}

void AddFormat(CLI::App& command, Options& options, const std::map<std::string, Format>& formats, const char* help) {
  command.add_option("--format", options.format, help)
      ->transform(CLI::CheckedTransformer(formats).description(""))
      ->option_text("FORMAT");
}

}  // namespace

void AddStatus(CLI::App& app, Run& run) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("status", "say what git wants, what runs, where the rollout is and what it waits for");
  options->target.AddTo(*command, false);
  AddFormat(*command, *options, {{"text", Format::kText}, {"short", Format::kShort}, {"json", Format::kJson}},
            "text, short (a line each) or json (an object a line)");
  command->add_flag("--watch", options->watch, "go on showing it; into a pipe: a line for each change");
  command->callback([options, &run] { run = [options] { return Status(*options); }; });
}

void AddHistory(CLI::App& app, Run& run) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("history", "tell a rollout's last runs: each node's outcome with its evidence");
  options->target.AddTo(*command, true);
  AddFormat(*command, *options, {{"text", Format::kText}, {"json", Format::kJson}}, "text or json");
  command->callback([options, &run] { run = [options] { return History(*options); }; });
}

}  // namespace sluice::cli
