// The oracles on the embedded cluster of a scene: its API server's own memory.
#pragma once

#include <vector>

#include "tests/execute/scene.h"
#include "tests/fault/oracles.h"

namespace sluice::execute {

// All objects but those of IsOfControllers; by kind, namespace and name.
std::vector<cluster::Json> ObjectsOf(const Scene& scene);

// `witness` sees each write from now on, for as long as the scene lives, which ends before it does.
void Attend(Witness& witness, Scene& scene);

}  // namespace sluice::execute
