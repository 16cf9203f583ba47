// The API over an embedded cluster in virtual time, without sockets.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "reconciler/apiserver/api_server.h"
#include "reconciler/loop/virtual_loop.h"

namespace sluice::apiserver {

using Headers = std::map<std::string, std::string>;

struct Answered {
  int status = 0;
  Json body;
};

// What a watcher was told, and how much more it takes.
class Reader : public serve::Stream {
 public:
  bool room() const override { return pieces.size() < most; }
  bool closed() const override { return gone; }
  void Write(serve::Piece piece) override { pieces.push_back(cluster::ParseJson(*piece)); }
  void End() override { ended = true; }
  void Abort() override { aborted = true; }

  std::vector<std::string> Types() const;

  std::vector<Json> pieces;
  std::size_t most = 1'000'000;
  bool gone = false, ended = false, aborted = false;
};

class Api {
 public:
  explicit Api(embedded::Options options = {});

  // `target` is a path with its query, as it stands in a URL.
  Answered Ask(const std::string& method, const std::string& target, const Json& body = nullptr,
               const Headers& headers = {});
  Answered AskText(const std::string& method, const std::string& target, const std::string& body,
                   const Headers& headers);
  Answered Patch(const std::string& target, const std::string& type, const Json& patch);
  // Begins a watch; its reader, or nullptr if it was refused (`refused` then holds the Status).
  std::shared_ptr<Reader> Watch(const std::string& target, const Headers& headers = {});

  // Lets the time go on.
  void Wait(Duration time) {
    loop_.RunUntil([] { return false; }, loop_.Now() + time);
  }

  Json refused;

 private:
  serve::Request Make(const std::string& method, const std::string& target, const Headers& headers) const;

  loop::VirtualLoop loop_{TimePoint(std::chrono::hours(24 * 365 * 50))};
  std::unique_ptr<embedded::EmbeddedCluster> cluster_;
  std::unique_ptr<ApiServer> server_;
};

Json ConfigMapOf(const std::string& name, Json data = Json::object(), Json labels = Json::object());
Json DeploymentOf(const std::string& name, int replicas);

inline constexpr const char* kConfigMaps = "/api/v1/namespaces/shop/configmaps";
inline constexpr const char* kDeployments = "/apis/apps/v1/namespaces/shop/deployments";

}  // namespace sluice::apiserver
