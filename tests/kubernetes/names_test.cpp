#include "compiler/kubernetes/names.h"

#include <catch2/catch.hpp>

#include "compiler/kubernetes/image.h"
#include "compiler/kubernetes/quantities.h"

namespace sluice::kubernetes {
namespace {

using Fault = std::optional<std::string>;

TEST_CASE("a service's name is a DNS-1035 label with room for its revision") {
  CHECK_FALSE(FaultOfServiceName("checkout", kMaxServiceName));
  CHECK_FALSE(FaultOfServiceName(std::string(54, 'a'), kMaxServiceName));
  CHECK(FaultOfServiceName(std::string(55, 'a'), kMaxServiceName) ==
        Fault("has 55 characters, at most 54 are allowed"));
  CHECK(FaultOfServiceName("Checkout") == Fault("has an upper-case letter"));
  CHECK(FaultOfServiceName("check_out") == Fault("has `_` in it"));
  CHECK(FaultOfServiceName("1shop") == Fault("begins with a digit"));
  CHECK(FaultOfServiceName("shop-") == Fault("ends with a dash"));
  CHECK(FaultOfServiceName("") == Fault("is empty"));
  CHECK(FaultOfServiceName("käse") == Fault("has a character that is no ASCII letter in it"));
}

TEST_CASE("namespaces may begin with a digit, objects may have dots") {
  CHECK_FALSE(FaultOfLabel("2024-shop"));
  CHECK(FaultOfLabel("a.b") == Fault("has `.` in it"));
  CHECK_FALSE(FaultOfSubdomain("a.b-c.d"));
  CHECK(FaultOfSubdomain("a..b") == Fault("has a dot with nothing before or behind it"));
  CHECK(FaultOfSubdomain("a.") == Fault("has a dot with nothing before or behind it"));
}

TEST_CASE("a port's name has at most fifteen characters and a letter") {
  CHECK_FALSE(FaultOfPortName("http"));
  CHECK_FALSE(FaultOfPortName("a23456789012345"));
  CHECK(FaultOfPortName("a234567890123456") == Fault("has 16 characters, at most 15 are allowed"));
  CHECK(FaultOfPortName("8080") == Fault("has no letter"));
  CHECK(FaultOfPortName("a--b") == Fault("has two dashes side by side"));
}

TEST_CASE("an environment variable's name does not begin with a digit") {
  CHECK_FALSE(FaultOfEnvName("LOG_FORMAT"));
  CHECK_FALSE(FaultOfEnvName("my.var-1"));
  CHECK(FaultOfEnvName("1A") == Fault("begins with a digit"));
  CHECK(FaultOfEnvName("A B") == Fault("has a space in it"));
  CHECK(FaultOfEnvName("A=B") == Fault("has `=` in it"));
}

TEST_CASE("a host is a name, perhaps with a wildcard in front, and a path is absolute") {
  CHECK_FALSE(FaultOfHost("shop.example.com"));
  CHECK_FALSE(FaultOfHost("*.example.com"));
  CHECK(FaultOfHost("https://shop") == Fault("is a URL, not a host name"));
  CHECK(FaultOfHost("shop:80") == Fault("has a port"));
  CHECK(FaultOfHost("10.0.0.1") == Fault("is an address, not a name"));
  CHECK_FALSE(FaultOfPath("/"));
  CHECK_FALSE(FaultOfPath("/checkout"));
  CHECK(FaultOfPath("checkout") == Fault("does not begin with `/`"));
  CHECK(FaultOfPath("/a//b") == Fault("has `//` in it"));
  CHECK(FaultOfPath("/a/..") == Fault("ends with `/..`"));
}

TEST_CASE("a refused name is offered in a form that is taken") {
  CHECK(ToServiceName("Check_Out") == "check-out");
  CHECK(ToServiceName("1shop-") == "shop");
  CHECK(ToServiceName("___").empty());
}

TEST_CASE("an image reference has a registry, a name, a tag and a digest") {
  auto image = ParseImage("ghcr.io:5000/acme/checkout:2.4.0").image;
  REQUIRE(image);
  CHECK(image->repository == "ghcr.io:5000/acme/checkout");
  CHECK(image->tag == "2.4.0");
  CHECK(ParseImage("localhost:5000/app").image->tag.empty());
  CHECK(ParseImage("app@sha256:" + std::string(64, 'a')).image->digest.size() == 71);
  CHECK(ParseImage("https://ghcr.io/a").fault == "is a URL, not an image");
  CHECK(ParseImage("ghcr.io/Acme/app:1").fault == "has an upper-case letter in its name");
  CHECK(ParseImage("app:").fault == "has an empty tag");
  CHECK(ParseImage("app@sha256:12").fault == "has a digest that is not 64 lower-case hexadecimal digits");
  CHECK(ParseImage("").fault == "has no name");
  CHECK(ParseImage("a b:1").fault == "has a character in its name that an image cannot have");
}

TEST_CASE("quantities are written in the largest unit that leaves a whole number") {
  CHECK(CpuText(Number::Ratio(1, 4)) == Fault("250m"));
  CHECK(CpuText(Number(2)) == Fault("2"));
  CHECK_FALSE(CpuText(Number::Ratio(1, 3)));
  CHECK(BytesText(Number(256LL * 1024 * 1024)) == Fault("256Mi"));
  CHECK(BytesText(Number(1'500'000'000)) == Fault("1500M"));
  CHECK(BytesText(Number(1)) == Fault("1"));
  CHECK(BytesText(Number(0)) == Fault("0"));
}

}  // namespace
}  // namespace sluice::kubernetes
