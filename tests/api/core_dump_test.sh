#!/bin/sh
# core_dump_test.sh PROGRAM: what a debugger may save of a program's memory has its ordinary objects, and no secrets.
# PROGRAM is protected_heaps_test.
set -eu
program=$1
directory=$(mktemp -d)
trap 'exec 3>&-; rm -rf "$directory"' EXIT
mkfifo "$directory/input"
# A small stretch: gcore writes all of it, reserved or not.
FREEHOLD=reserve=64M "$program" hold <"$directory/input" >"$directory/output" &
exec 3>"$directory/input"
tries=0
while ! [ -s "$directory/output" ]; do
  tries=$((tries + 1))
  [ $tries -lt 300 ] || { echo "the program did not start"; exit 1; }
  sleep 0.1
done
process=$(cat "$directory/output")
gcore -o "$directory/core" "$process" >"$directory/messages" 2>&1 || { cat "$directory/messages"; exit 1; }
exec 3>&-
wait
grep -q the-control-4711 "$directory/core.$process" || { echo "the core has not even the ordinary object"; exit 1; }
if grep -q the-secret-4711 "$directory/core.$process"; then
  echo "the core has the secret"
  exit 1
fi
echo ok
