#include "tests/proxy/story.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <sstream>
#include <thread>

#include <fmt/format.h>

#include "compiler/graph/names.h"
#include "reconciler/execute/status_codec.h"
#include "tests/cluster/installation.h"
#include "tests/fault/oracles.h"
#include "tests/fault/seeds.h"
#include "tests/git/fixture.h"
#include "tests/proxy/proxy.h"
#include "tests/servers/process.h"

namespace sluice::proxy {
namespace {

using cluster::Json;
using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;

constexpr Milliseconds kLook{150};
constexpr Milliseconds kAtMost{90'000};  // for each act
constexpr Milliseconds kIntoTheRun{2'000};
constexpr Milliseconds kDown{3'000};
constexpr Milliseconds kStill{5'000};
constexpr Milliseconds kUntilStill{40'000};
constexpr int kKills = 3;
constexpr int kReplicas = 4;
constexpr std::size_t kFirstKillAtMost = 12;

std::string Plan(const std::string& tag) {
  return fmt::format(R"(
service web {{
  namespace "sluice-system"
  image     "example.com/web:{}"
  replicas  {}
  port      http 8080
  probe     ready http "/readyz" every 1s
  cpu       0.1
  memory    64Mi
  disruption 1
  config    "/etc/web" from "config/*"
}}

rollout web {{
  deploy   web
  deadline 5m
  drain    0s
  step first {{
    weight 25%
    run job {{ image "example.com/migrate:1" }} within 2m retry 1
  }}
  step half {{
    weight 50%
    hold   1s
  }}
  step most {{
    weight 75%
    hold   1s
  }}
  step full {{
    weight 100%
  }}
}}
)",
                     tag, kReplicas);
}

Json Named(const char* kind, const std::string& name, const std::string& namespace_) {
  Json object = {{"apiVersion", "v1"}, {"kind", kind}, {"metadata", {{"name", name}}}};
  if (!namespace_.empty()) object["metadata"]["namespace"] = namespace_;
  return object;
}

bool IsReady(const Json& pod) {
  if (cluster::Find(pod, {"metadata", "deletionTimestamp"}) != nullptr) return false;
  const Json& conditions = cluster::List(pod, {"status", "conditions"});
  return std::any_of(conditions.begin(), conditions.end(), [](const Json& condition) {
    return cluster::Says(condition, {"type"}, "Ready") && cluster::Says(condition, {"status"}, "True");
  });
}

class Telling {
 public:
  Telling(const Stage& stage, std::uint64_t seed)
      : stage_(stage),
        seed_(seed),
        dice_(seed * 7'919 + 1),
        view_(fmt::format("faults-{:06}", seed)),
        proxy_({administrator_.server(), stage.directory + "/ca.crt", view_, seed}) {
    Make(Named("Namespace", view_.real(), ""));
    Json pod = Named("Pod", "first", view_.real());
    pod["spec"] = {{"schedulerName", "nobody"},
                   {"containers", Json::array({{{"name", "sluice"}, {"image", "sluice"}}})}};
    pod_ = Make(pod);
    Json bystander = Named("ConfigMap", "web-bystander", view_.real());
    bystander["metadata"]["labels"] = {{graph::kServiceLabel, "web"}, {graph::kRolloutLabel, "web"}};
    bystander_ = Make(bystander);
    servers::WriteFile(
        account_, cluster::KubeconfigText(proxy_.url(), stage.directory + "/ca.crt",
                                          {{"token", servers::ReadLines(stage.directory + "/admin.token").at(0)}}));
  }

  Ending Tell() {
    const auto start = Clock::now();
    Play();
    const std::lock_guard lock(mutex_);
    process_.reset();
    Judge();
    ending_.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    return std::move(ending_);
  }

 private:
  bool IsDisturbed() const { return seed_ != 0; }

  void Play() {
    proxy_.SetTroubled(IsDisturbed());
    Commit("1");
    Begin();
    if (!Until("installed", [this] { return Settled(1); })) return;
    Commit("2");
    ArmKill();
    Live(kIntoTheRun);
    if (IsDisturbed()) GoDown();
    if (!Until("rolled out", [this] { return Settled(2); })) return;
    Commit("bad");
    if (!Until("crashing", [this] { return Rollout().dump().find("CrashLoopBackOff") != std::string::npos; })) return;
    if (!Until("aborted", [this] { return Aborted(); })) return;
    Commit("2");
    if (!Until("taken back", [this] { return Settled(3); })) return;
    proxy_.KillNobody();
    proxy_.SetTroubled(false);
    Commit("3");
    if (!Until("rolled out again", [this] { return Settled(4); })) return;
    std::size_t written = Writes();
    auto since = Clock::now();
    const bool still = Until(
        "still",
        [&] {
          if (const std::size_t now = Writes(); now != written) {
            written = now;
            since = Clock::now();
          }
          return Clock::now() - since >= kStill;
        },
        kUntilStill);
    if (!still) ending_.wrong.emplace_back("something is written for ever");
  }

  // The uid.
  std::string Make(const Json& object) {
    // The controller may not have made the namespace's service account yet.
    for (int i = 0; i < 200; ++i) {
      const auto made = administrator_.Ask(cluster::Create{object, "test"});
      if (made) return cluster::Text(**made, {"metadata", "uid"});
      std::this_thread::sleep_for(kLook);
    }
    ending_.wrong.push_back("refused: " + cluster::ToString(cluster::KeyOf(object)));
    return "";
  }

  void Commit(const std::string& tag) {
    commit_ =
        repository_.Commit("main", {{"plans/web.plan", Plan(tag)}, {"plans/config/app.conf", "a = 1\n"}}, commit_);
  }

  void Begin() {
    const std::lock_guard lock(mutex_);
    proxy_.Begin();
    ++ending_.processes;
    process_ = std::make_unique<servers::Server>(
        std::vector<std::string>{"/usr/bin/env", "POD_NAME=first", "POD_UID=" + pod_, std::string(SLUICE_BINARY),
                                 "reconcile", "--repo", git_.path(), "--path", "plans", "--cluster", account_,
                                 "--listen", "127.0.0.1:0", "--interval", "1"},
        scratch_.path() + "/reconcile.log");
  }

  void ArmKill() {
    if (!IsDisturbed() || ending_.kills == kKills) return;
    const auto moment = static_cast<Moment>((seed_ + ending_.kills) % 4);
    proxy_.KillAt(dice_.Below(kFirstKillAtMost) + 1, moment, [this] {
      const std::lock_guard lock(mutex_);
      if (process_ != nullptr && process_->IsRunning()) process_->Signal(SIGKILL);
    });
    armed_ = true;
  }

  bool Until(const std::string& what, const std::function<bool()>& done, Milliseconds at_most = kAtMost) {
    if (Live(at_most, done)) return true;
    ending_.wrong.push_back(fmt::format("it never is {}: {}", what, execute::Summary(Status())));
    for (const char* page : {"/readyz", "/sluice/v1/rollouts/sluice-system/web", "/metrics"}) {
      for (const std::string& line : Says(page)) ending_.wrong.push_back(fmt::format("{}: {}", page, line));
    }
    return false;
  }

  // What a page of the process says.
  std::vector<std::string> Says(const std::string& page) const {
    std::string address;
    for (const std::string& line : servers::ReadLines(scratch_.path() + "/reconcile.log")) {
      const std::string begin = "listening on ";
      const std::size_t at = line.find(begin);
      if (at != std::string::npos) address = line.substr(at + begin.size(), line.find('"', at) - at - begin.size());
    }
    const std::string answer = scratch_.path() + "/page";
    servers::Run({"/usr/bin/curl", "-sS", "-m", "5", address + page}, answer);
    return servers::ReadLines(answer);
  }

  // Through time, with a new process for one that ended.
  bool Live(Milliseconds at_most, const std::function<bool()>& done = {}) {
    const auto end = Clock::now() + at_most;
    while (Clock::now() < end) {
      if (!IsRunning()) {
        Begin();
        if (armed_ && killed_) {
          ++ending_.kills;
          armed_ = killed_ = false;
          ArmKill();
        }
      }
      if (done && done()) return true;
      std::this_thread::sleep_for(kLook);
    }
    return !done;
  }

  bool IsRunning() {
    const std::lock_guard lock(mutex_);
    if (process_->IsRunning()) return true;
    killed_ = process_->ended() == 128 + SIGKILL;
    if (!killed_) ++ending_.reached["a process ends by itself"];
    return false;
  }

  void GoDown() {
    proxy_.SetDown(true);
    const auto from = Clock::now();
    Live(kDown);
    proxy_.SetDown(false);
    ++ending_.reached["the server is down"];
    // In any second of it.
    std::vector<Clock::time_point> at;
    for (const Proxy::Entry& entry : proxy_.log()) {
      if (entry.at >= from && entry.at < from + kDown) at.push_back(entry.at);
    }
    for (std::size_t i = 0, j = 0; j < at.size(); ++j) {
      while (at[j] - at[i] > std::chrono::seconds(1)) ++i;
      ending_.most_while_down = std::max(ending_.most_while_down, j - i + 1);
    }
  }

  Json Rollout() {
    const auto got = administrator_.Ask(cluster::Get{{{graph::kApiVersion, graph::kRolloutKind}, view_.real(), "web"}});
    return got ? **got : Json::object();
  }
  decide::Status Status() {
    const Json rollout = Rollout();
    if (!rollout.contains("status")) return {};
    return execute::DecodeStatus(cluster::ParseJson(view_.Outwards(rollout.at("status").dump()))).value().status;
  }
  bool Settled(std::size_t runs) {
    const decide::Status status = Status();
    return status.phase == decide::Phase::kSettled && status.hold == decide::Hold::kNone &&
           status.history.size() >= runs;
  }
  bool Aborted() {
    if (Status().hold == decide::Hold::kHeld) return true;
    if (Clock::now() - told_at_ > std::chrono::seconds(10)) {
      told_at_ = Clock::now();
      teller_ = std::make_unique<servers::Server>(
          std::vector<std::string>{std::string(SLUICE_BINARY), "abort", "web", "--namespace", view_.real(),
                                   "--kubeconfig", stage_.kubeconfig},
          scratch_.path() + "/abort.log");
    }
    return false;
  }

  std::size_t Writes() const {
    const auto log = proxy_.log();
    return static_cast<std::size_t>(std::count_if(log.begin(), log.end(), [](const Proxy::Entry& entry) {
      return entry.asked.IsWrite() && !entry.asked.IsAside();
    }));
  }

  void Judge() {
    const std::vector<Write> writes = stage_.chronicle.Of(view_);
    const std::vector<Json> objects = Replay(writes);
    if (const std::string listed = execute::InventoryDiffers(objects); !listed.empty()) ending_.wrong.push_back(listed);
    const auto plain = PlainNames(writes, objects);
    std::set<std::string> lines;
    for (const Json& object : objects) lines.insert(plain(execute::Wanted(object)));
    for (const std::string& line : lines) ending_.objects += line + "\n";
    for (const auto& [name, times] : witness_.made) ending_.made[plain(name)] += times;
    for (const auto& [name, times] : witness_.gone) ending_.gone[plain(name)] += times;
    ending_.status = execute::Summary(Status());
    for (const auto& [what, times] : proxy_.reached()) ending_.reached[what] += times;
    TellLog();
  }

  // All that was committed, once more; what there is in the end.
  std::vector<Json> Replay(const std::vector<Write>& writes) {
    std::map<std::string, Json> there;
    std::set<std::string> ready;
    bool all_were_ready = false;
    ending_.least_ready = kReplicas;
    for (const Write& write : writes) {
      const std::string key = cluster::ToString(cluster::KeyOf(write.object));
      witness_.See(write.type, write.object);
      const bool gone = write.type == cluster::EventType::kDeleted;
      if (gone && cluster::Text(write.object, {"metadata", "uid"}) == bystander_) {
        ending_.wrong.push_back("somebody else's was deleted: " + key);
      }
      if (gone) {
        there.erase(key);
      } else {
        there[key] = write.object;
      }
      if (!cluster::Says(write.object, {"kind"}, "Pod")) continue;
      const bool serves = cluster::Says(write.object, {"metadata", "labels", graph::kServiceLabel}, "web");
      if (serves && !gone && IsReady(write.object)) {
        ready.insert(key);
      } else {
        ready.erase(key);
      }
      all_were_ready = all_were_ready || ready.size() >= kReplicas;
      if (all_were_ready) ending_.least_ready = std::min(ending_.least_ready, static_cast<int>(ready.size()));
    }
    ending_.wrong.insert(ending_.wrong.end(), witness_.broken.begin(), witness_.broken.end());
    std::vector<Json> objects;
    for (const auto& [key, object] : there) {
      const cluster::Kind kind = cluster::KeyOf(object).kind;
      if (!execute::IsOfControllers(kind) && kind.kind != graph::kCommandKind) objects.push_back(object);
    }
    return objects;
  }

  // Each story has a repository and a Rollout of its own, of which names of other objects are made: a text without
  // them.
  std::function<std::string(std::string)> PlainNames(const std::vector<Write>& writes,
                                                     const std::vector<Json>& objects) const {
    std::map<std::string, std::string> own = {{git_.path(), "REPOSITORY"}};
    for (const Json& object : objects) {
      if (!cluster::Says(object, {"kind"}, graph::kRolloutKind)) continue;
      own[cluster::Text(object, {"metadata", "labels", graph::kPlanSetLabel})] = "SOURCE";
    }
    for (const Write& write : writes) {
      if (!cluster::Says(write.object, {"kind"}, graph::kJobKind)) continue;
      const Json& metadata = write.object.at("metadata");
      own[cluster::Text(metadata, {"name"})] =
          fmt::format("JOB-{}-{}", cluster::Text(metadata, {"annotations", "sluice.dev/node"}),
                      cluster::Text(metadata, {"annotations", "sluice.dev/run"}));
    }
    own.erase("");
    return [own = std::move(own)](std::string text) {
      for (const auto& [name, common] : own) {
        for (std::size_t at = 0; (at = text.find(name, at)) != std::string::npos; at += common.size()) {
          text.replace(at, name.size(), common);
        }
      }
      return text;
    };
  }

  void TellLog() {
    const auto log = proxy_.log();
    ending_.requests = log.size();
    ending_.writes = Writes();
    for (const Proxy::Entry& entry : log) {
      if (entry.asked.IsAside() && ending_.wrong.empty()) continue;
      const double at = std::chrono::duration<double>(entry.at - log.front().at).count();
      ending_.log.push_back(fmt::format("{:5.1f} s {}", at, ToString(entry)));
    }
    for (const std::string& line : servers::ReadLines(scratch_.path() + "/reconcile.log")) {
      if (line.find("nothing was heard of the list") != std::string::npos) ++ending_.reached["a list fell silent"];
      if (!ending_.wrong.empty()) ending_.log.push_back(line);
    }
  }

  const Stage& stage_;
  const std::uint64_t seed_;
  execute::Dice dice_;
  const View view_;
  git::ScratchDirectory git_, scratch_;
  git::TestRepository repository_{git_.path()};
  std::string commit_, pod_, bystander_;
  const std::string account_ = scratch_.path() + "/kubeconfig";
  cluster::Administrator administrator_{stage_.kubeconfig};
  Ending ending_;
  execute::Witness witness_;
  Clock::time_point told_at_{};
  std::unique_ptr<servers::Server> teller_;
  bool armed_ = false, killed_ = false;
  std::mutex mutex_;  // of the process: the proxy kills it
  std::unique_ptr<servers::Server> process_;
  Proxy proxy_;
};

std::string CountsDiffer(const std::string& verb, const std::map<std::string, int>& whole,
                         const std::map<std::string, int>& ending) {
  std::string text;
  std::set<std::string> names;
  for (const auto* counts : {&whole, &ending}) {
    for (const auto& [name, times] : *counts) names.insert(name);
  }
  const auto times = [](const std::map<std::string, int>& counts, const std::string& name) {
    const auto found = counts.find(name);
    return found == counts.end() ? 0 : found->second;
  };
  for (const std::string& name : names) {
    if (times(whole, name) == times(ending, name)) continue;
    text += fmt::format("{} {} times instead of {}: {}\n", verb, times(ending, name), times(whole, name), name);
  }
  return text;
}

}  // namespace

Ending Tell(const Stage& stage, std::uint64_t seed) { return Telling(stage, seed).Tell(); }

std::string Difference(const Ending& whole, const Ending& ending) {
  if (ending.status != whole.status) return ending.status + "\ninstead of " + whole.status;
  if (ending.objects != whole.objects) return execute::LinesDiffer(whole.objects, ending.objects);
  const std::string counts =
      CountsDiffer("made", whole.made, ending.made) + CountsDiffer("gone", whole.gone, ending.gone);
  if (!counts.empty()) return counts;
  if (ending.least_ready < whole.least_ready) {
    return fmt::format("{} pods were ready at some moment instead of {}", ending.least_ready, whole.least_ready);
  }
  return "";
}

}  // namespace sluice::proxy
