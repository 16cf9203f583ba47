#!/usr/bin/env bash
# Many rollouts at once on a real control plane (etcd, API server, controllers, scheduler; KWOK in place of kubelets),
# beside as many plain Deployments in the same run.
#
#   ./tests/bench/kubernetes.sh             1,000 rollouts
#   ./tests/bench/kubernetes.sh 100         fewer
set -euo pipefail
cd "$(dirname "$0")/../.."
.ci/install.sh build servers cluster
tests/cluster/build.sh control-plane kwok
.ci/build.sh release sluice sluice_kubernetes_bench
exec build/release/tests/bench/sluice_kubernetes_bench "$@"
