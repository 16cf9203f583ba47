#include "reconciler/cluster/failing_cluster.h"

#include <map>
#include <optional>

#include <catch2/catch.hpp>

#include "reconciler/loop/virtual_loop.h"

namespace sluice::cluster {
namespace {

// Carries out everything at once and notes it.
class Recorder : public Cluster {
 public:
  explicit Recorder(loop::Loop& loop) : loop_(loop) {}
  void Send(Request request, Reply reply) override {
    done.push_back(Describe(request));
    loop_.Post([reply = std::move(reply)] { reply(Share(Json::object())); });
  }
  WatchId Watch(ListObjects, EventHandler) override { return WatchId::kNone; }
  void Cancel(WatchId) override {}
  std::map<Kind, std::string> Unwatched() const override { return {}; }
  std::vector<std::string> done;

 private:
  loop::Loop& loop_;
};

struct Trial {
  loop::VirtualLoop loop{TimePoint{}};
  Recorder inner{loop};
  FailingCluster cluster{loop, inner};

  // "ok", "silence" or the error's name.
  std::string Send(Request request) {
    std::optional<Result<Json>> answer;
    cluster.Send(std::move(request),
                 [&](const Result<SharedJson>& result) { answer = result ? Result<Json>(**result) : result.error(); });
    CHECK(!answer.has_value());
    loop.RunFor(Duration(10'000));
    if (!answer) return "silence";
    return answer->ok() ? "ok" : std::string(ErrorCodeName(answer->error().code));
  }
};

Json Object(const std::string& name) {
  return {{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", {{"name", name}, {"namespace", "shop"}}}};
}

TEST_CASE("each fault does to one request what it says") {
  struct Case {
    Fault fault;
    std::string answer;
    std::size_t done;
  };
  std::vector<Case> cases = {
      {{Fault::Kind::kFail, {ErrorCode::kForbidden, "no"}, {}}, "forbidden", 0},
      {{Fault::Kind::kLoseAnswer, {}, {}}, "ambiguous", 1},
      {{Fault::Kind::kLoseRequest, {}, {}}, "ambiguous", 0},
      {{Fault::Kind::kSilence, {}, {}}, "silence", 1},
      {{Fault::Kind::kDelay, {}, Duration(5'000)}, "ok", 1},
  };
  for (const Case& each : cases) {
    Trial trial;
    trial.cluster.InjectAtWrite(2, each.fault);
    CHECK(trial.Send(Apply{Object("a"), "test", false}) == "ok");
    CHECK(trial.Send(Get{KeyOf(Object("a"))}) == "ok");
    std::size_t before = trial.inner.done.size();
    CHECK(trial.Send(Apply{Object("b"), "test", false}) == each.answer);
    CHECK(trial.inner.done.size() - before == each.done);
    CHECK(trial.Send(Apply{Object("c"), "test", false}) == "ok");
    CHECK(trial.cluster.writes() == 3);
    CHECK(trial.cluster.trace()[2] == "apply v1/ConfigMap/shop/b");
  }
}

TEST_CASE("a cluster that is down refuses everything and does nothing") {
  Trial trial;
  trial.cluster.SetDown(true);
  CHECK(trial.Send(Get{KeyOf(Object("a"))}) == "unavailable");
  CHECK(trial.Send(Delete{KeyOf(Object("a")), "u", ""}) == "unavailable");
  CHECK(trial.inner.done.empty());
  trial.cluster.SetDown(false);
  CHECK(trial.Send(Delete{KeyOf(Object("a")), "u", ""}) == "ok");
}

TEST_CASE("who dies at a write gets no answer to it or after it, and the next process is served") {
  struct Case {
    Death death;
    std::string answer;
    std::size_t done;
  };
  const std::vector<Case> cases = {
      {Death::kBeforeSending, "silence", 1}, {Death::kAnswerLost, "silence", 2}, {Death::kBeforeRecording, "ok", 2}};
  for (const Case& each : cases) {
    Trial trial;
    trial.cluster.DieAtWrite(2, each.death);
    CHECK(trial.Send(Apply{Object("a"), "test", false}) == "ok");
    CHECK_FALSE(trial.cluster.dead());
    CHECK(trial.Send(Apply{Object("b"), "test", false}) == each.answer);
    CHECK(trial.cluster.dead());
    CHECK(trial.Send(Get{KeyOf(Object("a"))}) == "silence");
    CHECK(trial.inner.done.size() == each.done);
    trial.cluster.Revive();
    CHECK(trial.Send(Apply{Object("b"), "test", false}) == "ok");
  }
}

}  // namespace
}  // namespace sluice::cluster
