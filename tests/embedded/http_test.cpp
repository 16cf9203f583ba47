#include <optional>

#include <catch2/catch.hpp>

#include "tests/embedded/world.h"

namespace sluice::embedded {
namespace {

using namespace std::chrono_literals;

// Notes what leaves the cluster.
class Outside : public http::Http {
 public:
  explicit Outside(loop::Loop& loop) : loop_(loop) {}
  void Send(http::HttpRequest request, std::function<void(Result<http::HttpResponse>)> reply) override {
    urls.push_back(request.url);
    loop_.Post([reply = std::move(reply)] { reply(http::HttpResponse{204, ""}); });
  }
  std::vector<std::string> urls;

 private:
  loop::Loop& loop_;
};

struct Fixture {
  TestWorld world;
  Outside outside{world.loop};
  std::unique_ptr<EmbeddedHttp> http = world.cluster->Http(outside);

  // "200", "204", or the error's name.
  std::string Get(const std::string& url) {
    std::optional<Result<http::HttpResponse>> answer;
    http::HttpRequest request;
    request.url = url;
    http->Send(std::move(request), [&](Result<http::HttpResponse> response) { answer = response; });
    if (answer.has_value()) return "answered from within the call";
    world.loop.RunUntil([&] { return answer.has_value(); }, world.loop.Now() + 30s);
    if (!answer) return "no answer";
    return answer->ok() ? std::to_string((*answer)->status) : std::string(ErrorCodeName(answer->error().code));
  }
};

TEST_CASE("requests to the cluster's names stay inside, others leave") {
  Fixture fixture;
  fixture.world.Apply(DeploymentOf("web", "shop/web:1", 1));
  fixture.world.Apply(ServiceOf("web", {{"app", "web"}}));
  fixture.world.Apply(ServiceOf("empty", {{"app", "nobody"}}));
  fixture.world.Run(20s);
  for (const char* url : {"http://web.shop/", "http://web.shop.svc:80/x?y=z", "http://web.shop.svc.cluster.local",
                          "http://prometheus.monitoring:9090/-/healthy",
                          "http://prometheus.monitoring.svc.cluster.local:9090/api/v1/query?query=1"}) {
    INFO(url);
    CHECK(fixture.Get(url) == "200");
  }
  CHECK(fixture.Get("http://empty.shop/") == "unavailable");
  CHECK(fixture.outside.urls.empty());
  CHECK(fixture.Get("https://hooks.example.com/x") == "204");
  CHECK(fixture.Get("http://unknown.shop/") == "204");
  CHECK(fixture.outside.urls.size() == 2);
}

TEST_CASE("a metrics store can be down or slow") {
  Fixture fixture;
  const std::string url = "http://prometheus.monitoring:9090/api/v1/query?query=1";
  fixture.http->SetPrometheus(EmbeddedHttp::Trouble::kDown);
  CHECK(fixture.Get(url) == "unavailable");
  fixture.http->SetPrometheus(EmbeddedHttp::Trouble::kSlow);
  TimePoint before = fixture.world.loop.Now();
  CHECK(fixture.Get(url) == "unavailable");
  CHECK(fixture.world.loop.Now() - before == 10s);
  fixture.http->SetPrometheus(EmbeddedHttp::Trouble::kNone);
  CHECK(fixture.Get(url) == "200");
}

TEST_CASE("addresses are taken apart") {
  struct Case {
    std::string url, host, port, target;
  };
  for (const Case& each :
       {Case{"http://a.b:9090/c?d=e#f", "a.b", "9090", "/c?d=e"}, Case{"https://me:secret@A.B", "a.b", "", "/"},
        Case{"http://[::1]:80/x", "[::1]", "80", "/x"}, Case{"http://a?b=c", "a", "", "/?b=c"}}) {
    auto address = ParseAddress(each.url);
    REQUIRE(address.ok());
    CHECK(address->host == each.host);
    CHECK(address->port == each.port);
    CHECK(address->target == each.target);
  }
  for (const char* url : {"", "a.b/c", "ftp://a/b", "http://", "http:///x"}) CHECK(!ParseAddress(url).ok());
}

}  // namespace
}  // namespace sluice::embedded
