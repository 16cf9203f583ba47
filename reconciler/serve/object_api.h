// The embedded cluster's objects by Kubernetes' REST API: the part that the command line tool uses.
#pragma once

#include "reconciler/cluster/cluster.h"
#include "reconciler/serve/server.h"

namespace sluice::serve {

// GET, LIST with labelSelector (equality only), POST, PATCH (server-side apply), PUT …/status and DELETE of the
// kinds in cluster/resources.h, under "/api/" and "/apis/". Failures are answered as a `Status` object.
Handler ObjectApi(cluster::Cluster& cluster);

}  // namespace sluice::serve
