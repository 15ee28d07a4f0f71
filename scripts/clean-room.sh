#!/bin/bash
# clean-room.sh [NAME=VALUE...] [TARGET...]: the given make targets (default: demo test), with the given variables of
# make's, in a Debian 12 that has nothing but its base system, make and git, on a fresh clone of what is committed.
# Needs root and debootstrap.
#
# The tree lies in a directory of its own below CLEAN_ROOM_DIR (default /var/tmp), is entered in a mount namespace of its
# own, and holds no mount of the host's files but /proc, /sys and /dev. Where packages come from is taken from this
# system's own apt configuration, at run time. CLEAN_ROOM_KEEP=1 leaves the tree.
set -euo pipefail
source_dir=$(cd "$(dirname "$0")/.." && pwd)
suite=bookworm

if [ "$(id -u)" -ne 0 ]; then
  echo "clean-room.sh: needs root, for debootstrap and chroot" >&2
  exit 1
fi
if ! command -v debootstrap >/dev/null; then
  echo "clean-room.sh: install debootstrap first: apt-get install debootstrap" >&2
  exit 1
fi

# In a namespace of its own every mount ends with it, however this ends.
if [ "${CLEAN_ROOM_INSIDE:-}" != "$$" ]; then
  exec unshare --mount --propagation private --pid --fork --kill-child \
    bash -c 'CLEAN_ROOM_INSIDE=$$ exec "$0" "$@"' "$source_dir/scripts/clean-room.sh" "$@"
fi

room=$(mktemp -d "${CLEAN_ROOM_DIR:-/var/tmp}/freehold-clean-room.XXXXXXXX")
root=$room/root

mounts_below() { awk -v below="$room/" 'index($5 "/", below) == 1 { print $5 }' /proc/self/mountinfo; }

leave() {
  local status=$? place
  trap - EXIT
  while read -r place; do
    umount "$place" 2>/dev/null || umount --lazy "$place" || true
  done < <(mounts_below | sort -r)
  if [ -n "$(mounts_below)" ]; then
    echo "clean-room.sh: something is still mounted below $room: it is left there" >&2
  elif [ -n "${CLEAN_ROOM_KEEP:-}" ]; then
    echo "the tree is kept: $root"
  else
    # One file system only: whatever else might be there is not ours to remove.
    rm -rf --one-file-system "$room"
  fi
  exit $status
}
trap leave EXIT
trap 'exit 130' INT TERM

# Where this system gets Debian's packages from, as lines of a sources.list.
sources=$(apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
  awk -v suite=$suite '$3 == suite || $3 == suite "-updates" || $3 == suite "-security"')
mirror=$(awk -v suite=$suite '$3 == suite { print $2; exit }' <<<"$sources")
if [ -z "$mirror" ]; then
  echo "clean-room.sh: no source of $suite in this system's apt configuration" >&2
  exit 1
fi

# apt's own settings (a proxy, certificates) hold for the tree, too: for debootstrap by the environment.
eval "$(apt-config shell http_proxy_setting Acquire::http::Proxy https_proxy_setting Acquire::https::Proxy)"
[ -z "${http_proxy_setting:-}" ] || export http_proxy=$http_proxy_setting
[ -z "${https_proxy_setting:-}" ] || export https_proxy=$https_proxy_setting

echo "clean-room.sh: a minimal $suite in $root"
mkdir "$root"
debootstrap --variant=minbase --include=ca-certificates $suite "$root" "$mirror" >"$room/debootstrap.log" 2>&1 || {
  tail -n 20 "$room/debootstrap.log" >&2
  exit 1
}

# The host's sources, apt settings, certificates and name resolution, copied.
printf '%s\n' "$sources" >"$root/etc/apt/sources.list"
for place in etc/apt/apt.conf.d etc/ssl/certs usr/local/share/ca-certificates; do
  [ -d "/$place" ] || continue
  mkdir -p "$root/$place"
  cp -rL "/$place/." "$root/$place/" 2>/dev/null || true
done
for file in etc/apt/apt.conf etc/resolv.conf etc/hosts; do
  [ ! -f "/$file" ] || cp -L "/$file" "$root/$file"
done

mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null:3 zero:5 full:7 random:8 urandom:9; do
  mknod -m 666 "$root/dev/${device%:*}" c 1 "${device#*:}"
done
mknod -m 666 "$root/dev/tty" c 5 0
ln -s /proc/self/fd "$root/dev/fd"
ln -s fd/0 "$root/dev/stdin"
ln -s fd/1 "$root/dev/stdout"
ln -s fd/2 "$root/dev/stderr"
mkdir "$root/dev/shm" "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"

inside() {
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
    ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} chroot "$root" "$@"
}

inside sh -ec 'apt-get update -qq; DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends make git' \
  >"$room/apt.log" 2>&1 || {
  tail -n 20 "$room/apt.log" >&2
  exit 1
}
git clone --quiet --no-hardlinks "file://$source_dir" "$root/freehold"

variables=()
while [ $# -gt 0 ] && [[ $1 == *=* ]]; do
  variables+=("$1")
  shift
done
[ $# -gt 0 ] || set -- demo test
for target in "$@"; do
  echo "clean-room.sh: make $target"
  inside make -C /freehold "${variables[@]}" "$target"
done
echo "clean-room.sh: done: $*"
