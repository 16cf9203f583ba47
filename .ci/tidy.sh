#!/usr/bin/env bash
# clang-tidy over the program's sources: not the tests, nor what includes ANTLR's runtime, whose headers clang 14
# refuses. Sources are looked at in the batches in which they are compiled, as most of the time goes into headers. A
# batch that was clean is not looked at again until a source of it, one of our headers, or the checks change.
set -euo pipefail
cd "$(dirname "$0")/.."
cmake --preset tidy >/dev/null
cmake --build --preset tidy --target generated >/dev/null
cache=${XDG_CACHE_HOME:-$HOME/.cache}/sluice-tidy
mkdir -p "$cache"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export cache work

sources=(compiler reconciler cli)
git ls-files "${sources[@]}" .clang-tidy .ci/install.sh | xargs sha256sum >"$work/sums"
git grep '^#include "' -- "${sources[@]}" >"$work/includes"
git grep -l '^#include <antlr4-runtime.h>' -- "${sources[@]}" >"$work/foreign"
# What is compiled, relative to here, and what each batch is made of.
sed -n "s|.*\"file\": \"$PWD/\(.*\)\".*|\1|p" build/tidy/compile_commands.json |
  grep -E '^(compiler|reconciler|cli)/|/Unity/' >"$work/compiled"
xargs grep -H '^#include "' <"$work/compiled" | grep '/Unity/' | sed "s|\"$PWD/|\"|" >>"$work/includes"
# One line for each of these: its path, then the sums of all it includes, of the checks and their installation.
awk '
  FILENAME ~ /sums$/ { sum[$2] = $1; next }
  FILENAME ~ /foreign$/ { foreign[$1]; next }
  FILENAME ~ /includes$/ {
    split($0, part, ":#include \""); sub(/".*/, "", part[2]); includes[part[1]] = includes[part[1]] " " part[2]
    next
  }
  function add(file,    names, count, i) {
    if (file in seen) return
    seen[file] = 1
    line = line " " sum[file]
    count = split(includes[file], names, " ")
    for (i = 1; i <= count; ++i) add(names[i])
  }
  !($1 in foreign) {
    delete seen
    line = $1
    add(".clang-tidy"); add(".ci/install.sh"); add($1)
    print line
  }' "$work/sums" "$work/foreign" "$work/includes" "$work/compiled" | sort >"$work/keys"

check_one() {
  local source=${1%% *} stamp report
  stamp=$cache/$(sha256sum <<<"$1" | cut -d ' ' -f 1)
  [ ! -e "$stamp" ] || return 0
  report=$work/$(tr / _ <<<"$source")
  if clang-tidy -p build/tidy --quiet --extra-arg=-Wno-unknown-warning-option "$source" >"$report" 2>"$report.log"; then
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
