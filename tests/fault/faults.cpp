// The kinds of faults.
#include <limits>

#include <fmt/format.h>

#include "compiler/graph/names.h"
#include "tests/fault/kinds.h"

namespace sluice::execute {
namespace {

using cluster::Fault;
using cluster::Request;
using Trouble = embedded::EmbeddedHttp::Trouble;

bool Makes(const Request& request) {
  return std::holds_alternative<cluster::Create>(request) || std::holds_alternative<cluster::Apply>(request);
}
bool IsDelete(const Request& request) { return std::holds_alternative<cluster::Delete>(request); }
bool Any(const Request&) { return true; }

// Requests that fit meet `fault`, one in so many.
HappeningKind OfRequests(const std::string& name, bool (*fits)(const Request&), Fault fault) {
  return {name, true, 1, [name, fits, fault](Walk& walk, const Happening& happening) {
            const auto lasts = std::make_shared<bool>(true);
            const auto dice = std::make_shared<Dice>(happening.draw);
            const std::uint64_t one_in = dice->Of(std::vector<std::uint64_t>{1, 3, 10});
            static const std::vector<std::string> kKinds = {"", "", "Rollout", "Deployment", "HTTPRoute", "ConfigMap"};
            const std::string kind = dice->Of(kKinds);
            const auto meets = [&walk, name, fits, lasts, dice, one_in, kind](const Request& request) {
              if (!*lasts || !fits(request)) return false;
              // Deletes are rare enough.
              const bool each = fits == IsDelete;
              if (!each && !kind.empty() && cluster::Target(request).kind.kind != kind) return false;
              if (!each && !dice->OneIn(one_in)) return false;
              walk.Reach(name);
              return true;
            };
            walk.scene.cluster->Inject(meets, fault, std::numeric_limits<int>::max());
            walk.ends[happening.draw] = [lasts] { *lasts = false; };
          }};
}
HappeningKind Refused(const std::string& name, bool (*fits)(const Request&), ErrorCode code) {
  return OfRequests(name, fits, {Fault::Kind::kFail, Error{code, "injected: " + name}, {}});
}

// The API server shows the cluster otherwise than it is.
HappeningKind Shown(const std::string& name, const Lens::Trouble& trouble) {
  return {name, true, 2, [name, trouble](Walk& walk, const Happening& happening) {
            walk.lens.Set(trouble);
            const int before = walk.lens.disturbed();
            walk.ends[happening.draw] = [&walk, name, before] {
              if (walk.lens.disturbed() > before) walk.Reach(name);
              walk.lens.Set({});
            };
          }};
}

HappeningKind Metrics(const std::string& name, Trouble trouble) {
  return {name, true, 1, [name, trouble](Walk& walk, const Happening& happening) {
            walk.Reach(name);
            walk.scene.http->SetPrometheus(trouble);
            walk.ends[happening.draw] = [&walk] { walk.scene.http->SetPrometheus(Trouble::kNone); };
          }};
}

HappeningKind Stopped() {
  return {"process stopped", true, 2, [](Walk& walk, const Happening& happening) {
            Process* process = walk.process(happening.draw);
            if (process == nullptr) return;
            walk.Reach("process stopped");
            process->loop().Stop();
            // Whichever is stopped by then: this one may have died.
            walk.ends[happening.draw] = [&walk, draw = happening.draw] {
              if (Process* stopped = walk.process(draw)) stopped->loop().Continue();
            };
          }};
}

HappeningKind Crashed() {
  return {"process dies at a write", false, 3, [](Walk& walk, const Happening& happening) {
            Process* process = walk.process(happening.draw);
            if (process == nullptr) return;
            Dice dice(happening.draw);
            const auto death = static_cast<cluster::Death>(dice.Below(3));
            process->way().DieAtWrite(process->way().writes() + 1 + dice.Below(12), death);
          }};
}

HappeningKind GitFails(const std::string& name, ErrorCode code) {
  return {name, true, 1, [name, code](Walk& walk, const Happening& happening) {
            walk.Reach(name);
            walk.scene.repository.Fail(Error{code, "injected: " + name});
            walk.ends[happening.draw] = [&walk] { walk.scene.repository.Fail(std::nullopt); };
          }};
}

HappeningKind NodeLost() {
  return {"node lost", true, 1, [](Walk& walk, const Happening& happening) {
            const std::string node = fmt::format("node-{}", 1 + happening.draw % 3);
            walk.Reach("node lost");
            walk.scene.embedded->LoseNode(node);
            walk.ends[happening.draw] = [&walk, node] { walk.scene.embedded->RestoreNode(node); };
          }};
}

HappeningKind Quota() {
  return {"quota", true, 1, [](Walk& walk, const Happening& happening) {
            const std::string name = fmt::format("quota-{}", happening.draw);
            walk.Reach("quota");
            walk.Edit({{"apiVersion", "v1"},
                       {"kind", "ResourceQuota"},
                       {"metadata", {{"name", name}, {"namespace", "shop"}}},
                       {"spec", {{"hard", {{"pods", fmt::format("{}", 1 + happening.draw % 6)}}}}}});
            walk.ends[happening.draw] = [&walk, name] { walk.Erase(walk.scene.Object("v1", "ResourceQuota", name)); };
          }};
}

HappeningKind Flapping() {
  return {"readiness flaps", true, 1, [](Walk& walk, const Happening& happening) {
            embedded::World world = WorldOfShapes();
            for (embedded::ImageBehaviour& image : world.images) {
              image.flap_every = Duration(8'000);
              image.flap_for = Duration(2'000);
            }
            walk.Reach("readiness flaps");
            walk.scene.embedded->SetWorld(world);
            walk.ends[happening.draw] = [&walk] { walk.scene.embedded->SetWorld(WorldOfShapes()); };
          }};
}

HappeningKind Relisted() {
  return {"watches expire", false, 1, [](Walk& walk, const Happening&) {
            walk.Reach("watches expire");
            walk.scene.embedded->ExpireWatches();
          }};
}

}  // namespace

// 404 of a write is that of its namespace; that of a get or a delete says that the object is gone, and 409 of a
// create that it is there: the port doesn't say either of what isn't so.
const std::vector<HappeningKind>& FaultKinds() {
  const auto lens = [](auto... set) {
    Lens::Trouble trouble;
    (set(trouble), ...);
    return trouble;
  };
  const auto frozen = [](Lens::Trouble& trouble) { trouble.frozen = true; };
  static const std::vector<HappeningKind> all = {
      Refused("401", Any, ErrorCode::kUnauthorized),
      Refused("403", cluster::IsWrite, ErrorCode::kForbidden),
      Refused("404", Makes, ErrorCode::kNotFound),
      Refused("409", cluster::IsWrite, ErrorCode::kConflict),
      Refused("413", cluster::IsWrite, ErrorCode::kTooLarge),
      Refused("422", cluster::IsWrite, ErrorCode::kInvalid),
      Refused("429 or 503", Any, ErrorCode::kUnavailable),
      Refused("a delete is refused", IsDelete, ErrorCode::kForbidden),
      OfRequests("request lost", cluster::IsWrite, {Fault::Kind::kLoseRequest, {}, {}}),
      OfRequests("answer lost", cluster::IsWrite, {Fault::Kind::kLoseAnswer, {}, {}}),
      OfRequests("slow", Any, {Fault::Kind::kDelay, {}, Duration(7'000)}),
      OfRequests("very slow", cluster::IsWrite, {Fault::Kind::kDelay, {}, Duration(45'000)}),
      Shown("frozen", lens(frozen)),
      Shown("frozen, reads too", lens(frozen, [](Lens::Trouble& t) { t.stale_reads = true; })),
      Shown("unwatched", lens(frozen, [](Lens::Trouble& t) { t.told = true; })),
      Shown("events lost", lens([](Lens::Trouble& t) { t.drops = 5; })),
      Shown("all events lost", lens([](Lens::Trouble& t) { t.drops = 1; })),
      Shown("events twice", lens([](Lens::Trouble& t) { t.repeats = 2; })),
      Shown("events late", lens([](Lens::Trouble& t) { t.late = Duration(8'000); })),
      Metrics("metrics down", Trouble::kDown),
      Metrics("metrics slow", Trouble::kSlow),
      Metrics("no metrics", Trouble::kEmpty),
      GitFails("git down", ErrorCode::kUnavailable),
      GitFails("branch gone", ErrorCode::kNotFound),
      Stopped(),
      Crashed(),
      NodeLost(),
      Quota(),
      Flapping(),
      Relisted(),
  };
  return all;
}

}  // namespace sluice::execute
