#include "reconciler/sync/syncer.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "compiler/base/hash.h"
#include "reconciler/execute/events.h"
#include "reconciler/loop/retry.h"
#include "reconciler/telemetry/log.h"

namespace sluice::sync {
namespace {

using cluster::Json;
using telemetry::Log;
using telemetry::LogKey;
using telemetry::LogLevel;

// Between the passes that the cluster's own changes ask for.
constexpr Duration kSettle{500};
// How often an object that is being deleted is looked at.
constexpr Duration kLookAgain{2'000};

// What people who ask the cluster are told: enough to know where to look.
std::string FirstLines(const std::vector<std::string>& trouble) {
  constexpr std::size_t kLines = 5;
  std::string lines;
  for (std::size_t i = 0; i < std::min(trouble.size(), kLines); ++i) {
    lines += (lines.empty() ? "" : "\n") + trouble[i];
  }
  if (trouble.size() > kLines) lines += fmt::format("\nand {} more", trouble.size() - kLines);
  return lines;
}

}  // namespace

// What a worker is given, and what it brings back.
struct Syncer::Job {
  std::string last_good, known_tree;
  Result<git::Snapshot> snapshot{Error{ErrorCode::kUnavailable, "not fetched"}};
  bool unchanged = false;
  std::optional<VerifiedSource> source;
  sync::Compiled compiled;
  Result<std::vector<WantedObject>> wanted{std::vector<WantedObject>()};
};

Syncer::Syncer(cluster::Cluster& cluster, loop::Loop& loop, Worker& worker, git::Repository& repository,
               CompileFunction compile, telemetry::Metrics& metrics, SourceOptions options)
    : cluster_(cluster),
      loop_(loop),
      worker_(worker),
      repository_(repository),
      compile_(std::make_shared<const CompileFunction>(std::move(compile))),
      metrics_(metrics),
      options_(std::move(options)),
      hash_(options_.id.Hash()),
      store_(cluster, options_.namespace_, hash_),
      live_(std::make_shared<LiveObjects>(cluster, loop, hash_, Safe([this] { Dirty(); }))) {}

Syncer::~Syncer() {
  *alive_ = false;
  loop_.Cancel(tick_);
  loop_.Cancel(retry_);
}

void Syncer::Start() { Load(); }

void Syncer::Load() {
  store_.Load(Safe([this](Result<InventoryStore::Loaded> loaded) {
    if (!loaded) {
      Refuse("store", loaded.error().message);
      retry_ = loop_.After(loop::RetryAfter(++failures_), Safe([this] { Load(); }));
      return;
    }
    failures_ = 0;
    inventory_ = std::move(loaded->inventory);
    stored_ = loaded->source;
    loaded_ = true;
    metrics_.Set(telemetry::kInventory, {}, static_cast<double>(inventory_.size()));
    if (state_.problem == "store") Clear();
    if (wanted_ == nullptr) return Tick();
    Dirty();
  }));
}

void Syncer::FetchNow() {
  if (fetching_ || !loaded_) {
    fetch_again_ = true;
    return;
  }
  loop_.Cancel(tick_);
  Tick();
}

void Syncer::ScheduleTick() {
  // Many reconcilers of one server must not come to its door in step; the same seed gives the same times.
  const std::string digest = Sha256(fmt::format("{}/{}/{}", hash_, options_.identity, ticks_++));
  const int spread = std::stoi(digest.substr(0, 4), nullptr, 16) % 201 - 100;
  const Duration delay = options_.interval + options_.interval * spread / 1000;
  tick_ = loop_.After(fetch_again_ ? Duration(0) : delay, Safe([this] { Tick(); }));
  fetch_again_ = false;
}

void Syncer::Tick() {
  fetching_ = true;
  auto job = std::make_shared<Job>();
  job->last_good = stored_.commit;
  job->known_tree = wanted_tree_;
  metrics_.Count(telemetry::kFetches);
  worker_.Run(
      [job, &repository = repository_, compile = compile_, id = options_.id, accept = options_.accept_rewritten] {
        job->snapshot = repository.Fetch(job->last_good);
        job->source = VerifiedSource::Check(job->snapshot, accept);
        if (!job->source) return;
        job->unchanged = job->snapshot->tree == job->known_tree;
        if (job->unchanged) return;
        job->compiled = (*compile)(*job->snapshot->files);
        if (job->compiled.mistakes.empty()) {
          job->wanted = WantedObjects(job->compiled, id, job->snapshot->commit);
        }
      },
      Safe([this, job] {
        fetching_ = false;
        Compiled(job);
        ScheduleTick();
        Changed();
      }));
}

// What the worker brought: a commit to be used, or a reason to stay where we are.
void Syncer::Compiled(const std::shared_ptr<Job>& job) {
  if (!job->snapshot) {
    metrics_.Count(telemetry::kFetchErrors, {{"reason", std::string(ErrorCodeName(job->snapshot.error().code))}});
    return Refuse("fetch", job->snapshot.error().message);
  }
  const git::Snapshot& snapshot = *job->snapshot;
  state_.fetched_at = loop_.Now();
  state_.seen_commit = snapshot.commit;
  if (!job->source) {
    return Refuse("rewritten", fmt::format("history was rewritten: {} doesn't follow {}, which stays in use",
                                           snapshot.commit.substr(0, 8), stored_.commit.substr(0, 8)));
  }
  if (job->unchanged) {
    Clear();
    state_.wanted_commit = snapshot.commit;
    if (stored_.commit != snapshot.commit) SaveSource();
    return;
  }
  const bool good = job->compiled.mistakes.empty() && job->wanted.ok();
  metrics_.Count(telemetry::kCompiles, {{"result", good ? "ok" : "failed"}});
  metrics_.Set(telemetry::kDiagnostics, {}, static_cast<double>(job->compiled.mistakes.size()));
  if (!job->compiled.mistakes.empty()) {
    const std::string first = ToString(job->compiled.mistakes.front());
    return Refuse(
        "compile",
        fmt::format("commit {} does not compile ({} {}): {}", snapshot.commit.substr(0, 8),
                    job->compiled.mistakes.size(), job->compiled.mistakes.size() == 1 ? "error" : "errors", first),
        job->compiled.mistakes);
  }
  if (!job->wanted) return Refuse("compile", job->wanted.error().message);
  auto compiled = CompleteCompile::Check(*job->source, job->compiled);
  if (!compiled) {
    return Refuse("empty", fmt::format("commit {} has no plans below `{}`: nothing changes",
                                       snapshot.commit.substr(0, 8), options_.id.path));
  }
  compiled_ = std::move(compiled);
  Accept(job);
}

void Syncer::Refuse(const std::string& what, const std::string& message, std::vector<Mistake> mistakes) {
  const bool news = state_.problem != what || state_.message != message;
  state_.problem = what;
  state_.message = message;
  state_.mistakes = std::move(mistakes);
  metrics_.Set(telemetry::kSourceStale, {}, 1);
  if (!news) return;
  state_.since = loop_.Now();
  Log(LogLevel::kError, message,
      {{LogKey::kSource, options_.id.repository},
       {LogKey::kCommit, state_.seen_commit},
       {LogKey::kFile, state_.mistakes.empty() ? "" : state_.mistakes.front().file},
       {LogKey::kLine, state_.mistakes.empty() ? "" : std::to_string(state_.mistakes.front().line)}});
  for (const Mistake& mistake : state_.mistakes) {
    Log(LogLevel::kError, mistake.message,
        {{LogKey::kSource, options_.id.repository},
         {LogKey::kCommit, state_.seen_commit},
         {LogKey::kFile, mistake.file},
         {LogKey::kLine, std::to_string(mistake.line)}});
  }
  Emit(true, what == "compile" ? "CompileFailed" : what == "fetch" ? "FetchFailed" : "SourceRefused", message);
  SaveSource();
}

void Syncer::Clear() {
  metrics_.Set(telemetry::kSourceStale, {}, 0);
  const bool news = !state_.problem.empty();
  state_.problem.clear();
  state_.message.clear();
  state_.mistakes.clear();
  state_.since.reset();
  if (news) {
    Log(LogLevel::kInfo, "the source is in order again",
        {{LogKey::kSource, options_.id.repository}, {LogKey::kCommit, state_.seen_commit}});
    SaveSource();
  }
}

void Syncer::Accept(const std::shared_ptr<Job>& job) {
  wanted_ = std::make_shared<const std::vector<WantedObject>>(std::move(job->wanted).value());
  wanted_tree_ = job->snapshot->tree;
  state_.wanted_commit = job->snapshot->commit;
  Clear();
  whole_ = false;
  failures_ = 0;
  Log(LogLevel::kInfo, fmt::format("{} objects wanted", wanted_->size()),
      {{LogKey::kSource, options_.id.repository}, {LogKey::kCommit, state_.wanted_commit}});
  for (const WantedObject& object : *wanted_) live_->Watch(object.key.kind);
  for (const auto& [key, entry] : inventory_.Entries()) live_->Watch(key.kind);
  // The inventory could not be stored: it is loaded again first, when the retry is due, and a pass comes after that.
  if (!loaded_) return;
  loop_.Cancel(retry_);
  retry_ = loop::TimerId::kNone;
  if (passing_)
    dirty_ = true;
  else
    Pass();
}

bool Syncer::at_rest() const {
  if (fetching_ || passing_ || dirty_ || !loaded_) return state_.problem == "store";
  return wanted_ == nullptr ? !state_.problem.empty() : (whole_ && !replaced_in_) || !state_.trouble.empty();
}

// The cluster moved: look soon, and not at every one of its steps.
void Syncer::Dirty() {
  if (wanted_ == nullptr || !loaded_) return;
  if (passing_) {
    dirty_ = true;
    return;
  }
  if (retry_ != loop::TimerId::kNone && !whole_ && failures_ > 0) return;  // a retry is due anyway
  if (dirty_) return;
  dirty_ = true;
  loop_.Cancel(retry_);
  retry_ = loop_.After(whole_ ? kSettle : Duration(0), Safe([this] { Pass(); }));
}

void Syncer::Pass() {
  retry_ = loop::TimerId::kNone;
  if (passing_ || wanted_ == nullptr || !loaded_) return;
  dirty_ = false;
  if (!live_->synced()) return;  // each first list calls Dirty
  passing_ = true;
  Record();
}

// Write-ahead: whatever is created from here on can be found again and pruned.
void Syncer::Record() {
  for (const WantedObject& object : *wanted_) {
    if (object.wave == Wave::kBundles) continue;  // the executor's to collect
    const InventoryEntry* known = inventory_.Find(object.key);
    if (known == nullptr)
      inventory_.Put(object.key, {"", object.keep});
    else if (known->keep != object.keep)
      inventory_.Put(object.key, {known->uid, object.keep});
  }
  store_.Save(inventory_, Safe([this](const Result<void>& saved) {
                if (!saved) return StoreFailed(saved.error());
                metrics_.Set(telemetry::kInventory, {}, static_cast<double>(inventory_.size()));
                if (stored_.parts < inventory_.stored_chunks()) SaveSource();
                Apply();
              }));
}

void Syncer::StoreFailed(const Error& error) {
  Log(LogLevel::kWarning, "the inventory can't be stored", {{LogKey::kError, error.message}});
  metrics_.Count(telemetry::kSyncFailures, {{"reason", "inventory"}});
  state_.trouble = {"inventory: " + error.message};
  passing_ = false;
  dirty_ = false;  // loading ends with a pass; a mark left from this one would keep it from coming
  // What is stored is the truth; ours may be ahead or behind of it.
  loaded_ = false;
  retry_ = loop_.After(loop::RetryAfter(++failures_), Safe([this] { Load(); }));
  Changed();
}

void Syncer::Apply() {
  ApplyAll(cluster_, loop_, live_, wanted_, options_.id.Manager(),
           Safe([this](const ApplyOutcome& outcome) { Applied(outcome); }));
}

void Syncer::Applied(const ApplyOutcome& outcome) {
  Trouble(outcome.problems);
  held_ = outcome.held;
  RecordUids();
}

void Syncer::Trouble(const std::vector<sync::Problem>& problems) {
  state_.trouble.clear();
  for (const sync::Problem& problem : problems) {
    state_.trouble.push_back(cluster::ToString(problem.key) + ": " + problem.error.message);
    metrics_.Count(telemetry::kSyncFailures, {{"reason", std::string(ErrorCodeName(problem.error.code))}});
    Log(LogLevel::kWarning, "an object is not as wanted",
        {{LogKey::kObject, cluster::ToString(problem.key)},
         {LogKey::kError, problem.error.message},
         {LogKey::kCommit, state_.wanted_commit}});
  }
}

void Syncer::RecordUids() {
  for (const WantedObject& object : *wanted_) {
    const Json* found = live_->Find(object.key);
    const InventoryEntry* known = inventory_.Find(object.key);
    if (found == nullptr || known == nullptr) continue;
    const std::string uid = found->at("metadata").value("uid", "");
    if (known->uid != uid) inventory_.Put(object.key, {uid, object.keep});
  }
  store_.Save(inventory_, Safe([this](const Result<void>& saved) {
                if (!saved) return StoreFailed(saved.error());
                if (!state_.trouble.empty()) return EndPass(loop::RetryAfter(++failures_));
                PruneStep();
              }));
}

void Syncer::PruneStep() {
  // Commits move the source; the plan set in use is what these proofs are about.
  const auto list = CompleteList::Check(*live_, inventory_);
  const auto healthy = list ? AllHealthy::Check(*list, *live_, held_.empty() ? *wanted_ : NotHeld()) : std::nullopt;
  const auto own = OwnInventory::Check(inventory_);
  if (!compiled_ || !list || !healthy || !own) return EndPass(std::nullopt);
  Prune(cluster_, loop_, live_, PruneProofs{*compiled_, *list, *healthy, *own}, inventory_, *wanted_, hash_,
        Safe([this](const PruneOutcome& outcome) { Pruned(outcome); }));
}

// What a rollout still has serves as it has it.
std::vector<WantedObject> Syncer::NotHeld() const {
  std::vector<WantedObject> wanted = *wanted_;
  std::erase_if(wanted, [this](const WantedObject& object) {
    return std::find(held_.begin(), held_.end(), object.key) != held_.end();
  });
  return wanted;
}

void Syncer::Pruned(const PruneOutcome& outcome) {
  metrics_.Count(telemetry::kPruned, {}, static_cast<double>(outcome.deleted));
  Trouble(outcome.problems);
  for (const cluster::ObjectKey& key : outcome.gone) inventory_.Remove(key);
  replaced_in_ = outcome.next_in;
  store_.Save(inventory_, Safe([this, waiting = outcome.waiting](const Result<void>& saved) {
                if (!saved) return StoreFailed(saved.error());
                metrics_.Set(telemetry::kInventory, {}, static_cast<double>(inventory_.size()));
                if (!state_.trouble.empty()) return EndPass(loop::RetryAfter(++failures_));
                if (waiting > 0 || !held_.empty()) return EndPass(kLookAgain);
                failures_ = 0;
                if (!whole_) {
                  whole_ = true;
                  state_.applied_commit = state_.wanted_commit;
                  state_.applied_at = loop_.Now();
                  metrics_.Count(telemetry::kSyncs);
                  metrics_.Set(telemetry::kLastSync, {},
                               static_cast<double>(loop_.Now().time_since_epoch().count()) / 1000);
                  Log(LogLevel::kInfo, "applied",
                      {{LogKey::kSource, options_.id.repository}, {LogKey::kCommit, state_.applied_commit}});
                  if (stored_.commit != state_.wanted_commit || stored_.tree != wanted_tree_) SaveSource();
                }
                EndPass(replaced_in_);
              }));
}

void Syncer::EndPass(std::optional<Duration> retry_after) {
  passing_ = false;
  if (stored_.trouble != FirstLines(state_.trouble)) SaveSource();
  // What failed is tried again in its time, whatever else moves meanwhile.
  const bool pausing = retry_after && failures_ > 0 && !whole_;
  if (dirty_ && !pausing) {
    dirty_ = false;
    Dirty();
  } else if (retry_after) {
    dirty_ = false;
    retry_ = loop_.After(*retry_after, Safe([this] { Pass(); }));
  }
  Changed();
}

void Syncer::SaveSource() {
  if (!loaded_) return;
  // One at a time: two could overtake each other.
  if (saving_source_) {
    save_source_again_ = true;
    return;
  }
  // The commit in use is what a later one has to follow, from the moment that something of it may be there.
  StoredSource next = stored_;
  if (!state_.wanted_commit.empty()) {
    next.commit = state_.wanted_commit;
    next.tree = wanted_tree_;
  }
  next.message = state_.message;
  next.since = state_.since ? FormatTime(*state_.since) : "";
  next.trouble = FirstLines(state_.trouble);
  next.parts = std::max(next.parts, inventory_.stored_chunks());
  if (next == stored_ && source_stored_) return;
  stored_ = next;
  source_stored_ = true;
  saving_source_ = true;
  const Json description = {{"repository", options_.id.repository},
                            {"ref", options_.id.ref},
                            {"path", options_.id.path},
                            {"seen", state_.seen_commit}};
  store_.SaveSource(next, description, Safe([this](const Result<void>& saved) {
                      saving_source_ = false;
                      const bool again = std::exchange(save_source_again_, false);
                      if (saved) {
                        source_failures_ = 0;
                        if (again) SaveSource();
                        return;
                      }
                      metrics_.Count(telemetry::kSyncFailures, {{"reason", "source"}});
                      source_stored_ = false;
                      loop_.After(loop::RetryAfter(++source_failures_), Safe([this] { SaveSource(); }));
                    }));
}

void Syncer::Emit(bool warning, const std::string& reason, const std::string& note) {
  const execute::EventSubject subject{
      {{"v1", "ConfigMap"}, options_.namespace_, "sluice-source-" + hash_}, "", options_.identity};
  cluster_.Send(cluster::Create{execute::MakeEvent(subject, warning, reason, note, loop_.Now()), "sluice-sync"},
                [](const Result<cluster::SharedJson>&) {});
}

}  // namespace sluice::sync
