#!/bin/bash
# soak.sh BUILD: bdwgc's own test programs on our libgc.so.1, each SOAK_BDWGC_RUNS times (default 100; 0 leaves them
# out); a program that loses most of what it allocates on the collector, for SOAK_COLLECT_SECONDS (default 3600; 0
# leaves it out); then random calls with new seeds, then the tests of tests/stress/ and tests/fuzz/, over and over in every
# variant, for SOAK_MINUTES (default 60) in all. Stops at the first failure; the seed is in what it printed.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1
minutes=${SOAK_MINUTES:-60}
burst=${SOAK_BURST_SECONDS:-60}
lanes=(clang debug thread address undefined musl aarch64)

if [ "${SOAK_BDWGC_RUNS:-100}" -gt 0 ]; then
  echo "soak: bdwgc's tests"
  python3 tests/collect/bdwgc.py "$build" --runs "${SOAK_BDWGC_RUNS:-100}" || [ $? -eq 77 ]
fi
if [ -e "$build/bin/collect_graph" ] && [ "${SOAK_COLLECT_SECONDS:-3600}" -gt 0 ]; then
  echo "soak: an unmodified program with the collector, its content checked"
  LD_PRELOAD="$(realpath "$build")/lib/libfreehold-gc.so" FREEHOLD=collect_every=64K \
    "$build/bin/collect_graph" 4 "${SOAK_COLLECT_SECONDS:-3600}"
fi
for lane in "${lanes[@]}"; do
  echo "soak: building $lane"
  scripts/lane.sh "$lane" build
done
end=$((SECONDS + minutes * 60))
round=0
while [ $SECONDS -lt $end ]; do
  round=$((round + 1))
  for directory in "$build" "${lanes[@]/#/build/lane-}"; do
    [ $SECONDS -lt $end ] || break
    echo "soak: round $round, $directory, $(((end - SECONDS) / 60)) minutes left"
    run=()
    [ "$directory" != build/lane-aarch64 ] || run=(scripts/run-aarch64.sh)
    "${run[@]}" "$directory/bin/stress_random_calls" "$burst" "$RANDOM$RANDOM"
    "${run[@]}" "$directory/bin/fuzz_replay" "-seconds=$burst" "-seed=$RANDOM$RANDOM"
    ctest --test-dir "$directory" -L '^(stress|fuzz)$' -j "${JOBS:-$(nproc)}" --output-on-failure --stop-on-failure \
      --no-tests=ignore --schedule-random
  done
done
echo "soak: $minutes minutes, nothing failed"
