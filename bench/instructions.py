#!/usr/bin/env python3
"""Counts instructions per round of the loops in bench/workloads/instructions.cc with callgrind.

Instructions are the same from run to run, where time is not: bench/instructions.golden holds Freehold's figures, and
--check fails when one of them has moved by more than half an instruction. --update writes the file anew.
Exit status: 0, 1 when a figure moved (or, with --targets, is over its target), 2 when something is missing, 77 (skip)
when valgrind is not installed.
"""

import argparse
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys

import allocators

BENCH_DIR = os.path.dirname(os.path.abspath(__file__))
SOURCE_DIR = os.path.dirname(BENCH_DIR)
GOLDEN = os.path.join(BENCH_DIR, "instructions.golden")

LOOPS = ("pair64", "pair64_beside", "mixed", "batches", "malloc_only", "calloc_pair", "realloc_stays", "realloc_moves",
         "aligned_pair", "cross_free", "new_delete", "new_delete_sized")
BUMP_LOOPS = ("pair64", "pair64_beside", "mixed", "batches", "malloc_only", "calloc_pair")
TARGETS = {"pair64": 42.0, "mixed": 57.0}
BUMP_FIGURES = {"pair64": 19.0, "mixed": 33.0}  # what a heap that does nothing costs in these loops

LOW, HIGH = 20000, 70000
TOLERANCE = 0.5
SKIP = 77

# Giving memory back depends on the clock, which runs differently under callgrind.
FREEHOLD_OPTIONS = "purge_delay=3600s,purge_thread=off"


def count_instructions(program, preload, loop, rounds):
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "FREEHOLD": FREEHOLD_OPTIONS}
    if preload:
        environment["LD_PRELOAD"] = preload
    done = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, loop, str(rounds)],
                          env=environment, capture_output=True, text=True, check=False)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or not found:
        raise RuntimeError(f"{loop} failed under callgrind:\n{done.stderr[-2000:]}")
    return int(found.group(1))


def instructions_per_round(program, preload, loop):
    low = count_instructions(program, preload, loop, LOW)
    return (count_instructions(program, preload, loop, HIGH) - low) / (HIGH - LOW)


def measure(program, heaps):
    """name of heap -> {loop: figure, or None where it failed}"""
    jobs = {}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, preload in heaps:
            for loop in (BUMP_LOOPS if name == "bump" else LOOPS):
                jobs[name, loop] = pool.submit(instructions_per_round, program, preload, loop)
    figures = {name: {} for name, _ in heaps}
    for (name, loop), job in jobs.items():
        try:
            figures[name][loop] = job.result()
        except RuntimeError as error:
            print(f"instructions.py: {name}: {error}", file=sys.stderr)
            figures[name][loop] = None
    return figures


def read_golden():
    golden = {}
    with open(GOLDEN, encoding="ascii") as file:
        for line in file:
            words = line.split("#", 1)[0].split()
            if words:
                golden[words[0]] = float(words[1])
    return golden


def write_golden(figures):
    with open(GOLDEN, "w", encoding="ascii") as out:
        out.write("# Instructions of one round of each loop over Freehold, loop and PLT calls included.\n"
                  "# Written by bench/instructions.py --update; ctest fails when a figure moves by more than 0.5.\n")
        for loop in LOOPS:
            out.write(f"{loop} {figures[loop]:.1f}\n")


def print_table(figures):
    names = list(figures)
    print("instructions a round".ljust(22) + "".join(name.rjust(11) for name in names))
    for loop in LOOPS:
        cells = (figures[name].get(loop) for name in names)
        print(loop.ljust(22) + "".join(("-" if cell is None else f"{cell:.1f}").rjust(11) for cell in cells))


def moved_figures(golden, now):
    for loop in LOOPS:
        if now.get(loop) is None:
            yield f"{loop}: could not be counted"
        elif loop not in golden:
            yield f"{loop}: {now[loop]:.1f}, and the golden file does not know it"
        elif abs(now[loop] - golden[loop]) > TOLERANCE:
            yield f"{loop}: {now[loop]:.1f}, was {golden[loop]:.1f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(SOURCE_DIR, "build"), help="the build directory")
    parser.add_argument("--check", action="store_true", help="count Freehold alone and compare with the golden file")
    parser.add_argument("--update", action="store_true", help="count Freehold alone and write the golden file")
    parser.add_argument("--targets", action="store_true", help="a figure over its target is a failure")
    arguments = parser.parse_args()
    if not shutil.which("valgrind"):
        print("instructions.py: valgrind is not installed: skipped")
        return SKIP
    tools = os.path.join(os.path.abspath(arguments.build), "bench")
    program, bump = os.path.join(tools, "instructions"), os.path.join(tools, "bump.so")
    bump = bump if os.path.exists(bump) else os.path.join(tools, "libbump.so")
    if not os.path.exists(program) or not os.path.exists(bump):
        print(f"instructions.py: {program} is missing: build the target bench_workloads", file=sys.stderr)
        return 2

    found = [(heap.name, heap.preload) for heap in allocators.find(arguments.build, SOURCE_DIR)]
    if arguments.check or arguments.update:
        found = [heap for heap in found if heap[0] == allocators.SUBJECT]
        if not found:
            print("instructions.py: libfreehold.so is not built", file=sys.stderr)
            return 2
    figures = measure(program, [("bump", bump), *found])
    print_table(figures)
    status = 0
    for loop, expected in BUMP_FIGURES.items():
        if figures["bump"][loop] is None or abs(figures["bump"][loop] - expected) > TOLERANCE:
            print(f"{loop}: the compiler made another loop than the figures are for: {figures['bump'][loop]} over the bump "
                  f"heap, not {expected}")
            if arguments.check:  # then no figure can be compared
                return SKIP
    mine = figures.get(allocators.SUBJECT)
    if mine:
        for loop, target in TARGETS.items():
            over = mine[loop] is None or mine[loop] > target + TOLERANCE
            print(f"target {loop} <= {target:.0f}: {'FAIL' if over else 'pass'}")
            status |= over and arguments.targets
    if arguments.check:
        if not os.path.exists(GOLDEN):
            print("instructions.py: bench/instructions.golden is missing: run with --update", file=sys.stderr)
            return 2
        for line in moved_figures(read_golden(), mine):
            print(f"moved: {line}")
            status = 1
        if status:
            print("If the change is meant, run bench/instructions.py --update and say why in the commit.")
    if arguments.update:
        if None in mine.values():
            return 1
        write_golden(mine)
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
