#include "reconciler/reconciler.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "reconciler/execute/names.h"
#include "reconciler/execute/status_codec.h"
#include "reconciler/telemetry/log.h"

namespace sluice {
namespace {

using cluster::Json;
using telemetry::Log;
using telemetry::LogKey;
using telemetry::LogLevel;

constexpr const char* kRolloutsPath = "/sluice/v1/rollouts/";

serve::Response Found(const Json& json) {
  if (json.is_null()) return {404, "application/json", "{\"message\":\"not found\"}\n"};
  return {200, "application/json", json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"};
}

struct Verb {
  const char* name;
  std::string kind;
};
Verb VerbOf(const cluster::Request& request) {
  constexpr std::array kNames = {"get", "list", "create", "apply", "update", "update-status", "delete"};
  const char* name = kNames[request.index()];
  if (const auto* get = std::get_if<cluster::Get>(&request)) return {name, get->key.kind.kind};
  if (const auto* list = std::get_if<cluster::ListObjects>(&request)) return {name, list->kind.kind};
  if (const auto* create = std::get_if<cluster::Create>(&request)) return {name, create->object.value("kind", "")};
  if (const auto* apply = std::get_if<cluster::Apply>(&request)) return {name, apply->object.value("kind", "")};
  if (const auto* replace = std::get_if<cluster::Replace>(&request)) return {name, replace->object.value("kind", "")};
  if (const auto* status = std::get_if<cluster::ReplaceStatus>(&request))
    return {name, status->object.value("kind", "")};
  return {name, std::get<cluster::Delete>(request).key.kind.kind};
}

std::unique_ptr<lease::Membership> MakeMembership(const ReconcilerOptions& options, loop::Loop& loop) {
  const std::optional<Sharing>& sharing = options.sharing;
  const sync::SourceOptions& source = options.source;
  if (!sharing) return nullptr;
  return std::make_unique<lease::Membership>(
      *sharing->leases, loop,
      lease::MemberOptions{source.namespace_, sharing->identity, source.id.Hash(), sharing->times, sharing->owner});
}

execute::Owns OwnedBy(const lease::Membership* members) {
  if (members == nullptr) return nullptr;
  return [members](const execute::Name& rollout) { return members->Owns(rollout.first, rollout.second); };
}

// How far a rollout is, by what walks it here, else by what another executor stored.
struct Walked {
  decide::Status status;
  bool rejected = false, here = false;
};
Walked WalkedBy(const execute::Executor& executor, const execute::Name& name, const execute::RolloutView& view) {
  const auto runner = executor.runners().find(name);
  if (runner != executor.runners().end()) return {runner->second->status(), !runner->second->rejected().empty(), true};
  const Json& status = view.status.Get();
  const Result<execute::StoredStatus> stored = execute::DecodeStatus(status);
  if (!stored) return {{}, true, false};
  const Json& conditions = cluster::List(status, {"conditions"});
  const bool rejected = std::any_of(conditions.begin(), conditions.end(), [](const Json& condition) {
    return cluster::Says(condition, {"reason"}, execute::kBundleRejected);
  });
  return {stored->status, rejected, false};
}

}  // namespace

// Counts requests on their way.
class Reconciler::Counting : public cluster::Cluster {
 public:
  Counting(cluster::Cluster& inner, telemetry::Metrics& metrics) : inner_(inner), metrics_(metrics) {}

  void Send(cluster::Request request, cluster::Reply reply) override {
    const auto verb = VerbOf(request);
    inner_.Send(std::move(request),
                [this, alive = alive_, verb, reply = std::move(reply)](Result<cluster::SharedJson> answer) {
                  if (*alive) {
                    metrics_.Count(telemetry::kApiRequests,
                                   {{"verb", verb.name},
                                    {"kind", verb.kind},
                                    {"result", answer.ok() ? "ok" : std::string(ErrorCodeName(answer.error().code))}});
                  }
                  reply(std::move(answer));
                });
  }
  cluster::WatchId Watch(cluster::ListObjects what, cluster::EventHandler handler) override {
    return inner_.Watch(std::move(what), std::move(handler));
  }
  void Cancel(cluster::WatchId watch) override { inner_.Cancel(watch); }
  std::map<cluster::Kind, std::string> Unwatched() const override { return inner_.Unwatched(); }
  ~Counting() override { *alive_ = false; }

 private:
  cluster::Cluster& inner_;
  telemetry::Metrics& metrics_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

Reconciler::Reconciler(cluster::Cluster& cluster, http::Http& http, loop::Loop& loop, sync::Worker& worker,
                       git::Repository& repository, sync::CompileFunction compile, telemetry::Metrics& metrics,
                       ReconcilerOptions options)
    : loop_(loop),
      metrics_(metrics),
      options_(std::move(options)),
      counting_(std::make_unique<Counting>(cluster, metrics)),
      members_(MakeMembership(options_, loop)),
      executing_(*counting_, loop, [this] { return members_ == nullptr || members_->MayExecute(); }),
      syncing_(*counting_, loop, [this] { return members_ == nullptr || members_->MaySync(); }),
      executor_(executing_, http, loop, metrics, options_.source.identity, OwnedBy(members_.get())),
      syncer_(syncing_, loop, worker, repository, std::move(compile), metrics, options_.source) {
  executor_.on_round = [this] { Look(); };
  syncer_.on_change = [this] { Look(); };
  if (members_ == nullptr) return;
  members_->on_members = [this] {
    metrics_.Set(telemetry::kMembers, {}, static_cast<double>(members_->members().size()));
    Log(LogLevel::kInfo,
        fmt::format("{} share the rollouts: {}", members_->members().size(), fmt::join(members_->members(), ", ")));
    executor_.OwnershipChanged();
  };
  members_->on_sync = [this] {
    Log(LogLevel::kInfo, "the source is synced here", {{LogKey::kSource, options_.source.id.repository}});
    syncer_.Start();
  };
  members_->on_loss = [this](const std::string& lease) {
    Log(LogLevel::kError, fmt::format("the lease {} is lost: nothing is written any more", lease));
    if (on_loss) on_loss();
  };
}

Reconciler::~Reconciler() { *alive_ = false; }

void Reconciler::Start() {
  if (members_ == nullptr) return syncer_.Start();
  members_->Start();
}

void Reconciler::Release(std::function<void()> done) {
  if (members_ == nullptr) return loop_.Post(std::move(done));
  members_->Release(std::move(done));
}

// In a later turn, and then for good only if nothing new has begun.
void Reconciler::Look() {
  if (!options_.once || looking_ || ended_) return;
  looking_ = true;
  loop_.Post([this, alive = alive_] {
    if (!*alive) return;
    looking_ = false;
    const auto outcome = Ended();
    if (!outcome || ended_) return;
    ended_ = true;
    if (on_end) on_end(*outcome);
  });
}

std::optional<ReconcileOutcome> Reconciler::Ended() const {
  if (!syncer_.at_rest()) return std::nullopt;
  const sync::SourceState& source = syncer_.state();
  // Rollouts of an earlier commit go on whatever git says, but nobody waits for them here.
  if (!source.problem.empty() || !source.trouble.empty()) return ReconcileOutcome::kFailed;
  if (!executor_.at_rest()) return std::nullopt;
  ReconcileOutcome outcome = ReconcileOutcome::kSettled;
  for (const auto& [name, entry] : executor_.world().rollouts().entries()) {
    const Walked walked = WalkedBy(executor_, name, entry.view);
    // What the syncer wrote last may not have been looked at yet.
    if (entry.view.digest.empty()) return std::nullopt;
    const bool held = walked.status.hold != decide::Hold::kNone;
    if (walked.status.accepted_digest != entry.view.digest && !walked.rejected && !held) return std::nullopt;
    const bool rests = walked.status.phase == decide::Phase::kSettled || walked.status.phase == decide::Phase::kWaiting;
    if (!walked.here && !rests && !held && !walked.rejected) return std::nullopt;
    if (walked.rejected) outcome = ReconcileOutcome::kFailed;
    const bool settled = walked.status.phase == decide::Phase::kSettled && !held;
    if (!settled && outcome == ReconcileOutcome::kSettled) outcome = ReconcileOutcome::kHeld;
  }
  return outcome;
}

void Reconciler::Register(serve::Server& server) {
  server.Handle("/metrics", [this](const serve::Request&, const serve::Answer& answer) {
    answer({200, "text/plain; version=0.0.4; charset=utf-8", metrics_.Text()});
  });
  // That this is answered says that the loop turns.
  server.Handle("/healthz", [this](const serve::Request&, const serve::Answer& answer) {
    const bool stuck = members_ != nullptr && members_->IsStuck();
    answer({stuck ? 500 : 200, "text/plain", stuck ? "a lease is held and not renewed\n" : "ok\n"});
  });
  server.Handle("/readyz", [this](const serve::Request&, const serve::Answer& answer) {
    // Who doesn't sync stands by for whoever does.
    const bool stands_by = members_ != nullptr && !members_->members().empty() && !members_->syncs();
    std::string waits;
    for (const cluster::Kind& kind : executor_.world().Unsynced()) {
      waits += fmt::format("the first list of {} isn't complete\n", kind.kind);
    }
    if (!stands_by && syncer_.state().seen_commit.empty()) waits += "no commit was seen yet\n";
    answer({waits.empty() ? 200 : 503, "text/plain", waits.empty() ? "ok\n" : waits});
  });
  server.Handle("/sluice/v1/source",
                [this](const serve::Request&, const serve::Answer& answer) { answer(Found(DescribeSource())); });
  server.Handle(kRolloutsPath, [this](const serve::Request& request, const serve::Answer& answer) {
    const std::string rest = request.path.substr(std::min(request.path.size(), std::string(kRolloutsPath).size()));
    const std::size_t slash = rest.find('/');
    if (slash == std::string::npos) return answer(Found(nullptr));
    answer(Found(executor_.Explain({rest.substr(0, slash), rest.substr(slash + 1)})));
  });
}

Json Reconciler::DescribeSource() const {
  const sync::SourceState& state = syncer_.state();
  const sync::PlanSetId& id = options_.source.id;
  Json json = {{"repository", id.repository},
               {"ref", id.ref},
               {"path", id.path},
               {"seen", state.seen_commit},
               {"wanted", state.wanted_commit},
               {"applied", state.applied_commit},
               {"problem", state.problem},
               {"message", state.message},
               {"trouble", state.trouble}};
  if (state.since) json["since"] = FormatTime(*state.since);
  if (state.fetched_at) json["fetchedAt"] = FormatTime(*state.fetched_at);
  if (state.applied_at) json["appliedAt"] = FormatTime(*state.applied_at);
  json["errors"] = Json::array();
  for (const sync::Mistake& mistake : state.mistakes) {
    json["errors"].push_back({{"file", mistake.file},
                              {"line", mistake.line},
                              {"column", mistake.column},
                              {"code", mistake.code},
                              {"message", mistake.message}});
  }
  return json;
}

}  // namespace sluice
