#!/bin/sh
# The benchmark's own workloads, threaded ones among them, with little work: each checks what it wrote.
. "$(dirname "$0")/common.sh"
need gcc g++
sources=$source_directory/bench/workloads
cd "$scratch"
gcc -std=gnu17 -D_GNU_SOURCE -O1 -c "$sources/workload.c" -o workload.o
run() {
  timeout 60 env LD_PRELOAD="$library" FREEHOLD="$options${2:-}" "./$1" --amount "$amount" >out 2>err ||
    fail "$1 ${2:-} ended with status $?: $(cat err)"
  [ ! -s err ] || fail "$1 said: $(cat err)"
}
count=0
while read -r name amount; do
  case $name in
  containers) g++ -std=c++17 -O1 "$sources/$name.cc" workload.o -o "$name" -pthread ;;
  *) gcc -std=gnu17 -D_GNU_SOURCE -O1 "$sources/$name.c" workload.o -o "$name" -pthread ;;
  esac
  run "$name"
  run "$name" ,purge_delay=0
  run "$name" ,purge_delay=10ms,purge_thread=off
  count=$((count + 3))
done <<'LIST'
pair 1000000
window 2000000
server 2000000
handoff 800000
generations 1000000
large 800
vector 3
strings 600000
tree 30
links 800000
random 400000
zeroed 200000
phases 1
visitors 1500
containers 1
LIST
require_active $count
