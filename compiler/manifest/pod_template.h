// The pods of a service.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "compiler/base/time.h"
#include "compiler/check/checked_plan.h"
#include "compiler/graph/value.h"

namespace sluice::manifest {

// The pod template of a service, labelled with its name only and its ConfigMaps still without their names: what the
// revision is computed over. With `drain` a pod that is told to end goes on serving that long, because the pods
// themselves are the share and nothing takes traffic from them before.
graph::Value MakePodTemplate(const check::Service& service, std::optional<Duration> drain);

// The pod template of what is taken over, as its files say it.
graph::Value AsWritten(const check::Adopted& adopted);

// "readinessProbe": a container's field.
const char* ProbeField(syntax::ProbeClause::Purpose purpose);

// A service's variables in the order in which a pod gets them: by name, so that the order in which a plan writes them
// makes no new revision; as written where a value refers to another (`$(NAME)`), because Kubernetes expands only what
// stands before.
std::vector<const check::EnvEntry*> EnvInOrder(const check::Service& service);

// One of a container's `env`: text, or the key of a Secret.
graph::Value EnvVariable(const std::string& name, const graph::Value& value);
// What a container requests or is limited to: `{ cpu: "250m", memory: "256Mi" }`.
graph::Value ResourceList(const std::optional<check::Located<graph::Value>>& cpu,
                          const std::optional<check::Located<graph::Value>>& memory);

// The template with the revision's label, as a Deployment NAME-REV carries it.
graph::Value WithRevisionLabel(const graph::Value& pod_template, const std::string& revision);

// "FIRST", "FIRST-2" …: what there is one of for each `config`. `index` counts from 0.
std::string NumberedName(const std::string& first, std::size_t index);
// The template with the names of its ConfigMaps, numbered from `first`.
graph::Value WithConfigNames(const graph::Value& pod_template, const std::string& first);

}  // namespace sluice::manifest
