#include "tests/fault/process.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "reconciler/decide/invariants.h"

namespace sluice::execute {

std::function<void()> ProcessLoop::Held(std::uint64_t timer, std::function<void()> task) {
  return [state = state_, timer, task = std::move(task)]() mutable {
    if (state->dead) return;
    if (state->stopped) {
      state->held.emplace_back(timer, std::move(task));
    } else {
      task();
    }
  };
}

loop::TimerId ProcessLoop::At(TimePoint time, std::function<void()> task) {
  const std::uint64_t id = next_++;
  auto run = [this, id, task = std::move(task)] {
    timers_.erase(id);
    task();
  };
  timers_[id] = outer_.At(time, Held(id, std::move(run)));
  return static_cast<loop::TimerId>(id);
}

void ProcessLoop::Cancel(loop::TimerId timer) {
  const auto found = timers_.find(static_cast<std::uint64_t>(timer));
  if (found == timers_.end()) return;
  outer_.Cancel(found->second);
  std::erase_if(state_->held, [&](const auto& held) { return held.first == found->first; });
  timers_.erase(found);
}

void ProcessLoop::Continue() {
  state_->stopped = false;
  for (auto& [timer, task] : std::exchange(state_->held, {})) {
    const auto found = timers_.find(timer);
    auto again = Held(timer, std::move(task));
    if (found == timers_.end())
      outer_.Post(std::move(again));
    else
      found->second = outer_.At(outer_.Now(), std::move(again));
  }
}

// What the process hears comes on its own loop.
class Process::Client : public cluster::Cluster {
 public:
  Client(ProcessLoop& loop, cluster::Cluster& way, Lens& lens) : loop_(loop), way_(way), lens_(lens) {}
  ~Client() override {
    *alive_ = false;
    for (const cluster::WatchId id : watches_) lens_.Cancel(id);
  }

  void Send(cluster::Request request, cluster::Reply reply) override {
    const auto answer = [this, alive = alive_, reply = std::move(reply)](Result<cluster::SharedJson> said) {
      if (!*alive) return;
      loop_.Post([alive, reply, said = std::move(said)]() mutable {
        if (*alive) reply(std::move(said));
      });
    };
    if (auto stale = lens_.Read(request)) return answer(std::move(*stale));
    way_.Send(std::move(request), answer);
  }
  cluster::WatchId Watch(cluster::ListObjects what, cluster::EventHandler handler) override {
    const auto open = std::make_shared<bool>(true);
    const cluster::WatchId id = lens_.Watch(
        std::move(what), [this, open, alive = alive_, handler = std::move(handler)](const cluster::Event& event) {
          loop_.Post([open, alive, handler, type = event.type, object = event.object] {
            if (*alive && *open) handler({type, object});
          });
        });
    open_[id] = open;
    watches_.push_back(id);
    return id;
  }
  void Cancel(cluster::WatchId watch) override {
    const auto found = open_.find(watch);
    if (found == open_.end()) return;
    *found->second = false;
    open_.erase(found);
    std::erase(watches_, watch);
    lens_.Cancel(watch);
  }
  std::map<cluster::Kind, std::string> Unwatched() const override { return lens_.Unwatched(); }

 private:
  ProcessLoop& loop_;
  cluster::Cluster& way_;
  Lens& lens_;
  std::map<cluster::WatchId, std::shared_ptr<bool>> open_;
  std::vector<cluster::WatchId> watches_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

class Process::Web : public http::Http {
 public:
  Web(ProcessLoop& loop, http::Http& inner) : loop_(loop), inner_(inner) {}
  ~Web() override { *alive_ = false; }
  void Send(http::HttpRequest request, std::function<void(Result<http::HttpResponse>)> reply) override {
    inner_.Send(std::move(request), [this, alive = alive_, reply = std::move(reply)](Result<http::HttpResponse> said) {
      if (!*alive) return;
      loop_.Post([alive, reply, said = std::move(said)]() mutable {
        if (*alive) reply(std::move(said));
      });
    });
  }

 private:
  ProcessLoop& loop_;
  http::Http& inner_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

Process::Process(Scene& scene, cluster::Cluster& way, Lens& lens, const std::string& name, bool shares)
    : loop_(scene.loop),
      way_(scene.loop, way),
      client_(std::make_unique<Client>(loop_, way_, lens)),
      web_(std::make_unique<Web>(loop_, *scene.http)),
      worker_(loop_) {
  ReconcilerOptions options;
  options.source.id = {"https://git.example.org/shop.git", "main", "plans"};
  options.source.interval = Duration(10'000);
  options.source.identity = name;
  if (shares) options.sharing.emplace(Sharing{client_.get(), lease::Times{}, name, {}});
  reconciler_ = std::make_unique<Reconciler>(*client_, *web_, loop_, worker_, scene.repository, sync::MakeCompiler(),
                                             metrics_, std::move(options));
  reconciler_->on_loss = [this] { ended_ = true; };
  reconciler_->executor().Attend([&scene, name](const Decided& decided) {
    const auto violations =
        decide::Violations(decided.graph, decided.before, decided.observed, decided.now, decided.decision);
    for (const std::string& each : violations) {
      scene.broken.push_back(
          fmt::format("{} {} by {}: {}", FormatTime(decided.now), decided.rollout.second, name, each));
    }
  });
  reconciler_->Start();
}

Process::~Process() { Kill(); }

void Process::Kill() {
  reconciler_.reset();
  web_.reset();
  client_.reset();
}

}  // namespace sluice::execute
