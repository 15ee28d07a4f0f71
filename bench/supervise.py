#!/usr/bin/env python3
"""What `freehold run` of several programs costs, and what it holds to: fairness, throughput, budget, protection.

    supervise.py [--build DIRECTORY] [--only fairness|budget|protection] [--rounds N] [--scale FACTOR]

Everything is compared side by side, in turns, and printed as ratios. It exits with 1 when an aim is missed.
"""
import argparse
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time

from several import Bench, SOURCE, MEBIBYTE, Watch


def cpu_of(pid):
    """Seconds of the process's own clock; the kernel numbers such clocks by the process."""
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return None


def fairness(bench, rounds):
    print("8 equal programs on one processor, slices of 100 ms:")
    spinner, worker = bench.compile("spinner"), bench.compile("worker")
    seconds = 4 * bench.scale
    ratios = []
    for _ in range(rounds):
        process = bench.start(["--cpus=1", "--slice=100ms"], [[spinner, str(2 * seconds)]] * 8)
        while True:
            time.sleep(0.2)
            used = [cpu_of(pid) for pid in bench.processes_of(spinner)]
            if len(used) == 8 and None not in used and sum(used) > 8 * seconds:
                break
        process.terminate()
        process.wait()
        ratios.append(max(used) / min(used))
    bench.aim("largest share of the processor to the smallest", statistics.median(ratios), 1.05, True)

    throughput(bench, worker, rounds)


def clock():
    return time.monotonic(), os.times()


def spent(earlier, later):
    """Time, and processor time of children, between two readings."""
    used = [moment[1].children_user + moment[1].children_system for moment in (earlier, later)]
    return later[0] - earlier[0], used[1] - used[0]


def throughput(bench, worker, rounds):
    """Pairs in turns, each way round first every other time: what the machine gets faster or slower by then cancels out."""
    begin = time.monotonic()
    subprocess.run([worker, "100"], check=True)
    amount = str(max(1, int(100 * bench.scale / (time.monotonic() - begin))))
    preloaded = {**bench.environment, "LD_PRELOAD": bench.environment["FREEHOLD_LIBRARY"]}
    held, costs = [], {"after": [], "turns": []}
    for number in range(4 * rounds):
        for way in sorted(costs, reverse=number % 2 == 1):
            begin = clock()
            if way == "after":
                for _ in range(8):
                    subprocess.run([worker, amount], check=True, env=preloaded)
            else:
                document, _ = bench.report(["--cpus=1", "--slice=100ms"], [[worker, amount]] * 8)
                held.append(sum(program["wall_seconds"] - program["paused_seconds"]
                                for program in document["programs"]) / document["wall_seconds"])
            # The programs' time is added up by their keepers, which the supervisor waits for.
            costs[way].append(spent(begin, clock()))
    ratios = [statistics.median(after[i] / turns[i] for after, turns in zip(costs["after"], costs["turns"]))
              for i in (0, 1)]
    bench.aim("share of the time in which somebody has the turn", statistics.median(held), 0.98, False)
    bench.aim("throughput to that of one after another, by the clock", ratios[0], 0.98, False)
    bench.aim("the same by processor time, the supervisor's included", ratios[1], 0.98, False)


def budget(bench, rounds):
    each, total = int(600 * bench.scale), int(2048 * bench.scale)
    print(f"10 programs that need {each} MiB each, within {total} MiB:")
    eater = bench.compile("eater")
    words = [eater, str(each), "2"]
    preloaded = {**bench.environment, "LD_PRELOAD": bench.environment["FREEHOLD_LIBRARY"]}
    results = {"nothing known": [], "known from the last run": []}
    peaks, killed = [], 0
    for _ in range(rounds):
        begin = time.monotonic()
        for wave in (3, 3, 3, 1):
            for process in [subprocess.Popen(words, env=preloaded) for _ in range(wave)]:
                process.wait()
        by_hand = time.monotonic() - begin
        for path in (bench.directory / "state").glob("freehold/*"):
            path.unlink()
        for name, ratios in results.items():
            watch = Watch(bench, eater)
            watch.start()
            document, wall = bench.report([f"--memory={total}M", "--cpus=10"], [words] * 10)
            peaks.append(watch.stop() / (total * MEBIBYTE))
            killed += document["failed_count"]
            ratios.append(wall / by_hand)
    for name, ratios in results.items():
        bench.aim(f"time to that of the best schedule by hand, {name}", statistics.median(ratios), 1.3, True)
    bench.aim("greatest sum of PSS to the budget, seen from outside", max(peaks), 1.05, True)
    bench.aim("programs that did not end by themselves", killed, 0, True)


def protection(bench, _rounds):
    print("A hostile program beside a victim (tests/supervise/):")
    programs = {name: bench.compile(name) for name in ("victim", "hostile")}
    tries = {}
    for name in ("without", "with"):
        note = bench.directory / f"note-{name}"
        leftover = f"leftover-{os.getpid()}"
        victim = [programs["victim"], str(note), "30", leftover]
        hostile = [programs["hostile"], str(note), leftover]
        if name == "without":
            processes = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
                         for words in (victim, hostile + ["0"])]
        else:
            words = [bench.command, "run", "--quiet", "--cpus=2", "--", *victim, ":::", "sh", "-c",
                     'exec "$0" "$@" "$(cut -d" " -f4 /proc/$PPID/stat)"', *hostile]
            processes = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=bench.environment)]
        text = "".join(process.communicate()[0] for process in processes)
        tries[name] = dict(re.findall(r"^(.+?): (got in|refused .*)$", text, re.MULTILINE))
        for directory in ("/tmp", "/dev/shm"):
            pathlib.Path(directory, leftover).unlink(missing_ok=True)
    print(f"  {'way in':45} {'without':10} with freehold run")
    for way, result in tries["with"].items():
        plain = tries["without"].get(way, "-").split(" (")[0]
        print(f"  {way:45} {plain:10} {result}")
    bench.aim("ways in under freehold run", sum(result == "got in" for result in tries["with"].values()), 0, True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=SOURCE / "build")
    parser.add_argument("--only", choices=["fairness", "budget", "protection"], action="append")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="of sizes and times")
    arguments = parser.parse_args()
    bench = Bench(arguments.build.resolve(), arguments.scale)
    parts = {"fairness": fairness, "budget": budget, "protection": protection}
    for name, part in parts.items():
        if arguments.only is None or name in arguments.only:
            part(bench, arguments.rounds)
    sys.exit(1 if bench.missed else 0)


if __name__ == "__main__":
    main()
