// A cluster behind its REST API.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "reconciler/cluster/cluster.h"
#include "reconciler/http/http.h"
#include "reconciler/loop/loop.h"

namespace sluice::cluster {

// Speaks to the API that `sluice reconcile --cluster memory` serves on its port. A watch asks for the list
// once a second and gives what changed as events.
class HttpCluster : public Cluster {
 public:
  // `url` without a trailing slash: "http://127.0.0.1:8080".
  HttpCluster(http::Http& http, loop::Loop& loop, std::string url);
  ~HttpCluster() override;

  void Send(Request request, Reply reply) override;
  WatchId Watch(ListObjects what, EventHandler handler) override;
  void Cancel(WatchId watch) override;

 private:
  struct Watched {
    ListObjects what;
    EventHandler handler;
    std::map<ObjectKey, SharedJson> objects;
    bool synced = false;
  };

  void Poll(WatchId id);
  static void Compare(Watched& watched, const Json& list);

  http::Http& http_;
  loop::Loop& loop_;
  std::string url_;
  std::uint64_t next_ = 1;
  std::map<WatchId, std::shared_ptr<Watched>> watches_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace sluice::cluster
