#!/usr/bin/env python3
"""Compares Freehold with the C library's heap and its peers, side by side.

Every workload runs under every heap, in turns, in one session; what counts are ratios within a round. Needs the target
bench_workloads to be built. Exit status: 0 when every run gave the right output, 1 when one did not (or, with --strict,
when a target is missed), 2 when it cannot run.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile

import allocators
import machine as machines
import measure
import start as starting
import summary
import workloads

SOURCE_DIR = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DEFAULT_ROUNDS = 5
JSON_VERSION = 1
BUSY_LOAD = 0.7  # of a one-minute load average; beyond it wall times mislead


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(SOURCE_DIR, "build"), help="the build directory")
    parser.add_argument("--rounds", type=int, default=DEFAULT_ROUNDS, help="how often each runs (default %(default)s)")
    parser.add_argument("--only", action="append", metavar="NAME",
                        help="only this workload, or `own`, `program` or `start`; may be repeated")
    parser.add_argument("--allocators", metavar="A,B", help="only these heaps, besides glibc")
    parser.add_argument("--clock", choices=(summary.WALL, summary.CPU), default=summary.WALL,
                        help="what the verdict goes by; on a busy machine only `cpu` is worth anything")
    parser.add_argument("--json", metavar="FILE", help="write every sample and the summary")
    parser.add_argument("--write", metavar="FILE", help="write the tables as Markdown")
    parser.add_argument("--strict", action="store_true", help="a missed target is a failure")
    parser.add_argument("--list", action="store_true", help="print the workloads and stop")
    return parser.parse_args()


class Progress:
    """One line that is overwritten on a terminal; elsewhere a line for each round of a workload."""

    def __init__(self):
        self.live = sys.stderr.isatty()

    def say(self, text):
        if self.live:
            sys.stderr.write("\r\033[K" + text)
        else:
            sys.stderr.write(text + "\n")
        sys.stderr.flush()

    def run(self, turn, rounds, workload, allocator):
        if self.live:
            self.say(f"round {turn + 1}/{rounds}  {workload.name}  {allocator.name}")

    def workload(self, turn, rounds, workload, samples):
        if not self.live:
            times = "  ".join(f"{name} {runs[-1].wall_seconds:.3f}" for name, runs in samples.items())
            self.say(f"round {turn + 1}/{rounds}  {workload.name:14s} {times}")

    def end(self):
        if self.live:
            self.say("")


class Session:
    def __init__(self, measurer, heaps, progress):
        self.measurer, self.heaps, self.progress = measurer, heaps, progress
        self.problems = []
        self.digests = {}  # workload -> what the first good run made

    def one_run(self, workload, allocator):
        sample = workload.run(self.measurer, allocator)
        if sample.problem is None:
            expected = self.digests.setdefault(workload.name, sample.digest)
            if sample.digest != expected:
                sample.problem = "its output differs from the first run's"
        if sample.problem is not None:
            self.problems.append(f"{workload.name} under {allocator.name}: {sample.problem}")
            self.progress.say(self.problems[-1] + ("\n" if self.progress.live else ""))
        return sample

    def all_rounds(self, chosen, rounds):
        samples = {workload.name: {allocator.name: [] for allocator in self.heaps} for workload in chosen}
        for turn in range(rounds):
            for position, workload in enumerate(chosen):
                # The order moves on with every round and every workload, so that no heap always comes first.
                shift = (turn + position) % len(self.heaps)
                # The baseline gives the expected output.
                order = self.heaps if turn == 0 else self.heaps[shift:] + self.heaps[:shift]
                for allocator in order:
                    self.progress.run(turn, rounds, workload, allocator)
                    samples[workload.name][allocator.name].append(self.one_run(workload, allocator))
                self.progress.workload(turn, rounds, workload, samples[workload.name])
        return samples

    def resting(self, workload):
        """RSS at rest under every heap; the runs go side by side, for they mostly wait."""
        self.progress.say(f"memory at rest  {workload.name}")
        running = [(allocator.name, workload.resting_rss(self.measurer, allocator)) for allocator in self.heaps]
        found = {}
        for name, process in running:
            if process is None:
                continue
            words = process.communicate(timeout=measure.TIMEOUT_SECONDS)[0].split()
            if process.returncode == 0 and len(words) == 2 and words[0] == "rss_after_free_bytes":
                found[name] = int(words[1])
            else:
                self.problems.append(f"{workload.name} --rss under {name}: {measure.describe_status(abs(process.returncode))}")
        return found


def choose(only):
    every = workloads.all_workloads()
    if not only:
        return every
    known = {workload.name for workload in every} | {workloads.OWN, workloads.PROGRAM, "start"}
    unknown = [name for name in only if name not in known]
    if unknown:
        raise SystemExit(f"run.py: no workload is called {', '.join(unknown)}; --list shows them")
    return [workload for workload in every if workload.name in only or workload.group in only]


def as_json(machine, heaps, rounds, rows, samples, start, names, problems):
    return {
        "version": JSON_VERSION, "machine": machine, "rounds": rounds, "clock": rows[0].clock if rows else None,
        "allocators": {allocator.name: allocator.version for allocator in heaps},
        "workloads": [{"name": row.name, "group": row.group, "what": row.what, "time_ratio": row.time_ratio,
                       "cpu_ratio": row.cpu_ratio, "rss_ratio": row.rss_ratio, "best": row.best,
                       "against_best": row.against_best, "resting_rss_bytes": row.resting_rss_bytes,
                       "samples": {name: [run.as_json() for run in runs] for name, runs in samples[row.name].items()}}
                      for row in rows],
        "start": start,
        "geometric_means": {name: {"time": summary.column_mean(rows, "time_ratio", name),
                                   "cpu": summary.column_mean(rows, "cpu_ratio", name),
                                   "peak_rss": summary.column_mean(rows, "rss_ratio", name)} for name in names} if rows else {},
        "targets": [{"what": target.what, "value": target.value, "limit": target.limit, "passed": target.passed}
                    for target in summary.targets(rows, start, names)],
        "problems": problems,
    }


def main():
    arguments = parse_arguments()
    chosen = choose(arguments.only)
    if arguments.list:
        for workload in chosen:
            print(f"{workload.name:15s} {workload.group:8s} {workload.what}")
        return 0
    tools_dir = os.path.join(os.path.abspath(arguments.build), "bench")
    if not os.path.exists(os.path.join(tools_dir, "measure")):
        print(f"run.py: {tools_dir}/measure is missing: build the target bench_workloads", file=sys.stderr)
        return 2
    for workload in [workload for workload in chosen if workload.missing()]:
        print(f"run.py: {workload.name} is left out: {workload.missing()} is not installed", file=sys.stderr)
        chosen.remove(workload)
    heaps = allocators.find(arguments.build, SOURCE_DIR, arguments.allocators.split(",") if arguments.allocators else None)
    names = [allocator.name for allocator in heaps]
    if allocators.SUBJECT not in names:
        print(f"run.py: {arguments.build}/lib/libfreehold.so is missing: only its peers are compared", file=sys.stderr)

    machine, progress = machines.describe_machine(), Progress()
    if machine["load"] > BUSY_LOAD and arguments.clock == summary.WALL:
        print(f"run.py: the machine is busy (load {machine['load']:.1f}): wall times will mislead; see --clock",
              file=sys.stderr)
    scratch = tempfile.mkdtemp(prefix="freehold-bench.")
    try:
        session = Session(measure.Measurer(tools_dir, scratch), heaps, progress)
        for workload in chosen:
            workload.prepare(session.measurer)
        samples = session.all_rounds(chosen, arguments.rounds)
        rows = [summary.make_row(workload, samples[workload.name],
                                 session.resting(workload) if workload.group == workloads.OWN else {}, arguments.clock)
                for workload in chosen]
        start = {}
        if not arguments.only or "start" in arguments.only:
            progress.say("start and end of `true`")
            start = starting.measure_start(session.measurer, heaps)
        progress.end()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)

    print(summary.as_text(rows, start, names))
    for problem in session.problems:
        print(f"does not count: {problem}")
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as out:
            json.dump(as_json(machine, heaps, arguments.rounds, rows, samples, start, names, session.problems), out, indent=1)
    if arguments.write:
        with open(arguments.write, "w", encoding="utf-8") as out:
            out.write(summary.as_markdown(rows, start, names, machine, {heap.name: heap.version for heap in heaps},
                                          arguments.rounds, session.problems))
    missed = [target for target in summary.targets(rows, start, names) if not target.passed]
    return 1 if session.problems or (arguments.strict and missed) else 0


if __name__ == "__main__":
    sys.exit(main())
