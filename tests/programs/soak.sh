#!/bin/sh
# soak.sh BUILD [redis] [python] [postgres] [stress] [forks] [overcommit] [scatter]: the long versions. Not part of ctest;
# takes half an hour and more. overcommit sets vm.overcommit_memory to 2 for a minute, scatter vm.mmap_rnd_bits to 32,
# and back; they are run only when they are named.
#
# redis wants the source package (`deb-src` lines in apt's sources) and tcl; python wants libpython3.11-testsuite.
. "$(dirname "$0")/common.sh"
shift
[ $# -gt 0 ] || set -- redis python postgres stress forks

soak_redis() {
  need redis-server tclsh apt-get
  cd "$scratch"
  apt-get source -q redis >"$scratch/source.log" 2>&1 || {
    tail -3 "$scratch/source.log"
    echo "skipped redis: apt-get source redis failed (are there deb-src lines?)"
    return 0
  }
  cd redis-*/
  # Redis's own suite starts the programs it finds in src/.
  for program in redis-server redis-cli redis-benchmark redis-check-aof redis-check-rdb redis-sentinel; do
    ln -sf "$(command -v $program)" src/$program
  done
  with_library tclsh tests/test_helper.tcl --clients 2 --skipunit unit/moduleapi --skiptest 'Active defrag' \
    --tags '-large-memory' || fail "redis's test suite failed"
  require_active 1
}

soak_python() {
  need /usr/bin/python3
  cd "$scratch"
  # First without the library: what already fails on this machine is no news.
  PYTHONMALLOC=malloc /usr/bin/python3 -m test -j2 --timeout 600 >without.log 2>&1 || true
  PYTHONMALLOC=malloc with_library /usr/bin/python3 -m test -j2 --timeout 600 >with.log 2>&1 || true
  require_active 10
  for log in without with; do
    # The names below "N tests failed:" and "N re-run tests:".
    sed -n '/tests\{0,1\} failed:/,/^$/p' $log.log | grep -o 'test_[a-z0-9_]*' | sort -u >$log.failed || true
  done
  comm -13 without.failed with.failed >news
  [ ! -s news ] || {
    cat with.log >&2
    fail "Python's tests fail under the library alone: $(tr '\n' ' ' <news)"
  }
}

soak_postgres() {
  for turn in $(seq 1 20); do
    sh "$directory/postgres.sh" "$build" || fail "postgres, turn $turn"
  done
}

soak_stress() {
  need stress-ng
  cd "$scratch"
  with_library stress-ng --verify --malloc 4 --malloc-bytes 256M --malloc-pthreads 4 --malloc-thresh 64K --timeout 300 ||
    fail "stress-ng --malloc"
  with_library stress-ng --verify --class memory --sequential 2 --timeout 5 --exclude oom-pipe,bigheap,brk || fail "stress-ng"
  for turn in $(seq 1 30); do
    sh "$directory/workloads.sh" "$build" || fail "workloads, turn $turn"
  done
}

soak_forks() {
  "$build/bin/stress_fork_storm" 10000 || fail "10000 forks"
}

# Every address that is made writable counts against a bound then, used or not; there is no namespace for it.
soak_overcommit() (
  [ "$(id -u)" -eq 0 ] || fail "overcommit needs root, to set vm.overcommit_memory"
  mode=$(cat /proc/sys/vm/overcommit_memory) ratio=$(cat /proc/sys/vm/overcommit_ratio)
  trap 'echo "$mode" >/proc/sys/vm/overcommit_memory; echo "$ratio" >/proc/sys/vm/overcommit_ratio' EXIT
  trap 'exit 130' INT TERM HUP
  echo 95 >/proc/sys/vm/overcommit_ratio
  echo 2 >/proc/sys/vm/overcommit_memory
  everything "overcommit_memory=2"
)

# The widest spread of addresses a kernel offers; there is no namespace for it either.
soak_scatter() (
  [ "$(id -u)" -eq 0 ] || fail "scatter needs root, to set vm.mmap_rnd_bits"
  bits=$(cat /proc/sys/vm/mmap_rnd_bits)
  trap 'echo "$bits" >/proc/sys/vm/mmap_rnd_bits' EXIT
  trap 'exit 130' INT TERM HUP
  echo 32 >/proc/sys/vm/mmap_rnd_bits || fail "this kernel has no mmap_rnd_bits of 32"
  everything "mmap_rnd_bits=32"
)

# What says most of the heap and the checker in a few minutes.
everything() {
  failed=
  "$build/bin/stress_random_calls" 10 || failed="$failed random_calls"
  "$build/bin/stress_fork_storm" 500 || failed="$failed fork_storm"
  for script in sqlite python_threads perl workloads; do
    sh "$directory/$script.sh" "$build" || failed="$failed $script"
  done
  if [ -e "$build/bin/check_victim" ]; then
    for part in surroundings programs options; do
      python3 "$source_directory/tests/check/everywhere_test.py" "$build" "$build/bin/check_victim" $part ||
        failed="$failed check_$part"
    done
  fi
  [ -z "$failed" ] || fail "under $1:$failed"
}

for part; do
  case $part in
  redis | python | postgres | stress | forks | overcommit | scatter)
    echo "soak: $part"
    "soak_$part" || exit 1
    ;;
  *) fail "soak.sh knows redis, python, postgres, stress, forks, overcommit and scatter, not $part" ;;
  esac
done
