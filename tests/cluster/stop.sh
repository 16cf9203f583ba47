#!/usr/bin/env bash
# Ends the cluster that start.sh has started in DIR, and waits until no process, mount or control group of it is left.
#
#   tests/cluster/stop.sh DIR
#
# The logs stay. Doing it twice does no harm.
set -euo pipefail
[ $# -eq 1 ] || { sed -n '/^# Ends/,/^set/{/^set/!s/^# \?//p}' "$0" >&2; exit 2; }
# shellcheck source=tests/cluster/programs.sh
. "$(dirname "$0")/programs.sh"
directory=$(cd "$1" && pwd)
[ -e "$directory/server" ] || { echo "stop.sh: no cluster in $directory" >&2; exit 1; }

# Of the programs themselves where they have no process namespace, else of its first process, which goes last.
pids_of() {
  echo "$1"
  tr ' ' '\n' 2>/dev/null <"/proc/$1/task/$1/children" || true
}

if [ -e "$directory/pid" ]; then
  pid=$(<"$directory/pid")
  # Another process may have got the number since.
  if grep -qzxF -- "$directory" "/proc/$pid/cmdline" 2>/dev/null; then
    mapfile -t pids < <(pids_of "$pid")
    kill -KILL "$pid" 2>/dev/null || true
    for _ in {1..600}; do
      left=()
      for pid in "${pids[@]}"; do is_running "$pid" && left+=("$pid"); done
      [ ${#left[@]} -gt 0 ] || break
      sleep 0.05
    done
    [ ${#left[@]} -eq 0 ] || { echo "stop.sh: still there after 30 s: ${left[*]}" >&2; exit 1; }
  fi
fi
# Of a node; the kernel empties them, in its own time.
if [ -e "$directory/cgroup" ]; then
  for _ in {1..200}; do
    ! busy=$(find /sys/fs/cgroup -depth -type d -path "*/$(<"$directory/cgroup")*" -exec rmdir {} + 2>&1) || break
    sleep 0.05
  done
  [ -z "$busy" ] || { echo "stop.sh: still there after 10 s: ${busy##*$'\n'}" >&2; exit 1; }
  rm "$directory/cgroup"
fi
rm -rf "$directory"/{pid,ready,pids,state,etcd:1,etcd:2}
