// The callers: so many requests a second, carried by the proxies, answered by pods as their images tell, and
// booked in metrics and ledger.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reconciler/embedded/ledger.h"
#include "reconciler/embedded/metrics.h"
#include "reconciler/embedded/proxy.h"
#include "reconciler/embedded/store.h"
#include "reconciler/embedded/usage.h"

namespace sluice::embedded {

// Shares whole requests out by weight so that over time each gets exactly its share: what rounding owes is
// carried over.
class Sharing {
 public:
  // One number a weight, in order; their sum is `requests`, or all are 0 if no weight is above 0.
  std::vector<std::int64_t> Share(std::int64_t requests, const std::vector<std::int64_t>& weights);

 private:
  std::vector<std::int64_t> weights_;
  std::vector<std::int64_t> owed_;
};

class Traffic {
 public:
  // All must outlive it.
  Traffic(loop::Loop& loop, Store& store, Watches& proxy_watches, Usage& usage, const Options& options);
  ~Traffic();

  const Ledger& ledger() const { return ledger_; }
  const TimeSeries& series() const { return series_; }

  // Who calls has changed.
  void LookAgain();
  // Carries what is due until now, should the next tick be far away.
  void Settle();

  // One request now; the status of its answer, or nothing if no pod took it.
  std::optional<int> Call(const TrafficPlan& plan);
  const Proxy& proxy() const { return proxy_; }

 private:
  // A pod that takes requests, as the store has it. Of one that is gone or doesn't run there is none.
  struct Server {
    std::string uid;
    const ImageBehaviour* behaviour = nullptr;
    TimePoint ready{};
    Counters* counters = nullptr;
    std::string name;       // as a destination: see LedgerRow
    std::size_t books = 0;  // with whose requests its own are booked: those of pods that answer and count alike
  };
  struct Caller {
    Load load;
    std::string name;
    TrafficPlan plan;
    // Of the plan's destinations and then its mirrors, as of that state of the pods: looked up once for as long as no
    // pod changes.
    std::vector<std::optional<Server>> servers;
    std::uint64_t pods = 0;
    Sharing sharing;
    Sharing mirroring;
    std::int64_t owed_requests = 0;  // thousandths
    std::int64_t owed_mirrors = 0;   // millionths
  };

  void Tick();
  void Changed();
  void CarryAll();
  bool IsSteady() const;
  void Scrape();
  void RefreshCallers();
  void Carry(Caller& caller, Duration elapsed);
  void FindServers(Caller& caller);
  std::optional<Server> ServerOf(const Destination& destination);
  // What a pod answers of so many requests.
  Carried Deliver(const Server& server, std::int64_t requests);
  void DropGoneMetrics();

  loop::Loop& loop_;
  Store& store_;
  Usage& usage_;
  const Options& options_;
  Proxy proxy_;
  Metrics metrics_;
  TimeSeries series_;
  Ledger ledger_;
  std::map<std::string, Caller> callers_;
  std::uint64_t epoch_ = 0;
  Sharing calls_;
  loop::TimerId tick_ = loop::TimerId::kNone;
  loop::TimerId scrape_ = loop::TimerId::kNone;
  TimePoint carried_until_{};
  std::uint64_t pods_ = 1;  // counts changes of pods
  int quiet_ticks_ = 0;     // in which nothing changed
  bool resting_ = false;    // the next tick is further away than usual
  std::uint64_t ticked_epoch_ = 0, ticked_pods_ = 0;
  std::uint64_t dropped_at_ = 0;  // the store's version when gone pods' metrics were last looked for
};

}  // namespace sluice::embedded
