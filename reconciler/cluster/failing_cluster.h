// A cluster whose requests go wrong as told: for tests of everything that writes.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

#include "reconciler/cluster/cluster.h"
#include "reconciler/loop/loop.h"

namespace sluice::cluster {

struct Fault {
  enum class Kind {
    kFail,         // not carried out; answered with `error`
    kLoseAnswer,   // carried out; answered with kAmbiguous
    kLoseRequest,  // not carried out; answered with kAmbiguous
    kSilence,      // carried out; never answered (who asked has died)
    kDelay,        // carried out `delay` later
  };
  Kind kind = Kind::kFail;
  Error error{ErrorCode::kUnavailable, "injected"};
  Duration delay{0};
};

// Create, Apply, Replace, ReplaceStatus, Delete.
bool IsWrite(const Request& request);
// What a request is about; for lists the kind and namespace with an empty name.
ObjectKey Target(const Request& request);
// "apply apps/v1/Deployment/shop/web", for traces.
std::string Describe(const Request& request);

// When the process that sends a write dies of it.
enum class Death {
  kBeforeSending,   // the write never left
  kAnswerLost,      // the write is on its way and will be carried out
  kBeforeRecording  // the write was carried out and answered; what the answer led to never left
};

// Hands everything on to `inner`, but for requests that a fault fits.
class FailingCluster : public Cluster {
 public:
  using Predicate = std::function<bool(const Request&)>;

  FailingCluster(loop::Loop& loop, Cluster& inner) : loop_(loop), inner_(inner) {}

  // The next `times` requests that fit meet `fault`; earlier calls come first.
  void Inject(Predicate fits, Fault fault, int times = 1);
  // The write of this number (from 1, as counted by writes()) meets `fault`.
  void InjectAtWrite(std::size_t number, Fault fault);
  // While down every request is kUnavailable; watches go on.
  void SetDown(bool down) { down_ = down; }
  void ClearFaults() { faults_.clear(); }
  // Who sends the write of this number dies of it: from then on nothing is carried out and nothing answered.
  void DieAtWrite(std::size_t number, Death death) { death_ = {number, death}; }
  bool dead() const { return dead_; }
  // Another process begins. Requests of the dead one are never answered.
  void Revive();

  // Requests seen so far, and what they were, in the order of sending.
  std::size_t writes() const { return writes_; }
  std::size_t requests() const { return trace_.size(); }
  const std::vector<std::string>& trace() const { return trace_; }

  void Send(Request request, Reply reply) override;
  WatchId Watch(ListObjects what, EventHandler handler) override;
  void Cancel(WatchId watch) override { inner_.Cancel(watch); }
  std::map<Kind, std::string> Unwatched() const override { return inner_.Unwatched(); }

 private:
  struct Injection {
    Predicate fits;
    Fault fault;
    int times = 1;
  };

  // Sends the write that its sender dies of.
  void Die(Request request, Reply reply);
  std::optional<Fault> Next(const Request& request);
  void Answer(Reply reply, Error error);

  loop::Loop& loop_;
  Cluster& inner_;
  bool down_ = false;
  bool dead_ = false;
  std::optional<std::pair<std::size_t, Death>> death_;
  std::uint64_t life_ = 0;  // answers reach the process that asked, no later one
  std::size_t writes_ = 0;
  std::deque<Injection> faults_;
  std::vector<std::string> trace_;
};

}  // namespace sluice::cluster
