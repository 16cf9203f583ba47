// A cluster whose requests go wrong as told: for tests of everything that writes.
#pragma once

#include <deque>

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

// Create, Apply, ReplaceStatus, Delete.
bool IsWrite(const Request& request);
// What a request is about; for lists the kind and namespace with an empty name.
ObjectKey Target(const Request& request);
// "apply apps/v1/Deployment/shop/web", for traces.
std::string Describe(const Request& request);

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

  // Requests seen so far, and what they were, in the order of sending.
  std::size_t writes() const { return writes_; }
  std::size_t requests() const { return trace_.size(); }
  const std::vector<std::string>& trace() const { return trace_; }

  void Send(Request request, Reply reply) override;
  WatchId Watch(ListObjects what, EventHandler handler) override;
  void Cancel(WatchId watch) override { inner_.Cancel(watch); }

 private:
  struct Injection {
    Predicate fits;
    Fault fault;
    int times = 1;
  };

  std::optional<Fault> Next(const Request& request);
  void Answer(Reply reply, Error error);

  loop::Loop& loop_;
  Cluster& inner_;
  bool down_ = false;
  std::size_t writes_ = 0;
  std::deque<Injection> faults_;
  std::vector<std::string> trace_;
};

}  // namespace sluice::cluster
