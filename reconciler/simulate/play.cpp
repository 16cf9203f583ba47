#include "reconciler/simulate/play.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "compiler/base/overloaded.h"
#include "compiler/graph/names.h"
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

enum class Version { kBefore, kCandidate, kNext };

// The world outside the cluster: it takes what is told to it, and knows nothing.
class Outside : public http::Http {
 public:
  explicit Outside(loop::Loop& loop) : loop_(loop) {}
  void Send(http::HttpRequest request, std::function<void(Result<http::HttpResponse>)> reply) override {
    loop_.After(Duration(20), [takes = request.method == "POST", reply = std::move(reply)] {
      if (takes) return reply(http::HttpResponse{200, "{}"});
      reply(Error{ErrorCode::kUnavailable, "nothing outside the cluster is simulated"});
    });
  }

 private:
  loop::Loop& loop_;
};

// A commit's tree holds one file, which names the version.
sync::CompileFunction CompilerOf(const Subject& subject) {
  return [&subject](const source::FileTree& tree) {
    const Result<std::string> version = tree.Read(kFile, kMaxVersion);
    sync::Compiled compiled;
    compiled.plan_files = 1;
    const bool before = version.ok() && *version == "before";
    const bool next = version.ok() && *version == "next";
    compiled.graphs = SharedList<graph::Graph>(std::vector<graph::Graph>{before ? subject.before
                                                                         : next ? subject.next
                                                                                : subject.candidate});
    return compiled;
  };
}

const char* NameOf(Version version) {
  return version == Version::kBefore ? "before" : version == Version::kNext ? "next" : "candidate";
}

// Gates look as often as there is something new to see.
Duration ScrapeInterval(const graph::Graph& graph) {
  Duration interval = kScrape;
  for (const graph::Gate& gate : graph.gates) interval = std::min(interval, gate.every);
  return std::max(interval, kLeastScrape);
}

SystemOptions OptionsOf(const Subject& subject, const check::Scenario& scenario) {
  SystemOptions options;
  options.start = scenario.starts.value_or(kUsualStart) - kInstall;
  options.cluster.seed = scenario.seed;
  options.cluster.scrape_interval = ScrapeInterval(subject.candidate);
  options.cluster.traffic_rest = kScrape;
  options.cluster.world = WorldAt(subject, scenario, options.start + kInstall, options.start);
  options.compile = CompilerOf(subject);
  options.interval = std::chrono::hours(1);  // a commit is fetched at once
  options.outside = [](loop::Loop& loop) { return std::make_unique<Outside>(loop); };
  return options;
}

class Performance {
 public:
  Performance(const Subject& subject, const check::Scenario& scenario)
      : subject_(subject),
        scenario_(scenario),
        system_(OptionsOf(subject, scenario)),
        witness_(*system_.embedded, subject) {
    witness_.now = [this] { return system_.loop.Now(); };
    witness_.waits = [this] { return Waits(); };
    witness_.on_status = [this] { ScheduleAnswers(); };
  }

  Course Run() {
    Commit(Version::kBefore);
    system_.Start();
    if (!system_.RunUntilAtRest(kInstallAtMost)) return Failed();
    system_.loop.RunUntil(std::max(scenario_.starts.value_or(kUsualStart), system_.loop.Now()));
    commit_ = system_.loop.Now();
    writes_ = system_.cluster->writes();
    witness_.Begin(commit_);
    ScheduleCircumstances();
    Commit(Version::kCandidate);
    const Duration at_most = scenario_.at_most.value_or(subject_.candidate.policies.deadline + kGrace);
    system_.RunUntil([this] { return Over(); }, at_most);
    Course course = witness_.Finish(system_.loop.Now());
    course.broken = system_.broken;
    course.writes = static_cast<std::int64_t>(system_.cluster->writes() - writes_);
    return course;
  }

 private:
  void Commit(Version version);
  void ScheduleCircumstances();
  void Schedule(const check::Circumstance& circumstance);
  void Over(const check::Period& period, const std::string& what, const std::function<void(bool holds)>& turn);
  void ScheduleAnswers();
  void Command(const check::Person& person, const std::string& node, const std::string& group);
  const graph::Node* PauseOf(const std::string& step) const;
  void At(Duration time, std::function<void()> act) { system_.loop.At(commit_ + time, std::move(act)); }
  // The same for what must have happened before it is over.
  void Await(Duration time, std::function<void()> act) {
    ++awaited_;
    At(time, [this, act = std::move(act)] {
      --awaited_;
      act();
    });
  }
  bool Over() const;
  std::string Waits() const;
  Course Failed() const;

  const Subject& subject_;
  const check::Scenario& scenario_;
  System system_;
  Witness witness_;
  TimePoint commit_{};
  std::size_t writes_ = 0;
  int awaited_ = 0, fetches_ = 0, commands_ = 0;
  // Answers to pauses that are on their way: which of the circumstances, to which entry of its pause.
  std::set<std::pair<std::size_t, std::int32_t>> asked_;
};

void Performance::Commit(Version version) {
  system_.repository.Commit({{kFile, NameOf(version)}});
  fetches_ = system_.repository.fetches();
  if (system_.reconciler != nullptr) system_.reconciler->syncer().FetchNow();
}

void Performance::ScheduleCircumstances() {
  for (const check::Circumstance& each : scenario_.circumstances) Schedule(each);
}

void Performance::Over(const check::Period& period, const std::string& what,
                       const std::function<void(bool holds)>& turn) {
  At(period.from, [this, what, turn] {
    witness_.Tell(what);
    turn(true);
  });
  if (!period.to) return;
  At(*period.to, [this, what, turn] {
    witness_.Tell("no longer: " + what);
    turn(false);
  });
}

void Performance::Schedule(const check::Circumstance& circumstance) {
  using Trouble = embedded::EmbeddedHttp::Trouble;
  const auto look_again = [this](bool) {
    system_.embedded->SetWorld(WorldAt(subject_, scenario_, commit_, system_.loop.Now()));
  };
  std::visit(
      Overloaded{
          // In the world from its start: see WorldAt.
          [](const check::ErrorRate&) {},
          [](const check::Latency&) {},
          [](const check::ReadyAfter&) {},
          [](const check::Unready&) {},
          [](const check::Crashes&) {},
          [](const check::Unpullable&) {},
          [&](const check::Jobs& jobs) { Over(jobs.period, "Jobs don't pass", look_again); },
          [&](const check::Load& load) {
            Over(load.period, fmt::format("{} requests a second", load.per_second), look_again);
          },
          [&](const check::MetricsTrouble& trouble) {
            const Trouble kind = trouble.down ? Trouble::kDown : Trouble::kEmpty;
            Over(trouble.period, trouble.down ? "metrics are down" : "metrics are lost",
                 [this, kind](bool holds) { system_.http->SetPrometheus(holds ? kind : Trouble::kNone); });
          },
          [&](const check::ControllerDown& down) {
            Over(down.period, "the controller is down", [this](bool holds) {
              if (holds) return system_.Kill();
              system_.Start();
            });
          },
          [&](const check::ApiDown& down) {
            Over(down.period, "the API server is down", [this](bool holds) { system_.cluster->SetDown(holds); });
          },
          [&](const check::NodeLost& lost) {
            Over(lost.period, "a node is lost", [this](bool holds) {
              if (holds) return system_.embedded->LoseNode(kLostNode);
              system_.embedded->RestoreNode(kLostNode);
            });
          },
          [&](const check::Person& person) {
            if (person.since_asked) return;  // see ScheduleAnswers
            Await(person.at, [this, &person] {
              const graph::Node* pause = PauseOf(person.step);
              Command(person, pause == nullptr ? "" : pause->path, "");
            });
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

const graph::Node* Performance::PauseOf(const std::string& step) const {
  const auto& nodes = subject_.candidate.nodes;
  const auto found = std::find_if(nodes.begin(), nodes.end(), [&](const graph::Node& node) {
    return node.step == step && std::holds_alternative<graph::PauseNode>(node.does);
  });
  return found == nodes.end() ? nullptr : &*found;
}

// People answer so long after they were asked.
void Performance::ScheduleAnswers() {
  for (std::size_t i = 0; i < scenario_.circumstances.size(); ++i) {
    const auto* person = std::get_if<check::Person>(&scenario_.circumstances[i]);
    if (person == nullptr || !person->since_asked) continue;
    const graph::Node* pause = PauseOf(person->step);
    if (pause == nullptr) continue;
    const auto record = witness_.status().nodes.find(pause->path);
    if (record == witness_.status().nodes.end() || record->second.state == decide::NodeState::kDone) continue;
    if (!asked_.emplace(i, record->second.entry).second) continue;
    const TimePoint at = std::max(record->second.entered_at + person->at, system_.loop.Now());
    ++awaited_;
    system_.loop.At(at, [this, person, pause] {
      --awaited_;
      Command(*person, pause->path, std::get<graph::PauseNode>(pause->does).approver);
    });
  }
}

void Performance::Command(const check::Person& person, const std::string& node, const std::string& group) {
  const graph::Graph& graph = subject_.candidate;
  const Json rollout =
      system_.embedded->Peek({{graph::kApiVersion, graph::kRolloutKind}, graph.rollout_namespace, graph.rollout});
  if (rollout.is_null()) return;
  const std::string of = person.group.empty() ? group : person.group;
  const std::string who = fmt::format("{}-{}", of.empty() ? "someone" : of, ++commands_);
  Json spec = {{"rollout", graph.rollout},
               {"rolloutUid", cluster::Text(rollout, {"metadata", "uid"})},
               {"verb", person.verb},
               {"who", who},
               {"groups", of.empty() ? Json::array() : Json::array({of})},
               {"why", "the scenario says so"}};
  const bool of_revision = person.verb != "undo" && person.verb != "pause" && person.verb != "resume";
  if (of_revision) spec["revision"] = cluster::Text(rollout, {"spec", "revision"});
  if (!node.empty()) spec["node"] = node;
  witness_.Tell(fmt::format("{} says {}{}{}", who, person.verb, person.step.empty() ? "" : " ", person.step));
  system_.embedded->Send(cluster::Create{{{"apiVersion", graph::kApiVersion},
                                          {"kind", graph::kCommandKind},
                                          {"metadata",
                                           {{"name", fmt::format("{}-{}", graph.rollout, commands_)},
                                            {"namespace", graph.rollout_namespace},
                                            {"labels", {{graph::kRolloutLabel, graph.rollout}}}}},
                                          {"spec", std::move(spec)}},
                                         "simulation"},
                         [](const Result<cluster::SharedJson>&) {});
}

bool Performance::Over() const {
  if (awaited_ > 0 || system_.reconciler == nullptr) return false;
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

Course Play(const Subject& subject, const check::Scenario& scenario) { return Performance(subject, scenario).Run(); }

}  // namespace sluice::simulate
