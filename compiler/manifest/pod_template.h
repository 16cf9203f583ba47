// The pods of a service.
#pragma once

#include <optional>
#include <string>

#include "compiler/base/time.h"
#include "compiler/check/checked_plan.h"
#include "compiler/graph/value.h"

namespace sluice::manifest {

// The pod template of a service, labelled with its name only: what the revision is computed over. With
// `drain` a pod that is told to end goes on serving that long, because the pods themselves are the share and
// nothing takes traffic from them before.
graph::Value MakePodTemplate(const check::Service& service, std::optional<Duration> drain);

// The template with the revision's label, as a Deployment NAME-REV carries it.
graph::Value WithRevisionLabel(const graph::Value& pod_template, const std::string& revision);

}  // namespace sluice::manifest
