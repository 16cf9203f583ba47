#include "reconciler/apiserver/history.h"

#include <catch2/catch.hpp>

#include "tests/apiserver/api.h"

namespace sluice::apiserver {
namespace {

struct Kept {
  explicit Kept(History::Limits limits = {}) : history(0, limits) {
    store.Observe([this](const embedded::Change& change) { history.Add(change); });
  }
  std::uint64_t Put(const std::string& name, const std::string& value) {
    Json object = ConfigMapOf(name, {{"v", value}});
    object["metadata"]["namespace"] = "shop";
    const auto put = store.Find(cluster::KeyOf(object)) == nullptr ? store.Create(object, "test", {})
                                                                   : store.Replace(object, "test", {});
    REQUIRE(put.ok());
    return put->version();
  }
  void Drop(const std::string& name) {
    const auto object = store.Find({kind, "shop", name});
    REQUIRE(store.Delete(object.key(), object.uid(), "", {}).ok());
  }
  std::string At(std::uint64_t version) const {
    std::string text;
    for (const auto& object : history.ListAt(store, kind, "", version)) {
      text += object.key().name + "=" + object->at("data")["v"].get<std::string>() + " ";
    }
    return text;
  }
  const Kind kind{"v1", "ConfigMap"};
  embedded::Store store{1, true};
  History history;
};

}  // namespace

TEST_CASE("a list is what it was at each version") {
  Kept kept;
  const auto one = kept.Put("a", "1");
  const auto two = kept.Put("b", "1");
  const auto three = kept.Put("a", "2");
  kept.Drop("b");
  kept.Put("b", "3");
  CHECK(kept.At(one) == "a=1 ");
  CHECK(kept.At(two) == "a=1 b=1 ");
  CHECK(kept.At(three) == "a=2 b=1 ");
  CHECK(kept.At(three + 1) == "a=2 ");
  CHECK(kept.At(kept.store.version()) == "a=2 b=3 ");
}

TEST_CASE("what is forgotten is not covered, and other kinds don't suffer") {
  Kept kept({3, 1'000'000});
  const auto first = kept.Put("a", "1");
  for (int i = 2; i <= 4; ++i) kept.Put("a", std::to_string(i));
  CHECK(kept.history.Covers(kept.kind, first));
  CHECK_FALSE(kept.history.Covers(kept.kind, first - 1));
  CHECK(kept.history.Covers({"v1", "Pod"}, 0));
  CHECK(kept.history.After(kept.kind, first)->object.version() == first + 1);
  CHECK(kept.history.After(kept.kind, kept.store.version()) == nullptr);
}

TEST_CASE("bytes are bounded too") {
  Kept kept({1'000, 4'000});
  for (int i = 0; i < 20; ++i) kept.Put("a", std::string(1'000, 'x') + std::to_string(i));
  CHECK_FALSE(kept.history.Covers(kept.kind, kept.store.version() - 5));
  CHECK(kept.history.Covers(kept.kind, kept.store.version() - 1));
}

}  // namespace sluice::apiserver
