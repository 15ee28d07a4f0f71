#!/bin/sh
# run-aarch64.sh PROGRAM [ARGUMENT...]: an aarch64 program under qemu's user mode.
# qemu keeps flags for every page of a mapping, reserved or not: the default reservation costs it a minute and gigabytes.
FREEHOLD=reserve=16G${FREEHOLD:+,$FREEHOLD}
export FREEHOLD
exec qemu-aarch64 -L /usr/aarch64-linux-gnu "$@"
