#!/usr/bin/env python3
"""The collector beside Debian's libgc: one binary, written to gc.h alone, with either library, in turns.

    collect.py [--build BUILD] [--libgc FILE] [--rounds N] [--only NAME]... [--write FILE]
    collect.py --clients ...

The figures are ratios of medians, ours over theirs: time, and peak RSS. What the workloads print must be the same but for
the last line. Both libraries have their default settings. With --clients, programs that Debian links with libgc run
(tests/collect/clients.py has what they do) in place of workloads of our own; what they print must be the same.
"""

import argparse
import os
import pathlib
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import machine

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "tests/collect"))
import clients  # noqa: E402

SOURCE_DIR = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DEFAULT_LIBGC = "/usr/lib/x86_64-linux-gnu/libgc.so.1"
TARGET_MEAN, TARGET_WORST = 0.7, 1.0
CLIENT_TARGET_MEAN, CLIENT_TARGET_RSS = 0.85, 0.8
CLIENTS = ["guile", "ecl", "stalin", "neko", "w3m", "nix-instantiate"]

WORKLOADS = {
    "gcbench": ["gcbench"],
    "binary-trees 18": ["binary-trees", "18"],
    "binary-trees 21": ["binary-trees", "21"],
    "list of 10 million": ["list", "10000000"],
    "list of 100 million": ["list", "100000000"],
    "gcbench, 2 threads": ["gcbench-threads", "2"],
    "400-2048 bytes, 2 threads": ["allocate", "2", "1000000"],
    "GC_free, 2 threads": ["free", "2", "3000000"],
    "1 GiB live": ["pauses", "1024"],
}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(SOURCE_DIR, "build"), help="the build directory")
    parser.add_argument("--libgc", default=DEFAULT_LIBGC, help="the other library (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each runs (default %(default)s)")
    parser.add_argument("--only", action="append", metavar="NAME", help="these workloads; a part of the name will do")
    parser.add_argument("--clients", action="store_true", help="programs that Debian links with libgc, instead")
    parser.add_argument("--write", metavar="FILE", help="write the table as Markdown")
    return parser.parse_args()


def compile_workloads(build, scratch):
    program = os.path.join(scratch, "workloads")
    subprocess.run(["cc", "-O2", "-I", os.path.join(SOURCE_DIR, "include"), "-o", program,
                    os.path.join(SOURCE_DIR, "bench/collect/workloads.c"), os.path.join(build, "lib/libgc.so.1"),
                    "-lpthread"], check=True)
    return program


def run(program, words, library):
    """Seconds and output."""
    before = time.monotonic()
    process = subprocess.Popen([program, *words], stdout=subprocess.PIPE,
                               env={"PATH": os.environ["PATH"], "LD_LIBRARY_PATH": os.path.dirname(library)})
    output = process.stdout.read().decode()
    status = process.wait()
    seconds = time.monotonic() - before
    if status != 0:
        raise SystemExit(f"collect.py: {' '.join(words)} with {library} ended with status {status}")
    return seconds, output


def figures_of(output):
    return {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", output.splitlines()[-1])}


def measure(program, words, libraries, rounds):
    runs = {name: [] for name in libraries}
    for _ in range(rounds):
        for name, library in libraries.items():
            runs[name].append(run(program, words, library))
    outputs = {output.rsplit("\n", 2)[0] if output.count("\n") > 1 else "" for name in runs for _, output in runs[name]}
    if len(outputs) != 1:
        raise SystemExit(f"collect.py: {' '.join(words)}: the libraries' output differs")
    return {name: {"seconds": statistics.median(r[0] for r in runs[name]),
                   **figures_of(runs[name][-1][1])}
            for name in runs}


def run_client(command, directory, library):
    """Seconds, the peak RSS in KiB of the largest process, exit status and output."""
    environment = {"PATH": os.environ["PATH"], "LD_LIBRARY_PATH": os.path.dirname(library), "HOME": directory,
                   "LC_ALL": "C", "TERM": "dumb"}
    before = time.monotonic()
    with open(os.path.join(directory, "output"), "wb") as output:
        process = subprocess.Popen(command, cwd=directory, env=environment, stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    seconds = time.monotonic() - before
    with open(os.path.join(directory, "output"), "rb") as output:
        return seconds, usage.ru_maxrss, status, output.read()


def measure_clients(ours, theirs, rounds, only):
    """The lines of a table, and the sums below it."""
    lines = ["| program | time | theirs, s | peak RSS | theirs, MiB |", "|---|---|---|---|---|"]
    times, sizes = [], []
    for name in CLIENTS:
        if shutil.which(name) is None or (only and not any(part in name for part in only)):
            continue
        print(f"{name} ...", end=" ", flush=True, file=sys.stderr)
        runs = {ours: [], theirs: []}
        with tempfile.TemporaryDirectory(prefix="freehold-bench.") as place:
            command = clients.CLIENTS[name](pathlib.Path(place))
            for _ in range(rounds):
                for library, results in runs.items():
                    results.append(run_client(command, place, library))
        if len({result[2:] for results in runs.values() for result in results}) != 1 or runs[ours][0][2] != 0:
            raise SystemExit(f"collect.py: {name} fails, or says something else with the other library")
        seconds, kib = ({library: statistics.median(result[i] for result in results)
                         for library, results in runs.items()} for i in (0, 1))
        times.append(seconds[ours] / seconds[theirs])
        sizes.append(kib[ours] / kib[theirs])
        print(f"{times[-1]:.2f} {sizes[-1]:.2f}", file=sys.stderr)
        lines.append(f"| {name} | {times[-1]:.2f} | {seconds[theirs]:.2f} | {sizes[-1]:.2f} | {kib[theirs] / 1024:.0f} |")
    if not times:
        raise SystemExit(f"collect.py: none of {', '.join(CLIENTS)} is installed")
    lines += ["", f"Geometric mean of time: **{statistics.geometric_mean(times):.2f}** (aim {CLIENT_TARGET_MEAN}), worst "
              f"{max(times):.2f} (aim {TARGET_WORST}); of peak RSS: **{statistics.geometric_mean(sizes):.2f}** (aim "
              f"{CLIENT_TARGET_RSS})."]
    return lines


def sections_of(path):
    """What other scripts have written into the page."""
    if not path or not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8") as file:
        page = file.read()
    return page[page.index("\n## "):] if "\n## " in page else ""


def main():
    arguments = parse_arguments()
    ours = os.path.abspath(os.path.join(arguments.build, "lib/libgc.so.1"))
    for library in (ours, arguments.libgc):
        if not os.path.exists(library):
            raise SystemExit(f"collect.py: there is no {library}; `make` builds ours, `apt-get install libgc1` the other")
    if arguments.clients:
        lines = measure_clients(ours, arguments.libgc, arguments.rounds, arguments.only)
        finish(arguments, "# Programs written for bdwgc, on the collector", lines)
        return
    resource.setrlimit(resource.RLIMIT_STACK, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    lines = ["| workload | time | theirs, s | peak RSS | theirs, MiB | collections | theirs |", "|---|---|---|---|---|---|---|"]
    ratios, pauses = [], []
    with tempfile.TemporaryDirectory(prefix="freehold-bench.") as scratch:
        program = compile_workloads(arguments.build, scratch)
        for name, words in WORKLOADS.items():
            if arguments.only and not any(part in name for part in arguments.only):
                continue
            print(f"{name} ...", end=" ", flush=True, file=sys.stderr)
            result = measure(program, words, {"theirs": arguments.libgc, "ours": ours}, arguments.rounds)
            a, b = result["ours"], result["theirs"]
            ratios.append(a["seconds"] / b["seconds"])
            print(f"{ratios[-1]:.2f}", file=sys.stderr)
            lines.append(f"| {name} | {ratios[-1]:.2f} | {b['seconds']:.2f} | {a['kib'] / b['kib']:.2f} | "
                         f"{b['kib'] / 1024:.0f} | {a['collections']} | {b['collections']} |")
            if "p99" in a:
                pauses.append(f"{name}: to replace a tree of 8191 nodes took, ours and theirs, in the middle {a['p50']} and "
                              f"{b['p50']} us, in the slowest hundredth {a['p99']} and {b['p99']} us, at most {a['most']} "
                              f"and {b['most']} us.")
    mean = statistics.geometric_mean(ratios)
    lines += ["", f"Geometric mean of time: **{mean:.2f}** (aim {TARGET_MEAN}), worst {max(ratios):.2f} (aim {TARGET_WORST}).",
              "", *pauses]
    finish(arguments, "# The collector beside bdwgc", lines)


def finish(arguments, title, lines):
    where = machine.describe_machine()
    others = sections_of(arguments.write)
    page = [title, "",
            f"Written by `bench/collect.py` on {where['date']}, on {where['cores']} cores of {where['cpu']}, Linux "
            f"{where['kernel']}. Ratios of medians of "
            f"{arguments.rounds} runs each, in turns, ours over theirs (`{arguments.libgc}`): below 1 is better.", "", *lines]
    print("\n".join(lines))
    if arguments.write:
        with open(arguments.write, "w", encoding="utf-8") as file:
            file.write("\n".join(page) + "\n" + others)


if __name__ == "__main__":
    main()
