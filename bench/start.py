"""What a heap adds to the start and the end of a program: time and memory of `true`."""

import statistics
import subprocess

ROUNDS = 12
RUNS_PER_ROUND = 60
MEMORY_RUNS = 15
PROGRAM = "true"


def _ask(measurer, allocator, *arguments):
    preload = ["--preload", allocator.preload] if allocator.preload else []
    answer = subprocess.run([measurer.tool("spawn"), *preload, *arguments, PROGRAM], env=measurer.environment,
                            capture_output=True, text=True, check=True)
    return int(answer.stdout.split()[1])


def measure_start(measurer, allocators_in_use):
    """name -> {"nanoseconds", "time_ratio", "rss_bytes", "extra_rss_bytes"}, against the first of the allocators."""
    times = {allocator.name: [] for allocator in allocators_in_use}
    memory = {allocator.name: [] for allocator in allocators_in_use}
    for turn in range(ROUNDS):
        shift = turn % len(allocators_in_use)
        for allocator in allocators_in_use[shift:] + allocators_in_use[:shift]:
            times[allocator.name].append(_ask(measurer, allocator, "--times", str(RUNS_PER_ROUND)))
    for _ in range(MEMORY_RUNS):
        for allocator in allocators_in_use:
            memory[allocator.name].append(_ask(measurer, allocator, "--rss"))
    base = allocators_in_use[0].name
    return {
        name: {
            "nanoseconds": statistics.median(times[name]),
            "time_ratio": statistics.median(mine / other for mine, other in zip(times[name], times[base])),
            "rss_bytes": statistics.median(memory[name]),
            "extra_rss_bytes": statistics.median(memory[name]) - statistics.median(memory[base]),
        }
        for name in times
    }
