// The reconciler as a process: a commit in, a rollout out, killed and restarted, told things by people.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <memory>
#include <string>

#include <catch2/catch.hpp>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/cli/process.h"

namespace sluice::test {
namespace {

// A repository with one rollout whose steps take seconds, and commands on it.
struct Shop {
  Scratch scratch;

  explicit Shop(const std::string& steps) {
    scratch.Write("shop/web.plan", Plan("1.0.0", steps));
    Git("init --quiet --initial-branch main .");
    Commit("one");
  }

  static std::string Plan(const std::string& tag, const std::string& steps) {
    return "service web {\n  namespace \"web\"\n  image \"ghcr.io/acme/web:" + tag +
           "\"\n  replicas 2\n  port http 8080\n  probe ready http \"/readyz\" every 1s\n}\n"
           "rollout web {\n  deploy web\n  drain 1s\n" +
           steps + "}\n";
  }

  void Git(const std::string& arguments) const {
    const Ended ended =
        Shell("git -C " + (scratch / "shop").string() + " -c user.name=t -c user.email=t@e " + arguments);
    INFO(ended.err);
    REQUIRE(ended.status == 0);
  }
  void Commit(const std::string& message) const {
    Git("add -A");
    Git("commit --quiet --message " + message);
  }
  void Edit(const std::string& tag, const std::string& steps) const {
    scratch.Write("shop/web.plan", Plan(tag, steps));
    Commit("edit");
  }
  std::string Arguments() const {
    return "--repo " + (scratch / "shop").string() + " --interval 0.3 --state " + (scratch / "state").string();
  }
};

std::string Status(const Reconcile& reconcile) {
  return Sluice("status web --format json --server " + reconcile.server()).out;
}

bool Shows(const Reconcile& reconcile, const std::string& text) {
  return Status(reconcile).find(text) != std::string::npos;
}

bool SettledOn(const Reconcile& reconcile, const std::string& tag) {
  const std::string status = Status(reconcile);
  return status.find("\"state\":\"settled\"") != std::string::npos &&
         status.find("\"image\":\"ghcr.io/acme/web:" + tag + "\",\"share\"") != std::string::npos;
}

// Whether the walk has come to the pause of step `half`.
bool Pauses(const Reconcile& reconcile) {
  const std::string status = Status(reconcile);
  const std::size_t at = status.find("\"path\":\"web/half/pause\"");
  return at != std::string::npos &&
         status.substr(at, status.find('}', at) - at).find("\"state\":\"active\"") != std::string::npos;
}

constexpr const char* kPaused =
    "  step half { weight 50%  pause until approved by \"sre\" within 1h }\n  step full { weight 100% }\n";

}  // namespace

TEST_CASE("kill -9 in the middle and a restart go on where it was") {
  Shop shop(kPaused);
  auto first = std::make_unique<Reconcile>(shop.scratch, shop.Arguments());
  REQUIRE(first->server() != "");
  REQUIRE(Eventually(30, [&] { return SettledOn(*first, "1.0.0"); }));
  shop.Edit("1.1.0", kPaused);
  REQUIRE(Eventually(30, [&] { return Pauses(*first); }));
  const std::string run = "\"run\":2";
  REQUIRE(Shows(*first, run));
  first->End(SIGKILL);
  first.reset();

  Reconcile second(shop.scratch, shop.Arguments());
  REQUIRE(second.server() != "");
  REQUIRE(Eventually(20, [&] { return Shows(second, run) && Pauses(second); }));

  SECTION("an approval by the group lets it finish") {
    const Ended stranger = Sluice("approve web --as eve --group sales --server " + second.server());
    CHECK(stranger.status == 1);
    CHECK(stranger.err.find("refused") != std::string::npos);
    const Ended approved = Sluice("approve web --as ann --group sre --why looks-good --server " + second.server());
    INFO(approved.out << approved.err);
    CHECK(approved.status == 0);
    CHECK(Eventually(30, [&] { return SettledOn(second, "1.1.0"); }));
    const Ended history = Sluice("history web --server " + second.server());
    CHECK(history.out.find("ann") != std::string::npos);
  }
  SECTION("an abort takes it back and holds it") {
    CHECK(Sluice("abort web --as ann --why wrong --server " + second.server()).status == 0);
    CHECK(Eventually(30, [&] { return Shows(second, "\"state\":\"Held\""); }));
  }
  CHECK(second.End(SIGTERM) == 0);
}

TEST_CASE("SIGTERM ends it within seconds, cleanly") {
  Shop shop("  step full { weight 100% }\n");
  Reconcile reconcile(shop.scratch, shop.Arguments());
  REQUIRE(reconcile.server() != "");
  CHECK(reconcile.End(SIGTERM) == 0);
  CHECK(reconcile.Log().find("\"message\":\"ended by SIGTERM\"") != std::string::npos);
}

TEST_CASE("SIGTERM doesn't wait for a remote that is silent") {
  // Connections are taken and never answered.
  const int silent = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(bind(silent, reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(listen(silent, 8) == 0);
  REQUIRE(getsockname(silent, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  const Shop shop("  step full { weight 100% }\n");
  const std::string url = "https://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/shop.git";
  Reconcile reconcile(shop.scratch, "--repo " + url + " --path plans");
  REQUIRE(reconcile.server() != "");
  const int asked = accept(silent, nullptr, nullptr);
  REQUIRE(asked >= 0);
  const auto told = std::chrono::steady_clock::now();
  CHECK(reconcile.End(SIGTERM) == 0);
  // A fetch may take two minutes.
  CHECK(std::chrono::steady_clock::now() - told < std::chrono::seconds(30));
  close(asked);
  close(silent);
}

TEST_CASE("--once ends with the outcome") {
  Shop shop("  step full { weight 100% }\n");
  CHECK(Sluice("reconcile --once --listen 127.0.0.1:0 " + shop.Arguments()).status == 0);
}

TEST_CASE("health and metrics are served, and a plan set that does not compile changes nothing and says where") {
  Shop shop("  step full { weight 100% }\n");
  Reconcile reconcile(shop.scratch, shop.Arguments());
  REQUIRE(Eventually(30, [&] { return SettledOn(reconcile, "1.0.0"); }));
  CHECK(Shell("curl -sf " + reconcile.server() + "/healthz").status == 0);
  CHECK(Shell("curl -sf " + reconcile.server() + "/readyz").status == 0);
  CHECK(Shell("curl -sf " + reconcile.server() + "/metrics").out.find("sluice_rollouts") != std::string::npos);
  shop.Edit("1.1.0", "  step full { wieght 100% }\n");
  CHECK(Eventually(20, [&] { return reconcile.Log().find("web.plan:11") != std::string::npos; }));
  CHECK(SettledOn(reconcile, "1.0.0"));
  CHECK(Shell("curl -s " + reconcile.server() + "/sluice/v1/source").out.find("web.plan") != std::string::npos);
  const std::string status = Sluice("status --server " + reconcile.server()).out;
  CHECK(status.find(" does not compile (1 error): web.plan:11:") != std::string::npos);
  CHECK(status.find(" stays in use; found ") != std::string::npos);
}

TEST_CASE("JSON that nests deeper than anyone needs is refused, and the reconciler lives") {
  Shop shop("  step full { weight 100% }\n");
  Reconcile reconcile(shop.scratch, shop.Arguments());
  REQUIRE(Eventually(30, [&] { return SettledOn(reconcile, "1.0.0"); }));
  const int levels = 300'000;
  std::string body = R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"x","namespace":"web"},"spec":)";
  for (int i = 0; i < levels; ++i) body += R"({"a":)";
  body += "1" + std::string(levels + 1, '}');
  shop.scratch.Write("deep.json", body);
  const Ended refused = Shell("curl -s -X PATCH -H 'Content-Type: application/apply-patch+yaml' --data-binary @" +
                              (shop.scratch / "deep.json").string() + " '" + reconcile.server() +
                              "/apis/apps/v1/namespaces/web/deployments/x?fieldManager=test'");
  CHECK(refused.out.find("\"code\":400") != std::string::npos);
  CHECK(SettledOn(reconcile, "1.0.0"));
}

TEST_CASE("commands that fit nothing are refused with a reason") {
  Shop shop("  step full { weight 100% }\n");
  Reconcile reconcile(shop.scratch, shop.Arguments());
  REQUIRE(Eventually(30, [&] { return SettledOn(reconcile, "1.0.0"); }));
  const Ended approve = Sluice("approve web --server " + reconcile.server());
  CHECK(approve.status == 1);
  CHECK(approve.err.find("refused: ") != std::string::npos);
  const Ended unknown = Sluice("abort wbe --server " + reconcile.server());
  CHECK(unknown.status == 1);
  CHECK(unknown.err.find("`wbe`") != std::string::npos);
  CHECK(Sluice("pause web --for soon --server " + reconcile.server()).status == 2);
  CHECK(Sluice("status --server http://127.0.0.1:1").status == 1);
}

TEST_CASE("what an ejected rollout leaves is written as files") {
  Shop shop("  step full { weight 100% }\n");
  std::string plan = Shop::Plan("1.0.0", "  step full { weight 100% }\n");
  plan.replace(plan.find("replicas 2"), 10, "replicas 2 to 4 at cpu 70%\n  cpu 0.1\n  disruption 1");
  shop.scratch.Write("shop/web.plan", plan);
  shop.Commit("counted");
  Reconcile reconcile(shop.scratch, shop.Arguments());
  REQUIRE(Eventually(30, [&] { return SettledOn(reconcile, "1.0.0"); }));
  shop.scratch.Write("left/web.plan", "");
  const std::string directory = (shop.scratch / "left").string();
  const std::string there = " --as ann --server " + reconcile.server() + " -o " + directory;
  const Ended full = Sluice("eject web" + there);
  CHECK(full.status == 2);
  CHECK(full.err.find("name a new or an empty directory") != std::string::npos);
  CHECK(SettledOn(reconcile, "1.0.0"));

  const Ended ejected = Sluice("eject web --why moving" + there + "/k8s");
  INFO(ejected.out << ejected.err);
  CHECK(ejected.status == 0);
  CHECK(std::count(ejected.out.begin(), ejected.out.end(), '\n') == 2 + 4);
  for (const char* file : {"web_deployment_web-", "web_horizontalpodautoscaler.autoscaling_web-",
                           "web_poddisruptionbudget.policy_web-", "web_service_web.yaml"}) {
    CHECK(ejected.out.find(file) != std::string::npos);
  }
  CHECK(Shows(reconcile, "\"state\":\"Ejected\""));
  CHECK(Shows(reconcile, "ejected by ann, moving"));
  CHECK(Sluice("eject web" + there + "/again").out.find("web_service_web.yaml") != std::string::npos);
  const Ended again = Sluice("eject web --server " + reconcile.server());
  CHECK(again.status == 1);
  CHECK(again.err.find("it was ejected") != std::string::npos);

  const std::string deployment = Shell("cat " + directory + "/k8s/web_deployment_web-*.yaml").out;
  CHECK(deployment.find("image: ghcr.io/acme/web:1.0.0\n") != std::string::npos);
  for (const char* others : {"status:", "uid:", "resourceVersion:", "managedFields:", "sluice.dev/owner"}) {
    CHECK(deployment.find(others) == std::string::npos);
  }
}

}  // namespace sluice::test
