// lint, compile and graph as CI runs them.
#include <filesystem>
#include <string>

#include <catch2/catch.hpp>

#include "tests/cli/process.h"

namespace sluice::test {
namespace {

const std::string kShop = std::string(SLUICE_SOURCE_DIR) + "/examples/shop";

constexpr const char* kGood = R"(service web {
  namespace "web"
  image     "ghcr.io/acme/web:1.0.0"
  replicas  4
  port      http 8080
  probe     ready http "/readyz" every 5s
}
rollout web {
  deploy web
  step half { weight 50%  hold 5m }
  step full { weight 100% }
}
)";

}  // namespace

TEST_CASE("the program that people start loads none of the reconciler's libraries, and compiles without it") {
  CHECK(Shell("ldd " SLUICE_BINARY).out.find("libcurl") == std::string::npos);
  CHECK(Shell("ldd " SLUICE_BINARY).out.find("libgit2") == std::string::npos);
  const Scratch scratch;
  scratch.Write("plans/a.plan", "service a { image \"ghcr.io/acme/a:1.0\" }\n");
  std::filesystem::copy(SLUICE_BINARY, scratch / "sluice");
  const std::string alone = (scratch / "sluice").string();
  CHECK(Shell(alone + " lint " + (scratch / "plans").string()).status == 0);
  const Ended status = Shell(alone + " status");
  CHECK(status.status == 3);
  CHECK(status.err.find("cannot start " + alone + "-reconciler") != std::string::npos);
}

TEST_CASE("a plan set without a mistake: status 0") {
  const Ended ended = Sluice("lint " + kShop);
  CHECK(ended.status == 0);
  CHECK(ended.err.find("in 2 plan files") != std::string::npos);
}

TEST_CASE("a mistake: status 1, and the line that must change in every format") {
  const Scratch scratch;
  scratch.Write("web.plan", std::string(kGood) + "rollout other { deploy wbe  step full { weight 100% } }\n");
  const std::string path = scratch.path().string();
  const Ended text = Sluice("lint " + path);
  CHECK(text.status == 1);
  CHECK(text.out.find(path + "/web.plan:13:") != std::string::npos);
  const Ended short_form = Sluice("lint --format short " + path);
  CHECK(short_form.status == 1);
  CHECK(short_form.out.find(path + "/web.plan:13:24: error[SL") != std::string::npos);
  const Ended json = Sluice("lint --format json " + path);
  CHECK(json.status == 1);
  CHECK(json.out.find("\"line\":13") != std::string::npos);
  CHECK(json.out.find("\"level\":\"error\"") != std::string::npos);
}

TEST_CASE("warnings count only when asked for") {
  const Scratch scratch;
  std::string latest = kGood;
  latest.replace(latest.find("web:1.0.0"), 9, "web:latest");
  scratch.Write("web.plan", latest);
  CHECK(Sluice("lint " + scratch.path().string()).status == 0);
  CHECK(Sluice("lint --warnings-as-errors " + scratch.path().string()).status == 1);
}

TEST_CASE("wrong usage: status 2 and a word on what to do") {
  for (const char* arguments : {"", "lnt", "lint", "lint --format xml .", "compile .", "graph . --format png",
                                "reconcile", "reconcile --repo x --cluster moon", "status --nonsense"}) {
    CAPTURE(arguments);
    const Ended ended = Sluice(arguments);
    CHECK(ended.status == 2);
    CHECK(ended.err.rfind("sluice: ", 0) == 0);
  }
  CHECK(Sluice("--help").status == 0);
  CHECK(Sluice("lint --help").status == 0);
  CHECK(Sluice("--version").out.rfind("sluice ", 0) == 0);
}

TEST_CASE("a root that isn't there, or has no plan, is an error and no crash") {
  const Scratch scratch;
  CHECK(Sluice("lint /nonexistent/plans").status == 1);
  CHECK(Sluice("lint " + scratch.path().string()).status == 1);
}

TEST_CASE("a limit: status 4") {
  const Scratch scratch;
  scratch.Write("web.plan", std::string(300 * 1024, ' '));
  CHECK(Sluice("lint " + scratch.path().string()).status == 4);
}

TEST_CASE("the same plan set gives the same bytes in another directory, locale, time zone and for another user") {
  const Scratch scratch;
  scratch.Write("one/web.plan", kGood);
  scratch.Write("deep/er/two/web.plan", kGood);
  REQUIRE(Sluice("compile " + (scratch / "one").string() + " -o " + (scratch / "out1").string()).status == 0);
  REQUIRE(
      Sluice("compile two -o " + (scratch / "out2").string(),
             "cd " + (scratch / "deep/er").string() + " && TZ=Asia/Tokyo LC_ALL=C.UTF-8 HOME=/nonexistent USER=other")
          .status == 0);
  CHECK(Shell("diff -r " + (scratch / "out1").string() + " " + (scratch / "out2").string()).status == 0);
}

TEST_CASE("compile leaves other people's files alone and takes away what it no longer writes") {
  const Scratch scratch;
  scratch.Write("plans/web.plan", kGood);
  scratch.Write("other/notes.txt", "mine");
  const std::string plans = (scratch / "plans").string();
  CHECK(Sluice("compile " + plans + " -o " + (scratch / "other").string()).status == 2);
  CHECK(scratch.Read("other/notes.txt") == "mine");

  const std::string out = (scratch / "out").string();
  REQUIRE(Sluice("compile " + plans + " -o " + out).status == 0);
  CHECK(Sluice("compile " + plans + " -o " + out + " --check").status == 0);
  scratch.Write("out/manifests/web_service_old.yaml", "kind: Service\n");
  const Ended check = Sluice("compile " + plans + " -o " + out + " --check");
  CHECK(check.status == 1);
  CHECK(check.out.find("left over") != std::string::npos);
  REQUIRE(Sluice("compile " + plans + " -o " + out).status == 0);
  CHECK_FALSE(std::filesystem::exists(scratch / "out/manifests/web_service_old.yaml"));
}

TEST_CASE("compile tells which file it can't write, and why") {
  const Scratch scratch;
  scratch.Write("plans/web.plan", kGood);
  scratch.Write("out/graph.json", "{}");
  std::filesystem::create_directory(scratch / "out/sourcemap.json");
  const Ended ended = Sluice("compile " + (scratch / "plans").string() + " -o " + (scratch / "out").string());
  CHECK(ended.status == 1);
  const std::string path = (scratch / "out/sourcemap.json").string();
  CHECK(ended.err.ends_with("sluice: cannot write " + path + ": Is a directory\n"));
}

TEST_CASE("a plan set that does not compile writes nothing") {
  const Scratch scratch;
  scratch.Write("web.plan", "service web { image 5 }\n");
  CHECK(Sluice("compile " + scratch.path().string() + " -o " + (scratch / "out").string()).status == 1);
  CHECK_FALSE(std::filesystem::exists(scratch / "out"));
}

TEST_CASE("a graph is drawn in each format, and an unknown rollout gets the similar name") {
  CHECK(Sluice("graph " + kShop).out.find("first") != std::string::npos);
  CHECK(Sluice("graph " + kShop + " --format dot").out.rfind("digraph", 0) == 0);
  CHECK(Sluice("graph " + kShop + " --format mermaid").out.find("flowchart") != std::string::npos);
  CHECK(Sluice("graph " + kShop + " --format json").out.find("\"schema\": \"sluice.graph/1\"") != std::string::npos);
  const Ended unknown = Sluice("graph " + kShop + " --rollout chekout");
  CHECK(unknown.status == 1);
  CHECK(unknown.err.find("checkout") != std::string::npos);
}

TEST_CASE("the example's own tests pass") {
  const Ended ended = Sluice("test " + kShop);
  INFO(ended.out << ended.err);
  CHECK(ended.status == 0);
  CHECK(ended.out.find("5 passed, 0 failed") != std::string::npos);
}

TEST_CASE("a test that fails shows its values, and what happened around that moment with plan lines") {
  const Scratch scratch;
  scratch.Write("web.plan", std::string(kGood) + R"(test "nobody sees it" {
  simulate web { candidate error-rate 8% }
  expect max-weight <= 10%
  expect outcome is promoted
}
test "it ends" {
  simulate web { }
  expect outcome is promoted
}
)");
  const std::string path = scratch.path().string();
  const Ended text = Sluice("test " + path);
  INFO(text.out << text.err);
  CHECK(text.status == 1);
  CHECK(text.out.find("FAIL  nobody sees it\n") != std::string::npos);
  CHECK(text.out.find(path + "/web.plan:15:10: expect max-weight <= 10%\n      max-weight is 100%\n") !=
        std::string::npos);
  CHECK(text.out.find("weight 100%") != std::string::npos);
  CHECK(text.out.find("  web.plan:11\n") != std::string::npos);
  CHECK(text.out.find("ok    it ends\n") != std::string::npos);
  CHECK(text.out.find("1 passed, 1 failed") != std::string::npos);

  const Ended junit = Sluice("test --format junit " + path);
  CHECK(junit.out.find("<testsuite name=\"sluice\" tests=\"2\" failures=\"1\"") != std::string::npos);
  CHECK(junit.out.find("&lt;= 10%") != std::string::npos);
  const Ended json = Sluice("test --format json " + path + " nobody");
  CHECK(json.out.find(R"("met":false,"at_ms":)") != std::string::npos);
  CHECK(json.out.find("it ends") == std::string::npos);
  CHECK(Sluice("test " + path + " 'it*'").status == 0);
}

TEST_CASE("tests that can't be carried out are said to be so") {
  const Scratch scratch;
  scratch.Write("web.plan", kGood);
  const std::string path = scratch.path().string();
  const Ended none = Sluice("test " + path);
  CHECK(none.status == 1);
  CHECK(none.err.find("has no tests") != std::string::npos);
  scratch.Write("tests.plan", "test \"a\" { simulate wbe { } expect outcome is promoted }\n");
  const Ended unknown = Sluice("test " + path);
  CHECK(unknown.status == 1);
  CHECK(unknown.err.find("no test was carried out") != std::string::npos);
  scratch.Write("tests.plan", "test \"it ends\" { simulate web { } expect outcome is promoted }\n");
  const Ended other = Sluice("test " + path + " 'it end'");
  CHECK(other.status == 0);
  const Ended similar = Sluice("test " + path + " 'it edns'");
  CHECK(similar.status == 1);
  CHECK(similar.err.find("there is \"it ends\"") != std::string::npos);
}

TEST_CASE(
    "a plan's own metrics store answers, Secrets are there, and a Job of the service's own image does as it is told") {
  const Scratch scratch;
  scratch.Write("web.plan", R"(import std.gates
import std.providers
default metrics = providers.prometheus(url: "https://thanos.example.com/prom", token: secret "prom" key "token")
service web {
  namespace "web"
  image     "ghcr.io/acme/web:before"
  replicas  4
  port      http 8080
  probe     ready http "/readyz" every 5s
}
rollout web {
  deploy web
  step migrate { run job { image "ghcr.io/acme/web:before" } within 5m }
  step half { weight 50%  hold 5m while gates.error-rate(max: 1%) }
  step full { weight 100% }
}
test "good" { simulate web { } expect outcome is promoted }
test "bad" { simulate web { candidate error-rate 8% } expect outcome is rolled-back and max-weight == 50% }
test "no migration" { simulate web { jobs fail } expect outcome is rolled-back and max-weight == 0% }
test "for ever" { simulate web { controller down from 1m } expect max-weight <= 100% }
)");
  const Ended ended = Sluice("test " + scratch.path().string());
  INFO(ended.out << ended.err);
  CHECK(ended.out.find("3 passed, 1 failed") != std::string::npos);
  CHECK(ended.out.find("web.plan:20:28: it isn't over") != std::string::npos);
}

TEST_CASE("a rollout is told before it happens, with what it costs") {
  const Scratch scratch;
  scratch.Write("web.plan", kGood);
  const std::string path = scratch.path().string();
  const Ended text = Sluice("simulate " + path + " web --scenario 'candidate crashes from 2m' --scenario 'load 50'");
  INFO(text.out << text.err);
  CHECK(text.status == 0);
  CHECK(text.out.find("enters step half") != std::string::npos);
  CHECK(text.out.find("web: rolled-back") != std::string::npos);
  CHECK(text.out.find("share of the candidate") != std::string::npos);
  CHECK(text.out.find("what it waits for") != std::string::npos);
  CHECK(text.out.find("what it costs") != std::string::npos);
  const Ended first = Sluice("simulate " + path + " web --scenario 'stable none'");
  CHECK(first.out.find("promoted: first install") != std::string::npos);
  const Ended opposite = Sluice("simulate " + path + " web --scenario 'abort at 5m' --scenario 'promote at 5m'");
  CHECK(opposite.status == 1);
  CHECK(opposite.err.find("come at the same moment") != std::string::npos);
  const Ended again = Sluice("simulate " + path + " web --scenario 'candidate crashes from 2m' --scenario 'load 50'");
  CHECK(again.out == text.out);
  CHECK(Sluice("simulate " + path + " web --format svg").out.rfind("<svg", 0) == 0);
  CHECK(Sluice("simulate " + path + " web --format json").out.find("\"outcome\": \"promoted\"") != std::string::npos);

  const Ended unknown = Sluice("simulate " + path + " wbe");
  CHECK(unknown.status == 1);
  CHECK(unknown.err.find("there is web") != std::string::npos);
  const Ended clause = Sluice("simulate " + path + " web --scenario 'candidate eror-rate 8%'");
  CHECK(clause.status == 1);
  CHECK(clause.err.find("error-rate") != std::string::npos);
  CHECK(Sluice("simulate " + path + " web --error-rate lots").status == 2);
  scratch.Write("team/other.plan",
                "service api { image \"ghcr.io/acme/api:1\" }\n"
                "rollout api { deploy api  step full { weight 100% } }\n");
  CHECK(Sluice("simulate " + path + " api --scenario 'load 50'").out.find("api: promoted") != std::string::npos);
}

TEST_CASE("what may come of a rollout is explored, and what was not is told") {
  const Scratch scratch;
  scratch.Write("web.plan", kGood);
  const std::string path = scratch.path().string();
  const Ended proved = Sluice("verify " + path + " web --disturbances 0");
  INFO(proved.out << proved.err);
  CHECK(proved.status == 0);
  CHECK(proved.out.find("web: proved: I1 to I9 hold in every history with at most 0 disturbances and one crash") == 0);
  const Ended json = Sluice("verify " + path + " --disturbances 0 --format json");
  CHECK(json.out.find("\"proved\": true") != std::string::npos);

  const Ended late = Sluice("verify " + path + " web --disturbances 4 --seconds 1");
  CHECK(late.status == 4);
  CHECK(late.out.find("web: not proved: the search was cut short, its time was over") == 0);
  CHECK(late.out.find("proved: I1") == std::string::npos);

  const Ended unknown = Sluice("verify " + path + " wbe");
  CHECK(unknown.status == 1);
  CHECK(unknown.err.find("there is web") != std::string::npos);

  scratch.Write("web.plan", R"(
service web {
  namespace "shop"
  image     "ghcr.io/acme/web:2"
  replicas  4
  port      http 8080
  probe     ready http "/readyz" every 5s
}
gate weak() {
  measure default.metrics.instant("bad{service=\"${candidate.service}\"}") as ratio
  pass    when value <= 1%
  window  1m
  no-data for 5m else fail
  error   for 2m else continue
}
rollout web {
  deploy web
  deadline 2h
  step half { weight 50%  hold 5m while weak() }
  step full { weight 100% }
}
)");
  const Ended flawed = Sluice("verify " + path);
  INFO(flawed.out << flawed.err);
  CHECK(flawed.status == 1);
  CHECK(flawed.out.find("web: the candidate is promoted without a pass of web/half/hold") == 0);
  CHECK(flawed.out.find("web.plan:19") != std::string::npos);
  CHECK(flawed.out.find("metrics down from ") != std::string::npos);
}

}  // namespace sluice::test
