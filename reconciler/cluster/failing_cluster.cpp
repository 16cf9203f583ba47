#include "reconciler/cluster/failing_cluster.h"

#include <utility>

namespace sluice::cluster {
namespace {

struct TargetOf {
  ObjectKey operator()(const Get& get) const { return get.key; }
  ObjectKey operator()(const ListObjects& list) const { return {list.kind, list.namespace_, ""}; }
  ObjectKey operator()(const Create& create) const { return KeyOf(create.object); }
  ObjectKey operator()(const Apply& apply) const { return KeyOf(apply.object); }
  ObjectKey operator()(const Replace& replace) const { return KeyOf(replace.object); }
  ObjectKey operator()(const ReplaceStatus& replace) const { return KeyOf(replace.object); }
  ObjectKey operator()(const Delete& erase) const { return erase.key; }
};

struct VerbOf {
  const char* operator()(const Get&) const { return "get"; }
  const char* operator()(const ListObjects&) const { return "list"; }
  const char* operator()(const Create&) const { return "create"; }
  const char* operator()(const Apply&) const { return "apply"; }
  const char* operator()(const Replace&) const { return "replace"; }
  const char* operator()(const ReplaceStatus&) const { return "status"; }
  const char* operator()(const Delete&) const { return "delete"; }
};

}  // namespace

bool IsWrite(const Request& request) {
  return !std::holds_alternative<Get>(request) && !std::holds_alternative<ListObjects>(request);
}

ObjectKey Target(const Request& request) { return std::visit(TargetOf{}, request); }

std::string Describe(const Request& request) {
  return std::string(std::visit(VerbOf{}, request)) + " " + ToString(Target(request));
}

void FailingCluster::Inject(Predicate fits, Fault fault, int times) {
  faults_.push_back({std::move(fits), std::move(fault), times});
}

void FailingCluster::InjectAtWrite(std::size_t number, Fault fault) {
  Inject([this, number](const Request& request) { return IsWrite(request) && writes_ == number; }, std::move(fault));
}

std::optional<Fault> FailingCluster::Next(const Request& request) {
  for (auto injection = faults_.begin(); injection != faults_.end(); ++injection) {
    if (!injection->fits(request)) continue;
    Fault fault = injection->fault;
    if (--injection->times == 0) faults_.erase(injection);
    return fault;
  }
  return std::nullopt;
}

void FailingCluster::Answer(Reply reply, Error error) {
  loop_.After(Duration(1), [reply = std::move(reply), error = std::move(error)] { reply(error); });
}

void FailingCluster::Revive() {
  dead_ = false;
  death_.reset();
  ++life_;
}

void FailingCluster::Die(Request request, Reply reply) {
  const Death death = death_->second;
  dead_ = death != Death::kBeforeRecording;
  if (death == Death::kBeforeSending) return;
  inner_.Send(std::move(request), [this, death, life = life_, reply = std::move(reply)](Result<SharedJson> answer) {
    if (death == Death::kAnswerLost || life != life_) return;
    dead_ = true;
    reply(std::move(answer));
  });
}

void FailingCluster::Send(Request request, Reply reply) {
  if (dead_) return;
  trace_.push_back(Describe(request));
  if (IsWrite(request)) ++writes_;
  if (death_ && IsWrite(request) && writes_ == death_->first) return Die(std::move(request), std::move(reply));
  if (down_) {
    Answer(std::move(reply), {ErrorCode::kUnavailable, "connection refused"});
    return;
  }
  std::optional<Fault> fault = Next(request);
  if (!fault) {
    inner_.Send(std::move(request), std::move(reply));
    return;
  }
  Error lost{ErrorCode::kAmbiguous, "the answer was lost"};
  switch (fault->kind) {
    case Fault::Kind::kFail:
      Answer(std::move(reply), fault->error);
      return;
    case Fault::Kind::kLoseRequest:
      Answer(std::move(reply), std::move(lost));
      return;
    case Fault::Kind::kLoseAnswer:
      inner_.Send(std::move(request), [reply = std::move(reply), lost](const Result<SharedJson>&) { reply(lost); });
      return;
    case Fault::Kind::kSilence:
      inner_.Send(std::move(request), [](const Result<SharedJson>&) {});
      return;
    case Fault::Kind::kDelay:
      loop_.After(fault->delay, [this, request = std::move(request), reply = std::move(reply)]() mutable {
        inner_.Send(std::move(request), std::move(reply));
      });
      return;
  }
}

WatchId FailingCluster::Watch(ListObjects what, EventHandler handler) {
  return inner_.Watch(std::move(what), std::move(handler));
}

}  // namespace sluice::cluster
