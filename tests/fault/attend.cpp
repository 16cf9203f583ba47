#include "tests/fault/attend.h"

namespace sluice::execute {

using cluster::Json;

std::vector<Json> ObjectsOf(const Scene& scene) {
  std::vector<Json> all;
  for (const embedded::Object& object : scene.embedded->store().List({}, "", {})) {
    if (!IsOfControllers(object.key().kind)) all.push_back(*object);
  }
  return all;
}

void Attend(Witness& witness, Scene& scene) {
  witness.Begin(ObjectsOf(scene));
  scene.embedded->Observe([&witness](const embedded::Change& change) { witness.See(change.type, *change.object); });
}

}  // namespace sluice::execute
