// The conformance suite on the embedded cluster, in virtual time.
#include "tests/cluster/fixtures.h"

namespace sluice::cluster {

std::unique_ptr<Fixture> MakeFixture() { return OnEmbedded(); }

}  // namespace sluice::cluster
