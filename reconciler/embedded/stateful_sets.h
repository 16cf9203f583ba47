// StatefulSets: pods by number, made, replaced and ended in their order, and their status
// (pkg/controller/statefulset/stateful_set_control.go). Claims for volumes aren't made.
#pragma once

#include <string>

#include "reconciler/embedded/controller.h"
#include "reconciler/embedded/store.h"

namespace sluice::embedded {

class StatefulSets {
 public:
  StatefulSets(loop::Loop& loop, Store& store, Watches& watches, const Lag& lag, std::uint64_t seed);

 private:
  struct Round;

  void Reconcile(const ObjectKey& key);
  Round Look(const Object& set) const;

  // Finds the revisions that pods are made of, and keeps the template as one if it is new. Whether that went well.
  bool Revise(Round& round);
  Object MakeRevision(Round& round, const Json& data, std::int64_t number);
  Object Renumber(const Object& revision, std::int64_t number);
  void Forget(const Round& round);

  // The steps of a round, each of which says whether the next may follow: missing pods are made, those beyond the
  // number end, those of another revision are replaced.
  bool Fill(Round& round);
  bool FillAt(Round& round, std::int64_t ordinal);
  bool Make(Round& round, std::int64_t ordinal);
  bool Shrink(Round& round);
  void Roll(Round& round);

  void Identify(Object& pod);
  bool Delete(const Round& round, Object& pod);
  bool Available(const Round& round, const Object& pod);
  void WriteStatus(Round& round);

  loop::Loop& loop_;
  Store& store_;
  View view_;
  Queue queue_;
};

}  // namespace sluice::embedded
