#!/bin/bash
# soak.sh BUILD: random calls with new seeds, then the tests of tests/stress/ and tests/fuzz/, over and over in every
# variant, for SOAK_MINUTES (default 60) in all. Stops at the first failure; the seed is in what it printed.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1
minutes=${SOAK_MINUTES:-60}
burst=${SOAK_BURST_SECONDS:-60}
lanes=(clang debug thread address undefined musl aarch64)

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
