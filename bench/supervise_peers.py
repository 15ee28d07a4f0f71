#!/usr/bin/env python3
"""Programs that want more memory than there is: `freehold run --memory` beside GNU parallel, and beside a limit and swap.

    supervise_peers.py [--build DIRECTORY] [--only many|two] [--rounds N] [--write FILE]

many  10 programs of 600 MiB on a machine with 2 GiB left: a process takes the rest for as long as it lasts. In turns:
      `freehold run --memory`, `parallel --memfree`, `parallel --memsuspend`, all ten at once in a memory group of 2 GiB
      with swap, and the best schedule by hand, three at a time.
two   2 programs of 2 GiB, which touch all of it in no order, in 2.5 GiB with swap: `freehold run` by slices, and both at
      once in a memory group of 2.5 GiB, and one after the other in it.

Needs root, the control groups' memory controller (version 1 or 2), zram for swap and GNU parallel; what is missing is said,
and left out. The swap and the groups are taken away again however it ends.
"""
import argparse
import collections
import contextlib
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import time

import machine
from several import Bench, MEBIBYTE, SOURCE, Watch

EACH, TOTAL = 600, 2048
# What the machine itself needs while nearly all of its memory is taken.
SPARE = 384
SWAP = 6 << 30
# Seconds: two programs that thrash are ended after so long.
PATIENCE = 120


def mebibytes_available():
    with open("/proc/meminfo", encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("MemAvailable")) // 1024


@contextlib.contextmanager
def swap_of_zram():
    """A zram device as swap; yields whether there is one."""
    number = None
    try:
        number = int(pathlib.Path("/sys/class/zram-control/hot_add").read_text())
        pathlib.Path(f"/sys/block/zram{number}/disksize").write_text(str(SWAP))
        device = f"/dev/zram{number}"
        if not os.path.exists(device):
            major, minor = pathlib.Path(f"/sys/block/zram{number}/dev").read_text().split(":")
            os.mknod(device, 0o600 | 0o60000, os.makedev(int(major), int(minor)))
        subprocess.run(["mkswap", device], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        subprocess.run(["swapon", device], check=True)
        added = True
    except (OSError, subprocess.SubprocessError) as failure:
        print(f"no swap of zram: {failure}", file=sys.stderr)
        added = False
    try:
        yield added
    finally:
        if added:
            subprocess.run(["swapoff", device], check=False)
        if number is not None:
            with contextlib.suppress(OSError):
                pathlib.Path("/sys/class/zram-control/hot_remove").write_text(str(number))


class Group:
    """A memory group with a limit, of either version of control groups."""

    def __init__(self, mebibytes):
        base, limit = pathlib.Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes"
        if not (base / limit).exists():
            base, limit = pathlib.Path("/sys/fs/cgroup"), "memory.max"
            if (base / "cgroup.subtree_control").exists():
                (base / "cgroup.subtree_control").write_text("+memory")
        self.path = base / f"freehold-bench-{os.getpid()}"
        self.path.mkdir()
        (self.path / limit).write_text(str(mebibytes * MEBIBYTE))

    def start(self, words, environment):
        def enter():
            (self.path / "cgroup.procs").write_text("0")
        return subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, preexec_fn=enter)

    def end(self):
        for _ in range(100):
            with contextlib.suppress(OSError):
                self.path.rmdir()
                return
            time.sleep(0.05)


@contextlib.contextmanager
def memory_group(mebibytes):
    group = Group(mebibytes)
    try:
        yield group
    finally:
        group.end()


@contextlib.contextmanager
def memory_left(bench, mebibytes):
    """All but so much of the machine's memory is taken, by a process that the kernel ends first if that is too much."""
    taken = mebibytes_available() - mebibytes - SPARE
    # Another file than the programs', which are known by theirs.
    holding = shutil.copy(bench.compile("eater"), bench.directory / "holder")
    holder = subprocess.Popen(["sh", "-c", 'echo 1000 > /proc/self/oom_score_adj; exec "$@"', "sh", holding, str(taken),
                               "100000"])
    try:
        while holder.poll() is None and mebibytes_available() > mebibytes + SPARE + 64:
            time.sleep(0.2)
        yield holder
    finally:
        holder.kill()
        holder.wait()


def timed(bench, program, name, run):
    """What run() returns, its time and the greatest sum of PSS of `program`'s processes."""
    watch = Watch(bench, program)
    watch.start()
    begin = time.monotonic()
    result = run()
    took = time.monotonic() - begin
    print(f"  {name}: {took:.1f} s", file=sys.stderr)
    return result, took, watch.stop() / MEBIBYTE


def parallel(flags, words, count):
    """Not ended by itself: those that GNU parallel killed and began anew."""
    log = subprocess.run(["parallel", "--will-cite", f"-j{count}", *flags, "--joblog", "/dev/stdout", "-N0",
                          " ".join(words), ":::", *map(str, range(count))], stdin=subprocess.DEVNULL,
                         capture_output=True, text=True, check=False)
    jobs = [line.split("\t") for line in log.stdout.splitlines()[1:]]
    return sum(fields[6:8] != ["0", "0"] for fields in jobs)


def at_once(group, words, environment, count, limit=None):
    """How many failed, or had not ended after `limit` seconds and were ended."""
    processes = [group.start(words, environment) for _ in range(count)]
    end, failed = time.monotonic() + (limit or 0), 0
    for process in processes:
        try:
            failed += process.wait(max(0, end - time.monotonic()) if limit else None) != 0
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            failed += 1
    return failed


def in_waves(words, environment, waves):
    failed = 0
    for wave in waves:
        failed += sum(process.wait() != 0 for process in [subprocess.Popen(words, env=environment) for _ in range(wave)])
    return failed


def many(bench, rounds):
    eater = bench.compile("eater")
    words = [eater, str(EACH), "2"]
    preloaded = {**bench.environment, "LD_PRELOAD": bench.environment["FREEHOLD_LIBRARY"]}

    def ours():
        document, _ = bench.report([f"--memory={TOTAL}M", "--cpus=10"], [words] * 10)
        return document["failed_count"]

    def ours_anew():
        for path in (bench.directory / "state").glob("freehold/*"):
            path.unlink()
        return ours()

    ways = {"by hand, three at a time": lambda: in_waves(words, preloaded, (3, 3, 3, 1)),
            "`freehold run --memory 2G`, nothing known": ours_anew,
            "`freehold run --memory 2G`, known from the last run": ours}
    if shutil.which("parallel"):
        ways[f"`parallel --memfree {EACH}M`"] = lambda: parallel([f"--memfree={EACH}M"], words, 10)
        ways[f"`parallel --memfree {EACH}M --delay 2`"] = lambda: parallel([f"--memfree={EACH}M", "--delay=2"], words, 10)
        ways[f"`parallel --memsuspend {EACH}M`"] = lambda: parallel([f"--memsuspend={EACH}M"], words, 10)
    else:
        print("no GNU parallel", file=sys.stderr)
    results = {name: [] for name in ways}
    out_of_memory = []
    for _ in range(rounds):
        todo = list(ways.items())
        while todo:
            with memory_left(bench, TOTAL) as holder:
                while todo and holder.poll() is None:
                    name, run = todo.pop(0)
                    results[name].append(timed(bench, eater, name, run))
                if holder.poll() is not None:
                    out_of_memory.append(name)
        with swap_of_zram() as swap, memory_group(TOTAL) as group:
            name = "all at once in a memory group with swap"
            if swap:
                results.setdefault(name, []).append(
                    timed(bench, eater, name, lambda: at_once(group, words, bench.environment, 10)))
    lines = table(f"10 programs of {EACH} MiB where {TOTAL} MiB are left", results, "by hand, three at a time")
    return lines + [f"With {name} the machine ran out of memory, and the kernel ended another process: {count} of {rounds} "
                    "runs." for name, count in collections.Counter(out_of_memory).items()] + [""]


def two(bench, rounds):
    each, total, passes = 2048, 2560, 12
    scatter = bench.compile("scatter")
    words = [scatter, str(each), str(passes)]
    results = {}

    def ours():
        document, _ = bench.report([f"--memory={total}M", "--cpus=1", "--slice=5s"], [words] * 2)
        turns.append(min(program["turns"] for program in document["programs"]))
        return document["failed_count"]

    turns = []
    for _ in range(rounds):
        with swap_of_zram() as swap, memory_group(total) as group:
            if not swap:
                return []
            ways = {"one after the other": lambda: sum(at_once(group, words, bench.environment, 1) for _ in range(2)),
                    "`freehold run --memory 2560M --slice 5s`": ours,
                    "both at once in a memory group with swap":
                        lambda: at_once(group, words, bench.environment, 2, PATIENCE)}
            for name, run in ways.items():
                results.setdefault(name, []).append(timed(bench, scatter, name, run))
    lines = table(f"2 programs of {each} MiB in {total} MiB with swap", results, "one after the other")
    return lines + [f"Under `freehold run` each had {min(turns)} turns or more. What took {PATIENCE} s was ended then.", ""]


def table(title, results, reference):
    base = statistics.median(result[1] for result in results[reference])
    lines = [f"## {title}", "", "| | time | to the first | most memory at a time, MiB | ended or begun anew |",
             "|---|---|---|---|---|"]
    for name, runs in results.items():
        wall = statistics.median(run[1] for run in runs)
        lines.append(f"| {name} | {wall:.1f} s | {wall / base:.2f} | {max(run[2] for run in runs):.0f} | "
                     f"{sum(run[0] for run in runs)} of {len(runs)} runs |")
    return lines + [""]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=SOURCE / "build")
    parser.add_argument("--only", choices=["many", "two"], action="append")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", type=pathlib.Path)
    arguments = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("supervise_peers.py: needs root, for swap and control groups")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    bench = Bench(arguments.build.resolve(), 1)
    facts = machine.describe_machine()
    lines = ["# More memory wanted than there is", "",
             f"Written by `bench/supervise_peers.py` on {facts['date']}, on {facts['cores']} cores of {facts['cpu']}, "
             f"{facts['memory']}, Linux {facts['kernel']}, load {facts['load']:.1f}. Medians of {arguments.rounds} rounds "
             "in turns; swap is zram.", ""]
    for name, part in {"many": many, "two": two}.items():
        if arguments.only is None or name in arguments.only:
            lines += part(bench, arguments.rounds)
    text = "\n".join(lines)
    print(text)
    if arguments.write:
        arguments.write.write_text(text.rstrip() + "\n")


if __name__ == "__main__":
    main()
