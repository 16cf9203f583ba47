// What an API server shows of the cluster through its watches: it may lag behind, lose events, or tell them twice.
// Sieve's patterns (OSDI 2022): stale states, states that are never seen, and, for a process that starts on a server
// that lags, time that goes back.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "reconciler/cluster/cluster.h"
#include "reconciler/loop/loop.h"
#include "tests/fault/seeds.h"

namespace sluice::execute {

class Lens {
 public:
  struct Trouble {
    bool frozen = false;        // watches show what was, and those that begin begin with it
    bool stale_reads = false;   // with `frozen`: so do gets and lists
    bool told = false;          // with `frozen`: that watches may be old is known
    std::uint64_t drops = 0;    // one event in so many is lost until the next list; 0: none
    std::uint64_t repeats = 0;  // one in so many comes twice
    Duration late{0};           // each kind's events come up to so much later, in their order
  };

  // Both outlive it.
  Lens(loop::Loop& loop, cluster::Cluster& inner, std::uint64_t seed);
  ~Lens();
  Lens(const Lens&) = delete;
  Lens& operator=(const Lens&) = delete;

  // From now on. What was lost is told by a list once nothing is frozen and nothing dropped.
  void Set(const Trouble& trouble);

  cluster::WatchId Watch(cluster::ListObjects what, cluster::EventHandler handler);
  void Cancel(cluster::WatchId watch);
  std::map<cluster::Kind, std::string> Unwatched() const;
  // The answer to a read of what is frozen; nullopt: the cluster knows.
  std::optional<Result<cluster::SharedJson>> Read(const cluster::Request& request) const;

  // Events that were held back, lost, repeated or late.
  int disturbed() const { return disturbed_; }

 private:
  using Objects = std::map<cluster::ObjectKey, cluster::SharedJson>;
  struct Source;
  struct Watcher;

  Source& SourceOf(const cluster::ListObjects& what);
  void Hear(Source& source, const cluster::Event& event);
  void Offer(const std::shared_ptr<Watcher>& watcher, const cluster::Event& event);
  // The difference between what a watcher was told and what is shown, and that it is all.
  void List(const std::shared_ptr<Watcher>& watcher);
  void Later(Watcher& watcher, std::function<void()> tell);

  loop::Loop& loop_;
  cluster::Cluster& inner_;
  Dice dice_;
  Trouble trouble_;
  std::vector<std::unique_ptr<Source>> sources_;
  std::map<std::uint64_t, std::shared_ptr<Watcher>> watchers_;
  std::uint64_t next_ = 1;
  int disturbed_ = 0;
};

}  // namespace sluice::execute
