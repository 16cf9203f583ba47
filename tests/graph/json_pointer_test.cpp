#include "compiler/graph/json_pointer.h"

#include <catch2/catch.hpp>

namespace sluice::graph {

TEST_CASE("what PointerTo names, HasField finds, whatever the key holds") {
  for (const char* key : {"host", "a/b", "m~n", "~1", "~0/", "", "0"}) {
    CAPTURE(key);
    Map map;
    map.Set(key, Value(1));
    const Value object{std::move(map)};
    CHECK(HasField(object, PointerTo("", key)));
    CHECK_FALSE(HasField(object, PointerTo("", std::string(key) + "x")));
    CHECK_FALSE(HasField(object, PointerTo(PointerTo("", key), key)));
  }
  CHECK(PointerTo("/metadata/annotations", "sluice.dev/split") == "/metadata/annotations/sluice.dev~1split");
  CHECK(PointerTo("", "a~/") == "/a~0~1");
}

TEST_CASE("a pointer goes through lists by index, and only by index") {
  Map rule;
  rule.Set("host", Value("a"));
  Map object;
  object.Set("rules", Value(List{Value(std::move(rule))}));
  const Value value{std::move(object)};
  CHECK(HasField(value, ""));
  CHECK(HasField(value, "/rules/0/host"));
  for (const char* missing : {"/rules/1", "/rules/0x", "/rules/-", "/rules/", "/rules/0/port", "/rules/host"}) {
    CAPTURE(missing);
    CHECK_FALSE(HasField(value, missing));
  }
}

}  // namespace sluice::graph
