#!/usr/bin/env python3
"""What `freehold run` of several programs costs, and what it holds to: fairness, throughput, budget, protection.

    supervise.py [--build DIRECTORY] [--only fairness|budget|protection] [--rounds N] [--scale FACTOR]

Everything is compared side by side, in turns, and printed as ratios. It exits with 1 when an aim is missed.
"""
import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time

SOURCE = pathlib.Path(__file__).resolve().parents[1]
MEBIBYTE = 1 << 20

SPINNER = """
#include <stdlib.h>
#include <time.h>
int main(int count, char **arguments) {
  double seconds = atof(arguments[count - 1]);
  struct timespec time;
  volatile unsigned long spun = 0;
  do {
    for (int i = 0; i < 100000; i++) spun++;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  } while ((double)time.tv_sec + (double)time.tv_nsec / 1e9 < seconds);
  return 0;
}
"""

# The same work every time, whatever processor it gets: for throughput.
WORKER = """
#include <stdlib.h>
int main(int count, char **arguments) {
  volatile unsigned long spun = 0;
  for (unsigned long rounds = strtoul(arguments[count - 1], NULL, 10); rounds > 0; rounds--)
    for (int i = 0; i < 1000000; i++) spun++;
  return 0;
}
"""

# Grows to so many MiB and holds them for a while.
EATER = """
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(int count, char **arguments) {
  for (int i = atoi(arguments[1]); i > 0; i--) {
    char *piece = malloc(1 << 20);
    if (piece == NULL) return 9;
    memset(piece, i, 1 << 20);
  }
  usleep((unsigned)(atof(arguments[count - 1]) * 1e6));
  return 0;
}
"""


class Bench:
    def __init__(self, build, scale):
        self.command = str(build / "bin/freehold")
        self.scale = scale
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="freehold-bench-"))
        self.directory.chmod(0o755)
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("FREEHOLD")}
        self.environment.update(FREEHOLD_LIBRARY=str(build / "lib/libfreehold.so"),
                                XDG_STATE_HOME=str(self.directory / "state"))
        self.missed = []

    def compile(self, name, text):
        source = self.directory / f"{name}.c"
        source.write_text(text)
        subprocess.run(["cc", "-O1", "-fno-builtin", "-o", str(self.directory / name), str(source)], check=True)
        return str(self.directory / name)

    def start(self, flags, commands):
        words = [self.command, "run", "--quiet", *flags, "--"]
        for command in commands:
            words += [*command, ":::"]
        return subprocess.Popen(words[:-1], env=self.environment, stdin=subprocess.DEVNULL)

    def report(self, flags, commands):
        """The report of a run, and its time."""
        path = self.directory / "report.json"
        begin = time.monotonic()
        self.start([f"--report={path}", *flags], commands).wait()
        return json.loads(path.read_text()), time.monotonic() - begin

    def aim(self, what, value, bound, below):
        met = value <= bound if below else value >= bound
        if not met:
            self.missed.append(what)
        print(f"  {what}: {value:.3f} (aim: {'at most' if below else 'at least'} {bound}){'' if met else '  MISSED'}")

    def processes_of(self, program):
        found = []
        for path in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if os.readlink(path / "exe") == program:
                    found.append(int(path.name))
            except OSError:
                pass
        return found


def cpu_of(pid):
    """Seconds of the process's own clock; the kernel numbers such clocks by the process."""
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return None


def fairness(bench, rounds):
    print("8 equal programs on one processor, slices of 100 ms:")
    spinner, worker = bench.compile("spinner", SPINNER), bench.compile("worker", WORKER)
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

    begin = time.monotonic()
    subprocess.run([worker, "100"], check=True)
    amount = str(max(1, int(100 * seconds / 4 / (time.monotonic() - begin))))
    walls, works, held = [], [], []
    for _ in range(rounds):
        begin = (time.monotonic(), os.times())
        for _ in range(8):
            subprocess.run([worker, amount], check=True, env={**bench.environment,
                                                             "LD_PRELOAD": bench.environment["FREEHOLD_LIBRARY"]})
        middle = (time.monotonic(), os.times())
        document, _ = bench.report(["--cpus=1", "--slice=100ms"], [[worker, amount]] * 8)
        end = (time.monotonic(), os.times())
        held.append(sum(program["wall_seconds"] - program["paused_seconds"] for program in document["programs"]) /
                    document["wall_seconds"])
        walls.append((middle[0] - begin[0]) / (end[0] - middle[0]))

        def work(earlier, later):
            return later[1].children_user + later[1].children_system - earlier[1].children_user - \
                earlier[1].children_system
        # The programs' time is added up by their keepers, which the supervisor waits for.
        works.append(work(begin, middle) / work(middle, end))
    bench.aim("share of the time in which somebody has the turn", statistics.median(held), 0.98, False)
    bench.aim("throughput to that of one after another, by the clock", statistics.median(walls), 0.98, False)
    bench.aim("the same by processor time, the supervisor's included", statistics.median(works), 0.98, False)


class Watch(threading.Thread):
    """The greatest sum of PSS over all processes of a program, sampled from outside every 10 ms."""

    def __init__(self, bench, program):
        super().__init__(daemon=True)
        self.bench, self.program, self.peak, self.samples = bench, program, 0, 0
        self.done = threading.Event()

    def run(self):
        known, looked = [], 0
        while not self.done.is_set():
            begin = time.monotonic()
            if begin - looked > 0.05:
                known, looked = self.bench.processes_of(self.program), begin
            held = 0
            for pid in known:
                try:
                    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
                    held += int(re.search(r"^Pss: +(\d+)", text, re.MULTILINE).group(1)) * 1024
                except (OSError, AttributeError):
                    pass
            # When one has ended or begun meanwhile, the sum is of things that were not there together.
            if sorted(self.bench.processes_of(self.program)) == sorted(known):
                self.peak = max(self.peak, held)
                self.samples += 1
            else:
                looked = 0
            time.sleep(max(0.0, 0.01 - (time.monotonic() - begin)))

    def stop(self):
        self.done.set()
        self.join()
        return self.peak


def budget(bench, rounds):
    each, total = int(600 * bench.scale), int(2048 * bench.scale)
    print(f"10 programs that need {each} MiB each, within {total} MiB:")
    eater = bench.compile("eater", EATER)
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
    programs = {name: bench.compile(name, (SOURCE / f"tests/supervise/{name}.c").read_text())
                for name in ("victim", "hostile")}
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
