#!/usr/bin/env python3
"""What looking at a large process costs, and whether the process feels it.

    map.py [--build BUILD] [--resident MIB] [--rounds N] [--write FILE]

Two processes with 50 GiB reserved and much resident in small pages, one without Freehold's heap and one with all of it
there, in small objects. In turns: `freehold map` as a whole command (with its start and end), the looking alone as it
says itself, the deep look, and reading the process's smaps to the end. Beside each, the longest beat of the process's
heart: a thread that maps, touches and unmaps a page a thousand times a second, and so waits whenever somebody holds the
process's lock on mappings. Times are the best of the rounds, for a machine has other things to do; beats are medians.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

import machine

SOURCE = pathlib.Path(__file__).resolve().parent
RESERVED_GIB = 50


class Subject:
    def __init__(self, program, resident, on_heap, build):
        front = [build / "bin/freehold", "run"] if on_heap else []
        back = ["heap"] if on_heap else []
        environment = dict(os.environ, FREEHOLD_LIBRARY=str(build / "lib/libfreehold.so"))
        words = [*front, program, RESERVED_GIB, resident, *back]
        self.process = subprocess.Popen([str(word) for word in words], text=True, env=environment,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout.readline() == "ready\n"

    def beat(self):
        """The longest beat since the last time, in milliseconds."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        longest, beats = map(int, self.process.stdout.readline().split())
        return longest / 1e6 if beats else float("nan")

    def end(self):
        self.process.kill()
        self.process.wait()


def read_smaps(pid):
    with open(f"/proc/{pid}/smaps", "rb", buffering=0) as file:
        while file.read(1 << 16):
            pass


def looks(command, pid):
    """name -> a function that looks; what it returns (or its own time, in seconds) is the time that counts."""
    def whole(*flags):
        subprocess.run([command, "map", *flags, str(pid)], stdout=subprocess.DEVNULL, check=True)

    def alone():
        told = subprocess.run([command, "map", "--json", str(pid)], stdout=subprocess.PIPE, check=True).stdout
        document = json.loads(told)
        return document["processes"][0]["cost"]["wall_nanoseconds"] / 1e9

    return {"nobody looks": lambda: time.sleep(0.2), "`freehold map`": whole, "the looking alone": alone,
            "`freehold map --deep`": lambda: whole("--deep"), "reading smaps": lambda: read_smaps(pid)}


def measure(command, subject, rounds):
    times, beats = {}, {}
    for _ in range(rounds):
        for name, look in looks(command, subject.process.pid).items():
            subject.beat()
            started = time.perf_counter()
            own = look()
            took = time.perf_counter() - started
            times.setdefault(name, []).append((own or took) * 1e3)
            beats.setdefault(name, []).append(subject.beat())
    return {name: (min(times[name]), statistics.median(beats[name])) for name in times}


def table(title, results):
    smaps = results["reading smaps"][0]
    lines = [f"## {title}", "", "| | time, ms | of reading smaps | the process's longest beat, ms |",
             "|---|---|---|---|"]
    for name, (took, beat) in results.items():
        share = "" if name == "nobody looks" else f"1/{smaps / took:.0f}" if took < smaps else f"{took / smaps:.1f}"
        lines.append(f"| {name} | {'' if name == 'nobody looks' else format(took, '.2f')} | {share} | {beat:.2f} |")
    return lines + [""]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=SOURCE.parent / "build")
    parser.add_argument("--resident", type=int, default=6144, help="MiB that are resident")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--write", type=pathlib.Path)
    options = parser.parse_args()
    build = options.build.resolve()
    facts = machine.describe_machine()
    lines = ["# What looking at a process costs", "",
             f"Written by `bench/map.py` on {facts['date']}, on {facts['cores']} cores of {facts['cpu']}, Linux "
             f"{facts['kernel']}, load {facts['load']:.1f}. {options.rounds} rounds in turns: the best times, "
             f"and the median of the longest beats. A process with {RESERVED_GIB} GiB reserved and {options.resident} MiB resident.", ""]
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder) / "subject"
        subprocess.run(["cc", "-O1", "-fno-builtin", "-D_GNU_SOURCE", "-o", program, SOURCE / "map/subject.c",
                        "-pthread"], check=True)
        for title, on_heap in (("Mapped memory", False), ("Small objects on Freehold's heap", True)):
            subject = Subject(program, options.resident, on_heap, build)
            try:
                lines += table(title, measure(str(build / "bin/freehold"), subject, options.rounds))
            finally:
                subject.end()
    text = "\n".join(lines)
    print(text)
    if options.write:
        options.write.write_text(text.rstrip() + "\n")


if __name__ == "__main__":
    main()
