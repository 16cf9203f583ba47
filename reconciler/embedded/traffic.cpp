#include "reconciler/embedded/traffic.h"

#include <algorithm>
#include <numeric>

#include "reconciler/embedded/images.h"
#include "reconciler/embedded/kinds.h"
#include "reconciler/embedded/kubelet.h"
#include "reconciler/embedded/options.h"

namespace sluice::embedded {
namespace {

// As long must nothing have changed before requests are carried more rarely.
constexpr int kQuietTicks = 5;

std::string DestinationName(const Json& pod) {
  auto labels = LabelsOf(pod);
  std::string namespace_ = cluster::KeyOf(pod).namespace_;
  if (labels.contains("sluice.dev/revision")) {
    return namespace_ + "/" + labels["sluice.dev/service"] + "@" + labels["sluice.dev/revision"];
  }
  const Json* owner = ControllerOf(pod);
  return namespace_ + "/" + (owner == nullptr ? cluster::KeyOf(pod).name : Text(*owner, {"name"}));
}

bool Running(const Json& pod) {
  for (const Json& container : List(pod, {"status", "containerStatuses"})) {
    return Find(container, {"state", "running"}) != nullptr;
  }
  return false;
}

std::string NameOf(const Load& load) {
  return load.host.empty() ? load.namespace_ + "/" + load.service : load.host + load.path;
}

std::vector<std::int64_t> WeightsOf(const std::vector<Destination>& destinations) {
  std::vector<std::int64_t> weights;
  weights.reserve(destinations.size() + 1);
  for (const Destination& each : destinations) weights.push_back(each.weight);
  return weights;
}

// Whether what pods of that image answer depends on nothing but the clock.
bool CountsAlike(const ImageBehaviour& behaviour) {
  return behaviour.counts_from || (behaviour.errors.empty() && behaviour.latencies.empty());
}

RequestShape ShapeOf(const Load& load) { return {load.host, load.path, load.method, load.headers, load.query}; }

}  // namespace

std::vector<std::int64_t> Sharing::Share(std::int64_t requests, const std::vector<std::int64_t>& weights) {
  std::vector<std::int64_t> shares(weights.size(), 0);
  std::int64_t sum = std::accumulate(weights.begin(), weights.end(), std::int64_t{0});
  if (sum <= 0) return shares;
  if (weights != weights_) {
    weights_ = weights;
    owed_.assign(weights.size(), 0);
  }
  std::int64_t given = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    owed_[i] += requests * weights[i];
    shares[i] = std::max<std::int64_t>(owed_[i], 0) / sum;
    owed_[i] -= shares[i] * sum;
    given += shares[i];
  }
  for (; given != requests; given += given < requests ? 1 : -1) {
    bool more = given < requests;
    std::size_t pick = shares.size();
    for (std::size_t i = 0; i < shares.size(); ++i) {
      if (weights[i] == 0 || (!more && shares[i] == 0)) continue;
      bool better = pick == shares.size() || (more ? owed_[i] > owed_[pick] : owed_[i] < owed_[pick]);
      if (better) pick = i;
    }
    shares[pick] += more ? 1 : -1;
    owed_[pick] += more ? -sum : sum;
  }
  return shares;
}

Traffic::Traffic(loop::Loop& loop, Store& store, Watches& proxy_watches, Usage& usage, const Options& options)
    : loop_(loop),
      store_(store),
      usage_(usage),
      options_(options),
      proxy_(loop, proxy_watches, options.lags.half_route),
      series_(options.metrics_retention),
      ledger_(options.ledger_retention),
      carried_until_(loop.Now()) {
  proxy_.on_change = [this] { Changed(); };
  store_.Observe([this](const Change& change) {
    if (change.object.key().kind != kPod) return;
    Changed();
    ++pods_;
  });
  tick_ = loop_.After(options_.traffic_tick, [this] { Tick(); });
  scrape_ = loop_.After(options_.scrape_interval, [this] { Scrape(); });
}

Traffic::~Traffic() {
  loop_.Cancel(tick_);
  loop_.Cancel(scrape_);
}

void Traffic::RefreshCallers() {
  if (epoch_ == proxy_.epoch() && !callers_.empty()) return;
  epoch_ = proxy_.epoch();
  std::map<std::string, Load> loads;
  for (const Load& load : options_.world.loads) loads[NameOf(load)] = load;
  if (options_.world.default_per_second > 0) {
    auto told = [&](const std::string& host) {
      return std::any_of(options_.world.loads.begin(), options_.world.loads.end(),
                         [&](const Load& load) { return load.host == host; });
    };
    for (const auto& [host, path] : proxy_.Hosts()) {
      Load load;
      load.host = host;
      load.path = path;
      load.per_second = options_.world.default_per_second;
      if (!told(host)) loads.try_emplace(NameOf(load), load);
    }
    for (const ObjectKey& key : proxy_.PlainServices()) {
      Load load;
      load.namespace_ = key.namespace_;
      load.service = key.name;
      load.per_second = options_.world.default_per_second;
      loads.try_emplace(NameOf(load), load);
    }
  }
  std::erase_if(callers_, [&](const auto& caller) { return !loads.contains(caller.first); });
  for (auto& [name, load] : loads) {
    Caller& caller = callers_[name];
    caller.load = load;
    caller.name = name;
    caller.servers.clear();
    caller.plan = load.host.empty() ? proxy_.Service(load.namespace_, load.service) : proxy_.Route(ShapeOf(load));
  }
}

void Traffic::Tick() {
  const bool changed = ticked_epoch_ != proxy_.epoch() || ticked_pods_ != pods_;
  ticked_epoch_ = proxy_.epoch();
  ticked_pods_ = pods_;
  quiet_ticks_ = changed ? 0 : quiet_ticks_ + 1;
  RefreshCallers();
  CarryAll();
  resting_ = options_.traffic_rest > options_.traffic_tick && quiet_ticks_ > kQuietTicks && IsSteady();
  tick_ = loop_.After(resting_ ? options_.traffic_rest : options_.traffic_tick, [this] { Tick(); });
}

void Traffic::Settle() {
  if (resting_) CarryAll();
}

void Traffic::CarryAll() {
  const Duration elapsed = loop_.Now() - carried_until_;
  carried_until_ = loop_.Now();
  if (elapsed <= Duration(0)) return;
  for (auto& [name, caller] : callers_) {
    FindServers(caller);
    Carry(caller, elapsed);
  }
}

// Requests until now went where they went before. What holds from now on is looked up at the next tick.
void Traffic::Changed() {
  if (!resting_) return;
  Settle();
  resting_ = false;
  loop_.Cancel(tick_);
  tick_ = loop_.After(options_.traffic_tick, [this] { Tick(); });
}

void Traffic::LookAgain() {
  Changed();
  callers_.clear();
  quiet_ticks_ = 0;
}

// Whether pods answer as they do now for as long as nobody changes anything.
bool Traffic::IsSteady() const {
  if (usage_.started()) return false;
  const TimePoint now = loop_.Now();
  return std::all_of(callers_.begin(), callers_.end(), [&](const auto& entry) {
    const auto& servers = entry.second.servers;
    return std::all_of(servers.begin(), servers.end(), [&](const std::optional<Server>& server) {
      return !server || IsSteadyFrom(*server->behaviour, server->ready, now);
    });
  });
}

std::optional<Traffic::Server> Traffic::ServerOf(const Destination& destination) {
  const Object pod = store_.Find(destination.pod);
  if (pod == nullptr || pod.uid() != destination.uid || !Running(*pod)) return std::nullopt;
  Server server;
  server.uid = pod.uid();
  server.behaviour = &BehaviourOf(options_.world, ImageOf(*pod));
  const Json* ready = Condition(*pod, "Ready");
  server.ready = ready == nullptr ? loop_.Now() : TimeAt(*ready, {"lastTransitionTime"}, loop_.Now());
  server.counters = &metrics_.Of(Metrics::LabelsFor(destination.pod.namespace_, LabelsOf(*pod)));
  server.name = DestinationName(*pod);
  return server;
}

void Traffic::FindServers(Caller& caller) {
  const std::size_t count = caller.plan.destinations.size() + caller.plan.mirrors.size();
  if (caller.pods == pods_ && caller.servers.size() == count) return;
  caller.pods = pods_;
  caller.servers.clear();
  for (const Destination& each : caller.plan.destinations) caller.servers.push_back(ServerOf(each));
  for (const Destination& each : caller.plan.mirrors) caller.servers.push_back(ServerOf(each));
  for (std::size_t i = 0; i < count; ++i) {
    if (!caller.servers[i]) continue;
    const auto first = std::find_if(caller.servers.begin(), caller.servers.end(), [&](const auto& other) {
      return other && other->counters == caller.servers[i]->counters &&
             other->behaviour == caller.servers[i]->behaviour &&
             (CountsAlike(*other->behaviour) || other->ready == caller.servers[i]->ready);
    });
    caller.servers[i]->books = static_cast<std::size_t>(first - caller.servers.begin());
  }
}

Carried Traffic::Deliver(const Server& server, std::int64_t requests) {
  Carried carried;
  carried.requests = requests;
  carried.failed = Book(*server.counters, *server.behaviour, server.ready, loop_.Now(), requests);
  return carried;
}

void Traffic::Carry(Caller& caller, Duration elapsed) {
  if (!caller.plan.found) return;  // nothing has that name yet: nobody calls it
  caller.owed_requests += caller.load.per_second * elapsed.count();
  std::int64_t requests = caller.owed_requests / 1000;
  caller.owed_requests %= 1000;
  LedgerRow row;
  row.at = loop_.Now();
  row.load = caller.name;
  const std::size_t destinations = caller.plan.destinations.size();
  std::vector<std::int64_t> booked(caller.servers.size(), 0);
  const auto answer = [&](std::size_t i, std::int64_t count) {
    const Server& server = *caller.servers[i];
    usage_.Serve(server.uid, count * server.behaviour->cpu_per_request);
    booked[server.books] += count;
  };
  std::vector<std::int64_t> weights = WeightsOf(caller.plan.destinations);
  weights.push_back(caller.plan.lost_weight);
  std::vector<std::int64_t> shares = caller.sharing.Share(requests, weights);
  row.lost = shares.back();
  for (std::size_t i = 0; i < destinations; ++i) {
    if (shares[i] == 0) continue;
    if (caller.servers[i]) {
      answer(i, shares[i]);
    } else {
      row.lost += shares[i];
    }
  }
  for (std::size_t i = 0; i < booked.size(); ++i) {
    if (booked[i] > 0) row.to[caller.servers[i]->name] += Deliver(*caller.servers[i], booked[i]);
  }
  if (!caller.plan.mirrors.empty()) {
    std::fill(booked.begin(), booked.end(), 0);
    caller.owed_mirrors += requests * caller.plan.mirror_per_million;
    std::int64_t copies = caller.owed_mirrors / kMillion;
    caller.owed_mirrors %= kMillion;
    shares = caller.mirroring.Share(copies, WeightsOf(caller.plan.mirrors));
    for (std::size_t i = 0; i < shares.size(); ++i) {
      if (shares[i] == 0 || !caller.servers[destinations + i]) continue;
      answer(destinations + i, shares[i]);
      row.to[caller.servers[destinations + i]->name].mirrored += shares[i];
    }
    for (std::size_t i = 0; i < booked.size(); ++i) {
      if (booked[i] > 0) Deliver(*caller.servers[i], booked[i]);
    }
  }
  ledger_.Add(std::move(row));
}

std::optional<int> Traffic::Call(const TrafficPlan& plan) {
  std::vector<std::int64_t> weights = WeightsOf(plan.destinations);
  weights.push_back(plan.lost_weight);
  std::vector<std::int64_t> shares = calls_.Share(1, weights);
  for (std::size_t i = 0; i < plan.destinations.size(); ++i) {
    if (shares[i] == 0) continue;
    const std::optional<Server> server = ServerOf(plan.destinations[i]);
    if (!server) return std::nullopt;
    usage_.Serve(server->uid, server->behaviour->cpu_per_request);
    return Deliver(*server, 1).failed > 0 ? 500 : 200;
  }
  return std::nullopt;
}

void Traffic::DropGoneMetrics() {
  // Requests only come to pods that are there: without a write nothing is gone.
  if (metrics_.empty() || dropped_at_ == store_.version()) return;
  dropped_at_ = store_.version();
  std::set<Labels> live;
  for (const Object& pod : store_.List(kPod, "", {})) {
    live.insert(Metrics::LabelsFor(pod.key().namespace_, LabelsOf(*pod)));
  }
  metrics_.DropAllBut(live, loop_.Now(), series_);
}

void Traffic::Scrape() {
  Settle();
  scrape_ = loop_.After(options_.scrape_interval, [this] { Scrape(); });
  DropGoneMetrics();
  metrics_.Scrape(loop_.Now(), series_);
  series_.Prune(loop_.Now());
}

}  // namespace sluice::embedded
