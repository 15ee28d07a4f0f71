#!/bin/bash
# install_test.sh BUILD: what `make install` lays down can be found and used: by pkg-config, by find_package, by man, by
# the shells; from a place it was not configured for, as a package's tree is.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset FREEHOLD LD_PRELOAD LD_LIBRARY_PATH
failed=0
complain() {
  echo "$*"
  failed=1
}

DESTDIR=$work/tree cmake --install "$build" --prefix /usr/local >"$work/log" || { cat "$work/log"; exit 1; }
prefix=$work/tree/usr/local

for file in bin/freehold lib/libfreehold.so lib/libfreehold.so.0 lib/libfreehold.a include/freehold.h \
  include/freehold/new.hpp lib/pkgconfig/freehold.pc lib/cmake/freehold/freeholdConfig.cmake \
  share/man/man1/freehold.1 share/man/man1/freehold-check.1 share/man/man1/freehold-leaks.1 share/man/man1/freehold-gc.1 share/man/man3/freehold.3 share/man/man7/freehold.7 \
  share/bash-completion/completions/freehold share/zsh/site-functions/_freehold \
  share/fish/vendor_completions.d/freehold.fish share/freehold/schemas/accounts-1.schema.json \
  share/freehold/schemas/check-1.schema.json; do
  [ -s "$prefix/$file" ] || complain "not installed: $file"
done
# (A tree at /freehold is not named by share/freehold.)
if grep -rIlE "(^|[^[:alnum:]_./-])($root|$build)(/|\$|[^[:alnum:]])" "$prefix/lib/cmake" "$prefix/lib/pkgconfig" "$prefix/share"; then
  complain "the files above name the place they were built in"
fi

if [ -e "$build/lib/libfreehold-check.so" ]; then
  [ -s "$prefix/lib/libfreehold-check.so" ] || complain "not installed: lib/libfreehold-check.so"
  [ "$("$prefix/bin/freehold" check --quiet /bin/echo hello)" = hello ] || complain "the installed command can't check a program"
fi

# The command finds its library from where it lies.
[ "$("$prefix/bin/freehold" run /bin/echo hello)" = hello ] || complain "the installed command can't run a program"

cat >"$work/use.c" <<'C'
#include <freehold.h>
#include <stdio.h>
#include <stdlib.h>
/* A pointer from another heap would be reported as misuse. */
int main(void) {
  void *object = malloc(1000);
  int ours = fh_malloc_usable_size(object) >= 1000;
  free(object);
  puts(fh_version());
  return ours ? 0 : 1;
}
C
export PKG_CONFIG_LIBDIR=$prefix/lib/pkgconfig
version=$(pkg-config --modversion freehold)
try() {
  local title=$1
  shift
  [ "$("$@" 2>&1)" = "$version" ] || complain "$title: did not run, or says another version than $version"
}
# shellcheck disable=SC2046 # flags are words
{
  gcc "$work/use.c" -o "$work/shared" $(pkg-config --cflags --libs freehold)
  gcc "$work/use.c" -o "$work/static" $(pkg-config --cflags --libs freehold-static)
  gcc -static "$work/use.c" -o "$work/all_static" $(pkg-config --cflags --libs freehold-static)
}
try "pkg-config, shared" env LD_LIBRARY_PATH="$prefix/lib" "$work/shared"
try "pkg-config, static" "$work/static"
try "pkg-config, everything static" "$work/all_static"
readelf -d "$work/shared" | grep -q 'libfreehold.so.0' || complain "the program does not ask for libfreehold.so.0"
! readelf -d "$work/static" | grep -q libfreehold || complain "the static program asks for libfreehold.so"

cmake -S "$root/examples" -B "$work/examples" -DCMAKE_PREFIX_PATH="$prefix" >"$work/log" 2>&1 &&
  cmake --build "$work/examples" -j 2 >>"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
for example in own_heap secrets accounts containers own_heap_static own_heap_all_static containers_static; do
  "$work/examples/$example" >"$work/out" 2>&1 || { complain "examples/$example failed:"; cat "$work/out"; }
done
# The errors: each is explained, and ends the program by SIGABRT.
for example in double_free wrong_size; do
  status=0
  # The outer redirection is for the shell's own word on the signal.
  { (ulimit -c 0; exec "$work/examples/$example") >"$work/out" 2>&1; } 2>/dev/null || status=$?
  if [ "$status" -ne 134 ] || ! grep -q '^freehold: ' "$work/out"; then
    complain "examples/$example: exit status $status, not SIGABRT, or nothing said:"
    cat "$work/out"
  fi
done
# What a protected heap is closed to: explained by the library alone, and ends the program by SIGSEGV.
status=0
{ (ulimit -c 0; exec "$work/examples/errors/protected_heap") >"$work/out" 2>&1; } 2>/dev/null || status=$?
if [ "$status" -ne 139 ] || ! grep -q '^freehold: error\[protected-heap\]: write' "$work/out"; then
  complain "examples/errors/protected_heap: exit status $status, not SIGSEGV, or nothing said:"
  cat "$work/out"
fi
exit $failed
