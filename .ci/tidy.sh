#!/usr/bin/env bash
# clang-tidy over the program's sources: not the tests, nor what includes ANTLR's runtime, whose headers clang 14
# refuses. A file that was clean is not looked at again until it, one of our headers that it includes, or the checks
# change.
set -euo pipefail
cd "$(dirname "$0")/.."
cmake --preset dev >/dev/null
cmake --build --preset dev --target generated >/dev/null
cache=${XDG_CACHE_HOME:-$HOME/.cache}/sluice-tidy
mkdir -p "$cache"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export cache work

sources=(compiler reconciler cli)
git ls-files "${sources[@]}" .clang-tidy .ci/install.sh | xargs sha256sum >"$work/sums"
git grep '^#include "' -- "${sources[@]}" >"$work/includes"
git grep -l '^#include <antlr4-runtime.h>' -- "${sources[@]}" >"$work/foreign"
# One line for each source: its path, then the sums of it, of all it includes, of the checks and their installation.
awk '
  FILENAME ~ /sums$/ { sum[$2] = $1; next }
  FILENAME ~ /foreign$/ { foreign[$1]; next }
  { split($0, part, ":#include \""); sub(/".*/, "", part[2]); includes[part[1]] = includes[part[1]] " " part[2] }
  function add(file,    names, count, i) {
    if (file in seen || !(file in sum)) return
    seen[file] = 1
    line = line " " sum[file]
    count = split(includes[file], names, " ")
    for (i = 1; i <= count; ++i) add(names[i])
  }
  END {
    for (file in sum) {
      if (file !~ /\.cpp$/ || file in foreign) continue
      delete seen
      line = file
      add(".clang-tidy"); add(".ci/install.sh"); add(file)
      print line
    }
  }' "$work/sums" "$work/foreign" "$work/includes" | sort >"$work/keys"

check_one() {
  local source=${1%% *} stamp report
  stamp=$cache/$(sha256sum <<<"$1" | cut -d ' ' -f 1)
  [ ! -e "$stamp" ] || return 0
  report=$work/$(tr / _ <<<"$source")
  if clang-tidy -p build/dev --quiet --extra-arg=-Wno-unknown-warning-option "$source" >"$report" 2>"$report.log"; then
    : >"$stamp"
  else
    cat "$report"
    grep -E 'error' "$report.log" || true
    return 1
  fi
}
export -f check_one
tr '\n' '\0' <"$work/keys" | xargs -0 -P "$(nproc)" -I {} bash -c "check_one '{}'"
echo "clang-tidy: clean"
