// Objects of the cluster (JSON) as values of the language, and back.
#pragma once

#include "compiler/graph/value.h"
#include "reconciler/cluster/json.h"

namespace sluice::cluster {

// Null is none. Numbers are exact up to 18 significant digits; maps get the keys' sorted order.
graph::Value ToValue(const Json& json);

// Percents become their ratio, durations milliseconds, bytes a number, dates RFC 3339. Residuals, handles and
// secrets, which no object may contain, become null.
Json ToJson(const graph::Value& value);

}  // namespace sluice::cluster
