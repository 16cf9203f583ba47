// `service … from "FILES"`: a workload that runs already, described by YAML that stays where it is.
#pragma once

#include "compiler/check/checker.h"

namespace sluice::check {

// Reads the files and finds the Deployment, Service NAME and the disruption budget of the service among their objects;
// the others become objects of the plan set. What is found stands in `service.adopted` and in the fields that clauses
// would have filled. Nothing does where something was reported.
void ReadAdopted(const syntax::FromClause& clause, const Reader& reader, Service& service);

// Reports a clause that says what the YAML says. False: it may stand there.
bool CheckBesideYaml(const syntax::ServiceItem& item, Context& context);

}  // namespace sluice::check
