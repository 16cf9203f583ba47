// What is said of a status in one word, to people and in metrics.
#pragma once

#include <string_view>

#include "reconciler/decide/status.h"

namespace sluice::execute {

// How a node that is done was left: its outcome, or "skipped" where it was passed by without its condition (a first
// install, a fast track, `promote`) and so proved nothing.
std::string_view LeftAs(const decide::NodeRecord& record);
std::string_view LeftAs(const decide::RunRecord::NodeResult& result);

// Reason of the conditions while git's bundle can't be accepted; their message says why.
inline constexpr const char* kBundleRejected = "BundleRejected";

}  // namespace sluice::execute
