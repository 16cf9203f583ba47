#include "compiler/manifest/revision.h"

#include <catch2/catch.hpp>

#include "compiler/graph/codec.h"
#include "compiler/kubernetes/quantities.h"
#include "compiler/kubernetes/quantity_fields.h"

namespace sluice::manifest {
namespace {

using graph::Value;

std::string Digest(const std::string& json) {
  const Result<Value> value = graph::DecodeValue(json);
  REQUIRE(value.ok());
  return RevisionDigest(*value);
}

// A new version of Sluice must give what runs already the same name, or every upgrade rebuilds every pod.
TEST_CASE("revisions of the corpus never change") {
  const std::pair<const char*, const char*> corpus[] = {
      {R"({})", "r1:b853b3d1b11e62cc586314390d039f68313b9c25582e13d3169bf49541007189"},
      {R"({"metadata":{"labels":{"sluice.dev/service":"web"}},"spec":{"containers":[{"name":"web","image":"acme/web:1"}]}})",
       "r1:45c56ff912ccb52f888a8970138cc8c36c0b784543351e95ac0d79d46d9e21dd"},
      {R"({"spec":{"containers":[{"name":"web","resources":{"requests":{"cpu":"250m","memory":"256Mi"},"limits":{"cpu":"1"}}}]}})",
       "r1:457cc7059774ccc3a81399f47fa1a7af7987f3b097f90eb54d5242413f19217d"},
      {R"({"spec":{"containers":[{"name":"web","env":[{"name":"A","value":"ä\n"},{"name":"B","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}]}]}})",
       "r1:dee47dbd0af478f624db0e80939e9a8436d155eb2df5259785851cf239cc9469"},
      {R"({"spec":{"terminationGracePeriodSeconds":60,"hostNetwork":true,"volumes":[{"name":"v","emptyDir":{"sizeLimit":"1Gi"}}]}})",
       "r1:7308ba77d8049fe460da3ab30870c07640299be8e28e92ac0b99b7f0b99e8a3d"},
  };
  for (const auto& [json, digest] : corpus) {
    CAPTURE(json);
    CHECK(Digest(json) == digest);
  }
}

TEST_CASE("equal quantities are one revision, in resources only") {
  const auto resources = [](const std::string& cpu, const std::string& memory) {
    return Digest(R"({"spec":{"containers":[{"resources":{"requests":{"cpu":)" + cpu + R"(,"memory":)" + memory +
                  "}}}]}}");
  };
  const std::string digest = resources("\"100m\"", "\"1Gi\"");
  CHECK(resources("0.1", "\"1024Mi\"") == digest);
  CHECK(resources("\"0.1\"", "1073741824") == digest);
  CHECK(resources("\"0.10\"", "\"1073741824\"") == digest);
  CHECK(resources("\"101m\"", "\"1Gi\"") != digest);
  CHECK(resources("\"100m\"", "\"1G\"") != digest);
  CHECK(Digest(R"({"spec":{"volumes":[{"emptyDir":{"sizeLimit":"1Gi"}}]}})") ==
        Digest(R"({"spec":{"volumes":[{"emptyDir":{"sizeLimit":"1024Mi"}}]}})"));
  // Elsewhere "1" and "1000m" are just text.
  CHECK(Digest(R"({"env":"1"})") != Digest(R"({"env":"1000m"})"));
  CHECK(Digest(R"({"env":"1"})") != Digest(R"({"env":1})"));
}

TEST_CASE("the order of keys doesn't matter, everything else does") {
  CHECK(Digest(R"({"a":1,"b":{"c":2,"d":3}})") == Digest(R"({"b":{"d":3,"c":2},"a":1})"));
  CHECK(Digest(R"({"a":[1,2]})") != Digest(R"({"a":[2,1]})"));
  CHECK(Digest(R"({"a":{}})") != Digest(R"({})"));
  CHECK(Digest(R"({"a":null})") != Digest(R"({})"));
  CHECK(Digest(R"({"a":""})") != Digest(R"({"a":null})"));
  CHECK(Digest(R"({"a":["b","c"]})") != Digest(R"({"a":["bc"]})"));
  CHECK(Digest(R"({"a":["b"],"c":[]})") != Digest(R"({"a":[],"c":["b"]})"));
  CHECK(Digest(R"({"a":true})") != Digest(R"({"a":"true"})"));
}

TEST_CASE("a revision's name is the head of its digest") {
  CHECK(RevisionName("r1:0123456789abcdef") == "01234567");
  CHECK(Digest("{}").substr(0, 3) == "r1:");
  CHECK(Digest("{}").size() == 67);
}

TEST_CASE("quantities as Kubernetes reads them") {
  const std::pair<const char*, Number> right[] = {{"100m", Number::Ratio(1, 10)},
                                                  {"1Ki", Number(1024)},
                                                  {"1.5Gi", Number(1'610'612'736)},
                                                  {"2k", Number(2000)},
                                                  {"5E", Number(5'000'000'000'000'000'000)},
                                                  {"1e3", Number(1000)},
                                                  {"0", Number(0)},
                                                  {"10u", Number::Ratio(1, 100'000)}};
  for (const auto& [text, number] : right) {
    CAPTURE(text);
    REQUIRE(kubernetes::ParseQuantity(text));
    CHECK(*kubernetes::ParseQuantity(text) == number);
  }
  for (const char* text : {"", "m", "1X", "one", "1 Gi", "Gi"}) {
    CAPTURE(text);
    CHECK_FALSE(kubernetes::ParseQuantity(text));
  }
}

}  // namespace
}  // namespace sluice::manifest
