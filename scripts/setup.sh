#!/bin/bash
# setup.sh [--check] WHAT...: the Debian packages that building (build), make demo (demo), make test (test), make bench
# (bench) and make style (style) need. Installs what is missing when it may, with root's rights or sudo without a
# password; else, and with --check, prints the line that does and exits 1.
#
# The lists: scripts/packages/WHAT.txt, and packages.txt of the directories that keep their own (bench/, tests/*/).
set -euo pipefail
cd "$(dirname "$0")/.."

policy=/usr/sbin/policy-rc.d
check_only=false
if [ "${1:-}" = --check ]; then
  check_only=true
  shift
fi

wanted=()
for what in "$@"; do
  found=false
  for list in "scripts/packages/$what.txt" "$what/packages.txt" "${what}s"/packages.txt "${what}s"/*/packages.txt; do
    [ -f "$list" ] || continue
    found=true
    while read -r package _; do
      case $package in '' | '#'*) ;; *) wanted+=("$package") ;; esac
    done <"$list"
  done
  if ! $found; then
    echo "setup.sh: $what: no such list in scripts/packages" >&2
    exit 2
  fi
done

if ! command -v dpkg-query >/dev/null; then
  echo "setup.sh: not a Debian system; what is needed, by its names there: ${wanted[*]}" >&2
  exit 0
fi

# dpkg-query fails when it does not know one of them.
installed=$({ dpkg-query -W -f='${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null || true; } |
  sed -n 's/^installed //p')
missing=()
for package in "${wanted[@]}"; do
  grep -qxF -- "$package" <<<"$installed" || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root=(sudo -n)
  else
    check_only=true
  fi
fi
if $check_only; then
  {
    echo "Some packages are missing. Install them with"
    echo
    echo "    apt-get install --no-install-recommends ${missing[*]}"
    echo
    echo "as root, or run \`make setup\` as root."
  } >&2
  exit 1
fi

# A package must not start its service. The policy is ours only while this runs.
placed_policy=false
remove_policy() {
  if $placed_policy; then
    "${as_root[@]}" rm -f "$policy"
    placed_policy=false
  fi
}
trap remove_policy EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
if [ ! -e "$policy" ]; then
  placed_policy=true
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
  "${as_root[@]}" chmod 755 "$policy"
fi

log=$(mktemp)
install_missing() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}" >"$log" 2>&1
}
echo "setup.sh: installing ${missing[*]}"
status=0
if ! install_missing; then
  # The package lists are missing or old.
  if "${as_root[@]}" apt-get update >"$log" 2>&1 && install_missing; then
    :
  else
    status=1
    cat "$log" >&2
    echo "setup.sh: could not install the packages; the lines above are apt-get's" >&2
  fi
fi
rm -f "$log"
exit "$status"
