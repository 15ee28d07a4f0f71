#!/bin/sh
# run-aarch64.sh PROGRAM [ARGUMENT...]: an aarch64 program under qemu's user mode.
# qemu keeps flags for every page of a mapping, reserved or not: the default reservation costs it a minute and gigabytes.
# After mremap those flags are wrong, and it then ignores MADV_DONTNEED without a word.
FREEHOLD=reserve=16G,move_pages=off${FREEHOLD:+,$FREEHOLD}
export FREEHOLD
exec qemu-aarch64 -L /usr/aarch64-linux-gnu "$@"
