#!/usr/bin/env bash
# Starts the cluster's parts, has them do what they are for, ends them in every way, and looks for what is left.
#
#   tests/cluster/start_test.sh
#
# Prints "SKIPPED: …" for what this machine can't do, and closes as the other test programs do.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/cluster/programs.sh
. "$here/programs.sh"
directory=$(mktemp -d "${TMPDIR:-/tmp}/sluice-cluster-XXXXXX")/cluster
clean_up() {
  [ ! -e "$directory/server" ] || "$here/stop.sh" "$directory" || true
  rm -rf "${directory%/cluster}"
}
trap clean_up EXIT
passed=0
cgroup='' # the node's

fail() {
  echo "FAILED: $*"
  tail -n 5 "$directory"/logs/* 2>/dev/null | cut -c 1-300
  echo "test cases: $((passed + 1)) | $passed passed | 1 failed"
  exit 1
}

# await SECONDS COMMAND …
await() {
  local limit=$((SECONDS + $1)) last
  shift
  until last=$("$@" 2>&1); do
    ((SECONDS < limit)) || fail "not so in time: $*: $last"
    sleep 0.1
  done
}

# start PART …: false if this machine can't.
start() {
  local status=0
  "$here/start.sh" "$@" >"$directory.out" 2>&1 || status=$?
  [ "$status" -ne 3 ] || { echo "SKIPPED: $(tail -n 1 "$directory.out")"; return 1; }
  cat "$directory.out"
  [ "$status" -eq 0 ] || fail "start.sh $*"
}

# api PATH [OPTION …], from inside.
api() {
  local path=$1
  shift
  "$here/enter.sh" "$directory" curl -sS --fail-with-body --max-time 10 --cacert "$directory/ca.crt" \
    -H "Authorization: Bearer $(<"$directory/admin.token")" "$(<"$directory/server")$path" "$@"
}

create() {
  api "$1" -H 'Content-Type: application/yaml' --data-binary @- >/dev/null || fail "POST $1"
}

create_deployment() {
  create /apis/apps/v1/namespaces/default/deployments <<'END'
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
      - name: shop
        image: sluice.test/shop:1
        imagePullPolicy: Never
        readinessProbe: {httpGet: {path: /readyz, port: 8080}, periodSeconds: 1}
END
}

# has COUNT PATTERN PATH: so many lines of what is there match.
has() {
  local found
  found=$(api "$3" | grep -c "$2" || true)
  [ "$found" -eq "$1" ] || { echo "$found in place of $1"; return 1; }
}

nothing_is_left() {
  local left
  left=$(pgrep -af -- "$directory" | grep -v start_test || true)
  [ -z "$left" ] || { echo "$left"; return 1; }
  ! grep -F "$directory" /proc/mounts || return 1
  [ -z "$cgroup" ] || ! find /sys/fs/cgroup -type d -name "$cgroup" | grep . || return 1
}

pass() {
  passed=$((passed + 1))
  echo "ok: $*"
}

control_plane() {
  start "$directory" || return 0
  create_deployment
  await 20 has 3 '"phase": "Pending"' /api/v1/namespaces/default/pods
  await 20 has 1 '"kind": "Deployment",' /apis/apps/v1/namespaces/default/replicasets
  pass "a Deployment gets its ReplicaSet and three pods"

  local answer
  answer=$(curl -sS --cacert "$directory/ca.crt" -H "Authorization: Bearer $(<"$directory/user-alice.token")" \
    "$(<"$directory/server")/api/v1/pods")
  [[ $answer == *'User \"alice\" cannot list'* ]] || fail "alice may list pods: $answer"
  pass "an ordinary user may do nothing"

  kill -KILL "$(<"$directory/pids/kube-apiserver")"
  await 30 has 3 '"phase": "Pending"' /api/v1/namespaces/default/pods
  pass "the API server comes back when it is killed"

  "$here/stop.sh" "$directory"
  await 1 nothing_is_left
  pass "stop.sh leaves nothing"
}

killed() {
  "$here/start.sh" --foreground --bare "$directory" >"$directory.out" 2>&1 &
  local starter=$!
  await 60 test -e "$directory/ready"
  kill -KILL "$starter"
  await 10 nothing_is_left
  pass "a cluster in the foreground dies with its starter"
}

request_is_answered() { [ "$("$here/enter.sh" "$directory" curl -sS --max-time 2 "$1")" = 1 ]; }

node() {
  start "$directory" node || return 0
  create_deployment
  await 60 has 3 '"ready": true' /api/v1/namespaces/default/pods
  create /api/v1/namespaces/default/services <<'END'
{apiVersion: v1, kind: Service, metadata: {name: shop},
 spec: {clusterIP: 10.96.0.80, selector: {app: shop}, ports: [{port: 80, targetPort: 8080}]}}
END
  await 20 request_is_answered http://10.96.0.80/
  pass "three pods are ready and a Service answers"
  cgroup=$(<"$directory/cgroup")
  "$here/stop.sh" "$directory"
  await 1 nothing_is_left
  pass "stop.sh leaves nothing of a node"
}

gateway() {
  start "$directory" node gateway prometheus || return 0
  create_deployment
  create /api/v1/namespaces/default/services <<'END'
{apiVersion: v1, kind: Service, metadata: {name: shop}, spec: {selector: {app: shop}, ports: [{port: 80, targetPort: 8080}]}}
END
  create /apis/gateway.networking.k8s.io/v1/namespaces/default/httproutes <<'END'
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: shop}
spec: {parentRefs: [{name: gateway, namespace: gateway}], rules: [{backendRefs: [{name: shop, port: 80}]}]}
END
  await 60 request_is_answered http://192.168.77.1:8080/
  pass "a request through the gateway is answered"
  await 20 gateway_is_measured
  pass "Prometheus has counted it"
  "$here/stop.sh" "$directory"
}

metrics() {
  start "$directory" node metrics || return 0
  create_deployment
  await 60 has 3 '"cpu": "' '/apis/metrics.k8s.io/v1beta1/namespaces/default/pods?pretty'
  pass "what three pods use is measured"
  "$here/stop.sh" "$directory"
}

gateway_is_measured() {
  "$here/enter.sh" "$directory" curl -sS --max-time 2 \
    'http://127.0.0.1:9090/api/v1/query?query=envoy_cluster_upstream_rq_xx' | grep default_shop_80
}

control_plane
[ "$passed" -eq 0 ] || killed # what can't be started was said to be skipped
[ "$passed" -eq 0 ] || node
[ "$passed" -eq 0 ] || gateway
[ "$passed" -eq 0 ] || metrics
[ "$passed" -eq 0 ] || echo "All tests passed ($passed assertions in $passed test cases)"
