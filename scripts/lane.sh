#!/bin/bash
# lane.sh NAME [build|test] [CTEST ARGUMENT...]: builds one variant into build/lane-NAME, and runs its tests.
# The variants are the presets of CMakePresets.json; lane.sh without a name lists them.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# -eq 0 ]; then
  cmake --list-presets
  exit 0
fi
name=$1
action=${2:-test}
shift $(($# < 2 ? $# : 2))
directory=build/lane-$name
jobs=${JOBS:-$(nproc)}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
quietly() {
  "$@" >"$log" 2>&1 || { status=$?; cat "$log"; exit "$status"; }
}

quietly cmake --preset "$name"
quietly cmake --build "$directory" -j "$jobs"
case $action in
build) ;;
test) ctest --test-dir "$directory" -j "$jobs" --output-on-failure --no-tests=error "$@" ;;
*)
  echo "lane.sh: $action: build or test" >&2
  exit 2
  ;;
esac
