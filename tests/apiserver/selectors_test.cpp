#include "reconciler/apiserver/selectors.h"

#include <catch2/catch.hpp>

namespace sluice::apiserver {
namespace {

bool Selects(const std::string& selector, const Json& labels) {
  const auto parsed = LabelSelector::Parse(selector);
  REQUIRE(parsed.ok());
  return parsed->Matches({{"metadata", {{"labels", labels}}}});
}

}  // namespace

TEST_CASE("label selectors by equality, by sets and by presence") {
  const Json web = {{"app", "web"}, {"tier", "front"}};
  for (const char* fits : {"", "app=web", "app==web", "app = web , tier=front", "app in (web,db)", "app notin (db)",
                           "app", "!old", "old!=x", "app!=db,tier in (front)"}) {
    CAPTURE(fits);
    CHECK(Selects(fits, web));
  }
  for (const char* not_fits :
       {"app=db", "app!=web", "app in (db, cache)", "app notin (web)", "!app", "old", "old=x", "app=web,tier=back"}) {
    CAPTURE(not_fits);
    CHECK_FALSE(Selects(not_fits, web));
  }
}

TEST_CASE("an object without labels fits what asks for none") {
  const auto absent = LabelSelector::Parse("!app,tier notin (x)");
  REQUIRE(absent.ok());
  CHECK(absent->Matches(Json::object()));
}

TEST_CASE("a label selector that can't be read says where") {
  for (const char* wrong : {"=", "app in web", "app in (web", "app web", "a=b c", "a=b,,c", "(", "app notinn (x)"}) {
    CAPTURE(wrong);
    const auto parsed = LabelSelector::Parse(wrong);
    REQUIRE(!parsed.ok());
    CHECK(parsed.error().message.find("expected") != std::string::npos);
  }
}

TEST_CASE("field selectors by the fields that a kind has") {
  const Kind pod{"v1", "Pod"};
  const Json running = {{"metadata", {{"name", "a"}, {"namespace", "shop"}}}, {"status", {{"phase", "Running"}}}};
  const auto matches = [&](const char* text) {
    const auto parsed = FieldSelector::Parse(pod, text);
    REQUIRE(parsed.ok());
    return parsed->Matches(running);
  };
  CHECK(matches("metadata.name=a"));
  CHECK(matches("metadata.name==a,status.phase!=Pending"));
  CHECK(matches("spec.nodeName="));
  CHECK_FALSE(matches("metadata.namespace=other"));
  CHECK_FALSE(matches("status.phase!=Running"));
  CHECK_FALSE(FieldSelector::Parse(pod, "spec.replicas=1").ok());
  CHECK_FALSE(FieldSelector::Parse(pod, "metadata.name").ok());
  CHECK(FieldSelector::Parse({"v1", "ConfigMap"}, "status.phase=x").error().message ==
        "field label not supported: status.phase");
}

}  // namespace sluice::apiserver
