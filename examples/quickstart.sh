#!/usr/bin/env bash
# From nothing to a finished canary: installs what is missing, builds, and walks a plan on the embedded cluster.
#
#   ./examples/quickstart.sh           ends with a table of what was expected and what happened
#   ./examples/quickstart.sh --keep    leaves the reconciler and the repository running, and says how to go on
#
# Ends non-zero if anything was not as expected.
set -euo pipefail
cd "$(dirname "$0")/.."

keep=false
case ${1:-} in
  "") ;;
  --keep) keep=true ;;
  *) echo "usage: examples/quickstart.sh [--keep]" >&2; exit 2 ;;
esac

.ci/install.sh build
[ -x build/release/sluice ] || echo "building; the first time takes some minutes"
.ci/build.sh release sluice
sluice=$PWD/build/release/sluice
examples=$PWD/examples

# ------------------------------------------------------------------ a repository, a reconciler, someone who looks on

work=$(mktemp -d "${TMPDIR:-/tmp}/sluice-quickstart-XXXXXX")
repository=$work/shop
plan=plans/checkout.plan
reconciler=
follower=

end() {
  status=$?
  [ -z "$follower" ] || kill "$follower" 2>/dev/null || true
  if $keep && [ "$status" -eq 0 ]; then
    return
  fi
  [ -z "$reconciler" ] || { kill "$reconciler" 2>/dev/null && wait "$reconciler" 2>/dev/null; } || true
  if [ "$status" -ne 0 ] && [ -s "$work/reconcile.log" ]; then
    echo "the end of the reconciler's log:" >&2
    tail -n 15 "$work/reconcile.log" >&2
  fi
  rm -rf "$work"
}
trap end EXIT

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

git_shop() { git -C "$repository" -c user.name=You -c user.email=you@example.com -c commit.gpgsign=false "$@"; }
commit() {
  git_shop add -A
  git_shop commit --quiet --message "$1"
  git_shop --no-pager log -1 --format='  commit %h  %s'
}
# set_line OLD NEW: replaces text in the plan, as a person would in an editor.
set_line() {
  grep -qF "$1" "$repository/$plan" || { echo "quickstart: the plan has no '$1'" >&2; exit 1; }
  sed -i "s|$1|$2|" "$repository/$plan"
}

mkdir -p "$repository/plans"
cp "$examples"/shop/*.plan "$repository/plans/"
git init --quiet --initial-branch main "$repository"

say "A plan set: one service, one route, one gate, one rollout in three steps"
"$sluice" lint "$repository/plans"
"$sluice" graph "$repository/plans"

say "The first commit, and a reconciler on the embedded cluster"
commit "checkout 1.0.0"
"$sluice" reconcile --repo "$repository" --ref main --path plans --cluster memory --state "$work/cluster.state" \
  --world "$examples/shop/world.yaml" --interval 0.5 --listen 127.0.0.1:0 2>"$work/reconcile.log" &
reconciler=$!
for _ in $(seq 100); do
  port=$(sed -n 's/.*listening on 127\.0\.0\.1:\([0-9]*\).*/\1/p' "$work/reconcile.log" | head -n 1)
  [ -z "$port" ] || break
  kill -0 "$reconciler" 2>/dev/null || { cat "$work/reconcile.log" >&2; exit 1; }
  sleep 0.1
done
export SLUICE_SERVER=http://127.0.0.1:$port

# state FIELD: a field of `sluice status --format json`, as text; "" while there is none.
json() { "$sluice" status checkout --format json 2>/dev/null || true; }
field() { json | sed -n "s/.*$1.*/\1/p" | head -n 1; }
state() { json | sed -n 's/^{"name":"[^"]*","namespace":"[^"]*","state":"\([A-Za-z-]*\)".*/\1/p'; }
stable_image() { field '"stable":{"revision":"[0-9a-f]*","image":"[^"]*:\([^":]*\)"'; }
wanted_image() { field '"git":{"revision":"[0-9a-f]*","image":"[^"]*:\([^":]*\)"'; }
run_number() { field '"run":\([0-9]*\)'; }
candidate_share() { field '"candidate":{"revision":"[0-9a-f]*","image":"[^"]*","share":"\([0-9.]*\)%"'; }
step_state() { field "\"step\":\"$1\",\"state\":\"\([a-z]*\)\""; }

# wait_for SECONDS WHAT COMMAND…: until the command succeeds.
wait_for() {
  local seconds=$1 what=$2
  shift 2
  for _ in $(seq $((seconds * 4))); do
    "$@" && return 0
    kill -0 "$reconciler" 2>/dev/null || { echo "quickstart: the reconciler ended" >&2; exit 1; }
    sleep 0.25
  done
  echo "quickstart: after ${seconds}s still not: $what" >&2
  return 0
}

results=()
failed=false
# expect WHAT EXPECTED HAPPENED
expect() {
  local verdict=ok
  [ "$2" = "$3" ] || { verdict=UNEXPECTED; failed=true; }
  results+=("$1|$2|$3|$verdict")
}

settled_on() { [ "$(state)" = settled ] && [ "$(stable_image)" = "$1" ] && [ "$(wanted_image)" = "$1" ]; }

held() { [ "$(state)" = Held ]; }
in_step() { [ "$(step_state "$1")" = active ]; }
has_share() { [ "$(candidate_share)" = "$1" ]; }
rollout_exists() { [ -n "$(state)" ]; }

wait_for 15 "the rollout exists" rollout_exists
"$sluice" status checkout --watch > >(sed -u 's/^/  /') &
follower=$!
wait_for 20 "1.0.0 runs" settled_on 1.0.0
expect "first install of 1.0.0" "settled on 1.0.0" "$(state) on $(stable_image)"

# ------------------------------------------------------------------ a good version, edited on its way

say "A good version: 10% while the gate passes, then 50%, then all"
set_line checkout:1.0.0 checkout:1.1.0
commit "checkout 1.1.0"
wait_for 20 "1.1.0 has 10% of the traffic" has_share 10
run=$(run_number)

say "While it is at 10%: an edit of the step that comes next, 50% becomes 40%"
set_line "weight 50%" "weight 40%"
commit "ask less of the second step"
wait_for 30 "1.1.0 is in its second step" in_step half
"$sluice" status checkout
wait_for 20 "40% of the traffic" has_share 40
expect "the edited step takes its new share" "40%" "$(candidate_share)%"
wait_for 40 "1.1.0 runs" settled_on 1.1.0
expect "1.1.0 goes through its steps" "settled on 1.1.0" "$(state) on $(stable_image)"
expect "the edit did not start it over" "run $run" "run $(run_number)"

# ------------------------------------------------------------------ a bad version, and its revert

say "A bad version: a fifth of its answers are errors"
set_line checkout:1.1.0 checkout:bad
commit "checkout bad"
wait_for 40 "the bad version is held" held
expect "the gate fails: rolled back and held" "Held, 1.1.0 has the traffic" "$(state), $(stable_image) has the traffic"
"$sluice" status checkout

say "Its revert"
git_shop revert --no-edit HEAD >/dev/null
git_shop --no-pager log -1 --format='  commit %h  %s'
wait_for 20 "1.1.0 is what git wants" settled_on 1.1.0
expect "the revert ends the hold" "settled on 1.1.0" "$(state) on $(stable_image)"

kill "$follower" 2>/dev/null || true
wait "$follower" 2>/dev/null || true
follower=

say "Its history"
"$sluice" history checkout

say "What was expected, what happened"
for row in "|expected|happened|" "${results[@]}"; do
  IFS='|' read -r what expected happened verdict <<<"$row"
  printf '  %-40s  %-28s  %-28s  %s\n' "$what" "$expected" "$happened" "$verdict"
done

if $keep; then
  disown "$reconciler"
  cat <<TEXT

It is left running. To go on:
  export SLUICE_SERVER=$SLUICE_SERVER
  $sluice status checkout --watch
  edit $repository/$plan and commit
  kill $reconciler; rm -r $work        to end it
TEXT
fi
if $failed; then
  exit 1
fi
