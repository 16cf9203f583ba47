#include "reconciler/measure/sample.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "reconciler/loop/virtual_loop.h"
#include "reconciler/measure/notify.h"
#include "reconciler/measure/request.h"

namespace sluice::measure {
namespace {

using cluster::Json;
using graph::Expression;
using graph::ExpressionPtr;
using graph::Operation;
using graph::Value;
using Kind = graph::Evaluation::Kind;

ExpressionPtr Literal(Value value) {
  auto expression = std::make_shared<Expression>();
  expression->literal = std::move(value);
  return expression;
}
ExpressionPtr Make(Operation operation, std::string name, std::vector<ExpressionPtr> operands) {
  auto expression = std::make_shared<Expression>();
  expression->operation = operation;
  expression->name = std::move(name);
  expression->operands = std::move(operands);
  return expression;
}
ExpressionPtr Root(const char* name) { return Make(Operation::kRoot, name, {}); }
ExpressionPtr Member(ExpressionPtr of, const char* name) { return Make(Operation::kMember, name, {std::move(of)}); }
ExpressionPtr At(ExpressionPtr of, int index) { return Make(Operation::kIndex, "", {std::move(of), Literal(index)}); }
ExpressionPtr NumberOf(ExpressionPtr of) { return Make(Operation::kBuiltin, "number", {std::move(of)}); }

// Prometheus' instant query, as its provider says it.
ExpressionPtr Results() { return Member(Member(Member(Root("response"), "json"), "data"), "result"); }
graph::Gate PrometheusGate() {
  graph::Gate gate;
  gate.name = "error-rate";
  graph::Measure measure;
  measure.request.method = "GET";
  measure.request.url = Literal("http://prometheus/api/v1/query");
  measure.request.query = {{"query", Literal("up{a=\"b\"} + 1")}};
  measure.no_data_when = Make(Operation::kEqual, "", {Make(Operation::kBuiltin, "count", {Results()}), Literal(0)});
  measure.value = NumberOf(At(Member(At(Results(), 0), "value"), 1));
  gate.measures = {measure};
  return gate;
}
std::string Answer(const std::string& value) {
  return fmt::format(
      R"({{"status":"success","data":{{"resultType":"vector","result":[{{"metric":{{}},"value":[1800000000.1,{}]}}]}}}})",
      value);
}

// Answers what it is told; remembers what it was asked.
class ScriptedHttp : public http::Http {
 public:
  explicit ScriptedHttp(loop::Loop& loop) : loop_(loop) {}
  void Send(http::HttpRequest request, std::function<void(Result<http::HttpResponse>)> reply) override {
    requests.push_back(std::move(request));
    loop_.Post([this, reply] { reply(answer); });
  }
  Result<http::HttpResponse> answer{http::HttpResponse{200, "{}"}};
  std::vector<http::HttpRequest> requests;

 private:
  loop::Loop& loop_;
};

// Has Secrets and nothing else.
class SecretCluster : public cluster::Cluster {
 public:
  explicit SecretCluster(loop::Loop& loop) : loop_(loop) {}
  void Send(cluster::Request request, cluster::Reply reply) override {
    const auto& key = std::get<cluster::Get>(request).key;
    loop_.Post([this, key, reply] {
      const auto found = secrets.find(key.namespace_ + "/" + key.name);
      if (found == secrets.end()) return reply(Error{ErrorCode::kNotFound, "no such object"});
      reply(cluster::Share(found->second));
    });
  }
  cluster::WatchId Watch(cluster::ListObjects, cluster::EventHandler) override { return cluster::WatchId::kNone; }
  void Cancel(cluster::WatchId) override {}
  std::map<cluster::Kind, std::string> Unwatched() const override { return {}; }
  std::map<std::string, Json> secrets;

 private:
  loop::Loop& loop_;
};

struct Scene {
  loop::VirtualLoop loop{TimePoint(Duration(1'800'000'000'000))};
  ScriptedHttp http{loop};
  SecretCluster cluster{loop};

  decide::Sample Take(const graph::Gate& gate, std::map<std::string, Value> kept = {}) {
    auto graph = std::make_shared<graph::Graph>();
    graph->gates = {gate};
    std::optional<decide::Sample> sample;
    TakeSample(cluster, http, loop, {graph, 0, {}, "shop", std::move(kept), 7, nullptr},
               [&](decide::Sample taken) { sample = std::move(taken); });
    CHECK_FALSE(sample.has_value());  // never from within the call
    loop.RunFor(Duration(1'000));
    REQUIRE(sample.has_value());
    return *sample;
  }
};

TEST_CASE("a metrics store's answers come to four things") {
  std::string deep;
  for (int i = 0; i < 100; ++i) deep = "[" + deep + "]";
  struct Case {
    const char* what;
    Result<http::HttpResponse> answer;
    Kind kind;
    const char* message;
  };
  const Case cases[] = {
      {"a number", http::HttpResponse{200, Answer("\"0.25\"")}, Kind::kValue, ""},
      {"an exponent", http::HttpResponse{200, Answer("\"2.5e-1\"")}, Kind::kValue, ""},
      {"nothing", http::HttpResponse{200, R"({"status":"success","data":{"resultType":"vector","result":[]}})"},
       Kind::kNoData, ""},
      {"another shape", http::HttpResponse{200, R"({"status":"success"})"}, Kind::kNoData, ""},
      {"NaN", http::HttpResponse{200, Answer("\"NaN\"")}, Kind::kNoData, ""},
      {"infinity", http::HttpResponse{200, Answer("\"+Inf\"")}, Kind::kNoData, ""},
      {"no number", http::HttpResponse{200, Answer("null")}, Kind::kNoData, ""},
      {"text", http::HttpResponse{200, Answer("\"many\"")}, Kind::kError, ""},
      {"HTML", http::HttpResponse{200, "<html>sign in</html>"}, Kind::kError, "not JSON"},
      {"an empty body", http::HttpResponse{200, ""}, Kind::kError, "not JSON"},
      {"depth", http::HttpResponse{200, deep}, Kind::kError, "not JSON"},
      {"too much", http::HttpResponse{200, std::string(http::kMaxAnswerBytes + 1, ' ')}, Kind::kError, "1 MiB"},
      {"a refusal", http::HttpResponse{400, Answer("\"0\"")}, Kind::kError, "status is 400"},
      {"a redirect", http::HttpResponse{302, ""}, Kind::kError, "status is 302"},
      {"an overload", http::HttpResponse{503, ""}, Kind::kError, "status is 503"},
      {"down", Error{ErrorCode::kUnavailable, "couldn't connect"}, Kind::kError, "couldn't connect"},
      {"slow", Error{ErrorCode::kUnavailable, "no answer within 10s"}, Kind::kError, "no answer within 10s"},
  };
  for (const Case& c : cases) {
    INFO(c.what);
    Scene scene;
    scene.http.answer = c.answer;
    const decide::Sample sample = scene.Take(PrometheusGate());
    CHECK(sample.kind == c.kind);
    CHECK(sample.sequence == 7);
    CHECK(sample.message.find(c.message) != std::string::npos);
    if (c.kind == Kind::kValue) {
      CHECK(sample.values.at("value").as_quantity()->number == Number::Ratio(1, 4));
    } else {
      CHECK(sample.values.empty());
      CHECK_FALSE(sample.message.empty());
    }
  }
}

TEST_CASE("a query is encoded into the address") {
  Scene scene;
  scene.http.answer = http::HttpResponse{200, Answer("\"1\"")};
  scene.Take(PrometheusGate());
  REQUIRE(scene.http.requests.size() == 1);
  CHECK(scene.http.requests[0].url == "http://prometheus/api/v1/query?query=up%7Ba%3D%22b%22%7D%20%2B%201");
}

TEST_CASE("the time of a sample is the answer's, and never later than the answer") {
  Scene scene;
  graph::Gate gate = PrometheusGate();
  gate.measures[0].at = Make(Operation::kBuiltin, "epoch", {At(Member(At(Results(), 0), "value"), 0)});
  scene.http.answer = http::HttpResponse{200, R"({"data":{"result":[{"value":[1799999990.5,"1"]}]}})"};
  CHECK(scene.Take(gate).at == TimePoint(Duration(1'799'999'990'500)));
  scene.http.answer = http::HttpResponse{200, R"({"data":{"result":[{"value":[1900000000,"1"]}]}})"};
  const decide::Sample ahead = scene.Take(gate);
  CHECK(ahead.at == ahead.answered_at);
}

TEST_CASE("named measures and kept states stand in one sample") {
  Scene scene;
  graph::Gate gate = PrometheusGate();
  gate.measures.push_back(gate.measures[0]);
  gate.measures[0].name = "bad";
  gate.measures[1].name = "total";
  gate.keep = {{"sum", Value(10), Make(Operation::kAdd, "", {Root("sum"), Member(Root("bad"), "value")})}};
  scene.http.answer = http::HttpResponse{200, Answer("\"3\"")};
  const decide::Sample first = scene.Take(gate);
  REQUIRE(first.kind == Kind::kValue);
  CHECK(first.values.size() == 3);
  CHECK(first.values.at("sum") == Value(13));
  CHECK(scene.Take(gate, {{"sum", Value(13)}}).values.at("sum") == Value(16));
  CHECK(scene.http.requests.size() == 4);
}

TEST_CASE("a Secret goes into the request and nowhere else") {
  Scene scene;
  graph::Gate gate = PrometheusGate();
  gate.measures[0].request.bearer = Literal(Value(graph::SecretKey{"prometheus", "token"}));

  decide::Sample sample = scene.Take(gate);
  CHECK(sample.kind == Kind::kError);
  CHECK(sample.message.find("Secret shop/prometheus: does not exist") != std::string::npos);
  CHECK(scene.http.requests.empty());

  scene.cluster.secrets["shop/prometheus"] = {{"data", {{"other", "eA=="}}}};
  sample = scene.Take(gate);
  CHECK(sample.message.find("has no key `token`") != std::string::npos);

  scene.cluster.secrets["shop/prometheus"] = {{"data", {{"token", "czNjcjN0Cg=="}}}};  // with a newline at its end
  scene.http.answer = Error{ErrorCode::kUnavailable, "couldn't connect"};
  sample = scene.Take(gate);
  REQUIRE(scene.http.requests.size() == 1);
  REQUIRE(scene.http.requests[0].secret_headers.size() == 1);
  CHECK(scene.http.requests[0].secret_headers[0].second.Reveal() == "Bearer s3cr3t");
  CHECK(scene.http.requests[0].headers.empty());
  CHECK(scene.http.requests[0].url.find("s3cr3t") == std::string::npos);
  CHECK(sample.message.find("s3cr3t") == std::string::npos);
}

TEST_CASE("a notification carries its key, and only 2xx is delivery") {
  Scene scene;
  auto graph = std::make_shared<graph::Graph>();
  graph::NotifyNode node;
  node.request.method = "POST";
  node.request.url = Literal("http://hooks/x");
  node.request.json = Make(Operation::kMap, "", {Literal("text"), Root("message")});
  for (const int status : {200, 204, 302, 404, 500}) {
    scene.http.answer = http::HttpResponse{status, ""};
    std::optional<Result<void>> sent;
    Notify(scene.cluster, scene.http, {graph, &node, {{"message", Value("hello")}}, "shop", "uid/1/notify/1", nullptr},
           [&](const Result<void>& result) { sent = result; });
    scene.loop.RunFor(Duration(1'000));
    REQUIRE(sent.has_value());
    CHECK(sent->ok() == (status < 300));
  }
  const http::HttpRequest& request = scene.http.requests.front();
  CHECK(request.method == "POST");
  CHECK(request.body == R"({"text":"hello"})");
  CHECK(request.headers == std::vector<std::pair<std::string, std::string>>{{"Content-Type", "application/json"},
                                                                            {"Idempotency-Key", "uid/1/notify/1"}});
}

}  // namespace
}  // namespace sluice::measure
