// Bodies of server-side apply are YAML, of which JSON is a part.
#pragma once

#include <string>

#include "compiler/base/result.h"
#include "reconciler/cluster/json.h"

namespace sluice::apiserver {

// The one document of `text`; kInvalid says where it can't be read. No anchors: a small text could stand for a huge
// object.
Result<cluster::Json> ReadYaml(const std::string& text);

}  // namespace sluice::apiserver
