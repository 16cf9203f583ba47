#include "cli/status_view.h"

#include <algorithm>

#include <fmt/format.h>

#include "cli/step_view.h"
#include "reconciler/execute/names.h"
#include "reconciler/execute/status_codec.h"

namespace sluice::cli {
namespace {

using decide::Hold;
using decide::Status;

Number ShareOf(const Status& status, const std::string& revision) {
  const auto found = status.applied.shares.find(revision);
  return found == status.applied.shares.end() ? Number(0) : found->second;
}

// The tag of an image, or as much of it as tells it apart.
std::string ShortImage(const std::string& image) {
  const std::size_t slash = image.rfind('/');
  return slash == std::string::npos ? image : image.substr(slash + 1);
}

std::string ImageOf(const RolloutView& view, const std::string& revision) {
  if (revision == view.wanted && !view.wanted_image.empty()) {
    return view.wanted_image;
  }
  const auto pods = view.pods.find(revision);
  if (pods != view.pods.end() && !pods->second.image.empty()) {
    return pods->second.image;
  }
  for (auto past = view.status.history.rbegin(); past != view.status.history.rend(); ++past) {
    const decide::RunRecord& run = **past;
    if (run.revision == revision) {
      return run.image;
    }
  }
  return "";
}

std::string RevisionLine(const RolloutView& view, const char* role, const std::string& revision) {
  if (revision.empty()) {
    return fmt::format("  {:<11}none\n", role);
  }
  std::string line = fmt::format("  {:<11}{}  {}", role, revision, ShortImage(ImageOf(view, revision)));
  const auto pods = view.pods.find(revision);
  if (pods != view.pods.end()) {
    line += fmt::format("  {} of {} pods ready", pods->second.ready, pods->second.spec);
  }
  if (!view.status.applied.shares.empty()) {
    line += fmt::format("  {} of the traffic", ShareOf(view.status, revision).ToPercent(1));
  }
  return line + "\n";
}

std::string Rejection(const RolloutView& view) {
  return view.ready_reason == execute::kBundleRejected ? "what git wants is not accepted: " + view.message : "";
}

// Why git's revision isn't what runs; "" where it is or is on its way.
std::string WhyDifferent(const RolloutView& view) {
  const Status& status = view.status;
  if (std::string rejection = Rejection(view); !rejection.empty()) {
    return rejection;
  }
  if (!status.pinned.empty()) {
    return fmt::format("pinned to {} by `undo` until git names another revision", status.pinned);
  }
  for (const decide::HeldRevision& held : status.held) {
    if (held.revision == view.wanted && !held.lifted) {
      return fmt::format("{} is held: {}", held.revision, held.cause);
    }
  }
  return status.back_since ? status.back_reason : "";
}

// What the rollout does now, as its executor says it; from its condition if that can't be asked.
std::string Present(const RolloutView& view) {
  const auto summary = view.explained.is_object() ? view.explained.find("summary") : view.explained.end();
  return summary != view.explained.end() && summary->is_string() && !summary->empty() ? summary->get<std::string>()
                                                                                      : view.message;
}

// The one thing to say of it on a line.
std::string News(const RolloutView& view) {
  const std::string rejection = Rejection(view);
  return !rejection.empty() ? rejection : view.status.hold != Hold::kNone ? view.status.hold_reason : Present(view);
}

struct GateLine {
  std::string gate, node, text, at;
};

// The newest sample of each gate that is being looked at.
std::vector<GateLine> NewestSamples(const RolloutView& view) {
  std::vector<GateLine> lines;
  if (!view.graph || !view.explained.is_object() || !view.explained.contains("gates")) {
    return lines;
  }
  for (const cluster::Json& one : view.explained.at("gates")) {
    const cluster::Json& sample = one.at("newest");
    GateLine line;
    for (const graph::Gate& gate : view.graph->gates) {
      line.gate = gate.key == one.at("gate") ? gate.name : line.gate;
    }
    line.node = one.at("node");
    line.at = sample.at("at").get<std::string>();
    for (const auto& [name, value] : sample.at("values").items()) {
      line.text += (line.text.empty() ? "" : ", ") + (name == "value" ? "" : name + " ") + value.get<std::string>();
    }
    if (sample.at("result") != "value") {
      line.text = sample.at("result").get<std::string>() + ": " + sample.value("message", "");
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

std::string Ago(TimePoint now, TimePoint then) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now - then);
  return FormatDuration(std::max(Duration(0), Duration(seconds))) + " ago";
}

nlohmann::ordered_json RunJson(const decide::RunRecord& run) {
  nlohmann::ordered_json json = {{"run", run.run},         {"revision", run.revision},
                                 {"from", run.from},       {"image", run.image},
                                 {"outcome", run.outcome}, {"reason", run.reason},
                                 {"who", run.who},         {"startedAt", FormatTime(run.started_at)}};
  if (run.ended_at) {
    json["endedAt"] = FormatTime(*run.ended_at);
  }
  json["nodes"] = nlohmann::ordered_json::array();
  for (const decide::RunRecord::NodeResult& node : run.nodes) {
    json["nodes"].push_back({{"path", node.path},
                             {"outcome", execute::LeftAs(node)},
                             {"evidence", node.evidence},
                             {"at", FormatTime(node.at)}});
  }
  return json;
}

nlohmann::ordered_json RevisionJson(const RolloutView& view, const std::string& revision) {
  if (revision.empty()) {
    return nullptr;
  }
  nlohmann::ordered_json json = {{"revision", revision},
                                 {"image", ImageOf(view, revision)},
                                 {"share", ShareOf(view.status, revision).ToPercent(1)}};
  const auto pods = view.pods.find(revision);
  if (pods != view.pods.end()) {
    json["pods"] = pods->second.spec;
    json["ready"] = pods->second.ready;
  }
  return json;
}

}  // namespace

std::string StateName(const Status& status) {
  return std::string(status.hold != Hold::kNone ? execute::HoldName(status.hold) : execute::PhaseName(status.phase));
}

std::string RenderSource(const cluster::Json& source, TimePoint now) {
  const std::string message = cluster::Text(source, {"message"});
  const std::string wanted = cluster::Text(source, {"wanted"});
  std::string out;
  if (!message.empty()) {
    out += fmt::format("git    {}\n", message);
    TimePoint since = now;
    const bool dated = ParseTime(cluster::Text(source, {"since"}), since);
    const std::string stays =
        wanted.empty() ? "no commit is in use yet" : "commit " + wanted.substr(0, 10) + " stays in use";
    out += fmt::format("       {}{}\n", stays, dated ? "; found " + Ago(now, since) : "");
  }
  for (const cluster::Json& trouble : cluster::List(source, {"trouble"})) {
    if (const auto* text = trouble.get_ptr<const std::string*>()) {
      out += fmt::format("not applied of commit {}: {}\n", wanted.substr(0, 10), *text);
    }
  }
  return out;
}

std::string RenderStatusText(const RolloutView& view, TimePoint now) {
  const Status& status = view.status;
  std::string out = fmt::format("{} ({})  {}\n", view.name, view.namespace_, StateName(status));
  out += fmt::format("  {:<11}{}  {}", "git wants", view.wanted, ShortImage(view.wanted_image));
  if (!view.commit.empty()) {
    out += fmt::format("  commit {}{}", view.commit.substr(0, 10), view.ref.empty() ? "" : " on " + view.ref);
  }
  out += "\n" + RevisionLine(view, "stable", status.stable);
  if (!status.candidate.empty() && status.candidate != status.stable) {
    out += RevisionLine(view, "candidate", status.candidate);
  }
  for (const std::string& leaving : status.leaving) {
    out += RevisionLine(view, "leaving", leaving);
  }
  if (const std::string why = WhyDifferent(view); !why.empty()) {
    out += fmt::format("  {:<11}{}\n", "because", why);
  }
  if (status.hold != Hold::kNone && !status.hold_reason.empty()) {
    out += fmt::format("  {:<11}{}{}\n", "waits", status.hold_reason,
                       status.hold_since ? " (" + Ago(now, *status.hold_since) + ")" : "");
  } else if (const std::string present = Present(view); !present.empty()) {
    out += fmt::format("  {:<11}{}\n", "now", present);
  }
  for (const GateLine& line : NewestSamples(view)) {
    out += fmt::format("  {:<11}{}: {}  (at {}, for {})\n", "gate", line.gate, line.text, line.at.substr(11, 8),
                       line.node);
  }
  if (view.graph) {
    out += "\n" + RenderStepsText(*view.graph, status, now);
  }
  return out;
}

std::string RenderStatusLine(const RolloutView& view, TimePoint now) {
  const Status& status = view.status;
  const std::string step = view.graph ? PresentStep(*view.graph, status) : "";
  const std::string image = ShortImage(view.wanted_image);
  const Number share = ShareOf(status, status.candidate.empty() ? status.stable : status.candidate);
  (void)now;
  return fmt::format("{:<20} {:<12} {:<24} {:<14} {:>6}  {}\n", view.name, StateName(status), image, step,
                     share.ToPercent(1), News(view));
}

std::string RenderChange(const RolloutView& view) {
  const Status& status = view.status;
  const std::string& shown = status.candidate.empty() ? status.stable : status.candidate;
  std::string line = fmt::format("{}  {:<12}", view.name, StateName(status));
  if (!shown.empty()) {
    line += fmt::format("  {:<16} {:>5} of the traffic", ShortImage(ImageOf(view, shown)),
                        ShareOf(status, shown).ToPercent(1));
    const auto pods = view.pods.find(shown);
    line += pods == view.pods.end() ? "" : fmt::format(", {} of {} pods ready", pods->second.ready, pods->second.spec);
  }
  const std::string news = News(view);
  return line + (news.empty() ? "" : "  " + news) + "\n";
}

std::string RenderStatusJson(const RolloutView& view, TimePoint now) {
  const Status& status = view.status;
  nlohmann::ordered_json json = {{"name", view.name}, {"namespace", view.namespace_}, {"state", StateName(status)}};
  json["git"] = {{"revision", view.wanted},
                 {"image", view.wanted_image},
                 {"commit", view.commit},
                 {"repository", view.repository},
                 {"ref", view.ref}};
  json["stable"] = RevisionJson(view, status.stable);
  json["candidate"] = status.candidate == status.stable ? nullptr : RevisionJson(view, status.candidate);
  json["leaving"] = nlohmann::ordered_json::array();
  for (const std::string& leaving : status.leaving) {
    json["leaving"].push_back(RevisionJson(view, leaving));
  }
  json["because"] = WhyDifferent(view);
  json["waits"] = status.hold != Hold::kNone ? status.hold_reason : Present(view);
  json["run"] = status.run;
  json["at"] = FormatTime(now);
  json["steps"] = view.graph ? StepsJson(*view.graph, status) : nlohmann::ordered_json::array();
  json["gates"] = nlohmann::ordered_json::array();
  for (const GateLine& line : NewestSamples(view)) {
    json["gates"].push_back({{"gate", line.gate}, {"node", line.node}, {"newest", line.text}, {"at", line.at}});
  }
  json["held"] = nlohmann::ordered_json::array();
  for (const decide::HeldRevision& held : status.held) {
    json["held"].push_back(
        {{"revision", held.revision}, {"cause", held.cause}, {"at", FormatTime(held.at)}, {"lifted", held.lifted}});
  }
  return json.dump() + "\n";
}

std::string RenderHistoryText(const RolloutView& view) {
  std::string out;
  for (auto past = view.status.history.rbegin(); past != view.status.history.rend(); ++past) {
    const decide::RunRecord& run = **past;
    const std::string lasted = run.ended_at ? " after " + FormatDuration(*run.ended_at - run.started_at) : "";
    out += fmt::format("run {}  {}  {}  {}{}\n", run.run, run.revision, ShortImage(run.image), run.outcome, lasted);
    out += fmt::format("  began {}{}\n", FormatTime(run.started_at), run.from.empty() ? "" : " from " + run.from);
    if (!run.reason.empty()) {
      out += fmt::format("  because {}{}\n", run.reason, run.who.empty() ? "" : " (" + run.who + ")");
    }
    for (const decide::RunRecord::NodeResult& node : run.nodes) {
      out += fmt::format("  {}  {:<40} {}{}\n", FormatTime(node.at).substr(11, 8), node.path, execute::LeftAs(node),
                         node.evidence.empty() ? "" : "  " + node.evidence);
    }
  }
  return out.empty() ? "nothing was rolled out yet\n" : out;
}

std::string RenderHistoryJson(const RolloutView& view) {
  nlohmann::ordered_json runs = nlohmann::ordered_json::array();
  for (const decide::RunRecord& run : view.status.history) {
    runs.push_back(RunJson(run));
  }
  return nlohmann::ordered_json{{"name", view.name}, {"namespace", view.namespace_}, {"runs", std::move(runs)}}.dump() +
         "\n";
}

}  // namespace sluice::cli
