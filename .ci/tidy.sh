#!/usr/bin/env bash
# clang-tidy over the program's sources (not the tests). A file whose content, whose project headers and whose
# checks did not change since it was last clean is not looked at again.
set -euo pipefail
cd "$(dirname "$0")/.."
cmake --preset dev >/dev/null
cmake --build --preset dev --target generated >/dev/null
cache=${XDG_CACHE_HOME:-$HOME/.cache}/sluice-tidy
mkdir -p "$cache"
export cache
headers=$(git ls-files 'compiler/*.h' 'compiler/*.def' 'reconciler/*.h' 'cli/*.h' .clang-tidy | xargs sha256sum | sha256sum)
export headers

check_one() {
  local stamp
  stamp=$cache/$({ echo "$headers"; sha256sum "$1"; } | sha256sum | cut -d ' ' -f 1)
  [ -e "$stamp" ] && return 0
  local out
  if ! out=$(clang-tidy -p build/dev --quiet --extra-arg=-Wno-unknown-warning-option "$1" 2>/dev/null); then
    echo "$out"
    return 1
  fi
  : >"$stamp"
}
export -f check_one
git ls-files 'compiler/*.cpp' 'reconciler/*.cpp' 'cli/*.cpp' | xargs -P "$(nproc)" -I {} bash -c 'check_one {}'
echo "clang-tidy: clean"
