#!/bin/sh
# stress-ng: its own checks of what it wrote into memory.
. "$(dirname "$0")/common.sh"
need stress-ng
cd "$scratch"

stress() {
  with_library stress-ng --verify --temp-path "$scratch" "$@" >"$scratch/stress" 2>&1 || {
    cat "$scratch/stress" >&2
    fail "stress-ng $*"
  }
  ! grep -iE 'fail|corrupt|signal' "$scratch/stress" || fail "stress-ng $* reports trouble"
}

stress --malloc 2 --malloc-ops 60000 --malloc-bytes 64M --malloc-pthreads 2 --malloc-touch --timeout 4
stress --malloc 2 --malloc-ops 60000 --malloc-bytes 16M --malloc-max 4096 --timeout 4
stress --tree 1 --tree-ops 20 --tsearch 1 --tsearch-ops 10 --hsearch 1 --hsearch-ops 50 --list 1 --list-ops 200 --timeout 4
stress --zlib 1 --zlib-ops 20 --judy 1 --judy-ops 5 --fork 1 --fork-ops 300 --pthread 1 --pthread-ops 300 --timeout 4
require_active 4
