#include "compiler/base/shared_list.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace sluice {

TEST_CASE("a shared list reads like a list, and what it is made of outlives its maker") {
  SharedList<std::string> whole(std::vector<std::string>{"a", "b", "c"});
  CHECK(whole.size() == 3);
  CHECK(whole.front() == "a");
  CHECK(std::count_if(whole.begin(), whole.end(), [](const std::string& text) { return text > "a"; }) == 2);

  auto owner = std::make_shared<const std::vector<std::string>>(std::vector<std::string>{"x", "y"});
  const std::string* second = &(*owner)[1];
  SharedList<std::string> part(std::vector<std::shared_ptr<const std::string>>{{owner, second}});
  owner.reset();
  const SharedList<std::string> copy = part;
  part = SharedList<std::string>();
  CHECK(part.empty());
  CHECK(&copy[0] == second);
  CHECK(*copy.begin() == "y");
}

}  // namespace sluice
