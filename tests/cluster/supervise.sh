#!/usr/bin/env bash
# The parent of all programs of one cluster; start.sh starts it.
#
#   supervise.sh DIRECTORY --bare|'' PART …
#
# Starts part after part, prints a line for each when it serves, and "ready" when all do. Then it starts again
# what ends. It ends itself when its input ends without a line; its programs die with it.
set -euo pipefail
directory=$1
# shellcheck disable=SC2034 # read by the parts
bare=$2
shift 2
cd "$directory"
# shellcheck source=tests/cluster/programs.sh
. "$(dirname "$0")/programs.sh"

declare -A commands=() pids=() started=()

# Whether all this is in namespaces of its own, of which this is the first process.
in_namespaces() { [ $$ -eq 1 ]; }

# run NAME COMMAND …: starts a program that is to run from now on.
run() {
  local name=$1
  shift
  commands[$name]=$(printf '%q ' "$@")
  launch "$name" 0
}

# launch NAME DELAY. The kernel kills it with its parent; should that have died before it could be asked, it doesn't start.
launch() {
  # shellcheck disable=SC2016 # for the inner shell
  eval "exec setpriv --pdeathsig KILL setsid sh -c '[ \$PPID -eq $$ ] && sleep $2 && exec \"\$@\"' sh ${commands[$1]}" \
    </dev/null >>"logs/$1" 2>&1 &
  pids[$1]=$!
  started[$1]=$EPOCHSECONDS
  echo "$!" >"pids/$1"
}

give_up() {
  echo "$1; its log ends with"
  tail -n 15 "logs/$2" | cut -c 1-400
  exit 1
}

# await NAME SECONDS COMMAND …: until the command succeeds; the end of everything if the program doesn't get that far.
await() {
  local name=$1 limit=$((SECONDS + $2)) began=${EPOCHREALTIME/./}
  shift 2
  until "$@" >"state/await" 2>&1; do
    is_running "$owner" || exit 1
    is_running "${pids[$name]}" || give_up "$name has ended" "$name"
    if ((SECONDS >= limit)); then
      echo "asked last: $*: $(tail -n 3 state/await)"
      give_up "$name doesn't serve" "$name"
    fi
    sleep 0.05
  done
  took "$name" "$began"
}

# took NAME BEGAN: says how long that took.
took() {
  local spent=$((${EPOCHREALTIME/./} - $2))
  printf '%s %d.%02d s\n' "$1" $((spent / 1000000)) $((spent % 1000000 / 10000))
}

# api PATH [OPTION …]: asks the API server as its administrator; briefly, for an end is noticed between two questions.
api() {
  local path=$1
  shift
  curl -sS --fail-with-body --max-time 2 --cacert ca.crt -H "Authorization: Bearer $(<admin.token)" "$(<server)$path" "$@"
}

# shellcheck disable=SC2162 # the line is all the same
setpriv --pdeathsig KILL bash -c 'read' <&0 >/dev/null 2>&1 &
owner=$!

! in_namespaces || ip link set lo up
for part in "$@"; do
  # shellcheck source=/dev/null
  . "$cluster_folder/parts/$part.sh"
  "start_${part//-/_}"
done
touch ready
echo ready
exec 3>>logs/supervisor >/dev/null 2>&1

while :; do
  wait -n -p ended && status=0 || status=$?
  if [ "${ended:-}" = "$owner" ]; then
    [ "$status" -eq 0 ] || exit 1
    continue
  fi
  for name in "${!pids[@]}"; do
    [ "${pids[$name]}" = "${ended:-}" ] || continue
    echo "$(date -u +%H:%M:%S) $name ended with status $status" >&3
    launch "$name" $((EPOCHSECONDS - started[$name] < 2))
  done
done
