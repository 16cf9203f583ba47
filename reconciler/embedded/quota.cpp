#include "reconciler/embedded/quota.h"

#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "reconciler/embedded/kinds.h"
#include "reconciler/embedded/store.h"

namespace sluice::embedded {
namespace {

// `pods` and `count/pods`, the lower of both.
std::optional<std::int64_t> PodLimit(const Json& quota) {
  std::optional<std::int64_t> limit;
  for (const char* name : {"pods", "count/pods"}) {
    const Json* hard = Find(quota, {"spec", "hard", name});
    if (hard == nullptr) continue;
    std::string text = hard->is_string() ? hard->get<std::string>() : hard->dump();
    std::int64_t number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size()) limit = std::min(limit.value_or(number), number);
  }
  return limit;
}

}  // namespace

Result<void> CheckQuota(const Store& store, const Json& pod) {
  ObjectKey key = cluster::KeyOf(pod);
  auto quotas = store.List(kResourceQuota, key.namespace_, {});
  if (quotas.empty()) return {};
  // Terminating pods count until they are gone.
  auto used = static_cast<std::int64_t>(store.List(kPod, key.namespace_, {}).size());
  for (const Object& quota : quotas) {
    std::optional<std::int64_t> limit = PodLimit(*quota);
    if (!limit || used + 1 <= *limit) continue;
    return Error{ErrorCode::kForbidden,
                 fmt::format("pods \"{}\" is forbidden: exceeded quota: {}, requested: pods=1, used: pods={}, "
                             "limited: pods={}",
                             key.name, quota.key().name, used, *limit)};
  }
  return {};
}

}  // namespace sluice::embedded
