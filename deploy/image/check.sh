#!/usr/bin/env bash
# Shows that the image lacks nothing, where no registry can be reached: makes its root file system of Debian's minimal
# system, the list of packages and a release build, and runs the programs in it as the Deployment does: nobody's user,
# a read-only root, empty /data and /tmp.
#
#   deploy/image/check.sh [DIR]      DIR: where it is made (build/image); used again if it is there
#
# Needs root, debootstrap and Debian's mirror. Without them it says so and ends with status 3.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$(realpath -m "${1:-build/image}")
mirror=${MIRROR:-http://deb.debian.org/debian}
cannot() { echo "SKIPPED: check.sh: $*" >&2; exit 3; }

[ "$(id -u)" -eq 0 ] || cannot "needs root"
command -v debootstrap >/dev/null || cannot "no debootstrap"
unshare --mount true 2>/dev/null || cannot "no mount namespaces"
for program in sluice sluice-reconciler; do
  [ -x "build/release/$program" ] || { echo "check.sh: no build/release/$program: .ci/build.sh release sluice" >&2; exit 1; }
done

if [ ! -e "$root/made" ]; then
  rm -rf "$root"
  mkdir -p "$root"
  debootstrap --variant=minbase --include="$(paste -sd, deploy/image/packages)" bookworm "$root" "$mirror" >"$root.log" 2>&1 ||
    cannot "debootstrap: $(tail -n 1 "$root.log")"
  rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
  touch "$root/made"
fi
install -s -D -t "$root/usr/bin" build/release/sluice build/release/sluice-reconciler
mkdir -p "$root/data" "$root/repository"
rm -rf "$root/repository"
git init -q -b main "$root/repository"
install -D -m 644 examples/shop/checkout.plan "$root/repository/plans/checkout.plan"
git -C "$root/repository" add .
git -C "$root/repository" -c user.name=test -c user.email=test@example.com commit -q -m "plans"
chown -R 65532:65532 "$root/repository" # git reads no repository of another user

# As a container's runtime: no variable of ours.
in_image() {
  # shellcheck disable=SC2016 # for the inner shell
  unshare --mount --fork --kill-child bash -euc '
    mount --make-rprivate /
    mount --bind "$0" "$0"
    mount -o remount,ro,bind "$0"
    for folder in data tmp; do mount -t tmpfs -o mode=1777 tmpfs "$0/$folder"; done
    mount -t proc proc "$0/proc"
    exec chroot --userspec=65532:65532 "$0" env -i PATH=/usr/bin:/bin HOME=/data "$@"' "$root" "$@"
}

missing=$(in_image sh -c 'ldd /usr/bin/sluice /usr/bin/sluice-reconciler' | grep 'not found' || true)
[ -z "$missing" ] || { echo "check.sh: the image lacks $missing" >&2; exit 1; }
in_image sluice --version
in_image sluice lint /repository/plans
# From a commit to settled rollouts: git, the compiler, the event loop. With the arguments of the Deployment, but for the
# cluster and the port.
mapfile -t arguments < <(sed -n '/^ *args:/,/^ *envFrom:/s/^ *- //p' deploy/reconciler.yaml |
  sed 's/^--cluster=.*/--cluster=memory/; s/^--listen=.*/--listen=127.0.0.1:0/')
in_image SLUICE_REPOSITORY=/repository SLUICE_PATH=plans sluice "${arguments[@]}" --once 2>&1 | tail -n 2
du -sh "$root" | sed 's/\t.*/ in all/'
echo "the image lacks nothing"
