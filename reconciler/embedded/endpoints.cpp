#include "reconciler/embedded/endpoints.h"

#include <algorithm>

#include <fmt/format.h>

#include "reconciler/embedded/kinds.h"

namespace sluice::embedded {
namespace {

// Kubernetes' default for one slice.
constexpr std::size_t kEndpointsPerSlice = 100;
constexpr const char* kServiceNameLabel = "kubernetes.io/service-name";

Json EndpointOf(const Object& pod) {
  Json conditions =
      JsonOf("ready", pod.ready() && !pod.terminating(), "serving", pod.ready(), "terminating", pod.terminating());
  Json target = JsonOf("kind", "Pod", "name", pod.key().name, "namespace", pod.key().namespace_, "uid", pod.uid());
  Json addresses = Json::array();
  addresses.push_back(Text(*pod, {"status", "podIP"}));
  return JsonOf("addresses", std::move(addresses), "conditions", std::move(conditions), "nodeName",
                Text(*pod, {"spec", "nodeName"}), "targetRef", std::move(target));
}

// Whether slices show both states of a pod alike: most of what happens to it is not their concern.
bool ShownAlike(const Object& before, const Object& now) {
  auto same = [&](Path path) {
    const Json* was = Find(*before, path);
    const Json* is = Find(*now, path);
    return was == nullptr || is == nullptr ? was == is : *was == *is;
  };
  return before.ready() == now.ready() && before.terminating() == now.terminating() && before.ended() == now.ended() &&
         before.uid() == now.uid() && same({"metadata", "labels"}) && same({"spec", "nodeName"}) &&
         same({"status", "podIP"});
}

std::string SliceName(const std::string& service, std::size_t number) { return fmt::format("{}-{}", service, number); }

Json PortsOf(const Json& service) {
  Json ports = Json::array();
  for (const Json& port : List(service, {"spec", "ports"})) {
    const Json* target = Find(port, {"targetPort"});
    Json number = target != nullptr && target->is_number() ? *target : port.value("port", Json(80));
    ports.push_back(
        JsonOf("name", Text(port, {"name"}), "port", std::move(number), "protocol", Text(port, {"protocol"}, "TCP")));
  }
  return ports;
}

// One pair of a selector, in its namespace.
std::string PairOf(const std::string& in_namespace, const std::string& name, const std::string& value) {
  return fmt::format("{}\n{}={}", in_namespace, name, value);
}

}  // namespace

Endpoints::Endpoints(loop::Loop& loop, Store& store, Watches& watches, const Lag& lag, std::uint64_t seed)
    : loop_(loop),
      store_(store),
      view_(watches, {kService, kPod, kEndpointSlice}, View::FindBy::kLabels,
            [this](const ObjectKey& key, const Object& before, const Object& now) { OnChange(key, before, now); }),
      queue_(loop, lag, seed, "endpoints", [this](const ObjectKey& key) { Reconcile(key); }) {}

void Endpoints::IndexService(const ObjectKey& key, const Json& service, bool add) {
  const Json* selector = Find(service, {"spec", "selector"});
  if (selector == nullptr || !selector->is_object()) return;
  for (const auto& [name, value] : selector->items()) {
    if (!value.is_string()) continue;
    auto& services = by_selector_[PairOf(key.namespace_, name, value.get<std::string>())];
    if (add) {
      services.insert(key);
    } else {
      services.erase(key);
    }
  }
}

void Endpoints::AddServicesOf(const ObjectKey& pod_key, const Json& pod) {
  for (const auto& [name, value] : LabelsOf(pod)) {
    auto found = by_selector_.find(PairOf(pod_key.namespace_, name, value));
    if (found == by_selector_.end()) continue;
    for (const ObjectKey& key : found->second) {
      Object service = view_.Find(key);
      if (service != nullptr && Selects(*Find(*service, {"spec", "selector"}), pod)) queue_.Add(key);
    }
  }
}

void Endpoints::OnChange(const ObjectKey& key, const Object& before, const Object& now) {
  if (key.kind == kService) {
    if (before != nullptr) IndexService(key, *before, false);
    if (now != nullptr) IndexService(key, *now, true);
    queue_.Add(key);
  } else if (key.kind == kPod) {
    if (before != nullptr && now != nullptr && ShownAlike(before, now)) return;
    if (before != nullptr) AddServicesOf(key, *before);
    if (now != nullptr) AddServicesOf(key, *now);
  } else {
    const Json& slice = now == nullptr ? *before : *now;
    queue_.Add({kService, key.namespace_, Text(slice, {"metadata", "labels", kServiceNameLabel})});
  }
}

void Endpoints::Write(const Json& service, std::size_t number, Json endpoints) {
  ObjectKey key = cluster::KeyOf(service);
  Json labels = Json::object();
  for (const auto& [name, value] : LabelsOf(service)) labels[name] = value;
  labels[kServiceNameLabel] = key.name;
  labels["endpointslice.kubernetes.io/managed-by"] = "endpointslice-controller.k8s.io";
  Json owners = Json::array();
  owners.push_back(ControllerReference(service));
  Json metadata = JsonOf("labels", std::move(labels), "name", SliceName(key.name, number), "namespace", key.namespace_,
                         "ownerReferences", std::move(owners));
  Json slice =
      JsonOf("addressType", "IPv4", "apiVersion", kEndpointSlice.api_version, "endpoints", std::move(endpoints), "kind",
             kEndpointSlice.kind, "metadata", std::move(metadata), "ports", PortsOf(service));
  Object present = view_.Find({kEndpointSlice, key.namespace_, SliceName(key.name, number)});
  if (present == nullptr) {
    auto made = store_.Create(std::move(slice), "", loop_.Now());
    if (made.ok()) view_.Assume(*made);
    return;
  }
  slice["metadata"]["resourceVersion"] = (*present)["metadata"]["resourceVersion"];
  auto written = store_.Update(std::move(slice), loop_.Now());
  if (written.ok()) view_.Assume(*written);
}

void Endpoints::Reconcile(const ObjectKey& key) {
  Object service = view_.Find(key);
  const Json* selector = service == nullptr ? nullptr : Find(*service, {"spec", "selector"});
  if (selector == nullptr || service.terminating()) return;  // the garbage collector takes the slices
  std::vector<Json> chunks(1, Json::array());
  for (const Object& pod : view_.Selected(kPod, key.namespace_, *selector)) {
    if (pod.ended() || Text(*pod, {"status", "podIP"}).empty()) continue;
    if (chunks.back().size() == kEndpointsPerSlice) chunks.push_back(Json::array());
    chunks.back().push_back(EndpointOf(pod));
  }
  for (std::size_t i = 0; i < chunks.size(); ++i) Write(*service, i, std::move(chunks[i]));
  for (std::size_t i = chunks.size();; ++i) {
    Object surplus = view_.Find({kEndpointSlice, key.namespace_, SliceName(key.name, i)});
    if (surplus == nullptr) break;
    if (store_.Delete(surplus.key(), surplus.uid(), "", loop_.Now()).ok()) {
      view_.AssumeDeleted(surplus.key(), surplus.uid());
    }
  }
}

}  // namespace sluice::embedded
