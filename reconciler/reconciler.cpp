#include "reconciler/reconciler.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sluice {
namespace {

using cluster::Json;

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
  constexpr std::array kNames = {"get", "list", "create", "apply", "update-status", "delete"};
  const char* name = kNames[request.index()];
  if (const auto* get = std::get_if<cluster::Get>(&request)) return {name, get->key.kind.kind};
  if (const auto* list = std::get_if<cluster::ListObjects>(&request)) return {name, list->kind.kind};
  if (const auto* create = std::get_if<cluster::Create>(&request)) return {name, create->object.value("kind", "")};
  if (const auto* apply = std::get_if<cluster::Apply>(&request)) return {name, apply->object.value("kind", "")};
  if (const auto* status = std::get_if<cluster::ReplaceStatus>(&request))
    return {name, status->object.value("kind", "")};
  return {name, std::get<cluster::Delete>(request).key.kind.kind};
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
      executor_(*counting_, http, loop, metrics, options_.source.identity),
      syncer_(*counting_, loop, worker, repository, std::move(compile), metrics, options_.source) {
  executor_.on_round = [this] { Look(); };
  syncer_.on_change = [this] { Look(); };
}

Reconciler::~Reconciler() { *alive_ = false; }

void Reconciler::Start() { syncer_.Start(); }

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
  for (const auto& [name, runner] : executor_.runners()) {
    const auto* entry = executor_.world().rollouts().Find(name);
    // What the syncer wrote last may not have been looked at yet.
    if (entry == nullptr || entry->view.digest.empty()) return std::nullopt;
    if (runner->status().accepted_digest != entry->view.digest && runner->rejected().empty() &&
        runner->status().hold == decide::Hold::kNone) {
      return std::nullopt;
    }
  }
  for (const auto& [name, runner] : executor_.runners()) {
    const decide::Status& status = runner->status();
    if (!runner->rejected().empty()) return ReconcileOutcome::kFailed;
    if (status.phase != decide::Phase::kSettled || status.hold != decide::Hold::kNone) return ReconcileOutcome::kHeld;
  }
  return ReconcileOutcome::kSettled;
}

void Reconciler::Register(serve::Server& server) {
  server.Handle("/metrics", [this](const serve::Request&, const serve::Answer& answer) {
    answer({200, "text/plain; version=0.0.4; charset=utf-8", metrics_.Text()});
  });
  // That this is answered says that the loop turns.
  server.Handle("/healthz", [](const serve::Request&, const serve::Answer& answer) {
    answer({200, "text/plain", "ok\n"});
  });
  server.Handle("/readyz", [this](const serve::Request&, const serve::Answer& answer) {
    const bool ready = executor_.synced() && !syncer_.state().seen_commit.empty();
    answer({ready ? 200 : 503, "text/plain", ready ? "ok\n" : "not ready\n"});
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
