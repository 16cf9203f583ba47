#include "reconciler/simulate/play.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "compiler/base/base64.h"
#include "compiler/base/overloaded.h"
#include "compiler/base/text.h"
#include "compiler/graph/names.h"
#include "compiler/graph/walk.h"
#include "reconciler/cluster/value_json.h"
#include "reconciler/execute/rollout_command.h"
#include "reconciler/simulate/circumstances.h"
#include "reconciler/simulate/system.h"
#include "reconciler/simulate/witness.h"

namespace sluice::simulate {
namespace {

using cluster::Json;

// 2027-01-04 10:00, a Monday.
constexpr TimePoint kUsualStart{Duration(1'799'056'800'000)};
// What the version before has to be installed and to be called for a while, and what it may take if that isn't enough.
constexpr Duration kInstall{std::chrono::minutes(5)};
constexpr Duration kInstallAtMost{std::chrono::hours(2)};
// Beyond the plan's own deadline.
constexpr Duration kGrace{std::chrono::hours(24)};
// Prometheus looks at pods as often unless gates look more often.
constexpr Duration kScrape{15'000};
constexpr Duration kLeastScrape{1'000};
constexpr const char* kFile = "version";
constexpr std::size_t kMaxVersion = 16;
constexpr const char* kLostNode = "node-1";

enum class Version { kNothing, kBefore, kCandidate, kNext };

// Without query and fragment.
std::string AddressOf(const std::string& url) { return url.substr(0, url.find_first_of("?#")); }

// The world outside the cluster: it takes what is told to it, and knows nothing.
class Outside : public http::Http {
 public:
  // `asked`: hears of each address that was asked for nothing.
  Outside(loop::Loop& loop, std::function<void(const std::string&)> asked) : loop_(loop), asked_(std::move(asked)) {}
  void Send(http::HttpRequest request, std::function<void(Result<http::HttpResponse>)> reply) override {
    const bool takes = request.method == "POST";
    const std::string address = AddressOf(request.url);
    if (!takes) asked_(address);
    loop_.After(Duration(20), [takes, address, reply = std::move(reply)] {
      if (takes) return reply(http::HttpResponse{200, "{}"});
      reply(Error{ErrorCode::kUnavailable, fmt::format("nothing answers {} here", address)});
    });
  }

 private:
  loop::Loop& loop_;
  const std::function<void(const std::string&)> asked_;
};

// A commit's tree holds one file, which names the version.
sync::CompileFunction CompilerOf(const Subject& subject) {
  return [&subject](const source::FileTree& tree) {
    const Result<std::string> version = tree.Read(kFile, kMaxVersion);
    sync::Compiled compiled;
    compiled.plan_files = 1;
    if (version.ok() && *version == "nothing") return compiled;
    const bool before = version.ok() && *version == "before";
    const bool next = version.ok() && *version == "next";
    compiled.graphs = SharedList<graph::Graph>(std::vector<graph::Graph>{before ? subject.before
                                                                         : next ? subject.next
                                                                                : subject.candidate});
    return compiled;
  };
}

const char* NameOf(Version version) {
  switch (version) {
    case Version::kNothing:
      return "nothing";
    case Version::kBefore:
      return "before";
    case Version::kNext:
      return "next";
    case Version::kCandidate:
      break;
  }
  return "candidate";
}

// Gates look as often as there is something new to see.
Duration ScrapeInterval(const graph::Graph& graph) {
  Duration interval = kScrape;
  for (const graph::Gate& gate : graph.gates) interval = std::min(interval, gate.every);
  return std::max(interval, kLeastScrape);
}

SystemOptions OptionsOf(const Subject& subject, const check::Scenario& scenario,
                        const std::function<void(const std::string&)>& asked) {
  SystemOptions options;
  options.start = scenario.starts.value_or(kUsualStart) - kInstall;
  options.cluster.seed = scenario.seed;
  options.cluster.scrape_interval = ScrapeInterval(subject.candidate);
  options.cluster.traffic_rest = kScrape;
  options.cluster.world = WorldAt(subject, {}, options.start, options.start);  // the scenario begins with its commit
  options.compile = CompilerOf(subject);
  options.interval = std::chrono::hours(1);  // a commit is fetched at once
  options.outside = [asked](loop::Loop& loop) { return std::make_unique<Outside>(loop, asked); };
  return options;
}

class Performance {
 public:
  Performance(const Subject& subject, const check::Scenario& scenario)
      : subject_(subject),
        scenario_(scenario),
        system_(OptionsOf(subject, scenario, [this](const std::string& address) { NoteUnanswered(address); })),
        witness_(*system_.embedded, subject) {
    witness_.now = [this] { return system_.loop.Now(); };
    witness_.waits = [this] { return Waits(); };
    witness_.on_status = [this] { ScheduleAnswers(); };
    system_.http->AnswerEveryPrometheus();
    system_.http->AskFirst([this](const http::HttpRequest& request) { return AnswerTo(request); });
  }

  Course Run() {
    MakeSecrets();
    Commit(scenario_.first_install ? Version::kNothing : Version::kBefore);
    system_.Start();
    const bool rests = system_.RunUntilAtRest(kInstallAtMost);
    const std::string stable = scenario_.first_install ? "" : subject_.before.workload.revision;
    if (!rests || witness_.status().stable != stable) return Failed();
    system_.loop.RunUntil(std::max(scenario_.starts.value_or(kUsualStart), system_.loop.Now()));
    commit_ = system_.loop.Now();
    writes_ = system_.cluster->writes();
    witness_.Begin(commit_);
    Refresh();
    for (const check::Circumstance& each : scenario_.circumstances) Schedule(each);
    Commit(Version::kCandidate);
    const Duration at_most = scenario_.at_most.value_or(subject_.candidate.policies.deadline + kGrace);
    const bool over = system_.RunUntil([this] { return IsOver(); }, at_most);
    Course course = witness_.Finish(system_.loop.Now());
    course.out_of_time = !over;
    course.unanswered.assign(unanswered_.begin(), unanswered_.end());
    course.broken = system_.broken;
    course.writes = static_cast<std::int64_t>(system_.cluster->writes() - writes_);
    return course;
  }

 private:
  void MakeSecrets();
  void Commit(Version version);
  void Schedule(const check::Circumstance& circumstance);
  void Announce(const check::Period& period, const std::string& what);
  void Refresh();
  void ScheduleAnswers();
  void Command(const check::Person& person, const graph::Node* pause);
  std::vector<const graph::Node*> PausesOf(const std::string& step) const;
  const graph::Node* OpenPause(const std::string& step) const;
  bool IsOpen(const graph::Node& pause, std::int32_t entry) const;
  void At(Duration time, std::function<void()> act) { system_.loop.At(commit_ + time, std::move(act)); }
  // The same for what must have happened before it is over.
  void Await(Duration time, std::function<void()> act) {
    ++awaited_;
    At(time, [this, act = std::move(act)] {
      --awaited_;
      act();
    });
  }
  std::optional<Result<http::HttpResponse>> AnswerTo(const http::HttpRequest& request) const;
  void NoteUnanswered(const std::string& address);
  bool IsOver() const;
  std::string Waits() const;
  Course Failed() const;

  // Of the circumstances that are of this kind and hold now, the one written last; null if there is none.
  template <typename Clause>
  const Clause* Holding() const {
    const Duration now = system_.loop.Now() - commit_;
    const Clause* holding = nullptr;
    for (const check::Circumstance& each : scenario_.circumstances) {
      const auto* clause = std::get_if<Clause>(&each);
      if (clause != nullptr && check::Holds(clause->period, now)) holding = clause;
    }
    return holding;
  }

  const Subject& subject_;
  const check::Scenario& scenario_;
  System system_;
  Witness witness_;
  TimePoint commit_{};
  std::size_t writes_ = 0;
  int awaited_ = 0, fetches_ = 0, commands_ = 0;
  bool node_lost_ = false;
  std::set<std::string> unanswered_;  // addresses
  // Answers to pauses that are on their way: which of the circumstances, to which entry of which pause of which run.
  std::set<std::tuple<std::size_t, std::string, std::int32_t, std::int32_t>> asked_;
};

// What a plan reads from Secrets is there; nobody looks at what it says.
void Performance::MakeSecrets() {
  std::map<std::string, Json> secrets;
  for (const graph::SecretKey& each : graph::SecretsOf(subject_.candidate)) {
    secrets[each.name][each.key] = ToBase64("simulated");
  }
  for (const auto& [name, data] : secrets) {
    system_.embedded->Send(
        cluster::Create{{{"apiVersion", "v1"},
                         {"kind", "Secret"},
                         {"metadata", {{"name", name}, {"namespace", subject_.candidate.rollout_namespace}}},
                         {"data", data}},
                        "simulation"},
        [](const Result<cluster::SharedJson>&) {});
  }
}

void Performance::Commit(Version version) {
  system_.repository.Commit({{kFile, NameOf(version)}});
  fetches_ = system_.repository.fetches();
  if (system_.reconciler != nullptr) system_.reconciler->syncer().FetchNow();
}

// Begin and end of a circumstance.
void Performance::Announce(const check::Period& period, const std::string& what) {
  At(period.from, [this, what] {
    witness_.Tell(what);
    Refresh();
  });
  if (!period.to) return;
  At(*period.to, [this, what] {
    witness_.Tell("no longer: " + what);
    Refresh();
  });
}

// Brings the world to what holds now: of periods that touch, none undoes what the next one did.
void Performance::Refresh() {
  using Trouble = embedded::EmbeddedHttp::Trouble;
  system_.embedded->SetWorld(WorldAt(subject_, scenario_, commit_, system_.loop.Now()));
  const auto* metrics = Holding<check::MetricsTrouble>();
  system_.http->SetPrometheus(metrics == nullptr ? Trouble::kNone : metrics->down ? Trouble::kDown : Trouble::kEmpty);
  system_.cluster->SetDown(Holding<check::ApiDown>() != nullptr);
  const bool lost = Holding<check::NodeLost>() != nullptr;
  if (lost && !node_lost_) system_.embedded->LoseNode(kLostNode);
  if (!lost && node_lost_) system_.embedded->RestoreNode(kLostNode);
  node_lost_ = lost;
  const bool down = Holding<check::ControllerDown>() != nullptr;
  if (down && system_.reconciler != nullptr) system_.Kill();
  if (!down && system_.reconciler == nullptr) system_.Start();
}

void Performance::Schedule(const check::Circumstance& circumstance) {
  std::visit(
      Overloaded{
          // Known to the world from the commit on: see WorldAt.
          [](const check::ErrorRate&) {},
          [](const check::Latency&) {},
          [](const check::ReadyAfter&) {},
          [](const check::Unready&) {},
          [](const check::Crashes&) {},
          [](const check::Unpullable&) {},
          [&](const check::Jobs& jobs) {
            Announce(jobs.period, jobs.what == check::Jobs::Do::kFail ? "Jobs fail" : "Jobs hang");
          },
          [&](const check::Load& load) { Announce(load.period, fmt::format("{} requests a second", load.per_second)); },
          [&](const check::MetricsTrouble& trouble) {
            Announce(trouble.period, trouble.down ? "metrics are down" : "metrics are lost");
          },
          [&](const check::Answer& answer) {
            Announce(answer.period, answer.json ? fmt::format("{} answers {}", answer.address, answer.json->ToText())
                                                : answer.address + " is down");
          },
          [&](const check::ControllerDown& down) { Announce(down.period, "the controller is down"); },
          [&](const check::ApiDown& down) { Announce(down.period, "the API server is down"); },
          [&](const check::NodeLost& lost) { Announce(lost.period, "a node is lost"); },
          [&](const check::Person& person) {
            if (person.since_asked) return;  // see ScheduleAnswers
            Await(person.at, [this, &person] { Command(person, OpenPause(person.step)); });
          },
          [&](const check::FurtherCommit& commit) {
            Await(commit.at, [this, &commit] {
              witness_.Tell(commit.revert ? "git names the version before again" : "git names a further version");
              Commit(commit.revert ? Version::kBefore : Version::kNext);
            });
          },
      },
      circumstance);
}

std::vector<const graph::Node*> Performance::PausesOf(const std::string& step) const {
  std::vector<const graph::Node*> pauses;
  for (const graph::Node& node : subject_.candidate.nodes) {
    if (node.step == step && std::holds_alternative<graph::PauseNode>(node.does)) pauses.push_back(&node);
  }
  return pauses;
}

// That of the step which waits for an answer now, else its first one; null for a step without a pause.
const graph::Node* Performance::OpenPause(const std::string& step) const {
  const std::vector<const graph::Node*> pauses = PausesOf(step);
  for (const graph::Node* pause : pauses) {
    const auto record = witness_.status().nodes.find(pause->path);
    if (record != witness_.status().nodes.end() && record->second.state == decide::NodeState::kActive) return pause;
  }
  return pauses.empty() ? nullptr : pauses.front();
}

bool Performance::IsOpen(const graph::Node& pause, std::int32_t entry) const {
  const auto record = witness_.status().nodes.find(pause.path);
  return record != witness_.status().nodes.end() && record->second.state == decide::NodeState::kActive &&
         record->second.entry == entry;
}

// People answer so long after they were asked, each time that they are.
void Performance::ScheduleAnswers() {
  const std::int32_t run = witness_.status().run;
  for (std::size_t i = 0; i < scenario_.circumstances.size(); ++i) {
    const auto* person = std::get_if<check::Person>(&scenario_.circumstances[i]);
    if (person == nullptr || !person->since_asked) continue;
    for (const graph::Node* pause : PausesOf(person->step)) {
      const auto record = witness_.status().nodes.find(pause->path);
      if (record == witness_.status().nodes.end() || !IsOpen(*pause, record->second.entry)) continue;
      const std::int32_t entry = record->second.entry;
      if (!asked_.emplace(i, pause->path, run, entry).second) continue;
      ++awaited_;
      const TimePoint at = std::max(record->second.entered_at + person->at, system_.loop.Now());
      system_.loop.At(at, [this, person, pause, run, entry] {
        --awaited_;
        if (witness_.status().run == run && IsOpen(*pause, entry)) Command(*person, pause);
      });
    }
  }
}

void Performance::Command(const check::Person& person, const graph::Node* pause) {
  const graph::Graph& graph = subject_.candidate;
  const Json rollout =
      system_.embedded->Peek({{graph::kApiVersion, graph::kRolloutKind}, graph.rollout_namespace, graph.rollout});
  if (rollout.is_null()) return;
  const std::string asked = pause == nullptr ? "" : std::get<graph::PauseNode>(pause->does).approver;
  const std::string& group = person.group.empty() ? asked : person.group;
  const std::string who = fmt::format("{}-{}", group.empty() ? "someone" : group, ++commands_);
  Json spec = {{"verb", person.verb},
               {"who", who},
               {"groups", group.empty() ? Json::array() : Json::array({group})},
               {"why", "the scenario says so"}};
  const bool of_revision = person.verb != "undo" && person.verb != "pause" && person.verb != "resume";
  if (of_revision) spec["revision"] = cluster::Text(rollout, {"spec", "revision"});
  if (pause != nullptr) spec["node"] = pause->path;
  witness_.Tell(fmt::format("{} says {}{}{}", who, person.verb, person.step.empty() ? "" : " ", person.step));
  const std::string name = fmt::format("{}-{}", graph.rollout, commands_);
  system_.embedded->Send(cluster::Create{execute::RolloutCommand(rollout, name, std::move(spec)), "simulation"},
                         [](const Result<cluster::SharedJson>&) {});
}

// What the scenario says of that address; nullopt if it says nothing now.
std::optional<Result<http::HttpResponse>> Performance::AnswerTo(const http::HttpRequest& request) const {
  const std::string address = AddressOf(request.url);
  const Duration now = system_.loop.Now() - commit_;
  const check::Answer* said = nullptr;
  for (const check::Circumstance& each : scenario_.circumstances) {
    const auto* answer = std::get_if<check::Answer>(&each);
    if (answer != nullptr && FitsPattern(address, answer->address) && check::Holds(answer->period, now)) said = answer;
  }
  if (said == nullptr) return std::nullopt;
  const auto* trouble = Holding<check::MetricsTrouble>();
  if (!said->json || (trouble != nullptr && trouble->down)) return Error{ErrorCode::kUnavailable, "connection refused"};
  return http::HttpResponse{200, trouble != nullptr ? "{}" : cluster::ToJson(*said->json).dump()};
}

void Performance::NoteUnanswered(const std::string& address) {
  if (unanswered_.insert(address).second) witness_.Tell(Unanswered(address));
}

bool Performance::IsOver() const {
  // A command is deleted once it was taken.
  if (awaited_ > 0 || system_.reconciler == nullptr || witness_.commands_gone() < commands_) return false;
  const Reconciler& reconciler = *system_.reconciler;
  return system_.repository.fetches() > fetches_ && reconciler.syncer().at_rest() && reconciler.executor().at_rest();
}

std::string Performance::Waits() const {
  if (system_.reconciler == nullptr) return "no controller runs";
  const auto& runners = system_.reconciler->executor().runners();
  const auto found = runners.find({subject_.candidate.rollout_namespace, subject_.candidate.rollout});
  return found == runners.end() ? "" : found->second->summary();
}

Course Performance::Failed() const {
  Course course;
  course.trouble =
      fmt::format("the version before, `{}`, could not be installed: {}", subject_.before.workload.image, Waits());
  return course;
}

}  // namespace

std::string Unanswered(const std::string& address) {
  return fmt::format("nothing answers {} here; say in the scenario what does: `metrics \"{}\" {{ FIELD: 1 }}`", address,
                     address);
}

Course Play(const Subject& subject, const check::Scenario& scenario) { return Performance(subject, scenario).Run(); }

}  // namespace sluice::simulate
