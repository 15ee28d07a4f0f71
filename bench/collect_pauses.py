#!/usr/bin/env python3
"""How long does the collector keep a program waiting? Marking beside it, and stopped for it, beside Debian's libgc.

    collect_pauses.py [--build BUILD] [--libgc FILE] [--rounds N] [--mib N]... [--write FILE]

One binary (collect/workloads.c, rewire) with either library, incremental and not, in turns: so much live, of which parts
are replaced and rewired. Each allocation is timed, and how late a thread wakes that only sleeps. The figures are medians
of N runs. With --write the section in the page that collect.py writes is replaced.
"""

import argparse
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import collect
import machine

TITLE = "## While the program runs"
MODES = (("ours, beside", "ours", "incremental"), ("theirs, incremental", "theirs", "incremental"),
         ("ours, stopped", "ours", "stop"), ("theirs, stopped", "theirs", "stop"))
TARGET_PAUSE, TARGET_GROWTH, TARGET_COST = 0.2, 1.5, 1.15
LONGEST_SECONDS = 300


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(collect.SOURCE_DIR, "build"), help="the build directory")
    parser.add_argument("--libgc", default=collect.DEFAULT_LIBGC, help="the other library (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each runs (default %(default)s)")
    parser.add_argument("--mib", action="append", type=int, help="MiB live (default 256, 1024 and 4096)")
    parser.add_argument("--write", metavar="FILE", help="replace the section in this page")
    return parser.parse_args()


def run(program, mib, library, mode):
    """The figures of one run, or why there are none."""
    environment = {"PATH": os.environ["PATH"], "LD_LIBRARY_PATH": os.path.dirname(library)}
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    try:
        result = subprocess.run([program, "rewire", str(mib), mode], env=environment, capture_output=True,
                                timeout=LONGEST_SECONDS)
    except subprocess.TimeoutExpired:
        return f"not done after {LONGEST_SECONDS} s"
    if result.returncode != 0:
        lines = result.stderr.decode(errors="replace").strip().splitlines()
        return f"ended with {result.returncode}" + (f": {lines[0][:60]}" if lines else "")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    figures = {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", result.stdout.decode().splitlines()[-1])}
    figures["processor"] = int(1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime))
    figures["whole"] = int(1000 * (time.monotonic() - began))
    if mode == "incremental" and not figures["incremental"]:
        return "no incremental mode here"
    return figures


def middle(runs):
    good = [figures for figures in runs if isinstance(figures, dict)]
    if not good:
        return runs[0]
    return {name: statistics.median_low([figures[name] for figures in good]) for name in good[0]}


def milliseconds(nanoseconds):
    return f"{nanoseconds / 1e6:.2f}"


def ratio(results, mib, one, other, name):
    a, b = results[mib][one], results[mib][other]
    return a[name] / b[name] if isinstance(a, dict) and isinstance(b, dict) and b[name] != 0 else None


def judge(results):
    """What came of the aims, in words."""
    sizes = list(results)
    for mib in sizes:
        for name, what in (("beat_p99", "99 % of the wake-ups"), ("beat_most", "the latest wake-up"),
                           ("most", "the slowest allocation")):
            value = ratio(results, mib, "ours, beside", "theirs, incremental", name)
            if value is not None:
                yield f"{mib} MiB, {what}: {value:.2f} of theirs (aim {TARGET_PAUSE})."
        value = ratio(results, mib, "ours, beside", "ours, stopped", "milliseconds")
        if value is not None:
            processor = ratio(results, mib, "ours, beside", "ours, stopped", "processor")
            yield (f"{mib} MiB, time of the work beside against stopped, both ours: {value:.2f} (aim {TARGET_COST}); "
                   f"of all processors: {processor:.2f}.")
    first, last = results[sizes[0]]["ours, beside"], results[sizes[-1]]["ours, beside"]
    if len(sizes) > 1 and isinstance(first, dict) and isinstance(last, dict):
        for name, what in (("p99", "an allocation"), ("beat_p99", "a wake-up")):
            yield (f"From {sizes[0]} to {sizes[-1]} MiB, 99 % of {what}: times {last[name] / first[name]:.2f} "
                   f"(aim {TARGET_GROWTH}).")


def section(arguments, results):
    where = machine.describe_machine()
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    lines = [TITLE, "",
             f"Written by `bench/collect_pauses.py` on {where['date']}, on {where['cores']} cores of {where['cpu']}, "
             f"Linux {where['kernel']}, with a load of {load} at the end: what the load has above 1 or 2 is other work, "
             f"and in the figures too. {arguments.rounds} run(s) each, in turns; theirs is `{arguments.libgc}`. So much "
             "is live, parts are replaced and rewired. An allocation: each single one. A wake-up: by how much a thread "
             "that only sleeps for 1 ms comes late.", "",
             "| live, MiB | collector | work, ms | allocation: 99 %, us | 99.9 %, us | most, ms | wake-up: 99 %, ms | "
             "most, ms | peak RSS, MiB | collections |", "|---|---|---|---|---|---|---|---|---|---|"]
    for mib, modes in results.items():
        for name, figures in modes.items():
            if isinstance(figures, str):
                lines.append(f"| {mib} | {name} | {figures} | | | | | | | |")
                continue
            lines.append(f"| {mib} | {name} | {figures['milliseconds']} | {figures['p99'] / 1000:.2f} | "
                         f"{figures['p999'] / 1000:.2f} | {milliseconds(figures['most'])} | "
                         f"{milliseconds(figures['beat_p99'])} | {milliseconds(figures['beat_most'])} | "
                         f"{figures['kib'] // 1024} | {figures['collections']} |")
    return "\n".join(lines + [""] + [f"- {line}" for line in judge(results)]) + "\n"


def replace_section(path, text):
    with open(path, encoding="utf-8") as file:
        page = file.read()
    page = page.split("\n" + TITLE)[0].rstrip("\n")
    with open(path, "w", encoding="utf-8") as file:
        file.write(page + "\n\n" + text)


def main():
    arguments = parse_arguments()
    libraries = {"ours": os.path.abspath(os.path.join(arguments.build, "lib/libgc.so.1")), "theirs": arguments.libgc}
    for library in libraries.values():
        if not os.path.exists(library):
            raise SystemExit(f"collect_pauses.py: there is no {library}; `make` builds ours, `apt-get install libgc1` "
                             "the other")
    results = {}
    with tempfile.TemporaryDirectory(prefix="freehold-bench.") as scratch:
        program = collect.compile_workloads(arguments.build, scratch)
        for mib in arguments.mib or (256, 1024, 4096):
            runs = {name: [] for name, _, _ in MODES}
            for _ in range(arguments.rounds):
                for name, library, mode in MODES:
                    runs[name].append(run(program, mib, libraries[library], mode))
                    print(f"{mib} MiB, {name}: {runs[name][-1]}", file=sys.stderr, flush=True)
            results[mib] = {name: middle(figures) for name, figures in runs.items()}
    text = section(arguments, results)
    print(text)
    if arguments.write:
        replace_section(arguments.write, text)


if __name__ == "__main__":
    main()
