#include <catch2/catch.hpp>

#include "compiler/graph/codec.h"
#include "compiler/graph/validate.h"
#include "tests/graph/generator.h"

namespace sluice::graph {
namespace {

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

TEST_CASE("what is written is read as the same graph") {
  for (std::uint32_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    const Graph graph = GraphGenerator(seed).Make();
    const std::string with = EncodeGraph(graph, true);
    const std::string without = EncodeGraph(graph, false);
    const Result<Graph> read = DecodeGraph(with);
    REQUIRE(read.ok());
    CHECK(EncodeGraph(*read, true) == with);
    const Result<Graph> bare = DecodeGraph(without);
    REQUIRE(bare.ok());
    CHECK(EncodeGraph(*bare, false) == without);
    CHECK(GraphDigest(*bare) == GraphDigest(graph));
    CHECK(bare->spans.empty());
    CHECK(bare->nodes.size() == graph.nodes.size());
    CHECK(bare->nodes.back().after == graph.nodes.back().after);
    CHECK(bare->workload.deployment == graph.workload.deployment);
    CHECK(bare->policies.tolerance == graph.policies.tolerance);
  }
}

TEST_CASE("a graph without what came later is read, and written as it was") {
  Graph graph = GraphGenerator(7).Make();
  graph.workload.companions.clear();
  const std::string text = EncodeGraph(graph, false);
  CHECK(text.find("companions") == std::string::npos);
  const Result<Graph> read = DecodeGraph(text);
  REQUIRE(read.ok());
  CHECK(read->workload.companions.empty());
}

TEST_CASE("generated graphs are valid") {
  for (std::uint32_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    const Result<void> valid = Validate(GraphGenerator(seed).Make());
    CAPTURE(valid.ok() ? "" : valid.error().message);
    CHECK(valid.ok());
  }
}

TEST_CASE("a field that is missing, unknown or of another type is named") {
  const std::string json = EncodeGraph(GraphGenerator(7).Make(), false);
  struct Case {
    std::string from, to, message;
  };
  const Case cases[] = {
      {"\"namespace\":\"shop\",", "", "field `namespace` is missing"},
      {"\"namespace\":\"shop\"", "\"namespace\":\"shop\",\"colour\":1", "unknown field `colour`"},
      {"\"replicas\":", "\"replicas\":\"x\",\"y\":", "workload.replicas: a whole number is missing"},
      {"\"drain_ms\":30000", "\"drain_ms\":1.5", "policies.drain_ms: a whole number is missing"},
      {"\"deadline_else\":\"rollback\"", "\"deadline_else\":\"dance\"", "policies.deadline_else: no such word"},
      {"\"kind\":\"promote\"", "\"kind\":\"demote\"", "`demote` is no kind of node"},
      {"\"fail_count\":", "\"fail_count\":99999999999,\"x\":", "gates[0].fail_count: a whole number is missing"},
      {"\"url\":", "\"url\":[\"nonsense\"],\"x\":", "url"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.from);
    const Result<Graph> read = DecodeGraph(Replaced(json, c.from, c.to));
    REQUIRE_FALSE(read.ok());
    CHECK(read.error().code == ErrorCode::kInvalid);
    CHECK_THAT(read.error().message, Catch::Matchers::Contains(c.message));
  }
}

TEST_CASE("text that is no graph is refused, never read past") {
  const std::string json = EncodeGraph(GraphGenerator(3).Make(), false);
  for (std::size_t size = 0; size < json.size(); size += 97) {
    CHECK_FALSE(DecodeGraph(json.substr(0, size)).ok());
  }
  CHECK_FALSE(DecodeGraph("[]").ok());
  CHECK_FALSE(DecodeGraph("null").ok());
  CHECK_FALSE(DecodeGraph(std::string(100'000, '[')).ok());
}

}  // namespace
}  // namespace sluice::graph
