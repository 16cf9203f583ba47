#include "compiler/base/copy_on_write.h"

#include <string>

#include <catch2/catch.hpp>

namespace sluice {

TEST_CASE("copies share a value until one of them changes it") {
  CopyOnWrite<std::string> one(std::string("web"));
  CopyOnWrite<std::string> other = one;
  CHECK(&*one == &*other);
  CHECK(one == other);

  other.Edit() += "-2";
  CHECK(*one == "web");
  CHECK(*other == "web-2");
  CHECK_FALSE(one == other);

  const std::string* before = &*other;
  other.Edit() += "0";
  CHECK(&*other == before);  // nobody shares it any more
  CHECK(CopyOnWrite<std::string>(std::string("web")) == one);
}

}  // namespace sluice
