#!/usr/bin/env bash
# Builds (release) and prints one table: what was measured, how often, median, peak memory, what is to be reached.
#
#   ./tests/bench/run.sh           the figures
#   ./tests/bench/run.sh fleet     one group of them: compile, decide, fleet, simulate or verify
#   ./tests/bench/run.sh fleet --rollouts 200
#                                  a smaller fleet: how the time grows with their number
#   ./tests/bench/run.sh --once    every benchmark once, to see that it lives; figures mean nothing
set -euo pipefail
cd "$(dirname "$0")/../.."
.ci/install.sh build
.ci/build.sh release sluice sluice_bench
exec build/release/tests/bench/sluice_bench "$@"
