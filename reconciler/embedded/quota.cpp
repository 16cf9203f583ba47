#include "reconciler/embedded/quota.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "reconciler/embedded/kinds.h"
#include "reconciler/embedded/store.h"

namespace sluice::embedded {
namespace {

// What a quota says of `resource`, if it is a number.
std::optional<std::int64_t> LimitOf(const Json& quota, const char* resource) {
  const Json* hard = Find(quota, {"spec", "hard", resource});
  if (hard == nullptr) return std::nullopt;
  std::string text = hard->is_string() ? hard->get<std::string>() : hard->dump();
  std::int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

Result<void> CheckQuota(const Store& store, const Json& pod) {
  ObjectKey key = cluster::KeyOf(pod);
  auto quotas = store.List(kResourceQuota, key.namespace_, {});
  if (quotas.empty()) return {};
  const auto pods = store.List(kPod, key.namespace_, {});
  // `pods` leaves out those whose containers have ended; terminating ones count until they are gone.
  const auto alive = std::count_if(pods.begin(), pods.end(), [](const Object& each) { return !each.ended(); });
  const std::pair<const char*, std::int64_t> counted[] = {{"pods", alive},
                                                          {"count/pods", static_cast<std::int64_t>(pods.size())}};
  for (const Object& quota : quotas) {
    for (const auto& [resource, used] : counted) {
      std::optional<std::int64_t> limit = LimitOf(*quota, resource);
      if (!limit || used + 1 <= *limit) continue;
      return Error{ErrorCode::kForbidden,
                   fmt::format("pods \"{}\" is forbidden: exceeded quota: {}, requested: {}=1, used: {}={}, "
                               "limited: {}={}",
                               key.name, quota.key().name, resource, resource, used, resource, *limit)};
    }
  }
  return {};
}

}  // namespace sluice::embedded
