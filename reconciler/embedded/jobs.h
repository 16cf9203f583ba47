// Jobs: pods until enough of them succeeded or too many failed, and their status. Indexed ones are not served.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "reconciler/embedded/controller.h"
#include "reconciler/embedded/job_status.h"
#include "reconciler/embedded/store.h"

namespace sluice::embedded {

class Jobs {
 public:
  Jobs(loop::Loop& loop, Store& store, Watches& watches, const Lag& lag, std::uint64_t seed);

 private:
  struct Round;

  void OnChange(const ObjectKey& key, const Object& before, const Object& now);
  void Reconcile(const ObjectKey& key);
  // Of a Job that has ended: it goes when its time is over.
  void Expire(const Object& job);
  // A pod whose Job no longer counts it.
  void ReleaseOrphan(const ObjectKey& key);
  bool Release(const Object& pod);
  bool Delete(const Object& pod);

  Round Look(const Object& job) const;
  Failures FailuresOf(const Object& job) const;
  void Decide(Round& round);
  void Stop(Round& round, bool released);
  void Manage(Round& round);
  void Grow(Round& round, std::int64_t count);
  void Suspend(Round& round);
  // Writes what the round came to: each pod that ended is noted, let go of, and then counted, so that it counts once
  // whenever this is cut short.
  void Track(Round& round);
  void NoteEnded(Round& round);
  void Finish(Round& round);
  bool Write(Round& round);

  loop::Loop& loop_;
  Store& store_;
  std::uint64_t seed_;
  std::map<std::string, Failures> failures_;  // by the Job's uid
  View view_;
  Queue queue_;
};

}  // namespace sluice::embedded
