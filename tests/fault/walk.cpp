#include "tests/fault/walk.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "compiler/graph/names.h"
#include "reconciler/execute/status_codec.h"
#include "reconciler/lease/record.h"
#include "tests/fault/attend.h"
#include "tests/fault/kinds.h"

namespace sluice::execute {
namespace {

using cluster::Json;
using decide::Hold;
using decide::Phase;

constexpr Duration kTrafficRest{5'000};  // as metrics are scraped
constexpr Duration kInstall{300'000};
constexpr Duration kLook{2'000};          // while everything is well again
constexpr Duration kUntilStill{300'000};  // what is to go, goes
constexpr Duration kStill{600'000};       // ten of the longest pauses between two looks at anything
constexpr std::ptrdiff_t kLastAsked = 8;
constexpr const char* kLast = "good-last";

void Mix(std::uint64_t& hash, const std::string& text) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1'099'511'628'211ULL;
}

}  // namespace

Walk::Walk(const Script& script)
    : scene(WorldOfShapes(), script.seed, {}, {}, kTrafficRest),
      lens(scene.loop, *scene.cluster, script.seed),
      script_(script),
      shape_(script.shape),
      places_(script.shares ? 2 : 1),
      dice_(script.seed) {
  end_.trace = 14'695'981'039'346'656'037ULL;
  Attend(witness_, scene);
  scene.embedded->Observe([this](const embedded::Change& change) { See(change); });
}

Walk::~Walk() {
  // Told by the walk's end, with what led there.
  scene.broken.clear();
  for (Place& place : places_) place.process.reset();
}

void Walk::See(const embedded::Change& change) {
  const cluster::ObjectKey& key = change.object.key();
  Mix(end_.trace,
      fmt::format("{} {} {}", static_cast<int>(change.type), cluster::ToString(key), change.object.version()));
  if (key.kind.kind == graph::kRolloutKind && change.type != cluster::EventType::kDeleted) SeeStatus(*change.object);
  if (change.type == cluster::EventType::kDeleted && bystanders_.contains(change.object.uid())) {
    Break("somebody else's was deleted: " + cluster::ToString(key));
  }
}

void Walk::SeeStatus(const Json& rollout) {
  if (!rollout.contains("status")) return;
  const decide::Status now = DecodeStatus(rollout.at("status")).value().status;
  if (now.hold != Hold::kNone) Reach("state " + std::string(HoldName(now.hold)));
  if (now.phase == Phase::kGoingBack) Reach("going back");
  if (!now.leaving.empty()) Reach("a revision that leaves");
  if (now.fast_track) Reach("fast track");
  if (now.epoch > 1) Reach("another process goes on");
  for (const auto& run : now.history) Reach("run " + run->outcome);
  for (const auto& [path, node] : now.nodes) {
    if (node.recheck) Reach("a done node is looked at again");
  }
}

void Walk::Break(const std::string& what) {
  if (end_.broken.empty()) end_.broken = fmt::format("{}: {}", FormatTime(scene.loop.Now()), what);
}

std::string Walk::FreshTag(const std::string& sort) { return fmt::format("{}-{}", sort, tags_.size() + 1); }

void Walk::Commit(const Shape& shape, std::string tag) {
  shape_ = shape;
  scene.repository.Commit(FilesOf(shape, tag));
  tags_.push_back(std::move(tag));
}

void Walk::Edit(const Json& object) {
  scene.embedded->Send(cluster::Apply{object, "somebody", true}, [](const Result<cluster::SharedJson>&) {});
}

void Walk::Erase(const Json& object) {
  if (object.is_null()) return;
  const cluster::ObjectKey key = cluster::KeyOf(object);
  const std::string uid = cluster::Text(object, {"metadata", "uid"});
  witness_.Excuse(uid);
  rollout_erased_ = rollout_erased_ || key.kind.kind == graph::kRolloutKind;
  scene.embedded->Send(cluster::Delete{key, uid, ""}, [](const Result<cluster::SharedJson>&) {});
}

Process* Walk::process(std::uint64_t draw) { return places_[draw % places_.size()].process.get(); }

void Walk::Begin(std::size_t place) {
  places_[place].begins.reset();
  places_[place].process =
      std::make_unique<Process>(scene, *scene.cluster, lens, fmt::format("p-{}", ++processes_begun_), script_.shares);
}

void Walk::Kill(std::size_t number, Duration dead_for) {
  Place& place = places_[number];
  place.process->Kill();
  dead_.push_back(std::move(place.process));
  place.begins = scene.loop.Now() + dead_for;
}

bool Walk::Live(Duration at_most, const std::function<bool()>& done) {
  const TimePoint end = scene.loop.Now() + at_most;
  const auto over = [](const Place& place) {
    return place.process != nullptr && (place.process->way().dead() || place.process->ended());
  };
  while (scene.loop.Now() < end) {
    TimePoint until = std::min(end, scene.loop.Now() + kLook);
    for (const Place& place : places_) {
      if (place.begins) until = std::min(until, *place.begins);
    }
    scene.loop.RunUntil([&] { return std::any_of(places_.begin(), places_.end(), over); }, until);
    for (std::size_t i = 0; i < places_.size(); ++i) {
      if (over(places_[i])) {
        Reach(places_[i].process->ended() ? "a lease is lost" : "process dies at a write");
        if (status().phase == Phase::kProgressing) Reach("a death in a run");
        Kill(i, Duration(dice_.Between(0, 20'000)));
      }
      if (places_[i].begins && *places_[i].begins <= scene.loop.Now()) Begin(i);
    }
    if (!scene.broken.empty()) Break(scene.broken.front());
    if (!witness_.broken.empty()) Break(witness_.broken.front());
    if (!end_.broken.empty()) return false;
    if (done && done()) return true;
  }
  return !done;
}

void Walk::Heal() {
  const auto ends = std::exchange(this->ends, {});
  for (const auto& [number, end] : ends) end();
  scene.cluster->ClearFaults();
  for (Place& place : places_) {
    if (place.process != nullptr) {
      place.process->way().DieAtWrite(0, cluster::Death::kBeforeSending);  // never
      if (place.process->loop().stopped()) place.process->loop().Continue();
    }
  }
}

bool Walk::IsDone() const {
  const decide::Status now = status();
  if (now.phase != Phase::kSettled || now.history.empty() || now.history.back()->outcome != "promoted") return false;
  const Json stable = scene.Object("apps/v1", "Deployment", "checkout-" + now.stable);
  if (stable.is_null()) return false;
  const std::string image = stable.at("spec").at("template").at("spec").at("containers").at(0).at("image");
  return image.ends_with(kLast) && EndOf(scene) == EndAlone(shape_, kLast);
}

std::size_t Walk::Writes() const {
  const std::vector<std::string>& trace = scene.cluster->trace();
  return static_cast<std::size_t>(std::count_if(trace.begin(), trace.end(), [](const std::string& each) {
    return !each.starts_with("get ") && !each.starts_with("list ") && each.find("/Lease/") == std::string::npos &&
           each.find("/Event/") == std::string::npos;
  }));
}

void Walk::CheckEnd() {
  Shape last = shape_;
  for (Shape::Step& step : last.steps) {
    if (!step.job.empty()) step.job = kGoodJob;
  }
  Commit(last, kLast);
  const auto settled = [this] {
    // A person is there by now, who lets everything pass.
    const decide::Status now = status();
    if (now.paused) scene.Command("checkout", "resume");
    for (const auto& [path, node] : now.nodes) {
      const bool waits = path.ends_with("/pause") && node.state == decide::NodeState::kActive;
      const bool answered = std::any_of(now.approvals.begin(), now.approvals.end(),
                                        [&](const auto& approval) { return approval.node == path; });
      if (waits && !answered) scene.Command("checkout", "approve", {{"node", path}});
    }
    return IsDone();
  };
  if (!Live(BoundOf(shape_), settled)) {
    return Break(fmt::format(
        "it comes to no end: {} ({})\nlast asked: {}\n{}{}", Summary(status()), status().hold_reason,
        fmt::join(std::vector<std::string>(scene.cluster->trace().end() - kLastAsked, scene.cluster->trace().end()),
                  ", "),
        places_[0].process == nullptr ? "" : places_[0].process->reconciler().DescribeSource().dump(),
        LinesDiffer(EndAlone(shape_, kLast), EndOf(scene))));
  }
  if (!Live(kUntilStill)) return;
  const std::size_t written = Writes();
  if (!Live(kStill)) return;
  if (Writes() != written) Break(fmt::format("{} writes at rest", Writes() - written));
  const std::string listed = InventoryDiffers(ObjectsOf(scene));
  if (!listed.empty()) Break(listed);
  for (const auto& [key, times] : witness_.made) {
    if (key.starts_with("batch/v1/Job/") && times > 1 && !rollout_erased_) Break("a Job was made twice: " + key);
  }
}

WalkEnd Walk::Run() {
  const Json bystander = {{"apiVersion", "v1"},
                          {"kind", "ConfigMap"},
                          {"metadata",
                           {{"name", "checkout-bystander"},
                            {"namespace", "shop"},
                            {"labels", {{graph::kServiceLabel, "checkout"}, {graph::kRolloutLabel, "checkout"}}}}}};
  Edit(bystander);
  scene.RunFor(Duration(1'000));
  bystanders_.insert(cluster::Text(scene.Object("v1", "ConfigMap", "checkout-bystander"), {"metadata", "uid"}));
  Commit(shape_, FreshTag("good"));
  for (std::size_t i = 0; i < places_.size(); ++i) Begin(i);
  if (script_.at_rest_first) {
    Live(kInstall, [this] { return status().phase == Phase::kSettled || status().phase == Phase::kWaiting; });
  }
  const TimePoint start = scene.loop.Now();
  std::multimap<TimePoint, std::function<void()>> agenda;
  for (const Happening& happening : script_.happenings) {
    const HappeningKind* kind = FindKind(happening.what);
    agenda.emplace(start + happening.at, [this, &happening, kind] { kind->begins(*this, happening); });
    if (happening.lasts <= Duration(0)) continue;
    agenda.emplace(start + happening.at + happening.lasts, [this, &happening] {
      const auto found = ends.find(happening.draw);
      if (found == ends.end()) return;
      const auto end = std::move(found->second);
      ends.erase(found);
      end();
    });
  }
  bool well = true;
  for (const auto& [at, happens] : agenda) {
    if (!well) break;
    well = Live(at - scene.loop.Now());
    if (well) happens();
  }
  if (end_.broken.empty()) {
    Heal();
    CheckEnd();
  }
  return end_;
}

std::string EndOf(const Scene& scene) {
  std::string text;
  for (Json& object : ObjectsOf(scene)) {
    const cluster::ObjectKey key = cluster::KeyOf(object);
    if (key.namespace_ != "shop" || key.kind.kind == graph::kBundleKind || key.kind.kind == graph::kJobKind ||
        key.kind.kind == "ResourceQuota" || key.name == "checkout-bystander") {
      continue;
    }
    if (key.kind.kind == graph::kRolloutKind) object["spec"].erase("source");
    text += Wanted(object) + "\n";
  }
  return text;
}

std::string EndAlone(const Shape& shape, const std::string& tag) {
  static std::map<std::string, std::string> known;
  std::string plan;
  for (const auto& [file, text] : FilesOf(shape, tag)) plan += text;
  const auto found = known.find(plan);
  if (found != known.end()) return found->second;
  Scene scene(WorldOfShapes(), 1, {}, {}, kTrafficRest);
  scene.repository.Commit(FilesOf(shape, tag));
  scene.Start();
  scene.RunUntilAtRest();
  scene.RunFor(Duration(120'000));
  return known[plan] = EndOf(scene);
}

}  // namespace sluice::execute
