#include "tests/fault/play.h"

#include <algorithm>

#include <fmt/format.h>

#include "compiler/graph/names.h"
#include "reconciler/execute/status_codec.h"
#include "tests/fault/attend.h"
#include "tests/fault/plays.h"

namespace sluice::execute {
namespace {

using cluster::Death;
using cluster::Json;

constexpr Duration kLook{500};          // of virtual time, between two looks at how far a story is
constexpr Duration kAtMost{1'200'000};  // for each act
constexpr Duration kTail{300'000};      // after the last one: what is to go, goes
constexpr Duration kStill{60'000};      // of these, at the end
constexpr Duration kDeadFor{3'000};     // between a death whose write was carried out and the next process
constexpr Duration kTrafficRest{
    5'000};  // as metrics are scraped: callers of a world that stands still are carried together

embedded::World Shop() {
  embedded::Load load;
  load.host = "shop.example.com";
  load.path = "/checkout";
  load.per_second = 100;
  embedded::Load inside;
  inside.namespace_ = "shop";
  inside.service = "checkout";
  embedded::World world = BadImages();
  embedded::ImageBehaviour failing;
  failing.pattern = "shop/smoke:bad";
  failing.exit_code = 1;
  embedded::ImageBehaviour crashing;
  crashing.pattern = "*/checkout:crash";
  crashing.crash_after = Duration(500);
  crashing.ready = false;
  world.images.insert(world.images.begin(), {failing, crashing});
  world.loads = {load, inside};
  world.default_per_second = 0;  // nobody calls the bystander
  return world;
}

// Objects of somebody else that look like ours.
void PutBystanders(Scene& scene) {
  const Json labels = {{graph::kServiceLabel, "checkout"}, {graph::kRolloutLabel, "checkout"}};
  for (const char* kind : {"ConfigMap", "Service"}) {
    Json object = {{"apiVersion", "v1"},
                   {"kind", kind},
                   {"metadata", {{"name", "checkout-bystander"}, {"namespace", "shop"}, {"labels", labels}}}};
    if (std::string(kind) == "Service") object["spec"] = {{"ports", {{{"port", 80}}}}, {"selector", {{"a", "b"}}}};
    scene.embedded->Send(cluster::Create{std::move(object), "somebody"}, [](const Result<cluster::SharedJson>&) {});
  }
  scene.RunFor(Duration(1'000));
}

class Telling {
 public:
  explicit Telling(const Play& play) : scene_(Shop(), 1, {}, {}, play.loses ? Duration(0) : kTrafficRest) {
    Attend(witness_, scene_);
    PutBystanders(scene_);
    Put(scene_, play.there);
    scene_.RunFor(Duration(play.there.empty() ? 0 : 20'000));
    scene_.repository.Commit({{"other.plan", NotePlan()}});
    for (const Act& act : play.before) Perform(act);
  }

  Ending Tell(const Play& play, const Disturbance& disturbance) {
    const std::size_t trace = scene_.cluster->trace().size();
    for (const Json& object : ObjectsOf(scene_)) {
      before_[cluster::ToString(cluster::KeyOf(object))] = object.at("metadata").at("uid");
    }
    if (const auto* crashes = std::get_if<Crashes>(&disturbance)) {
      crashes_ = *crashes;
      AwaitCrash();
    } else if (const auto* refusal = std::get_if<Refusal>(&disturbance)) {
      Refuse(trace + refusal->request, refusal->fault);
    }
    Ending ending;
    ending.over = std::all_of(play.acts.begin(), play.acts.end(), [this](const Act& act) { return Perform(act); });
    const TimePoint end = scene_.loop.Now() + kTail;
    Live([&] { return scene_.loop.Now() >= end - kStill; });
    const std::size_t written = scene_.cluster->writes();
    Live([&] { return scene_.loop.Now() >= end; });
    ending.still = scene_.cluster->writes() == written;
    Describe(ending, trace);
    return ending;
  }

 private:
  bool Perform(const Act& act) {
    act.deed(scene_);
    if (scene_.reconciler == nullptr) scene_.Start();
    const TimePoint latest = scene_.loop.Now() + kAtMost;
    bool over = false;
    Live([&] { return (over = act.over(scene_)) || scene_.loop.Now() >= latest; });
    return over;
  }

  void Refuse(std::size_t number, const cluster::Fault& fault) {
    const cluster::FailingCluster& cluster = *scene_.cluster;
    const auto fits = [&cluster, number, kind = std::string()](const cluster::Request& request) mutable {
      const std::string is = cluster::Describe(request);
      if (cluster.requests() == number) kind = is;
      return !kind.empty() && is == kind;
    };
    scene_.cluster->Inject(fits, fault, 3);
  }

  void AwaitCrash() {
    if (next_crash_ == crashes_.size()) return;
    const Crash& crash = crashes_[next_crash_++];
    death_ = crash.death;
    scene_.cluster->DieAtWrite(scene_.cluster->writes() + crash.write, crash.death);
  }

  // Through time until `done`, with a new process for one that died.
  void Live(const std::function<bool()>& done) {
    while (!done()) {
      scene_.RunUntil([this] { return scene_.cluster->dead(); }, kLook);
      if (!scene_.cluster->dead()) continue;
      scene_.Kill();
      // A lost answer's write is still on its way when the next process starts.
      if (death_ == Death::kBeforeRecording) scene_.RunFor(kDeadFor);
      scene_.cluster->Revive();
      AwaitCrash();
      scene_.Start();
    }
  }

  void Describe(Ending& ending, std::size_t trace) {
    const std::vector<Json> objects = ObjectsOf(scene_);
    for (const Json& object : objects) {
      ending.objects += Wanted(object) + "\n";
      const std::string key = cluster::ToString(cluster::KeyOf(object));
      const auto found = before_.find(key);
      if (found != before_.end() && found->second == object.at("metadata").at("uid")) {
        ending.survivors[key] = found->second;
      }
    }
    ending.left_over = InventoryDiffers(objects);
    ending.broken = witness_.broken;
    ending.made = witness_.made;
    ending.gone = witness_.gone;
    ending.status = Summary(scene_.StatusOf("checkout"));
    ending.lost = scene_.embedded->ledger().TotalLost();
    const std::vector<std::string>& all = scene_.cluster->trace();
    for (std::size_t i = trace; i < all.size(); ++i) {
      const std::string verb = all[i].substr(0, all[i].find(' '));
      if (verb == "delete") ending.deleted.insert(all[i]);
      if (verb != "get" && verb != "list") ending.writes.push_back(all[i]);
      ending.requests.push_back(all[i]);
    }
  }

  Witness witness_;
  Scene scene_;
  Crashes crashes_;
  std::size_t next_crash_ = 0;
  Death death_ = Death::kBeforeSending;
  std::map<std::string, std::string> before_;
};

// How often each came or went, where that differs.
std::string CountsDiffer(const std::string& verb, const std::map<std::string, int>& whole,
                         const std::map<std::string, int>& ending) {
  std::string text;
  for (const auto& [key, times] : ending) {
    const auto found = whole.find(key);
    const int wanted = found == whole.end() ? 0 : found->second;
    if (times != wanted) text += fmt::format("{} {} times instead of {}: {} ", verb, times, wanted, key);
  }
  return text;
}

}  // namespace

Ending Tell(const Play& play, const Disturbance& disturbance) { return Telling(play).Tell(play, disturbance); }

std::string Difference(const Play& play, const Ending& whole, const Ending& ending) {
  if (!ending.over) return "it comes to no end: " + ending.status;
  if (ending.status != whole.status) return ending.status + "\ninstead of " + whole.status;
  if (ending.objects != whole.objects) return LinesDiffer(whole.objects, ending.objects);
  if (!ending.left_over.empty()) return ending.left_over;
  if (!ending.broken.empty()) return ending.broken.front();
  if (!ending.still) return "something is written for ever";
  const std::string counts =
      CountsDiffer("made", whole.made, ending.made) + CountsDiffer("gone", whole.gone, ending.gone);
  if (!counts.empty()) return counts;
  for (const std::string& key : ending.deleted) {
    if (!whole.deleted.contains(key)) return "a wrong deletion: " + key;
  }
  for (const auto& [key, uid] : whole.survivors) {
    const auto found = ending.survivors.find(key);
    if (found == ending.survivors.end() || found->second != uid) return "deleted on the way: " + key;
  }
  // A first install is called before it is there, what was removed after it was.
  const bool serves = !(play.before.empty() && play.there.empty()) && !ending.status.starts_with("idle");
  if (serves && ending.lost > whole.lost) {
    return fmt::format("{} requests are lost instead of {}", ending.lost, whole.lost);
  }
  return "";
}

}  // namespace sluice::execute
