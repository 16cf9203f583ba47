#include "reconciler/apiserver/api_server.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "reconciler/apiserver/discovery.h"
#include "reconciler/apiserver/evictions.h"
#include "reconciler/apiserver/reads.h"
#include "reconciler/apiserver/writes.h"
#include "reconciler/embedded/kubelet.h"

namespace sluice::apiserver {
namespace {

using embedded::Store;

constexpr const char* kManager = "kube-apiserver";

std::string Header(const serve::Request& request, const std::string& name) {
  const auto found = request.headers.find(name);
  return found == request.headers.end() ? "" : found->second;
}

// "127.0.0.1", "localhost", "[::1]", each with or without a port: names that no one else can give to an address.
bool LocalHost(std::string_view host) {
  const bool bracketed = host.starts_with('[');
  const std::size_t end = bracketed ? host.find(']') + 1 : host.find(':');
  const std::string_view name = host.substr(0, end);
  return name == "localhost" || name == "[::1]" ||
         (name.starts_with("127.") && name.find_first_not_of("0123456789.") == std::string_view::npos);
}

// A page in a browser on this machine can make it send requests here (cross-site), or be taken for us (DNS rebinding).
bool FromOutside(const serve::Request& request) {
  const std::string host = Header(request, "host");
  if (!host.empty() && !LocalHost(host)) return true;
  const std::string origin = Header(request, "origin");
  if (origin.empty()) return false;
  const std::size_t scheme = origin.find("://");
  return scheme == std::string::npos || !LocalHost(std::string_view(origin).substr(scheme + 3));
}

serve::Response Document(const Json& json) { return {200, "application/json", Dump(json)}; }

// What needs no object; nullopt for what does.
std::optional<serve::Response> Describe(const serve::Request& request, const Store& store) {
  std::string path = request.path;
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  if (path == "/version") return Document(VersionDocument());
  if (path == "/livez" || path == "/healthz" || path == "/readyz") return serve::Response{200, "text/plain", "ok"};
  const std::vector<Resource> resources = Resources(store);
  if ((path == "/api" || path == "/apis") && WantsAggregated(Header(request, "accept"))) {
    serve::Response response = Document(AggregatedDiscovery(resources, path == "/api"));
    response.type = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    return response;
  }
  if (const auto document = DiscoveryDocument(resources, path)) return Document(*document);
  if (const auto document = OpenApiDocument(resources, path)) return Document(*document);
  return std::nullopt;
}

serve::Response NotAllowed(const serve::Request& request) {
  return Respond(FailureStatus(
      405, "MethodNotAllowed",
      fmt::format("the server does not allow this method ({}) on the requested resource", request.method)));
}

// Where the requests to objects are: nothing else is worth a walk through the store's definitions.
bool MayBeDocument(const std::string& path) {
  const auto slashes = std::count(path.begin(), path.end(), '/');
  return !path.starts_with("/api") || slashes <= 3;
}

}  // namespace

ApiServer::ApiServer(loop::Loop& loop, embedded::EmbeddedCluster& cluster, ApiOptions options)
    : loop_(loop),
      cluster_(cluster),
      options_(options),
      self_(std::make_shared<ApiServer*>(this)),
      random_(options.seed, "api server"),
      history_(cluster.store().version()),
      hub_(loop, cluster, history_) {
  cluster_.Observe([self = self_](const embedded::Change& change) {
    if (*self == nullptr) return;
    (*self)->history_.Add(change);
    (*self)->hub_.OnChange(change.object.key().kind);
  });
}

ApiServer::~ApiServer() { *self_ = nullptr; }

void ApiServer::Register(serve::Server& server) {
  const auto handler = [this](const serve::Request& request, const serve::Answer& answer) { Handle(request, answer); };
  for (const char* prefix : {"/api", "/apis", "/openapi/", "/version", "/livez"}) server.Handle(prefix, handler);
}

void ApiServer::RegisterHealth(serve::Server& server) {
  const auto handler = [this](const serve::Request& request, const serve::Answer& answer) { Handle(request, answer); };
  for (const char* prefix : {"/", "/healthz", "/readyz"}) server.Handle(prefix, handler);
}

void ApiServer::Handle(const serve::Request& request, const serve::Answer& answer) {
  if (options_.local_only && FromOutside(request)) {
    return answer(Respond(FailureStatus(
        403, "Forbidden", "this server is for programs on this machine: ask 127.0.0.1 or localhost, not from a page")));
  }
  if (MayBeDocument(request.path)) {
    if (auto described = Describe(request, cluster_.store())) {
      return answer(request.method == "GET" || request.method == "HEAD" ? *std::move(described) : NotAllowed(request));
    }
  }
  OrRefusal<Call> call = Understand(request, cluster_.store());
  if (const auto* refusal = std::get_if<Refusal>(&call)) return answer(Respond(refusal->status));
  Serve(std::get<Call>(call), answer);
}

void ApiServer::Serve(const Call& call, const serve::Answer& answer) {
  if (IsWatch(call)) return Watch(call, answer);
  const auto response = std::make_shared<serve::Response>();
  cluster_.Transact(
      [this, self = self_, call, response](Store& store, TimePoint now) {
        if (*self != nullptr) *response = Perform(call, store, now);
      },
      [response, answer](const Result<void>& durable) {
        // What was read may be of a write that will be lost.
        answer(durable.ok() ? std::move(*response)
                            : Respond(FailureStatus(500, "InternalError", durable.error().message)));
      });
}

serve::Response ApiServer::Perform(const Call& call, Store& store, TimePoint now) {
  const std::string& method = call.request.method;
  const bool named = !call.name.empty();
  if (call.subresource == "eviction") return method == "POST" ? EvictPod(call, store, now) : NotAllowed(call.request);
  if (method == "GET") return named ? GetObject(call, store, now) : ListObjects(call, store, history_, now);
  // A collection in all namespaces is only read.
  const bool somewhere = named || !call.resource.namespaced || !call.namespace_.empty();
  if (!somewhere) return NotAllowed(call.request);
  if (method == "POST" && !named) return CreateObject(call, store, now);
  if (method == "PUT" && named) return UpdateObject(call, store, now);
  if (method == "PATCH" && named) return PatchObject(call, store, now);
  if (method == "DELETE" && call.subresource.empty()) {
    return named ? DeleteObject(call, store, now) : DeleteCollection(call, store, now);
  }
  return NotAllowed(call.request);
}

void ApiServer::Watch(const Call& call, const serve::Answer& answer) {
  cluster_.Transact([](Store&, TimePoint) {},
                    [this, self = self_, call, answer](const Result<void>& durable) {
                      if (*self == nullptr) return;
                      if (!durable.ok()) {
                        return answer(Respond(FailureStatus(503, "ServiceUnavailable", durable.error().message)));
                      }
                      auto checked = BeginWatch(call, cluster_.store(), 0);
                      if (const auto* refusal = std::get_if<Refusal>(&checked)) return answer(Respond(refusal->status));
                      serve::Response response;
                      // What the watch begins with is read when there is somebody to tell.
                      response.stream = [this, self, call](std::shared_ptr<serve::Stream> stream) {
                        if (*self == nullptr) return;
                        const double chance = static_cast<double>(random_.Below(1'000)) / 1'000;
                        auto begun = BeginWatch(call, cluster_.store(), chance);
                        auto* request = std::get_if<WatchRequest>(&begun);
                        if (request == nullptr || !cluster_.Durable().ok()) return stream->Abort();
                        hub_.Open(std::move(*request), std::move(stream));
                      };
                      answer(std::move(response));
                    });
}

void ApiServer::Furnish() {
  cluster_.Transact(
      [](Store& store, TimePoint now) {
        for (const char* name : {"default", "kube-node-lease", "kube-public", "kube-system"}) {
          // One that is there already stays as it is.
          (void)store.Create({{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", name}}}}, kManager,
                             now);
        }
        for (int i = 1; i <= embedded::Kubelet::kNodes; ++i) {
          const auto made = store.Create({{"apiVersion", "v1"},
                                          {"kind", "Node"},
                                          {"metadata", {{"name", fmt::format("node-{}", i)}}},
                                          {"spec", Json::object()}},
                                         kManager, now);
          if (!made) continue;
          Json ready = {{"type", "Ready"}, {"status", "True"}, {"reason", "KubeletReady"}, {"message", "in memory"}};
          ready["lastTransitionTime"] = embedded::Seconds(now);
          (void)store.SetStatus(**made, {{"conditions", Json::array({std::move(ready)})}});
        }
      },
      [](const Result<void>&) {});
}

}  // namespace sluice::apiserver
