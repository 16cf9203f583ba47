#include "tests/fault/play.h"

#include <algorithm>

#include <fmt/format.h>

#include "compiler/graph/names.h"
#include "reconciler/execute/status_codec.h"

namespace sluice::execute {
namespace {

using cluster::Death;
using cluster::Json;
using decide::Hold;
using decide::Phase;

constexpr Duration kLook{500};          // of virtual time, between two looks at how far a story is
constexpr Duration kAtMost{1'200'000};  // for each act
constexpr Duration kTail{180'000};      // after the last one: what is to go, goes
constexpr Duration kDeadFor{3'000};     // between a death whose write was carried out and the next process
const std::string kNote =
    "object note { apiVersion: \"v1\" kind: \"ConfigMap\" metadata: { name: \"note\" "
    "namespace: \"shop\" } data: { a: \"b\" } }\n";

std::vector<Json> AllObjects(const Scene& scene) {
  const std::vector<cluster::Kind> kinds = {{"v1", "ConfigMap"},
                                            {"v1", "Service"},
                                            {"v1", "Namespace"},
                                            {"apps/v1", "Deployment"},
                                            {"apps/v1", "StatefulSet"},
                                            {graph::kJobApiVersion, graph::kJobKind},
                                            {graph::kAutoscalerApiVersion, graph::kAutoscalerKind},
                                            {"gateway.networking.k8s.io/v1", "HTTPRoute"},
                                            {graph::kApiVersion, graph::kRolloutKind},
                                            {graph::kApiVersion, graph::kBundleKind},
                                            {graph::kApiVersion, graph::kCommandKind}};
  std::vector<Json> all;
  for (const cluster::Kind& kind : kinds) {
    for (Json& object : scene.embedded->PeekAll(kind)) all.push_back(std::move(object));
  }
  return all;
}

// The object as a person wants it: without versions, times, and counters of writes.
std::string Wanted(const Json& object) {
  Json plain = object;
  plain.erase("status");
  Json& metadata = plain["metadata"];
  for (const char* field : {"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields"}) {
    metadata.erase(field);
  }
  if (metadata.contains("annotations")) {
    for (const char* name : {graph::kEpochAnnotation, decide::kSplitAnnotation, graph::kOwnerAnnotation}) {
      metadata["annotations"].erase(name);
    }
  }
  // Of a Job, what it has from its uid and from the time at which it was made.
  if (cluster::Says(plain, {"kind"}, graph::kJobKind)) {
    plain["spec"].erase("selector");
    plain["spec"].erase("activeDeadlineSeconds");
    plain["spec"]["template"].erase("metadata");
    metadata["labels"].erase("controller-uid");
    metadata["labels"].erase("batch.kubernetes.io/controller-uid");
  }
  // The inventory and the source's state are looked at by what they say of objects.
  if (metadata.value("labels", Json::object()).contains(sync::kInventoryLabel)) plain.erase("data");
  return plain.dump();
}

// What stands in the inventory and isn't in the cluster as it says.
std::string LeftOver(const std::vector<Json>& objects) {
  std::map<std::string, std::string> uids;
  for (const Json& object : objects) {
    uids[cluster::ToString(cluster::KeyOf(object))] = object.at("metadata").at("uid");
  }
  std::string text;
  for (const Json& object : objects) {
    const Json data = object.value("data", Json::object());
    if (!data.contains("entries")) continue;
    for (const Json& row : Json::parse(data.at("entries").get<std::string>())) {
      const std::string key = cluster::ToString({{row[0], row[1]}, row[2], row[3]});
      if (!uids.contains(key) || uids[key] != row[4]) text += key + " ";
    }
  }
  return text;
}

std::string Summary(const decide::Status& status) {
  std::string text = fmt::format("{} {} stable {} candidate {}, promoted", PhaseName(status.phase),
                                 HoldName(status.hold), status.stable, status.candidate);
  for (const auto& revision : status.promoted) text += " " + revision;
  text += ", held";
  for (const auto& held : status.held) text += " " + held.revision + (held.lifted ? " (lifted)" : "");
  text += ", routed";
  for (const auto& [revision, share] : status.applied.shares) text += fmt::format(" {} {}", revision, share.ToString());
  text += ", pods";
  for (const auto& [revision, pods] : status.applied.pods) text += fmt::format(" {} {}", revision, pods);
  for (const auto& run : status.history)
    text += fmt::format("; run {} of {} {}", run->run, run->revision, run->outcome);
  return text;
}

bool Installed(const Scene& scene) { return scene.StatusOf("checkout").phase == Phase::kSettled; }
bool Gone(const Scene& scene) { return scene.Object(graph::kApiVersion, graph::kRolloutKind, "checkout").is_null(); }
bool InFirstHold(const Scene& scene) {
  const decide::Status status = scene.StatusOf("checkout");
  return !status.candidate.empty() && status.nodes.contains("checkout/first/hold");
}
bool IsHeld(const Scene& scene) { return scene.StatusOf("checkout").hold == Hold::kHeld; }
// So many runs have come to their end, and all is quiet.
std::function<bool(const Scene&)> SettledAfter(std::size_t runs) {
  return [runs](const Scene& scene) {
    const decide::Status status = scene.StatusOf("checkout");
    return status.phase == Phase::kSettled && status.history.size() >= runs;
  };
}

}  // namespace

namespace {

// By pods alone: no router's objects.
std::string PodsPlan(const std::string& tag) {
  return fmt::format(R"(
service checkout {{
  namespace "shop"
  image     "ghcr.io/acme/checkout:{}"
  replicas  4
  port      http 8080
  probe     ready http "/readyz" every 1s
}}
rollout checkout {{
  deploy   checkout
  deadline 30m
  drain    5s
  step first {{ weight 25%  hold 6s }}
  step half  {{ weight 50%  hold 6s }}
  step full  {{ weight 100% }}
}}
)",
                     tag);
}

std::string JobPlan(const std::string& tag, const std::string& image) {
  std::string plan = PodsPlan(tag);
  plan.insert(plan.find("step half"), "step smoke { run job { image \"" + image + "\" } within 1m retry 1 }\n  ");
  return plan;
}

// Two pods have less to do than the autoscaler wants: it stays at its least, whenever a crash lets it look.
std::string CountedPlan(const std::string& tag) {
  std::string plan = ShopPlan(tag);
  const std::size_t at = plan.find("replicas");
  return plan.replace(at, plan.find('\n', at) - at, "replicas 2 to 8 at cpu 90%\n  cpu 0.1");
}

git::MemoryRepository::Files AdoptingFiles(const std::string& tag) {
  std::string plan = ShopPlan(tag);
  const std::size_t at = plan.find("service checkout");
  plan.replace(at, plan.find("route shop") - at, "service checkout from \"k8s/*.yaml\"\n");
  return {{"checkout.plan", plan}, {"k8s/checkout.yaml", ToYaml(Legacy(tag))}};
}

// By pods, of a StatefulSet.
git::MemoryRepository::Files InPlaceFiles(const std::string& tag) {
  std::string plan = PodsPlan(tag);
  plan.replace(0, plan.find("rollout"), "service checkout from \"k8s/*.yaml\"\n");
  return {{"checkout.plan", plan}, {"k8s/checkout.yaml", ToYaml(LegacyInPlace(tag))}};
}

bool AdoptedInPlace(const Scene& scene) {
  const Json set = scene.Object("apps/v1", "StatefulSet", "web");
  return scene.StatusOf("checkout").phase == Phase::kSettled &&
         !cluster::Text(set, {"metadata", "annotations", graph::kOwnerAnnotation}).empty();
}

std::string PlainPlan(const std::string& tag) {
  const std::string plan = ShopPlan(tag);
  return plan.substr(plan.find("service"), plan.find("route shop") - plan.find("service"));
}

bool RunsPlain(const Scene& scene) {
  return cluster::Integer(scene.Object("apps/v1", "Deployment", "checkout"), {"status", "readyReplicas"}) == 4;
}

bool RunsAlone(const Scene& scene) {
  return Installed(scene) && scene.Object("apps/v1", "Deployment", "checkout").is_null();
}

// The Deployment is the last that is let go of.
bool IsEjected(const Scene& scene) {
  const decide::Status status = scene.StatusOf("checkout");
  const Json stable = scene.Object("apps/v1", "Deployment", "checkout-" + status.stable);
  return status.hold == decide::Hold::kEjected &&
         cluster::Find(stable, {"metadata", "annotations", graph::kOwnerAnnotation}) == nullptr;
}

bool Adopted(const Scene& scene) {
  const decide::Status status = scene.StatusOf("checkout");
  const Json budget = scene.Object(graph::kBudgetApiVersion, graph::kBudgetKind, "web");
  return status.phase == Phase::kSettled && status.applied.settled_at &&
         !cluster::Text(budget, {"metadata", "annotations", graph::kOwnerAnnotation}).empty();
}

}  // namespace

std::vector<Play> Plays() {
  const Act install{{{"checkout.plan", ShopPlan("1")}}, Installed};
  const Act second{{{"checkout.plan", ShopPlan("2", "10m")}}, InFirstHold};
  return {
      {"first install", {}, {install}},
      {"good canary", {install}, {{{{"checkout.plan", ShopPlan("2")}}, SettledAfter(2)}}},
      {"gate fails", {install}, {{{{"checkout.plan", ShopPlan("bad", "60s")}}, IsHeld}}},
      {"supersede", {install}, {second, {{{"checkout.plan", ShopPlan("3")}}, SettledAfter(3)}}},
      {"by pods",
       {{{{"checkout.plan", PodsPlan("1")}}, Installed}},
       {{{{"checkout.plan", PodsPlan("2")}}, SettledAfter(2)}}},
      {"a step's Job",
       {{{{"checkout.plan", JobPlan("1", "shop/smoke:1")}}, Installed}},
       {{{{"checkout.plan", JobPlan("2", "shop/smoke:1")}}, SettledAfter(2)},
        {{{"checkout.plan", JobPlan("3", "shop/smoke:bad")}}, IsHeld}}},
      {"autoscaled",
       {{{{"checkout.plan", CountedPlan("1")}}, Installed}},
       {{{{"checkout.plan", CountedPlan("2")}}, SettledAfter(2)}}},
      {"adopted", {}, {{AdoptingFiles("1"), Adopted}, {AdoptingFiles("2"), SettledAfter(2)}}, Legacy("1")},
      {"in place",
       {},
       {{InPlaceFiles("1"), AdoptedInPlace}, {InPlaceFiles("2"), SettledAfter(2)}, {InPlaceFiles("crash"), IsHeld}},
       LegacyInPlace("1")},
      {"gets a rollout",
       {{{{"checkout.plan", PlainPlan("1")}}, RunsPlain}},
       {{{{"checkout.plan", ShopPlan("1")}}, RunsAlone}}},
      {"ejected",
       {{{{"checkout.plan", CountedPlan("1")}}, Installed}, {{{"checkout.plan", CountedPlan("2")}}, SettledAfter(2)}},
       {{{}, IsEjected, "eject"}}},
      {"removal", {install}, {second, {{{"other.plan", kNote}}, Gone}}},
  };
}

namespace {

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
  explicit Telling(const Play& play) : scene_(Shop()) {
    PutBystanders(scene_);
    Put(scene_, play.there);
    scene_.RunFor(Duration(play.there.empty() ? 0 : 20'000));
    scene_.repository.Commit({{"other.plan", kNote}});
    for (const Act& act : play.before) Perform(act);
  }

  Ending Tell(const Play& play, const Disturbance& disturbance) {
    const std::size_t before = scene_.cluster->writes();
    const std::size_t trace = scene_.cluster->trace().size();
    if (const auto* crash = std::get_if<Crash>(&disturbance)) death_ = crash->death;
    for (const Json& object : AllObjects(scene_)) {
      before_[cluster::ToString(cluster::KeyOf(object))] = object.at("metadata").at("uid");
    }
    if (const auto* crash = std::get_if<Crash>(&disturbance)) {
      scene_.cluster->DieAtWrite(before + crash->write, crash->death);
    } else if (const auto* refusal = std::get_if<Refusal>(&disturbance)) {
      Refuse(trace + refusal->request, refusal->fault);
    }
    Ending ending;
    ending.over = std::all_of(play.acts.begin(), play.acts.end(), [this](const Act& act) { return Perform(act); });
    const TimePoint end = scene_.loop.Now() + kTail;
    Live([&] { return scene_.loop.Now() >= end; });
    Describe(ending, trace);
    return ending;
  }

 private:
  bool Perform(const Act& act) {
    if (!act.commit.empty()) scene_.repository.Commit(act.commit);
    if (scene_.reconciler == nullptr) scene_.Start();
    if (!act.command.empty()) scene_.Command("checkout", act.command);
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

  // Through time until `done`, with a new process for one that died.
  void Live(const std::function<bool()>& done) {
    while (!done()) {
      scene_.RunUntil([this] { return scene_.cluster->dead(); }, kLook);
      if (!scene_.cluster->dead()) continue;
      scene_.Kill();
      // A lost answer's write is still on its way when the next process starts.
      if (death_ == Death::kBeforeRecording) scene_.RunFor(kDeadFor);
      scene_.cluster->Revive();
      scene_.Start();
    }
  }

  void Describe(Ending& ending, std::size_t trace) {
    const std::vector<Json> objects = AllObjects(scene_);
    for (const Json& object : objects) {
      ending.objects += Wanted(object) + "\n";
      const std::string key = cluster::ToString(cluster::KeyOf(object));
      const auto found = before_.find(key);
      if (found != before_.end() && found->second == object.at("metadata").at("uid")) {
        ending.survivors[key] = found->second;
      }
    }
    ending.left_over = LeftOver(objects);
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

  Scene scene_;
  Death death_ = Death::kBeforeSending;
  std::map<std::string, std::string> before_;
};

}  // namespace

Ending Tell(const Play& play, const Disturbance& disturbance) { return Telling(play).Tell(play, disturbance); }

std::string Difference(const Play& play, const Ending& whole, const Ending& ending) {
  if (!ending.over) return "it comes to no end: " + ending.status;
  if (ending.status != whole.status) return ending.status + "\ninstead of " + whole.status;
  if (ending.objects != whole.objects) return "objects\n" + ending.objects + "\ninstead of\n" + whole.objects;
  if (!ending.left_over.empty()) return "the inventory has what is not there: " + ending.left_over;
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
