#!/usr/bin/env bash
# Installs what the build and the tests need and this machine lacks. Debian 12, as root or with sudo; does
# nothing and asks for nothing when everything is there.
#
#   .ci/install.sh build          to build and run
#   .ci/install.sh build check    and for the checks of .ci/run
set -euo pipefail

build=(g++ cmake ninja-build ccache pkg-config antlr4 default-jre-headless libantlr4-runtime-dev libgit2-dev libyaml-cpp-dev
       libcurl4-openssl-dev libspdlog-dev libfmt-dev catch2 nlohmann-json3-dev libcli11-dev libcpp-httplib-dev
       libssl-dev git ca-certificates curl)
check=(clang-format clang-tidy shellcheck)

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
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
if ! { "${as_root[@]}" apt-get update && "${as_root[@]}" apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  tail -n 30 "$log" >&2
  echo "install.sh: apt-get could not install ${missing[*]}" >&2
  exit 1
fi
