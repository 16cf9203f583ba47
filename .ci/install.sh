#!/usr/bin/env bash
# Installs what the build and the tests need and this machine lacks. Debian 12, as root or with sudo; does
# nothing and asks for nothing when everything is there.
#
#   .ci/install.sh build          to build and run
#   .ci/install.sh build check    and for the checks of .ci/run
#   .ci/install.sh servers        servers that tests start for themselves; none of them becomes a service here
#   .ci/install.sh cluster        what tests/cluster builds and runs Kubernetes with; likewise
set -euo pipefail

# Read by name below.
# shellcheck disable=SC2034
{
# uuid-dev: libantlr4-runtime-dev links with it and does not ask for it.
build=(g++ cmake ninja-build ccache pkg-config antlr4 default-jre-headless libantlr4-runtime-dev uuid-dev libgit2-dev
       libyaml-cpp-dev libcurl4-openssl-dev libspdlog-dev libfmt-dev catch2 nlohmann-json3-dev libboost1.74-dev
       libjemalloc-dev libcli11-dev libssl-dev git ca-certificates curl)
check=(clang-format clang-tidy shellcheck)
servers=(git openssh-client openssh-server openssl prometheus python3)
cluster=(openssl curl util-linux iproute2 containerd runc containernetworking-plugins iptables nftables conntrack ipset
         prometheus python3-pip)
# Any `go` will do: an old one fetches a newer one.
command -v go >/dev/null || cluster+=(golang-go)
}
services=(ssh.service ssh.socket prometheus.service containerd.service) # of `servers` and `cluster`

wanted=()
for set in "$@"; do
  declare -n packages=$set
  wanted+=("${packages[@]}")
done

missing=()
for package in "${wanted[@]}"; do
  dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q '^install ok installed$' || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "install.sh: to install ${missing[*]}: run as root, or install sudo" >&2; exit 1; }
  as_root=(sudo)
fi
echo "installing ${missing[*]}"
log=$(mktemp)
made_policy=
# shellcheck disable=SC2317 # called by the trap
clean_up() {
  rm -f "$log"
  [ -z "$made_policy" ] || "${as_root[@]}" rm -f /usr/sbin/policy-rc.d
}
trap clean_up EXIT
# Nothing that is installed here is to be started, now (policy-rc.d) or at the next boot (below).
if [ ! -e /usr/sbin/policy-rc.d ]; then
  made_policy=yes
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee /usr/sbin/policy-rc.d >/dev/null
  "${as_root[@]}" chmod 755 /usr/sbin/policy-rc.d
fi
export DEBIAN_FRONTEND=noninteractive
if ! { "${as_root[@]}" apt-get update && "${as_root[@]}" apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  tail -n 30 "$log" >&2
  echo "install.sh: apt-get could not install ${missing[*]}" >&2
  exit 1
fi
for service in "${services[@]}"; do
  package=${service%.*}
  [ "$package" = ssh ] && package=openssh-server
  case " ${missing[*]} " in
    *" $package "*) "${as_root[@]}" systemctl disable "$service" >/dev/null 2>&1 || true ;;
  esac
done
