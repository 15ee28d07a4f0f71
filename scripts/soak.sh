#!/bin/bash
# soak.sh BUILD: the tests of tests/stress/ over and over in every variant, for SOAK_MINUTES (default 60) in all.
# FREEHOLD_SOAK=1 tells them to take their long form. Stops at the first failure.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1
minutes=${SOAK_MINUTES:-60}
lanes=(clang debug thread address undefined musl aarch64)
export FREEHOLD_SOAK=1

for lane in "${lanes[@]}"; do
  echo "building $lane"
  scripts/lane.sh "$lane" build
done
end=$((SECONDS + minutes * 60))
round=0
while [ $SECONDS -lt $end ]; do
  round=$((round + 1))
  for directory in "$build" "${lanes[@]/#/build/lane-}"; do
    [ $SECONDS -lt $end ] || break
    echo "round $round: $directory, $(((end - SECONDS) / 60)) minutes left"
    ctest --test-dir "$directory" -R '^(stress|api)\.' -j "${JOBS:-$(nproc)}" --output-on-failure --stop-on-failure \
      --no-tests=ignore --schedule-random
  done
done
echo "$minutes minutes, nothing failed"
