#!/usr/bin/env bash
# Starts a cluster of real programs in DIR, which stop.sh ends, and returns when all of it serves.
#
#   tests/cluster/start.sh [--bare] [--audit] [--foreground] DIR [PART …]
#
# PART  control-plane (always there): etcd, the API server and, unless --bare is given, controller-manager and scheduler
#       node: containerd, kubelet, kube-proxy · gateway: Contour with Envoy · prometheus · kwok: pods without processes
#       metrics: metrics-server, after node
# DIR   is made. In the end it holds
#         server ca.crt                      where the API server listens, and whom to trust
#         kubeconfig kubeconfig.cert         for an administrator by token and by client certificate
#         admin.token user-alice.token user-bob.token       the latter two may do nothing until they are bound to a role
#         logs/PROGRAM pids/PROGRAM          a program that ends, or is killed, is started again
#         logs/audit                         with --audit: each request, who sent it and what it came to, as JSON lines
#
# The control plane, also with kwok, needs no rights and serves on a free port of 127.0.0.1. With any other part all of it
# runs in namespaces of its own (network, mounts, processes), which needs root: enter.sh runs programs in there.
# With --foreground it stays after the last line, and the cluster ends when it does, however that happens.
# Exit status: 3 if this machine can't (the last line says why), 1 if it should have.
set -euo pipefail
# shellcheck source=tests/cluster/programs.sh
. "$(dirname "$0")/programs.sh"
# shellcheck source=tests/cluster/credentials.sh
. "$cluster_folder/credentials.sh"

usage() { sed -n '/^# Starts/,/^set/{/^set/!s/^# \?//p}' "$0" >&2; exit 2; }

cannot() {
  echo "start.sh: $*" >&2
  exit 3
}

bare='' audit='' foreground='' directory='' parts=(control-plane)
while [ $# -gt 0 ]; do
  case $1 in
    --bare) bare=--bare ;;
    --audit) audit=yes ;;
    --foreground) foreground=yes ;;
    control-plane) ;;
    node | gateway | prometheus | metrics | kwok) [ -n "$directory" ] || usage; parts+=("$1") ;;
    -*) usage ;;
    *) [ -z "$directory" ] || usage; directory=$1 ;;
  esac
  shift
done
[ -n "$directory" ] || usage

# A port that nothing listens on, below those that the kernel gives to clients.
free_port() {
  local port
  for _ in {1..100}; do
    port=$((RANDOM % 20000 + 12000))
    (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
  done
  cannot "no free port"
}

mkdir -p "$directory"
directory=$(cd "$directory" && pwd)
[ ! -e "$directory/pid" ] || ! is_running "$(<"$directory/pid")" || cannot "a cluster runs in $directory"
[ -e "$directory/server" ] || [ -z "$(ls -A "$directory")" ] || cannot "$directory is not empty, nor a cluster's"
for part in "${parts[@]}"; do
  # shellcheck source=/dev/null
  . "$cluster_folder/parts/$part.sh"
  why=$("needs_${part//-/_}") || cannot "$part: $why"
done

inside=()
port=6443
case " ${parts[*]} " in
  *' node '* | *' gateway '* | *' prometheus '* | *' metrics '*)
    [ "$(id -u)" -eq 0 ] || cannot "${parts[*]:1}: needs root"
    inside=(unshare --net --mount --pid --uts --ipc --fork --kill-child --mount-proc)
    why=$("${inside[@]}" true 2>&1) || cannot "${parts[*]:1}: no namespaces: $why"
    ;;
  *) port=$(free_port) ;;
esac

umask 077
rm -rf "$directory"/{ready,pids,logs,state,cgroup}
mkdir -p "$directory"/{pids,logs,state}
make_credentials "$directory" "https://127.0.0.1:$port"
[ -z "$audit" ] || cat >"$directory/state/audit.yaml" <<END
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{level: Metadata}]
END

# Its input ends with this script, unless that says first that it is to stay; it prints what there is to say, then "ready".
coproc supervisor { exec setsid "${inside[@]}" "$cluster_folder/supervise.sh" "$directory" "$bare" "${parts[@]}"; }
supervisor_pid=$!
echo "$supervisor_pid" >"$directory/pid"
while read -r line && [ "$line" != ready ]; do echo "$line"; done <&"${supervisor[0]}"
if [ ! -e "$directory/ready" ]; then
  "$cluster_folder/stop.sh" "$directory"
  exit 1
fi
if [ -n "$foreground" ]; then
  wait "$supervisor_pid"
else
  echo stay >&"${supervisor[1]}"
fi
