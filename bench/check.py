#!/usr/bin/env python3
"""What checking costs: the programs of the other benchmark by themselves, under libfreehold-check.so, and under memcheck.

    check.py [--build BUILD] [--rounds N] [--only NAME]... [--memcheck] [--overhead PERCENT] [--write FILE]

Runs take turns. The figures are ratios of medians: time and peak RSS over those of the program alone. What a program
prints must be the same each time. memcheck, which takes minutes, runs once where it is asked for.
"""

import argparse
import datetime
import os
import statistics
import subprocess
import sys
import tempfile

import allocators
import machine
import measure
import workloads

SOURCE_DIR = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NATIVE, CHECK, MEMCHECK = "native", "freehold check", "memcheck"
MEMCHECK_TIMEOUT_SECONDS = 900
TARGET_MEAN, TARGET_WORST, TARGET_MEMCHECK = 2.0, 4.0, 10.0


class Measurer(measure.Measurer):
    """Knows a third way to run a command: under memcheck."""

    def wrap(self, command, preload):
        if preload != MEMCHECK:
            return super().wrap(command, preload)
        return [self.tool("measure"), "--report", self.path("report"), "--timeout", str(MEMCHECK_TIMEOUT_SECONDS),
                "valgrind", "-q", "--trace-children=yes", "--log-file=/dev/null", *command]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(SOURCE_DIR, "build"), help="the build directory")
    parser.add_argument("--rounds", type=int, default=3, help="how often each runs (default %(default)s)")
    parser.add_argument("--only", action="append", metavar="NAME", help="these workloads, or a group: own, program")
    parser.add_argument("--memcheck", action="store_true", help="memcheck too, once")
    parser.add_argument("--options", default="", metavar="NAME=VALUE,...", help="options of the checker")
    parser.add_argument("--write", metavar="FILE", help="write the table as Markdown")
    return parser.parse_args()


def chosen(only):
    every = workloads.all_workloads()
    names = {workload.name for workload in every} | {workloads.OWN, workloads.PROGRAM}
    unknown = set(only or ()) - names
    if unknown:
        raise SystemExit(f"check.py: no workload is called {', '.join(sorted(unknown))}")
    return [workload for workload in every if not only or workload.name in only or workload.group in only]


def run_all(arguments, measurer, works):
    library = os.path.abspath(os.path.join(arguments.build, "lib/libfreehold-check.so"))
    ways = [allocators.Allocator(NATIVE, None, ""), allocators.Allocator(CHECK, library, "")]
    samples, digests = {}, {}
    for turn in range(arguments.rounds):
        for work in works:
            order = ways if turn % 2 == 0 else ways[::-1]
            for way in order + ([allocators.Allocator(MEMCHECK, MEMCHECK, "")] if arguments.memcheck and turn == 0 else []):
                sample = work.run(measurer, way)
                if sample.problem is None and sample.digest != digests.setdefault(work.name, sample.digest):
                    sample.problem = "its output differs"
                if sample.problem is not None:
                    print(f"{work.name} under {way.name}: {sample.problem}", file=sys.stderr)
                samples.setdefault((work.name, way.name), []).append(sample)
    return samples


def ratio(samples, name, way, field):
    """Median over median; None when a run failed or there was none."""
    base, other = samples.get((name, NATIVE), []), samples.get((name, way), [])
    if not other or any(sample.problem for sample in base + other):
        return None
    return (statistics.median(getattr(sample, field) for sample in other) /
            statistics.median(getattr(sample, field) for sample in base))


def mean(values):
    values = [value for value in values if value is not None]
    return statistics.geometric_mean(values) if values else None


def show(value):
    return "-" if value is None else f"{value:.2f}"


def table(samples, works):
    rows = []
    for work in works:
        rows.append((work.name, ratio(samples, work.name, CHECK, "wall_seconds"),
                     ratio(samples, work.name, CHECK, "peak_rss_bytes"),
                     ratio(samples, work.name, MEMCHECK, "wall_seconds"),
                     ratio(samples, work.name, MEMCHECK, "peak_rss_bytes")))
    lines = ["| workload | time | peak RSS | memcheck: time | peak RSS |", "|---|---|---|---|---|"]
    lines += [f"| {row[0]} | {' | '.join(show(value) for value in row[1:])} |" for row in rows]
    lines.append(f"| geometric mean | {' | '.join(show(mean([row[i] for row in rows])) for i in range(1, 5))} |")
    return rows, "\n".join(lines)


def summary(rows):
    times = [row[1] for row in rows if row[1] is not None]
    if not times:
        return "nothing was measured"
    worst = max((row for row in rows if row[1] is not None), key=lambda row: row[1])
    text = (f"Time: {mean(times):.2f} of the program's own by geometric mean (target {TARGET_MEAN}), worst "
            f"{worst[1]:.2f}, {worst[0]} (target {TARGET_WORST}).")
    both = [row[3] / row[1] for row in rows if row[1] is not None and row[3] is not None]
    if both:
        text += f" memcheck takes {mean(both):.1f} times as long as freehold check (target {TARGET_MEMCHECK:.0f})."
    return text


def main():
    arguments = parse_arguments()
    works = [work for work in chosen(arguments.only) if not work.missing()]
    with tempfile.TemporaryDirectory(prefix="freehold-bench.") as scratch:
        measurer = Measurer(os.path.join(os.path.abspath(arguments.build), "bench"), scratch)
        options = [f"report_file={os.path.join(scratch, 'records')}"] + ([arguments.options] if arguments.options else [])
        measurer.environment["FREEHOLD"] = ",".join(options)
        open(os.path.join(scratch, "records"), "wb").close()
        for work in works:
            work.prepare(measurer)
        samples = run_all(arguments, measurer, works)
    rows, text = table(samples, works)
    print(text + "\n\n" + summary(rows))
    if arguments.write:
        with open(arguments.write, "w", encoding="utf-8") as page:
            page.write(f"# What checking costs\n\nWritten by `bench/check.py --rounds {arguments.rounds}"
                       f"{' --memcheck' if arguments.memcheck else ''}` on {datetime.date.today().isoformat()}, "
                       f"{machine.describe_machine()}.\n\nRatios to the program by itself; medians of {arguments.rounds} "
                       f"runs in turns, memcheck's of one.\n\n{text}\n\n{summary(rows)}\n")
    return any(sample.problem for way in samples.values() for sample in way)


if __name__ == "__main__":
    sys.exit(main())
