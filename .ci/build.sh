#!/usr/bin/env bash
# Configures a preset if needed and builds targets of it.
#
#   .ci/build.sh PRESET [TARGET …]
set -euo pipefail
cd "$(dirname "$0")/.."
preset=$1
shift
# Objects of one clone serve another: paths are hashed relative to the clone.
# What is compiled with precompiled headers is cached by what they were made of.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=pch_defines,time_macros

log=$(mktemp)
trap 'rm -f "$log"' EXIT
run() {
  if ! "$@" >"$log" 2>&1; then
    grep -E 'error|FAILED|Error' "$log" | head -n 40 >&2 || true
    tail -n 40 "$log" >&2
    echo "build.sh: failed: $*" >&2
    exit 1
  fi
}
run cmake --preset "$preset"
run cmake --build --preset "$preset" --parallel "$(nproc)" --target "${@:-all}"
