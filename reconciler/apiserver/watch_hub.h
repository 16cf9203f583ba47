// Every watch that is open: each is a place in the history, and reads on from there as fast as its reader does. One
// that falls behind what is remembered is ended with 410; nothing is queued for it.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "reconciler/apiserver/history.h"
#include "reconciler/apiserver/render.h"
#include "reconciler/apiserver/selectors.h"
#include "reconciler/embedded/embedded_cluster.h"
#include "reconciler/loop/loop.h"
#include "reconciler/serve/server.h"

namespace sluice::apiserver {

struct WatchRequest {
  Resource resource;
  std::string namespace_;  // "" for all
  LabelSelector labels;
  FieldSelector fields;
  View view;
  // Told as ADDED before anything else; what comes after is newer than `version`.
  std::vector<embedded::Object> initial;
  std::uint64_t version = 0;
  bool initial_end = false;  // a bookmark closes `initial` (sendInitialEvents)
  bool bookmarks = false;
  Duration timeout{0};

  bool Selects(const embedded::Object& object) const;
};

class WatchHub {
 public:
  WatchHub(loop::Loop& loop, embedded::EmbeddedCluster& cluster, const History& history);
  ~WatchHub();
  WatchHub(const WatchHub&) = delete;
  WatchHub& operator=(const WatchHub&) = delete;

  // What is stored at the time of the call must be durable.
  void Open(WatchRequest request, std::shared_ptr<serve::Stream> stream);
  // A change of `kind` was added to the history. Within a commit.
  void OnChange(const cluster::Kind& kind);
  std::size_t size() const { return size_; }

 private:
  struct Watcher;
  using Text = std::shared_ptr<const std::string>;

  void Deliver();
  void SendBookmarks();
  void Pump(const std::shared_ptr<Watcher>& watcher);
  // Writes the next thing there is to tell; whether there was one.
  bool Tell(Watcher& watcher);
  void TellBookmark(Watcher& watcher, bool initial_end);
  void Expire(const std::shared_ptr<Watcher>& watcher);
  void Close(const std::shared_ptr<Watcher>& watcher);
  Text EventText(Watcher& watcher, const char* type, const embedded::Object& object);

  loop::Loop& loop_;
  embedded::EmbeddedCluster& cluster_;
  const History& history_;
  std::map<cluster::Kind, std::set<std::shared_ptr<Watcher>>> watchers_;  // by the kind that is stored
  std::size_t size_ = 0;
  std::set<cluster::Kind> changed_;  // not yet delivered
  std::uint64_t durable_ = 0;        // up to here may be told
  loop::TimerId deliver_ = loop::TimerId::kNone, bookmarks_ = loop::TimerId::kNone;
  // Texts of the newest events, by version, type, form and API version: 10,000 watchers of one kind are told the same
  // one.
  std::map<std::tuple<std::uint64_t, std::string, int, std::string>, Text> texts_;
};

}  // namespace sluice::apiserver
