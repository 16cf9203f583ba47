#!/usr/bin/env bash
# Runs a program inside the namespaces of the cluster in DIR: with its network, its mounts, its processes.
#
#   tests/cluster/enter.sh DIR COMMAND [ARGUMENT …]
#
# The working directory stays; KUBECONFIG is set to the administrator's. Where the cluster has no namespaces (a control
# plane alone) the command simply runs.
set -euo pipefail
[ $# -ge 2 ] || { sed -n '/^# Runs/,/^set/{/^set/!s/^# \?//p}' "$0" >&2; exit 2; }
directory=$(cd "$1" && pwd)
shift
if ! { pid=$(cat "$directory/pid" 2>/dev/null) && parent=$(readlink "/proc/$pid/exe"); }; then
  echo "enter.sh: no cluster runs in $directory" >&2
  exit 1
fi
export KUBECONFIG=$directory/kubeconfig
[ "${parent##*/}" = unshare ] || exec "$@"
first=$(tr -d ' ' <"/proc/$pid/task/$pid/children")
exec nsenter --target "$first" --net --mount --pid --uts --ipc --wdns="$PWD" -- "$@"
