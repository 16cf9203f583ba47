#include "reconciler/embedded/embedded_cluster.h"

#include <utility>

#include "reconciler/embedded/autoscalers.h"
#include "reconciler/embedded/deployments.h"
#include "reconciler/embedded/disruptions.h"
#include "reconciler/embedded/endpoints.h"
#include "reconciler/embedded/garbage_collector.h"
#include "reconciler/embedded/gateway.h"
#include "reconciler/embedded/jobs.h"
#include "reconciler/embedded/journal.h"
#include "reconciler/embedded/kubelet.h"
#include "reconciler/embedded/replica_sets.h"
#include "reconciler/embedded/stateful_sets.h"
#include "reconciler/embedded/store.h"
#include "reconciler/embedded/traffic.h"
#include "reconciler/embedded/usage.h"
#include "reconciler/embedded/watches.h"

namespace sluice::embedded {

using cluster::SharedJson;

namespace {

// How long what only the controllers know may stay in memory.
constexpr Duration kFlush{20};

}  // namespace

struct EmbeddedCluster::Parts {
  Parts(loop::Loop& on, Options given)
      : loop(on),
        options(std::move(given)),
        store(options.seed, options.create_namespaces),
        random(options.seed, "requests"),
        watches(loop, store, options.lags.watch, options.seed, [] { return true; }),
        client_watches(loop, store, options.lags.watch, Mix(options.seed, "clients"),
                       [this] { return Durable().ok(); }),
        proxy_watches(loop, store, options.lags.proxy, Mix(options.seed, "proxies"), [] { return true; }),
        usage(loop, store, options) {}

  ~Parts() { loop.Cancel(flush); }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  Result<void> OpenJournal() {
    if (options.state_file.empty()) return {};
    auto opened = Journal::Open(options.state_file, options.seed, store);
    if (!opened.ok()) return opened.error();
    journal = std::move(opened).value();
    store.Observe([this](const Change& change) {
      journal->Append(change);
      if (flush == loop::TimerId::kNone) flush = loop.After(kFlush, [this] { Flush(); });
    });
    return {};
  }

  void StartControllers() {
    const Lags& lags = options.lags;
    deployments.emplace(loop, store, watches, lags.controller, options.seed);
    replica_sets.emplace(loop, store, watches, lags.controller, options.seed);
    stateful_sets.emplace(loop, store, watches, lags.controller, options.seed);
    jobs.emplace(loop, store, watches, lags.controller, options.seed);
    kubelet.emplace(loop, store, watches, options.world, lags, options.seed);
    endpoints.emplace(loop, store, watches, lags.endpoints, options.seed);
    garbage_collector.emplace(loop, store, watches, lags.controller, options.seed);
    disruptions.emplace(loop, store, watches, lags.controller, options.seed);
    gateway.emplace(loop, store, watches, lags.gateway, options.seed);
    autoscalers.emplace(loop, store, watches, usage, options.seed);
    traffic.emplace(loop, store, proxy_watches, usage, options);
  }

  void Flush() {
    flush = loop::TimerId::kNone;
    (void)Durable();  // a failure stays with the journal: whoever asks next hears of it
  }

  // Nobody may hear of a write that a crash would undo.
  Result<void> Durable() { return journal == nullptr ? Result<void>() : journal->Sync(); }

  loop::Loop& loop;
  Options options;
  Store store;
  std::unique_ptr<Journal> journal;
  loop::TimerId flush = loop::TimerId::kNone;
  Random random;
  Watches watches;         // of the controllers, which a crash takes along with what they saw
  Watches client_watches;  // of those who outlive it
  Watches proxy_watches;
  Usage usage;
  std::optional<Deployments> deployments;
  std::optional<ReplicaSets> replica_sets;
  std::optional<StatefulSets> stateful_sets;
  std::optional<Jobs> jobs;
  std::optional<Kubelet> kubelet;
  std::optional<Endpoints> endpoints;
  std::optional<GarbageCollector> garbage_collector;
  std::optional<Disruptions> disruptions;
  std::optional<Gateway> gateway;
  std::optional<Autoscalers> autoscalers;
  std::optional<Traffic> traffic;
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);
};

namespace {

Result<SharedJson> Shown(const Result<Object>& written) {
  if (!written.ok()) return written.error();
  return written->json();
}

// What each request does to the store, and its answer.
struct Performance {
  Store& store;
  TimePoint now;

  Result<SharedJson> operator()(const cluster::Get& get) const {
    Object found = store.Find(get.key);
    if (found == nullptr) return Error{ErrorCode::kNotFound, ToString(get.key) + " not found"};
    return found.json();
  }
  Result<SharedJson> operator()(const cluster::ListObjects& list) const {
    Json items = Json::array();
    for (const Object& object : store.List(list.kind, list.namespace_, list.labels)) items.push_back(*object);
    return cluster::Share({{"items", std::move(items)}, {"resourceVersion", std::to_string(store.version())}});
  }
  Result<SharedJson> operator()(cluster::Create& create) const {
    return Shown(store.Create(std::move(create.object), create.manager, now));
  }
  Result<SharedJson> operator()(cluster::Apply& apply) const {
    return Shown(store.Apply(std::move(apply.object), apply.manager, apply.force, now));
  }
  Result<SharedJson> operator()(cluster::Replace& replace) const {
    const bool there = store.Find(cluster::KeyOf(replace.object)) != nullptr;
    if (there && Text(replace.object, {"metadata", "resourceVersion"}).empty()) {
      return Error{ErrorCode::kInvalid, "metadata.resourceVersion: must be specified for an update"};
    }
    return Shown(store.Replace(std::move(replace.object), replace.manager, now));
  }
  Result<SharedJson> operator()(cluster::ReplaceStatus& replace) const {
    return Shown(store.ReplaceStatus(std::move(replace.object), now));
  }
  Result<SharedJson> operator()(const cluster::Delete& erase) const {
    const auto propagation = erase.foreground ? Propagation::kForeground : Propagation::kBackground;
    auto done = store.Delete(erase.key, DeleteOptions{erase.uid, erase.resource_version, propagation}, now);
    if (!done.ok()) return done.error();
    return cluster::Share(nullptr);
  }
};

}  // namespace

Result<std::unique_ptr<EmbeddedCluster>> EmbeddedCluster::Open(loop::Loop& loop, Options options) {
  std::unique_ptr<EmbeddedCluster> made(new EmbeddedCluster(loop, std::move(options)));
  if (auto opened = made->parts_->OpenJournal(); !opened.ok()) return opened.error();
  made->parts_->StartControllers();
  return made;
}

EmbeddedCluster::EmbeddedCluster(loop::Loop& loop, Options options)
    : parts_(std::make_unique<Parts>(loop, std::move(options))) {}

EmbeddedCluster::~EmbeddedCluster() { *parts_->alive = false; }

void EmbeddedCluster::Send(cluster::Request request, cluster::Reply reply) {
  const bool read =
      std::holds_alternative<cluster::Get>(request) || std::holds_alternative<cluster::ListObjects>(request);
  const auto answer = std::make_shared<std::optional<Result<SharedJson>>>();
  Transact(
      [answer, request = std::move(request)](Store& store, TimePoint now) mutable {
        answer->emplace(std::visit(Performance{store, now}, request));
      },
      [answer, read, reply = std::move(reply)](const Result<void>& durable) {
        if (durable.ok()) return reply(std::move(**answer));
        reply(Error{read ? ErrorCode::kUnavailable : ErrorCode::kAmbiguous, durable.error().message});
      });
}

void EmbeddedCluster::Transact(std::function<void(Store& store, TimePoint now)> work,
                               std::function<void(Result<void>)> done) {
  Parts& parts = *parts_;
  auto perform = [this, alive = parts.alive, work = std::move(work), done = std::move(done)]() mutable {
    if (!*alive) return;
    work(parts_->store, parts_->loop.Now());
    parts_->loop.After(parts_->random.Within(parts_->options.lags.answer),
                       [alive, durable = parts_->Durable(), done = std::move(done)] {
                         if (*alive) done(durable);
                       });
  };
  parts.loop.After(parts.random.Within(parts.options.lags.request), std::move(perform));
}

void EmbeddedCluster::Observe(std::function<void(const Change&)> observer) {
  parts_->store.Observe(std::move(observer));
}

Result<void> EmbeddedCluster::Durable() { return parts_->Durable(); }

const Store& EmbeddedCluster::store() const { return parts_->store; }

cluster::WatchId EmbeddedCluster::Watch(cluster::ListObjects what, cluster::EventHandler handler) {
  return parts_->client_watches.Watch(std::move(what),
                                      [handler = std::move(handler)](cluster::EventType type, const Object& object) {
                                        handler({type, object.json()});
                                      });
}

void EmbeddedCluster::Cancel(cluster::WatchId watch) { parts_->client_watches.Cancel(watch); }

std::unique_ptr<EmbeddedHttp> EmbeddedCluster::Http(http::Http& outside) {
  return std::make_unique<EmbeddedHttp>(parts_->loop, *parts_->traffic, outside, parts_->options.seed);
}

const Ledger& EmbeddedCluster::ledger() const {
  parts_->traffic->Settle();
  return parts_->traffic->ledger();
}

bool EmbeddedCluster::resumed() const { return parts_->journal != nullptr && parts_->journal->resumed(); }

void EmbeddedCluster::ExpireWatches() {
  for (Watches* each : {&parts_->watches, &parts_->client_watches, &parts_->proxy_watches}) each->Expire();
}

void EmbeddedCluster::SetWorld(World world) {
  // Requests until now are answered as images did until now.
  parts_->traffic->LookAgain();
  parts_->options.world = std::move(world);
  parts_->kubelet->LookAgain();
}

void EmbeddedCluster::LoseNode(const std::string& node) { parts_->kubelet->LoseNode(node); }
void EmbeddedCluster::RestoreNode(const std::string& node) { parts_->kubelet->RestoreNode(node); }

Json EmbeddedCluster::Peek(const ObjectKey& key) const {
  Object found = parts_->store.Find(key);
  return found == nullptr ? Json() : *found;
}

std::vector<Json> EmbeddedCluster::PeekAll(const Kind& kind, const std::string& namespace_) const {
  std::vector<Json> all;
  for (const Object& object : parts_->store.List(kind, namespace_, {})) all.push_back(*object);
  return all;
}

}  // namespace sluice::embedded
