#!/bin/sh
# gcc and clang compile this project: the objects are the same, byte for byte, with and without the library.
. "$(dirname "$0")/common.sh"
need gcc g++ ld objdump

cd "$source_directory"
includes="-Iinclude -Iruntime -Irecord -Itool -I."
sources=$(find runtime bench -name '*.c' -o -name '*.cc' | sort)

# Compiles one file twice, in the same place so that no path differs; a file that needs other flags is passed over.
compile_twice() {
  driver=$1 file=$2 place=$scratch/$1
  shift 2
  $driver $includes "$@" -c "$file" -o "$place/object.o" 2>"$place/without.err" || return 0
  mv "$place/object.o" "$place/without.o"
  with_library $driver $includes "$@" -c "$file" -o "$place/object.o" 2>"$place/with.err" || {
    cat "$place/with.err" >&2
    fail "$driver could not compile $file"
  }
  cmp "$place/without.o" "$place/object.o" || fail "$driver made another object of $file"
  cmp "$place/without.err" "$place/with.err" || fail "$driver said other things about $file"
  echo "$file" >>"$place/compiled"
}

compile_all() {
  for source in $sources; do
    # Both drivers know C++ by the file's name; nothing is linked here.
    case $source in
    *.cc) standard=c++17 ;;
    *) standard=gnu17 ;;
    esac
    compile_twice "$1" "$source" -O2 -g -std=$standard -fPIC -D_GNU_SOURCE
  done
}

# Side by side, each in a place of its own.
workers=
for compiler in gcc clang; do
  command -v $compiler >/dev/null || continue
  mkdir "$scratch/$compiler"
  compile_all $compiler &
  workers="$workers $!"
done
for worker in $workers; do
  wait "$worker" || fail "see above"
done
compiled=$(cat "$scratch"/*/compiled | wc -l)
[ $compiled -ge 20 ] || fail "only $compiled files could be compiled"
require_active $compiled
echo "$compiled objects are the same"

# The whole tool chain at once: link-time optimization, linking, and the program that comes out.
mkdir "$scratch/program"
sources="bench/workloads/links.c bench/workloads/workload.c"
gcc -O2 -std=gnu17 -D_GNU_SOURCE -flto=2 $sources -o "$scratch/program/links" -pthread -Wl,--build-id=none
cp "$scratch/program/links" "$scratch/links.without"
with_library gcc -O2 -std=gnu17 -D_GNU_SOURCE -flto=2 $sources -o "$scratch/program/links" -pthread -Wl,--build-id=none
require_active 4
"$scratch/program/links" --amount 100000 || fail "the linked program does not run"
same_with_and_without objdump -d "$scratch/program/links"
