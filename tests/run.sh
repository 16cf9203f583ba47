#!/usr/bin/env bash
# Installs what is missing, builds, runs every test and closes with "N passed, N failed, N skipped".
#
#   ./tests/run.sh            everything
#   ./tests/run.sh --fast     without the tests that need a process or a server
#   ./tests/run.sh --preset asan
#   ./tests/run.sh --end-to-end
#                             on real pods under load alone, and whoever dies there: eight minutes, as root
#
# Ends non-zero if a test failed. A test that cannot run here prints a line "SKIPPED: reason" and is counted.
set -euo pipefail
cd "$(dirname "$0")/.."

preset=release
labels=(--label-exclude end-to-end)
parts=(control-plane node gateway prometheus metrics)
servers=yes
left_out="whoever dies, on real pods: ./tests/run.sh --end-to-end"
while [ $# -gt 0 ]; do
  case $1 in
    --fast) labels=(--label-exclude 'process|server') servers= ;;
    --end-to-end) labels=(--label-regex 'end-to-end|real-pods') left_out='' ;;
    --preset) preset=$2; shift ;;
    *) echo "usage: tests/run.sh [--fast | --end-to-end] [--preset PRESET]" >&2; exit 2 ;;
  esac
  shift
done
# Under a sanitizer it would be the machine that is too slow for its pods.
if [ "$preset" != release ] && [ "${labels[0]}" = --label-exclude ]; then
  labels=(--label-exclude "${labels[1]}|real-pods")
  left_out="end to end, on real pods: with the preset release"
fi

.ci/install.sh build
if [ -n "$servers" ]; then
  .ci/install.sh servers cluster || echo "going on: tests whose servers are missing say so"
  tests/cluster/build.sh "${parts[@]}" || echo "going on: tests that need a cluster say so"
fi
echo "building ($preset)"
.ci/build.sh "$preset" all

# libgit2 1.5 keeps 20 KB of libpcre2's for each remote; ours are opened in a process of its own that ends.
printf 'leak:libpcre2\n' >"build/$preset/leaks.txt"
export LSAN_OPTIONS=suppressions=$PWD/build/$preset/leaks.txt:print_suppressions=0

# Frames are several times as large under the address sanitizer.
[ "$preset" != asan ] || ulimit -s 65536
# Random walks of the core. A sanitizer is ten times as slow, and here for what the code does to memory: what it decides
# is judged by the other walks.
walks=10000
[ -n "$servers" ] || walks=400
[ "$preset" = release ] || walks=50
export SLUICE_WALKS="${SLUICE_WALKS:-$walks}"

log=build/$preset/tests.log
status=0
echo "${left_out:+SKIPPED: $left_out}" >"$log"
ctest --test-dir "build/$preset" --parallel "$(nproc)" --verbose --no-tests=error "${labels[@]}" >>"$log" 2>&1 || status=$?

# Catch2 closes with "All tests passed (A assertions in C test cases)" or "test cases: C | P passed | F failed".
# A program that died has no such line: ctest's own verdict counts it.
awk '
  /All tests passed \(/          { sub(/.* in /, ""); passed += $1; next }
  /test cases: +[0-9]+ \|/       { for (i = 1; i < NF; ++i) { if ($(i + 1) == "passed") passed += $i; if ($(i + 1) == "failed") failed += $i }; said[$1] = 1 }
  /\*\*\*Failed/                { match($0, /#[0-9]+:/); if (!said[substr($0, RSTART + 1, RLENGTH - 1)]) { failed += 1; print } }
  /\*\*\*Exception|\*\*\*Timeout|\*\*\*Not Run/ { failed += 1; print }
  /SKIPPED: /                    { sub(/.*SKIPPED: /, ""); skipped += 1; print "skipped: " $0 }
  END { printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped > "/dev/stderr"; exit failed > 0 }
' "$log" 2>"$log.summary" || status=1
if [ "$status" -ne 0 ]; then
  grep -E -B2 -A12 'FAILED:|\*\*\*Exception|\*\*\*Timeout|\*\*\*Not Run' "$log" | head -n 200 || true
  echo "the whole log: $log"
fi
cat "$log.summary"
exit "$status"
