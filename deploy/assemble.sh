#!/usr/bin/env bash
# Puts install.yaml together from the files beside it.
#
#   deploy/assemble.sh            writes it
#   deploy/assemble.sh --check    fails, and says what to do, when it isn't what the parts make
set -euo pipefail
cd "$(dirname "$0")"

# Definitions and the namespace come before what is of them or in it: kubectl applies in this order.
parts=(crds/rollouts.yaml crds/rolloutbundles.yaml crds/rolloutcommands.yaml rbac.yaml people.yaml admission.yaml reconciler.yaml)

assemble() {
  echo "# Made by assemble.sh of the files beside it: edit those. What stands where: README.md."
  local part
  for part in "${parts[@]}"; do
    echo "---"
    cat "$part"
  done
}

case ${1:-} in
  '') assemble >install.yaml.new && mv install.yaml.new install.yaml ;;
  --check)
    # A part that nobody added above would be missing in every cluster.
    for part in crds/*.yaml *.yaml; do
      case " ${parts[*]} install.yaml " in
        *" $part "*) ;;
        *) echo "assemble.sh: $part is in no part of install.yaml" >&2; exit 1 ;;
      esac
    done
    assemble | diff -u install.yaml - || { echo "assemble.sh: install.yaml is not what its parts make: run deploy/assemble.sh" >&2; exit 1; }
    ;;
  *) sed -n '2,/^set/{/^set/!s/^# \?//p}' "$0" >&2; exit 2 ;;
esac
