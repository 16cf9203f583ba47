#include "reconciler/kubernetes/frames.h"

#include <vector>

#include <catch2/catch.hpp>

namespace sluice::kubernetes {
namespace {

std::vector<std::string> Taken(Frames& frames, std::string_view part) {
  std::vector<std::string> values;
  REQUIRE(frames
              .Take(part,
                    [&](std::string_view value) {
                      values.emplace_back(value);
                      return true;
                    })
              .ok());
  return values;
}

TEST_CASE("values are found wherever the network cuts them") {
  const std::vector<std::string> values = {R"({"a":"}{\"\\"})", "{}", R"({"b":[{"c":"é\n]"},{}]})"};
  const std::string text = values[0] + "\n" + values[1] + values[2] + "\r\n \t";
  for (std::size_t first = 0; first <= text.size(); ++first) {
    for (std::size_t second = first; second <= text.size(); ++second) {
      Frames frames;
      std::vector<std::string> taken;
      for (const std::string_view part :
           {std::string_view(text).substr(0, first), std::string_view(text).substr(first, second - first),
            std::string_view(text).substr(second)}) {
        for (std::string& value : Taken(frames, part)) taken.push_back(std::move(value));
      }
      REQUIRE(taken == values);
    }
  }
}

TEST_CASE("who has heard enough is given no more") {
  Frames frames;
  int given = 0;
  REQUIRE(frames.Take("{}{}{}", [&](std::string_view) { return ++given < 2; }).ok());
  CHECK(given == 2);
}

TEST_CASE("what stands between values, and a value without end, are errors") {
  Frames page;
  CHECK(page.Take("<html>", [](std::string_view) { return true; }).error().code == ErrorCode::kInvalid);
  Frames endless;
  const std::string part(1024 * 1024, 'x');
  Result<void> taken = endless.Take("{\"", [](std::string_view) { return true; });
  for (int i = 0; i < 16 && taken.ok(); ++i) taken = endless.Take(part, [](std::string_view) { return true; });
  REQUIRE(!taken.ok());
  CHECK(taken.error().code == ErrorCode::kTooLarge);
}

}  // namespace
}  // namespace sluice::kubernetes
