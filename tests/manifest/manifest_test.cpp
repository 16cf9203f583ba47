#include "compiler/manifest/manifest.h"

#include <memory>

#include <catch2/catch.hpp>

#include "compiler/graph/codec.h"
#include "compiler/graph/names.h"
#include "compiler/manifest/revision.h"
#include "compiler/manifest/workload.h"
#include "tests/lower/plans.h"

namespace sluice::manifest {
namespace {

using graph::Value;
using lower::MakeService;

TEST_CASE("a service with everything becomes one Deployment") {
  check::Service service = MakeService("checkout", 10);
  service.ports.push_back({"metrics", 9090, {}});
  service.command = {"/bin/checkout"};
  service.args = {"--fast"};
  service.cpu_request = {Value(Number::Ratio(1, 4)), {}};
  service.cpu_limit = {Value(1), {}};
  service.memory_request = {Value(graph::Quantity{Number(256 << 20), graph::Unit::kBytes}), {}};
  service.env = {{"ZED", Value("last"), {}},
                 {"DB_PASSWORD", Value(graph::SecretKey{"checkout-db", "password"}), {}},
                 {"RATIO", Value(Number::Ratio(1, 2)), {}}};
  check::Probe ready;
  ready.path = "/readyz";
  ready.every = Duration(5'000);
  check::Probe live;
  live.purpose = syntax::ProbeClause::Purpose::kLive;
  live.means = syntax::ProbeClause::Means::kExec;
  live.command = {"true"};
  live.timeout = Duration(1'500);
  service.probes = {live, ready};
  const graph::Workload workload = MakeWorkload(service, {"checkout", false, Duration(30'000)});
  CHECK(workload.version == "1");
  CHECK(workload.replicas == 10);
  CHECK(workload.revision == RevisionName(workload.revision_digest));
  std::string yaml = ToYaml(workload.deployment);
  // By itself it is quoted if it begins with a digit.
  for (const std::string& revision : {'"' + workload.revision + '"', workload.revision}) {
    for (std::size_t at; (at = yaml.find(revision)) != std::string::npos;) {
      yaml.replace(at, revision.size(), "REV");
    }
  }
  CHECK(yaml == R"(apiVersion: apps/v1
kind: Deployment
metadata:
  name: checkout-REV
  namespace: shop
  labels:
    sluice.dev/service: checkout
    sluice.dev/revision: REV
    sluice.dev/rollout: checkout
spec:
  replicas: 10
  revisionHistoryLimit: 0
  progressDeadlineSeconds: 600
  selector:
    matchLabels:
      sluice.dev/service: checkout
      sluice.dev/revision: REV
  strategy:
    type: RollingUpdate
    rollingUpdate:
      maxSurge: 3
      maxUnavailable: 0
  template:
    metadata:
      labels:
        sluice.dev/service: checkout
        sluice.dev/revision: REV
    spec:
      containers:
      - name: checkout
        image: acme/checkout:1
        command:
        - /bin/checkout
        args:
        - "--fast"
        ports:
        - name: http
          containerPort: 8080
        - name: metrics
          containerPort: 9090
        env:
        - name: DB_PASSWORD
          valueFrom:
            secretKeyRef:
              name: checkout-db
              key: password
        - name: RATIO
          value: "0.5"
        - name: ZED
          value: last
        resources:
          requests:
            cpu: "250m"
            memory: "256Mi"
          limits:
            cpu: "1"
        readinessProbe:
          httpGet:
            path: /readyz
            port: http
          periodSeconds: 5
        livenessProbe:
          exec:
            command:
            - "true"
          timeoutSeconds: 2
)");
}

TEST_CASE("where shares are made by pods they drain themselves and have no Service of their own") {
  const check::Service service = MakeService("web", 4);
  const graph::Workload by_pods = MakeWorkload(service, {"web", true, Duration(20'500)});
  CHECK(by_pods.service.is_none());
  const Value spec = by_pods.deployment.Path({"spec", "template", "spec"});
  CHECK(spec.Field("terminationGracePeriodSeconds") == Value(51));
  CHECK((*spec.Field("containers").as_list())[0].Path({"lifecycle", "preStop", "sleep", "seconds"}) == Value(21));
  const graph::Workload routed = MakeWorkload(service, {"web", false, Duration(20'500)});
  CHECK(routed.service.Path({"metadata", "name"}) == Value("web-" + routed.revision));
  CHECK(routed.service.Path({"spec", "selector", "sluice.dev/revision"}) == Value(routed.revision));
}

TEST_CASE("what is no part of the pods makes no new revision") {
  check::Service service = MakeService("web", 4);
  service.env = {{"A", Value("1"), {}}, {"B", Value("2"), {}}};
  const std::string digest = MakeWorkload(service, {"web", false, {}}).revision_digest;
  service.replicas.value = 7;
  service.surge = {check::Amount{false, Number(5)}, {}};
  std::swap(service.env[0], service.env[1]);
  CHECK(MakeWorkload(service, {"other", false, Duration(1)}).revision_digest == digest);
  // A reference to another variable makes the order count.
  service.env[0].value = Value("$(A)");
  const std::string refers = MakeWorkload(service, {"web", false, {}}).revision_digest;
  std::swap(service.env[0], service.env[1]);
  CHECK(MakeWorkload(service, {"web", false, {}}).revision_digest != refers);
  service.image.value = "acme/web:2";
  CHECK(MakeWorkload(service, {"web", false, {}}).revision_digest != digest);
}

TEST_CASE("surge rounds up, unavailability down, and something always moves") {
  struct Row {
    int replicas;
    std::optional<check::Amount> surge, unavailable;
    int surge_pods, unavailable_pods;
  };
  const auto percent = [](int value) { return check::Amount{true, Number::Ratio(value, 100)}; };
  const auto count = [](int value) { return check::Amount{false, Number(value)}; };
  const Row rows[] = {{10, {}, {}, 3, 0},
                      {1, {}, {}, 1, 0},
                      {10, percent(20), {}, 2, 0},
                      {10, percent(25), percent(25), 3, 2},
                      {10, percent(0), percent(0), 0, 1},
                      {10, count(0), {}, 0, 1},
                      {3, count(0), count(2), 0, 2},
                      {0, {}, {}, 0, 1}};
  for (const Row& row : rows) {
    check::Service service = MakeService("web", row.replicas);
    if (row.surge) {
      service.surge = {*row.surge, {}};
    }
    if (row.unavailable) {
      service.unavailable = {*row.unavailable, {}};
    }
    const graph::Allowance allowance = AllowanceOf(service);
    CAPTURE(row.replicas, row.surge_pods, row.unavailable_pods);
    CHECK(allowance.surge == row.surge_pods);
    CHECK(allowance.unavailable == row.unavailable_pods);
  }
}

Value Object(const std::string& json) {
  const Result<Value> value = graph::DecodeValue(json);
  REQUIRE(value.ok());
  return *value;
}

TEST_CASE("a plan set's objects come sorted, units as Kubernetes writes them") {
  check::CheckedPlanSet plans;
  plans.services.push_back(std::make_unique<check::Service>(MakeService("web", 2)));
  plans.services.push_back(std::make_unique<check::Service>(MakeService("api", 2)));
  check::StaticObject object;
  graph::Map data =
      *Object(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"limits","namespace":"shop"}})").as_map();
  data.Set("memory", Value(graph::Quantity{Number(256 << 20), graph::Unit::kBytes}));
  data.Set("surge", Value::Percent(Number::Ratio(1, 4)));
  data.Set("absent", Value());
  object.value = Value(std::move(data));
  object.keep = true;
  plans.objects.push_back(object);
  diagnostics::Emitter emitter;
  const std::vector<Manifest> manifests = Manifests(plans, {}, emitter);
  std::vector<std::string> names;
  for (const Manifest& manifest : manifests) {
    names.push_back(FileName(manifest));
    CHECK_FALSE(manifest.executor_only);
  }
  CHECK(names == std::vector<std::string>{"shop_configmap_limits.yaml", "shop_deployment_api.yaml",
                                          "shop_deployment_web.yaml", "shop_service_api.yaml",
                                          "shop_service_web.yaml"});
  CHECK(manifests[0].keep);
  CHECK(manifests[0].object.Field("memory") == Value("256Mi"));
  CHECK(manifests[0].object.Field("surge") == Value("25%"));
  CHECK(emitter.Sorted().empty());
}

TEST_CASE("an object that two parts write is reported, in any version of its group") {
  check::CheckedPlanSet plans;
  for (const char* json :
       {R"({"apiVersion":"acme.io/v1","kind":"Thing","metadata":{"name":"a","namespace":"shop"}})",
        R"({"apiVersion":"acme.io/v2","kind":"Thing","metadata":{"name":"a","namespace":"shop"}})",
        R"({"apiVersion":"acme.org/v1","kind":"Thing","metadata":{"name":"a","namespace":"shop"}})"}) {
    check::StaticObject object;
    object.value = Object(json);
    plans.objects.push_back(object);
  }
  diagnostics::Emitter emitter;
  CHECK(Manifests(plans, {}, emitter).size() == 2);
  REQUIRE(emitter.Sorted().size() == 1);
  CHECK(emitter.Sorted()[0].kind == &diagnostics::kObjectWrittenTwice);
  CHECK(emitter.Sorted()[0].message == "Thing `a` in namespace `shop` is written twice");
}

TEST_CASE("limits on objects and their bytes have diagnostics of their own") {
  const auto run = [](std::size_t count, std::size_t bytes) {
    check::CheckedPlanSet plans;
    for (std::size_t i = 0; i < count; ++i) {
      check::StaticObject object;
      graph::Map map = *Object(R"({"apiVersion":"v1","kind":"ConfigMap"})").as_map();
      graph::Map metadata;
      metadata.Set("name", "c" + std::to_string(i));
      map.Set("metadata", Value(std::move(metadata)));
      map.Set("data", std::string(bytes, 'x'));
      object.value = Value(std::move(map));
      object.span = {source::FileId{0}, static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(i)};
      plans.objects.push_back(std::move(object));
    }
    diagnostics::Emitter emitter;
    Manifests(plans, {}, emitter);
    std::vector<const diagnostics::Kind*> kinds;
    for (const diagnostics::Diagnostic& diagnostic : emitter.Sorted()) {
      kinds.push_back(diagnostic.kind);
    }
    return kinds;
  };
  CHECK(run(5000, 10).empty());
  CHECK(run(5001, 10) == std::vector{&diagnostics::kTooManyObjects});
  CHECK(run(1, (1 << 20) - 200).empty());
  CHECK(run(1, 1 << 20) == std::vector{&diagnostics::kObjectTooLarge});
  CHECK(run(70, 1'000'000) == std::vector{&diagnostics::kManifestsTooLarge});
}

TEST_CASE("file names tell apart kinds of one name in different groups") {
  Manifest manifest;
  manifest.namespace_ = "shop";
  manifest.kind = "Service";
  manifest.name = "api";
  manifest.api_version = "v1";
  CHECK(FileName(manifest) == "shop_service_api.yaml");
  manifest.api_version = "serving.knative.dev/v1";
  CHECK(FileName(manifest) == "shop_service.serving.knative.dev_api.yaml");
  manifest.kind = "Deployment";
  manifest.api_version = "apps/v1";
  CHECK(FileName(manifest) == "shop_deployment_api.yaml");
}

TEST_CASE("file names are safe and tell apart what only letters told apart") {
  Manifest manifest;
  manifest.kind = "ClusterRole";
  manifest.name = "system:checkout";
  CHECK(FileName(manifest).find("cluster_clusterrole_system-checkout-") == 0);
  Manifest other = manifest;
  other.name = "system-checkout";
  CHECK(FileName(other) == "cluster_clusterrole_system-checkout.yaml");
  other.name = "../../etc/passwd";
  CHECK(FileName(other).find('/') == std::string::npos);
}

TEST_CASE("a service that an autoscaler counts has one for each revision, and its least pods") {
  check::Service service = MakeService("checkout", 4);
  service.cpu_request = {Value(Number::Ratio(1, 4)), {}};
  service.autoscaling = check::Autoscaling{{20, {}}, "cpu", 70, {}};
  const graph::Workload workload = MakeWorkload(service, {"checkout", false, Duration(30'000)});
  CHECK(workload.deployment.Path({"spec", "replicas"}) == Value(4));
  REQUIRE(workload.companions.size() == 1);
  std::string yaml = ToYaml(workload.companions.front());
  for (const std::string& revision : {'"' + workload.revision + '"', workload.revision}) {
    for (std::size_t at; (at = yaml.find(revision)) != std::string::npos;) {
      yaml.replace(at, revision.size(), "REV");
    }
  }
  CHECK(yaml == R"(apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: checkout-REV
  namespace: shop
  labels:
    sluice.dev/service: checkout
    sluice.dev/revision: REV
    sluice.dev/rollout: checkout
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: checkout-REV
  minReplicas: 4
  maxReplicas: 20
  metrics:
  - type: Resource
    resource:
      name: cpu
      target:
        type: Utilization
        averageUtilization: 70
)");
  SECTION("which is no part of the revision") {
    check::Service fixed = service;
    fixed.autoscaling.reset();
    CHECK(MakeWorkload(fixed, {"checkout", false, Duration(30'000)}).revision == workload.revision);
  }
  SECTION("a patch's numbers are written as the API server writes them back") {
    const auto target = [](const char* text) {
      graph::Map goal, external, metric, spec, patch;
      goal.Set("type", "AverageValue");
      goal.Set("averageValue", text);
      external.Set("target", Value(goal));
      metric.Set("external", Value(external));
      spec.Set("metrics", Value(graph::List{Value(metric)}));
      patch.Set("spec", Value(spec));
      return Value(patch);
    };
    for (const auto& [text, canonical] :
         {std::pair("1000m", "1"), {"1500m", "1500m"}, {"2000", "2k"}, {"1024Mi", "1Gi"}}) {
      service.patches = {{graph::kAutoscalerKind, target(text), {}, {}}};
      const Value made = MakePlainWorkload(service).autoscaler;
      const Value metrics = made.Path({"spec", "metrics"});
      CHECK(metrics.as_list()->front().Path({"external", "target", "averageValue"}) == Value(canonical));
    }
  }
  SECTION("without a rollout it counts Deployment NAME") {
    const PlainWorkload plain = MakePlainWorkload(service);
    CHECK(plain.autoscaler.Path({"metadata", "name"}) == Value("checkout"));
    CHECK(plain.autoscaler.Path({"spec", "scaleTargetRef", "name"}) == Value("checkout"));
  }
}

}  // namespace
}  // namespace sluice::manifest
